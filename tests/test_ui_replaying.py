"""A run played again: as it came, at any speed, held and stopped, with what its user did."""

import asyncio
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from model.events import AnswerDelta, Asked, Event, Finished, Steered, ThinkingDelta
from model.host import HostStatus, ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from model.stored_runs import ImportedRun
from ui.panes import Panes
from ui.replaying import LONGEST_GAP_SECONDS, Replay, Replays, places_of, replay_value
from ui.sentences import status_value

READY = HostStatus("ready", "m", "bf16", "m is ready.")
EVENTS: list[tuple[int, Event]] = [
    (0, Asked("Why?")),
    (200, ThinkingDelta("One. ", 2)),
    (400, Steered("pause")),
    (60_000, Steered("hint", text="Look left.")),
    (60_100, ThinkingDelta("Two. ", 2)),
    (60_200, Steered("answer_now")),
    (60_400, AnswerDelta("Because.", 2)),
    (60_500, Finished("stop", 3, 4, 2, 1.0)),
]


@pytest.fixture
def runs(settings: Settings) -> Iterator[Runs]:
    host = ModelHost(settings, ScriptedEngine([Turn("On {n}. ", "No.", repeat=3000)], tokens_per_second=400))
    runs = Runs(Store(settings.data_folder), host, settings)
    runs.store.insert([ImportedRun("r", None, "", 1000.0, [(1_000_000 + ms, event) for ms, event in EVENTS])])
    yield runs
    runs.close()
    host.close()
    runs.store.close()


def request(session: str = "s") -> Any:
    return SimpleNamespace(session_hash=session)


async def played(replays: Replays, speed: str, session: str = "s") -> tuple[list[Panes], Replay]:
    replay = replays.begin(session, f"r/1/{speed}")
    assert replay is not None
    return [panes async for panes in replays.watch(session, "r", replay)], replay


def test_gaps_are_kept_but_no_longer_than_two_seconds() -> None:
    assert places_of(EVENTS) == pytest.approx([0, 0.2, 0.4, 2.4, 2.5, 2.6, 2.8, 2.9])
    assert places_of([(5000, Asked("?")), (4000, Finished("stop"))]) == [0.0, 0.0]
    assert LONGEST_GAP_SECONDS == 2.0


def test_replay_takes_its_time_and_shows_the_thinking_grow(runs: Runs) -> None:
    def played_in_time() -> list[Panes] | None:
        began = time.monotonic()
        shown, _ = asyncio.run(played(Replays(runs), "4×"))
        seconds = time.monotonic() - began
        assert seconds >= 2.9 / 4
        is_whole = [*dict.fromkeys(panes.thinking for panes in shown)] == ["", "One. ", "One. Two. "]
        return shown if seconds < 2.9 and is_whole else None

    # A machine that stands still for a moment, and then shows two steps as one, does not do so in every try.
    shown = next(filter(None, (played_in_time() for _ in range(10))))
    assert any(panes.is_paused for panes in shown) and shown[-1].answer == "Because."
    assert shown[-1].phase == "done" and {panes.run_id for panes in shown} == {"r"}


def test_replay_at_once_shows_all_of_it_with_one_update(runs: Runs) -> None:
    shown, replay = asyncio.run(played(Replays(runs), "at once"))
    assert len(shown) == 1 and shown[0].answer == "Because." and replay.is_over


def test_replay_tells_what_the_user_did_and_when(runs: Runs) -> None:
    _, replay = asyncio.run(played(Replays(runs), "16×"))
    assert replay.done == ("0:00 Pause", "0:02 Hint: “Look left.”", "0:02 Answer now")


def test_replay_that_is_held_stands_still_until_it_goes_on(runs: Runs) -> None:
    replays = Replays(runs)

    async def held() -> tuple[int, list[Panes]]:
        playing = asyncio.ensure_future(played(replays, "4×"))
        await asyncio.sleep(0)  # it has begun
        replays.on_pause(request())
        await asyncio.sleep(1.2)
        is_done = playing.done()
        replays.on_go_on(request())
        return is_done, (await playing)[0]

    is_done, shown = asyncio.run(held())
    assert not is_done and shown[-1].answer == "Because."


def test_speed_can_be_changed_while_it_plays(runs: Runs) -> None:
    replays = Replays(runs)

    async def hurried() -> float:
        began = time.monotonic()
        playing = asyncio.ensure_future(played(replays, "1×"))
        await asyncio.sleep(0.1)
        replays.on_speed("at once", request())
        await playing
        return time.monotonic() - began

    assert any(asyncio.run(hurried()) < 1.5 for _ in range(10))


@pytest.mark.parametrize("next_one", ["other/2", "r/2/1×"])
def test_replay_says_no_more_once_its_page_follows_something_else(runs: Runs, next_one: str) -> None:
    replays = Replays(runs)

    async def left() -> list[Panes]:
        replay = replays.begin("s", "r/1/1×")
        assert replay is not None
        shown: list[Panes] = []
        async for panes in replays.watch("s", "r", replay):
            if panes.thinking and not shown:
                replays.begin("s", next_one)
            shown += [panes] if panes.thinking else []
        return shown

    assert any([panes.thinking for panes in asyncio.run(left())] == ["One. "] for _ in range(10))


def test_replays_of_two_pages_do_not_touch_each_other(runs: Runs) -> None:
    replays = Replays(runs)

    async def both() -> list[tuple[list[Panes], Replay]]:
        return list(await asyncio.gather(played(replays, "16×", "s"), played(replays, "16×", "t")))

    assert all(shown[-1].answer == "Because." for shown, _ in asyncio.run(both()))


def test_run_that_goes_on_is_not_replayed(runs: Runs) -> None:
    run_id = runs.start("go")
    _, refused = Replays(runs).on_play(f"{run_id}/1", "4×")
    assert "still going on" in refused["text"]
    assert Replays(runs).on_play("r/1", "4×")[0] == "r/1/4×"
    runs.stop(run_id)


def test_replay_offers_its_own_buttons_and_none_that_steer() -> None:
    panes = Panes(run_id="r", thinking="One.", phase="thinking")
    status = status_value(panes, READY)
    shown = replay_value(status, Replay(4.0, position=75.0, seconds=90.0, done=("0:01 Pause",)))
    assert {"replaying", "replay-pause", "after", "ask"} <= set(shown["shows"].split())
    assert not {"stop", "answer-now", "pause", "more"} & set(shown["shows"].split())
    assert (shown["text"], shown["detail"]) == ("Replay: thinking", "1:15 of 1:30 · 4×")
    assert shown["notices"] == ["0:01 Pause"] and shown["run"] == "r"
    held = replay_value(status, Replay(4.0, is_paused=True))
    assert held["text"] == "Replay paused" and "replay-go-on" in held["shows"].split()
    assert replay_value(status, Replay(4.0, is_over=True)) == status
