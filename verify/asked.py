"""A problem's statement in, what it asks for out: yes or no, a letter, a name, how many, how much; and about whom.

Only the form of the question is read, never what its answer might be.
"""

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["yes_no", "choice", "name", "day", "count", "percent", "value"]

MAX_QUESTION_CHARACTERS = 4_000
# Behind a number an exclamation mark is a factorial.
_SENTENCE = re.compile(r"[^.?。？！\n]*(?:\.(?=\d)[^.?。？！\n]*)*[.?。？！\n]?")
_TITLE = re.compile(r"\b(Mrs?|Ms|Dr|St)\.")
_OPTION = re.compile(
    r"(?<![A-Za-z])\(?([A-H])[).:：．]\s*([^\n]{1,80}?)(?=[\s,;]*(?<![A-Za-z])\(?[B-I][).:：．]|[.\n?]|\Z)"
)
_YES_NO = re.compile(
    r"\A\W*(?:(?:so|then|now|and),?\s+)?(?:is|are|was|were|does|do|did|can|could|will|has|have)\b.*\?\W*\Z"
    r"|\btrue\s+or\s+false\b|\byes\s+or\s+no\b|判断|是否|[对吗]吗?[？?]\s*\Z|正确吗",
    re.IGNORECASE | re.DOTALL,
)
_EITHER = re.compile(r"\bor\b(?!\s+(?:not|false|no)\b)|还是", re.IGNORECASE)
_WHO = re.compile(
    r"\A\W*(?:who|whose|which\s+(?:one|person|child|student|player|team|girl|boy|of\s+(?:them|the\s+\w+)))\b"
    r"|,\s*who\s+(?:would|will|did|does|won|wins|gets|got|earned|came)\b",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"\b(?:what|which)\s+(?:day\b(?!s)(?:\s+of\s+the\s+week)?|weekday|month)\b|星期几|几月", re.IGNORECASE
)
_UNKNOWN = re.compile(
    r"\b(?i:for\s+(?:which|what)(?:\s+values?\s+of)?|values?\s+of|solve\s+for|find|what\s+is)\s+\$?([a-z])\$?(?![a-zA-Z(^])"
    r"|\b(?i:roots?|solutions?|solve|zeros)\b.*?(?<![a-zA-Z\\])([a-z])(?![a-zA-Z])"
)
_HOW = re.compile(r"\b(?:how|what|find|calculate|compute|determine)\b|多少|几", re.IGNORECASE)
_COUNT = re.compile(r"\bhow\s+many\b|\bnumber\s+of\b|多少|几[个只人条本天种]", re.IGNORECASE)
_COUNTED = re.compile(
    r"\bhow\s+many\s+((?:(?!does\b|do\b|did\b)[a-z-]+\s+){0,3}?(?!does\b|do\b|did\b)[a-z-]+)(?=\s+(?:do|does|did|are|is|was|were|can|could|have|has|had"
    r"|will|would|must|should|of|in|on|at|for|to|if|there|with|per|that|from|satisfy|left)\b|\s*[?.,]|\s+(?-i:[A-Z]))",
    re.I,
)
_COUNTED_CHINESE = re.compile(r"(?:多少|几)(?!分之)([\u4e00-\u9fff]{1,2}?)(?=[？?。，,]|\Z)")
_PERCENT = re.compile(
    r"\b(?:what|which|how\s+many|whole|nearest)\s+percent|\bpercentage\b|百分之几|百分比", re.IGNORECASE
)
_ABOUT = re.compile(
    r"\b(?i:how\s+(?:many|much|old|far|long|tall)\b[^?.]{0,60}?|what\s+(?:is|was)\s+)"
    r"(?:\b(?:do|does|did|is|was|will|would|has|have|can|should|must)\s+)?\b([A-Z][a-z]+)(?:'s|’s)?\b"
)
_ABOUT_CHINESE = re.compile(
    r"(?<![\d.\u4e00-\u9fff])([\u4e00-\u9fff]{1,4}?)(?:一共|共|现在|还)?(?:有|是|为|剩下?)?(?:多少|几)"
)
_NAME = re.compile(r"(?<![A-Za-z'])[A-Z][a-z]{1,14}\b(?!\s*=)")
_NO_NAMES = frozenset(
    "a an and are as at by can do does each every find for from given has have her his how if in is it its let more no "
    "of on one or she he some take that the their then there they this to true false two three what when where which "
    "while who whose will with you your suppose assume after before both compute solve determine evaluate express "
    "write simplify monday tuesday wednesday thursday friday saturday sunday january february march april may june "
    "july august september october november december".split()
)
# Of two or more together nothing is told where one of them is spoken of.
_TOGETHER = re.compile(
    r"\b(?:more|fewer|less|compared|difference|together|altogether|total|combined|both|sum|average)\b|一共|总共|比",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for.

    Args:
        counted: What is counted, such as *positive divisors*; empty if nothing is.
        about: The one that is asked about, where it has a name: *Jim*, *女生*.
        names: Names that stand in the question.
        options: The texts of a multiple choice by their letters.
        numbers: Those that the question gives.
        unknown: The letter whose value is asked for; empty if there is none.
        sentence: The question itself, without what is told before it.
        words: All of its words, in lower case.
    """

    kind: Kind = "value"
    counted: str = ""
    about: str = ""
    names: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    numbers: frozenset[str] = frozenset()
    unknown: str = ""
    sentence: str = ""
    words: frozenset[str] = frozenset()


def asked_by(question: str) -> Asked:
    """What a question asks for.

    >>> asked = asked_by("Tom and Jim have 31 marbles. How many marbles does Jim have?")
    >>> asked.kind, asked.counted, asked.about, asked.names
    ('count', 'marbles', 'Jim', ('Jim', 'Tom'))
    >>> asked_by("Is 221 prime?").kind, asked_by("Which is larger, 2 or 3? (A) 2 (B) 3 (C) both").kind
    ('yes_no', 'choice')
    """
    text = _TITLE.sub(r"\1", question[-MAX_QUESTION_CHARACTERS:])
    sentence = _asking(text)
    options = _options(text)
    counted = _COUNTED.search(sentence) or _COUNTED_CHINESE.search(sentence)
    about = _ABOUT.search(sentence)
    unknown = _UNKNOWN.search(sentence)
    chinese = _ABOUT_CHINESE.search(sentence)
    names = tuple(sorted({each for each in _NAME.findall(text) if each.lower() not in _NO_NAMES}))
    name = about[1] if about and about[1] in names else chinese[1] if chinese else ""
    name = "" if _TOGETHER.search(sentence) else name
    return Asked(
        _kind(sentence, options),
        counted[1].strip().removesuffix(" worth") if counted else "",
        name,
        names,
        options,
        frozenset(_NUMBER.findall(text)),
        (unknown[1] or unknown[2]) if unknown else "",
        sentence,
        frozenset(re.findall(r"[a-z]{2,}", text.lower())),
    )


def _asking(text: str) -> str:
    sentences = [each.strip() for each in _SENTENCE.findall(text) if each.strip()]
    asking = [each for each in sentences if each.endswith(("?", "？"))]
    return str((asking or sentences or [""])[-1])


def _kind(sentence: str, options: tuple[tuple[str, str], ...]) -> Kind:
    if options:
        return "choice"
    if (
        _YES_NO.search(sentence)
        and not _HOW.search(sentence)
        and not _EITHER.search(re.sub(r"\btrue\s+or\b|\byes\s+or\b", "", sentence, flags=re.I))
    ):
        return "yes_no"
    if _DAY.search(sentence):
        return "day"
    if _WHO.search(sentence) and not _HOW.search(sentence):
        return "name"
    if _PERCENT.search(sentence):
        return "percent"
    return "count" if _COUNT.search(sentence) else "value"


def _options(text: str) -> tuple[tuple[str, str], ...]:
    found = [(match[1], match[2].strip()) for match in _OPTION.finditer(text)]
    letters = "".join(letter for letter, _ in found)
    return tuple(found) if len(found) > 2 and "ABCDEFGH".startswith(letters) else ()
