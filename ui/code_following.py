"""A round of a task in, what the Code tab shows of it out, and then of the rounds that come after it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from model.code_events import Program
from model.errors import AppError
from model.host import ModelHost
from model.runs import Runs
from ui.code_tests_table import pending_tests_value, progress_value, tests_value
from ui.code_values import (
    code_status,
    diff_value,
    empty_status,
    program_value,
    report_output_value,
    task_result_value,
    timeline_value,
)
from ui.code_words import round_words
from ui.kept_runs import KeptRuns
from ui.maths import for_display
from ui.panes import Panes
from ui.thinking_window import ThinkingWindow
from ui.watching import THINKING_SECONDS, to_follow, watch_run
from verify.code.attempts import Attempts
from verify.code.progress import Progress
from verify.code.task import CodedTask, Round, read_task

Value = dict[str, Any]

# What following writes: as in `CodeParts.outputs`.
NAMES = ("run_id", "result", "timeline", "thinking", "answer", "program", "diff", "tests", "output", "status")
NOTHING_NEW: Any = (gr.skip(),) * len(NAMES)
_LOOK_SECONDS = 0.4
_SETTLE_SECONDS = 0.2
_TOLD_SECONDS = 1.5
_CHOSEN, _TO_THE_END = "chosen", "to the end"


def to_choose(run_id: str) -> str:
    """A value to follow for a round that the user asked to see: the page stays there."""
    return f"{to_follow(run_id)}/{_CHOSEN}"


def to_follow_on(run_id: str) -> str:
    """A value to follow for a task of which the user wants to see what becomes of it: its rounds, then the best."""
    return f"{to_follow(run_id)}/{_TO_THE_END}"


class Sent:
    """What a page has been told: only what is new goes out, so that results of runs by hand stay until then.

    Updates that come close together reach a page as one, the last: so what is new is told for a while.

    Args:
        clock: Seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[str, tuple[Any, float]] = {}

    def update(self, values: Value) -> tuple[Any, ...]:
        """The values in the order of `NAMES`; those that are known already are left out."""
        now = self._clock()
        for name, value in values.items():
            if name not in self._last or self._last[name][0] != value:
                self._last[name] = (value, now)
        new = {name: value for name, (value, since) in self._last.items() if now - since < _TOLD_SECONDS}
        return tuple(new.get(name, gr.skip()) for name in NAMES)


@dataclass(slots=True)
class _View:
    """One round on one page: what of it is kept between two updates."""

    run_id: str
    key: str
    is_chosen: bool
    window: ThinkingWindow
    panes: Panes
    answer: str = ""
    # The program whose differences are known, and these: to find them out, whole runs are read.
    compared: Program | None = None
    diff: Value = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)


