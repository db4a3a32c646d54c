"""Events of runs in, the same events out again, from SQLite: written as they come, searched in full text, kept by id.

One connection writes, under a lock; a thread commits what was appended, in batches. Readers have connections of their
own and see all that was appended before they asked. The file can be read with the `sqlite3` command: `runs` has a row
for each run, `events` one for each event (run, number, Unix milliseconds, JSON), `words` is the full-text index.

The database is in WAL mode with synchronous=NORMAL: a killed process loses what was not committed yet (at most
`STORE_DELAY_SECONDS`), a power cut may lose the last commits, and neither damages the file. WAL needs a local disk.
"""

import atexit
import logging
import math
import os
import re
import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from model.engine import collect
from model.errors import BadInput, RunBusy, RunError, RunNotFound
from model.events import Asked, Event, Finished, Steered, from_json
from model.search_text import indexed_words, match_expression, snippet_of
from model.settings import STORE_DELAY_SECONDS
from model.storable import finite, storable
from model.titles import one_line, title_of

RunState = Literal["running", "finished", "interrupted"]
Place = Literal["question", "answer", "thinking", "title"]

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1
PURGE_AFTER_SECONDS = 30 * 24 * 3600
# Events that wait while the disk takes none (about 100 MB of memory); after that `append` refuses.
MAX_WAITING_EVENTS = 200_000
# The commit begins a little before the delay is over, so that it has ended by then.
_COMMIT_AFTER_SECONDS = 0.75 * STORE_DELAY_SECONDS
_BUSY_SECONDS = 5.0
_INDEX_WAIT_SECONDS = 5.0
# SQLite's integers end at 2**63; counts are held below this, so that their sums fit.
_MAX_COUNT = 2**53

_SCHEMA = """
CREATE TABLE runs (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    parent_id TEXT REFERENCES runs(id) ON DELETE SET NULL,
    root_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    title TEXT NOT NULL,
    question TEXT NOT NULL,
    model TEXT NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'running',
    reason TEXT NOT NULL DEFAULT '',
    is_pinned INTEGER NOT NULL DEFAULT 0,
    n_events INTEGER NOT NULL DEFAULT 0,
    thinking_tokens INTEGER NOT NULL DEFAULT 0,
    answer_tokens INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    is_indexed INTEGER NOT NULL DEFAULT 0,
    deleted_at REAL
);
CREATE INDEX runs_by_conversation ON runs(owner, root_id, updated_at);
CREATE INDEX runs_by_root ON runs(root_id);
CREATE INDEX runs_by_parent ON runs(parent_id);
CREATE TABLE events (
    run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run_id, number)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(title, question, answer, thinking, tokenize = "unicode61 remove_diacritics 2");
INSERT INTO words(words, rank) VALUES ('rank', 'bm25(8.0, 4.0, 2.0, 1.0)');
"""

# The runs of a delete: `:id` and everything that follows it. The ancestors of a restore: `:id` and what it follows.
# Branches of a first turn have no parent, only its id as their root.
_SUBTREE = """WITH RECURSIVE tree(id) AS (
    VALUES (:id) UNION SELECT runs.id FROM runs JOIN tree
    ON runs.parent_id = tree.id OR (runs.parent_id IS NULL AND runs.root_id = tree.id)) """
_ANCESTORS = """WITH RECURSIVE tree(id, parent_id) AS (
    SELECT id, parent_id FROM runs WHERE id = :id
    UNION SELECT runs.id, runs.parent_id FROM runs JOIN tree ON runs.id = tree.parent_id) """

