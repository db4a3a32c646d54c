"""One sentence in, the value that it states out: behind *is*, else its last formula or number, with the unit.

Every pattern is run on a text of bounded length in which no stretch of spaces is long.
"""

import re

from verify.asides import without_asides
from verify.formulas import FORMULA, end_of_chain, inside, together
from verify.normal_form import normal_form
from verify.number_words import NUMBER_WORDS
from verify.plain_maths import is_maths, maths_at, stretches
from verify.sentence_forms import of_known_form
from verify.units import split_unit

MAX_CHARACTERS = 2_000
_MAX_GAP_CHARACTERS = 40
JOINER = re.compile(
    r"(?:\s|[,;&$、，；]|\\[()\[\]\\,;:! ]|\\q?quad\b|\\(?:text|mbox|mathrm)\s*\{\s*(?:and|or)?\s*,?\s*\}"
    r"|\b(?:and|or|und|oder|et|ou|y|o|e)\b|[和与或及]|(?<![a-zA-Z\\])[a-zA-Z](?:_\{?\w\}?)?\s*="
    r"|\(\s*(?:[a-h]|[ivx]{1,4}|\d)\s*\))*"
)
# A formula that holds the point of its sentence; a capital behind one that is set by itself.
_ENDS = re.compile(r"\.\s*(?:\$+|\\[)\]]|\\end\{[a-z]+\*?\})\Z")
_BEGINS = re.compile(r"\s*(?:[A-Z]|\(?[A-Z]\w|\Z)")
SENTENCE_END = re.compile(
    r"(?<!Mr)(?<!Mrs)(?<!Ms)(?<!Dr)(?<!St)(?<!vs)(?<!i\.e)(?<!e\.g)(?<!approx)[.!?](?=\s+[A-ZÀ-ÞА-Я\\(\"'*$<]|\s*$)|[。！？\x01]|\n"
)
_UNKNOWN_BEFORE = re.compile(r"(?<![a-zA-Z])(?<!\d\s)[a-zA-Z](?![a-zA-Z])[^a-zA-Z=]{0,12}\Z")
_ORDINAL = re.compile(r"\bthe\s+\d+(?:st|nd|rd|th)\b", re.IGNORECASE)
_AND = re.compile(r"(?<=[\d)])\s+(?:und|oder|et|ou|y|o|e|и|или)\s+(?=[-\d(])")
_LABELLED = re.compile(
    r"\b(?:theorem|lemma|figure|fig\.|table|step|case|section|chapter|example|equation|eq\.|problem|question|part|method|"
    r"page|line|exercise|rule|option|proposition|corollary)\s*\(?\d+(?:\.\d+)*\)?",
    re.IGNORECASE,
)
COPULA = re.compile(
    r"(?:\b(?:ha[sd]\s+(?:an?\s+)?(?:radius|length|area|volume|perimeter|value|slope|probability|measure|degree|diameter|height|width)"
    r"(?:\s+of)?|is|are|was|were|equals?|be|gives?|get|obtain|find|has|have|needs?|took|takes|costs?|total\s+of|totals?|being|implies|produces|(?:simplif\w+|reduc\w+|solves|evaluates|amounts?|comes|works\s+out)\s+to"
    r"|leaves?(?:\s+(?:us|him|her|them|me))?(?:\s+with)?"
    r"|pays?|paid|earns?|earned|makes|made|receives?|spends?|spent|saves?|saved|owes?|covers?|covered|lasts?|lasted|weighs?"
    r"|measures?|contains?|requires?|drove|travel(?:s|ed|led)|ist|sind|lautet|beträgt"
    r"|es|son|hay|est|sont|vaut|é|são|è|sono|равн[оаы]?|равен|составляет)\b"
    r"|'s\b|为|是|有|得|需|等于|は|(?<!\d)[:：]|[:：](?!\d))"
    r"(?:\s+(?:us|exactly|about|approximately|really|actually|indeed|simply|precisely|in\s+fact|therefore|thus|then|now|donc|also|just|only|equal\s+to|the\s+number|at\s+least))*"
    r"\s*[:*_]*\s*",
    re.IGNORECASE,
)
_TEXT = re.compile(r"\\text(?:bf)?\{[^{}]{1,60}\}")
_SEPARATOR = r"\s?(?:[,;、]\s?(?:(?:and|or|und|oder|y|et|e)\s)?|\s(?:and|or|und|oder|y|et|e|и|или)\s|[和或])"
_COMMA_BEFORE, _COMMA_AFTER = re.compile(rf"{_SEPARATOR}\Z"), re.compile(_SEPARATOR)
_CLAUSE_END = re.compile(r"\s?[*_]{0,2}\s?(?:[.;(!。，]|\Z|,?\s(?:respectively|as|which|where|since|because)\b)")
_ABOUT = re.compile(r"(?<=\S)\s*(?:≈|\\approx(?![a-z])).*", re.DOTALL)
# A number behind such a word is not what the sentence says: *she pays $540 after the 10% discount*.
_GIVEN_BEFORE = re.compile(
    r"\b(?:after|before|in|from|for|(?<!up\s)(?<!left\s)with|per|than|every|each|within|on|over|under|between|among|if|when)"
    r"(?:\s(?:the|an?|all|these|those|every|each|his|her|its|their|another))?\s\Z",
    re.IGNORECASE,
)
_MEASURE_BEFORE = re.compile(
    r"(?<![\d.,])\d{1,9}\s(?:hours?|minutes?|days?|weeks?|months?|years?|feet|foot|pounds?|dollars?|euros?|met(?:er|re)s?|yards?),?\s(?:and\s)?\Z"
)
_OTHER = re.compile(r"\bone\b.*\band\s+the\s+other\b", re.IGNORECASE | re.DOTALL)
_EQUALS = re.compile(r"=\s*")
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
    if (found := of_known_form(text)) is not None:
        return found
    for match in reversed(copulas):
        tail = _ABOUT.sub("", text[match.end() :].lstrip(" *_,:").rstrip(" .*_"))
        if _TEXT.fullmatch(tail):
            return tail
        if tail and not FORMULA.search(tail) and is_maths(tail) and not tail.startswith("="):
            return _AND.sub(", ", end_of_chain(tail))
        if FORMULA.match(text, match.end()):
            return formulas_at(text, match.end())
    for match in _by_weight(copulas, list(_EQUALS.finditer(plain))):
        if value := value_at(text, match.end()):
            return value
    formulas = list(FORMULA.finditer(text))
    if formulas:
        return formulas_at(text, _row_of(text, formulas))
    return _last_value(_LABELLED.sub("", _ORDINAL.sub("", text)))


