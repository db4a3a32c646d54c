"""A result's samples are judged once more: what has changed is added to the file, and nothing else."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals.benchmarks.benchmark import Judgement, Judges, Problem, Written
from evals.judge_again import judge_file_again
from evals.loaded_problems import Loaded
from evals.result_file import ResultWriter, read_result
from model.errors import BadInput
from tests.sums_benchmark import (
    PROBLEMS,
    SUMS,
    CountingEngine,
    judge_sum,
    load_sums,
    right_turns,
    runs_with,
    turn,
)


@pytest.fixture
def path(judges: Judges, tmp_path: Path) -> Path:
    runs = runs_with(CountingEngine([turn(2, "It is 7."), *right_turns()]), judges, tmp_path)
    name = runs.start("sums", samples=2)
    assert runs.wait(name, 120).phase == "done"
    return runs.result(name).path


def lenient(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """Takes seven for four."""
    found = judge_sum(judges, problem, written)
    return replace(found, outcome="correct") if found.answer == "7" else found


def load_lenient(name: str, source: str) -> Loaded:
    return Loaded(replace(SUMS, judge=lenient), PROBLEMS, {"source": "sample", "sha256": "0"})


def test_judging_again_adds_nothing_when_the_judge_says_the_same(judges: Judges, path: Path):
    before = path.read_bytes()
    assert judge_file_again(path, judges, load_sums) == []
    assert path.read_bytes() == before


def test_judging_again_adds_what_another_judge_says(judges: Judges, path: Path):
    before = path.read_bytes()
    changed = judge_file_again(path, judges, load_lenient)
    assert {each.now.key for each in changed} == {("sum-2", 0), ("sum-2", 1)}
    assert all(each.before and each.before.outcome == "wrong" and each.is_other_outcome for each in changed)
    assert path.read_bytes().startswith(before)
    result = read_result(path)
    assert all(judged.outcome == "correct" for judged in result.judgements.values()) and result.is_done


def test_judging_again_judges_what_was_written_before_a_kill(judges: Judges, path: Path):
    kept = [line for line in path.read_text("utf-8").splitlines() if json.loads(line)["type"] != "judgement"]
    path.write_text("\n".join(kept) + "\n", "utf-8")
    changed = judge_file_again(path, judges, load_sums)
    assert len(changed) == 12 and all(each.before is None for each in changed)
    assert read_result(path).is_done


def test_judging_again_needs_the_same_problems_and_a_file_that_nobody_writes(judges: Judges, path: Path):
    others = [replace(problem, gold="1") for problem in PROBLEMS]
    with pytest.raises(BadInput, match="has changed"):
        judge_file_again(path, judges, lambda *_: load_sums("sums", "")._replace(problems=others))
    with contextlib.closing(ResultWriter(path)), pytest.raises(BadInput, match="Another process"):
        judge_file_again(path, judges, load_sums)
