"""English around a calculation in, the calculation alone out: *the derivative of x^3 at x = 2* is a call of `diff`."""

import re
from collections.abc import Callable
from fractions import Fraction

from agent.calculating.unit_table import UNITS

_I = re.IGNORECASE
_POLITE = re.compile(
    r"\A\s*(?:(?:please|can you|could you|now|then|so|let'?s)\s+)*(?:what(?:'s| is| are| does)|is(?= [^a-z]*=)|calculate|compute|evaluate|"
    r"work out|find|determine|get|give me|tell me|how much (?:is|are)|result\s*=|answer\s*=|expression\s*[:=])?"
    r"\s*(?:the\s+(?:value|result|exact value|answer)\s+(?:of|to)\s+)?(?:the\s+)?",
    _I,
)
_LABEL = re.compile(r"\A[A-Za-z][A-Za-z ]{2,50}:\s*")
_SUM_OVER_RANGE = re.compile(r"\b(sum|prod|product)\(\s*\[?(.+?)\s+for\s+(\w+)\s+in\s+range\(([^()]*)\)\s*\]?\s*\)")
_PROGRESSION = re.compile(r"(-?\d+)\s*\+\s*(-?\d+)\s*\+(?:\s*\d+\s*\+)*\s*(?:\.{2,3}|…)\s*\+\s*(-?\d+)")
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
    (r"\bhalf of\b", "1/2 *"),
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
_LISTS = (
    ("gcd", r"gcd|greatest common (?:divisor|factor)|highest common factor"),
    ("lcm", r"lcm|least common multiple|lowest common multiple"),
    ("mean", r"(?:arithmetic )?(?:mean|average)"), ("median", r"median"), ("mode", r"mode"),
    ("stdev", r"(?:population )?standard deviation"), ("variance", r"(?:population )?variance"),
    ("samplestdev", r"sample standard deviation"), ("samplevariance", r"sample variance"),
    ("max", r"max(?:imum)?|largest"), ("min", r"min(?:imum)?|smallest"),
    ("sum", r"sum"), ("product", r"product"),
)  # fmt: skip
_ONE = {
    "factor": r"factor(?:i[sz]e)?(?: completely)?|(?:prime )?factori[sz]ation of|prime factors of|factors? of",
    "expand": r"expand|expansion of", "simplify": r"simplify|simplification of", "divisors": r"divisors of",
    "det": r"det(?:erminant)?(?: of)?", "inv": r"inverse of|invert", "transpose": r"transpose(?: of)?",
    "rank": r"rank of", "eigenvals": r"eigen\s?values of", "eigenvects": r"eigen\s?vectors of", "trace": r"trace of",
    "apart": r"partial fractions? (?:decomposition )?of",
}  # fmt: skip
_TEMPERATURE = re.compile(
    r"\A(-?\d+(?:\.\d+)?)\s*(?:°|degrees?)?\s*(C|F|K|celsius|fahrenheit|kelvin)\s+(?:to|in|into|as)\s+(?:°|degrees?)?\s*"
    r"(C|F|K|celsius|fahrenheit|kelvin)\Z",
    _I,
)
_UNIT = r"[a-zA-Zµ$€°]+(?:\s*(?:\^|\*\*)\s*-?\d)?"
_CONVERSION = re.compile(rf"\A(.+)\s*(?:\bto\b|\bin\b|\binto\b|\bas\b|->)\s*({_UNIT}(?:\s*[*/ ]\s*{_UNIT})*)\Z", _I | re.DOTALL)
_NAME = r"[a-zA-Z]\w*"


