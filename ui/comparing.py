"""A run and those that stand beside it in, two of them side by side out: what the compare view shows and does."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import gradio as gr

from model.comparing import Comparison, Row, RowKind, compare
from model.engine import Collected, collect
from model.errors import AppError
from model.events import Branched, Event, Way
from model.runs import Runs
from model.store import Store
from model.stored_runs import RunRow
from ui.parts import AT_ONCE, QUIET
from ui.sentences import joined, refusal, shortened

_WAYS: dict[Way, str] = {
    "regenerated": "asked again",
    "new_question": "another question",
    "new_answer": "new answer",
    "edited_thinking": "edited thinking",
    "forked": "gone on from a step",
}
_ANSWER_CHARACTERS = 60


class Comparing:
    """What the view does. It keeps nothing of a page; what it shows is how the runs stood when it was asked."""

    def __init__(self, runs: Runs, to_follow: Callable[[str], str]) -> None:
        self._runs = runs
        self._to_follow = to_follow
        # A run's words in the choosers change only while it grows.
        self._words = lru_cache(maxsize=256)(self._words_of)

    async def on_open(self, run_id: str) -> tuple[Any, Any]:
        """The run beside the one that it came out of, or else beside its neighbour.

        Returns:
            What the view shows, and the status line.
        """
        try:
            return await asyncio.to_thread(self._opened, run_id), gr.skip()
        except AppError as error:
            return gr.skip(), refusal(error)

    async def on_choose(self, event: gr.EventData) -> tuple[Any, Any]:
        """The two runs that were chosen; as `on_open`."""
        try:
            return await asyncio.to_thread(self.value, str(event.left), str(event.right)), gr.skip()
        except AppError as error:
            return gr.skip(), refusal(error)

    def on_take(self, event: gr.EventData) -> str:
        """Follow the run that was chosen from the view."""
        return self._to_follow(str(event.run_id))

    def _opened(self, run_id: str) -> dict[str, Any]:
        ids = [row.id for row in self._runs.store.siblings(run_id)]
        place = ids.index(run_id)
        came_from = _branched(self._runs.store.events(run_id, 0, 2))
        if came_from is not None and came_from.from_run in ids and came_from.from_run != run_id:
            other = ids.index(came_from.from_run)
        else:
            other = place - 1 if place else min(1, len(ids) - 1)
        left, right = sorted((place, other))
        return self.value(ids[left], ids[right])

    def value(self, left_id: str, right_id: str) -> dict[str, Any]:
        """What the view shows of two runs: `runs` to choose from, and `thinking` and `answer` paragraph by paragraph.

        Raises:
            RunNotFound: If there is no such run.
        """
        rows = self._runs.store.siblings(left_id)
        left, right = (_texts_of(self._runs.store, run_id) for run_id in (left_id, right_id))
        return {
            "runs": [[row.id, f"{number} · {self._words(row)}"] for number, row in enumerate(rows, 1)],
            # A value that differs each time, so that the view opens again.
            "opened": time.monotonic_ns(),
            "left": left_id,
            "right": right_id,
            "thinking": _side_by_side(left[0], right[0], "thinking"),
            "answer": _side_by_side(left[1], right[1], "answer"),
        }

    def _words_of(self, row: RunRow) -> str:
        """How the run came about, how long it thought, and how its answer begins."""
        events = self._runs.store.events(row.id)
        branched, whole = _branched(events), collect(events)
        tokens = f"{row.thinking_tokens:,} thinking tokens" if row.thinking_tokens else ""
        way = _WAYS[branched.way] if branched else "asked first"
        return joined([way, tokens, _first_line(whole)])


def _texts_of(store: Store, run_id: str) -> tuple[str, str]:
    """Thinking and answer, without the line ends behind them: a thinking ends with one or not by how it was ended."""
    whole = collect(store.events(run_id))
    return whole.thinking.rstrip(), whole.answer.rstrip()


def _branched(events: Sequence[Event]) -> Branched | None:
    return next((event for event in events[:2] if isinstance(event, Branched)), None)


def _first_line(whole: Collected) -> str:
    if whole.finished is None:
        return "still going on"
    lines = [line for line in whole.answer.splitlines() if line.strip()]
    return shortened(lines[0], _ANSWER_CHARACTERS) if lines else "no answer"


def _side_by_side(left: str, right: str, name: str) -> dict[str, Any]:
    found = compare(left, right)
    return {"words": difference_words(found, left, name), "rows": [row_parts(row) for row in found.rows]}


def difference_words(found: Comparison, left: str, name: str) -> str:
    r"""Whether two texts are the same, and where they part.

    >>> difference_words(compare("One.\n\nTwo.", "One.\n\nTen."), "One.\n\nTwo.", "thinking")
    'The same for 7 characters; they part in paragraph 2. 1 paragraph the same, 1 changed.'
    """
    if found.first_difference is None:
        return f"The same text: {len(left):,} characters." if left else f"Neither has a {_NAMES[name]}."
    place = found.first_difference
    words = (
        f"The same for {place.characters:,} characters; they part in paragraph {place.paragraph:,}."
        if place.characters
        else "They differ from the first character on."
    )
    same = found.count("same")
    counts = [f"{same:,} paragraph{'' if same == 1 else 's'} the same"]
    for kind, said in (("changed", "changed"), ("only_left", "only on the left"), ("only_right", "only on the right")):
        if count := found.count(kind):  # type: ignore[arg-type]
            counts.append(f"{count:,} {said}")
    return f"{words} {', '.join(counts)}."


_NAMES = {"thinking": "thinking", "answer": "written answer"}


def row_parts(row: Row) -> list[str]:
    r"""A row as the page sets it: its kind and its text; of a changed one what both begin with, then for each side the
    first word that differs and the rest. Blank lines around it are left out.

    >>> row_parts(compare("So it is four.", "So it is five.").rows[0])
    ['changed', 'So it is ', 'four', '.', 'five', '.']
    """
    if row.kind != "changed":
        return [row.kind, _without_blank_lines(row.left or row.right)]
    common, parts = row.left[: row.same_characters], []
    for text, end in ((row.left, row.left_word_end), (row.right, row.right_word_end)):
        parts += [text[row.same_characters : end], text[end:].rstrip()]
    if not common.strip():
        # Nothing but blank lines in common: the words begin the paragraph.
        common, parts[0], parts[2] = "", parts[0].lstrip("\n"), parts[2].lstrip("\n")
    return [row.kind, _without_blank_lines(common, at_end=False), *parts]


def _without_blank_lines(text: str, *, at_end: bool = True) -> str:
    lines = text.split("\n")
    while len(lines) > 1 and not lines[0].strip():
        lines.pop(0)
    text = "\n".join(lines)
    return text.rstrip() if at_end else text


def compared_runs(store: Store, run_id: str, other_run_id: str) -> dict[str, Any]:
    """What `/compare` says of two runs.

    Raises:
        RunNotFound: If no run has one of these ids.
    """
    first, second = (_texts_of(store, each) for each in (run_id, other_run_id))
    return {"thinking": _as_json(compare(first[0], second[0])), "answer": _as_json(compare(first[1], second[1]))}


def _as_json(found: Comparison) -> dict[str, Any]:
    counts: dict[str, RowKind] = {
        "same": "same",
        "changed": "changed",
        "only_first": "only_left",
        "only_second": "only_right",
    }
    return {
        "is_same": found.is_same,
        "first_difference": None if found.first_difference is None else asdict(found.first_difference),
        "paragraphs": {name: found.count(kind) for name, kind in counts.items()},
    }


def wire_comparing(
    comparing: Comparing,
    button: gr.Button,
    view: gr.HTML,
    run_id: gr.State,
    to_follow: gr.State,
    status: gr.HTML,
    following: Any,
) -> None:
    """Connect the *Compare* button and the view. `following` is let go of when another run is taken from the view."""
    events: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    button.click(comparing.on_open, run_id, [view, status], **events)
    view.select(comparing.on_choose, None, [view, status], **AT_ONCE)
    view.edit(comparing.on_take, None, to_follow, cancels=following, **events)
