"""Runs with their events in; Markdown, JSON Lines or a page that stands alone out; JSON Lines back in; and replay.

JSON Lines is the form that comes back: for each run a header line

    {"workings_run": 1, "id": "...", "parent_id": null, "title": "...", "created_at": 1767225600.0}

then a line for each event, as `events.to_json` writes it, with its `number` and `at_ms` (Unix milliseconds). A file
holds one run or many, a run after the one that it follows. `number` has gaps where the thinking was left out.
"""

import html
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError

from model.engine import Collected, collect
from model.errors import BadImport, BadInput
from model.events import Asked, Event, Finished, Sampling, ThinkingDelta, ToolCall, ToolResult, from_json, to_json
from model.settings import MAX_HISTORY_MESSAGES, MAX_MESSAGE_CHARACTERS
from model.store import ImportedRun, RunRow, Store

Form = Literal["markdown", "json_lines", "html"]

FORMAT_VERSION = 1
MAX_IMPORT_BYTES = 100 * 1024 * 1024
# About 160 runs of 32,000 tokens; with their objects a few hundred MB of memory.
MAX_IMPORT_EVENTS = 500_000
# A pause longer than this (a run continued the next day) is not waited out in a replay.
MAX_PAUSE_SECONDS = 10.0
MIN_REPLAY_SPEED = 0.01

# The largest seed there is; what SQLite and JSON readers elsewhere can hold.
_MAX_JSON_NUMBER = 2**63 - 1
_LAST_MS = 253_402_300_799_000  # the end of the year 9999, the last that a date can show
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def export(store: Store, run_id: str, form: Form, with_thinking: bool = True, *, only_this: bool = False) -> str:
    """The conversation from its first turn up to this run, in one of the forms.

    Args:
        store: Where the runs are.
        run_id: The last turn to take.
        form: "json_lines" is the one that `import_json_lines` takes back.
        with_thinking: False leaves the thinking out; its token counts stay.
        only_this: Leave out the turns before it.

    Raises:
        RunNotFound: If no run has this id.
    """
    rows = [store.row(run_id)] if only_this else store.conversation(run_id)
    timed = [(row, store.timed_events(row.id)) for row in rows]
    if form == "json_lines":
        return to_json_lines(timed, with_thinking)
    runs = [(row, [event for _, event in events]) for row, events in timed]
    return to_markdown(runs, with_thinking) if form == "markdown" else to_html(runs, with_thinking)


# ---------------------------------------------------------------------------------------------------- parts


