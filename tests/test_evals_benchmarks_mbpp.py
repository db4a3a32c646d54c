"""MBPP's test split as it ships, in its published form."""

from typing import Any

import pytest

from evals.benchmarks.benchmark import Judgement, Judges, Written
from evals.benchmarks.mbpp import MBPP
from evals.benchmarks.sources import rows_of
from model.errors import BadInput

ROWS = rows_of(MBPP).rows
PROBLEMS = {problem.id: problem for problem in MBPP.problems_of(ROWS)}


def judged(judges: Judges, name: str, source: str) -> Judgement:
    return MBPP.judge(judges, PROBLEMS[name], Written(f"```python\n{source}\n```", is_strict=True))


def test_the_sample_is_the_whole_test_split():
    found = rows_of(MBPP, "auto")
    assert (found.source, found.note, len(PROBLEMS)) == ("sample", "", 257)
    (asked,) = PROBLEMS["MBPP/11"].messages
    assert asked.content.startswith(
        "You are an expert Python programmer, and here is your task: Write a python function to remove first and last "
        "occurrence of a given character from the string. Your code should pass these tests:\n\nassert remove_Occ("
    )


def test_judge_passes_references_and_wants_the_function_s_own_name(judges: Judges):
    for row in ROWS[:160:20]:
        name = f"MBPP/{row['task_id']}"
        assert judged(judges, name, row["code"]).outcome == "correct", name
    renamed = judged(judges, "MBPP/11", ROWS[0]["code"].replace("remove_Occ", "removed"))
    assert renamed.outcome == "wrong" and "remove_Occ" in renamed.reason


def test_problems_of_take_the_test_split_out_of_all():
    train = dict(ROWS[0]) | {"task_id": 602}
    assert [problem.id for problem in MBPP.problems_of([train, ROWS[0]])] == ["MBPP/11"]
    with pytest.raises(BadInput, match="None of the 1 rows is of the test split"):
        MBPP.problems_of([train])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task_id": "11"}, "no number in the column 'task_id'"),
        ({"test_list": []}, "Row 1: test_list and test_imports are lists"),
        ({"test_list": ["assert ("]}, "Row 1: "),
        ({"prompt": ""}, "no text in the column 'prompt'"),
    ],
)
def test_problems_of_say_which_row_is_in_another_form(change: dict[str, Any], words: str):
    with pytest.raises(BadInput, match=words):
        MBPP.problems_of([dict(ROWS[0]) | change])
