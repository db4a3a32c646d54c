"""BFCL's form as a benchmark: its rows from a folder, calls judged."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from evals.benchmarks.benchmark import HubData, Judges, Problem, Written
from evals.benchmarks.bfcl import BFCL
from evals.benchmarks.sources import rows_of
from model.errors import BadInput

FOUND = rows_of(BFCL, "sample")
PROBLEMS = {problem.id: problem for problem in BFCL.problems_of(FOUND.rows)}
# Its judge asks no verifier.
NO_JUDGES = cast(Judges, None)


def outcome(name: str, *calls: tuple[str, dict[str, Any]], answer: str = "") -> tuple[str, str]:
    written = Written(answer, calls=tuple((called, json.dumps(arguments)) for called, arguments in calls))
    judged = BFCL.judge(NO_JUDGES, PROBLEMS[name], written)
    return judged.outcome, judged.reason


def test_problems_offer_the_functions_as_tools():
    assert len(PROBLEMS) == 40 and FOUND.note.endswith(
        "problems of our own in BFCL's form, which are easier than its own."
    )
    problem = PROBLEMS["parallel_3"]
    assert problem.title == "parallel: Start timers for 5, 10 and 20 minutes."
    assert problem.tools[0]["function"]["parameters"]["type"] == "object"
    assert json.loads(json.dumps(problem.gold)) == problem.gold


def test_a_folder_and_the_files_of_the_hub_are_read_with_their_right_calls():
    assert BFCL.sample is not None and BFCL.hub is not None
    fetched = replace(BFCL, hub=HubData(str(BFCL.sample), files=BFCL.hub.files))
    for found in (rows_of(BFCL, str(BFCL.sample)), rows_of(fetched, "hub")):
        assert [problem.id for problem in BFCL.problems_of(found.rows)] == list(PROBLEMS)


def test_judge_compares_the_calls():
    timers = [("start_timer", {"minutes": n}) for n in (20, 5, 10)]
    assert outcome("parallel_3", *timers) == ("correct", "the 3 right calls")
    assert outcome("parallel_3", *timers[:2]) == ("wrong", "2 calls, not 3")
    assert outcome("parallel_3", answer="I would start three timers.") == ("wrong", "0 calls, not 3")


def test_judge_wants_an_answer_where_no_call_is_wanted():
    assert outcome("irrelevance_0", answer="I cannot.") == ("correct", "no call, as wanted")
    assert outcome("irrelevance_0") == ("undecided", "neither a call nor an answer")
    assert outcome("irrelevance_0", ("f", {}))[0] == "wrong"


def test_judge_takes_calls_that_are_no_json_for_wrong():
    problem: Problem = PROBLEMS["parallel_3"]
    assert BFCL.judge(NO_JUDGES, problem, Written("", calls=(("start_timer", "{"),))).outcome == "wrong"


def test_problems_of_say_which_row_is_in_another_form():
    with pytest.raises(BadInput, match="Row 1: KeyError"):
        BFCL.problems_of([{"id": "simple_0", "question": "?"}])
