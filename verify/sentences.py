"""One sentence in, the value that it states out: behind *is*, else its last formula or number, with the unit.

Every pattern is run on a text of bounded length in which no stretch of spaces is long.
"""

import re

from verify.asides import without_asides
from verify.formulas import FORMULA, inside
from verify.normal_form import normal_form
from verify.plain_maths import NUMBER_WORDS, maths_at, stretches
from verify.units import split_unit

MAX_CHARACTERS = 2_000
_MAX_GAP_CHARACTERS = 40
JOINER = re.compile(
    r"(?:\s|[,;&$、，；]|\\[()\[\]\\,;:! ]|\\q?quad\b|\\(?:text|mbox|mathrm)\s*\{\s*(?:and|or)?\s*,?\s*\}"
    r"|\b(?:and|or|und|oder|et|ou|y|o|e)\b|[和与或及]|(?<![a-zA-Z\\])[a-zA-Z](?:_\{?\w\}?)?\s*="
    r"|\(\s*(?:[a-h]|[ivx]{1,4}|\d)\s*\))*"
)
SENTENCE_END = re.compile(r"(?<!i\.e)(?<!e\.g)(?<!approx)[.!?](?=\s+[A-ZÀ-ÞА-Я\\(\"'*$<]|\s*$)|[。！？]|\n")
REASON_BEGINS = re.compile(
    r"\s*(?:,\s*(?:not|which(?!\s+(?:is\s+an?\s+[a-z]+\s+of|gives|yields|simplifies|leaves|leads|means|makes)\b)|because|since|as|so|where|attained|achieved|and\s+(?:so|the))\b|\b(?:because|since|which(?!\s+(?:is\s+an?\s+[a-z]+\s+of|gives|yields|simplifies|leaves|leads|means|makes)\b))\b"
    r"|,?\s+\b(?:when|where|if|at|for)\s+\$?[a-zA-Z]\$?\s*=(?!.*\b(?:is|are|equals|gives)\b)|\s[—–]\s|，(?:因为|由于|其中)|\bпотому\b|,?\s*\b(?:weil|porque|puisque|car)\b).*",
    re.DOTALL | re.IGNORECASE,
)
_AND = re.compile(r"(?<=[\d)])\s+(?:und|oder|et|ou|y|o|e|и|или)\s+(?=[-\d(])")
_LABELLED = re.compile(
    r"\b(?:theorem|lemma|figure|fig\.|table|step|case|section|chapter|example|equation|eq\.|problem|question|part|method|"
    r"page|line|exercise|rule|option|proposition|corollary)\s*\(?\d+(?:\.\d+)*\)?",
    re.IGNORECASE,
)
COPULA = re.compile(
    r"(?:\b(?:is|are|was|were|equals?|be|gives?|get|obtain|find|has|have|needs?|took|takes|costs?|totals?|ist|sind|lautet|beträgt"
    r"|es|son|hay|est|sont|vaut|é|são|è|sono|равн[оаы]?|равен|составляет)\b"
    r"|'s\b|为|是|有|得|需|等于|は|(?<!\d)[:：]|[:：](?!\d))"
    r"(?:\s+(?:exactly|about|approximately|therefore|thus|then|now|donc|also|just|only|equal\s+to|the\s+number|at\s+least))*"
    r"\s*[:*_]*\s*",
    re.IGNORECASE,
)
# The solutions themselves are asked for, not how many there are.
_COUNTED = re.compile(
    r"\b(?:are|have|has|get|find)\s+(?:exactly\s+)?(\d{1,2})\s+(?!(?:real\s+|integer\s+)?(?:solutions?|roots?|zeros|values))"
    r"[a-z][a-z ]{1,60}:\s*([^:\n]{3,400}?)\.?\s*\Z",
    re.IGNORECASE,
)
_SMALL_DIGITS = re.compile("[⁰¹²³⁴-⁹⁺⁻ⁿ₀-₉]")
_RELATION = re.compile(r"[<>≤≥∈]|\\(?:leq?|geq?|in)(?![a-z])|=.*\b(?:or|and)\b.*=")
_ORDINAL = re.compile(
    r"\b(?:is|be|in|on|at)\s+the\s+(?:(\d+)(?:st|nd|rd|th)|(first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth))"
    r"\s+(?:term|day|row|year|number|month|week|hour|place|position|floor|digit|letter|column|attempt|step|move|round)\b",
    re.IGNORECASE,
)
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth".split()
_TEXT = re.compile(r"\\text(?:bf)?\{[^{}]{1,60}\}")
_SEPARATOR = r"\s?(?:[,;、]\s?(?:(?:and|or|und|oder|y|et|e)\s)?|\s(?:and|or|und|oder|y|et|e|и|или)\s|[和或])"
_COMMA_BEFORE, _COMMA_AFTER = re.compile(rf"{_SEPARATOR}\Z"), re.compile(_SEPARATOR)
_CLAUSE_END = re.compile(r"\s?[*_]{0,2}\s?(?:[.;(!。，]|\Z|,?\s(?:respectively|as|which|where|since|because)\b)")
_OTHER = re.compile(r"\bone\b.*\band\s+the\s+other\b", re.IGNORECASE | re.DOTALL)
_EQUALS = re.compile(r"=\s*")
_ALLOWED_WORDS = re.compile(
    r"\\[a-zA-Z]+|\b(?:and|or|und|oder|et|ou|sqrt|pi|sin|cos|tan|log|ln|exp|infinity|mod|cm|mm|km|kg|am|pm)\b|[和或]"
    r"|\b[A-Z]{2}\b(?=\s*=)",
    re.IGNORECASE,
)
_TIME_OR_DAY = re.compile(
    r"\d{1,2}:\d{2}(?:\s*[ap]\.?\s*m\b\.?)?|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]{0,6}\s+\d{1,2}(?!\d)(?:,\s*\d{4})?|\d{1,2}\s*[ap]\.?\s*m\b\.?|\d+(?::\d+)+",
    re.IGNORECASE,
)
_BRACKETED = re.compile(
    r"[(\[]\s*[^()\[\]\n]{1,60},[^()\[\]\n]{1,60}[)\]](?:\s*(?:∪|U|\\cup)\s*[(\[][^()\[\]\n]{1,80}[)\]])*"
)
NUMBER = re.compile(
    r"(?<![a-zA-Z0-9_.])[-−+]?(?:\\?[$€£¥]\s?)?(?:\d+\s+\d+/\d+|\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|0,\d+|\d+,\d{1,2}(?![\d,])"
    r"|\d+(?:\.\d+)?|\.\d+)(?:_\{?\d+\}?|\s*/\s*\d+|!)?(?:\s*\\?%)?"
)
_UNIT_WORDS = re.compile(
    r"\s?(?:\^\\circ|°\s*[CF]?\b|[$€£¢]|[\u4e00-\u9fff]{1,5}|[a-zA-Zµ]{1,14}[²³]?(?:\^\d)?)"
    r"(?:(?:\s*/\s*|\s+per\s+|\s(?!(?:after|before|from|later|ago|of|in|to|is|are|it|when|for|and|or|as|so|he|she|they|we)\b))[a-zA-Z]{1,14}[²³]?(?:\^\d)?){0,3}"
)
PROSE = re.compile(r"[^\W\d_]{2,}\s+[^\W\d_]{2,}\s+[^\W\d_]|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{3}")