class CodeFollowing:
    """Follows tasks for pages."""

    def __init__(self, attempts: Attempts, runs: Runs, host: ModelHost, kept: KeptRuns) -> None:
        self._attempts, self._runs, self._host, self._kept = attempts, runs, host, kept
        # What each page was last told to follow.
        self._told: dict[str, str] = {}

    async def on_follow(self, told: str, request: gr.Request) -> AsyncGenerator[tuple[Any, ...], None]:
        """What the page shows of a task, again and again until nothing more is to come.

        When the round on the page has ended and another follows, the page goes on to that one, and at the end to the
        best; not where the user asked for a round.

        Args:
            told: From `to_choose`, `to_follow_on`, or `to_follow`, which goes on from the latest round of a task.
            request: Whose page it is.
        """
        run_id, is_chosen, sent = told.partition("/")[0], told.endswith(_CHOSEN), Sent()
        session = str(request.session_hash)
        if not run_id or self._told.get(session) == told:
            # A page that has just opened tells of its state too, sometimes, be it empty or what its address names.
            yield NOTHING_NEW
            return
        self._told[session] = told
        try:
            task = await asyncio.to_thread(read_task, self._runs, run_id)
            # The address of a round that others came after was looked at on purpose.
            is_latest = not is_chosen and not task.is_settled and task.round_after(run_id) is None
            goes_on = is_latest or told.endswith(_TO_THE_END)
            while run_id:
                view = _View(run_id, f"{told}/{run_id}", is_chosen, ThinkingWindow(f"{told}/{run_id}", run_id), Panes())
                async with aclosing(self._round(view, sent, session)) as updates:
                    async for update in updates:
                        yield update
                run_id = ""
                async with aclosing(self._until_settled(view, sent, goes_on)) as updates:
                    async for update, next_run in updates:
                        run_id = next_run
                        yield update
        except AppError as error:
            yield sent.update({"status": empty_status(str(error), "error") | {"phase": "failed"}})

    def forget(self, request: gr.Request) -> None:
        """A page has gone."""
        self._told.pop(str(request.session_hash), None)

    async def _round(self, view: _View, sent: Sent, session: str) -> AsyncGenerator[tuple[Any, ...], None]:
        """The run itself, as it is written."""
        task = await asyncio.to_thread(read_task, self._runs, view.run_id)
        looked_at = time.monotonic()
        for each in task.rounds:
            await asyncio.to_thread(self._kept.keep, session, each.run_id)
        async with aclosing(watch_run(self._runs, view.run_id, THINKING_SECONDS)) as watched:
            async for shown in watched:
                if time.monotonic() - looked_at > _LOOK_SECONDS:
                    task, looked_at = await asyncio.to_thread(read_task, self._runs, view.run_id), time.monotonic()
                if shown.answer != view.panes.answer or shown.is_live != view.panes.is_live:
                    view.answer = for_display(shown.answer, is_final=not shown.is_live)
                view.panes = shown
                yield sent.update(await asyncio.to_thread(self._values, task, view))

    async def _until_settled(
        self, view: _View, sent: Sent, goes_on: bool
    ) -> AsyncGenerator[tuple[tuple[Any, ...], str], None]:
        """What is found out about its program, and how other rounds go; each time with the run to go on to."""
        while True:
            task = await asyncio.to_thread(read_task, self._runs, view.run_id)
            if not task.is_live:
                # What looks settled may be about to go on: who settles waits for that, and maybe for many tests.
                settling = asyncio.ensure_future(asyncio.to_thread(self._attempts.settle, view.run_id))
                settling.add_done_callback(_heed)
                while not (await asyncio.wait({settling}, timeout=_SETTLE_SECONDS))[0]:
                    task = await asyncio.to_thread(read_task, self._runs, view.run_id)
                    yield sent.update(await asyncio.to_thread(self._values, task, view)), ""
                task = settling.result()
            next_run = self._next(task, view.run_id) if goes_on else ""
            yield sent.update(await asyncio.to_thread(self._values, task, view)), next_run
            if next_run or task.is_settled:
                return
            await asyncio.sleep(_SETTLE_SECONDS)

    def _next(self, task: CodedTask, run_id: str) -> str:
        follower = task.round_after(run_id)
        if follower is not None:
            return follower.run_id
        is_over = task.is_settled and task.best is not None and task.best.run_id != run_id
        return task.best.run_id if is_over and task.best else ""

    def _values(self, task: CodedTask, view: _View) -> Value:
        panes = view.panes
        each = task.round_of(view.run_id)
        waited = time.monotonic() - view.began if panes.is_live else 0.0
        place = self._runs.place_in_line(view.run_id) if panes.waits else None
        testing = None if panes.is_live else _testing(self._attempts.progress(view.run_id), each)
        parts = testing.parts() if testing else ()
        values: Value = {
            "run_id": view.run_id,
            "result": task_result_value(task),
            "timeline": timeline_value(task, view.run_id),
            "thinking": view.window.value(panes),
            "answer": view.answer,
            "tests": progress_value(parts) if parts else _tests(task, each),
            "output": report_output_value(each.report("given") or next(iter(each.reports), None)),
            "status": code_status(panes, task, self._host.status(), waited, place, parts),
        }
        program = each.program or (testing.program if testing else None)
        if program is not None and not panes.is_live:
            key = f"{view.key}/{hash(program.source)}"
            values["program"] = program_value(task, each, program, key, view.is_chosen)
            if view.compared != program:
                view.compared, view.diff = program, self._diff(task, replace(each, program=program))
            values["diff"] = view.diff
        elif view.is_chosen or (each.number == 1 and task.best is None):
            # The program of another task does not stay.
            values["program"] = program_value(task, each, None, view.key, view.is_chosen)
            values["diff"] = {}
        return values

    def _diff(self, task: CodedTask, each: Round) -> Value:
        """What has changed: since the model's own version, where the user changed it, else since the round before."""
        if each.program is None or each.purpose == "tests" or not each.has_program:
            return {}
        if each.program.by_user:
            own = self._own_program(each.run_id)
            return diff_value(own.source, each.program.source, "Your changes") if own else {}
        before = next(
            (one for one in task.rounds if (one.attempt, one.number) == (each.attempt, each.number - 1)), None
        )
        written = self._own_program(before.run_id) if before else None
        if before is None or written is None:
            return {}
        return diff_value(written.source, each.program.source, f"Changes since round {before.number}")

    def _own_program(self, run_id: str) -> Program | None:
        """The program as the model wrote it."""
        programs = [event for event in self._runs.store.events(run_id) if isinstance(event, Program)]
        return next((each for each in reversed(programs) if not each.by_user and each.source.strip()), None)


def _heed(settling: asyncio.Future[CodedTask]) -> None:
    """A page that has gone does not ask what became of it."""
    if not settling.cancelled():
        settling.exception()


def _testing(progress: Progress | None, each: Round) -> Progress | None:
    """The tests of a round that are being run, or were and are not stored yet."""
    if progress is None or (progress.is_over and each.is_settled and each.reports):
        return None
    return progress if each.program in (None, progress.program) else None


def _tests(task: CodedTask, each: Round) -> Value:
    if each.reports:
        return tests_value(each.reports)
    if round_words(each, task)[0] == "testing":
        return pending_tests_value(task.task.tests, task.task.form, task.task.entry_point)
    return {}
