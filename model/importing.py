"""JSON Lines of export.py in, runs in the store out: all of them or none."""

import json
import math
import re
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from model.attachments import question_with
from model.errors import BadImport
from model.events import Asked, Event, Finished, from_json
from model.export import FORMAT_VERSION
from model.settings import MAX_HISTORY_MESSAGES, MAX_MESSAGE_CHARACTERS
from model.store import Store
from model.stored_runs import ImportedRun
from model.tool_events import Equipped

MAX_IMPORT_BYTES = 100 * 1024 * 1024
# About 160 runs of 32,000 tokens; with their objects a few hundred MB of memory.
MAX_IMPORT_EVENTS = 500_000
# The largest seed there is; what SQLite and JSON readers elsewhere can hold.
_MAX_JSON_NUMBER = 2**63 - 1
_LAST_MS = 253_402_300_799_000  # the end of the year 9999, the last that a date can show
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(slots=True)
class _Found:
    """A run while its lines are read."""

    line_number: int
    header: dict[str, Any]
    events: list[tuple[int, Event]]
    last_number: int = -1


def import_json_lines(store: Store, text: str | bytes, owner: str = "") -> list[str]:
    """Take the runs of an export into the store: all of them, or none if anything is wrong.

    A run whose id is taken gets a new one; runs of the file that follow each other still do, and a run whose parent
    is not in the file becomes a conversation of its own (it carries its history).

    Args:
        store: Where they go.
        text: The file, at most 100 MiB; bytes are read as UTF-8.
        owner: Whose list of runs they go to.

    Returns:
        The ids that the runs have now, in the file's order.

    Raises:
        BadImport: With the line number and what was found there.
    """
    return store.insert(read_json_lines(text), owner)


def read_json_lines(text: str | bytes) -> list[ImportedRun]:
    """The runs of an export with their events, each behind the one that it follows.

    Raises:
        BadImport: With the line number and what was found there.
    """
    try:
        raw = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        raise BadImport("The text holds half a surrogate pair. Export the run again, as UTF-8.") from error
    if len(raw) > MAX_IMPORT_BYTES:
        raise BadImport(
            f"The file has {len(raw) / 2**20:,.0f} MiB and the limit is {MAX_IMPORT_BYTES / 2**20:,.0f} MiB. "
            "Split it between two runs: each begins with its own header line."
        )
    found: list[_Found] = []
    n_events = 0
    for line_number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        values = _json_object(line_number, line)
        if "workings_run" in values:
            found.append(_Found(line_number, _checked_header(line_number, values), []))
            continue
        n_events += 1
        if n_events > MAX_IMPORT_EVENTS:
            raise _bad(line_number, f"is the event number {n_events:,} and the limit is {MAX_IMPORT_EVENTS:,} events")
        if not found:
            raise _bad(line_number, 'is no header; an export begins with {"workings_run": 1, ...}')
        found[-1].events.append(_checked_event(line_number, line, values, found[-1]))
    if not found:
        raise BadImport("The file is empty. Choose a JSON Lines export of Workings.")
    return _linked(found)


