"""System clocks that are set in mid-run: no run ends early, nothing takes negative time, the order stays."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from model.engine import collect
from model.events import Asked, Finished
from model.host import ModelHost
from model.limits import Limits
from model.run_clock import RunClock, unix_clock
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from tests.followed_runs import read_all
from ui.panes import Panes, update_all

DAY_SECONDS = 86_400.0
JUMPS = pytest.mark.parametrize("jump", [DAY_SECONDS, -DAY_SECONDS], ids=["a day forward", "a day back"])


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Sets the system's clock, as far as Python sees it."""
    wall, wall_ns = time.time, time.time_ns

    def set_by(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: wall() + seconds)
        monkeypatch.setattr(time, "time_ns", lambda: wall_ns() + int(seconds * 1e9))

    yield set_by
    monkeypatch.undo()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    settings = Settings(tmp_path, run_seconds=60.0, detached_seconds=30.0)
    engine = ScriptedEngine([Turn("Step {n}.\n\n", "Yes.", repeat=60)], tokens_per_second=150)
    made = Runs(Store(tmp_path), ModelHost(settings, engine=engine), settings)
    yield made
    made.close()
    made.store.close()


@JUMPS
def test_a_run_during_which_the_clock_is_set_ends_by_itself_and_its_times_are_those_it_took(runs, set_clock, jump):
    began = time.monotonic()
    run_id = runs.start("?")
    while not (runs.tokens(run_id) or (0, 0))[0]:
        time.sleep(0.01)
    set_clock(jump)
    whole = collect(read_all(runs, run_id))
    took = time.monotonic() - began
    assert whole.finished is not None
    assert whole.finished.reason == "stop"
    assert 0.0 <= whole.finished.seconds <= took
    times = [at_ms for at_ms, _ in runs.store.timed_events(run_id)]
    assert times == sorted(times)
    assert times[-1] - times[0] <= 1000 * took + 5
    panes = update_all(Panes(), [(at_ms / 1000, event) for at_ms, event in runs.store.timed_events(run_id)])
    assert 0.0 <= panes.thinking_pace.ended_seconds <= took


@JUMPS
def test_history_stays_in_the_order_of_its_runs_when_the_clock_is_set_between_them(runs, set_clock, jump):
    started = []
    for shift in (0.0, jump, 0.0, jump):
        set_clock(shift)
        started.append(runs.start("?", budget="off"))
        read_all(runs, started[-1])
    assert [row.id for row in runs.store.rows()] == started[::-1]
    assert all(row.updated_at >= row.created_at for row in runs.store.rows())


def test_a_run_that_goes_on_later_does_so_at_the_time_that_is_then():
    now = {"wall": 1000.0, "steady": 0.0}
    clock = RunClock(lambda: now["wall"], lambda: now["steady"])
    assert clock.now_ms("a") == 1_000_000
    now.update(wall=1000.0 + DAY_SECONDS + 1, steady=1.0)
    assert clock.now_ms("a") == 1_001_000
    assert clock.now_ms("b") == 1_001_000 + 86_400_000
    clock.forget("a")
    assert clock.now_ms("a") == 1_001_000 + 86_400_000
    now.update(wall=1002.0, steady=2.0)
    assert clock.now_ms("c") > clock.now_ms("b") - 1


@JUMPS
def test_limits_per_hour_neither_open_nor_lock_when_the_clock_is_set(tmp_path, set_clock, jump):
    settings = Settings(tmp_path, user_requests_per_hour=2)
    limits = Limits(settings)
    limits.begun("user:a")
    limits.begun("user:a")
    refused = pytest.raises(Exception, match="2")
    with refused:
        limits.check("user:a", 1, [], 0, 1)
    set_clock(jump)
    with pytest.raises(Exception, match="2"):
        limits.check("user:a", 1, [], 0, 1)
    other = Limits(settings)
    other.check("user:a", 1, [], 0, 1)


@JUMPS
def test_the_unix_clock_of_a_process_takes_no_part_in_jumps(set_clock, jump):
    clock = unix_clock()
    before = clock()
    set_clock(jump)
    assert 0.0 <= clock() - before < 60.0


def test_runs_that_were_stored_ahead_of_the_clock_stay_readable(tmp_path, set_clock):
    set_clock(DAY_SECONDS)
    with closing(Store(tmp_path)) as store:
        store.create("a", Asked("?"))
        store.append("a", [Finished("stop")])
    set_clock(0.0)
    with closing(Store(tmp_path)) as store:
        store.create("b", Asked("?"))
        store.append("b", [Finished("stop")])
        assert {row.id for row in store.rows()} == {"a", "b"}
        assert all(row.state == "finished" for row in store.rows())
