"""Problems of our own in LiveCodeBench's form, their private tests packed as it packs them."""

import base64
import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from evals.benchmarks.benchmark import Judgement, Judges, Problem, Written
from evals.benchmarks.livecodebench import (
    LIVECODEBENCH,
    LIVECODEBENCH_RELEASES,
    ONLY_PUBLIC,
    problems_of,
    public_and_private,
)
from evals.benchmarks.row_files import read_rows
from evals.benchmarks.sources import rows_of
from evals.code_benchmarks_judged import FORM
from evals.loaded_problems import load_problems
from evals.published import difference, published_for
from model.errors import BadInput

ROWS = {row["question_id"]: row for row in read_rows(FORM)}


def problem(name: str, **changes: Any) -> Problem:
    return problems_of([ROWS[name] | changes])[0]


def judged(judges: Judges, asked: Problem, source: str, is_strict: bool = True) -> Judgement:
    return LIVECODEBENCH.judge(judges, asked, Written(f"```python\n{source}\n```\n", is_strict=is_strict))


def test_the_window_of_the_published_figure_leaves_out_what_is_later():
    named = [each.id for each in LIVECODEBENCH.problems_of(list(ROWS.values()))]
    assert len(named) == 7 and "last-month" not in named
    assert len(LIVECODEBENCH_RELEASES[5].problems_of(list(ROWS.values()))) == 8
    assert (LIVECODEBENCH.samples, LIVECODEBENCH_RELEASES[5].about[:5]) == (8, "1,055")
    with pytest.raises(BadInput, match="None of the 1 rows is of a contest from 2024-08-01 to 2025-02-01"):
        LIVECODEBENCH.problems_of([ROWS["last-month"]])


def test_a_problem_that_comes_twice_is_asked_once():
    assert len(problems_of([ROWS["pair-up"], ROWS["pair-up"]])) == 1


def test_the_prompt_asks_for_input_or_gives_the_starter_code():
    reads, calls = (problem(name).messages[0].content for name in ("ring-walk", "pair-up"))
    assert "Question: A ring has N fields" in reads and reads.endswith("```python\n# YOUR CODE HERE\n```\n\n")
    assert calls.endswith("delimiters.\n```python\n" + ROWS["pair-up"]["starter_code"] + "\n```\n\n")


def test_the_tests_are_the_public_and_behind_them_the_private_ones():
    tests = public_and_private(problem("mean-of-best").gold)
    assert (tests.form, tests.entry_point, len(tests.cases)) == ("calls", "meanOfBest", 4)
    assert [case.stdin for case in public_and_private(problem("mirror-words").gold).cases][0] == "2\nabc\nno\n"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ROWS)
def test_judge_tells_right_from_wrong_programs(judges: Judges, name: str):
    asked = problem(name)
    for source in ROWS[name]["right"]:
        assert judged(judges, asked, source, is_strict=False).outcome == "correct", source
    for source in ROWS[name]["wrong"]:
        if "for _ in range(k)" not in source:  # one that takes too long; it is measured, not tested
            assert judged(judges, asked, source).outcome == "wrong", source


def test_judge_says_where_there_are_no_private_tests(judges: Judges):
    asked = problem("largest-gap", private_test_cases="[]")
    found = judged(judges, asked, "print(6)")
    assert (found.outcome, found.details["only_public_tests"]) == ("correct", True) and ONLY_PUBLIC in found.reason
    assert judged(judges, asked, "print(7)").reason.startswith("fails test 1 of 1")


def test_a_result_says_where_problems_have_no_private_tests(tmp_path: Path):
    lines = [json.dumps(ROWS[name]) for name in ("ring-walk", "pair-up")]
    (tmp_path / "livecodebench.jsonl").write_text("\n".join(lines), "utf-8")
    assert "remark" not in load_problems("livecodebench", str(tmp_path)).data
    public = json.dumps(ROWS["largest-gap"] | {"private_test_cases": "[]"})
    (tmp_path / "livecodebench.jsonl").write_text("\n".join([*lines, public]), "utf-8")
    data = load_problems("livecodebench", str(tmp_path)).data
    assert data["remark"] == "1 of 3 problems are judged by their public tests alone"
    head = {"benchmark": "livecodebench", "problems": [], "samples": 8, "profile": "published", "data": data}
    figure = published_for("livecodebench", "qwq-32b")[0]
    assert f"here, {data['remark']}" in difference(head | {"sampling": {}, "budget": None}, figure)


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


def test_judge_runs_nothing_of_a_pickle(judges: Judges, tmp_path: Path):
    made = tmp_path / "made"
    packed = base64.b64encode(zlib.compress(pickle.dumps(Hostile(made)))).decode()
    found = judged(judges, problem("ring-walk", private_test_cases=packed), "print(2)")
    assert found.outcome == "undecided" and found.reason.startswith("the tests cannot be read")
    assert not made.exists()


def test_rows_of_a_folder_are_those_of_all_its_files(tmp_path: Path):
    with pytest.raises(BadInput, match=r"livecodebench\*\.jsonl"):
        rows_of(LIVECODEBENCH, str(tmp_path))
    for name in ("test3.jsonl", "test4.jsonl", "test5.jsonl"):
        (tmp_path / name).write_text(json.dumps(ROWS["ring-walk"] | {"question_id": name}) + "\n", "utf-8")
    found = rows_of(LIVECODEBENCH, str(tmp_path))
    assert [row["question_id"] for row in found.rows] == ["test3.jsonl", "test4.jsonl", "test5.jsonl"]
    (tmp_path / "livecodebench_some.jsonl").write_text(json.dumps(ROWS["pair-up"]) + "\n", "utf-8")
    assert rows_of(LIVECODEBENCH, str(tmp_path)).origin == "livecodebench_some.jsonl"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"contest_date": "some day"}, "Row 1: contest_date is no date"),
        ({"question_content": ""}, "no text in the column 'question_content'"),
        ({"public_test_cases": None}, "Row 1, pair-up: there are no public_test_cases"),
    ],
)
def test_problems_of_say_which_row_is_in_another_form(change: dict[str, Any], words: str):
    with pytest.raises(BadInput, match=words):
        problems_of([ROWS["pair-up"] | change])
