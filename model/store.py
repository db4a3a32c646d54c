"""Events of runs in, the same events out again, from SQLite: written as they come, searched in full text, kept by id.

`Store` is what others use. It is made of `store_reader.py` (all that can be asked), `store_writer.py` (what was
appended goes to the disk in batches), `store_file.py` (the SQLite file) and `stored_runs.py` (its tables, and what they
are read into). Readers see all that was appended before they asked; a killed process loses at most the last
`STORE_DELAY_SECONDS`.

`python -m model.store recheck FILE` judges the runs of an export again; see `verify.rechecking`.
"""

import atexit
import os
import runpy
import tempfile
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from model.acting import may_see, new_owner, seen_owner
from model.errors import BadInput, RunBusy, RunError
from model.events import Asked, Event
from model.search_text import indexed_words
from model.storable import storable
from model.store_file import StoreFile
from model.store_reader import StoreReader
from model.store_writer import StoreWriter
from model.stored_runs import ANCESTORS, RUN_ID, SUBTREE, Appended, ImportedRun, RunRow, insert_run, not_found
from model.titles import one_line

# What is written to see whether the disk takes anything.
_PROBE_BYTES = 65_536


class Store(StoreReader):
    """All runs of one data folder. Every method may be called from any thread.

    Two apps may open one folder: both can write, and runs of the one that lives are not called interrupted by the
    other (on Windows, where there is no such lock, they are).
    """

    def __init__(self, folder: Path) -> None:
        """Open or make `folder/runs.sqlite3`; runs that a dead app left running become *interrupted*.

        Raises:
            RunError: If the folder cannot be written, or the file is not ours, damaged or from a newer version.
        """
        file = StoreFile(folder)
        super().__init__(file, StoreWriter(file))
        self.path = file.path
        # Each is told of every event when it is appended; and of every batch that was written, with its seconds.
        self.watchers: list[Callable[[str, Sequence[Event]], None]] = []
        self.commit_watchers = self._writer.commit_watchers
        self._pid = os.getpid()
        atexit.register(self.close)

    def create(
        self,
        run_id: str,
        asked: Asked,
        *,
        parent_id: str | None = None,
        branch_of: str | None = None,
        title: str = "",
        owner: str = "",
    ) -> RunRow:
        """Begin a run; `asked` becomes its event 0 and is on disk when this returns.

        Args:
            run_id: 1 to 64 letters, digits, `-`, `_` and `.`.
            asked: The question with its settings.
            parent_id: The turn that this one follows, for a conversation.
            branch_of: A run that this one stands beside: it follows the same turn, in the same conversation.
            title: What stands for it in lists; the beginning of the question when empty.
            owner: Whose list of runs it belongs to; "" where there are no logins.

        Raises:
            BadInput: If the id has another form, or is taken.
            RunBusy: If it is taken by a run that is still going on.
            RunNotFound: If the parent does not exist, was deleted or is another owner's; if the id is another owner's.
        """
        if not RUN_ID.fullmatch(run_id):
            raise BadInput(f"The run id is {run_id[:80]!r}. Use 1 to 64 letters, digits, '-', '_' and '.'.")
        owner = new_owner(owner)
        at_ms = self._writer.clock.now_ms(run_id)
        with self._file.transaction() as db:
            taken = db.execute("SELECT state, owner FROM runs WHERE id = ?", (run_id,)).fetchone()
            if taken:
                if not may_see(taken[1]):
                    raise not_found(run_id)
                kind = RunBusy if taken[0] == "running" else BadInput
                raise kind(f"There is a run {run_id!r} already. Choose another id, or leave it out.")
            root_id: str | None = None
            known = parent_id if branch_of is None else branch_of
            if known is not None:
                found = db.execute(
                    "SELECT owner, parent_id, root_id FROM runs WHERE id = ? AND deleted_at IS NULL", (known,)
                ).fetchone()
                if not found or found[0] != owner:
                    raise not_found(known)
                if branch_of is not None:
                    parent_id, root_id = found[1:]
            one = ImportedRun(run_id, parent_id, title, at_ms / 1000, ())
            insert_run(db, one, [Appended(run_id, at_ms, *storable(asked))], owner, "running", root_id)
        for tell in self.watchers:
            tell(run_id, [asked])
        return self.row(run_id)

    def insert(self, runs: Sequence[ImportedRun], owner: str = "") -> list[str]:
        """Take in runs from elsewhere, all of them or none. A run without an end is *interrupted*.

        Returns:
            Their ids, in order; a new one where an id is taken.

        Raises:
            BadInput: If a parent does not stand before its run in the list.
        """
        owner = new_owner(owner)
        new_ids: dict[str, str] = {}
        # Before the transaction: while it lasts, the runs that go on now cannot be written.
        encoded = [[Appended(run.id, at_ms, *storable(event)) for at_ms, event in run.events] for run in runs]
        with self._file.transaction() as db:
            for run, events in zip(runs, encoded, strict=True):
                if run.parent_id is not None and run.parent_id not in new_ids:
                    raise BadInput(f"The run {run.id!r} follows {run.parent_id!r}, which does not stand before it.")
                is_taken = db.execute("SELECT 1 FROM runs WHERE id = ?", (run.id,)).fetchone()
                new_ids[run.id] = uuid.uuid4().hex if is_taken else run.id
                parent_id = new_ids[run.parent_id] if run.parent_id is not None else None
                insert_run(db, replace(run, id=new_ids[run.id], parent_id=parent_id), events, owner, "interrupted")
        self._writer.index(new_ids.values())
        return list(new_ids.values())

    def append(self, run_id: str, events: Sequence[Event]) -> None:
        """Add events to the end of a run. Returns at once; they are on disk `STORE_DELAY_SECONDS` later.

        `Finished` ends the run and adds its counts; `Steered` *continue* or *think longer* after that opens it again.

        Raises:
            RunNotFound: If no run has this id.
            RunError: If the store is closed, or the disk has taken nothing for so long that too many events wait.
        """
        self._writer.append(run_id, events)
        for tell in self.watchers:
            tell(run_id, events)

    def check_writable(self) -> None:
        """Refuse where events could not be written now.

        Raises:
            RunError: If the store is closed, the disk takes nothing, or the folder cannot be written.
        """
        self._writer.check_writing()
        try:
            with tempfile.TemporaryFile(dir=self.path.parent) as probe:
                probe.write(b"\0" * _PROBE_BYTES)
        except OSError as error:
            raise RunError(f"The data folder cannot be written: {error.strerror or error}.") from error

    def n_pending(self) -> int:
        """Events that wait for the disk."""
        return self._writer.n_pending()

    @property
    def note(self) -> str:
        """What came out otherwise than asked for as the store was opened, as a sentence; empty when nothing did."""
        return self._file.note

    @property
    def trouble(self) -> str:
        """Why the disk takes nothing now, as a sentence; empty when it does. What is appended waits in memory."""
        return self._writer.trouble

    def now_seconds(self, run_id: str) -> float:
        """Unix seconds by the clock of a run that goes on, which never jumps."""
        return self._writer.clock.seen_ms(run_id) / 1000

    def flush(self) -> None:
        """Return when everything appended so far is on disk.

        Raises:
            RunError: If it cannot be written; it is kept and tried again.
        """
        self._writer.flush()

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
        with self._file.transaction() as db:
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
        with self._file.transaction() as db:
            db.execute("UPDATE runs SET is_pinned = ? WHERE root_id = ?", (is_pinned, root_id))

    def delete(self, run_id: str) -> None:
        """Hide a run and all turns after it; `restore` undoes it for 30 days, then they are erased at a start.

        Raises:
            RunNotFound: If no run has this id.
            RunBusy: If one of them is still going on.
        """
        self.row(run_id)
        with self._file.transaction() as db:
            tree = f"{SUBTREE} SELECT id FROM tree"
            busy = db.execute(
                f"SELECT id FROM runs WHERE id IN ({tree}) AND state = 'running' AND deleted_at IS NULL", {"id": run_id}
            ).fetchone()
            if busy:
                raise RunBusy(f"The run {busy[0]!r} is still going on. Stop it first.")
            gone = db.execute(
                f"UPDATE runs SET deleted_at = :now WHERE id IN ({tree}) AND deleted_at IS NULL RETURNING id",
                {"id": run_id, "now": time.time()},
            ).fetchall()
        self._writer.forget(run_id for (run_id,) in gone)

    def restore(self, run_id: str, owner: str | None = None) -> None:
        """Undo a `delete`: the run, what was deleted with it, and the turns before it.

        Args:
            run_id: The run that was deleted.
            owner: Whose run it must be; None for anybody's.

        Raises:
            RunNotFound: If no run has this id, it was erased, or it is another owner's.
        """
        found = self._read("SELECT deleted_at, owner FROM runs WHERE id = ?", (run_id,), run_id)
        if not may_see(found[0][1]) or (owner is not None and found[0][1] != seen_owner(owner)):
            raise not_found(run_id)
        with self._file.transaction() as db:
            for tree, condition in ((SUBTREE, "deleted_at = :at"), (ANCESTORS, "TRUE")):
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
        if not self._writer.close():  # somebody else closes it, or has done so
            return
        atexit.unregister(self.close)
        self._file.close()
        self._writer.check_all_written()


if __name__ == "__main__":
    # By its name: verify imports this package, not the other way round.
    runpy.run_module("verify.rechecking", run_name="__main__", alter_sys=True)
