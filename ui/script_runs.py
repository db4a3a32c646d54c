"""What a script asked for in, a run and its deltas out: the run is stopped when its script goes.

Nothing here blocks the server's event loop: the store is only touched in threads.
"""

import asyncio
import functools
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from model.branching import Branch
from model.engine import Budget, Engine, budget_limits
from model.errors import AppError, BadInput, RunBusy, RunNotFound
from model.events import Asked, Event, PromptRead, Queued, Sampling, Steered
from model.host import ModelHost
from model.live_run import Follower
from model.runs import Runs
from model.samples import start_samples
from model.sampling import sampling_from_mapping
from model.settings import SCRIPT_UPDATES_PER_SECOND
from model.tool_events import ApprovalAsked, ToolCall, ToolResult
from ui.agent_objects import StepMarks
from ui.arguments import attachments_from_list, check_model, check_text, history_from_list, json_object
from ui.deltas import Delta, deltas_of, final_of, notice, queued

T = TypeVar("T")

# Gradio closes the generator of a caller that has gone only at its next yield, so a quiet stream yields this often.
QUIET_SECONDS = 0.25
# How often, and how far apart, it is looked whether a run has let go. Counted in looks: a machine that stands still for
# seconds has had as little time for the run as for the look.
_LETTING_GO_LOOKS, _LOOK_SECONDS = 200, 0.02
_LETS_RUN = ("allow", "allow_always")


@dataclass(frozen=True, slots=True)
class Begun:
    """A run, and the first of its events that is to be read."""

    run_id: str
    first_event: int


class ScriptRuns:
    """Begins runs for scripts, reads them, and stops them when their script has gone."""

    def __init__(self, runs: Runs, host: ModelHost, owner: str) -> None:
        self._runs = runs
        self._host = host
        self._owner = owner

    # ------------------------------------------------------------------ beginning (blocks on the store)

    def begin_chat(
        self,
        message: object,
        history: object,
        sampling: object,
        budget: object,
        model: object,
        run_id: object,
        attachments: object = None,
    ) -> Begun:
        """Check every argument of `/chat`, then start, follow up or continue.

        Raises:
            BadInput: If an argument is wrong.
            RunBusy: If `run_id` is a run that is still going on.
            TooManyRuns: If no place is free.
        """
        question = check_text(message, "message")
        system, turns = history_from_list(history)
        drawn = sampling_from_mapping(json_object(sampling, "sampling"))
        files = attachments_from_list(attachments)
        check_model(model, (serving_engine(self._host) or self._host.status()).model)
        name = None if run_id is None else check_text(run_id, "run_id")
        ended = None if name is None else self.ended_run(name)
        if name is None or ended is None:
            start = functools.partial(self._runs.start, history=turns, system=system, run_id=name)
        elif history is not None:
            raise BadInput(f"The run {name!r} brings its own conversation: leave out history, or run_id.")
        elif question.strip():
            start = functools.partial(self._runs.start, parent_id=name, system=ended.system)
        else:
            return self.resume(name, budget, sampling=drawn if sampling else None)
        chosen = budget_of(budget, "medium")
        return Begun(start(question, sampling=drawn, budget=chosen, attachments=files, owner=self._owner), 0)

    def resume(
        self, run_id: str, budget: object, *, think_longer: bool = False, sampling: Sampling | None = None
    ) -> Begun:
        """Take a run that has ended further.

        Raises:
            BadInput: If there is nothing to continue, or the budget is none.
            RunBusy: If it is still going on.
            RunNotFound: If no run has this id.
        """
        ended = self.ended_run(run_id)
        if ended is None:
            raise RunNotFound(f"There is no run {run_id!r} to continue. /runs lists those there are.")
        first_event = len(self._runs.store.events(run_id))
        chosen = budget_of(budget, ended.budget)
        self._runs.resume(run_id, think_longer=think_longer, budget=chosen, sampling=sampling)
        return Begun(run_id, first_event)

    def begin_branch(self, run_id: str, branch: Branch, budget: object, sampling: object, new_run_id: object) -> Begun:
        """Check the arguments of `/branch` that are not in `branch`, then start.

        Raises:
            BadInput: If an argument is wrong, or there is nothing to branch off.
            RunBusy: If the run is still going on.
            RunNotFound: If no run has this id.
            TooManyRuns: If no place is free.
        """
        drawn = sampling_from_mapping(json_object(sampling, "sampling"))
        name = None if new_run_id is None else check_text(new_run_id, "new_run_id")
        if self.ended_run(run_id) is None:
            raise RunNotFound(f"There is no run {run_id!r} to branch off. /runs lists those there are.")
        chosen = None if budget is None else budget_of(budget, "medium")
        started = self._runs.branch(
            run_id, branch, budget=chosen, sampling=drawn if sampling else None, new_run_id=name, owner=self._owner
        )
        return Begun(started, 0)

    def begin_samples(self, run_id: str, k: int) -> list[str]:
        """Start `k` runs of the same question beside a run that has ended, for `/samples`; their ids.

        Raises:
            BadInput: If samples of this run would all be the same.
            RunBusy: If the run is still going on.
            RunNotFound: If no run has this id.
            TooManyRuns: If there is no room for all of them.
        """
        if self.ended_run(run_id) is None:
            raise RunNotFound(f"There is no run {run_id!r} to ask again. /runs lists those there are.")
        return start_samples(self._runs, run_id, k, owner=self._owner)

    def ended_run(self, run_id: str) -> Asked | None:
        """What the run with this id was asked, or None if there is no such run.

        Raises:
            RunBusy: If it is still going on.
        """
        # A run that was just stopped, or whose final object was just read, needs a moment to let go.
        for _ in range(_LETTING_GO_LOOKS):
            if not self._runs.is_live(run_id):
                break
            time.sleep(_LOOK_SECONDS)
        if self._runs.is_live(run_id):
            raise RunBusy(
                f"The run {run_id!r} is still going on. Read it with /attach, stop it with /stop, or wait for its end."
            )
        try:
            first = self._runs.store.events(run_id, 0, 1)[0]
        except RunNotFound:
            return None
        assert isinstance(first, Asked)
        return first

    # ------------------------------------------------------------------ reading

    async def own(self, begin: Callable[[], Begun]) -> AsyncGenerator[Delta, None]:
        """Begin a run and read it; if the reader goes before the end, stop it."""
        begun = await in_thread(begin, undo=self._stop_soon)
        has_ended = False
        try:
            yield notice("started", f"Run {begun.run_id} started.", run_id=begun.run_id)
            async with aclosing(self.follow(begun)) as deltas:
                async for delta in deltas:
                    has_ended = has_ended or delta["type"] == "final"
                    yield delta
        finally:
            if not has_ended:
                self._stop_soon(begun)

    def _stop_soon(self, begun: Begun) -> None:
        stop_soon(self._runs.stop, begun.run_id)

    async def follow(self, begun: Begun, *, with_numbers: bool = False) -> AsyncGenerator[Delta, None]:
        """The run's deltas from `begun.first_event` on, and last its final object; detaches at the end."""
        follower = await in_thread(self._runs.attach, begun.run_id, undo=Follower.close)
        events: list[Event] = []
        marks = StepMarks(begun.run_id)
        try:
            async with aclosing(batches(follower, QUIET_SECONDS)) as arriving:
                async for batch in arriving:
                    if not batch:
                        yield self._waiting(begun.run_id, events)
                    number = max(len(events), begun.first_event)
                    events.extend(batch)
                    marks.take(batch)
                    for delta in deltas_of(events[number:], number):
                        last = delta.pop("event")
                        marked = marks.marked(delta, last)
                        yield marked | {"event": last} if with_numbers else marked
                    await self._runs.pace.rest(1 / SCRIPT_UPDATES_PER_SECOND)
            yield final_of(begun.run_id, events)
        finally:
            follower.close()

    def _waiting(self, run_id: str, events: Sequence[Event]) -> Delta:
        """Why nothing comes. The same words as long as it is the same reason, so that little goes over the wire."""
        if (place := self._runs.place_in_line(run_id)) is not None:
            return queued(Queued(False, place.before, float(round(place.seconds))))
        looked_at = (Steered, PromptRead, ToolCall, ApprovalAsked, ToolResult)
        last = next((each for each in reversed(events) if isinstance(each, looked_at)), None)
        if isinstance(last, PromptRead):
            return notice("waiting", "The model is writing.")
        if isinstance(last, ApprovalAsked):
            return notice("waiting", "A tool call waits for a word from /decide_call.")
        if isinstance(last, ToolCall) or (isinstance(last, Steered) and last.action in _LETS_RUN):
            return notice("waiting", "A tool is at work.")
        if serving_engine(self._host) is None:
            return notice("waiting", self._host.status().text)
        return notice("waiting", "The model is reading the prompt.")


