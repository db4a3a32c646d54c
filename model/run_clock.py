"""Runs' ids in, the Unix milliseconds of their events out: no jump of the system's clock comes into a run.

Wall clocks are set, and may go back by a day; what a run's events are apart is measured by the other clock, which only
goes forward. Between runs the wall clock counts, as long as it has not gone back: newer runs stay the newer ones.
"""

import threading
import time
from collections.abc import Callable


def steady_seconds() -> float:
    """Seconds that only go forward, those in which the machine slept included where that can be known."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def unix_clock() -> Callable[[], float]:
    """Unix seconds as they are now and as they go on from here, whatever is done to the system's clock meanwhile."""
    offset = time.time() - steady_seconds()
    return lambda: offset + steady_seconds()


class RunClock:
    """Thread-safe.

    Args:
        wall: Unix seconds, as the system says.
        steady: Seconds that only go forward.
    """

    def __init__(
        self, wall: Callable[[], float] = lambda: time.time(), steady: Callable[[], float] = steady_seconds
    ) -> None:
        self._wall = wall
        self._steady = steady
        self._lock = threading.Lock()
        # Milliseconds from the steady clock to Unix time, for the runs that begin now; and of each run that goes on.
        self._offset = round((wall() - steady()) * 1000)
        self._offsets: dict[str, int] = {}

    def now_ms(self, run_id: str) -> int:
        """The time for an event of a run; its first one gives the run its clock."""
        steady_ms = round(self._steady() * 1000)
        with self._lock:
            self._offset = max(self._offset, round(self._wall() * 1000) - steady_ms)
            offset = self._offsets.setdefault(run_id, self._offset)
        return steady_ms + offset

    def seen_ms(self, run_id: str) -> int:
        """The time now by the clock of a run."""
        with self._lock:
            return round(self._steady() * 1000) + self._offsets.get(run_id, self._offset)

    def forget(self, run_id: str) -> None:
        """The run has ended; if it goes on once more, it does so at the time that is then."""
        with self._lock:
            self._offsets.pop(run_id, None)
