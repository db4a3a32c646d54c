"""English around a calculation in, the calculation alone out: *the derivative of x^3 at x = 2* is a call of `diff`."""

import re
from fractions import Fraction

from agent.calculating.asked_forms import as_calls, for_unknown
from agent.calculating.unit_table import UNITS

_I = re.IGNORECASE
_POLITE = re.compile(
    r"\A\s*(?:(?:please|can you|could you|now|then|so|let'?s)\s+)*"
    r"(?:what(?:'s| is| are| does)|is(?= [^a-z]*=)|calculate|compute|evaluate|work out|find|determine|get|give me|"
    r"tell me|how much (?:is|are)|result\s*=|answer\s*=|expression\s*[:=])?"
    r"\s*(?:the\s+(?:value|result|exact value|answer)\s+(?:of|to)\s+)?(?:the\s+)?",
    _I,
)
_LABEL = re.compile(r"\A[A-Za-z][A-Za-z ]{2,50}:\s*")
_SUM_OVER_RANGE = re.compile(r"\b(sum|prod|product)\(\s*\[?(.+?)\s+for\s+(\w+)\s+in\s+range\(([^()]*)\)\s*\]?\s*\)")
_PROGRESSION = re.compile(r"(-?\d+)\s*\+\s*(-?\d+)\s*\+(?:\s*\d+\s*\+)*\s*(?:\.{2,3}|…)\s*\+\s*(-?\d+)")
_NUMBERS = {
    word: str(number)
    for number, word in [
        *enumerate("zero one two three four five six seven eight nine ten eleven twelve".split()),
        *zip(range(20, 100, 10), "twenty thirty forty fifty sixty seventy eighty ninety".split(), strict=True),
        (100, "hundred"), (1000, "thousand"), (10**6, "million"),
    ]
}  # fmt: skip
_WORDS: tuple[tuple[str, str], ...] = (
    (r"\bmultiplied by\b|\btimes\b", "*"),
    (r"\bdivided by\b|\bover\b", "/"),
    (r"\bplus\b", "+"),
    (r"\bminus\b", "-"),
    (r"\bmodulo\b|\bmodulus\b", " mod "),
    (r"\bequals\b|\bis equal to\b", "="),
    (r"\bto the power(?: of)?\b|\braised to(?: the power(?: of)?)?\b", "^"),
    (r"\bsquared\b", "^2"),
    (r"\bcubed\b", "^3"),
    (r"\bper\b(?!\s*cent)", "/"),
    (r"\bper\s*cent(?:age)?\b|\bpercent(?:age)?\b", "%"),
    (r"(%|\d)\s*of\b(?=\s*[\d(])", r"\1 *"),
    (r"(?<=\d)\s*[xX]\s*(?=\d)", "*"),
    (r"(?<=\))\s+[xX]\s+(?=\()", "*"),
    (r"(\d)\s*(?:degrees|°)(?!\s*[CF]\b|\s*(?:celsius|fahrenheit|to\b|in\b))", r"\1°"),
    (r"\bhalf of\b", "1/2 *"), (r"\A(?:double|twice)\s+", "2 * "), (r"\A(?:triple|thrice)\s+", "3 * "),
    (r"\bof\s+[fg]\s*\(\s*[a-z]\s*\)\s*=\s*", "of "),
    (r"\b(?:the )?square of (\w+)", r"(\1)^2"), (r"\b(?:the )?cube of (\w+)", r"(\1)^3"),
    (r"\blight[- ]years?\b", "lightyear"), (r"\bnautical miles?\b", "nauticalmile"),
    (r"\bfluid ounces?\b|\bfl\.? ?oz\b", "floz"), (r"\b(?:square|sq\.?)\s+(?!root)([a-z]+)\b", r"\1^2"),
    (r"\b(?:cubic|cu\.?)\s+([a-z]+)\b", r"\1^3"), (r"\b([kcdm]?m|ft|yd|mi|inch)([23])\b", r"\1^\2"),
    (r"\bnatural log(?:arithm)?(?: of)?\b", "ln "),
    (r"\blog(?:arithm)?\s+base\s+(\w+)\s*(?:of)?\b", r"log_\1 "),
    (r"\blog(?:arithm)?\s*(?:of\s+)?(\(?[\w.]+\)?)\s+(?:to|in)\s+(?:the\s+)?base\s+(\w+)", r"log_\2 (\1)"),
    (r"\b(?:square\s+root|sqrt)\s+of\b", "sqrt "),
    (r"\bcube\s+root\s+of\b", "cbrt "),
    (r"\b(\d+)(?:st|nd|rd|th)\s+root\s+of\s+(\(?[\w.]+\)?)", r"root(\2, \1)"),
    (r"\babsolute value of\b", "abs "),
    (r"\bfactorial of\b", "factorial "),
    (r"\b(sin|cos|tan|ln|log|exp|floor|ceiling|round|sine|cosine|tangent) of\b", r"\1 "),
    (r"(\d+)\s*factorial\b", r"\1!"),
    (r"\bsine\b", "sin"), (r"\bcosine\b", "cos"), (r"\btangent\b", "tan"),
    (r"\b(?:mod|modulo)\s*\(\s*(\d+)\s*\)\s*\Z", r"mod \1"),
    (r"(?<=\d)\s*(?:C|choose)\s*(?=\d)", " choose "),
)  # fmt: skip
_TEMPERATURE = re.compile(
    r"\A(-?\d+(?:\.\d+)?)\s*(?:°|degrees?)?\s*(C|F|K|celsius|fahrenheit|kelvin)\s+(?:to|in|into|as)\s+(?:°|degrees?)?\s*"
    r"(C|F|K|celsius|fahrenheit|kelvin)\Z",
    _I,
)
_UNIT = r"[a-zA-Zµ$€°]+(?:\s*(?:\^|\*\*)\s*-?\d)?"
_CONVERSION = re.compile(
    rf"\A(.+)\s*(?:\bto\b|\bin\b|\binto\b|\bas\b|->)\s*({_UNIT}(?:\s*[*/ ]\s*{_UNIT})*)\Z", _I | re.DOTALL
)