def _by_weight(copulas: list[re.Match[str]], equals: list[re.Match[str]]) -> list[re.Match[str]]:
    """Results of arithmetic, the last first, before all that is said; *x = 3* is only said."""
    told = [
        match for match in equals if _UNKNOWN_BEFORE.search(match.string, max(0, match.start() - 40), match.start())
    ]
    worked_out = [match for match in equals if match not in told]
    return [*reversed(worked_out), *sorted([*copulas, *told], key=lambda match: match.end(), reverse=True)]


def _last_value(text: str) -> str | None:
    """The last value of a text without formulas: a time, else maths, a number, a number in words."""
    for pattern in (_TIME_OR_DAY, _BRACKETED):
        if found := list(pattern.finditer(text)):
            return value_at(text, found[-1].start())
    maths = stretches(text)
    numbers = (number.start() for number in NUMBER.finditer(text))
    starts = sorted({start for start, _ in maths} | {at for at in numbers if not any(a < at < b for a, b in maths)})
    if starts:
        last = _not_given(text, starts)
        first = _list_start(text, last)
        return (_listed_from(text, first, maths_at(text, first)) if first < last else None) or value_at(text, last)
    words = list(NUMBER_WORDS.finditer(text))
    return words[-1].group() if words else None


def _not_given(text: str, starts: list[int]) -> int:
    """Where the only value begins that no *after* or *with* stands before, if one stands before the last."""
    last = starts[-1]
    told = [start for start in starts if not _GIVEN_BEFORE.search(text, max(0, start - 40), start)]
    if not _GIVEN_BEFORE.search(text, max(0, last - 40), last) or len(told) != 1:
        longer = _MEASURE_BEFORE.search(text, max(0, last - 40), last)
        return longer.start() if longer else last
    return told[0]


def _list_start(text: str, at: int) -> int:
    """Where the list begins whose last value stands there."""
    ends = {end: start for start, end in stretches(text[:at])}
    while gap := _COMMA_BEFORE.search(text[:at]):
        if gap.start() not in ends:
            break
        at = ends[gap.start()]
    return at


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
        return together(pieces)
    pieces[0] = end_of_chain(pieces[0])
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
    if (
        following
        and re.search(r"\d\s\w+\Z", found)
        and (unit := unit_after(following.group(), text[following.end() :][:60]))
    ):
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


def without_formulas(text: str) -> str:
    """The same length, each formula blotted out, so that no sentence ends within one, but may with one."""
    return FORMULA.sub(_blotted, text)


def _blotted(match: re.Match[str]) -> str:
    is_display = match.group()[:2] in ("$$", r"\[", r"\b")
    is_end = (is_display or _ENDS.search(match.group())) and _BEGINS.match(match.string, match.end())
    return "x" * (len(match.group()) - 1) + ("\x01" if is_end else "x")