def without_phrases(text: str) -> str:
    """The calculation that an English sentence asks for.

    >>> without_phrases("What is 36 times 14?"), without_phrases("solve x^2 = 4 for x")
    ('36 * 14', 'solve([x^2 = 4], x)')
    >>> without_phrases("derivative of x^3 at x = 2"), without_phrases("the average of 3, 4 and 8")
    ('subs(diff(x^3), x = 2)', 'mean(3, 4, 8)')
    """
    text = re.sub(r"[?.]+\s*\Z", "", text.strip())
    text = _LABEL.sub("", text) if not re.match(r"\A\s*(?:solve|find)\b", text, _I) else text
    text = _for_unknown(text) or _POLITE.sub("", text, count=1).strip()
    text = _SUM_OVER_RANGE.sub(_summed, _PROGRESSION.sub(_progression, text))
    for pattern, by in _WORDS:
        text = re.sub(pattern, by, text, flags=_I)
    for _ in range(4):
        before = text
        for rewrite in _REWRITES:
            text = rewrite(text).strip()
        if text == before:
            break
    return re.sub(r" {2,}", " ", text)


def conversion_in(text: str) -> tuple[str, str] | None:
    """What is to be converted and the unit; None if nothing is.

    >>> conversion_in("3 km to miles"), conversion_in("5 ft 3 in in cm"), conversion_in("x to y")
    (('3 km', 'miles'), ('5 ft 3 in', 'cm'), None)
    """
    asked = re.fullmatch(rf"how many\s+({_UNIT})\s+(?:are\s+)?(?:there\s+)?(?:in|is|are in)\s+(?:an?\s+)?(.+)", text, _I)
    if asked and _are_units(asked[1]):
        return (asked[2] if re.search(r"\d", asked[2]) else f"1 {asked[2]}"), asked[1]
    found = _CONVERSION.match(re.sub(r"\A(?:convert|express|change)\s+", "", text, flags=_I))
    if found and _are_units(found[2]):
        return found[1], found[2]
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
    kelvin = {"C": degrees + Fraction(27315, 100), "K": degrees, "F": (degrees - 32) * 5 / 9 + Fraction(27315, 100)}[scale]
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


def _for_unknown(text: str) -> str:
    """`find x if 2x + 5 = 13` with the unknown at the end; empty if it is nothing of the kind."""
    found = re.fullmatch(
        rf"(?:solve|find|what is)\s+(?:for\s+)?({_NAME})\s*(?::|,|\bif\b|\bin\b|\bwhen\b|\bsuch that\b|\bwhere\b|\bgiven(?: that)?\b)"
        r"\s*(.+[=<>].+)",
        text,
        _I | re.DOTALL,
    )
    return f"solve {found[2]} for {found[1]}" if found else ""


def _solve(text: str) -> str:
    found = re.fullmatch(
        r"(?:solve|find|roots? of|zeros? of|(?:real )?solutions? (?:of|to))\s*(?:the\s+)?(?:following\s+)?(?:(?:system|set) of )?"
        r"(?:quadratic |linear |cubic )?(?:equations?|inequalit(?:y|ies)|system|polynomial|roots? of|zeros? of)?\s*:?\s*(?!\()(.+?)",
        text,
        _I | re.DOTALL,
    )
    body = found[1] if found else text
    wanted = re.fullmatch(rf"(.+?)[\s,;]*(?:and )?(?:\bsolve )?\bfor\s+({_NAME}(?:\s*(?:,|and)\s*{_NAME})*)", body, _I | re.DOTALL)
    if not found and not (wanted and re.search(r"[=<>]", wanted[1]) and not re.search(r"\bfor\s+\w+\s*=", body)):
        return text
    unknowns = re.sub(r"\s*(?:,|\band\b)\s*", ", ", wanted[2]) if wanted else ""
    parts = re.split(r"\s*(?:;|\n|,|\band\b|&&)\s*", wanted[1] if wanted else body)
    listed = ", ".join(part for part in parts if part.strip())
    if found and not wanted and re.fullmatch(rf"(.+[=<>].+),\s*{_NAME}", listed):
        listed, _, unknowns = listed.rpartition(", ")
    return f"solve([{listed}]{', ' if unknowns else ''}{f'[{unknowns}]' if ',' in unknowns else unknowns})"


