import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model.events import AnswerDelta, Branched, Event, ThinkingDelta
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.outlining import Outlining, steps_of
from ui.panes import Panes, update_all
from ui.revision import Revising

THOUGHT = Path(__file__).parent / "data" / "thinking" / "deepseek_r1_grid_order.txt"


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    turn = Turn(THOUGHT.read_text("utf-8").strip(), "Done.")
    settings = Settings(tmp_path)
    made = Runs(Store(tmp_path), ModelHost(settings, engine=ScriptedEngine([turn], tokens_per_second=50_000)), settings)
    yield made
    made.close()
    made.store.close()


def events_of(runs: Runs, run_id: str) -> list[Event]:
    follower = runs.attach(run_id)
    events = [event for batch in follower for event in batch]
    follower.close()
    while runs.is_live(run_id):
        time.sleep(0.01)
    return events


def thinking_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta))


def test_step_of_the_outline_is_gone_on_from_with_exactly_the_thinking_before_it(runs: Runs) -> None:
    # The outline comes from what the page shows, the thinking that is kept from the store.
    revising: Any = Revising(None, runs, str)  # type: ignore[arg-type]
    first = runs.start("Why?", budget=20_000)
    stored = events_of(runs, first)
    panes = update_all(Panes(), ((0.0, event) for event in stored))
    value = Outlining().value(panes)
    steps = steps_of(value)
    assert value["can_go_on"] and len(steps) >= 5
    start = steps[3][3]
    thinking = thinking_of(stored)
    assert 0 < start < len(thinking)

    to_follow = revising.on_fork(SimpleNamespace(character=start), first, "", first)[0]
    events = events_of(runs, to_follow)
    branched, kept = events[1:3]
    assert branched == Branched(first, "forked")
    assert isinstance(kept, ThinkingDelta) and kept.n_tokens == 0 and not kept.by_user
    assert kept.text == thinking[:start], "the thinking before the step, character for character"
    # It goes on from there: the script writes the same thing again.
    assert thinking_of(events) == thinking and any(isinstance(event, AnswerDelta) for event in events)
    assert runs.store.row(to_follow).thinking_tokens > 0


def test_step_that_is_not_in_the_thinking_is_refused(runs: Runs) -> None:
    revising: Any = Revising(None, runs, str)  # type: ignore[arg-type]
    first = runs.start("Why?")
    events_of(runs, first)
    *_, status = revising.on_fork(SimpleNamespace(character=10**9), first, "", first)
    assert status["is_refusal"] and "Give a place inside of it" in status["text"]
    assert len(runs.store.siblings(first)) == 1