@dataclass(frozen=True, slots=True)
class _Turn:
    """What Markdown and HTML both show of a run."""

    row: RunRow
    asked: Asked
    text: Collected
    tools: tuple[ToolCall | ToolResult, ...]

    @property
    def facts(self) -> list[tuple[str, str]]:
        asked, row = self.asked, self.row
        return [
            ("Model", asked.model or "not recorded"),
            ("Precision", asked.precision or "not recorded"),
            ("Settings", _settings(asked.budget, asked.sampling)),
            ("Asked", datetime.fromtimestamp(row.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")),
            ("Tokens", f"{row.thinking_tokens:,} thinking, {row.answer_tokens:,} answer"),
            ("Seconds", f"{row.seconds:.1f}"),
            ("End", row.reason or row.state),
            # Nothing has checked the answer yet, and a reader must not think so.
            ("Verdict", "not checked"),
        ]

    @property
    def notices(self) -> list[str]:
        return [notice.text for notice in self.text.notices if notice.kind != "started"]


def _turn(row: RunRow, events: Sequence[Event]) -> _Turn:
    asked = next((event for event in events if isinstance(event, Asked)), Asked(row.question, model=row.model))
    tools = tuple(event for event in events if isinstance(event, ToolCall | ToolResult))
    return _Turn(row, asked, collect(events), tools)


def _settings(budget: str | int, sampling: Sampling) -> str:
    parts = [f"budget {budget}" + (" tokens" if isinstance(budget, int) else "")]
    for name in ("temperature", "top_p", "top_k", "max_new_tokens", "seed"):
        value = getattr(sampling, name)
        if value is not None:
            parts.append(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}")
    return ", ".join(parts) + (", the rest from the model's preset" if len(parts) < 6 else "")


NO_ANSWER = "There is no answer."


# ---------------------------------------------------------------------------------------------------- Markdown


def to_markdown(rows_and_events: Iterable[tuple[RunRow, Sequence[Event]]], with_thinking: bool) -> str:
    """A document to read: question, model, settings, thinking (if wanted), answer, verdict, tokens and seconds."""
    parts: list[str] = []
    for number, (row, events) in enumerate(rows_and_events):
        turn = _turn(row, events)
        parts.append(f"# {row.title}" if number == 0 else "---")
        if number == 0:
            parts += _markdown_history(turn.asked)
        parts += ["## Question", turn.asked.question]
        parts.append("\n".join(f"- {name}: {value}" for name, value in turn.facts))
        if with_thinking and turn.text.thinking:
            # Quoted, so that headings in the thinking are no headings of the document.
            parts += ["## Thinking", _quoted(turn.text.thinking)]
        for tool in turn.tools:
            parts += _markdown_tool(tool)
        parts += ["## Answer", turn.text.answer.strip() or f"*{NO_ANSWER}*"]
        if turn.notices:
            parts.append("\n".join(f"> {notice}" for notice in turn.notices))
    return "\n\n".join(parts) + "\n"


def _markdown_history(asked: Asked) -> list[str]:
    parts = ["## System", _quoted(asked.system)] if asked.system else []
    for message in asked.history:
        parts += [f"## Earlier: {message.role}", _quoted(message.content)]
    return parts


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.strip().split("\n"))


def _markdown_tool(tool: ToolCall | ToolResult) -> list[str]:
    text = tool.arguments if isinstance(tool, ToolCall) else tool.text
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return [f"## {_tool_heading(tool)}", f"{fence}\n{text}\n{fence}"]


def _tool_heading(tool: ToolCall | ToolResult) -> str:
    if isinstance(tool, ToolCall):
        return f"Tool call: {tool.name}"
    return "Tool error" if tool.is_error else "Tool result"


# ---------------------------------------------------------------------------------------------------- HTML

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: .7rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
details { border-left: 3px solid color-mix(in srgb, currentColor 25%, transparent); padding-left: 1rem; }
summary { cursor: pointer; } .facts, .notice { font-size: .9rem; opacity: .8; }
article + article { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); margin-top: 2rem; }
""".strip()

# Nothing may be fetched and nothing may run, whatever the text holds.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_FENCED = re.compile(r"^(```+|~~~+)[^\n]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def to_html(rows_and_events: Iterable[tuple[RunRow, Sequence[Event]]], with_thinking: bool) -> str:
    """A page that stands alone: no request, no script, light and dark; maths and Markdown stay readable source."""
    turns = [_turn(row, events) for row, events in rows_and_events]
    title = _escaped(turns[0].row.title) if turns else ""
    articles = "\n".join(_article(turn, with_thinking, number == 0) for number, turn in enumerate(turns))
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n{articles}\n</body>\n</html>\n"
    )


def _article(turn: _Turn, with_thinking: bool, is_first: bool) -> str:
    parts = ["<article>"]
    if is_first and turn.asked.system:
        parts.append(_section("System", turn.asked.system))
    for message in turn.asked.history if is_first else ():
        parts.append(_section(f"Earlier: {message.role}", message.content))
    parts.append(_section("Question", turn.asked.question))
    parts.append(f'<p class="facts">{"<br>".join(_escaped(f"{name}: {value}") for name, value in turn.facts)}</p>')
    if with_thinking and turn.text.thinking:
        parts.append(f"<details><summary>Thinking</summary>{_text(turn.text.thinking)}</details>")
    for tool in turn.tools:
        text = tool.arguments if isinstance(tool, ToolCall) else tool.text
        parts.append(f"<h2>{_escaped(_tool_heading(tool))}</h2>\n<pre>{_escaped(text)}</pre>")
    parts.append(_section("Answer", turn.text.answer.strip() or NO_ANSWER))
    parts += [f'<p class="notice">{_escaped(notice)}</p>' for notice in turn.notices]
    return "\n".join([*parts, "</article>"])


def _section(heading: str, text: str) -> str:
    return f"<h2>{_escaped(heading)}</h2>\n{_text(text)}"


def _text(text: str) -> str:
    """Text as it stands, with fenced code in a box of its own."""
    parts = []
    at = 0
    for block in _FENCED.finditer(text):
        parts += [_paragraph(text[at : block.start()]), f"<pre>{_escaped(block.group(2))}</pre>"]
        at = block.end()
    return "".join([*parts, _paragraph(text[at:])])


def _paragraph(text: str) -> str:
    # dir="auto" also keeps what a right-to-left override does inside this box.
    return f'<div class="text" dir="auto">{_escaped(text.strip())}</div>' if text.strip() else ""


def _escaped(text: str) -> str:
    return html.escape(_UNPRINTABLE.sub("\ufffd", text), quote=True)


# ---------------------------------------------------------------------------------------------------- JSON Lines


def to_json_lines(
    rows_and_timed_events: Iterable[tuple[RunRow, Sequence[tuple[int, Event]]]], with_thinking: bool = True
) -> str:
    """The form that `import_json_lines` takes. Without thinking, its token counts stay in `Finished`."""
    lines = []
    for row, timed_events in rows_and_timed_events:
        header = {
            "workings_run": FORMAT_VERSION,
            "id": row.id,
            "parent_id": row.parent_id,
            "title": row.title,
            "created_at": row.created_at,
        }
        lines.append(json.dumps(header, ensure_ascii=False))
        for number, (at_ms, event) in enumerate(timed_events):
            if not with_thinking:
                if isinstance(event, ThinkingDelta):
                    continue
                if isinstance(event, Asked):
                    event = replace(event, history=tuple(replace(message, thinking="") for message in event.history))
            # Put in front of the event's own JSON object, which is never empty.
            lines.append(f'{{"number":{number},"at_ms":{at_ms},{to_json(event)[1:]}')
    return "".join(line + "\n" for line in lines)


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
    return store.insert(_linked(found), owner)


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
        longest = max(map(len, (event.question, *(message.content for message in event.history))))
        if longest > MAX_MESSAGE_CHARACTERS or len(event.history) > MAX_HISTORY_MESSAGES:
            raise _bad(
                line_number,
                f"has {len(event.history):,} messages, the longest of {longest:,} characters; the limits are "
                f"{MAX_HISTORY_MESSAGES:,} and {MAX_MESSAGE_CHARACTERS:,}",
            )
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


def replay(
    timed_events: Iterable[tuple[int, Event]], speed: float = 1.0, wait: Callable[[float], object] = time.sleep
) -> Iterator[Event]:
    """The events again, with the pauses they came with (none longer than 10 s), `speed` times as fast.

    Args:
        timed_events: Each with its Unix time in milliseconds, as `Store.timed_events` gives them.
        speed: 1 for the speed it was, 10 for ten times that; 0 or infinity for no pauses.
        wait: Called with each pause in seconds.

    Raises:
        BadInput: If `speed` is negative, not a number, or slower than a hundredth.
    """
    if math.isnan(speed) or speed < 0 or 0 < speed < MIN_REPLAY_SPEED:
        raise BadInput(f"The replay speed is {speed}; it must be 0 (at once) or from {MIN_REPLAY_SPEED} up.")
    is_paced = speed > 0 and math.isfinite(speed)
    return _paced(timed_events, speed, wait) if is_paced else (event for _, event in timed_events)


def _paced(timed_events: Iterable[tuple[int, Event]], speed: float, wait: Callable[[float], object]) -> Iterator[Event]:
    due = time.monotonic()
    before_ms: int | None = None
    for at_ms, event in timed_events:
        if before_ms is not None:  # a clock set back gives no pause
            due += min(max(at_ms - before_ms, 0) / 1000, MAX_PAUSE_SECONDS) / speed
        before_ms = at_ms
        # Against the clock, so that the time that the reader takes does not add up.
        pause = due - time.monotonic()
        if pause > 0:
            wait(pause)
        yield event
