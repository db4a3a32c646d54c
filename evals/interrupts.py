"""Ctrl-C and SIGTERM in, whether an end is asked for out: so that nothing is broken off in the middle of a call."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# `timeout` and some shells send a signal to a process and to its group, so that it comes twice at once.
_SAME_SECONDS = 1.0


class Interrupts:
    """A handler of signals that remembers the first.

    Raises:
        KeyboardInterrupt: At one that comes later, from somebody who does not want to wait.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: float | None = None

    @property
    def is_asked(self) -> bool:
        """Whether there was one."""
        return self._last is not None

    def __call__(self, *_: object) -> None:
        """Take note of a signal."""
        before, self._last = self._last, self._now()
        if before is not None and self._last - before > _SAME_SECONDS:
            raise KeyboardInterrupt


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """What Ctrl-C and SIGTERM are handed to meanwhile; from the main thread. What is ignored stays so."""
    handler = Interrupts()
    kinds = [kind for kind in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(kind) is not signal.SIG_IGN]
    before = {kind: signal.signal(kind, handler) for kind in kinds}
    try:
        yield handler
    finally:
        for kind, handled_by in before.items():
            signal.signal(kind, handled_by)
