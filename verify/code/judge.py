"""A program and its tests in, a report of what each test says out. Any thread may ask."""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from model.code_events import Program, TestCase, TestReport, TestsFrom
from model.errors import BadInput, SandboxRefused
from verify.code.binding import bound
from verify.code.parsing import parsed
from verify.code.prelude import names_for
from verify.code.progress import Progress
from verify.code.running import Ran, Runner
from verify.code.scripts import run_script
from verify.code.test_sets import TestSet, read_tests
from verify.sandbox.cases import Case, InputCase
from verify.sandbox.comparing import shown
from verify.sandbox.levels import Level
from verify.sandbox.limits import Limits
from verify.sandbox.notebook import CellResult, Notebook
from verify.sandbox.report import Report, TestResult, shortened
from verify.sandbox.sandbox import Sandbox
from verify.sandbox.values import encoded
from verify.sandbox.watching import NOBODY, Watch

# What a program may use where nobody says otherwise. LiveCodeBench's judge gives 6 seconds.
LIMITS = Limits(cpu_seconds=6.0)
# Outcomes whose messages say no more than the exception, or what was used of the time.
_TOLD = ("error", "timeout", "memory")


class CodeJudge:
    """Runs programs against tests in a sandbox of its own, which starts when it is first needed."""

    def __init__(self) -> None:
        self._starting = threading.Lock()
        self._sandbox: Sandbox | None = None

    @property
    def level(self) -> Level | None:
        """The isolation in force; None while nothing was run."""
        sandbox = self._sandbox
        return sandbox.level if sandbox else None

    def judge(
        self,
        program: Program,
        tests: TestSet,
        *,
        tests_from: TestsFrom = "given",
        stop_at_first: bool = False,
        limits: Limits | None = None,
        progress: Progress | None = None,
        lends_names: bool = True,
    ) -> TestReport:
        """Run a program against tests. A machine that cannot isolate it gives a report that says `refused`.

        Args:
            tests_from: Who wrote them. Of hidden tests the report says only which of them failed and how.
            stop_at_first: Whether what stands behind the first failure is left out.
            limits: Of each test.
            progress: Is told of each test as it is known, and may end them.
            lends_names: Whether the program finds what it uses and does not import (`verify.code.prelude`).
        """
        if not program.source.strip():
            return _untested("no program", program.words or "There is no program.", tests, tests_from)
        try:
            tests = _with_examples(program.source, tests)
            if progress is not None:
                _begin(progress, tests, tests_from)
            names = names_for(program.source) if lends_names else {}
            ran = self._ran(program.source, tests, limits or LIMITS, names, stop_at_first, progress or NOBODY)
        except SandboxRefused as refusal:
            return _untested("refused", str(refusal), tests, tests_from)
        except BadInput as error:
            return _untested("error", str(error), tests, tests_from)
        return _report(tests, ran, tests_from)

    def run(self, program: Program, stdin: str = "", limits: Limits | None = None) -> Report:
        """Run a program without tests. A machine that cannot isolate it gives a report that says `refused`."""
        try:
            names = names_for(program.source)
            return self._started().run(program.source, stdin=stdin, limits=limits or LIMITS, names=names)
        except SandboxRefused as refusal:
            return Report("refused", "", "", 0.0, "none", str(refusal))

    def run_with_libraries(self, program: Program, stdin: str = "") -> CellResult:
        """Run a program that needs numpy, sympy or matplotlib, in a notebook of its own; its charts are PNG images.

        A machine that cannot isolate it gives a result that says `refused`.
        """
        try:
            notebook = self._started().open_notebook()
            try:
                notebook.run_cell(f"import io as _io, sys as _sys\n_sys.stdin = _io.StringIO({stdin!r})")
                return notebook.run_cell(program.source)
            finally:
                notebook.close()
        except SandboxRefused as refusal:
            return CellResult("refused", message=str(refusal))

    def open_notebook(self, files: Mapping[str, bytes] | None = None) -> Notebook:
        """Cells that share names and files; see `verify.sandbox.notebook`.

        Raises:
            SandboxRefused: If this machine cannot isolate programs.
            BadInput: If a notebook cannot be given these files.
        """
        return self._started().open_notebook(files)

    def results(self, program: Program, cases: Sequence[Case], limits: Limits | None = None) -> list[TestResult]:
        """What each case gives, without a longer look and without a report; `not_run` behind a limit, or if refused."""
        tree, names = parsed(program.source), names_for(program.source)
        try:
            report = self._started().run_tests(program.source, bound(cases, tree), limits or LIMITS, names)
        except (SandboxRefused, BadInput) as error:
            return [TestResult("not_run", message=str(error))] * len(cases)
        return list(report.tests)

    def start(self) -> None:
        """Start the sandbox, so that the first program need not wait for it; a refusal comes with the programs."""
        with suppress(SandboxRefused):
            self._started()

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

    def _ran(
        self,
        source: str,
        tests: TestSet,
        limits: Limits,
        names: Mapping[str, str],
        stop_at_first: bool,
        watch: Watch,
    ) -> Ran:
        sandbox = self._started()
        if tests.script:
            return run_script(sandbox, source, tests, limits, names, stop_at_first, watch)
        cases = bound(tests.cases, parsed(source), tests.entry_point)
        return Runner(sandbox, source, limits, names, stop_at_first, watch).run(cases)


