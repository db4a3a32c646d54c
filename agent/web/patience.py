"""A limit in seconds and a run's stop in, the time that is left out, for everything that a tool waits for."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from agent.web.failures import Stopped, WebFailed

Given = TypeVar("Given")
# How often whoever waits looks whether the run was stopped.
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may still take.

    Args:
        seconds: From now on, in all.
        stop: Set when nobody waits any more.
        doing: What takes so long, in a sentence.
    """

    seconds: float
    stop: threading.Event = field(default_factory=threading.Event)
    doing: str = "The call"
    began: float = field(default_factory=time.monotonic)

    def left(self, at_most: float = float("inf")) -> float:
        """Seconds that are left, `at_most` of them.

        Raises:
            WebFailed: If there are none.
            Stopped: If the run was stopped.
        """
        if self.stop.is_set():
            raise Stopped("The run was stopped.")
        left = self.began + self.seconds - time.monotonic()
        if left <= 0:
            raise WebFailed(f"{self.doing} took longer than {self.seconds:.0f} s.")
        return min(left, at_most)

    def part(self, seconds: float, doing: str) -> "Patience":
        """What one stretch of the work may take, within the whole."""
        return Patience(self.left(seconds), self.stop, doing)

    def get(self, make: Callable[[], Given]) -> Given:
        """What a function gives back that cannot be interrupted: it runs in a thread, and is left there if it hangs.

        Raises:
            WebFailed: If it takes too long.
            Stopped: If the run was stopped meanwhile.
        """
        done = threading.Event()
        made: list[Given] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                made.append(make())
            except BaseException as error:  # noqa: BLE001  Raised again by whoever waits.
                errors.append(error)
            finally:
                done.set()

        self.left()
        threading.Thread(target=run, daemon=True).start()
        while not done.wait(self.left(_LOOK_SECONDS)):
            continue
        if errors:
            raise errors[0]
        return made[0]
