"""The store's troubles in; a word about them in every run that goes on, once when they begin and once when they end."""

from collections.abc import Iterable

from model.events import Notice
from model.live_run import LiveRun
from model.store import Store

_WRITTEN = "The disk takes what is written again: nothing of this run is lost."


class StoreWatch:
    """Use it from one thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._trouble = ""
        self._told: set[str] = set()

    def look(self, live_runs: Iterable[LiveRun]) -> None:
        """Tell the runs that have not been told yet."""
        trouble = self._store.trouble
        if trouble:
            for live in live_runs:
                if live.id not in self._told:
                    live.append(Notice("store", trouble))
                    self._told.add(live.id)
        elif self._told:
            for live in live_runs:
                if live.id in self._told:
                    live.append(Notice("store", _WRITTEN))
            self._told.clear()
