import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest

from model.engine import collect
from model.host import ModelHost
from model.runs import Runs
from model.samples import start_samples
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from ui.kept_runs import KeptRuns
from ui.samples import Samples

TURNS = [
    # Some 2 s of thinking: longer than the tests' runs may go on unread.
    Turn("One step, number {n}.\n\n", "At last.", match="slow", repeat=40),
    Turn("One step, number {n}.\n\n", "At last.", match="endless", repeat=4000),
    Turn("Two.", "4."),
]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    monkeypatch.setattr("model.live_run._ATTACH_SECONDS", 600.0)
    settings = Settings(tmp_path, detached_seconds=0.0, max_runs=4)
    made = Runs(Store(tmp_path), ModelHost(settings, engine=ScriptedEngine(TURNS, tokens_per_second=200)), settings)
    yield made
    made.close()
    made.store.close()


def ended(runs: Runs, question: str) -> str:
    run_id = runs.start(question)
    follower = runs.attach(run_id)
    if question != "quick":
        runs.stop(run_id)
    for _ in follower:
        pass
    follower.close()
    while runs.is_live(run_id):
        time.sleep(0.01)
    return run_id


def page(name: str) -> Any:
    return SimpleNamespace(session_hash=name)


def reason_of(runs: Runs, run_id: str) -> str:
    finished = collect(runs.store.events(run_id)).finished
    assert finished
    return finished.reason


def test_samples_that_nobody_looks_at_go_on_to_their_end_while_the_page_is_there(runs: Runs):
    kept = KeptRuns(runs)
    samples = Samples(runs, kept, str)
    started = start_samples(runs, ended(runs, "slow"), 2)

    async def words_on_the_page() -> list[str]:
        said: list[str] = []
        async for words in samples.on_beside(f"{started[0]}/1", page("a")):
            if not said:
                # The first one is read where the page follows it.
                assert kept.kept("a") == (started[1],)
                runs.attach(started[1]).close()
            said.append(words)
        return said

    words = asyncio.run(words_on_the_page())
    assert words[0] == "1 other goes on" and words[-1] == ""
    assert reason_of(runs, started[1]) == "stop"


def test_samples_are_no_longer_kept_when_the_page_has_gone(runs: Runs):
    kept = KeptRuns(runs)
    samples = Samples(runs, kept, str)
    started = start_samples(runs, ended(runs, "endless"), 2)

    async def leave_soon() -> None:
        beside = samples.on_beside(f"{started[0]}/1", page("a"))
        await anext(beside)
        kept.let_go("a")
        await beside.aclose()

    asyncio.run(leave_soon())
    deadline = time.monotonic() + 60
    while runs.is_live(started[1]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert reason_of(runs, started[1]) == "stopped"


def test_count_of_a_page_goes_over_to_the_run_that_it_shows_next_and_only_one_stream_writes(runs: Runs):
    samples = Samples(runs, KeptRuns(runs), str)
    started = start_samples(runs, ended(runs, "endless"), 3)
    alone = ended(runs, "quick")

    async def turn_to_others() -> list[Any]:
        first = samples.on_beside(f"{started[0]}/1", page("a"))
        words = [await anext(first)]
        # A page beside it has a count of its own.
        other = samples.on_beside(f"{started[0]}/2", page("b"))
        words.append(await anext(other))
        await other.aclose()
        runs.stop(started[2])
        while runs.is_live(started[2]):
            await asyncio.sleep(0.01)
        for number, run_id in enumerate((started[1], alone), 3):
            second = samples.on_beside(f"{run_id}/{number}", page("a"))
            # What a stream writes last is written once more when it ends, so this one may write nothing.
            assert [each async for each in second] == [gr.skip()]
            words.append(await anext(first))
        return words + [each async for each in first]

    assert asyncio.run(turn_to_others()) == ["2 others go on", "2 others go on", "1 other goes on", ""]


def test_page_whose_count_is_over_is_counted_for_again(runs: Runs):
    samples = Samples(runs, KeptRuns(runs), str)

    async def words_of(run_id: str) -> list[Any]:
        return [each async for each in samples.on_beside(f"{run_id}/1", page("a"))]

    quick = ended(runs, "quick")
    assert asyncio.run(words_of(quick)) == asyncio.run(words_of(quick)) == [""]


def test_start_follows_the_first_sample(runs: Runs):
    samples = Samples(runs, KeptRuns(runs), lambda run_id: f"follow {run_id}")
    first = ended(runs, "quick")
    to_follow, _ = samples.on_start(first, "", 3)
    assert to_follow == f"follow {[row.id for row in runs.store.siblings(first)][1]}"


def test_start_that_is_refused_says_why_and_leaves_the_page_as_it_is(runs: Runs):
    samples = Samples(runs, KeptRuns(runs), str)
    to_follow, status = samples.on_start(ended(runs, "quick"), "", 5)
    assert status["is_refusal"] and "there is room for 4" in status["text"]
    assert not isinstance(to_follow, str)
