"""The runs that a page has followed in, readers that keep them going out: until they end, or the page goes.

A run that nobody reads is cancelled after a while. Who looks at another run meanwhile, or begins a new chat, has not
gone.
"""

import threading
from collections import deque

from model.live_run import Follower
from model.runs import Runs

# Pages whose going was told before their run was kept; the oldest are forgotten.
_REMEMBERED_PAGES = 1000


class KeptRuns:
    """A reader of each live run for the page (by its session) that has followed it; it only counts."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._lock = threading.Lock()
        self._readers: dict[str, dict[str, Follower]] = {}
        self._gone: deque[str] = deque(maxlen=_REMEMBERED_PAGES)

    def keep(self, session: str, run_id: str) -> None:
        """Keep the run going if it is live; let go of those of this page that have ended. May read the disk."""
        with self._lock:
            readers = self._readers.setdefault(session, {})
            for ended in [known for known in readers if not self._runs.is_live(known)]:
                readers.pop(ended).close()
            if self._runs.is_live(run_id) and run_id not in readers and session not in self._gone:
                readers[run_id] = self._runs.attach(run_id)
            if not readers:
                del self._readers[session]

    def let_go(self, session: str) -> None:
        """The page has gone: its runs are only kept by whoever else reads them."""
        with self._lock:
            self._gone.append(session)
            for reader in self._readers.pop(session, {}).values():
                reader.close()

    def kept(self, session: str) -> tuple[str, ...]:
        """The runs that are kept for a page."""
        with self._lock:
            return tuple(self._readers.get(session, ()))