def _bad(line_number: int, what: str) -> BadImport:
    return BadImport(f"Line {line_number} {what}. Nothing was imported; choose a JSON Lines export of Workings.")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _json_object(line_number: int, line: bytes) -> dict[str, Any]:
    """The line's JSON object; NaN, infinities and numbers past 2**63 are refused, and so is deep nesting."""

    def whole(digits: str) -> int:
        if len(digits) > 20 or abs(int(digits)) > _MAX_JSON_NUMBER:
            raise ValueError(f"the number {_shown(digits)}, which is too large")
        return int(digits)

    def real(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError(f"the number {_shown(digits)}, which is not finite")
        return value

    try:
        values = json.loads(line.decode(), parse_int=whole, parse_float=real, parse_constant=real)
    except UnicodeDecodeError as error:
        raise _bad(line_number, f"is not UTF-8 text: byte {error.object[error.start]:#04x} was found") from error
    except json.JSONDecodeError as error:
        start = line[:40].decode(errors="replace")
        raise _bad(line_number, f"is not JSON ({error.msg}): {_shown(start)}") from error
    except RecursionError as error:
        raise _bad(line_number, "is nested too deeply") from error
    except ValueError as error:
        raise _bad(line_number, f"holds {error}") from error
    if not isinstance(values, dict):
        raise _bad(line_number, f"is no JSON object: {_shown(values)}")
    return values


def _checked_header(line_number: int, values: dict[str, Any]) -> dict[str, Any]:
    version, created_at, parent_id = values["workings_run"], values.get("created_at"), values.get("parent_id")
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise _bad(line_number, f"has format {_shown(version)} and this version reads {FORMAT_VERSION}")
    if not isinstance(values.get("id"), str) or not _ID.fullmatch(values["id"]):
        raise _bad(
            line_number, f"has the id {_shown(values.get('id'))}; it must be 1 to 64 letters, digits, '-', '_', '.'"
        )
    if parent_id is not None and not isinstance(parent_id, str):
        raise _bad(line_number, f"has the parent_id {_shown(parent_id)}; it must be text or null")
    if not isinstance(values.get("title", ""), str):
        raise _bad(line_number, f"has the title {_shown(values['title'])}; it must be text")
    if (
        isinstance(created_at, bool)
        or not isinstance(created_at, int | float)
        or not 0 <= created_at <= _LAST_MS / 1000
    ):
        raise _bad(line_number, f"has created_at {_shown(created_at)}; it must be Unix seconds")
    return values


def _checked_event(line_number: int, line: bytes, values: dict[str, Any], run: _Found) -> tuple[int, Event]:
    at_ms, number = values.get("at_ms"), values.get("number")
    if isinstance(at_ms, bool) or not isinstance(at_ms, int) or not 0 <= at_ms <= _LAST_MS:
        raise _bad(line_number, f"has at_ms {_shown(at_ms)}; it must be Unix milliseconds")
    if isinstance(number, bool) or not isinstance(number, int) or number <= run.last_number:
        raise _bad(line_number, f"has number {_shown(number)} after {run.last_number}; events must be in order")
    run.last_number = number
    try:
        event = from_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _bad(line_number, f"is no event ({place}: {first['msg']}, found {_shown(first['input'])})") from error
    if isinstance(event, Asked) != (not run.events):
        raise _bad(line_number, f"is {event.type!r}; a run begins with its one 'asked' event")
    if isinstance(event, Asked):
        sent = question_with(event.question, event.attachments)
        longest = max(map(len, (sent, *(message.content for message in event.history))))
        if longest > MAX_MESSAGE_CHARACTERS or len(event.history) > MAX_HISTORY_MESSAGES:
            raise _bad(
                line_number,
                f"has {len(event.history):,} messages, the longest of {longest:,} characters; the limits are "
                f"{MAX_HISTORY_MESSAGES:,} and {MAX_MESSAGE_CHARACTERS:,}",
            )
    elif isinstance(event, Equipped):
        # Its files are not in the export, and the name could be that of a folder of somebody else's run.
        event = replace(event, scratch="")
    elif isinstance(event, Finished):
        least = min(event.prompt_tokens, event.thinking_tokens, event.answer_tokens, event.seconds)
        if least < 0:
            raise _bad(line_number, f"counts {least}; counts and seconds begin at 0")
    return at_ms, event


def _linked(found: list[_Found]) -> list[ImportedRun]:
    """The runs with their parents, which must stand before them in the file, or not in it at all."""
    all_ids = {run.header["id"] for run in found}
    before: set[str] = set()
    runs = []
    for run in found:
        run_id, parent_id = run.header["id"], run.header.get("parent_id")
        if not run.events:
            raise _bad(run.line_number, "is a header without an event after it")
        if run_id in before:
            raise _bad(run.line_number, f"has the id {run_id!r} for a second time")
        if parent_id in all_ids and parent_id not in before:
            raise _bad(run.line_number, f"follows the run {_shown(parent_id)}, which must stand before it")
        before.add(run_id)
        parent_id = parent_id if parent_id in all_ids else None
        runs.append(
            ImportedRun(run_id, parent_id, run.header.get("title", ""), float(run.header["created_at"]), run.events)
        )
    return runs


# ---------------------------------------------------------------------------------------------------- replay