def _derivative(text: str) -> str:
    leibniz = re.fullmatch(r"d(?:\^(\d))?\s*/\s*d\s*([a-z])(?:\^\d)?\s*(.+)", text, _I | re.DOTALL)
    if leibniz:
        return _diff(leibniz[3], leibniz[2], leibniz[1] or "1")
    found = re.fullmatch(
        rf"(?:(first|second|third|fourth|\d)(?:st|nd|rd|th)?\s+)?(?:partial )?(?:derivative of|differentiate|derive)\s+(.+?)"
        rf"(?:\s*(?:,|with respect to|wrt|w\.r\.t\.?|by)\s*({_NAME}))?",
        text,
        _I | re.DOTALL,
    )
    if not found:
        return text
    order = {"first": "1", "second": "2", "third": "3", "fourth": "4"}.get((found[1] or "1").lower(), found[1] or "1")
    if found[3]:
        return _diff(found[2], found[3], order)
    return f"diff({found[2]})" if order == "1" else f"diff({found[2]}, {order})"


def _diff(body: str, name: str, order: str) -> str:
    return f"diff({body}, {name})" if order == "1" else f"diff({body}, {name}, {order})"


def _integral(text: str) -> str:
    sign = re.fullmatch(
        r"(?:definite |indefinite )?(?:integral|integrate|int|antiderivative)\s*(?:of\s+)?"
        r"(?:_\s*(\([^()]*\)|-?[\w.]+)\s*\^\s*(\([^()]*\)|-?[\w.]+))?\s*(?!\(\s*[^()]*,)(.+?)\s*\*?\s*\bd\s?([a-zA-Z])\b"
        r"(?:\s*,?\s*(?:from|between)\s+(.+?)\s+(?:to|and)\s+(.+))?",
        text,
        _I | re.DOTALL,
    )
    if sign:
        low, high = sign[1] or sign[5], sign[2] or sign[6]
        return f"integrate({sign[3]}, {sign[4]}, {low}, {high})" if low else f"integrate({sign[3]}, {sign[4]})"
    found = re.fullmatch(
        rf"(?:definite |indefinite )?(?:integral of|integrate|antiderivative of)\s+(.+?)"
        rf"(?:\s*(?:,|with respect to|wrt|by)\s*({_NAME}))?(?:\s*,?\s*(?:from|between|on|over)\s+(?:({_NAME})\s*=\s*)?(.+?)\s+(?:to|and)\s+(.+))?",
        text,
        _I | re.DOTALL,
    )
    if not found:
        return text
    name = found[2] or found[3]
    parts = [found[1], *([name] if name else []), *([found[4], found[5]] if found[4] else [])]
    return f"integrate({', '.join(parts)})"


def _limit(text: str) -> str:
    found = re.fullmatch(
        r"(?:limit of|lim(?:it)?)\s+(.+?)\s*(?:,\s*)?\bas\s+([a-z]\w*)\s*(?:approaches|goes to|tends to|->|to)\s*(.+?)"
        r"(?:\s+from\s+(?:the\s+)?(left|right|above|below))?",
        text,
        _I | re.DOTALL,
    )
    if found:
        return f"limit({found[1]}, {found[2]}, {found[3]}{', ' + found[4].lower() if found[4] else ''})"
    arrow = re.fullmatch(r"lim(?:it)?\s*_?\s*\(?\s*([a-z]\w*)\s*->\s*([-+]?\w+(?:/\w+)?)([-+]?)\s*\)?\s*(?:of\s+)?(.+)", text, _I | re.DOTALL)
    if arrow:
        return f"limit({arrow[4]}, {arrow[1]}, {arrow[2]}{', ' + arrow[3] if arrow[3] else ''})"
    return text


def _range(text: str) -> str:
    kind = r"(?P<kind>sum|product)"
    patterns = (
        rf"{kind}\s+(?:of\s+)?(?P<body>.+?)\s*,?\s+(?:for|from|over)\s+(?P<k>[a-z]\w*)\s*(?:=|from)\s*(?P<a>.+?)\s+to\s+(?P<b>.+)",
        rf"{kind}\s+(?:from|over)\s+(?P<k>[a-z]\w*)\s*=\s*(?P<a>\S+)\s+to\s+(?P<b>\S+)\s+(?:of\s+)?(?P<body>.+)",
        rf"{kind}\s+of\s+(?:all\s+)?(?:the\s+)?(?:integers|numbers|whole numbers|natural numbers)\s+(?:from|between)\s+(?P<a>\S+)\s+(?:to|and)\s+(?P<b>\S+)",
    )
    for pattern in patterns:
        found = re.fullmatch(pattern, text, _I | re.DOTALL)
        if found:
            named = found.groupdict()
            k = named.get("k") or "k"
            return f"{named['kind'].lower()}({named.get('body') or k}, {k}, {named['a']}, {named['b']})"
    return text


