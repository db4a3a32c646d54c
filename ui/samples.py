"""Nothing in; the control that asks a question several times at once, and what it does, out."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from model.errors import AppError
from model.runs import Runs
from model.samples import FEWEST_SAMPLES, MOST_SAMPLES, start_samples
from ui.kept_runs import KeptRuns
from ui.parts import AT_ONCE, QUIET, small_button
from ui.sentences import refusal
from ui.watching import QUIET_SECONDS
from ui.words import word

_FIRST_TIMES = 3


@dataclass(frozen=True, slots=True)
class SampleControl:
    """The button, and how many times it asks."""

    ask: gr.Button
    times: gr.Dropdown


def add_sample_control(prefix: str = "") -> SampleControl:
    """Lay them out, side by side."""
    with gr.Row(elem_id=f"{prefix}samples"):
        ask = small_button(_label(_FIRST_TIMES), f"{prefix}ask-several", min_width=40, elem_classes="says")
        times = gr.Dropdown(
            list(range(FEWEST_SAMPLES, MOST_SAMPLES + 1)),
            value=_FIRST_TIMES,
            label=word("How many times to ask"),
            container=False,
            filterable=False,
            elem_id=f"{prefix}times",
            min_width=60,
            scale=0,
        )
    return SampleControl(ask, times)


def _label(times: int) -> str:
    return f"Ask {times} times"


@dataclass(slots=True, eq=False)
class _Count:
    """What a page follows now, and whether it has changed since its runs were counted."""

    to_follow: str
    is_new: asyncio.Event = field(default_factory=asyncio.Event)


class Samples:
    """Starts samples, and keeps those going that stand beside the run on a page."""

    def __init__(self, runs: Runs, kept: KeptRuns, to_follow: Callable[[str], str]) -> None:
        self._runs = runs
        self._kept = kept
        self._to_follow = to_follow
        # By the page's session.
        self._counts: dict[str, _Count] = {}

    def on_start(self, run_id: str, owner: str, times: int) -> tuple[Any, Any]:
        """Ask several times at once, and follow the first.

        Returns:
            What to follow, and the status line.
        """
        try:
            started = start_samples(self._runs, run_id, int(times), owner=owner or "")
        except AppError as error:
            return gr.skip(), refusal(error)
        return self._to_follow(started[0]), gr.skip()

    async def on_beside(self, to_follow: str, request: gr.Request) -> AsyncGenerator[Any, None]:
        """How many of the runs beside the one on the page go on, again and again until none does.

        Nobody looks at them, so they are kept going for the page. One stream writes for a page, whichever run it shows:
        Gradio writes the last words of each stream once more when it ends, over those of another that is under way.
        """
        page = str(request.session_hash)
        if (count := self._counts.get(page)) is not None:
            count.to_follow = to_follow
            count.is_new.set()
            yield gr.skip()
            return
        count = self._counts[page] = _Count(to_follow)
        count.is_new.set()
        n_runs = 0
        beside: list[str] = []
        try:
            while n_runs or count.is_new.is_set():
                if count.is_new.is_set():
                    count.is_new.clear()
                    beside = await asyncio.to_thread(self._kept_beside, page, count.to_follow.partition("/")[0])
                n_runs = sum(map(self._runs.is_live, beside))
                yield going_on_words(n_runs)
                if n_runs:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(count.is_new.wait(), QUIET_SECONDS)
        finally:
            del self._counts[page]

    def _kept_beside(self, page: str, run_id: str) -> list[str]:
        """The runs that go on beside this one, kept for the page."""
        try:
            siblings = self._runs.store.siblings(run_id)
        except AppError:
            return []
        beside = [row.id for row in siblings if row.id != run_id and self._runs.is_live(row.id)]
        for each in beside:
            self._kept.keep(page, each)
        return beside


def going_on_words(n_runs: int) -> str:
    """What stands beside the branches while others go on.

    >>> going_on_words(0), going_on_words(1), going_on_words(2)
    ('', '1 other goes on', '2 others go on')
    """
    if not n_runs:
        return ""
    return "1 other goes on" if n_runs == 1 else f"{n_runs} others go on"


def wire_samples(
    samples: Samples,
    control: SampleControl,
    going_on: gr.HTML,
    run_id: gr.State,
    owner: gr.BrowserState,
    to_follow: gr.State,
    status: gr.HTML,
) -> None:
    """Connect the control, and the words about the runs beside the one on the page."""
    events: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    control.times.change(lambda times: gr.Button(_label(int(times))), control.times, control.ask, **AT_ONCE)
    control.ask.click(samples.on_start, [run_id, owner, control.times], [to_follow, status], **events)
    to_follow.change(samples.on_beside, to_follow, going_on, trigger_mode="multiple", **events)
