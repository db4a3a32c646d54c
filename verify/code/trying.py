"""An answer and its task in, the program in it and what every kind of tests says of that program out."""

import logging
from dataclasses import replace
from functools import lru_cache

from model.code_events import Program, TestCase, TestForm, TestReport, TestsFrom
from model.errors import AppError, BadInput
from verify.code.extraction import extract_program
from verify.code.judge import CodeJudge
from verify.code.model_tests import fitting, with_names_of
from verify.code.progress import Progress
from verify.code.shrinking import smallest_failure
from verify.code.task import CodedTask
from verify.code.test_sets import TestSet, read_tests

log = logging.getLogger(__name__)

_NOTHING_YET = Program("", "The run was stopped before it had written a program.")


class Trying:
    """Finds programs and runs them against the tests of their task."""

    def __init__(self, judge: CodeJudge) -> None:
        self._judge = judge

    def program_of(self, answer: str, coded: CodedTask, reason: str) -> Program:
        """The program in the answer of a run that ended for this reason."""
        if not answer.strip() and reason == "stopped":
            return _NOTHING_YET
        return extract_program(answer, _entry_point(coded))

    def reports(self, program: Program, coded: CodedTask, progress: Progress | None = None) -> tuple[TestReport, ...]:
        """What the given tests say of a program, then the hidden ones, then those of the model where there are some.

        Args:
            progress: Is told of each test as it is known, and may end them.
        """
        if not program.source.strip():
            return ()
        found = []
        if given := read_task_tests(coded, "given"):
            found.append(self._judged(program, given, "given", progress))
        if hidden := read_task_tests(coded, "hidden"):
            found.append(without_contents(self._judged(program, hidden, "hidden", progress)))
        if by_model := self.model_tests(coded):
            found.append(self.model_report(program, by_model, progress))
        return tuple(found)

    def model_tests(self, coded: CodedTask) -> TestSet | None:
        """The tests that the model wrote; `None` where some were given, or it wrote none (yet)."""
        if coded.task.tests.strip() or not coded.model_tests.strip():
            return None
        return _read(coded.model_tests, "asserts", "")

    def model_report(self, program: Program, tests: TestSet, progress: Progress | None = None) -> TestReport:
        """What the model's own tests say of a program."""
        named = with_names_of(program, tests)
        kept, words = fitting(named, tests)
        if not kept.cases and not kept.script:
            return TestReport("ok", form=tests.form, tests_from="model", message=words)
        report = self._judged(named, kept, "model", progress)
        return replace(report, message=report.message or words)

    def _judged(self, program: Program, tests: TestSet, tests_from: TestsFrom, progress: Progress | None) -> TestReport:
        report = self._judge.judge(program, tests, tests_from=tests_from, progress=progress)
        if tests_from != "given" or report.has_passed or report.status == "refused":
            return report
        try:
            return replace(report, smallest=smallest_failure(self._judge, program, tests, report))
        except AppError:  # the report stands without it
            log.exception("no smaller failing case could be looked for")
            return report


def read_task_tests(coded: CodedTask, tests_from: TestsFrom) -> TestSet | None:
    """The given or the hidden tests of a task, read; `None` where there are none."""
    task = coded.task
    text, form = (task.tests, task.form) if tests_from == "given" else (task.hidden_tests, task.hidden_form)
    return _read(text, form or None, task.entry_point) if text.strip() else None


def without_contents(report: TestReport) -> TestReport:
    """A report on hidden tests: which passed and how long they took, not what they hold."""
    cases = tuple(TestCase(case.name, case.outcome, case.seconds) for case in report.cases)
    return replace(report, cases=cases, stdout="", stderr="", smallest=None)


def _entry_point(coded: CodedTask) -> str:
    """The function that is asked for: as somebody said, or as the tests call it."""
    if coded.task.entry_point:
        return coded.task.entry_point
    found = read_task_tests(coded, "given") or read_task_tests(coded, "hidden")
    return found.entry_point if found else ""


@lru_cache(maxsize=16)
def _read(text: str, form: TestForm | None, entry_point: str) -> TestSet | None:
    try:
        return read_tests(text, form, entry_point)
    except BadInput:  # written by a version that could read more, or by a model
        log.warning("tests that were stored cannot be read", exc_info=True)
        return None
