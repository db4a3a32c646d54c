"""What a pane asks for its text: everything comes once, whoever else asks, in whatever parts."""

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model.engine import collect
from model.events import Event, ThinkingDelta
from model.host import ModelHost
from model.pacing import Pace
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from model.tool_events import ToolCall, ToolResult
from ui.growing import Growing
from ui.live_tint import utf16_units

THOUGHT = "Step {n}: 🙂 we try 𝑥 = 17, 再检查一遍。\n\n"
TURNS = [
    Turn("So be it.", "Done.", match="short"),
    Turn("", "No thinking at all, and an answer of some length." * 40, match="none"),
    Turn(THOUGHT, "Done.", repeat=200),
]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    settings = Settings(tmp_path)
    made = Runs(Store(tmp_path), ModelHost(settings, engine=ScriptedEngine(TURNS, tokens_per_second=700)), settings)
    yield made
    made.close()
    made.store.close()


async def read_until(
    growing: Growing, run_id: str, seed: int, is_enough: Callable[[str], bool], shown: str = ""
) -> str:
    """What a pane has in the end that asks at odd times."""
    draw = random.Random(seed)
    while not is_enough(shown):
        told = await growing.grown({"run": run_id, "units": utf16_units(shown)})
        assert not told["is_over"], "the run was to wait for its readers"
        shown += told["text"]
        await asyncio.sleep(draw.random() / 20)
    return shown


def test_panes_that_ask_at_odd_times_get_every_character_once(runs: Runs) -> None:
    async def read() -> list[str]:
        run_id = runs.start("Why?")
        growing = Growing(runs)
        late = "".join(THOUGHT.replace("{n}", str(n)) for n in (1, 2))[:9]
        # The run is held before its end, so that a reader who is slow misses nothing of it.
        held: list[str] = []

        async def hold() -> None:
            while len(collect(runs.store.events(run_id)).thinking) < 1500:
                await asyncio.sleep(0.01)
            runs.pause(run_id)
            thinking = ""
            while thinking != (thinking := collect(runs.store.events(run_id)).thinking):
                await asyncio.sleep(0.5)
            held.append(thinking)

        def is_enough(shown: str) -> bool:
            return bool(held) and len(shown) >= len(held[0])

        asked = [read_until(growing, run_id, seed, is_enough) for seed in (1, 2)]
        # One that has had the beginning from elsewhere, cut within what others got as one piece.
        asked += [read_until(growing, run_id, 3, is_enough, late)]
        texts, _ = await asyncio.gather(asyncio.gather(*asked), hold())
        return [*texts, collect(runs.store.events(run_id)).thinking]

    *texts, whole = asyncio.run(read())
    assert len(whole) >= 1500 and texts == [whole] * 3


def test_run_that_is_over_or_unknown_is_said_to_be_over_at_once(runs: Runs) -> None:
    run_id = runs.start("short")
    while runs.is_live(run_id):
        threading.Event().wait(0.01)
    for asked in (run_id, "nowhere"):
        assert asyncio.run(Growing(runs).grown({"run": asked, "units": 0})) == {"text": "", "is_over": True}


def test_request_waits_while_nothing_comes_and_nothing_is_kept_of_what_has_ended(runs: Runs) -> None:
    growing = Growing(runs)
    run_id = runs.start("none")
    told = asyncio.run(growing.grown({"run": run_id, "units": 0}))
    assert told["text"] == ""
    while runs.is_live(run_id):
        threading.Event().wait(0.01)
    asyncio.run(growing.grown({"run": run_id, "units": 0}))
    assert growing._known == {}


class Told:
    """A live run of which as many events are known as a test says."""

    pace = Pace(lambda: 1)

    def __init__(self, events: list[Event]) -> None:
        self.events = events

    def events_so_far(self, run_id: str, from_event: int) -> list[Event]:
        return self.events[from_event:]

    def is_live(self, run_id: str) -> bool:
        return True


def test_pane_of_a_step_gets_its_text_alone_and_is_told_when_another_step_has_begun() -> None:
    told = Told([ThinkingDelta("First 🙂.", 3), ToolCall("a", "calculate", "{}"), ToolResult("a", "4")])
    growing = Growing(told)  # type: ignore[arg-type]

    def grown(step: int, units: int) -> dict[str, Any]:
        return asyncio.run(growing.grown({"run": "r", "units": units, "step": step}))

    assert grown(0, 0) == {"text": "First 🙂.", "is_over": False}
    told.events += [ThinkingDelta("Second", 1)]
    assert grown(0, 0) == {"text": "First 🙂.", "is_over": True}
    assert grown(0, utf16_units("First 🙂.")) == {"text": "", "is_over": True}
    assert grown(1, utf16_units("Sec")) == {"text": "ond", "is_over": False}