def distilled(sentence: str) -> str | None:
    """The value that a sentence states; `None` if it states none."""
    text = without_asides(sentence)
    plain = without_formulas(text)
    if _OTHER.search(plain) and len(both := [match.start() for match in NUMBER.finditer(plain)] or _starts(text)) == 2:
        return ", ".join(value_at(text, at) or "" for at in both)
    copulas = list(COPULA.finditer(plain))
    if not FORMULA.search(text) and _RELATION.search(text) and is_maths(text):
        return text.strip(" .*_")
    if found := _equation(text) or _count_of_list(text) or _place(text):
        return found
    for match in reversed(copulas):
        tail = text[match.end() :].lstrip(" *_").rstrip(" .*_")
        if _TEXT.fullmatch(tail):
            return tail
        if tail and not FORMULA.search(tail) and is_maths(tail) and not tail.startswith("="):
            return _AND.sub(", ", tail)
        if FORMULA.match(text, match.end()):
            return formulas_at(text, match.end())
    for match in reversed([*copulas, *_EQUALS.finditer(plain)]):
        if value := value_at(text, match.end()):
            return value
    formulas = list(FORMULA.finditer(text))
    if formulas:
        return formulas_at(text, _row_of(text, formulas))
    return _last_value(_LABELLED.sub("", text))


def _last_value(text: str) -> str | None:
    """The last value of a text without formulas: a time, else maths, a number, a number in words."""
    for pattern in (_TIME_OR_DAY, _BRACKETED):
        if found := list(pattern.finditer(text)):
            return value_at(text, found[-1].start())
    starts = [found.start() for found in NUMBER.finditer(text)]
    around = [start for start, end in stretches(text) if not starts or end > starts[-1]]
    if starts or around:
        last = min(starts[-1:] + around[:1])
        first = _list_start(text, last)
        return (_listed_from(text, first, maths_at(text, first)) if first < last else None) or value_at(text, last)
    words = list(NUMBER_WORDS.finditer(text))
    return words[-1].group() if words else None


def _list_start(text: str, at: int) -> int:
    """Where the list begins whose last value stands there."""
    ends = {end: start for start, end in stretches(text[:at])}
    while gap := _COMMA_BEFORE.search(text[:at]):
        if gap.start() not in ends:
            break
        at = ends[gap.start()]
    return at


def _place(text: str) -> str | None:
    """The number of the place that is named: 4 for *it is the fourth term*."""
    match = _ORDINAL.search(text)
    return match and (match[1] or str(_ORDINALS.index(match[2].lower())))


