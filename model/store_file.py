"""A data folder in, its SQLite file out: locked and of our schema, written in transactions, read by queries.

One connection writes, under a lock. Readers have connections of their own and do not wait for it.

The database is in WAL mode with synchronous=NORMAL: a killed process loses what was not committed yet, a power cut may
lose the last commits, and neither damages the file. WAL needs a local disk.
"""

import logging
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from model.errors import RunError
from model.store_faults import check_whole, fault_sentence, is_damaged, put_aside
from model.stored_runs import SCHEMA, SCHEMA_VERSION, not_found

_log = logging.getLogger(__name__)

PURGE_AFTER_SECONDS = 30 * 24 * 3600
_BUSY_SECONDS = 5.0


class StoreFile:
    """The open file `runs.sqlite3`. Every method may be called from any thread."""

    def __init__(self, folder: Path) -> None:
        """Open or make `folder/runs.sqlite3`; runs that a dead app left running become *interrupted*.

        Raises:
            RunError: If the folder cannot be written, or the file is not ours, damaged or from a newer version.
        """
        self.path = folder / "runs.sqlite3"
        self._write_lock = threading.RLock()
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
        # A sentence about what came out otherwise than asked for; empty when nothing did.
        self.note = ""
        try:
            self._open()
        except sqlite3.Error as error:
            self._lock_file.close()
            raise RunError(fault_sentence(error, self.path)) from error
        except RunError:
            self._lock_file.close()
            raise

    def _open(self) -> None:
        """Open the file; one that is damaged is kept aside, and a new one begun."""
        try:
            self._open_once()
        except (sqlite3.Error, RunError) as error:
            cause = error.__cause__ or error
            # Another app that has it open would go on writing into what was put aside.
            if not is_damaged(cause) or not self._is_only_app():
                raise
            self.note = put_aside(self.path, cause)
            _log.error("%s", self.note)
            self._open_once()

    def _open_once(self) -> None:
        self._db = self._connect()
        try:
            check_whole(self._db, self.path)
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def _prepare(self) -> None:
        """Check or write the schema, purge, and mark what a dead app left running."""
        self._db.execute("PRAGMA journal_mode = WAL")
        with self.transaction() as db:
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
                for statement in SCHEMA.split(";\n"):
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

    # ------------------------------------------------------------------ writing and reading

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, for one thread at a time: all is written at the end, or nothing.

        Raises:
            RunError: If the file cannot be written.
        """
        with self._write_lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                with suppress(sqlite3.Error):  # of a disk that fails, what went wrong first is what counts
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise RunError(fault_sentence(error, self.path)) from error
                raise

    def read(self, sql: str, values: Sequence[Any] | dict[str, Any], run_id: str | None = None) -> list[Any]:
        """All rows of a query, on a connection that nobody else uses; with a `run_id`, at least one row.

        Raises:
            RunNotFound: If there is none and a `run_id` was given.
            RunError: If the file cannot be read.
        """
        try:
            try:
                db = self._idle_readers.pop()
            except IndexError:
                db = self._connect()
                db.execute("PRAGMA query_only = ON")
            found = db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise RunError(fault_sentence(error, self.path)) from error
        self._idle_readers.append(db)
        if run_id is not None and not found:
            raise not_found(run_id)
        return found

    def close(self) -> None:
        """Let go of the file; harmless when repeated."""
        with self._write_lock:
            for db in (*self._idle_readers, self._db):
                db.close()
        self._lock_file.close()
