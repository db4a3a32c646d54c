"""The end of an answer and a question that is answered by yes or no in; which of the two it says out."""

import re
from collections.abc import Iterator

from verify.asked import Asked
from verify.sentences import SENTENCE_END, without_formulas

_MAX_SENTENCES = 3
_MAX_DECIDING = 2
NOT = re.compile(r"\b(?:not|never|no|cannot|neither)\b|n['’]t\b", re.IGNORECASE)
SUPPOSED = re.compile(r"\b(?:if|suppose|assume|would|might|may|could|perhaps|unless|whether|careful)\b", re.IGNORECASE)
_SAYS_NO = re.compile(
    r"\b(?:false|untrue|impossible|incorrect)\b"
    r"|(?:\bnot|n['’]t|\bnever)\s+(?:be\s+)?(?:always\s+)?(?:true|possible|correct|hold|the\s+case|exist)\b"
    r"|\b(?:can|could)\s?(?:not|n['’]t)\s+(?:exist|happen|be\s+\w+|form)\b|错误|不正确|不成立|不对|不能|不可能",
    re.IGNORECASE,
)
_SAYS_YES = re.compile(
    r"\b(?:(?:is|are|was)\s+(?:indeed\s+|always\s+|therefore\s+)?(?:true|correct|possible|valid)|holds)\b"
    r"|\b(?:it|that)\s+is\s+the\s+case\b|(?<!不)(?:正确|成立)|是对的",
    re.IGNORECASE,
)
_STATEMENT = re.compile(r"\btrue\s+or\s+false\b|\bstatement\b|判断|正确吗|对吗", re.IGNORECASE)
_IS = re.compile(r"\b(?:is|are|was|were|has|have|does|do|did|can|divides|makes?)(?:n['’]t)?\b", re.IGNORECASE)
_ASKS_WHAT_IT_DOES = re.compile(r"\A\W*(?:does|do|did)\b", re.IGNORECASE)
# *So it can.* *No, they don't.*
_IN_SHORT = re.compile(
    r"\b(?:it|they|this|that|he|she)\s+(?:can|could|does|do|did|is|are|will)(not|\s+not|n['’]t)?\W*\Z", re.I
)
_CLAUSE = re.compile(r",\s+|;\s*|\b(?:so|but|because|since|while|although|hence|therefore)\b|[，；]|所以|因此|但")
_IDLE = frozenset(
    "is are was were does do did can could will has have the a an of in to it its this that statement number every "
    "each all any with and or be been true false yes no there".split()
)
_CHINESE_ASKED = re.compile(r"(?:是|能|有)([\u4e00-\u9fff]{1,8}?)吗")
_CHINESE_NOT = re.compile(r"不|没|非|无")
_OPPOSITES = {
    "prime": "composite", "composite": "prime", "even": "odd", "odd": "even", "rational": "irrational",
    "irrational": "rational", "convergent": "divergent", "converge": "diverge", "possible": "impossible",
    "parallel": "intersect", "increasing": "decreasing", "positive": "negative", "diverge": "converge",
    "质数": "合数", "偶数": "奇数",
}  # fmt: skip


def last_sentences(text: str) -> Iterator[str]:
    """The last ones of a text, the last first."""
    cuts = [0, *(match.end() for match in SENTENCE_END.finditer(without_formulas(text))), len(text)]
    parts = [text[start:stop].strip() for start, stop in zip(cuts, cuts[1:], strict=False)]
    yield from [part for part in reversed(parts) if re.search(r"\w", part)][:_MAX_SENTENCES]


def polarity(text: str, asked: Asked) -> str | None:
    """Yes or no, by what is said of the question's own predicate; `None` where that is not clear.

    >>> from verify.asked import asked_by
    >>> polarity("Equal slopes never meet, so they are parallel.", asked_by("Are the lines parallel?"))
    'yes'
    """
    if NOT.search(asked.sentence):
        return None
    words = [word for word in re.findall(r"[a-z]{3,}", asked.sentence.lower()) if word not in _IDLE]
    # The last word is the predicate; those before it are what it is said of.
    wanted = set(words[-1:]) | set(_CHINESE_ASKED.findall(asked.sentence))
    needs_verb = not _ASKS_WHAT_IT_DOES.match(asked.sentence)
    for sentence in [*last_sentences(text)][:_MAX_DECIDING]:
        if short := _IN_SHORT.search(sentence):
            return "no" if short[1] else "yes"
        if SUPPOSED.search(sentence):
            continue
        said = (_said_so(sentence), _said_of(sentence, wanted, needs_verb))
        # What is asked of a statement is whether it holds, not what it speaks of.
        told = next((each for each in (said if _STATEMENT.search(asked.sentence) else reversed(said)) if each), None)
        if told:
            return told
    return None


def _said_so(sentence: str) -> str | None:
    if _SAYS_NO.search(sentence):
        return "no"
    return "yes" if _SAYS_YES.search(sentence) else None


def _said_of(sentence: str, wanted: set[str], needs_verb: bool) -> str | None:
    """By the last clause that has the predicate, or its opposite."""
    for clause in reversed(_CLAUSE.split(sentence)):
        is_not = bool(NOT.search(clause) or _CHINESE_NOT.search(clause))
        words = {word[:6] for word in re.findall(r"[a-z]{3,}|[\u4e00-\u9fff]+", clause.lower())}
        has_verb = not needs_verb or _IS.search(clause) or re.search(r"[是能有]", clause)
        if has_verb and any(each[:6] in words or (each > "z" and each in clause) for each in wanted):
            return "no" if is_not else "yes"
        against = {_OPPOSITES[each] for each in wanted if each in _OPPOSITES}
        if has_verb and any(each[:6] in words or (each > "z" and each in clause) for each in against):
            return None if is_not else "no"
    return None
