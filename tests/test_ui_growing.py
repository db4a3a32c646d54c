"""What a pane asks for its text: everything comes once, whoever else asks, in whatever parts."""

import asyncio
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.engine import collect
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.growing import Growing
from ui.live_tint import utf16_units

THOUGHT = "Step {n}: 🙂 we try 𝑥 = 17, 再检查一遍。\n\n"
TURNS = [
    Turn("So be it.", "Done.", match="short"),
    Turn("", "No thinking at all, and an answer of some length." * 40, match="none"),
    Turn(THOUGHT, "Done.", repeat=60),
]


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    settings = Settings(tmp_path)
    made = Runs(Store(tmp_path), ModelHost(settings, engine=ScriptedEngine(TURNS, tokens_per_second=700)), settings)
    yield made
    made.close()
    made.store.close()


async def read_to_the_end(growing: Growing, run_id: str, seed: int, shown: str = "") -> str:
    """What a pane has in the end that asks at odd times."""
    draw = random.Random(seed)
    while True:
        told = await growing.grown({"run": run_id, "units": utf16_units(shown)})
        shown += told["text"]
        if told["is_over"]:
            return shown
        await asyncio.sleep(draw.random() / 20)


def test_panes_that_ask_at_odd_times_get_every_character_once(runs: Runs) -> None:
    async def read() -> list[str]:
        run_id = runs.start("Why?")
        growing = Growing(runs)
        late = "".join(THOUGHT.replace("{n}", str(n)) for n in (1, 2))[:9]
        asked = [read_to_the_end(growing, run_id, 1), read_to_the_end(growing, run_id, 2)]
        # One that has had the beginning from elsewhere, cut within what others got as one piece.
        texts = await asyncio.gather(*asked, read_to_the_end(growing, run_id, 3, late))
        return [*texts, collect(runs.store.events(run_id)).thinking]

    *texts, whole = asyncio.run(read())
    # The last piece may come with the run's end, which the pane is told by its next value.
    assert len(whole) > 1500 and all(whole.startswith(text) and len(text) > 0.9 * len(whole) for text in texts)


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
