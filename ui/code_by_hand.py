"""A program and tests that a user typed in, what comes of running them out; no model is asked."""

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.code_events import Program, TestReport
from model.errors import AppError, BadInput
from model.runs import Runs
from ui.code_following import to_choose
from ui.code_values import output_value, pending_tests_value, report_output_value, result_value, tests_value
from ui.sentences import refusal
from verify.code.attempts import Attempts
from verify.code.given import read_given
from verify.code.parsing import last_function
from verify.code.task import read_task
from verify.code.test_sets import TestSet
from verify.sandbox.notebook import CellResult
from verify.sandbox.report import Report

# To follow, result, tests, output, status.
Update = tuple[Any, Any, Any, Any, Any]
Value = dict[str, Any]

_MAX_PROGRAM_CHARACTERS = 200_000
# What only notebooks have, and programs that are tested do not.
_LIBRARIES = re.compile(r"^[ \t]*(?:import|from)[ \t]+(?:numpy|sympy|mpmath|matplotlib|PIL)\b", re.M)
_YOURS = "The program in the editor, run by hand"


@dataclass(frozen=True, slots=True)
class Given:
    """What stands in the fields."""

    source: str
    tests: str
    form: str
    hidden: str
    hidden_form: str


class ByHand:
    """Runs what is in the editor."""

    def __init__(self, attempts: Attempts, runs: Runs) -> None:
        self._attempts, self._judge, self._runs = attempts, attempts.judge, runs

    async def on_run_tests(
        self, run_id: str, source: str, tests: str, form: str, hidden: str, hidden_form: str
    ) -> AsyncGenerator[Update, None]:
        """Run the program in the editor by the tests in their fields.

        A program of the task on the page, run by the task's own tests, becomes the version of its round.

        Args:
            run_id: The run whose program is in the editor; empty if none is.
        """
        given = Given(source or "", tests or "", form or "", hidden or "", hidden_form or "")
        try:
            _check(given.source)
            if not given.tests.strip() and not given.hidden.strip():
                raise BadInput("There are no tests. Type some beside the task, or press Run to run the program alone.")
            sets = _read(given)
            yield _told(tests=pending_tests_value(given.tests or given.hidden, given.form or given.hidden_form))
            is_version = run_id != "" and await asyncio.to_thread(self._is_version, run_id, given)
            if is_version:
                yield _told(follow=to_choose(run_id))
                return
            reports = [await asyncio.to_thread(self._judged, given.source, *each) for each in sets]
            yield _told(
                result=result_value(reports, Program(given.source, by_user=True), _YOURS),
                tests=tests_value(reports),
                output=report_output_value(reports[0]),
            )
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
        if _LIBRARIES.search(program.source):
            ran = self._judge.run_with_libraries(program, stdin)
            figures = ran.figures
        else:
            ran = self._judge.run(program, stdin)
        return output_value(ran.status, ran.seconds, ran.stdout, ran.stderr, ran.message, figures)

    def _is_version(self, run_id: str, given: Given) -> bool:
        """Test it as a version of its round, where that has ended and the tests are those of its task."""
        task = read_task(self._runs, run_id)
        told = task.task
        is_over = not task.is_live and any(each.run_id == run_id and each.purpose == "solution" for each in task.rounds)
        same = (told.tests.strip(), told.hidden_tests.strip()) == (given.tests.strip(), given.hidden.strip())
        forms = given.form in ("", told.form) and given.hidden_form in ("", told.hidden_form)
        if not (is_over and same and forms):
            return False
        self._attempts.edit(run_id, given.source)
        return True

    def _judged(self, source: str, tests: TestSet, tests_from: Any) -> TestReport:
        return self._judge.judge(Program(source, by_user=True), tests, tests_from=tests_from)


def _read(given: Given) -> list[tuple[TestSet, str]]:
    """The tests of each kind that there are.

    Raises:
        BadInput: If they cannot be read.
    """
    kinds = ((given.tests, given.form, "given"), (given.hidden, given.hidden_form, "hidden"))
    entry_point = last_function(given.source)
    sets = ((read_given(text, form or None, entry_point), kind) for text, form, kind in kinds)  # type: ignore[arg-type]
    return [(each, kind) for each, kind in sets if each]


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
