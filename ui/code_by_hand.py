"""A program and tests that a user typed in, what comes of running them out; no model is asked."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.code_events import Program, TestReport
from model.errors import AppError, BadInput
from model.runs import Runs
from ui.code_following import to_choose
from ui.code_tests_table import pending_tests_value, progress_value, tests_value
from ui.code_values import output_value, report_output_value, result_value
from ui.sentences import refusal
from verify.code.attempts import Attempts
from verify.code.entry_point import named_function
from verify.code.given import check_entry_point, read_given
from verify.code.parsing import last_function
from verify.code.progress import Progress
from verify.code.task import CodedTask, read_task
from verify.code.test_sets import TestSet
from verify.sandbox.libraries import wants_libraries
from verify.sandbox.notebook import CellResult
from verify.sandbox.report import Report

# To follow, result, tests, output, status.
Update = tuple[Any, Any, Any, Any, Any]
Value = dict[str, Any]

_MAX_PROGRAM_CHARACTERS = 200_000
_YOURS = "The program in the editor, run by hand"
_LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in the fields."""

    source: str
    tests: str
    form: str
    hidden: str
    hidden_form: str
    entry_point: str
    statement: str = ""


class ByHand:
    """Runs what is in the editor."""

    def __init__(self, attempts: Attempts, runs: Runs) -> None:
        self._attempts, self._judge, self._runs = attempts, attempts.judge, runs

    async def on_run_tests(self, run_id: str, *fields: str) -> AsyncGenerator[Update, None]:
        """Run the program in the editor by the tests in their fields, and show each as it is known.

        A program of the task on the page becomes the version of its round; tests that are not the task's own take
        their place, and all programs of the task are tested by them.

        Args:
            run_id: The run whose program is in the editor; empty if none is.
            fields: In the order of `Given`.
        """
        given = Given(*(each or "" for each in fields))
        try:
            _check(given.source)
            if not given.tests.strip() and not given.hidden.strip():
                raise BadInput("There are no tests. Type some beside the task, or press Run to run the program alone.")
            sets = _read(given)
            pending = pending_tests_value(given.tests or given.hidden, given.form or given.hidden_form)
            yield _told(tests=pending, output={})
            task = await asyncio.to_thread(self._task, run_id)
            working = self._as_version(task, run_id, given) if task else self._alone(given, sets)
            async for update in working:
                yield update
        except AppError as error:
            yield _told(tests={}, status=refusal(error))

    async def on_run(self, source: str, stdin: str) -> AsyncGenerator[Update, None]:
        """Run the program in the editor alone."""
        try:
            _check(source or "")
            yield _told(output={"ended": "Running …"})
            yield _told(output=await asyncio.to_thread(self._ran, Program(source, by_user=True), stdin or ""))
        except AppError as error:
            yield _told(output={}, status=refusal(error))

    def _ran(self, program: Program, stdin: str) -> Value:
        figures: tuple[bytes, ...] = ()
        ran: Report | CellResult
        if wants_libraries(program.source.encode("utf-8", "surrogatepass")):
            # A notebook shows what it draws.
            ran = self._judge.run_with_libraries(program, stdin)
            figures = ran.figures
        else:
            ran = self._judge.run(program, stdin)
        return output_value(ran.status, ran.seconds, ran.stdout, ran.stderr, ran.message, figures)

    def _task(self, run_id: str) -> CodedTask | None:
        """The task that the program in the editor is of, once that has ended."""
        task = read_task(self._runs, run_id) if run_id else None
        is_over = task is not None and not task.is_live and task.round_of(run_id).purpose == "solution"
        return task if is_over else None

    async def _as_version(self, task: CodedTask, run_id: str, given: Given) -> AsyncGenerator[Update, None]:
        """Store what was changed, and test it."""
        has_changed = not _is_same(task, given)

        def work() -> None:
            if has_changed:
                self._change_tests(run_id, given)
            program = task.round_of(run_id).program
            if program is None or program.source.strip() != given.source.strip() or not has_changed:
                self._attempts.edit(run_id, given.source)

        async for update in _watched(work, lambda: self._attempts.progress(run_id)):
            yield update
        yield _told(follow=to_choose(run_id))

    def _change_tests(self, run_id: str, given: Given) -> None:
        forms: list[Any] = [given.form or None, given.hidden_form or None]
        self._attempts.change_tests(
            run_id,
            given.tests,
            form=forms[0],
            hidden_tests=given.hidden,
            hidden_form=forms[1],
            entry_point=given.entry_point,
        )

    async def _alone(self, given: Given, sets: list[tuple[TestSet, str]]) -> AsyncGenerator[Update, None]:
        """Test it, and store nothing; a page that goes ends it."""
        program, reports = Program(given.source, by_user=True), list[TestReport]()
        progress = Progress(program)

        def work() -> None:
            for tests, kind in sets:
                told: Any = kind
                reports.append(self._judge.judge(program, tests, tests_from=told, progress=progress))

        # What another program did says nothing of this one.
        yield _told(result={})
        try:
            async for update in _watched(work, lambda: progress):
                yield update
        finally:
            progress.stop()
        yield _told(
            result=result_value(reports, program, _YOURS),
            tests=tests_value(reports),
            output=report_output_value(reports[0]),
        )


async def _watched(work: Callable[[], None], progress: Callable[[], Progress | None]) -> AsyncGenerator[Update, None]:
    """Do it in a thread, and say meanwhile how far the tests are."""
    told: Value = {}
    working = asyncio.ensure_future(asyncio.to_thread(work))
    while not (await asyncio.wait({working}, timeout=_LOOK_SECONDS))[0]:
        known = progress()
        value = progress_value(known.parts()) if known and not known.is_over else {}
        if value.get("rows") and value != told:
            told = value
            yield _told(tests=value)
    working.result()


def _is_same(task: CodedTask, given: Given) -> bool:
    """Whether the tests in the fields are those of the task, and are read as those are."""
    told = task.task
    same = (told.tests.strip(), told.hidden_tests.strip()) == (given.tests.strip(), given.hidden.strip())
    forms = given.form in ("", told.form) and given.hidden_form in ("", told.hidden_form)
    return same and forms and given.entry_point.strip() == told.entry_point


def _read(given: Given) -> list[tuple[TestSet, str]]:
    """The tests of each kind that there are.

    Raises:
        BadInput: If they cannot be read.
    """
    check_entry_point(given.entry_point.strip())
    otherwise = named_function(given.statement) or last_function(given.source)
    found = []
    for text, form, kind in ((given.tests, given.form, "given"), (given.hidden, given.hidden_form, "hidden")):
        read_as: Any = form or None
        if tests := read_given(text, read_as, given.entry_point, otherwise):
            found.append((tests, kind))
    return found


def _check(source: str) -> None:
    if not source.strip():
        raise BadInput("There is no program in the editor. Type one, or have one written.")
    if len(source) > _MAX_PROGRAM_CHARACTERS:
        raise BadInput(f"The program has {len(source):,} characters and the limit is {_MAX_PROGRAM_CHARACTERS:,}.")


def _told(
    *, follow: Any = None, result: Any = None, tests: Any = None, output: Any = None, status: Any = None
) -> Update:
    values = (follow, result, tests, output, status)
    return tuple(gr.skip() if value is None else value for value in values)
