"""Deaths of a thread that decodes in; when it may be started again, or the sentence that says why not, out.

The first restart comes at once, each further one within the hour later; after `MOST_AN_HOUR` of them there is none.
"""

import threading
import time
from collections import deque
from collections.abc import Callable

from model.engine import Engine

MOST_AN_HOUR = 6
HOUR_SECONDS = 3600.0
# The second restart within the hour waits so long, each further one twice as long as the one before.
_FIRST_WAIT_SECONDS = 1.0

_HAS_DIED = "The engine has died"
STARTING_AGAIN = "The engine's thread has died and is being started again; runs that wait go on by themselves."


def trouble_of(engine: Engine) -> str:
    """What is wrong with an engine, as a sentence; empty when nothing is, and for engines that cannot tell."""
    return str(getattr(engine, "trouble", ""))


def has_failed(trouble: str) -> bool:
    """Whether such a trouble does not pass by itself."""
    return bool(trouble) and trouble != STARTING_AGAIN


def is_of_death(sentence: str) -> bool:
    """Whether this is what `Restarts.sentence` says."""
    return sentence.startswith(_HAS_DIED)


class Restarts:
    """Remembers when the thread died, and of what. Every method may be called from any thread.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._died_at: deque[float] = deque()
        self._cause = ""
        # How often it was started again.
        self.count = 0

    def died(self, cause: str) -> float | None:
        """It has died of `cause`: seconds to wait before it is started again, or None when it is not to be.

        >>> restarts = Restarts(clock=lambda: 0.0)
        >>> [restarts.died("no reason") for _ in range(8)]
        [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, None, None]
        """
        with self._lock:
            self._cause = cause.strip()
            self._forget_old()
            self._died_at.append(self._clock())
            n_deaths = len(self._died_at)
            if n_deaths > MOST_AN_HOUR:
                return None
            self.count += 1
            return _FIRST_WAIT_SECONDS * 2 ** (n_deaths - 2) if n_deaths > 1 else 0.0

    def may_try(self) -> bool:
        """Whether the hour of those deaths is so far gone that another start is allowed."""
        with self._lock:
            self._forget_old()
            return len(self._died_at) <= MOST_AN_HOUR

    def sentence(self) -> str:
        """Why it is not started again, and what to do."""
        with self._lock:
            left_seconds = self._died_at[0] + HOUR_SECONDS - self._clock() if self._died_at else 0.0
            minutes = max(1, round(left_seconds / 60))
            return (
                f"{_HAS_DIED} {MOST_AN_HOUR + 1} times within an hour and is not started again for {minutes} "
                f"min. The last time: {self._cause} Load the model again under Model, in int8 or nf4 or with a smaller "
                "context if it was memory; if that does not help, restart the app."
            )

    def _forget_old(self) -> None:
        while self._died_at and self._clock() - self._died_at[0] > HOUR_SECONDS:
            self._died_at.popleft()
