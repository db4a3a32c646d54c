"""A program and its tests in, a report of what each test says out. Any thread may ask."""

import threading
from collections.abc import Sequence

from model.code_events import Program, TestCase, TestReport, TestsFrom
from model.errors import SandboxRefused
from verify.code.test_sets import TestSet
from verify.sandbox.cases import Case, InputCase
from verify.sandbox.limits import Limits
from verify.sandbox.report import Report, TestResult, shortened
from verify.sandbox.sandbox import Sandbox


class CodeJudge:
    """Runs programs against tests in a sandbox of its own, which starts when it is first needed."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._sandbox: Sandbox | None = None

    @property
    def level(self) -> str | None:
        """The isolation in force; None while nothing was run."""
        return self._sandbox.level if self._sandbox else None

    def judge(
        self,
        program: Program,
        tests: TestSet,
        *,
        tests_from: TestsFrom = "given",
        stop_at_first: bool = False,
        limits: Limits | None = None,
    ) -> TestReport:
        """Run a program against tests. A machine that cannot isolate it gives a report that says `refused`."""
        if not program.source.strip():
            return _untested("no program", program.words, tests, tests_from)
        try:
            report = self._started().run_tests(program.source, tests.cases, limits)
        except SandboxRefused as refusal:
            return _untested("refused", str(refusal), tests, tests_from)
        return TestReport(
            report.status,
            tuple(
                _case(number, case, result)
                for number, (case, result) in enumerate(zip(tests.cases, report.tests, strict=True), 1)
            ),
            form=tests.form,
            tests_from=tests_from,
            is_forgeable=tests.is_forgeable,
            level=report.level,
            seconds=report.seconds,
            stdout=report.stdout,
            stderr=report.stderr,
            message=report.message,
        )

    def run(self, program: Program, stdin: str = "", limits: Limits | None = None) -> Report:
        """Run a program without tests. A machine that cannot isolate it gives a report that says `refused`."""
        try:
            return self._started().run(program.source, stdin=stdin, limits=limits)
        except SandboxRefused as refusal:
            return Report("refused", "", "", 0.0, "none", str(refusal))

    def close(self) -> None:
        """End the sandbox and all that it runs."""
        with self._starting:
            if self._sandbox:
                self._sandbox.close()
                self._sandbox = None

    def _started(self) -> Sandbox:
        with self._starting:
            if self._sandbox is None:
                self._sandbox = Sandbox()
            return self._sandbox


def _case(number: int, case: Case, result: TestResult) -> TestCase:
    return TestCase(
        str(number), result.outcome, result.seconds, _given(case), result.expected, result.got, result.message
    )


def _given(case: Case) -> str:
    """The call, or the input, as a report shows it."""
    if isinstance(case, InputCase):
        return shortened(case.stdin)
    written = [repr(value) for value in case.args] + [f"{name}={value!r}" for name, value in case.kwargs.items()]
    return shortened(f"{case.name}({', '.join(written)})")


def _untested(status: str, why: str, tests: TestSet, tests_from: TestsFrom) -> TestReport:
    cases: Sequence[TestCase] = [
        TestCase(str(number), "not_run", given=_given(case)) for number, case in enumerate(tests.cases, 1)
    ]
    return TestReport(status, tuple(cases), tests.form, tests_from, tests.is_forgeable, message=why)  # type: ignore[arg-type]
