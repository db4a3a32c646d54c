"""Who is being answered and who waits in, one run's place in the line and the wait to expect out."""

import statistics
from collections import deque
from dataclasses import dataclass, field

# The wait is told from so many of the latest runs.
_REMEMBERED_RUNS = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the line.

    Args:
        before: Runs that wait and came earlier.
        seconds: The wait to expect; 0 while it cannot be told.
    """

    before: int
    seconds: float


@dataclass(slots=True)
class WaitingLine:
    """Remembers how long runs took, to tell how long a waiting one will wait."""

    _took_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_RUNS))

    def ended(self, seconds: float) -> None:
        """A run that had been read by the model has ended after so many seconds."""
        self._took_seconds.append(seconds)

    def place(self, run_id: str, has_begun: dict[str, bool], slots: int) -> Place | None:
        """Where a run stands; None when it does not wait for others.

        Args:
            has_begun: Every live run, oldest first, and whether the model has begun with it.
            slots: Runs that are answered at once.

        >>> line = WaitingLine()
        >>> line.ended(30.0)
        >>> line.place("d", {"a": True, "b": True, "c": False, "d": False}, slots=2)
        Place(before=1, seconds=30.0)
        """
        if has_begun.get(run_id, True) or sum(has_begun.values()) < slots:
            return None
        waiting = [other for other, begun in has_begun.items() if not begun]
        before = waiting.index(run_id)
        usual = statistics.median(self._took_seconds) if self._took_seconds else 0.0
        return Place(before, usual * (before + 1) / slots)
