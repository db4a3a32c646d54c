"""Runs in, a seat for each at the model when it is its turn: the line in front of the engine, safe from any thread."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from model.events import AnswerDelta, Event, PromptRead, ThinkingDelta
from model.fair_order import FairOrder, LineRun
from model.waiting_line import Place, RunLengths, places

# Reading a token of a prompt takes about this much of what writing one takes.
_READING_SHARE = 0.05
# How long a run waits in silence before it says that it waits.
_SILENT_SECONDS = 0.3
# How often a waiting run looks whether somebody's turn is over.
_LOOK_SECONDS = 0.1
# A place is worked out again after so long.
_PLACES_SECONDS = 0.5

# What is told of a wait: its beginning with the place in the line, its end with the seconds that it took.
OnWait = Callable[[Place], None]
OnTurn = Callable[[float], None]


class FairLine:
    """Lets in as many runs as there are slots, in the order of `FairOrder`."""

    def __init__(
        self, slots: Callable[[], int], turn_seconds: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nobody waits.

        Args:
            slots: Runs that are answered at once; 0 while there is no model. Asked again and again.
            turn_seconds: How long one may hold a slot that others wait for; 0 never takes one back.
        """
        self._slots = slots
        self._clock = clock
        self._lock = threading.Lock()
        self._order = FairOrder(turn_seconds)
        self._lengths = RunLengths()
        self._n_entered = 0
        self._seats: dict[str, Seat] = {}
        self._latest: dict[str, str] = {}
        self._places: dict[str, Place] = {}
        self._places_at = float("-inf")

    def enter(
        self,
        run_id: str,
        owner: str,
        *,
        kind: str = "",
        most_tokens: int | None = None,
        is_patient: bool = False,
        on_wait: OnWait | None = None,
        on_turn: OnTurn | None = None,
    ) -> "Seat":
        """Stand in line; `Seat.close` leaves it for good.

        Args:
            owner: Whose run it is; users take turns.
            kind: Runs of one kind are of similar lengths.
            most_tokens: It writes no more than this.
            is_patient: Nobody waits for it at a page, so it gives way at once.
            on_wait: Called when it has waited a moment, with its place.
            on_turn: Called when that wait is over, with the seconds that it took.
        """
        with self._lock:
            self._n_entered += 1
            # A run that has just ended may be taken further before it has left the line.
            run = LineRun(f"{run_id}/{self._n_entered}", owner, self._n_entered, kind, most_tokens, is_patient)
            seat = self._seats[run.id] = Seat(self, run, on_wait, on_turn)
            self._latest[run_id] = run.id
            self._order.wait(run, self._clock())
        self.settle()
        return seat

    def settle(self) -> None:
        """Give out what is free, and ask back what is others' turn. Whoever waits calls it."""
        slots = self._slots()
        with self._lock:
            now = self._clock()
            granted = self._order.grant(slots, now)
            self._order.ask_back(slots, now)
            seats = [self._seats[run.id] for run in granted if run.id in self._seats]
        for seat in seats:
            seat.granted.set()

    def place(self, run_id: str) -> Place | None:
        """Where a run stands that waits for others; None when it does not."""
        slots = self._slots()
        with self._lock:
            line_id = self._latest.get(run_id, "")
            if slots <= 0 or line_id not in self._order.waiting:
                return None
            now = self._clock()
            if line_id not in self._places or now - self._places_at > _PLACES_SECONDS:
                self._places, self._places_at = places(self._order, slots, now, self._lengths), now
            place = self._places[line_id]
            return replace(place, seconds=max(place.seconds - (now - self._places_at), 0.0))

    def counts(self) -> tuple[int, int]:
        """Runs that hold a slot, and runs that wait for one."""
        with self._lock:
            return len(self._order.seated), len(self._order.waiting)

    def n_slots(self) -> int:
        """Runs that are answered at once; 0 while there is no model."""
        return self._slots()

    def n_free(self) -> int:
        """Slots that nobody holds."""
        slots = self._slots()
        with self._lock:
            return max(slots - len(self._order.seated), 0)

    def is_waiting(self, run_id: str) -> bool:
        """Whether the run waits for others to give it a slot."""
        slots = self._slots()
        with self._lock:
            return slots > 0 and self._latest.get(run_id) in self._order.waiting

    # ------------------------------------------------------------------ what seats call

    def _is_seated(self, run: LineRun) -> bool:
        return run.id in self._order.seated

    def _wait(self, run: LineRun) -> None:
        with self._lock:
            if run.id in self._order.seated or run.id in self._order.waiting:
                return
            self._order.wait(run, self._clock())
            self._places_at = float("-inf")

    def _leave(self, run: LineRun) -> None:
        with self._lock:
            if run.id not in self._order.seated and run.id not in self._order.waiting:
                return
            self._order.leave(run, self._clock())
            self._places_at = float("-inf")
        self.settle()

    def _close(self, run: LineRun) -> None:
        with self._lock:
            if self._seats.pop(run.id, None) is None:
                return
            run_id = run.id.rpartition("/")[0]
            if self._latest.get(run_id) == run.id:
                del self._latest[run_id]
            if run.tokens:
                self._lengths.ended(run)
        self._leave(run)

    def _served(self, run: LineRun, event: Event, since: float) -> None:
        with self._lock:
            now = self._clock()
            if isinstance(event, PromptRead):
                read = event.prompt_tokens - max(event.cached_tokens, 0)
                self._order.serve(run, read * _READING_SHARE, now)
                self._lengths.began(now - since)
            elif isinstance(event, ThinkingDelta | AnswerDelta) and event.n_tokens:
                run.tokens += event.n_tokens
                self._order.serve(run, event.n_tokens, now)
                self._lengths.held(event.n_tokens, now - since)


