"""Runs with their events in; Markdown, JSON Lines or a page that stands alone out; and replay.

JSON Lines is the form that comes back (importing.py): for each run a header line

    {"workings_run": 1, "id": "...", "parent_id": null, "title": "...", "created_at": 1767225600.0}

then a line for each event, as `events.to_json` writes it, with its `number` and `at_ms` (Unix milliseconds). A file
holds one run or many, a run after the one that it follows. `number` has gaps where the thinking was left out.
"""

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from model.attachments import names_of
from model.checked import Checked, checked_of
from model.engine import Collected, collect
from model.errors import BadInput
from model.events import Asked, Event, Sampling, ThinkingDelta, to_json
from model.export_steps import html_of_steps, html_text, markdown_of_steps, quoted
from model.export_tested import escaped, fenced, html_of, markdown_of
from model.steps import Step, steps_of
from model.store import Store
from model.stored_runs import RunRow
from model.tested import Tested, joined_words, read_tested

Form = Literal["markdown", "json_lines", "html"]
ENDINGS: dict[Form, str] = {"markdown": "md", "json_lines": "jsonl", "html": "html"}

FORMAT_VERSION = 1
# A pause longer than this (a run continued the next day) is not waited out in a replay.
MAX_PAUSE_SECONDS = 10.0
MIN_REPLAY_SPEED = 0.01


def file_name(title: str, form: Form) -> str:
    """A name for the file of an export that any file system takes.

    >>> file_name("What is 2 + 2?", "markdown")
    'What-is-2-2.md'
    """
    stem = re.sub(r"[^\w-]+", "-", title).strip("-")[:50] or "run"
    return f"{stem}.{ENDINGS[form]}"


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
    steps: tuple[Step, ...]
    checked: Checked
    tested: Tested

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
            ("Verdict", self.checked.words) if self.tested.program is None else ("Tests", self._tests_words),
        ]

    @property
    def _tests_words(self) -> str:
        return joined_words(self.tested.reports) or "not tested"

    @property
    def programs(self) -> list[tuple[str, str]]:
        """Texts of check programs and what they printed, each with its heading."""
        programs = [each for each in self.checked.evidence if each.program]
        return [
            (heading, text)
            for each in programs
            for heading, text in (("Check program", each.program), ("What it printed", each.output))
            if text
        ]

    @property
    def notices(self) -> list[str]:
        return [notice.text for notice in self.text.notices if notice.kind != "started"]


def _turn(row: RunRow, events: Sequence[Event]) -> _Turn:
    asked = next((event for event in events if isinstance(event, Asked)), Asked(row.question, model=row.model))
    return _Turn(row, asked, collect(events), steps_of(events), checked_of(events), read_tested(events))


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
        parts += [attached] if (attached := names_of(turn.asked.attachments)) else []
        parts.append("\n".join(f"- {name}: {value}" for name, value in turn.facts))
        parts += markdown_of_steps(turn.steps, with_thinking)
        parts += ["## Answer", turn.text.answer.strip() or f"*{NO_ANSWER}*"]
        parts += markdown_of(turn.tested)
        for heading, text in turn.programs:
            parts += _markdown_block(heading, text)
        if turn.notices:
            parts.append("\n".join(f"> {notice}" for notice in turn.notices))
    return "\n\n".join(parts) + "\n"


def _markdown_history(asked: Asked) -> list[str]:
    parts = ["## System", quoted(asked.system)] if asked.system else []
    for message in asked.history:
        parts += [f"## Earlier: {message.role}", quoted(message.content)]
    return parts


def _markdown_block(heading: str, text: str) -> list[str]:
    return [f"## {heading}", fenced(text)]


# ---------------------------------------------------------------------------------------------------- HTML

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1rem; margin: 1.5rem 0 .3rem; }
h3 { font-size: .95rem; margin: 1rem 0 .3rem; }
img { max-width: 100%; height: auto; background: #fff; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: .7rem; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
table { border-collapse: collapse; font-size: .9rem; }
td, th { padding: .2rem .6rem; text-align: left; vertical-align: top; white-space: pre-wrap; overflow-wrap: anywhere;
  border: 1px solid color-mix(in srgb, currentColor 25%, transparent); }
details { border-left: 3px solid color-mix(in srgb, currentColor 25%, transparent); padding-left: 1rem; }
summary { cursor: pointer; } .facts, .notice { font-size: .9rem; opacity: .8; }
article + article { border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent); margin-top: 2rem; }
""".strip()

# Nothing may be fetched and nothing may run, whatever the text holds.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def to_html(rows_and_events: Iterable[tuple[RunRow, Sequence[Event]]], with_thinking: bool) -> str:
    """A page that stands alone: no request, no script, light and dark; maths and Markdown stay readable source."""
    runs = list(rows_and_events)
    return html_start(runs[0][0].title if runs else "") + html_conversation(runs, with_thinking) + HTML_END


def html_start(title: str) -> str:
    """The page up to and with its heading; `html_conversation` as often as wanted and `HTML_END` follow."""
    return (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f"<h1>{escaped(title)}</h1>\n"
    )


def html_conversation(
    rows_and_events: Iterable[tuple[RunRow, Sequence[Event]]], with_thinking: bool, heading: str = ""
) -> str:
    """The turns of one conversation, under a heading where the page holds several."""
    turns = [_turn(row, events) for row, events in rows_and_events]
    articles = [_article(turn, with_thinking, number == 0) for number, turn in enumerate(turns)]
    return "\n".join([f"<h1>{escaped(heading)}</h1>"] * bool(heading) + articles) + "\n"


HTML_END = "</body>\n</html>\n"


def _article(turn: _Turn, with_thinking: bool, is_first: bool) -> str:
    parts = ["<article>"]
    if is_first and turn.asked.system:
        parts.append(_section("System", turn.asked.system))
    for message in turn.asked.history if is_first else ():
        parts.append(_section(f"Earlier: {message.role}", message.content))
    parts.append(_section("Question", turn.asked.question))
    if attached := names_of(turn.asked.attachments):
        parts.append(f'<p class="facts">{escaped(attached)}</p>')
    parts.append(f'<p class="facts">{"<br>".join(escaped(f"{name}: {value}") for name, value in turn.facts)}</p>')
    parts += html_of_steps(turn.steps, with_thinking)
    parts.append(_section("Answer", turn.text.answer.strip() or NO_ANSWER))
    parts += html_of(turn.tested)
    parts += [_block(heading, text) for heading, text in turn.programs]
    parts += [f'<p class="notice">{escaped(notice)}</p>' for notice in turn.notices]
    return "\n".join([*parts, "</article>"])


def _block(heading: str, text: str) -> str:
    return f"<h2>{escaped(heading)}</h2>\n<pre>{escaped(text)}</pre>"


def _section(heading: str, text: str) -> str:
    return f"<h2>{escaped(heading)}</h2>\n{html_text(text)}"


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
