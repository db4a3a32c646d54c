"""Events in at once, on disk a moment later: a queue, the thread that commits it in batches and indexes ended runs."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from model.engine import collect
from model.errors import RunError
from model.events import Event, Finished
from model.run_clock import RunClock
from model.search_text import indexed_words
from model.settings import STORE_DELAY_SECONDS
from model.steps import steps_of, working_of
from model.storable import storable
from model.store_file import StoreFile
from model.stored_runs import COLUMNS, Appended, RunRow, append_rows, run_row, stored_event

log = logging.getLogger(__name__)

# Events that wait while the disk takes none (about 100 MB of memory); after that `append` refuses.
MAX_WAITING_EVENTS = 200_000
# The commit begins a little before the delay is over, so that it has ended by then.
_COMMIT_AFTER_SECONDS = 0.75 * STORE_DELAY_SECONDS
_INDEX_WAIT_SECONDS = 5.0
_CLOSED = "The store is closed. Start the app again."


class StoreWriter:
    """What waits for the disk, and the thread that writes it. Every public method may be called from any thread."""

    def __init__(self, file: StoreFile) -> None:
        """Start the thread; runs that ended without getting into the search index are put there first."""
        self._file = file
        self._changed = threading.Condition()
        self._pending: list[Appended] = []
        self._n_appended = 0
        self._n_written = 0
        self._due = math.inf
        self._n_failures = 0
        self._failure = ""
        self._is_failing = False
        # Each is told of every batch that was written, and how many seconds that took.
        self.commit_watchers: list[Callable[[float], None]] = []
        self.clock = RunClock()
        self._is_hurried = False
        self._is_closed = False
        self._known: set[str] = set()
        not_indexed = file.read("SELECT id FROM runs WHERE is_indexed = 0 AND state <> 'running'", ())
        self._to_index = [str(run_id) for (run_id,) in not_indexed]
        self._thread = threading.Thread(target=self._write_on, name="store", daemon=True)
        self._thread.start()

    def check_open(self) -> None:
        """Refuse what is asked for once the store was closed.

        Raises:
            RunError: If `close` was called.
        """
        if self._is_closed:
            raise RunError(_CLOSED)

    def check_writing(self) -> None:
        """Refuse while the disk takes nothing.

        Raises:
            RunError: If the store is closed, or what was tried last could not be written.
        """
        self.check_open()
        if self._is_failing:
            raise RunError(self._failure)

    @property
    def trouble(self) -> str:
        """Why the disk takes nothing now, as a sentence; empty when it does."""
        return self._failure if self._is_failing else ""

    def pending_of(self, run_id: str) -> tuple[int, list[Appended]]:
        """How many events of all runs have been written, and those of this run that wait for the disk."""
        with self._changed:
            return self._n_written, [one for one in self._pending if one.run_id == run_id]

    def settle(self) -> None:
        """As `flush`, but while the disk takes nothing it waits for nothing: readers get what is there.

        Raises:
            RunError: If the store is closed.
        """
        self.check_open()
        if self._is_failing:
            return
        try:
            self.flush()
        except RunError:
            if not self._is_failing:
                raise

    def n_pending(self) -> int:
        """Events that wait for the disk."""
        with self._changed:
            return len(self._pending)

    def append(self, run_id: str, events: Sequence[Event]) -> None:
        """Queue events for the end of a run. Returns at once; they are on disk `STORE_DELAY_SECONDS` later.

        Raises:
            RunNotFound: If no run has this id.
            RunError: If the store is closed, or the disk has taken nothing for so long that too many events wait.
        """
        at_ms = self.clock.now_ms(run_id)
        appended = [Appended(run_id, at_ms, *storable(event)) for event in events]
        if any(isinstance(event, Finished) for event in events):
            self.clock.forget(run_id)
        if run_id not in self._known:
            self.check_open()
            self._file.read("SELECT 1 FROM runs WHERE id = ? AND deleted_at IS NULL", (run_id,), run_id)
            self._known.add(run_id)
        with self._changed:
            self.check_open()
            if len(self._pending) + len(appended) > MAX_WAITING_EVENTS:
                raise RunError(f"{len(self._pending):,} events wait for the disk. {self._failure}")
            if not self._pending:
                self._due = time.monotonic() + _COMMIT_AFTER_SECONDS
                self._changed.notify_all()
            self._pending.extend(appended)
            self._n_appended += len(appended)

    def forget(self, run_ids: Iterable[str]) -> None:
        """Look these runs up again before more is appended to them: they were deleted."""
        self._known.difference_update(run_ids)

    def flush(self) -> None:
        """Return when everything appended so far is on disk.

        Raises:
            RunError: If it cannot be written; it is kept and tried again.
        """
        with self._changed:
            wanted = self._n_appended
            n_failures = self._n_failures
            while self._n_written < wanted:
                if self._n_failures > n_failures or not self._thread.is_alive():
                    raise RunError(self._failure or _CLOSED)
                self._is_hurried = True
                self._changed.notify_all()
                self._changed.wait(1.0)

    def index(self, run_ids: Iterable[str]) -> None:
        """Put runs into the search index, soon."""
        with self._changed:
            self._to_index.extend(run_ids)
            self._changed.notify_all()

    def wait_until_indexed(self) -> None:
        """Return when every ended run is in the search index, or after `_INDEX_WAIT_SECONDS`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._to_index, _INDEX_WAIT_SECONDS)

    def close(self) -> bool:
        """Take no more, and return when all is written or the disk took it no more. False if that was begun before."""
        with self._changed:
            if self._is_closed:
                return False
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()
        return True

    def check_all_written(self) -> None:
        """Say what `close` could not write.

        Raises:
            RunError: If events were lost.
        """
        if self._pending:
            raise RunError(f"{len(self._pending):,} events were lost. {self._failure}")

    # ------------------------------------------------------------------ in the thread

    def _write_on(self) -> None:
        """The writer thread: commit when due, index ended runs in between, until closed."""
        while True:
            with self._changed:
                now = time.monotonic()
                must_write = bool(self._pending) and (self._is_hurried or self._is_closed or now >= self._due)
                if not must_write:
                    if self._is_closed:
                        return
                    self._is_hurried = False
                    if not self._to_index:
                        self._changed.wait(min(self._due - now, 3600.0) if self._pending else None)
                        continue
                batch = list(self._pending) if must_write else []
            if not batch:
                self._index(self._to_index[0])
            elif not self._commit(batch, now) and self._is_closed:
                return

    def _commit(self, batch: list[Appended], taken_at: float) -> bool:
        of_run: dict[str, list[Appended]] = {}
        for one in batch:
            of_run.setdefault(one.run_id, []).append(one)
        began = time.monotonic()
        try:
            with self._file.transaction() as db:
                ended = [run_id for run_id, ones in of_run.items() if append_rows(db, run_id, ones)]
        except RunError as error:
            log.warning("%s", error)
            with self._changed:
                self._n_failures += 1
                self._is_failing = True
                self._failure = str(error)
                self._due = time.monotonic() + STORE_DELAY_SECONDS
                self._is_hurried = False
                self._changed.notify_all()
            return False
        with self._changed:
            del self._pending[: len(batch)]
            self._n_written += len(batch)
            self._is_failing = False
            self._due = taken_at + _COMMIT_AFTER_SECONDS
            self._is_hurried = False
            self._to_index.extend(run_id for run_id in ended if run_id not in self._to_index)
            self._changed.notify_all()
        for tell in self.commit_watchers:
            tell(time.monotonic() - began)
        return True

    def _index(self, run_id: str) -> None:
        """Put a run that has ended into the full-text index; readers and writers go on meanwhile."""
        try:
            row, events = self._stored(run_id)
            words = tuple(map(indexed_words, (row.question, collect(events).answer, working_of(steps_of(events)))))
            with self._file.transaction() as db:
                n, title = db.execute("SELECT n, title FROM runs WHERE id = ?", (run_id,)).fetchone()
                db.execute("DELETE FROM words WHERE rowid = ?", (n,))
                db.execute(
                    "INSERT INTO words(rowid, title, question, answer, thinking) VALUES (?, ?, ?, ?, ?)",
                    (n, indexed_words(title), *words),
                )
                db.execute("UPDATE runs SET is_indexed = 1 WHERE id = ? AND n_events = ?", (run_id, len(events)))
        except RunError as error:
            log.warning("The run %s is not in the search index: %s It is tried again at the next start.", run_id, error)
        with self._changed:
            self._to_index.remove(run_id)
            self._changed.notify_all()

    def _stored(self, run_id: str) -> tuple[RunRow, list[Event]]:
        """Row and events as they are on disk, deleted or not, without waiting for what is not written yet."""
        values = self._file.read(f"SELECT {COLUMNS} FROM runs WHERE id = ?", (run_id,), run_id)
        lines = self._file.read("SELECT number, json FROM events WHERE run_id = ? ORDER BY number", (run_id,))
        return run_row(values[0]), [stored_event(run_id, number, line) for number, line in lines]
