"""A run's id, an owner or words to look for in; events, rows, conversations and hits out."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from model.acting import acting, may_see, seen_owner
from model.events import Event
from model.search_text import match_expression, snippet_of
from model.store_file import StoreFile
from model.store_writer import StoreWriter
from model.stored_runs import ANCESTORS, COLUMNS, Hit, Place, RunRow, not_found, run_row, stored_event


class StoreReader:
    """What can be asked of the stored runs; whoever asks sees all that was appended before."""

    def __init__(self, file: StoreFile, writer: StoreWriter) -> None:
        self._file = file
        self._writer = writer

    def _read(self, sql: str, values: Sequence[Any] | dict[str, Any], run_id: str | None = None) -> list[Any]:
        self._writer.check_open()
        return self._file.read(sql, values, run_id)

    def _rows(self, condition: str, values: Sequence[Any] | dict[str, Any], run_id: str | None = None) -> list[RunRow]:
        self._writer.settle()
        return [run_row(found) for found in self._read(f"SELECT {COLUMNS} FROM runs {condition}", values, run_id)]

    def timed_events(self, run_id: str, from_event: int = 0, to_event: int | None = None) -> list[tuple[int, Event]]:
        """Events number `from_event` up to and without `to_event`, each with its Unix time in milliseconds.

        Raises:
            RunNotFound: If no run has this id.
            RunError: If a stored event cannot be read.
        """
        self.row(run_id)
        last = 2**62 if to_event is None else to_event
        while True:
            n_written, waiting = self._writer.pending_of(run_id)
            found = self._read(
                "SELECT at_ms, number, json FROM events WHERE run_id = ? AND number >= ? AND number < ?"
                " ORDER BY number",
                (run_id, from_event, last),
            )
            first = self._read("SELECT n_events FROM runs WHERE id = ?", (run_id,), run_id)[0][0] if waiting else 0
            if self._writer.pending_of(run_id)[0] == n_written:
                break
        # What the disk has not taken is there all the same.
        found += [
            (one.at_ms, number, one.line) for number, one in enumerate(waiting, first) if from_event <= number < last
        ]
        return [(at_ms, stored_event(run_id, number, line)) for at_ms, number, line in found]

    def events(self, run_id: str, from_event: int = 0, to_event: int | None = None) -> list[Event]:
        """As `timed_events`, without the times."""
        return [event for _, event in self.timed_events(run_id, from_event, to_event)]

    def written_events(self, run_id: str, from_event: int, to_event: int) -> list[Event]:
        """As `events`, of what is on the disk: does not wait for what is not written yet; empty for an unknown run."""
        if not self.is_seen(run_id):
            return []
        found = self._read(
            "SELECT number, json FROM events WHERE run_id = ? AND number >= ? AND number < ? ORDER BY number",
            (run_id, from_event, to_event),
        )
        return [stored_event(run_id, number, line) for number, line in found]

    def last_of_type(self, run_id: str, type_: str) -> Event | None:
        """The last event of a type (as `to_json` writes it) that is on the disk; `None` if the run has none."""
        if not self.is_seen(run_id):
            return None
        found = self._read(
            "SELECT number, json FROM events WHERE run_id = ? AND json LIKE ? ORDER BY number DESC LIMIT 1",
            (run_id, f'%"type":"{type_}"}}'),
        )
        return next((stored_event(run_id, number, line) for number, line in found), None)

    def row(self, run_id: str) -> RunRow:
        """What is known of one run.

        Raises:
            RunNotFound: If no run has this id, it was deleted, or it is not for whoever acts to see.
        """
        row = self._rows("WHERE id = ? AND deleted_at IS NULL", (run_id,), run_id)[0]
        if not may_see(row.owner):
            raise not_found(run_id)
        return row

    def is_seen(self, run_id: str) -> bool:
        """Whether there is such a run for whoever acts; reads only what is on the disk."""
        if acting() is None:
            return True
        return any(may_see(owner) for (owner,) in self._read("SELECT owner FROM runs WHERE id = ?", (run_id,)))

    def rows(self, owner: str = "", limit: int = 200, offset: int = 0) -> list[RunRow]:
        """First turns of the owner's conversations: pinned first, then by their latest turn's time, newest first.

        `updated_at` is that of the latest turn.
        """
        self._writer.settle()
        found = self._read(
            f"SELECT {COLUMNS}, latest.at FROM runs JOIN (SELECT root_id, max(updated_at) AS at FROM runs"
            " WHERE owner = :owner AND deleted_at IS NULL GROUP BY root_id) AS latest ON latest.root_id = runs.id"
            " WHERE deleted_at IS NULL ORDER BY is_pinned DESC, latest.at DESC, n DESC LIMIT :limit OFFSET :offset",
            {"owner": seen_owner(owner), "limit": max(limit, 0), "offset": max(offset, 0)},
        )
        return [replace(run_row(values), updated_at=values[-1]) for values in found]

    def solves(self, owner: str = "", limit: int = 20) -> list[RunRow]:
        """First chains of the owner's problems, newest first."""
        condition = (
            "JOIN events ON events.run_id = runs.id AND events.number = 1 WHERE owner = ? AND deleted_at IS NULL"
            " AND json_extract(events.json, '$.type') = 'problem' AND json_extract(events.json, '$.chain') = 1"
            " ORDER BY n DESC LIMIT ?"
        )
        return self._rows(condition, (seen_owner(owner), max(limit, 0)))

    def scratches(self) -> list[tuple[str, str]]:
        """Of every run with tools, those in the bin too: its id, and what it calls the folder of its files."""
        self._writer.settle()
        return self._read(
            "SELECT runs.id, json_extract(events.json, '$.scratch') FROM runs JOIN events ON events.run_id = runs.id"
            " AND events.number BETWEEN 1 AND 3 WHERE json_extract(events.json, '$.type') = 'equipped'",
            (),
        )

    def tasks(self, owner: str = "", limit: int = 20) -> list[RunRow]:
        """First rounds of the owner's programming tasks, newest first."""
        condition = (
            "JOIN events ON events.run_id = runs.id AND events.number = 1 WHERE owner = ? AND deleted_at IS NULL"
            " AND json_extract(events.json, '$.type') = 'task' AND json_extract(events.json, '$.first_run') = runs.id"
            " ORDER BY n DESC LIMIT ?"
        )
        return self._rows(condition, (seen_owner(owner), max(limit, 0)))

    def conversation(self, run_id: str) -> list[RunRow]:
        """The turns from the first one to this one.

        Raises:
            RunNotFound: If no run has this id.
        """
        by_id = {row.id: row for row in self._rows(f"WHERE id IN ({ANCESTORS} SELECT id FROM tree)", {"id": run_id})}
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

    def tokens_since(self, at: float) -> list[tuple[str, float, int]]:
        """Tokens that were written since a Unix second, oldest first: whose, when, and how many; deleted runs too."""
        self._writer.settle()
        found = self._read(
            "SELECT runs.owner, events.at_ms / 60000 AS minute, sum(json_extract(events.json, '$.n_tokens')) FROM runs"
            " JOIN events ON events.run_id = runs.id WHERE runs.updated_at >= ? AND events.at_ms >= ?"
            " AND json_extract(events.json, '$.type') IN ('thinking', 'answer') GROUP BY runs.owner, minute"
            " ORDER BY minute",
            (at, at * 1000),
        )
        return [(str(owner), minute * 60.0, int(tokens or 0)) for owner, minute, tokens in found]

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
        self._writer.settle()
        self._writer.wait_until_indexed()
        title, asked, answer, thinking = (f"highlight(words, {column}, char(2), char(3))" for column in range(4))
        found = self._read(
            f"SELECT {COLUMNS}, {asked}, {answer}, {title},"
            # The thinking is long: only when nothing else matched.
            f" CASE WHEN instr({asked} || {answer} || {title}, char(2)) = 0 THEN {thinking} ELSE '' END"
            " FROM words JOIN runs ON runs.n = words.rowid WHERE words MATCH ? AND owner = ? AND deleted_at IS NULL"
            " ORDER BY words.rank LIMIT ?",
            (expression, seen_owner(owner), max(limit, 0)),
        )
        places: tuple[Place, ...] = ("question", "answer", "title", "thinking")
        hits = []
        for values in found:
            place, text = next((p, t) for p, t in zip(places, values[-4:], strict=True) if "\x02" in t)
            hits.append(Hit(run_row(values), place, snippet_of(text)))
        return hits
