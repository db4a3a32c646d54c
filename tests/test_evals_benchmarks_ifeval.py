"""IFEval: its rows as a folder and as the Hub have them, and its own checks of every kind of instruction."""

import importlib.util
from collections.abc import Iterator
from typing import Any, cast

import pytest

from evals.benchmarks.benchmark import Judges, Problem, Written
from evals.benchmarks.ifeval import judge, problem_of, problems_of
from evals.benchmarks.row_files import read_rows
from evals.golds_judged import PAIRS
from model.errors import BadInput
from verify import instructions

NO_JUDGES = Judges(cast(Any, None), cast(Any, None))
ROW = {
    "key": 7,
    "prompt": "Write about rain, without commas.",
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [{}, {"relation": "at least", "num_words": 3}],
}
KINDS = {row["instruction"]: row for row in read_rows(PAIRS)}


def of_kind(name: str, *more: str) -> Problem:
    row = {"key": name, "prompt": "Write of rain.", "instruction_id_list": [name], "kwargs": [KINDS[name]["kwargs"]]}
    for other in more:
        row["instruction_id_list"].append(other)  # type: ignore[attr-defined]
        row["kwargs"].append(KINDS[other]["kwargs"])  # type: ignore[attr-defined]
    return problem_of(row, 1)


def test_problem_of_a_row_is_the_prompt_alone():
    problem = problem_of(ROW, 1)
    assert (problem.id, problem.messages[0].content) == ("ifeval/7", ROW["prompt"])


def test_problem_of_the_hubs_row_is_that_of_a_folders():
    filled = [dict.fromkeys(("relation", "num_words", "keywords")) | each for each in cast(list, ROW["kwargs"])]
    assert problem_of(ROW | {"kwargs": filled}, 1) == problem_of(ROW, 1)


@pytest.mark.parametrize("changes", [{"kwargs": [{}]}, {"instruction_id_list": "x"}, {"kwargs": None}])
def test_problem_of_a_row_in_another_form_is_refused(changes):
    with pytest.raises(BadInput, match="Row 4"):
        problem_of(ROW | changes, 4)


def test_problems_of_says_which_package_is_missing(monkeypatch):
    monkeypatch.setattr(instructions, "_NEEDED", ("json", "no_such_package"))
    with pytest.raises(BadInput, match=r"Not installed here: no_such_package\. .*requirements-evals\.txt"):
        problems_of([ROW])


def test_judge_of_no_answer_asks_nobody():
    assert judge(NO_JUDGES, problem_of(ROW, 1), Written(" \n")).outcome == "undecided"
    assert judge(NO_JUDGES, problem_of(ROW, 1), Written("a" * 200_001)).outcome == "undecided"


@pytest.mark.skipif(bool(importlib.util.find_spec("lm_eval")), reason="lm-eval is there")
def test_judge_without_the_package_says_what_is_missing():
    judges = Judges(cast(Any, None), cast(Any, None))
    try:
        judged = judge(judges, problem_of(ROW, 1), Written("Rain falls on us."))
    finally:
        judges.close()
    assert judged.outcome == "undecided"
    assert "lm_eval" in judged.reason


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    for name in instructions._NEEDED:
        pytest.importorskip(name, reason="IFEval's checks are optional: requirements-evals.txt")
    made = Judges(cast(Any, None), cast(Any, None))
    yield made
    made.close()


@pytest.mark.parametrize("name", KINDS)
def test_judge_knows_every_kind_of_instruction_of_the_data_set(judges, name):
    judged = judge(judges, of_kind(name), Written(KINDS[name]["follows"]))
    if "punkt_tab" in judged.reason:
        pytest.skip(judged.reason)
    assert judged.outcome == "correct", judged
    judged = judge(judges, of_kind(name), Written(KINDS[name]["breaks"]))
    assert (judged.outcome, judged.reason) == ("wrong", f"not followed: {name}")


def test_judge_wants_every_instruction_followed(judges):
    problem = of_kind("punctuation:no_comma", "detectable_format:title")
    judged = judge(judges, problem, Written("<<Rain>>\nIt falls, and falls."))
    assert (judged.outcome, judged.details["strict"]) == ("wrong", [False, True])


def test_judge_is_strict_and_tells_what_the_loose_check_says(judges):
    judged = judge(judges, of_kind("startend:end_checker"), Written("Rain. That is all.\n\nGoodbye"))
    assert (judged.outcome, judged.details) == ("wrong", {"strict": [False], "loose": [True]})


def test_judge_of_an_instruction_that_is_none_is_undecided(judges):
    row = ROW | {"instruction_id_list": ["punctuation:none", "x"], "kwargs": [{}, {}]}
    judged = judge(judges, problem_of(row, 1), Written("Rain."))
    assert judged.outcome == "undecided" and "punctuation:none" in judged.reason
