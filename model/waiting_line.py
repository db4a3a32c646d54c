"""A fair order and the lengths of runs in, each waiting run's place and its expected wait out."""

import copy
import math
from collections import deque
from dataclasses import dataclass, field

from model.fair_order import FairOrder, LineRun

# The wait is told from so many of the latest runs.
_REMEMBERED_RUNS = 40
_MOST_STEPS = 500
_LEAST_SECONDS, _ROUNDING_SECONDS = 0.05, 1e-6


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the line.

    Args:
        before: Runs that wait and are let in earlier, as things stand.
        seconds: The wait to expect; 0 while it cannot be told.
    """

    before: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Ended:
    """A run that has ended: its kind, what it wrote, and the most that it could have written."""

    kind: str
    tokens: int
    most_tokens: int | None


@dataclass(slots=True)
class RunLengths:
    """Remembers how many tokens runs wrote and how fast, to tell what is left of one."""

    _ended: deque[_Ended] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_RUNS))
    _tokens: float = 0.0
    _seconds: float = 0.0
    _first_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_RUNS))

    def ended(self, run: LineRun) -> None:
        """The run has written all that it will."""
        self._ended.append(_Ended(run.kind, run.tokens, run.most_tokens))

    def held(self, tokens: int, seconds: float) -> None:
        """So many tokens were written in one slot within so many seconds; older ones count less."""
        self._tokens = 0.98 * self._tokens + tokens
        self._seconds = 0.98 * self._seconds + seconds

    def began(self, seconds: float) -> None:
        """A run wrote its first token so long after it got its slot."""
        self._first_seconds.append(seconds)

    @property
    def tokens_per_second(self) -> float:
        """Of one slot, lately; 0 while it cannot be told."""
        return self._tokens / self._seconds if self._seconds > 0 else 0.0

    def seconds_left(self, run: LineRun) -> float | None:
        """How long a run will hold a slot from now on, if nobody takes it; None while that cannot be told."""
        if not self._ended or self.tokens_per_second <= 0:
            return None
        first = sum(self._first_seconds) / len(self._first_seconds) if self._first_seconds and not run.tokens else 0.0
        return self._tokens_left(run) / self.tokens_per_second + first

    def _tokens_left(self, run: LineRun) -> float:
        """The mean over those of the likely lengths that are longer than what it has written by now."""
        most = math.inf if run.most_tokens is None else run.most_tokens
        longer = [min(total, most) - run.tokens for total in self._likely(run) if min(total, most) > run.tokens]
        if longer:
            return sum(longer) / len(longer)
        # Longer than all of them: likely as long again.
        return max(min(most - run.tokens, run.tokens), 1.0)

    def _likely(self, run: LineRun) -> list[float]:
        """Lengths that a run may have: those of its kind, and what the others' share of their limits is of its own."""
        likely = [float(each.tokens) for each in self._ended if each.kind == run.kind]
        others = [each for each in self._ended if each.kind != run.kind]
        shares = [each.tokens / each.most_tokens for each in others if each.most_tokens]
        if shares and run.most_tokens:
            likely.append(sum(shares) / len(shares) * run.most_tokens)
        elif others:
            likely.append(sum(each.tokens for each in others) / len(others))
        return likely


def places(order: FairOrder, slots: int, now: float, lengths: RunLengths) -> dict[str, Place]:
    """The place of each run that waits.

    Args:
        slots: Runs that are answered at once.
        lengths: How long runs are.
    """
    left = {run.id: lengths.seconds_left(run) for run in (*order.seated.values(), *order.waiting.values())}
    is_known = None not in left.values()
    lasts = {run_id: max(seconds or 0.0, _LEAST_SECONDS) if is_known else 1.0 for run_id, seconds in left.items()}
    played = _Played(copy.deepcopy(order), now, lasts, lengths.tokens_per_second or 1.0)
    wanted = set(order.waiting)
    found: dict[str, Place] = {}
    for _ in range(_MOST_STEPS):
        for run in played.let_in(slots):
            if run.id in wanted:
                wanted.discard(run.id)
                found[run.id] = Place(len(found), played.at - now if is_known else 0.0)
        if not wanted or slots <= 0:
            break
        played.go_on(slots)
    # Too far ahead to be played to the end.
    late = sorted(wanted, key=lambda run_id: order.waiting[run_id].number)
    return found | {run_id: Place(len(found) + number, 0.0) for number, run_id in enumerate(late)}


class _Played:
    """The order in the time to come, if nobody else comes."""

    def __init__(self, order: FairOrder, now: float, lasts: dict[str, float], tokens_per_second: float) -> None:
        self.at = now
        self._order = order
        self._lasts = lasts
        self._tokens_per_second = tokens_per_second
        self._served_to = dict.fromkeys(order.seated, now)

    def let_in(self, slots: int) -> list[LineRun]:
        """Runs that get a slot now."""
        granted = self._order.grant(slots, self.at)
        self._served_to |= {run.id: self.at for run in granted}
        return granted

    def go_on(self, slots: int) -> None:
        """To the next moment at which something happens: runs end, or give way."""
        order = self._order
        order.ask_back(slots, self.at)
        back = [run for run in order.seated.values() if run.is_asked_back]
        if not back:
            ends = [self._served_to[run_id] + self._lasts[run_id] for run_id in order.seated]
            self._serve_to(
                min((at for at in (*ends, *self._turns()) if at > self.at), default=self.at + _LEAST_SECONDS)
            )
        for run in back:
            order.leave(run, self.at)
            order.wait(run, self.at)
        for run in [run for run in order.seated.values() if self._lasts[run.id] <= _ROUNDING_SECONDS]:
            order.leave(run, self.at)

    def _turns(self) -> list[float]:
        """When a turn may be over."""
        if self._order.turn_seconds <= 0:
            return []
        seats, waiting = self._order.seats(), self._order.waiting.values()
        due = [self._order.due_at(run, seats) for run in waiting]
        return [*due, *map(self._order.over_at, self._order.seated.values())]

    def _serve_to(self, at: float) -> None:
        for run in self._order.seated.values():
            seconds = at - self._served_to[run.id]
            self._lasts[run.id] -= seconds
            self._served_to[run.id] = at
            self._order.serve(run, seconds * self._tokens_per_second, at)
        self.at = at