def without_phrases(text: str) -> str:
    """The calculation that an English sentence asks for.

    >>> without_phrases("What is 36 times 14?"), without_phrases("solve x^2 = 4 for x")
    ('36 * 14', 'solve([x^2 = 4], x)')
    >>> without_phrases("derivative of x^3 at x = 2"), without_phrases("the average of 3, 4 and 8")
    ('subs(diff(x^3), x = 2)', 'mean(3, 4, 8)')
    """
    text = re.sub(r"[?.]+\s*\Z", "", text.strip())
    text = _LABEL.sub("", text) if not re.match(r"\A\s*(?:solve|find)\b", text, _I) else text
    text = for_unknown(text) or _POLITE.sub("", text, count=1).strip()
    text = _SUM_OVER_RANGE.sub(_summed, _PROGRESSION.sub(_progression, text))
    text = re.sub(rf"\b({'|'.join(_NUMBERS)})\b", lambda found: _NUMBERS[found[0].lower()], text, flags=_I)
    for pattern, by in _WORDS:
        text = re.sub(pattern, by, text, flags=_I)
    return re.sub(r" {2,}", " ", as_calls(text))


def conversion_in(text: str) -> tuple[str, str] | None:
    """What is to be converted and the unit; None if nothing is.

    >>> conversion_in("3 km to miles"), conversion_in("5 ft 3 in in cm"), conversion_in("x to y")
    (('3 km', 'miles'), ('5 ft 3 in', 'cm'), None)
    """
    asked = re.fullmatch(
        rf"how many\s+({_UNIT})\s+(?:are\s+)?(?:there\s+)?(?:in|is|are in)\s+(?:an?\s+)?(.+)", text, _I
    )
    if asked and _are_units(asked[1]):
        return (asked[2] if re.search(r"\d", asked[2]) else f"1 {asked[2]}"), asked[1]
    found = _CONVERSION.match(re.sub(r"\A(?:convert|express|change)\s+", "", text, flags=_I))
    if found and _are_units(found[2]):
        return found[1].strip(), found[2]
    return None


def temperature_of(text: str) -> tuple[Fraction, str] | None:
    """A temperature in another scale, and that scale; None if this asks for none.

    >>> temperature_of("100 °C to F")
    (Fraction(212, 1), '°F')
    """
    found = _TEMPERATURE.match(re.sub(r"\A(?:convert|what is)\s+", "", text.strip(), flags=_I))
    if not found:
        return None
    degrees, scale, wanted = Fraction(found[1]), found[2][0].upper(), found[3][0].upper()
    kelvin = {"C": degrees + Fraction(27315, 100), "K": degrees, "F": (degrees - 32) * 5 / 9 + Fraction(27315, 100)}[
        scale
    ]
    celsius = kelvin - Fraction(27315, 100)
    return {"C": (celsius, "°C"), "K": (kelvin, "K"), "F": (celsius * 9 / 5 + 32, "°F")}[wanted]


def _summed(found: re.Match[str]) -> str:
    """A generator of Python's over a range, as a sum with bounds."""
    bounds = [part.strip() for part in found[4].split(",")]
    if len(bounds) > 2:
        return found[0]
    first, last = ("0", bounds[0]) if len(bounds) == 1 else bounds
    return f"{found[1]}({found[2]}, {found[3]}, {first}, ({last}) - 1)"


def _progression(found: re.Match[str]) -> str:
    """`1 + 2 + ... + 100` as a sum with bounds; left alone where the steps do not meet the end."""
    first, second, last = map(int, found.groups())
    step = second - first
    if not step or (last - first) % step or (last - first) // step < 1:
        return found[0]
    return f"sum({first} + ({step})*k, k, 0, {(last - first) // step})"


def _are_units(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text)
    return bool(words) and all(word in UNITS or word == "in" for word in words)
