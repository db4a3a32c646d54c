"""A user and what he asks for in, nothing or a refusal out: runs at once, requests a minute, tokens an hour.

Tokens are those of the runs' own events, so a restart forgets none: the last hour is read from the store.
"""

import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from model.errors import LimitReached, TooManyRuns
from model.run_clock import unix_clock
from model.settings import (
    SHARED_QUEUE,
    SHARED_REQUESTS_PER_MINUTE,
    SHARED_USER_REQUESTS_PER_HOUR,
    SHARED_USER_REQUESTS_PER_MINUTE,
    SHARED_USER_RUNS,
    SHARED_USER_TOKENS_PER_HOUR,
    Settings,
)

log = logging.getLogger(__name__)

HOUR_SECONDS = 3600.0
# What is counted within a span is forgotten in so many pieces.
_PIECES = 60
# There is more when this share of the limit is free again.
_WORTHWHILE_SHARE = 0.05

_SHARED = {
    "user_runs": SHARED_USER_RUNS,
    "user_requests_per_minute": SHARED_USER_REQUESTS_PER_MINUTE,
    "user_requests_per_hour": SHARED_USER_REQUESTS_PER_HOUR,
    "user_tokens_per_hour": SHARED_USER_TOKENS_PER_HOUR,
    "queue": SHARED_QUEUE,
    "requests_per_minute": SHARED_REQUESTS_PER_MINUTE,
    "tokens_per_hour": 0,
}
LIMITS = (*_SHARED, "max_runs")


def limit_of(settings: Settings, name: str) -> int:
    """A limit as it holds: what the settings say, else the default of a shared server, else 0 for none.

    >>> from pathlib import Path
    >>> limit_of(Settings(Path("/data")), "user_runs"), limit_of(Settings(Path("/data"), is_hosted=True), "user_runs")
    (0, 20)
    """
    chosen: int | None = getattr(settings, name)
    if chosen is not None:
        return chosen
    return _SHARED[name] if settings.is_shared else 0


@dataclass(slots=True)
class Window:
    """What was counted within a span of time that ends now."""

    seconds: float
    _pieces: deque[tuple[float, int]] = field(default_factory=deque)
    _total: int = 0

    def add(self, count: int, now: float) -> None:
        """Count so much at this moment."""
        began = now - now % (self.seconds / _PIECES)
        if self._pieces and self._pieces[-1][0] >= began:
            began, known = self._pieces.pop()
            self._pieces.append((began, known + count))
        else:
            self._pieces.append((began, count))
        self._total += count

    def total(self, now: float) -> int:
        """What was counted within the span."""
        while self._pieces and self._pieces[0][0] + self.seconds <= now:
            self._total -= self._pieces.popleft()[1]
        return self._total

    def seconds_until(self, most: int, now: float) -> float:
        """How long until no more than so much is counted, if nothing is added."""
        left = self.total(now)
        if left <= most:
            return 0.0
        for began, count in self._pieces:
            left -= count
            if left <= most:
                return max(began + self.seconds - now, 0.0)
        return self.seconds


