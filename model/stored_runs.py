"""Events of a run in, its rows in the store's tables out, and back again: the tables, and what they are read into.

`runs` has a row for each run, `events` one for each event (run, number, Unix milliseconds, JSON), `words` is the
full-text index. The file can be read with the `sqlite3` command.
"""

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from model.errors import RunError, RunNotFound
from model.events import Asked, Event, Finished, Steered, from_json
from model.storable import finite
from model.titles import one_line, title_of

RunState = Literal["running", "finished", "interrupted"]
Place = Literal["question", "answer", "thinking", "title"]

SCHEMA_VERSION = 1
# SQLite's integers end at 2**63; counts are held below this, so that their sums fit.
_MAX_COUNT = 2**53

SCHEMA = """
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
SUBTREE = """WITH RECURSIVE tree(id) AS (
    VALUES (:id) UNION SELECT runs.id FROM runs JOIN tree
    ON runs.parent_id = tree.id OR (runs.parent_id IS NULL AND runs.root_id = tree.id)) """
ANCESTORS = """WITH RECURSIVE tree(id, parent_id) AS (
    SELECT id, parent_id FROM runs WHERE id = :id
    UNION SELECT runs.id, runs.parent_id FROM runs JOIN tree ON runs.id = tree.parent_id) """

RUN_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


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


COLUMNS = ", ".join(f"runs.{field.name}" for field in fields(RunRow))


def run_row(values: Sequence[Any]) -> RunRow:
    """What a query of `COLUMNS` found, which may have more behind them."""
    row = RunRow(*values[: len(fields(RunRow))])
    return replace(row, is_pinned=bool(row.is_pinned))


class Appended(NamedTuple):
    """An event on its way to the disk."""

    run_id: str
    at_ms: int
    event: Event
    line: str


def not_found(run_id: str) -> RunNotFound:
    """The error for an id that no run has, or that the one who asks may not see."""
    return RunNotFound(f"There is no run {run_id[:80]!r}. Look it up in the list of runs.")


def stored_event(run_id: str, number: int, line: str) -> Event:
    """An event from its JSON.

    Raises:
        RunError: If this version cannot read it.
    """
    try:
        return from_json(line)
    except ValidationError as error:
        raise RunError(
            f"Event {number} of the run {run_id!r} cannot be read by this version of Workings. "
            "Update Workings, or delete the run."
        ) from error


def insert_run(
    db: sqlite3.Connection,
    run: ImportedRun,
    events: list[Appended],
    owner: str,
    state: RunState,
    root_id: str | None = None,
) -> None:
    """Write a run's row and its first events, `Asked` before all others.

    Args:
        root_id: The conversation of a run that follows no other; None for one of its own.
    """
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
    append_rows(db, run.id, events)


def append_rows(db: sqlite3.Connection, run_id: str, ones: list[Appended]) -> bool:
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


def _count(tokens: int) -> int:
    return max(0, min(tokens, _MAX_COUNT))
