"""A model's whole output in, its final answer as it wrote it out: the last box, else what the words say, else a number.

Only what follows the thinking is read. Every scan is linear and capped: the output may be written to stall its reader.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

FoundBy = Literal["box", "phrase", "maths", "whole", "number"]

# MATH-500's longest gold is 53 characters.
MAX_ANSWER_CHARACTERS = 2_000
# The final answer stands at the end.
_TAIL_CHARACTERS = 20_000
_MAX_GAP_CHARACTERS = 40
_MAX_WHOLE_CHARACTERS = 120

_BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![a-zA-Z])\s*")
_BARE_BOX = re.compile(r"\\[a-zA-Z]+|[^\s\\{}$]")
_NEGATED = re.compile(
    r"(?:\bnot|n't(?:\s+be)?|\binstead\s+of|\brather\s+than|\\neq?|≠|\bdiscard(?:ing)?|不是)\s*[$\\(\[\s:]*\Z",
    re.IGNORECASE,
)
_JOINER = re.compile(
    r"(?:\s|[,;&$、，；]|\\[()\[\]\\,;:! ]|\\q?quad\b|\\(?:text|mbox|mathrm)\s*\{\s*(?:and|or)?\s*,?\s*\}"
    r"|\b(?:and|or|und|oder|et|ou|y|o|e)\b|[和与或及]|(?<![a-zA-Z\\])[a-zA-Z](?:_\{?\w\}?)?\s*=)*"
)
_RETRACTED = re.compile(
    r"\b(?:wait|actually|correction|scratch\s+that|sorry|mistake|error|should\s+(?:have\s+been|be)|i\s+was\s+wrong)\b"
    r"|更正|不对|错了",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:can(?:no|')t|could\s*n[o']t|unable|not\s+able|do\s+not\s+know|don't\s+know|not\s+sure|impossible\s+to|"
    r"insufficient|not\s+enough|without\s+more)\b|无法|不能确定",
    re.IGNORECASE,
)
_IS = (
    r"\s*(?:\*\*)?\s*(?:is|are|was|equals?|would\s+be|must\s+be|should\s+be|comes\s+(?:out\s+)?to|:|：|=)"
    r"\s*(?:\*\*)?\s*[:：]?"
)
_PHRASES = re.compile(
    "|".join(
        (
            r"\#\#\#\#",
            rf"\banswers?{_IS}",
            r"\banswers?(?:\s+to\s+(?:this|the)\s+\w+)\s+(?:is|are)\s*[:：]?",
            r"\b(?:final\s+)?answer\s*(?:\*\*)\s*[:：]?",
            rf"\b(?:correct|right)\s+(?:option|choice|one){_IS}",
            r"(?:最终)?(?:答案|结果)\s*(?:\*\*)?\s*(?:应该)?(?:是|为|等于|[:：])\s*(?:\*\*)?",
            r"(?<![回解问])答\s*[:：]",
            r"答え\s*(?:は|[:：])",
            r"(?:정답|답)\s*(?:은|는|[:：])",
            r"\brespuesta(?:\s+final)?\s*(?:es|[:：])",
            r"\bréponse(?:\s+finale)?\s*(?:est|[:：])",
            r"\bantwort\s*(?:ist|lautet|[:：])",
            r"\b(?:lösung|ergebnis)\s*(?:ist|lautet|[:：])",
            r"\brisposta(?:\s+finale)?\s*(?:è|[:：])",
            r"\bresposta(?:\s+final)?\s*(?:é|[:：])",
            r"\bответ\s*(?:[:：—–-]|равен|есть)",
            r"\bodpowiedź\s*(?:to|[:：])",
            r"उत्तर\s*(?:है|[:：])",
            r"الجواب\s*(?:هو|[:：])",
        )
    ),
    re.IGNORECASE,
)
_MATHS = re.compile(
    r"\$\$(?P<a>[^$]{1,2000})\$\$|\\\[(?P<b>.{1,2000}?)\\\]|\\\((?P<c>.{1,2000}?)\\\)|\$(?P<d>[^$\n]{1,2000})\$",
    re.DOTALL,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s+[A-ZÀ-Þ\\(\"'*]|\s*$)|[。！？]|\n")
_REASON_BEGINS = re.compile(
    r"\s*(?:,\s*(?:which|because|since|as|so|where|and\s+(?:so|the))\b|\b(?:because|since|which)\b|\s[—–]\s|，).*",
    re.DOTALL,
)
_PROSE = re.compile(r"[a-z]{2,}\s+[a-z]{2,}\s+[a-z]")
_OPENING_WORDS = re.compile(
    r"\A(?:thus|so|therefore|hence|then|finally|we\s+(?:get|have|find)|this\s+gives|it\s+is|it's)\b[,:]?\s+",
    re.IGNORECASE,
)
_SAME_IN_MATHS = re.compile(r"(?:\bi\.?e\.?|\bthat\s+is|\bnamely|\bor)[,:]?\s*(?=\$|\\\(|\\\[)")
_NUMBER = re.compile(
    r"(?<![\w.])[-−+]?(?:\\?\$\s?)?(?:\d+\s+\d+/\d+|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?:\s*/\s*\d+)?(?:\s*\\?%)?"
)


@dataclass(frozen=True, slots=True)
class Extracted:
    """A final answer, and what it was recognised by."""

    text: str
    found_by: FoundBy


@dataclass(frozen=True, slots=True)
class _Box:
    start: int
    end: int
    content: str


def answer_part(output: str) -> str | None:
    """What follows the thinking; `None` where a thinking was begun and never closed.

    >>> answer_part("<think>3? No, 4.</think>It is 4."), answer_part("<think>It is 4"), answer_part("4")
    ('It is 4.', None, '4')
    """
    _, mark, after = output.rpartition("</think>")
    if mark:
        return after
    return None if output.lstrip()[:7] == "<think>" else output


def final_answer(output: str) -> Extracted | None:
    r"""The final answer of a whole output; `None` if it gives none.

    >>> final_answer(r"<think>\boxed{3}?</think>So $x = \boxed{\frac{1}{2}}$.")
    Extracted(text='\\frac{1}{2}', found_by='box')
    >>> final_answer("The answer is 12 apples, because 3 times 4 is 12.")
    Extracted(text='12 apples', found_by='phrase')
    >>> final_answer("I do not know how to solve 3 of these.") is None
    True
    """
    part = answer_part(output)
    if part is None or not part.strip():
        return None
    text = part[-_TAIL_CHARACTERS:]
    found = _boxed(text) or _phrased(text) or _bare(text)
    if found is None or not found.text.strip():
        return None
    return Extracted(found.text.strip()[:MAX_ANSWER_CHARACTERS], found.found_by)


# ------------------------------------------------------------------ boxes


def _boxed(text: str) -> Extracted | None:
    boxes = [box for box in _boxes(text) if not _NEGATED.search(text[max(0, box.start - 30) : box.start])]
    if not boxes:
        return None
    after = text[boxes[-1].end :]
    if _RETRACTED.search(after):
        instead = _phrased(after)
        if instead is not None:
            return instead
    row = [boxes[-1]]
    for before, box in reversed(list(pairwise(boxes))):
        gap = text[before.end : box.start]
        if len(gap) > _MAX_GAP_CHARACTERS or not _JOINER.fullmatch(gap):
            break
        row.insert(0, before)
    contents = list(dict.fromkeys(box.content for box in row))
    return Extracted(", ".join(contents), "box")


def _boxes(text: str) -> list[_Box]:
    """Every box that closes and holds something; a box within a box belongs to the outer one."""
    boxes: list[_Box] = []
    past = 0
    for match in _BOX.finditer(text):
        if match.start() < past:
            continue
        if text[match.end() : match.end() + 1] == "{":
            end = closing_brace(text, match.end())
            if end is None:
                continue
            content, past = text[match.end() + 1 : end], end + 1
        else:
            bare = _BARE_BOX.match(text, match.end())
            if bare is None:
                continue
            content, past = bare.group(), bare.end()
        content = _without_boxes(content).strip()
        if content and content not in ("...", "\\ldots", "\\dots", "\\cdot"):
            boxes.append(_Box(match.start(), past, content))
    return boxes


def _without_boxes(content: str) -> str:
    for _ in range(4):
        match = _BOX.search(content)
        if match is None or content[match.end() : match.end() + 1] != "{":
            break
        end = closing_brace(content, match.end())
        if end is None:
            break
        content = content[: match.start()] + content[match.end() + 1 : end] + content[end + 1 :]
    return content


def closing_brace(text: str, start: int) -> int | None:
    r"""Where the brace at `start` closes; `None` if it does not within the length of an answer.

    >>> closing_brace(r"{a\}b{c}}", 0)
    8
    """
    depth, at = 0, start
    last = min(len(text), start + MAX_ANSWER_CHARACTERS + 2)
    while at < last:
        character = text[at]
        if character == "\\":
            at += 2
            continue
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return at
        at += 1
    return None


# ------------------------------------------------------------------ words


def _phrased(text: str) -> Extracted | None:
    """What the last phrase such as *the answer is* is followed by."""
    for match in reversed(list(_PHRASES.finditer(text))):
        answer = _said(text[match.end() : match.end() + MAX_ANSWER_CHARACTERS])
        if answer:
            return Extracted(answer, "phrase")
    return None


def _said(rest: str) -> str:
    """The answer at the beginning of a text, without the sentence that goes on behind it."""
    rest = rest.lstrip(" \t\n*:：")
    maths = _MATHS.match(rest)
    if maths:
        pieces, end = [_inside(maths)], maths.end()
        while (gap := _JOINER.match(rest, end)) and (more := _MATHS.match(rest, gap.end())):
            pieces.append(_inside(more))
            end = more.end()
        unit = re.match(r"\s*(?:\\?%|°|[a-zA-Z]{1,12}\b(?:\^?\d|[²³])?)", rest[end:])
        has_unit = unit is not None and len(pieces) == 1 and re.fullmatch(r"\s*[.!]?\s*", rest[end + unit.end() :][:3])
        return ", ".join(pieces) + (unit.group() if unit and has_unit else "")
    stop = _SENTENCE_END.search(rest)
    sentence = rest[: stop.start()] if stop else rest
    maths = _SAME_IN_MATHS.search(sentence)
    if maths and (said_again := _MATHS.match(sentence, maths.end())):
        return _inside(said_again)
    return _REASON_BEGINS.sub("", sentence).strip(" \t*_`\"'“”,;")


def _inside(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None).strip(" .,")


def _bare(text: str) -> Extracted | None:
    """No box and no phrase: the last formula, a short text as a whole, the last number of one that is no refusal."""
    stripped = _OPENING_WORDS.sub("", text.strip())
    if _BOX.search(stripped):
        return None  # a box that was never closed: the output was cut off
    has_digits, n_words = re.search(r"\d", stripped), len(stripped.split())
    if (
        "\n" not in stripped
        and len(stripped) <= _MAX_WHOLE_CHARACTERS
        and (n_words <= 6 if not has_digits else not _PROSE.search(stripped))
    ):
        return Extracted(stripped.strip("*_` "), "whole")
    if _REFUSED.search(text[-600:]):
        return None
    last_lines = "\n".join(stripped.splitlines()[-3:])[-MAX_ANSWER_CHARACTERS:]
    maths = list(_MATHS.finditer(last_lines))
    if maths:
        return Extracted(_inside(maths[-1]), "maths")
    numbers = list(_NUMBER.finditer(last_lines))
    return Extracted(numbers[-1].group().strip(), "number") if numbers else None