def stop_soon(stop: Callable[[str], object], run_id: str) -> None:
    """Call `stop` for a run without waiting: this is said in the server's event loop."""

    def act() -> None:
        with suppress(AppError):
            stop(run_id)

    threading.Thread(target=act, name=f"stop-{run_id}", daemon=True).start()


def serving_engine(host: ModelHost) -> Engine | None:
    """The engine that serves now, or None. Never waits."""
    try:
        return host.engine()
    except AppError:
        return None


async def in_thread(function: Callable[..., T], *arguments: object, undo: Callable[[T], None]) -> T:
    """`function(*arguments)` off the event loop; its result is undone when the caller is cancelled meanwhile."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *arguments))

    def undo_result(done: asyncio.Future[T]) -> None:
        if not done.cancelled() and done.exception() is None:
            undo(done.result())

    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        running.add_done_callback(undo_result)
        raise


async def batches(follower: Follower, quiet_seconds: float) -> AsyncGenerator[list[Event], None]:
    """What `follower` gives, and an empty list each time that nothing has come for `quiet_seconds`."""
    iterator = aiter(follower)
    waiting = asyncio.ensure_future(_next_batch(iterator))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=quiet_seconds)
            if not done:
                yield []
                continue
            batch = waiting.result()
            if batch is None:
                return
            yield batch
            waiting = asyncio.ensure_future(_next_batch(iterator))
    finally:
        waiting.cancel()


async def _next_batch(iterator: AsyncIterator[list[Event]]) -> list[Event] | None:
    return await anext(iterator, None)


async def merged(streams: list[AsyncGenerator[Delta, None]]) -> AsyncGenerator[Delta, None]:
    """What comes from any of the streams, as it comes; all are closed at the end, or when one fails."""
    pending = {asyncio.ensure_future(_next_delta(stream)): stream for stream in streams}
    try:
        while pending:
            done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                stream = pending.pop(each)
                delta = each.result()
                if delta is not None:
                    pending[asyncio.ensure_future(_next_delta(stream))] = stream
                    yield delta
    finally:
        for each in pending:
            each.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for stream in streams:
            await stream.aclose()


async def _next_delta(stream: AsyncIterator[Delta]) -> Delta | None:
    return await anext(stream, None)


def budget_of(value: object, default: Budget) -> Budget:
    """`value` as a budget, or the default when it is None.

    Raises:
        BadInput: If it is neither a name, nor a number of tokens, nor seconds.
    """
    chosen: Any = default if value is None else value
    budget_limits(chosen)
    budget: Budget = chosen
    return budget
