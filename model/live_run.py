"""One run while it goes on: its events so far, who waits for more, how it is steered; and the reader of a run."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

from model.engine import Steering
from model.errors import RunError
from model.events import AnswerDelta, Event, Finished, Queued, Steered, ThinkingDelta
from model.fair_line import Seat
from model.store import Store
from model.tool_events import ApprovalAsked, ToolCall, ToolResult
from model.waiting_line import Place

_log = logging.getLogger(__name__)

# How long the starter of a run has to attach before it counts as abandoned.
_ATTACH_SECONDS = 5.0
# Several calls can wait one after the other, each for minutes.
_LONGEST_WAIT_SECONDS = 86_400.0


class Follower:
    """Reads one run from some event on, live or stored, to its end; `close` when the reader goes.

    Iterate it (in a thread or in asyncio) for lists of new events, in order and without gaps. Iteration ends after
    the run's last event.
    """

    def __init__(self, live: "LiveRun | None", stored: Sequence[Event], from_event: int) -> None:
        self._live = live
        self._stored = list(stored)
        self._next = from_event
        self._is_open = True

    def __iter__(self) -> Iterator[list[Event]]:
        if self._live is None:
            yield from [self._stored] if self._stored else []
            return
        arrived = threading.Event()
        self._live.add_waiter(arrived.set)
        try:
            while True:
                arrived.clear()
                events, is_over = self._take()
                if events:
                    yield events
                elif is_over:
                    return
                else:
                    arrived.wait(0.5)
        finally:
            self._live.remove_waiter(arrived.set)

    async def __aiter__(self) -> AsyncIterator[list[Event]]:
        if self._live is None:
            if self._stored:
                yield self._stored
            return
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            # A reader that rests has been told already: telling it again would wake the loop for each event.
            if not arrived.is_set() and not loop.is_closed():
                loop.call_soon_threadsafe(arrived.set)

        self._live.add_waiter(wake)
        try:
            while True:
                arrived.clear()
                events, is_over = self._take()
                if events:
                    yield events
                elif is_over:
                    return
                else:
                    await arrived.wait()
        finally:
            self._live.remove_waiter(wake)

    def _take(self) -> tuple[list[Event], bool]:
        assert self._live is not None
        events, is_over = self._live.events_from(self._next)
        self._next += len(events)
        return events, is_over

    def close(self) -> None:
        """Detach. Never blocks; the run goes on for `detached_seconds` if nobody else reads it."""
        if self._is_open and self._live is not None:
            self._live.detach()
        self._is_open = False


class LiveRun:
    """A run that is going on: its events so far, who waits for more, how it is steered."""

    def __init__(self, run_id: str, events: Sequence[Event], store: Store, run_seconds: float, owner: str = "") -> None:
        self.id = run_id
        self.owner = owner
        self.steering = Steering()
        # Set before the run's thread begins.
        self.seat: Seat
        self.ends_at = time.monotonic() + run_seconds
        # Whoever started the run is about to attach.
        self.abandoned_at: float | None = time.monotonic() + _ATTACH_SECONDS
        self._store = store
        self._events = list(events)
        self._lock = threading.Lock()
        self._waiters: list[Callable[[], None]] = []
        self.readers = 0
        self._is_over = False
        self.has_answer = False
        self.thinking_tokens = sum(event.n_tokens for event in events if isinstance(event, ThinkingDelta))
        self.answer_tokens = sum(event.n_tokens for event in events if isinstance(event, AnswerDelta))
        # Tool calls that wait for the user's word, and since when there are any.
        self._waiting: set[str] = set()
        self._waits_since = 0.0

    def told_to_wait(self, place: Place) -> None:
        """The run waits for its turn."""
        self.append(Queued(False, place.before, round(place.seconds, 1)))

    def told_to_go_on(self, waited_seconds: float) -> None:
        """Its turn has come. The time until then is not the run's: its end moves on by so much."""
        self.ends_at += waited_seconds
        self.append(Queued(True, seconds=round(waited_seconds, 1)))

    def append(self, event: Event) -> None:
        with self._lock:
            if self._is_over:
                return
            self._events.append(event)
            # Inside the lock, so that the store has the events in the order that readers see.
            try:
                self._store.append(self.id, [event])
            except RunError as error:
                # Its readers have it, and it goes on to its end; only the disk will not.
                _log.error("an event of the run %s is not stored: %s", self.id, error)
            self._is_over = isinstance(event, Finished)
            if isinstance(event, ThinkingDelta):
                self.thinking_tokens += event.n_tokens
            elif isinstance(event, AnswerDelta):
                self.answer_tokens += event.n_tokens
                self.has_answer = True
            elif isinstance(event, ToolCall | ToolResult):
                # What stands beside a call is no answer, and the next step begins with thinking.
                self.has_answer = False
            self._wait_for_word(event)
            waiters = list(self._waiters)
        for wake in waiters:
            wake()

    def _wait_for_word(self, event: Event) -> None:
        """The time in which a call waits for the user's word is not the run's: its end moves on by so much."""
        now = time.monotonic()
        if isinstance(event, ApprovalAsked):
            if not self._waiting:
                self._waits_since = now
                self.ends_at += _LONGEST_WAIT_SECONDS
            self._waiting.add(event.call_id)
            return
        decided = event.text if isinstance(event, Steered) else event.call_id if isinstance(event, ToolResult) else ""
        if decided in self._waiting:
            self._waiting.remove(decided)
            if not self._waiting:
                self.ends_at -= _LONGEST_WAIT_SECONDS - (now - self._waits_since)

    def events_from(self, number: int) -> tuple[list[Event], bool]:
        with self._lock:
            return self._events[number:], self._is_over

    @property
    def is_over(self) -> bool:
        return self._is_over

    def add_waiter(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._waiters.append(wake)

    def remove_waiter(self, wake: Callable[[], None]) -> None:
        with self._lock:
            self._waiters = [waiter for waiter in self._waiters if waiter != wake]

    def attach(self) -> None:
        with self._lock:
            self.readers += 1
            self.abandoned_at = None

    def detach(self) -> None:
        with self._lock:
            self.readers -= 1
            if self.readers == 0:
                self.abandoned_at = time.monotonic()
