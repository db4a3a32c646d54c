"""A fair order and the lengths of runs in, each waiting run's place and its expected wait out."""

import copy
import math
from collections import deque
from dataclasses import dataclass, field

from model.fair_order import FairOrder, LineRun

# The wait is told from so many of the latest runs.
_REMEMBERED_RUNS = 40
# As few runs of its own kind tell more of a run than all others do.
_FEWEST_OF_KIND = 3
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


@dataclass(slots=True)
class RunLengths:
    """Remembers how many tokens runs wrote and how fast, to tell what is left of one."""

    _totals: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_RUNS))
    _tokens: float = 0.0
    _seconds: float = 0.0
    _first_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_RUNS))

    def ended(self, run: LineRun) -> None:
        """The run has written all that it will."""
        self._totals.append((run.kind, run.tokens))

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
        if not self._totals or self.tokens_per_second <= 0:
            return None
        first = sum(self._first_seconds) / len(self._first_seconds) if self._first_seconds and not run.tokens else 0.0
        return self._tokens_left(run) / self.tokens_per_second + first

    def _tokens_left(self, run: LineRun) -> float:
        """The mean over those of the latest runs that were longer than this one is by now."""
        most = math.inf if run.most_tokens is None else run.most_tokens
        of_kind = [total for kind, total in self._totals if kind == run.kind]
        totals = of_kind if len(of_kind) >= _FEWEST_OF_KIND else [total for _, total in self._totals]
        longer = [min(total, most) - run.tokens for total in totals if min(total, most) > run.tokens]
        if longer:
            return sum(longer) / len(longer)
        # Longer than all of them: likely as long again.
        return max(min(most - run.tokens, run.tokens), 1.0)


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
            order.leave(run)
            order.wait(run, self.at)
        for run in [run for run in order.seated.values() if self._lasts[run.id] <= _ROUNDING_SECONDS]:
            order.leave(run)

    def _turns(self) -> list[float]:
        """When a turn may be over."""
        if self._order.turn_seconds <= 0:
            return []
        seated, waiting = self._order.seated.values(), self._order.waiting.values()
        return [*map(self._order.due_at, waiting), *map(self._order.over_at, seated)]

    def _serve_to(self, at: float) -> None:
        for run in self._order.seated.values():
            seconds = at - self._served_to[run.id]
            self._lasts[run.id] -= seconds
            self._served_to[run.id] = at
            self._order.serve(run, seconds * self._tokens_per_second, at)
        self.at = at
