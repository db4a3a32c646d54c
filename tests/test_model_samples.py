import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model.branching import Branch
from model.engine import collect
from model.errors import BadInput, RunBusy, RunNotFound, TooManyRuns
from model.events import Asked, Branched, Event, Sampling
from model.host import ModelHost
from model.runs import Runs
from model.samples import start_samples
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store

SLOW = Turn("One step after the other, number {n}.\n\n", "At last.", match="slow", repeat=2000)
QUICK = Turn("Two and two.", "Four.")


@pytest.fixture
def make_runs(tmp_path: Path) -> Iterator[Callable[..., Runs]]:
    made: list[Runs] = []

    def make(**fields: object) -> Runs:
        settings = Settings(tmp_path, **fields)  # type: ignore[arg-type]
        host = ModelHost(settings, engine=ScriptedEngine([SLOW, QUICK], tokens_per_second=400))
        made.append(Runs(Store(tmp_path), host, settings))
        return made[-1]

    yield make
    for runs in made:
        runs.close()
        runs.store.close()


def ended(runs: Runs, question: str = "2+2?", sampling: Sampling | None = None) -> str:
    run_id = runs.start(question, sampling=sampling)
    if question == "slow":
        runs.stop(run_id)
    read_all(runs, run_id)
    return run_id


def read_all(runs: Runs, run_id: str) -> list[Event]:
    follower = runs.attach(run_id)
    events = [event for batch in follower for event in batch]
    follower.close()
    while runs.is_live(run_id):
        threading.Event().wait(0.01)
    return events


def asked(runs: Runs, run_id: str) -> Asked:
    first = runs.store.events(run_id, 0, 1)[0]
    assert isinstance(first, Asked)
    return first


def test_samples_run_at_once_as_branches_of_the_run_with_its_settings(make_runs: Callable[..., Runs]):
    runs = make_runs()
    first = ended(runs, "slow", Sampling(temperature=0.9))
    started = start_samples(runs, first, 3)
    assert set(started) <= set(runs.live_runs()) and len(set(started)) == 3
    assert [row.id for row in runs.store.siblings(first)] == [first, *started]
    for run_id in started:
        assert asked(runs, run_id).sampling == Sampling(temperature=0.9)
        assert runs.store.events(run_id)[1] == Branched(first, "regenerated")
        runs.stop(run_id)


def test_samples_each_write_an_answer(make_runs: Callable[..., Runs]):
    runs = make_runs()
    started = start_samples(runs, ended(runs), 2)
    assert [collect(read_all(runs, run_id)).answer for run_id in started] == ["Four.", "Four."]


def test_samples_of_a_run_with_a_seed_have_the_seeds_after_it(make_runs: Callable[..., Runs]):
    runs = make_runs()
    started = start_samples(runs, ended(runs, sampling=Sampling(seed=2**63 - 2)), 3)
    assert [asked(runs, run_id).sampling.seed for run_id in started] == [2**63 - 1, 0, 1]


@pytest.mark.parametrize("k", [1, 9, 0, -1])
def test_samples_are_from_2_to_8(make_runs: Callable[..., Runs], k: int):
    runs = make_runs()
    with pytest.raises(BadInput, match=f"{k} samples were asked for; give a number from 2 to 8"):
        start_samples(runs, ended(runs), k)


@pytest.mark.parametrize("sampling", [Sampling(temperature=0.0), Sampling(top_k=1)])
def test_samples_of_a_greedy_run_are_refused_because_they_would_be_the_same(
    make_runs: Callable[..., Runs], sampling: Sampling
):
    runs = make_runs()
    with pytest.raises(BadInput, match="drawn greedily"):
        start_samples(runs, ended(runs, sampling=sampling), 2)


def test_samples_are_all_started_or_none(make_runs: Callable[..., Runs]):
    runs = make_runs(max_runs=3)
    first = ended(runs, "slow")
    other = runs.start("slow")
    with pytest.raises(TooManyRuns, match="3 runs were asked for and there is room for 2: 1 are going on"):
        start_samples(runs, first, 3)
    assert runs.live_runs() == (other,)
    assert len(start_samples(runs, first, 2)) == 2


def test_samples_that_began_are_stopped_when_the_room_was_taken_meanwhile(
    make_runs: Callable[..., Runs], monkeypatch: pytest.MonkeyPatch
):
    runs = make_runs(max_runs=3)
    first = ended(runs, "slow")
    branch, begun = runs.branch, []

    def branch_while_others_ask(run_id: str, how: Branch, **rest: object) -> str:
        begun.append(branch(run_id, how, **rest))  # type: ignore[arg-type]
        if len(begun) == 1:
            runs.start("slow")
        return begun[-1]

    monkeypatch.setattr(runs, "branch", branch_while_others_ask)
    with pytest.raises(TooManyRuns, match="3 runs are going on or waiting and the limit is 3"):
        start_samples(runs, first, 3)
    reasons = [collect(read_all(runs, run_id)).finished for run_id in begun]
    assert len(begun) == 2 and all(finished and finished.reason == "stopped" for finished in reasons)


def test_samples_need_a_run_that_has_ended(make_runs: Callable[..., Runs]):
    runs = make_runs()
    with pytest.raises(RunBusy):
        start_samples(runs, runs.start("slow"), 2)
    with pytest.raises(RunNotFound):
        start_samples(runs, "nobody", 2)
