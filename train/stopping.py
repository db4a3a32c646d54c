"""SIGTERM or Ctrl-C in, whether a run is to end after its step out; a second one ends it at once."""

import signal
import sys

# The exit status of a program that was stopped at once by Ctrl-C.
INTERRUPTED = 130
STOPPED = "It was asked to stop; the same command goes on from there."


class Stopping:
    """Whether the run is to end: after the first signal at the end of a step, with a checkpoint. A context manager."""

    def __init__(self) -> None:
        self._is_asked = False

    def __enter__(self) -> "Stopping":
        self._before = {number: signal.signal(number, self._ask) for number in (signal.SIGTERM, signal.SIGINT)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, _: object) -> None:
        if self._is_asked:
            raise KeyboardInterrupt
        self._is_asked = True
        sys.stderr.write("Stopping after this step; again stops at once.\n")

    def __call__(self) -> bool:
        return self._is_asked