class Limits:
    """What each user has had of late. Every method may be called from any thread."""

    def __init__(
        self,
        settings: Settings,
        had: Iterable[tuple[str, float, int]] = (),
        clock: Callable[[], float] | None = None,
    ) -> None:
        """Nobody has had anything but tokens.

        Args:
            had: Tokens of the last hour: whose they were, when, and how many; oldest first.
            clock: Unix seconds; None for those that no setting of the system's clock changes.
        """
        self._of = {name: limit_of(settings, name) for name in _SHARED}
        self._max_runs = settings.max_runs
        self._clock = clock or unix_clock()
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str | None], Window] = {}
        # Each is told the name of a limit whenever it refuses or ends something.
        self.on_reached: list[Callable[[str], None]] = []
        now = self._clock()
        for owner, at, tokens in had:
            # What was written while the clock was ahead would else count until it has come round again.
            self._count_tokens(owner, tokens, min(at, now))

    @property
    def most_at_once(self) -> int:
        """Runs that one user can have at once."""
        return min(self._max_runs, self._of["user_runs"] or self._max_runs)

    def check(self, owner: str, k: int, live: Sequence[str], n_waiting: int, n_slots_free: int) -> None:
        """Refuse a user `k` more runs where they are too many.

        Args:
            live: The users of the runs that go on or wait.
            n_waiting: Those that wait for a slot.
            n_slots_free: Runs that need not wait.

        Raises:
            TooManyRuns: If there are too many at once, or all places in the queue are taken.
            LimitReached: If the user, or all together, have had too much of late.
        """
        try:
            self._check_at_once(owner, k, live, n_waiting - n_slots_free)
            with self._lock:
                now = self._clock()
                for name, window_owner in self._windows_of(owner):
                    self._check_window(name, window_owner, k, now)
        except LimitReached as reached:
            self.tell(reached)
            raise

    def _check_at_once(self, owner: str, k: int, live: Sequence[str], n_waiting: int) -> None:
        self._check_runs(k, len(live))
        n_own, most = sum(each == owner for each in live), self._of["user_runs"]
        if 0 < most < n_own + k:
            words = (
                f"{n_own:,} runs of yours are going on or waiting; {k:,} more would pass the limit of {most:,} at "
                "once. Try again when one has ended, or stop one."
            )
            raise TooManyRuns(words, "user_runs")
        places = self._of["queue"]
        if 0 < places < n_waiting + k:
            words = (
                f"{max(n_waiting, 0):,} runs wait for the model; {k:,} more would pass the {places:,} places of the "
                "queue. Try again in a while."
            )
            raise TooManyRuns(words, "queue")

    def begun(self, owner: str) -> None:
        """A run of a user has begun."""
        with self._lock:
            now = self._clock()
            for name, window_owner in self._windows_of(owner):
                if "requests" in name:
                    self._window(name, window_owner).add(1, now)

    def written(self, owner: str, tokens: int) -> LimitReached | None:
        """So many tokens were written for a user; what to tell him if that was the last of them."""
        with self._lock:
            now = self._clock()
            self._count_tokens(owner, tokens, now)
            try:
                for name, window_owner in self._windows_of(owner):
                    if "tokens" in name:
                        self._check_window(name, window_owner, 1, now)
            except LimitReached as reached:
                return reached
        return None

    # ------------------------------------------------------------------

    def _check_runs(self, k: int, n_live: int) -> None:
        if n_live + k <= self._max_runs:
            return
        words = (
            f"{n_live} runs are going on or waiting and the limit is {self._max_runs}. "
            "Try again when one has ended, or raise WORKINGS_MAX_RUNS."
        )
        if k > 1:
            words = (
                f"{k} runs were asked for and there is room for {max(0, self._max_runs - n_live)}: {n_live} are going "
                f"on or waiting, and the limit is {self._max_runs}. Ask for fewer, try again when some have ended, or "
                "raise WORKINGS_MAX_RUNS."
            )
        raise TooManyRuns(words)

    def _windows_of(self, owner: str) -> list[tuple[str, str | None]]:
        """The limits over time that hold for a user, and whose counts they look at: None for all users'."""
        names = [name for name, limit in self._of.items() if limit and "_per_" in name]
        return [(name, owner if name.startswith("user_") else None) for name in names]

    def _window(self, name: str, owner: str | None) -> Window:
        seconds = 60.0 if name.endswith("_per_minute") else HOUR_SECONDS
        if len(self._windows) > 20_000:
            now = self._clock()
            self._windows = {key: each for key, each in self._windows.items() if each.total(now)}
        return self._windows.setdefault((name, owner), Window(seconds))

    def _count_tokens(self, owner: str, tokens: int, at: float) -> None:
        for name, window_owner in self._windows_of(owner):
            if "tokens" in name:
                self._window(name, window_owner).add(tokens, at)

    def _check_window(self, name: str, owner: str | None, k: int, now: float) -> None:
        window, limit = self._window(name, owner), self._of[name]
        had = window.total(now)
        is_tokens = "tokens" in name
        if had + k <= limit:
            return
        most = int(limit * (1 - _WORTHWHILE_SHARE)) if is_tokens else limit - k
        seconds = math.ceil(window.seconds_until(max(most, 0), now))
        span = "minute" if name.endswith("_per_minute") else "hour"
        if is_tokens and owner is not None:
            words = f"{had:,} tokens were written for you within the last {span}, and the limit is {limit:,}."
        elif is_tokens:
            words = f"{had:,} tokens were written for all users within the last {span}, and the limit is {limit:,}."
        elif owner is not None:
            words = f"{had:,} runs were begun by you within the last {span}, and the limit is {limit:,}."
        else:
            words = f"{had:,} runs were begun by all users within the last {span}, and the limit is {limit:,}."
        words += f" There is more in {_span(seconds)}."
        raise LimitReached(words, name, float(seconds))

    def tell(self, reached: LimitReached) -> None:
        """Count that a limit has refused or ended something."""
        log.info("", extra={"event": "refused", "limit": reached.limit})
        for told in self.on_reached:
            told(reached.limit)


def _span(seconds: float) -> str:
    """A time to wait, in words.

    >>> _span(42), _span(150)
    ('42 s', '3 min')
    """
    return f"{seconds:.0f} s" if seconds < 90 else f"{math.ceil(seconds / 60)} min"