def _equation(text: str) -> str | None:
    """The last equation in a text without formulas, if it is one between several unknowns."""
    if FORMULA.search(text) or "=" not in text:
        return None
    found = [text[start:end] for start, end in stretches(text)]
    left, equals, _ = found[-1].partition("=") if found else ("", "", "")
    return found[-1] if equals and len({*re.findall("[xyz]", left)}) > 1 and re.search(r"[-+−*·²^]", left) else None


def _count_of_list(text: str) -> str | None:
    """The count that a sentence gives before it lists what it has counted."""
    match = _COUNTED.search(text)
    items = re.split(r",\s+(?:and\s+)?|\s+and\s+|;\s*", match[2]) if match else []
    return match[1] if match and 2 < len(items) == int(match[1]) else None


def _starts(text: str) -> list[int]:
    return [formula.start() for formula in FORMULA.finditer(text)]


def _row_of(text: str, formulas: list[re.Match[str]]) -> int:
    """Where the last row of formulas begins that only commas and *and* stand between."""
    start = formulas[-1].start()
    for formula in reversed(formulas[:-1]):
        if not JOINER.fullmatch(text, formula.end(), start):
            break
        start = formula.start()
    return start


def formulas_at(text: str, at: int) -> str:
    """The formulas that stand there in a row, with the unit behind a single one."""
    formula = FORMULA.match(text, at)
    pieces: list[str] = []
    while formula:
        pieces.append(inside(formula).strip(" ,").rstrip(" .,"))
        at = formula.end()
        formula = FORMULA.search(text, at, at + _MAX_GAP_CHARACTERS + MAX_CHARACTERS)
        if formula and not JOINER.fullmatch(text, at, formula.start()):
            formula = None
    if len(pieces) > 1:
        return ", ".join(pieces)
    return pieces[0] + unit_after(pieces[0], text[at:])


def unit_after(number: str, rest: str) -> str:
    r"""The unit that follows a number, with the space before it; empty if it is not a known one.

    >>> unit_after("5", " square cm, and"), unit_after("5", " of them")
    (' square cm', '')
    """
    if share := re.match(r"\s*(?:\\?%|\\?\$|percent\b|pct\b)", rest):
        return share.group()
    if re.match(r"\s*in\s+[a-z]", rest) or re.match(r"[-−+]?\\?[$€£¥]", number):
        return ""  # a preposition; money has its unit in front
    match = _UNIT_WORDS.match(rest)
    words = match.group() if match else ""
    while words:
        measure = split_unit(normal_form(number.rpartition("=")[2] + words))[1]
        if measure is not None and measure.dimension:
            return words
        words = words[: max(words.rfind(" "), words.rfind("/"))] if re.search(r"\S[ /]", words) else ""
    return ""


def value_at(text: str, at: int) -> str | None:
    """The formulas, time, tuple or number that stands there, with its unit; `None` if there is none."""
    if FORMULA.match(text, at):
        return formulas_at(text, at)
    for pattern in (_TIME_OR_DAY, _BRACKETED):
        if match := pattern.match(text, at):
            return match.group()
    number = NUMBER.match(text, at)
    maths = maths_at(text, at)
    if len(maths) > len(number.group() if number else "") and not (number and _is_measure(maths, number.group())):
        return _listed_from(text, at, maths) or maths + unit_after(maths, text[at + len(maths) : at + len(maths) + 60])
    if number is None:
        word = None if re.search(r"\d", text) else NUMBER_WORDS.match(text, at)
        return word.group() if word else None
    if listed := _listed_from(text, at, number.group()):
        return listed
    found, at = number.group().strip(), number.end()
    found += unit_after(found, text[at : at + 60])
    more = re.match(r"\s*(?:and\s+)?", text[number.start() + len(found) :])
    following = NUMBER.match(text, number.start() + len(found) + (more.end() if more else 0))
    if following and found[-1:].isalpha() and (unit := unit_after(following.group(), text[following.end() :][:60])):
        found += f" {following.group()}{unit}"
    return found


def _listed_from(text: str, at: int, first: str) -> str | None:
    """The values that stand in a row from there to the end of a clause; `None` if it is but one."""
    values, at = [first.strip()], at + len(first)
    while gap := _COMMA_AFTER.match(text, at):
        value = maths_at(text, gap.end())
        if not value:
            break
        values.append(value)
        at = gap.end() + len(value)
    return ", ".join(values) if len(values) > 1 and _CLAUSE_END.match(text, at) else None


def _is_measure(maths: str, number: str) -> bool:
    """Whether the letters right behind a number are a unit."""
    rest = maths.removeprefix(number)
    return rest.isalpha() and unit_after(number, rest) != ""


def is_maths(text: str) -> bool:
    """Whether there are no words in it."""
    left = _ALLOWED_WORDS.sub(" ", _SMALL_DIGITS.sub("", text))
    return bool(re.search(r"[\da-zA-Z]", text)) and not re.search(r"[^\W\d_]{2,}|[\u3040-\u9fff\uac00-\ud7af]", left)


def without_formulas(text: str) -> str:
    """The same length, each formula blotted out, so that no sentence ends within one."""
    return FORMULA.sub(lambda match: "x" * len(match.group()), text)
