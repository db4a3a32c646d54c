"""The end of a text in, whether it gives no answer out: it declines to, or it was cut off."""

import re

from verify.sentences import MAX_CHARACTERS, without_formulas

_ANSWERING = (
    "determin|solve|answer|find|found|help|give|provid|comput|calculat|evaluat|conclu|say|said|tell|complet|know|assist|"
    "decid|continue|sure|deduc|infer|establish|finish|recall"
)
_REFUSED = re.compile(
    r"\b(?:I\s+can(?:no|')t|(?:can(?:no|')t|could\s*n[o']t|unable\s+to|not\s+able\s+to|impossible\s+to)\s+(?:\w+ly\s+)?(?:be\s+)?(?:\w+ly\s+)?"
    rf"(?:{_ANSWERING})\w*|do\s+not\s+know|don't\s+know|not\s+sure|"
    r"insufficient|ill-posed|g[ia]ve\s+up(?!\s+[$\d])|please\s+(?:provide|clarify|specify)|could\s+you|as\s+an\s+ai|(?:length|tokens?|limit|time)\W+(?:\w+\W+){0,2}exceeded|exceeded\s+(?:the\s+|my\s+)?(?:token|length|context|maximum\s+(?:length|token|context))\w*|so\s+far(?![^.\n]{0,80}\d)|so\s+far,?\s+(?:we|i)|missing\s+information|information\s+is\s+missing"
    r"|if\s+[^.\n]{1,60}\bwere\b[^.\n]{1,60}\bcould|ran\s+out\s+of|(?<!if\syou\s)(?:need|needs|require)\s+more|(?:not|isn't|aren't)\s+enough|more\s+would\s+be|without\s+more|undeterminable|no\s+idea)\b|无法|条件不足|不能确定|不知道",
    re.IGNORECASE,
)
UNDETERMINED = re.compile(
    r"\b(?:answer|value|it|area|number)\s+(cannot\s+be\s+determined)(?:\s+(?:from|with|using)\s[^.\n\d]{1,80})?\.?\s*\Z",
    re.IGNORECASE,
)
_GUESSED = re.compile(
    r"(?<!to\s)\b(?:guess|estimate|answer|bet)\b[^.\n]{0,40}(?:\bis|\bbe|:)\s[^.\n]{0,40}\d", re.IGNORECASE
)
_ANNOUNCED = re.compile(
    r"\b(?:get|gives?|obtain|have|find|yields?|solve|use|with|of)\s(?:the|an?)\s(?:[a-z]{1,20}\s)?"
    r"(?:equation|expression|system|formula|number|value|following|result|inequality)\Z"
)
_CUT_WORDS = frozenset(
    "the a an and or then we of to by with is are that in for from must next add need which so as at on if it this "
    "these now have be because since where when let can using into has its their will would should first also but "
    "there get gives compute find use consider".split()
)


def is_refusal(end: str) -> bool:
    """Whether a text declines to answer, and does not guess after that."""
    refused = _REFUSED.search(end)
    return refused is not None and not _GUESSED.search(end, refused.end())


def is_cut_off(text: str) -> bool:
    """Whether an output ends in the middle of a sentence or of a formula."""
    last = text.rstrip()
    if re.search(r"[,+=(\[{\\/:-]\Z", last):
        return True
    if _ANNOUNCED.search(last):
        return True
    words = re.search(r"([a-zA-Z]+)\Z", last)
    if words and words[1].lower() in _CUT_WORDS and " " in last:
        return True
    rest = without_formulas(last)[-MAX_CHARACTERS:]
    return bool(re.search(r"\\[(\[](?!.*\\[)\]])|\$(?!\d)[^$]*[\\=^][^$]*\Z", rest, re.DOTALL))
