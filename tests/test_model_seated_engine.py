import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from model.engine import Request, Steering, collect
from model.errors import EngineError, PromptTooLong
from model.events import Event, Finished, Message, Sampling, ThinkingDelta
from model.fair_line import FairLine
from model.scripted import ScriptedEngine, Turn
from model.seated_engine import SeatedEngine

LONG = Turn("One step after the other, number {n}.\n\n", "At last.", repeat=60)
SHORT = Turn("Two and two.", "Four.", match="short")


def request(text: str) -> Request:
    return Request((Message("user", text),), budget="high")


def engine_of(slots: int = 1, **options: object) -> ScriptedEngine:
    return ScriptedEngine([SHORT, LONG], slots=slots, **{"tokens_per_second": 400.0} | options)  # type: ignore[arg-type]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.005)


class Reader:
    """A run that is read in a thread."""

    def __init__(
        self,
        line: FairLine,
        engine: ScriptedEngine,
        name: str,
        owner: str,
        question: str,
        sampling: Sampling | None = None,
    ) -> None:
        self.events: list[Event] = []
        self.steering = Steering()
        self.seat = line.enter(name, owner)
        self.ended_at = 0.0
        self._stream = SeatedEngine(engine, self.seat).stream(
            replace(request(question), sampling=sampling or Sampling()), self.steering
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        for event in self._stream:
            self.events.append(event)
        self.ended_at = time.monotonic()
        self.seat.close()

    def join(self) -> list[Event]:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.events

    @property
    def tokens(self) -> int:
        return sum(event.n_tokens for event in list(self.events) if isinstance(event, ThinkingDelta))


def test_short_question_goes_between_and_the_long_run_writes_the_same_as_alone():
    alone = collect(engine_of().stream(request("long"), Steering()))
    engine = engine_of()
    line = FairLine(lambda: engine.slots, turn_seconds=0.3)
    long = Reader(line, engine, "long", "a", "long")
    wait_until(lambda: long.tokens > 0)
    short = Reader(line, engine, "short", "b", "short")
    assert collect(short.join()).answer == "Four."
    whole = collect(long.join())
    assert short.ended_at < long.ended_at
    assert (whole.thinking, whole.answer) == (alone.thinking, alone.answer)
    assert whole.finished and alone.finished
    assert whole.finished.thinking_tokens == alone.finished.thinking_tokens
    assert line.counts() == (0, 0) and engine.live_requests() == 0


def test_time_of_others_turns_is_not_the_runs():
    engine = engine_of(tokens_per_second=300.0)
    line = FairLine(lambda: 1, turn_seconds=0.2)
    long = Reader(line, engine, "long", "a", "long")
    wait_until(lambda: long.tokens > 0)
    others = [Reader(line, engine, f"other{number}", f"b{number}", "long") for number in range(2)]
    began = time.monotonic()
    ends = [collect(each.join()).finished for each in (long, *others)]
    took = time.monotonic() - began
    assert sum(end.seconds for end in ends if end) < took + 3.0, "the three ran one at a time"
    assert all(end and end.thinking_seconds < 0.8 * took for end in ends)


def test_no_more_runs_are_at_the_engine_than_it_has_slots():
    engine = engine_of(slots=2)
    line = FairLine(lambda: engine.slots, turn_seconds=0.1)
    readers = [Reader(line, engine, str(number), str(number % 3), "long") for number in range(6)]
    most = 0
    while any(reader.ended_at == 0 for reader in readers):
        most = max(most, engine.live_requests())
        time.sleep(0.005)
    assert most == 2
    assert {collect(reader.join()).answer for reader in readers} == {"At last."}


@pytest.mark.parametrize("is_paused", [False, True])
def test_stop_ends_a_run_that_waits(is_paused: bool):
    engine = engine_of()
    line = FairLine(lambda: 1, turn_seconds=0)
    holder = Reader(line, engine, "holder", "a", "long")
    wait_until(lambda: holder.tokens > 0)
    waiting = Reader(line, engine, "waiting", "b", "long")
    if is_paused:
        waiting.steering.pause()
        wait_until(lambda: line.counts() == (1, 0))
    waiting.steering.stop()
    events = waiting.join()
    assert isinstance(events[-1], Finished) and events[-1].reason == "stopped" and waiting.tokens == 0
    holder.steering.stop()
    holder.join()
    assert line.counts() == (0, 0)


def test_pause_frees_the_seat_for_others():
    engine = engine_of()
    line = FairLine(lambda: 1, turn_seconds=0)
    paused = Reader(line, engine, "paused", "a", "long")
    wait_until(lambda: paused.tokens > 0)
    paused.steering.pause()
    short = Reader(line, engine, "short", "a", "short")
    assert collect(short.join()).answer == "Four."
    assert paused.steering.is_paused_by_user
    paused.steering.go_on()
    assert collect(paused.join()).answer == "At last."


def test_engine_that_fails_frees_the_seat():
    engine = engine_of()
    line = FairLine(lambda: 1)
    seat = line.enter("run", "a")
    stream = SeatedEngine(engine, seat).stream(request("long"), Steering())
    next(stream)
    engine.close()
    with pytest.raises(EngineError):
        list(stream)
    assert line.counts() == (0, 0)


def test_chat_that_is_too_long_is_refused_before_it_waits():
    engine = engine_of(context_tokens=2000)
    line = FairLine(lambda: 1)
    line.enter("holder", "a")
    seat = line.enter("run", "b")
    stream = SeatedEngine(engine, seat).stream(request("word " * 5000), Steering())
    with pytest.raises(PromptTooLong):
        next(stream)
    assert line.counts() == (1, 0)


def test_seed_of_a_run_that_gave_way_is_said_to_repeat_nothing():
    engine = engine_of()
    line = FairLine(lambda: 1, turn_seconds=0.2)
    long = Reader(line, engine, "long", "a", "long", Sampling(seed=7))
    wait_until(lambda: long.tokens > 0)
    Reader(line, engine, "short", "b", "short").join()
    notices = collect(long.join()).notices
    assert [notice.kind for notice in notices] == ["reduced"] and "seed" in notices[0].text
