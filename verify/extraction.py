"""A model's whole output in, its final answer as it wrote it out: the last box, else what the words say, else a number.

Only what follows the thinking is read. Every scan is linear and capped: the output may be written to stall its reader.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from verify.asked import asked_by
from verify.fitting import fitting
from verify.sentences import JOINER, unit_after
from verify.statements import concluded, corrected, phrased, tagged

FoundBy = Literal["box", "tag", "phrase", "words"]

# MATH-500's longest gold is 53 characters.
MAX_ANSWER_CHARACTERS = 2_000
# The final answer stands at the end.
_TAIL_CHARACTERS = 20_000
_MAX_GAP_CHARACTERS = 40

_BOX = re.compile(r"(?:\\(?:boxed|fbox|framebox)(?![a-zA-Z])|(?<![a-zA-Z\\])boxed(?=\{))\s*")
_BARE_BOX = re.compile(r"\\[a-zA-Z]+|[^\s\\{}$]")
_INTRODUCED = re.compile(
    r"\A\s*(?:\\(?:text|textbf|mathrm)\s*\{\s*)?(?:the\s+)?(?:final\s+)?answer\s*(?:is|:|=)\s*:?\s*(?:\}\s*)?(?=\S)",
    re.IGNORECASE,
)
_ORNAMENTS = re.compile(
    r"</?(?:b|strong|i|em|u|p|br|span|div)\b[^<>]{0,80}>|\$?\\(?:blacksquare|square|qed|Box)(?![a-zA-Z])\$?"
    r"|[✓✔✅☑🎉∎■□]\ufe0f?",
    re.IGNORECASE,
)
# What stands between a box and its unit, and the mark of text round that.
_BEHIND = re.compile(
    r"\A(?:\\[,;:! ]|[\s~$]){0,6}(?:\\(?:text|mathrm|mbox)\s*\{\s*([^{}]{1,30})\})?((?:\^\{?[23]\}?)?)"
)
_SHORT_SPACES = re.compile(r"\s{20,}")
_NEGATED = re.compile(
    r"(?:\bnot|n't(?:\s+be)?|\binstead\s+of|\brather\s+than|\\neq?|≠|\bdiscard(?:ing)?|不是)\s*[$\\(\[\s:]*\Z",
    re.IGNORECASE,
)
_RETRACTED = re.compile(
    r"\b(?:wait|actually|correction|scratch\s+that|sorry|mistake|error|should\s+(?:have\s+been|be)|incorrect|wrong|"
    r"hold\s+on)\b"
    r"|更正|不对|错了",
    re.IGNORECASE,
)
_SPECIAL_TOKEN = re.compile(r"<\|(?:im_start|im_end|endoftext|eot_id|end|user|start_header_id)\|>|</s>|<｜end")
_THINK = re.compile(r"<(/?)think(?:ing)?>", re.IGNORECASE)


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
    marks = list(_THINK.finditer(output))
    closed = next((mark for mark in reversed(marks) if mark[1]), None)
    start = closed.end() if closed else 0
    opened = next((mark for mark in marks if not mark[1] and mark.start() >= start), None)
    part = output[start : opened.start()] if opened else output[start:]
    return part if opened is None or part.strip() else None


def final_answer(output: str, question: str = "") -> Extracted | None:
    r"""The final answer of a whole output; `None` if it gives none.

    Args:
        question: The problem, where it is known: an answer without a box and without *the answer is* has to fit it.

    >>> final_answer(r"<think>\boxed{3}?</think>So $x = \boxed{\frac{1}{2}}$.")
    Extracted(text='\\frac{1}{2}', found_by='box')
    >>> final_answer("The answer is 12 apples, because 3 times 4 is 12.")
    Extracted(text='12 apples', found_by='phrase')
    >>> final_answer("So 196 has nine divisors.", "How many divisors does 196 have?").text
    'nine'
    >>> final_answer("I do not know how to solve 3 of these.") is None
    True
    """
    part = answer_part(output)
    if part is None or not part.strip():
        return None
    turn = _ORNAMENTS.sub("", _turn(part))
    # What stands before the cut is not known: a box right behind it may have been denied.
    text = turn if len(turn) <= _TAIL_CHARACTERS else re.sub(r"\A\S{0,40}\s", "not ", turn[-_TAIL_CHARACTERS:])
    text = _SHORT_SPACES.sub(lambda match: "\n\n" if "\n" in match.group() else " ", text)
    found = _boxed(text) or _worded(text, question)
    if found is None or not found.text.strip():
        return None
    return Extracted(found.text.strip()[:MAX_ANSWER_CHARACTERS], found.found_by)


def _turn(part: str) -> str:
    """Without what follows the end of the model's turn."""
    end = _SPECIAL_TOKEN.search(part, len(part) - len(part.lstrip()) + 1)
    return part[: end.start()] if end else part


def _worded(text: str, question: str) -> Extracted | None:
    if (answer := tagged(text)) is not None:
        return Extracted(answer, "tag")
    if _is_cut_in_box(text):
        return None
    if answer := phrased(text):
        return Extracted(answer, "phrase")
    if _BOX.search(text):
        return None
    answer = concluded(text)
    if question.strip():
        answer = fitting(text, asked_by(question), answer)
    return Extracted(answer, "words") if answer else None


def _is_cut_in_box(text: str) -> bool:
    """Whether a box was begun and never closed: the output was cut off."""
    last = next(reversed(list(_BOX.finditer(text))), None)
    return last is not None and text[last.end() :][:1] == "{" and closing_brace(text, last.end()) is None


# ------------------------------------------------------------------ boxes


def _boxed(text: str) -> Extracted | None:
    boxes = [box for box in _boxes(text) if not _NEGATED.search(text[max(0, box.start - 30) : box.start])]
    if not boxes:
        return None
    after = text[boxes[-1].end :]
    if _RETRACTED.search(after):
        instead = phrased(after) or corrected(after)
        if instead is not None:
            return Extracted(instead, "phrase")
    row = [boxes[-1]]
    for before, box in reversed(list(pairwise(boxes))):
        gap = text[before.end : box.start]
        if len(gap) > _MAX_GAP_CHARACTERS or not JOINER.fullmatch(gap):
            break
        row.insert(0, before)
    if len(row) == 1:
        behind = _BEHIND.sub(r" \1\2", text[row[0].end : row[0].end + 60], count=1)
        return Extracted(row[0].content + unit_after(row[0].content, behind), "box")
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
        content = _without_words(_without_boxes(content)).strip()
        if content and content not in ("...", "\\ldots", "\\dots", "\\cdot", "?"):
            boxes.append(_Box(match.start(), past, content))
    return boxes


def _without_words(content: str) -> str:
    """Without *the answer is* before the answer itself."""
    return _INTRODUCED.sub("", content)


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
