"""How many read along and how late the server's event loop is in; the seconds between two updates of a reader out.

One reader gets updates as fast as a page can draw. Each update costs the server milliseconds, so that with many readers
each gets fewer of them, with more text in each: all of them together stay at `UPDATES_PER_SECOND_IN_ALL`, and below it
while the event loop comes late to what it has to do.
"""

import asyncio
import time
from collections.abc import Callable

from model.settings import UPDATES_PER_SECOND_IN_ALL

# However many read: text that is older than this seems to stand still.
_LONGEST_SECONDS = 3.0
_COUNTED_EVERY_SECONDS = 0.5
# The loop is behind when it comes so late, on average of the latest updates, and has time again below the other.
_LATE_SECONDS, _EARLY_SECONDS = 0.1, 0.02
_STEP, _MOST_STRETCH = 1.1, 4.0
# How much one update counts in the average.
_SHARE = 0.05


class Pace:
    """Use it from one event loop.

    Args:
        count_readers: Readers of runs that go on now.
        clock: Seconds that never go back.
    """

    def __init__(self, count_readers: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._count_readers = count_readers
        self._clock = clock
        self._counted_at = -_COUNTED_EVERY_SECONDS
        self._readers = 0
        self._late = 0.0
        self._stretch = 1.0

    def seconds(self, least: float) -> float:
        """Between two updates of one reader: `least`, or more where many read.

        >>> Pace(lambda: 2).seconds(0.085), Pace(lambda: 400).seconds(0.085)
        (0.085, 2.0)
        """
        self._look()
        return max(least, min(_LONGEST_SECONDS, self._stretch * self._readers / UPDATES_PER_SECOND_IN_ALL))

    async def rest(self, least: float) -> None:
        """Wait so long."""
        await self._wait(self.seconds(least))

    async def rest_beyond(self, least: float) -> None:
        """Wait for what is more than `least`: the reader waits for that by itself."""
        left = self.seconds(least) - least
        if left > 0:
            await self._wait(left)

    async def _wait(self, seconds: float) -> None:
        began = self._clock()
        await asyncio.sleep(seconds)
        self.came_late(self._clock() - began - seconds)

    def came_late(self, seconds: float) -> None:
        """The event loop came so much later than asked for."""
        self._late += _SHARE * (min(seconds, 1.0) - self._late)

    def _look(self) -> None:
        now = self._clock()
        if now - self._counted_at < _COUNTED_EVERY_SECONDS:
            return
        self._counted_at, self._readers = now, self._count_readers()
        if self._late > _LATE_SECONDS:
            self._stretch = min(_MOST_STRETCH, self._stretch * _STEP)
        elif self._late < _EARLY_SECONDS:
            self._stretch = max(1.0, self._stretch / _STEP)