_RUN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class RunRow:
    """What a list of runs shows. Times are Unix seconds; tokens and seconds are summed over all that the run did.

    Args:
        root_id: The first turn of the conversation; the run's own id when it is that turn.
        reason: The last `Finished.reason`; "" while the run goes on or when it never ended.
    """

    id: str
    parent_id: str | None
    root_id: str
    owner: str
    title: str
    question: str
    model: str
    created_at: float
    updated_at: float
    state: RunState
    reason: str
    is_pinned: bool
    n_events: int
    thinking_tokens: int
    answer_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Hit:
    r"""A run that a search found. `snippet` is plain text from `place`, with \x02 and \x03 around what matched."""

    run: RunRow
    place: Place
    snippet: str


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """A run from elsewhere, whole. `parent_id` is None or the id of one before it in the same list."""

    id: str
    parent_id: str | None
    title: str
    created_at: float
    events: Sequence[tuple[int, Event]]


_COLUMNS = ", ".join(f"runs.{field.name}" for field in fields(RunRow))


def _run_row(values: Sequence[Any]) -> RunRow:
    row = RunRow(*values[: len(fields(RunRow))])
    return replace(row, is_pinned=bool(row.is_pinned))


def _count(tokens: int) -> int:
    return max(0, min(tokens, _MAX_COUNT))


class _Appended(NamedTuple):
    """An event on its way to the disk."""

    run_id: str
    at_ms: int
    event: Event
    line: str


# ---------------------------------------------------------------------------------------------------- store


