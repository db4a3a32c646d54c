"""A run goes on while its page is open, whatever the page looks at; and no longer."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.kept_runs import KeptRuns


@pytest.fixture
def runs(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setattr("model.live_run._ATTACH_SECONDS", 600.0)
    settings = replace(settings, detached_seconds=0.3)
    host = ModelHost(settings, ScriptedEngine([Turn("On {n}. ", "No.", repeat=3000)], tokens_per_second=400))
    runs = Runs(Store(settings.data_folder), host, settings)
    yield runs
    runs.close()
    host.close()
    runs.store.close()


def is_over_within(runs: Runs, run_id: str, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while runs.is_live(run_id) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not runs.is_live(run_id)


def left_alone(runs: Runs) -> str:
    """A run that a page has looked at and left."""
    run_id = runs.start("go")
    runs.attach(run_id).close()
    return run_id


def test_run_is_cancelled_when_nobody_keeps_it(runs: Runs) -> None:
    assert is_over_within(runs, left_alone(runs), 60.0)


def test_run_goes_on_while_its_page_is_open_and_ends_after_it_has_gone(runs: Runs) -> None:
    kept = KeptRuns(runs)
    run_id = runs.start("go")
    kept.keep("page", run_id)
    runs.attach(run_id).close()
    assert not is_over_within(runs, run_id, 1.5)
    kept.let_go("page")
    assert is_over_within(runs, run_id, 60.0)


def test_page_that_has_gone_already_keeps_nothing(runs: Runs) -> None:
    kept = KeptRuns(runs)
    run_id = runs.start("go")
    kept.let_go("page")
    kept.keep("page", run_id)
    assert kept.kept("page") == ()
    runs.stop(run_id)


def test_runs_that_have_ended_are_let_go(runs: Runs) -> None:
    kept = KeptRuns(runs)
    first, second = runs.start("one"), runs.start("two")
    kept.keep("page", first)
    kept.keep("page", second)
    assert kept.kept("page") == (first, second)
    runs.stop(first)
    assert is_over_within(runs, first, 60.0)
    kept.keep("page", "nosuchrun")
    assert kept.kept("page") == (second,)
    runs.stop(second)
