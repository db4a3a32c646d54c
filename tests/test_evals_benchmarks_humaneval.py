"""HumanEval as it ships: all of it, in its published form, and judged as its harness does."""

from typing import Any

import pytest

from evals.benchmarks.benchmark import Judges, Written
from evals.benchmarks.humaneval import HUMANEVAL, with_given
from evals.benchmarks.sources import rows_of
from model.errors import BadInput

ROWS = rows_of(HUMANEVAL).rows
PROBLEMS = HUMANEVAL.problems_of(ROWS)
# With helpers before the head, with a body that ends in many ways, and some others.
CHOSEN = ("HumanEval/0", "HumanEval/32", "HumanEval/38", "HumanEval/50", "HumanEval/81", "HumanEval/129")


def outcome(judges: Judges, name: str, source: str, is_strict: bool = True) -> str:
    problem = next(each for each in PROBLEMS if each.id == name)
    return HUMANEVAL.judge(judges, problem, Written(f"```python\n{source}\n```", is_strict=is_strict)).outcome


def test_the_sample_is_all_of_it_and_needs_no_network():
    found = rows_of(HUMANEVAL, "auto")
    assert (found.source, found.note, len(PROBLEMS)) == ("sample", "", 164)
    assert PROBLEMS[0].title.startswith("has_close_elements: Check if in given list of numbers, are any two")
    (asked,) = PROBLEMS[0].messages
    assert asked.content.endswith(
        'False\n    >>> has_close_elements([1.0, 2.8, 3.0, 4.0, 5.0, 2.0], 0.3)\n    True\n    """\n```'
    )
    assert PROBLEMS[0].reference.startswith("for idx, elem") and "idx, elem" not in str((asked, PROBLEMS[0].gold))


@pytest.mark.parametrize("name", CHOSEN)
def test_judge_passes_the_reference_whole_or_as_a_body_and_nothing_less(judges: Judges, name: str):
    row = next(row for row in ROWS if row["task_id"] == name)
    assert outcome(judges, name, row["prompt"] + row["canonical_solution"], is_strict=False) == "correct"
    assert outcome(judges, name, row["canonical_solution"]) == "correct"
    assert outcome(judges, name, f"{row['prompt']}    pass\n") == "wrong"


def test_judge_puts_back_a_helper_that_the_prompt_had_given(judges: Judges):
    row = next(row for row in ROWS if row["task_id"] == "HumanEval/38")
    alone = f"def decode_cyclic(s: str):\n{row['canonical_solution']}"
    assert outcome(judges, "HumanEval/38", alone) == "correct"
    assert outcome(judges, "HumanEval/38", alone.replace("decode_cyclic", "decoded")) == "wrong"


@pytest.mark.parametrize("left", ["from typing import List", "10"])
def test_what_is_left_of_a_broken_program_is_no_functions_body(judges: Judges, left: str):
    problem = next(each for each in PROBLEMS if each.id == "HumanEval/5")
    judged = HUMANEVAL.judge(judges, problem, Written(f"```python\n{left}\n```"))
    # Behind the head it would be a function that gives None, and that be said of the answer.
    assert judged.outcome == "wrong" and "NameError: name 'intersperse' is not defined" in judged.reason


def test_with_given_leaves_a_program_alone_that_has_all():
    gold = {"prompt": "def g(n):\n    return 0\n\ndef f(n):\n", "entry_point": "f", "test": "import math\n"}
    whole = "from __future__ import annotations\n\ndef g(n):\n    return n\n\ndef f(n):\n    return g(n)\n"
    assert with_given(whole, gold) == whole
    assert with_given("return n", gold).endswith("def f(n):\n    return n")
    assert with_given("f = lambda n: n\n", gold) == "f = lambda n: n\n"
    assert with_given("def f(n):\n    return math.pi", gold).endswith("math.pi\n\nimport math")


def test_judge_lends_no_name_that_the_harness_does_not(judges: Judges):
    row = next(row for row in ROWS if row["task_id"] == "HumanEval/99")
    whole = row["prompt"] + row["canonical_solution"]
    assert outcome(judges, "HumanEval/99", whole) == "correct"
    assert outcome(judges, "HumanEval/99", whole.replace("from math import floor, ceil", "pass")) == "wrong"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"test": None}, "Row 1 has no text in the column 'test'"), ({"test": "assert f"}, "Row 1, HumanEval/0: ")],
)
def test_problems_of_say_which_row_is_in_another_form(change: dict[str, Any], words: str):
    with pytest.raises(BadInput, match=words):
        HUMANEVAL.problems_of([dict(ROWS[0]) | change])
