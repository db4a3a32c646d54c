"""What the benchmarks of mathematics share: QwQ's prompt, ids that all copies agree on, the judge of a box."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from evals.benchmarks.benchmark import Judgement, Judges, Problem, Written
from model.errors import BadInput
from model.events import Message
from verify.extraction import closing_brace

# QwenLM/QwQ, eval/: one user turn and no system message.
INSTRUCTION = r"Please reason step by step, and put your final answer within \boxed{}."
_TITLE_CHARACTERS = 90
_DRAWING = re.compile(r"\[asy\].*?\[/asy\]", re.DOTALL)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?=\{)")
_WHOLE = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+|[+-]?\d+")


def asked(question: str) -> tuple[Message, ...]:
    """A question with the instruction behind it."""
    return (Message("user", f"{question}\n{INSTRUCTION}"),)


def question_of(problem: Problem) -> str:
    """What was asked, without the instruction."""
    return problem.messages[-1].content.removesuffix(f"\n{INSTRUCTION}")


def text_id(prefix: str, text: str) -> str:
    """An id from a problem's words, for data sets whose copies number their rows differently.

    Drawings and white space are left out: copies differ in them.

    >>> text_id("t", "a b [asy]draw(x);[/asy]") == text_id("t", "a  b")
    True
    """
    words = re.sub(r"\s+", "", _DRAWING.sub("", text))
    return f"{prefix}-{hashlib.sha256(words.encode()).hexdigest()[:10]}"


def title_of(text: str) -> str:
    """The beginning of a problem, for a line in a list."""
    line = " ".join(_DRAWING.sub("", text).split())
    return line if len(line) <= _TITLE_CHARACTERS else f"{line[: _TITLE_CHARACTERS - 1].rstrip()}…"


def column(row: Mapping[str, Any], name: str, number: int) -> str:
    """A column's text.

    Args:
        number: The row's, from 1.

    Raises:
        BadInput: If the row has no such column, or there is no text in it.
    """
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        there = ", ".join(map(repr, row)) or "none"
        raise BadInput(f"Row {number} has no text in the column {name!r}; its columns are {there}.")
    return value


def last_box(text: str) -> str:
    r"""The last box that closes, with its mark; empty if there is none.

    >>> last_box(r"Not \boxed{1} but \boxed{\frac{1}{2}}, so \boxed{")
    '\\boxed{\\frac{1}{2}}'
    """
    for box in reversed(list(_BOX.finditer(text))):
        end = closing_brace(text, box.end())
        if end is not None:
            return text[box.start() : end + 1]
    return ""


def judge_boxed(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether the final answer is the gold, which is a text; a strict reading takes the last box alone."""
    box = last_box(written.answer)
    if written.is_strict and not box:
        return Judgement("undecided", "the answer has no box", details={"boxed": False})
    text = box if written.is_strict else written.answer
    verdict = judges.math.judge(problem.gold, text, question=question_of(problem))
    return Judgement(verdict.outcome, verdict.reason, verdict.extracted, {"boxed": bool(box)})


def judge_whole(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """As `judge_boxed` for golds that are whole numbers: two of them are compared as such."""
    judged = judge_boxed(judges, problem, written)
    found, gold = whole(judged.answer), whole(problem.gold)
    if found is None or gold is None:
        return judged
    if found == gold:
        return Judgement("correct", f"{found} is the reference", judged.answer, judged.details)
    return Judgement("wrong", f"{found} is not {gold}", judged.answer, judged.details)


def whole(text: str) -> int | None:
    r"""A whole number as it is usually written; None for anything else.

    >>> whole("025"), whole("$1,234$"), whole(r"25^\circ"), whole("25.0")
    (25, 1234, None, None)
    """
    plain = text.strip().strip("$").replace("{,}", ",").replace("\\!", "").strip()
    return int(plain.replace(",", "")) if len(plain) < 100 and _WHOLE.fullmatch(plain) else None


def is_same_answer(judges: Judges, first: str, second: str) -> bool:
    """Whether two answers say the same, whichever is taken for the reference."""
    return first == second or (judges.math.is_same(first, second) and judges.math.is_same(second, first))