def _of_list(text: str) -> str:
    for name, words in _LISTS:
        found = re.fullmatch(rf"(?:the\s+)?(?:{words})\s+of\s*:?\s*(?:the numbers\s+)?(.+)", text, _I | re.DOTALL)
        if found:
            listed = re.sub(r"\s*(?:,\s*and\b|\band\b|;)\s*", ", ", found[1])
            return f"{name}({listed})"
    return text


def _of_one(text: str) -> str:
    for name, words in _ONE.items():
        found = re.fullmatch(rf"(?:the\s+)?(?:{words})\s+(?!\()(?:the\s+)?(?:expression|number|matrix|polynomial)?\s*:?\s*(.+)", text, _I | re.DOTALL)
        found = found or re.fullmatch(rf"(?:the\s+)?(?:{words})\s+(\(.+)", text, _I | re.DOTALL)
        if found:
            return f"{name}({found[1]})"
    prime = re.fullmatch(r"(?:is|whether|check if)\s+(.+?)\s+(?:is\s+)?(?:an?\s+)?prime(?:\s+number)?", text, _I)
    return f"isprime({prime[1]})" if prime else text


def _put_in(text: str) -> str:
    found = re.fullmatch(
        rf"(?!solve\b|find\b)(.+?)\s*,?\s+(?:where|when|if|at|with|given(?: that)?|for|evaluated at)\s+((?:{_NAME}\s*=\s*[^=,]+?(?:\s*(?:,|and)\s*)?)+)",
        text,
        _I | re.DOTALL,
    )
    if not found or re.match(r"(?:sum|product|solve)\b", text, _I):
        return text
    values = re.sub(r"\s*(?:,\s*and\b|\band\b)\s*", ", ", found[2]).strip(", ")
    return f"subs({without_phrases(found[1])}, {values})"


def _rounded(text: str) -> str:
    found = re.fullmatch(
        r"(.+?)\s*,?\s+(?:rounded\s+)?(?:to|with|up to)\s+(\d+)\s+(decimals?|decimal places|dp|d\.p\.?|significant (?:digits|figures)|digits|places)",
        text,
        _I | re.DOTALL,
    )
    if found:
        return f"{'round' if found[3].lower().startswith(('dec', 'd', 'p')) and not found[3].lower().startswith('digits') else 'N'}({found[1]}, {found[2]})"
    whole = re.fullmatch(r"(?:round\s+(.+?)\s+to|(.+?)\s+rounded to)\s+the nearest (?:whole number|integer|unit)", text, _I)
    if whole:
        return f"round({whole[1] or whole[2]})"
    base = re.fullmatch(r"(.+?)\s+(?:in|to|as)\s+(binary|hex(?:adecimal)?|octal)", text, _I)
    if base:
        return f"{ {'b': 'bin', 'h': 'hex', 'o': 'oct'}[base[2][0].lower()] }({base[1]})"
    share = re.fullmatch(r"(?:what\s+)?(?:%|percentage)\s*(?:of|\*)?\s*(\S+)\s+is\s+(\S+)|(\S+)\s+(?:is|as)\s+(?:what\s+|an?\s+)?%\s*\*?\s*(?:of\s+)?(\S+)", text, _I)
    if share:
        return f"100 * ({share[2] or share[3]})/({share[1] or share[4]})"
    off = re.fullmatch(r"(\S+?)\s*%\s+off\s+(?:of\s+)?(\S+)", text, _I)
    return f"{off[2]} * (1 - {off[1]}/100)" if off else text


_REWRITES: tuple[Callable[[str], str], ...] = (
    _put_in, _rounded, _range, _integral, _derivative, _limit, _of_list, _of_one, _solve,
)  # fmt: skip