def _with_examples(source: str, tests: TestSet) -> TestSet:
    """Doctests without a text are those of the program's own docstrings.

    Raises:
        BadInput: If it has none.
    """
    if tests.form != "doctest" or tests.cases or tests.script:
        return tests
    return read_tests(source, "doctest", tests.entry_point)


def _begin(progress: Progress, tests: TestSet, tests_from: TestsFrom) -> None:
    """Say which tests are about to be run, and how what they say is written."""

    def case_of(number: int, result: TestResult) -> TestCase:
        name = tests.names[number] if number < len(tests.names) else str(number + 1)
        if tests.form == "pytest":
            name = result.given or name
        case = _case(name, _shown_given(tests, number, result), result)
        return _without_content(number, case) if tests_from == "hidden" else case

    def by_words(given: Sequence[str]) -> list[TestCase]:
        return [case_of(number, TestResult("not_run", given=words)) for number, words in enumerate(given)]

    count = max(len(tests.names), len(tests.cases))
    progress.begin(tests_from, by_words([""] * count), case_of, by_words)


def _report(tests: TestSet, ran: Ran, tests_from: TestsFrom) -> TestReport:
    told = ran.told
    cases = [
        _case(name, _shown_given(tests, number, result), result)
        for number, (name, result) in enumerate(zip(_names(tests, ran.results), ran.results, strict=True))
    ]
    report = TestReport(
        told.status,
        tuple(cases),
        form=tests.form,
        tests_from=tests_from,
        is_forgeable=ran.is_forgeable,
        level=told.level,
        seconds=ran.seconds,
        stdout=told.stdout,
        stderr=told.stderr,
        message=told.message,
    )
    return _without_contents(report) if tests_from == "hidden" else report


def _names(tests: TestSet, results: Sequence[TestResult]) -> Sequence[str]:
    """The tests' own names, where they have any; else their numbers."""
    if tests.form == "pytest" and all(result.given for result in results):
        return [result.given for result in results]
    numbers = [str(number) for number in range(1, len(results) + 1)]
    return tests.names if len(tests.names) == len(results) else numbers


def _case(name: str, given: str, result: TestResult) -> TestCase:
    return TestCase(name, result.outcome, result.seconds, given, result.expected, result.got, result.message)


def case_of(name: str, case: Case, result: TestResult) -> TestCase:
    """A case and its result as a report has them."""
    return _case(name, _given([case], 0, result), result)


def _shown_given(tests: TestSet, number: int, result: TestResult) -> str:
    """The same; of pytest's tests it is their name."""
    return "" if tests.form == "pytest" else _given(tests.cases, number, result)


def _given(cases: Sequence[Case], number: int, result: TestResult) -> str:
    """The call, the input, or the statement, as a report shows it."""
    if number >= len(cases):
        return result.given
    case = cases[number]
    if isinstance(case, InputCase):
        return shortened(case.stdin)
    written = [shown(encoded(value)) for value in case.args]
    written += [f"{name}={shown(encoded(value))}" for name, value in case.kwargs.items()]
    return shortened(f"{case.name}({', '.join(written)})")


def _without_contents(report: TestReport) -> TestReport:
    """What may be said of tests that nobody is to learn from: which failed, how, and in which line of the program."""
    cases = tuple(_without_content(number, case) for number, case in enumerate(report.cases))
    return replace(report, cases=cases, stdout="", stderr="", message=kind_of(report.message))


def _without_content(number: int, case: TestCase) -> TestCase:
    message = kind_of(case.message) if case.outcome in _TOLD else ""
    return TestCase(str(number + 1), case.outcome, case.seconds, message=message)


def kind_of(message: str) -> str:
    """An exception's name and line, without its text: that may hold the input.

    >>> kind_of("KeyError: 'secret' (line 3)"), kind_of("it took too much time")
    ('KeyError (line 3)', 'it took too much time')
    """
    name, colon, rest = message.partition(":")
    line = rest[rest.rfind(" (line ") :] if rest.endswith(")") and " (line " in rest else ""
    return name + line if colon and name.isidentifier() else message if not colon else ""


def _untested(status: str, why: str, tests: TestSet, tests_from: TestsFrom) -> TestReport:
    count = max(len(tests.names), len(tests.cases))
    nothing = TestResult("not_run")
    cases = [
        _case(name, "" if tests_from == "hidden" else _given(tests.cases, number, nothing), nothing)
        for number, name in enumerate(_names(tests, [nothing] * count))
    ]
    return TestReport(status, tuple(cases), tests.form, tests_from, tests.is_forgeable, message=why)  # type: ignore[arg-type]