class Store:
    """All runs of one data folder. Every method may be called from any thread.

    Two apps may open one folder: both can write, and runs of the one that lives are not called interrupted by the
    other (on Windows, where there is no such lock, they are).
    """

    def __init__(self, folder: Path) -> None:
        """Open or make `folder/runs.sqlite3`; runs that a dead app left running become *interrupted*.

        Raises:
            RunError: If the folder cannot be written, or the file is not ours, damaged or from a newer version.
        """
        self.path = folder / "runs.sqlite3"
        self._write_lock = threading.RLock()
        self._changed = threading.Condition()
        self._pending: list[_Appended] = []
        self._n_appended = 0
        self._n_written = 0
        self._due = math.inf
        self._n_failures = 0
        self._failure = ""
        self._is_hurried = False
        self._is_closed = False
        self._pid = os.getpid()
        self._known: set[str] = set()
        self._idle_readers: list[sqlite3.Connection] = []
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # chats are private
            # Held open as long as the store: the lock goes with the process, however that ends.
            self._lock_file = (folder / "runs.lock").open("a")
        except OSError as error:
            raise RunError(
                f"The data folder {str(folder)!r} cannot be written: {error.strerror}. "
                "Set WORKINGS_DATA to a folder that can."
            ) from error
        try:
            self._db = self._connect()
            self._prepare()
        except sqlite3.Error as error:
            self._lock_file.close()
            raise RunError(self._sentence(error)) from error
        except RunError:
            self._db.close()
            self._lock_file.close()
            raise
        self._to_index = [
            str(run_id)
            for (run_id,) in self._db.execute("SELECT id FROM runs WHERE is_indexed = 0 AND state <> 'running'")
        ]
        self._thread = threading.Thread(target=self._write_on, name="store", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    # ------------------------------------------------------------------ opening

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def _sentence(self, error: sqlite3.Error) -> str:
        return (
            f"The store {str(self.path)!r} failed: {error}. Check the disk's free space and rights; if the file is "
            "damaged, move it away and start again, or set WORKINGS_DATA to another folder."
        )

    def _prepare(self) -> None:
        """Check or write the schema, purge, and mark what a dead app left running."""
        self._db.execute("PRAGMA journal_mode = WAL")
        with self._transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > SCHEMA_VERSION:
                raise RunError(
                    f"The store {str(self.path)!r} has schema {version} and this version reads up to "
                    f"{SCHEMA_VERSION}. Update Workings, or set WORKINGS_DATA to another folder."
                )
            if version == 0:
                if db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                    raise RunError(
                        f"The file {str(self.path)!r} is a database of something else. "
                        "Move it away, or set WORKINGS_DATA to another folder."
                    )
                for statement in _SCHEMA.split(";\n"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            old = time.time() - PURGE_AFTER_SECONDS
            db.execute("DELETE FROM words WHERE rowid IN (SELECT n FROM runs WHERE deleted_at < ?)", (old,))
            db.execute("DELETE FROM runs WHERE deleted_at < ?", (old,))
            if self._is_only_app():
                db.execute("UPDATE runs SET state = 'interrupted' WHERE state = 'running'")

    def _is_only_app(self) -> bool:
        """Whether no other living process has this folder open. POSIX locks: a forked child does not inherit them."""
        if sys.platform == "win32":
            return True
        import fcntl

        try:
            fcntl.lockf(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    # ------------------------------------------------------------------ writing

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._write_lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise RunError(self._sentence(error)) from error
                raise

    def create(
        self,
        run_id: str,
        asked: Asked,
        *,
        parent_id: str | None = None,
        branch_of: str | None = None,
        owner: str = "",
    ) -> RunRow:
        """Begin a run; `asked` becomes its event 0 and is on disk when this returns.

        Args:
            run_id: 1 to 64 letters, digits, `-`, `_` and `.`.
            asked: The question with its settings; the title comes from it.
            parent_id: The turn that this one follows, for a conversation.
            branch_of: A run that this one stands beside: it follows the same turn, in the same conversation.
            owner: Whose list of runs it belongs to; "" where there are no logins.

        Raises:
            BadInput: If the id has another form, or is taken.
            RunBusy: If it is taken by a run that is still going on.
            RunNotFound: If the parent does not exist, was deleted or is another owner's.
        """
        if not _RUN_ID.fullmatch(run_id):
            raise BadInput(f"The run id is {run_id[:80]!r}. Use 1 to 64 letters, digits, '-', '_' and '.'.")
        at_ms = time.time_ns() // 1_000_000
        with self._transaction() as db:
            taken = db.execute("SELECT state FROM runs WHERE id = ?", (run_id,)).fetchone()
            if taken:
                kind = RunBusy if taken[0] == "running" else BadInput
                raise kind(f"There is a run {run_id!r} already. Choose another id, or leave it out.")
            root_id: str | None = None
            known = parent_id if branch_of is None else branch_of
            if known is not None:
                found = db.execute(
                    "SELECT owner, parent_id, root_id FROM runs WHERE id = ? AND deleted_at IS NULL", (known,)
                ).fetchone()
                if not found or found[0] != owner:
                    raise _not_found(known)
                if branch_of is not None:
                    parent_id, root_id = found[1:]
            one = ImportedRun(run_id, parent_id, "", at_ms / 1000, ())
            self._insert(db, one, [_Appended(run_id, at_ms, *storable(asked))], owner, "running", root_id)
        return self.row(run_id)

    def _insert(
        self,
        db: sqlite3.Connection,
        run: ImportedRun,
        events: list[_Appended],
        owner: str,
        state: RunState,
        root_id: str | None = None,
    ) -> None:
        asked = events[0].event
        assert isinstance(asked, Asked)
        parent = (run.id, False)
        if (before := run.parent_id or root_id) is not None:
            parent = db.execute("SELECT root_id, is_pinned FROM runs WHERE id = ?", (before,)).fetchone()
        db.execute(
            "INSERT INTO runs(id, parent_id, root_id, is_pinned, owner, title, question, model, created_at, updated_at,"
            " state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (run.id, run.parent_id, *parent, owner, one_line(run.title) or title_of(asked.question))
            + (asked.question, asked.model, run.created_at, run.created_at, state),
        )
        self._write_run(db, run.id, events)

    def insert(self, runs: Sequence[ImportedRun], owner: str = "") -> list[str]:
        """Take in runs from elsewhere, all of them or none. A run without an end is *interrupted*.

        Returns:
            Their ids, in order; a new one where an id is taken.

        Raises:
            BadInput: If a parent does not stand before its run in the list.
        """
        new_ids: dict[str, str] = {}
        # Before the transaction: while it lasts, the runs that go on now cannot be written.
        encoded = [[_Appended(run.id, at_ms, *storable(event)) for at_ms, event in run.events] for run in runs]
        with self._transaction() as db:
            for run, events in zip(runs, encoded, strict=True):
                if run.parent_id is not None and run.parent_id not in new_ids:
                    raise BadInput(f"The run {run.id!r} follows {run.parent_id!r}, which does not stand before it.")
                is_taken = db.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone()
                new_ids[run.id] = uuid.uuid4().hex if is_taken else run.id
                parent_id = new_ids[run.parent_id] if run.parent_id is not None else None
                self._insert(db, replace(run, id=new_ids[run.id], parent_id=parent_id), events, owner, "interrupted")
        with self._changed:
            self._to_index.extend(new_ids.values())
            self._changed.notify_all()
        return list(new_ids.values())

    def append(self, run_id: str, events: Sequence[Event]) -> None:
        """Add events to the end of a run. Returns at once; they are on disk `STORE_DELAY_SECONDS` later.

        `Finished` ends the run and adds its counts; `Steered` *continue* or *think longer* after that opens it again.

        Raises:
            RunNotFound: If no run has this id.
            RunError: If the store is closed, or the disk has taken nothing for so long that too many events wait.
        """
        at_ms = time.time_ns() // 1_000_000
        appended = [_Appended(run_id, at_ms, *storable(event)) for event in events]
        if run_id not in self._known:
            self._read("SELECT 1 FROM runs WHERE id = ? AND deleted_at IS NULL", (run_id,), run_id)
            self._known.add(run_id)
        with self._changed:
            if self._is_closed:
                raise RunError("The store is closed. Start the app again.")
            if len(self._pending) + len(appended) > MAX_WAITING_EVENTS:
                raise RunError(f"{len(self._pending):,} events wait for the disk. {self._failure}")
            if not self._pending:
                self._due = time.monotonic() + _COMMIT_AFTER_SECONDS
                self._changed.notify_all()
            self._pending.extend(appended)
            self._n_appended += len(appended)

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
                    raise RunError(self._failure or "The store is closed. Start the app again.")
                self._is_hurried = True
                self._changed.notify_all()
                self._changed.wait(1.0)

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

    def _commit(self, batch: list[_Appended], taken_at: float) -> bool:
        of_run: dict[str, list[_Appended]] = {}
        for one in batch:
            of_run.setdefault(one.run_id, []).append(one)
        try:
            with self._transaction() as db:
                ended = [run_id for run_id, ones in of_run.items() if self._write_run(db, run_id, ones)]
        except RunError as error:
            log.warning("%s", error)
            with self._changed:
                self._n_failures += 1
                self._failure = str(error)
                self._due = time.monotonic() + STORE_DELAY_SECONDS
                self._is_hurried = False
                self._changed.notify_all()
            return False
        with self._changed:
            del self._pending[: len(batch)]
            self._n_written += len(batch)
            self._due = taken_at + _COMMIT_AFTER_SECONDS
            self._is_hurried = False
            self._to_index.extend(run_id for run_id in ended if run_id not in self._to_index)
            self._changed.notify_all()
        return True

    def _write_run(self, db: sqlite3.Connection, run_id: str, ones: list[_Appended]) -> bool:
        """Write events of one run and what they mean for its row. Returns whether the run is at an end now."""
        found = db.execute(
            "SELECT n_events, state, reason, thinking_tokens, answer_tokens, seconds FROM runs WHERE id = ?", (run_id,)
        ).fetchone()
        if found is None:  # purged by another process
            return False
        n_events, state, reason, thinking_tokens, answer_tokens, seconds = found
        db.executemany(
            "INSERT INTO events VALUES (?, ?, ?, ?)",
            ((run_id, number, one.at_ms, one.line) for number, one in enumerate(ones, n_events)),
        )
        for one in ones:
            match one.event:
                case Finished() as end:
                    state, reason = "finished", end.reason
                    thinking_tokens += _count(end.thinking_tokens)
                    answer_tokens += _count(end.answer_tokens)
                    seconds = finite(seconds + end.seconds)
                case Steered("continue" | "think_longer") if state != "running":
                    state, reason = "running", ""
                case _:
                    pass
        db.execute(
            "UPDATE runs SET n_events = ?, state = ?, reason = ?, thinking_tokens = ?, answer_tokens = ?, seconds = ?,"
            " updated_at = max(updated_at, ?), is_indexed = 0 WHERE id = ?",
            (
                n_events + len(ones),
                state,
                reason,
                thinking_tokens,
                answer_tokens,
                seconds,
                ones[-1].at_ms / 1000,
                run_id,
            ),
        )
        return bool(state != "running")

    def _index(self, run_id: str) -> None:
        """Put a run that has ended into the full-text index; readers and writers go on meanwhile."""
        try:
            row, events = self._stored(run_id)
            text = collect(events)
            words = (indexed_words(row.question), indexed_words(text.answer), indexed_words(text.thinking))
            with self._transaction() as db:
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
        values = self._read(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", (run_id,), run_id)
        lines = self._read("SELECT number, json FROM events WHERE run_id = ? ORDER BY number", (run_id,))
        return _run_row(values[0]), [_event(run_id, number, line) for number, line in lines]

    # ------------------------------------------------------------------ reading

    def _read(self, sql: str, values: Sequence[Any] | dict[str, Any], run_id: str | None = None) -> list[Any]:
        """All rows of a query, on a connection that nobody else uses; with a `run_id`, at least one row."""
        if self._is_closed and threading.current_thread() is not self._thread:
            raise RunError("The store is closed. Start the app again.")
        try:
            try:
                db = self._idle_readers.pop()
            except IndexError:
                db = self._connect()
                db.execute("PRAGMA query_only = ON")
            found = db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise RunError(self._sentence(error)) from error
        self._idle_readers.append(db)
        if run_id is not None and not found:
            raise _not_found(run_id)
        return found

    def _rows(self, condition: str, values: Sequence[Any] | dict[str, Any], run_id: str | None = None) -> list[RunRow]:
        self.flush()
        return [_run_row(found) for found in self._read(f"SELECT {_COLUMNS} FROM runs {condition}", values, run_id)]

    def timed_events(self, run_id: str, from_event: int = 0, to_event: int | None = None) -> list[tuple[int, Event]]:
        """Events number `from_event` up to and without `to_event`, each with its Unix time in milliseconds.

        Raises:
            RunNotFound: If no run has this id.
            RunError: If a stored event cannot be read.
        """
        self.row(run_id)
        found = self._read(
            "SELECT at_ms, number, json FROM events WHERE run_id = ? AND number >= ? AND number < ? ORDER BY number",
            (run_id, from_event, 2**62 if to_event is None else to_event),
        )
        return [(at_ms, _event(run_id, number, line)) for at_ms, number, line in found]

    def events(self, run_id: str, from_event: int = 0, to_event: int | None = None) -> list[Event]:
        """As `timed_events`, without the times."""
        return [event for _, event in self.timed_events(run_id, from_event, to_event)]

    def row(self, run_id: str) -> RunRow:
        """What is known of one run.

        Raises:
            RunNotFound: If no run has this id, or it was deleted.
        """
        return self._rows("WHERE id = ? AND deleted_at IS NULL", (run_id,), run_id)[0]

    def rows(self, owner: str = "", limit: int = 200, offset: int = 0) -> list[RunRow]:
        """First turns of the owner's conversations: pinned first, then by their latest turn's time, newest first.

        `updated_at` is that of the latest turn.
        """
        self.flush()
        found = self._read(
            f"SELECT {_COLUMNS}, latest.at FROM runs JOIN (SELECT root_id, max(updated_at) AS at FROM runs"
            " WHERE owner = :owner AND deleted_at IS NULL GROUP BY root_id) AS latest ON latest.root_id = runs.id"
            " WHERE deleted_at IS NULL ORDER BY is_pinned DESC, latest.at DESC, n DESC LIMIT :limit OFFSET :offset",
            {"owner": owner, "limit": max(limit, 0), "offset": max(offset, 0)},
        )
        return [replace(_run_row(values), updated_at=values[-1]) for values in found]

    def conversation(self, run_id: str) -> list[RunRow]:
        """The turns from the first one to this one.

        Raises:
            RunNotFound: If no run has this id.
        """
        by_id = {row.id: row for row in self._rows(f"WHERE id IN ({_ANCESTORS} SELECT id FROM tree)", {"id": run_id})}
        row = self.row(run_id)
        turns = [row]
        while row.parent_id is not None:
            row = by_id[row.parent_id]
            turns.insert(0, row)
        return turns

    def whole_conversation(self, run_id: str) -> list[RunRow]:
        """Every run of the conversation that this one belongs to, all branches, each after the one that it follows.

        Raises:
            RunNotFound: If no run has this id.
        """
        return self._rows("WHERE root_id = ? AND deleted_at IS NULL ORDER BY n", (self.row(run_id).root_id,))

    def children(self, run_id: str) -> list[RunRow]:
        """The turns that follow this one directly, oldest first.

        Raises:
            RunNotFound: If no run has this id.
        """
        self.row(run_id)
        return self._rows("WHERE parent_id = ? AND deleted_at IS NULL ORDER BY created_at, n", (run_id,))

    def siblings(self, run_id: str) -> list[RunRow]:
        """This run and those that stand beside it: branches of the same turn, oldest first.

        Raises:
            RunNotFound: If no run has this id.
        """
        row = self.row(run_id)
        if row.parent_id is not None:
            return self.children(row.parent_id)
        condition = "WHERE root_id = ? AND parent_id IS NULL AND deleted_at IS NULL ORDER BY created_at, n"
        return self._rows(condition, (row.root_id,))

    def last_turn(self, run_id: str) -> RunRow:
        """The newest turn of the conversation that this run belongs to: what to open when the conversation is chosen.

        Raises:
            RunNotFound: If no run has this id.
        """
        root_id = self.row(run_id).root_id
        condition = "WHERE root_id = ? AND deleted_at IS NULL ORDER BY created_at DESC, n DESC LIMIT 1"
        return self._rows(condition, (root_id,), run_id)[0]

    def unfinished(self) -> list[str]:
        """Runs that never got an end: their app died in mid-run (or they were imported so). Oldest first."""
        return [row.id for row in self._rows("WHERE state = 'interrupted' AND deleted_at IS NULL ORDER BY n", ())]

    def search(self, query: str, owner: str = "", limit: int = 50) -> list[Hit]:
        """Runs of the owner that hold every word of the query, best first; runs still going on are not searched.

        Case and accents do not count. A word also finds longer ones that begin with it; words between double quotes
        must stand as they are. Chinese, Japanese and Korean are found by any sequence of characters.
        """
        expression = match_expression(query)
        if not expression:
            return []
        self.flush()
        with self._changed:
            self._changed.wait_for(lambda: not self._to_index, _INDEX_WAIT_SECONDS)
        title, asked, answer, thinking = (f"highlight(words, {column}, char(2), char(3))" for column in range(4))
        found = self._read(
            f"SELECT {_COLUMNS}, {asked}, {answer}, {title},"
            # The thinking is long: only when nothing else matched.
            f" CASE WHEN instr({asked} || {answer} || {title}, char(2)) = 0 THEN {thinking} ELSE '' END"
            " FROM words JOIN runs ON runs.n = words.rowid WHERE words MATCH ? AND owner = ? AND deleted_at IS NULL"
            " ORDER BY words.rank LIMIT ?",
            (expression, owner, max(limit, 0)),
        )
        places: tuple[Place, ...] = ("question", "answer", "title", "thinking")
        hits = []
        for values in found:
            place, text = next((p, t) for p, t in zip(places, values[-4:], strict=True) if "\x02" in t)
            hits.append(Hit(_run_row(values), place, snippet_of(text)))
        return hits

    # ------------------------------------------------------------------ changing

    def rename(self, run_id: str, title: str) -> None:
        """Give a run another title, made one line of at most 200 characters.

        Raises:
            BadInput: If nothing is left of the title.
            RunNotFound: If no run has this id.
        """
        title = one_line(title)
        if not title:
            raise BadInput("The title is empty. Write at least one character.")
        self.row(run_id)
        with self._transaction() as db:
            db.execute("UPDATE runs SET title = ? WHERE id = ?", (title, run_id))
            db.execute(
                "UPDATE words SET title = ? WHERE rowid = (SELECT n FROM runs WHERE id = ?)",
                (indexed_words(title), run_id),
            )

    def pin(self, run_id: str, is_pinned: bool) -> None:
        """Keep the run's whole conversation on top of the list, or no longer.

        Raises:
            RunNotFound: If no run has this id.
        """
        root_id = self.row(run_id).root_id
        with self._transaction() as db:
            db.execute("UPDATE runs SET is_pinned = ? WHERE root_id = ?", (is_pinned, root_id))

    def delete(self, run_id: str) -> None:
        """Hide a run and all turns after it; `restore` undoes it for 30 days, then they are erased at a start.

        Raises:
            RunNotFound: If no run has this id.
            RunBusy: If one of them is still going on.
        """
        self.row(run_id)
        with self._transaction() as db:
            tree = f"{_SUBTREE} SELECT id FROM tree"
            busy = db.execute(
                f"SELECT id FROM runs WHERE id IN ({tree}) AND state = 'running' AND deleted_at IS NULL", {"id": run_id}
            ).fetchone()
            if busy:
                raise RunBusy(f"The run {busy[0]!r} is still going on. Stop it first.")
            gone = db.execute(
                f"UPDATE runs SET deleted_at = :now WHERE id IN ({tree}) AND deleted_at IS NULL RETURNING id",
                {"id": run_id, "now": time.time()},
            ).fetchall()
        self._known.difference_update(run_id for (run_id,) in gone)

    def restore(self, run_id: str, owner: str | None = None) -> None:
        """Undo a `delete`: the run, what was deleted with it, and the turns before it.

        Args:
            run_id: The run that was deleted.
            owner: Whose run it must be; None for anybody's.

        Raises:
            RunNotFound: If no run has this id, it was erased, or it is another owner's.
        """
        found = self._read("SELECT deleted_at, owner FROM runs WHERE id = ?", (run_id,), run_id)
        if owner is not None and found[0][1] != owner:
            raise _not_found(run_id)
        with self._transaction() as db:
            for tree, condition in ((_SUBTREE, "deleted_at = :at"), (_ANCESTORS, "TRUE")):
                db.execute(
                    f"UPDATE runs SET deleted_at = NULL WHERE id IN ({tree} SELECT id FROM tree) AND {condition}",
                    {"id": run_id, "at": found[0][0]},
                )

    def close(self) -> None:
        """Write what was appended and let go of the file; harmless when repeated.

        Raises:
            RunError: If events could not be written.
        """
        if os.getpid() != self._pid:  # a forked child that ends: the file is its parent's
            return
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            self._changed.notify_all()
        atexit.unregister(self.close)
        self._thread.join()
        with self._write_lock:
            for db in (*self._idle_readers, self._db):
                db.close()
        self._lock_file.close()
        if self._pending:
            raise RunError(f"{len(self._pending):,} events were lost. {self._failure}")


def _not_found(run_id: str) -> RunNotFound:
    return RunNotFound(f"There is no run {run_id[:80]!r}. Look it up in the list of runs.")


def _event(run_id: str, number: int, line: str) -> Event:
    try:
        return from_json(line)
    except ValidationError as error:
        raise RunError(
            f"Event {number} of the run {run_id!r} cannot be read by this version of Workings. "
            "Update Workings, or delete the run."
        ) from error
