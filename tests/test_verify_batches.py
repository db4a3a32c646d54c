"""Many problems over a scripted engine: every one gets its row, whatever becomes of the others."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.errors import BadInput
from model.runs import Runs
from model.scripted import Turn
from tests.scripted_solves import MakeSolves, boxed, solves_maker
from verify.batches import Batch, BatchSettings, Row, counts_of
from verify.math_answer import MathJudge
from verify.problem_files import GivenProblem
from verify.solving import Solves


@pytest.fixture(scope="module")
def judge() -> Iterator[MathJudge]:
    with MathJudge(1) as judge:
        yield judge


@pytest.fixture
def make_solves(tmp_path: Path, judge: MathJudge) -> Iterator[MakeSolves]:
    with solves_maker(tmp_path, judge) as make:
        yield make


def ended(batch: Batch, seconds: float = 120.0) -> tuple[Row, ...]:
    deadline = time.monotonic() + seconds
    while batch.is_live and time.monotonic() < deadline:
        assert len(batch.rows) > 0
        threading.Event().wait(0.02)
    assert not batch.is_live
    return batch.rows


def batch_of(made: tuple[Solves, Runs], *problems: GivenProblem, **settings: Any) -> Batch:
    return Batch(*made, problems, BatchSettings(**settings))


def test_every_problem_gets_its_own_row_in_order(make_solves: MakeSolves):
    made = make_solves(Turn("Hm.", "\\boxed{5}", match="five"), boxed("4"))
    problems = [GivenProblem(str(n), "five" if n % 2 else "four", "4") for n in range(8)]
    rows = ended(batch_of(made, *problems))
    assert [(row.id, row.state, row.checked) for row in rows] == [
        (str(n), "done", "wrong" if n % 2 else "correct") for n in range(8)
    ]
    assert counts_of(rows) | {"correct": 4, "wrong": 4, "done": 8, "total": 8} == counts_of(rows)
    assert len({row.run_id for row in rows}) == 8


def test_one_that_cannot_be_asked_does_not_end_the_others(make_solves: MakeSolves):
    made = make_solves(boxed("4", times=2))
    rows = ended(batch_of(made, *[GivenProblem(str(n), "2+2?", "4") for n in range(3)]))
    # The script has no third turn: the engine fails, and so does that row, with the engine's own words kept in its run.
    assert sorted(row.checked for row in rows) == ["correct", "correct", "undecided"]


def test_stop_ends_what_goes_on_and_says_so_in_its_rows(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4", steps=5000), tokens_per_second=50, max_runs=2)
    batch = batch_of((solves, runs), *[GivenProblem(str(n), "2+2?") for n in range(5)])
    while len(runs.live_runs()) < 2:
        threading.Event().wait(0.01)
    batch.stop()
    rows = ended(batch)
    assert [row.state for row in rows] == ["failed", "failed", "waiting", "waiting", "waiting"]
    assert "stopped" in rows[0].reason and not runs.live_runs()


def test_batch_that_nobody_reads_is_stopped(make_solves: MakeSolves):
    solves, runs = make_solves(boxed("4", steps=5000), tokens_per_second=50, max_runs=2, detached_seconds=0.5)
    batch = batch_of((solves, runs), GivenProblem("1", "2+2?"))
    deadline = time.monotonic() + 60
    while batch.is_live and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert batch.is_stopped and not runs.live_runs()


def test_several_chains_vote_on_each_problem(make_solves: MakeSolves):
    rows = ended(batch_of(make_solves(boxed("4")), GivenProblem("1", "2+2?", "4"), k=3))
    assert rows[0].vote.startswith(("2 of 2", "3 of 3")) and rows[0].checked == "correct"


def test_batch_of_nothing_is_refused(make_solves: MakeSolves):
    with pytest.raises(BadInput, match="no problem"):
        batch_of(make_solves(boxed("4")))
