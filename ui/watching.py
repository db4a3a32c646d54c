"""A run's id in, its events or its panes as they grow out: all that was, then what comes.

Readers only attach and detach: the run goes on without them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from math import inf

from model.events import Event
from model.live_run import Follower
from model.runs import Runs
from ui.panes import Panes, flush_seconds, update_all
from ui.script_runs import batches, in_thread

# Gradio closes the generator of a page that has gone only at its next yield, so a quiet one yields this often. It also
# keeps the waiting times on the page moving.
QUIET_SECONDS = 0.5
# Figures, outline and sums of a thinking that goes on; its text comes sooner. Each time costs Gradio's browser side a
# megabyte of garbage, and Chromium lets the young heap of a page that makes more than that in a second grow to 50 MB.
THINKING_SECONDS = 1.6


def to_follow(name: str) -> str:
    """A value that names a run (or a batch) and differs each time, so that the same one can be followed again."""
    return f"{name}/{time.monotonic_ns()}"


async def watch_events(runs: Runs, run_id: str) -> AsyncGenerator[list[tuple[float, Event]], None]:
    """Events of the run with their Unix seconds: all stored ones, then each batch; an empty one while nothing comes.

    Raises:
        RunNotFound: If no run has this id.
    """
    timed = await asyncio.to_thread(runs.store.timed_events, run_id)
    yield [(at_ms / 1000, event) for at_ms, event in timed]
    # In a thread, because a stored run is read from disk; a page that goes meanwhile leaves no reader behind.
    follower = await in_thread(runs.attach, run_id, len(timed), undo=Follower.close)
    try:
        async with aclosing(batches(follower, QUIET_SECONDS)) as arriving:
            async for events in arriving:
                now = runs.store.now_seconds(run_id)
                yield [(now, event) for event in events]
    finally:
        follower.close()


async def watch_run(
    runs: Runs,
    run_id: str,
    thinking_seconds: float = 0.0,
    also: Callable[[list[tuple[float, Event]]], None] | None = None,
) -> AsyncGenerator[Panes, None]:
    """Panes of the run from its first event to its last, no faster than a page can draw; the same again while it waits.

    Args:
        thinking_seconds: While only more thinking comes, panes are this far apart at least: those who draw the text
            ask for it themselves (`ui.growing`).
        also: Is told of each batch of events before the panes that come of it.

    Raises:
        RunNotFound: If no run has this id.
    """
    panes = told = Panes(run_id=run_id)
    told_at = -inf
    async with aclosing(watch_events(runs, run_id)) as arriving:
        async for timed in arriving:
            if also is not None:
                also(timed)
            was_live, panes = panes.is_live, update_all(panes, timed)
            if not _is_more_thinking(told, panes) or time.monotonic() - told_at >= thinking_seconds:
                told, told_at = panes, time.monotonic()
                yield panes
            if timed and was_live and panes.is_live:
                await runs.pace.rest(flush_seconds(panes))


def _is_more_thinking(told: Panes, panes: Panes) -> bool:
    """Whether nothing is new but the text of the thinking."""
    if not told.phase == panes.phase == "thinking":
        return False
    return (told.notices, told.pending, told.steps) == (panes.notices, panes.pending, panes.steps)
