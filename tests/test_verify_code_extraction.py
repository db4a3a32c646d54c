"""Answers as models write them, and the program that is found in each."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from verify.code.extraction import extract_program

ANSWERS = Path(__file__).resolve().parent / "data" / "code_answers.jsonl"
ROWS = [json.loads(line) for line in ANSWERS.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_extract_program_finds_the_program_of_an_answer(row: dict[str, Any]) -> None:
    program = extract_program(row["answer"], row["entry_point"])
    assert program.source == row["source"]
    assert program.words == row.get("words", program.words) != ""
    assert not program.by_user


@pytest.mark.parametrize("cut", range(0, 160, 4))
def test_extract_program_never_fails_wherever_an_answer_is_cut(cut: int) -> None:
    answer = 'So:\n```python\ndef f(x):\n    """Twice {x}."""\n    return [x, {"a": (x, 2)}]\n```\nUse:\n~~~\nf(1)\n~~~\n<code>f</code>'
    program = extract_program(answer[:cut], "f")
    assert program.words
    assert program.source.strip() in answer


@pytest.mark.parametrize(
    "answer",
    [
        "import this is prose (\n" * 5000,
        "def f(x):\n    y = (x\n\n" * 3000,
        "```python\nx = f(1\n```\n" * 3000,
        "<code>" * 20_000,
        "\\boxed{" * 20_000 + "}",
        "```python\n" + "x = (1\n\n" * 20_000,
    ],
    ids=["prose", "cut functions", "fences", "tags", "boxes", "unclosed"],
)
def test_extract_program_takes_no_longer_for_answers_that_are_meant_to_be_slow(answer: str) -> None:
    began = time.thread_time()
    extract_program(answer, "f")
    assert time.thread_time() - began < 5