class Seat:
    """One run's place in the line, and at the model when it is its turn."""

    def __init__(self, line: FairLine, run: LineRun, on_wait: OnWait | None, on_turn: OnTurn | None) -> None:
        self._line = line
        self._run = run
        self._on_wait = on_wait
        self._on_turn = on_turn
        self.granted = threading.Event()
        # In all.
        self.waited_seconds = 0.0
        self._waits_since: float | None = line._clock()
        self._has_told = False
        self._served_at = 0.0
        self._has_written = False
        self._is_back_at: float | None = None

    @property
    def is_held(self) -> bool:
        """Whether the run may use the model now."""
        return self._line._is_seated(self._run)

    def keep_to_the_end(self) -> None:
        """The run cannot be gone on with, so it never gives way."""
        self._run.is_fixed = True

    @property
    def must_wait(self) -> bool:
        """Whether the run must let go of the model, or has: it is others' turn."""
        return not self.is_held or self._run.is_asked_back

    @property
    def must_give_way(self) -> bool:
        """Whether the run still holds the slot that others are to have."""
        return self._run.is_asked_back and self.is_held

    def wait(self, timeout_seconds: float) -> bool:
        """Stand in line, for so long at most; True when it is the run's turn."""
        clock = self._line._clock
        if self._waits_since is None:
            self._waits_since = clock()
        self._line._wait(self._run)
        deadline = clock() + timeout_seconds
        while True:
            self._line.settle()
            if self.is_held:
                self._sit()
                return True
            self._tell_wait()
            left = deadline - clock()
            if left <= 0:
                return False
            self.granted.clear()  # it may be of a seat that was given back since
            self.granted.wait(min(left, _LOOK_SECONDS))

    def _tell_wait(self) -> None:
        assert self._waits_since is not None
        if self._has_told or self._line._clock() - self._waits_since < _SILENT_SECONDS:
            return
        place = self._line.place(self._run.id.rpartition("/")[0])
        if place is None:  # there is no model yet, so it waits for that and for nobody else
            self._waits_since = self._line._clock()
            return
        self._has_told = True
        if self._on_wait is not None:
            self._on_wait(place)

    def _sit(self) -> None:
        if self._waits_since is None:
            return
        now = self._line._clock()
        waited, self._waits_since = now - self._waits_since, None
        self.waited_seconds += waited
        self._served_at = now
        if self._has_written:
            self._is_back_at = now
        if self._has_told and self._on_turn is not None:
            self._on_turn(waited)
        self._has_told = False

    def leave(self) -> None:
        """Give the slot back and wait no more, until `wait`; harmless when repeated."""
        self._waits_since, self._is_back_at = None, None
        self.granted.clear()
        self._line._leave(self._run)

    def close(self) -> None:
        """Leave the line for good; harmless when repeated."""
        self.leave()
        self._line._close(self._run)

    def served(self, event: Event) -> None:
        """The run was given this event by the model."""
        now = self._line._clock()
        if isinstance(event, ThinkingDelta | AnswerDelta) and event.n_tokens:
            if self._is_back_at is not None:
                self._run.return_seconds = now - self._is_back_at
                self._is_back_at = None
            self._has_written = True
        self._line._served(self._run, event, self._served_at)
        self._served_at = now
