"""Who has failed to log in, and when, in; whether the next try has to wait, and how long, out."""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence

WINDOW_SECONDS = 900.0
MOST_BY_NAME, MOST_BY_ADDRESS = 10, 30
# Names and addresses that are remembered; a flood of others pushes the oldest out.
_MOST_REMEMBERED = 20_000


class Throttle:
    """Counts failed logins by name and by address; any thread may ask.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_seconds(self, name: str, address: str) -> float:
        """How long this try has to wait; 0 where it may go ahead, and then it counts as failed until `forgive`."""
        now = self._clock()
        with self._lock:
            waits = [self._wait(key, most, now) for key, most in _keys(name, address)]
            if not any(waits):
                for key, most in _keys(name, address):
                    self._failed.setdefault(key, deque(maxlen=most)).append(now)
                    self._failed.move_to_end(key)
                while len(self._failed) > _MOST_REMEMBERED:
                    self._failed.popitem(last=False)
        return max(waits)

    def forgive(self, name: str, address: str) -> None:
        """The login has succeeded: this try does not count, and what failed by this name is forgotten."""
        with self._lock:
            (by_name, _), (by_address, _) = _keys(name, address)
            self._failed.pop(by_name, None)
            if tries := self._failed.get(by_address):
                tries.pop()

    def _wait(self, key: str, most: int, now: float) -> float:
        tries = self._failed.get(key, ())
        recent = [at for at in tries if now - at < WINDOW_SECONDS]
        return 0.0 if len(recent) < most else recent[0] + WINDOW_SECONDS - now


def _keys(name: str, address: str) -> Sequence[tuple[str, int]]:
    return (f"name {name[:200]}", MOST_BY_NAME), (f"address {address}", MOST_BY_ADDRESS)
