"""A sentence in, the same out without what stands beside its value: *out of 20*, *(about 1.41)*, *as desired*."""

import re

_SHARE = re.compile(r"\b(?:probability|chances?|likelihood|odds|fraction|proportion|ratio)\b", re.IGNORECASE)
_SHARE_OF = re.compile(r"(?<![\d.,])(\d{1,6})\s+(?:out\s+of|in|chances?\s+in)\s+(\d{1,6})(?![\d.,]*\d)")
# The same again, or only about.
AGAIN = re.compile(
    r"\s*\((?:about|approximately|approx\.?|roughly|around|or|i\.e\.|that\s+is|which\s+is|≈|~|\\approx)[^()]{1,60}\)",
    re.IGNORECASE,
)
_AS_WANTED = re.compile(
    r",?\s+as\s+(?:desired|required|needed|claimed|expected|wanted|requested|stated|asked|shown)\b", re.I
)
_OUT_OF = re.compile(
    r",?\s*\b(out\s+)?of\s+(the\s+|all\s+|these\s+|those\s+)?\$?\d[\d,]*\b\$?(?:\s+[a-z]+)?(?:\s+in\s+(?:total|all))?",
    re.IGNORECASE,
)
_WHICH = (
    r"which(?!\s+(?:is\s+[^=,.]{1,40}=\s?[$\d]|(?:is\s+an?\s+[a-z]+\s+of|left|gave|made|produces|gives|yields|simplifies|implies"
    r"|reduces|we|leaves|leads|means|makes)\b))"
)
# A *which* without a comma belongs to what stands before it, where the sentence goes on.
_WHICH_ENDS = (
    r"(?<!at\s)(?<!in\s)(?<!of\s)(?<!on\s)(?<!for\s)" + _WHICH + r"(?!(?!\s+is\b).*\b(?:is|are|equals)\s+[$\d\\-])"
)
REASON_BEGINS = re.compile(
    rf"\s*(?:,\s*(?:not|{_WHICH}|because|since|as|so|where|attained|achieved|atteint|erreicht|and\s+(?:so|the(?!\s+(?:total|answer|number|sum|result|value|final|largest|greatest|smallest))))\b"
    rf"|\b(?:because|since|{_WHICH_ENDS})\b"
    r"|,?\s+\b(?:when|where|if|at|for)\s+\$?[a-zA-Z]\$?\s*=(?!.*\b(?:is|are|equals|gives)\b)|\s[—–]\s(?!\$?\d[^=]*=)|，(?:因为|由于|其中|当)"
    r"|\bпотому\b|,?\s*\b(?:weil|porque|puisque)\b|,\s*car\b).*",
    re.DOTALL | re.IGNORECASE,
)
_REASON_BETWEEN = re.compile(r"\s\b(?:since|because)\b[^:.=]{1,160}:\s(?=[^:]*=)", re.IGNORECASE)
_MAYBE_VALUE = re.compile(r"\s*(?:[—–]|(?:at|for|when|where)\b).*(?:\d|=|\b(?:is|are|was)\b)", re.DOTALL)
_WHICH_IS = re.compile(r",\s+which\s+is\s[^,.]{1,60},\s")
_SAYS_WHAT = re.compile(r"[,\s]*which\s+(?:is|was|are)\b.*\d", re.DOTALL)
_VERB = re.compile(
    r"=|\b(?:is|are|was|were|has|have|had|equals?|gives?|gets?|costs?|makes?|takes?|needs)\b", re.IGNORECASE
)
_ASKED = re.compile(r"\b(?:asks?|asked|wanted|looking)\s+for\b", re.IGNORECASE)
_SAYS = re.compile(r"\d|[$\\π∞]|\b(?:is|are|was)\b")
_REASON_FIRST = re.compile(
    r"\W*(?:because|since|as|given\s+that|weil|da|porque|como|puisque|comme|(?:at|when|for)(?=\s+\$[^$]{1,60}=))\b[^,]{1,300},\$?\s+",
    re.IGNORECASE,
)
# A grand total of 12 is no share of 12.
_NAMED = re.compile(r"\b(?:an?|the)\s+(?:[a-z]+\s+){0,2}[a-z]+\Z", re.IGNORECASE)


def without_asides(sentence: str) -> str:
    """A sentence without remarks and without what its value is a part of.

    >>> without_asides("The side is √2 (about 1.41), as desired.")
    'The side is √2.'
    >>> without_asides("It is 12 out of 20."), without_asides("12 give a total of 20")
    ('It is 12.', '12 give a total of 20')
    >>> without_asides("The probability is 3 out of 4.")
    'The probability is 3/4.'
    """
    text = _AS_WANTED.sub("", AGAIN.sub("", sentence))
    if _SHARE.search(text):
        text = _SHARE_OF.sub(r"\1/\2", text)
    return _OUT_OF.sub(lambda match: _kept(match, text), text)


def _kept(match: re.Match[str], text: str) -> str:
    """Nothing, or all of *of 12* where that is the value."""
    before = text[max(0, match.start() - 60) : match.start()]
    return (
        match.group()
        if not match[1] and not match[2] and (_NAMED.search(before) or not re.search(r"\d", before))
        else ""
    )


def without_reason(sentence: str) -> str:
    """A sentence without the reason that it gives, be that before or behind what it says.

    >>> without_reason("Since two sides are equal, it is isosceles."), without_reason("It is 5, because 2 + 3 = 5.")
    ('it is isosceles.', 'It is 5')
    """
    sentence = _REASON_BETWEEN.sub(": ", sentence)
    text = _WHICH_IS.sub(" ", _REASON_FIRST.sub("", sentence, count=1))
    reason = REASON_BEGINS.search(text)
    if reason is None:
        return text
    cut = text[: reason.start()]
    if not re.search(r"\w", cut) or re.search(r"\bis\Z", cut):
        return text
    if (not _VERB.search(cut) or _ASKED.search(cut)) and _SAYS_WHAT.match(reason.group()):
        return text
    # Behind a dash or an *at x =* may stand the value itself.
    return text if _MAYBE_VALUE.match(reason.group()) and not _SAYS.search(cut) else cut
