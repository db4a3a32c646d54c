"""A program and test code in, what each test says out: in two processes where values are enough, else in one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from verify.code.running import Ran, cut, with_reason
from verify.code.test_sets import TestSet
from verify.sandbox.inside.stand_ins import NEEDS_OBJECT
from verify.sandbox.limits import Limits
from verify.sandbox.report import Report, TestResult
from verify.sandbox.sandbox import Sandbox
from verify.sandbox.together import Kind
from verify.sandbox.watching import NOBODY, Watch


def run_script(
    sandbox: Sandbox,
    source: str,
    tests: TestSet,
    limits: Limits,
    names: Mapping[str, str],
    stop_at_first: bool,
    watch: Watch = NOBODY,
) -> Ran:
    """Run test code against a program; raises what the sandbox does.

    Tests that turn out to need an object of the program's are run in its process, and are forgeable then.

    Args:
        watch: Is told of each test as it is known, and may end them.
    """
    watch = _Watching(watch, stop_at_first)
    given = tests.entry_point, limits, names, watch
    if tests.is_forgeable:
        kind: Kind = "pytest" if tests.form == "pytest" else "doctest"
        return _ran(sandbox.run_together(source, tests.script, kind, *given), stop_at_first, is_forgeable=True)
    report = sandbox.run_check(source, tests.script, *given)
    if any(NEEDS_OBJECT in message for message in (report.message, *(test.message for test in report.tests))):
        report = sandbox.run_together(source, tests.script, "asserts", *given)
        return _ran(report, stop_at_first, is_forgeable=True)
    return _ran(report, stop_at_first, is_forgeable=False)


class _Watching(Watch):
    """Hands on what tests say, and ends them where no other is wanted, or where one needs the object."""

    def __init__(self, watch: Watch, stop_at_first: bool) -> None:
        self._watch, self._stop_at_first = watch, stop_at_first

    def known(self, given: Sequence[str]) -> None:
        self._watch.known(given)

    def take(self, number: int, result: TestResult) -> bool:
        if NEEDS_OBJECT in result.message:
            return False
        has_failed = result.outcome != "passed" and not _is_skipped(result)
        return self._watch.take(number, result) and not (self._stop_at_first and has_failed)


def _is_skipped(result: TestResult) -> bool:
    return result.outcome == "not_run" and result.got == "skipped"


def _ran(report: Report, stop_at_first: bool, is_forgeable: bool) -> Ran:
    skipped = [test for test in report.tests if _is_skipped(test)]
    if skipped and report.status == "ok":
        # Their author does not want them to be run, so they say nothing of the program.
        names = ", ".join(test.given for test in skipped)
        kept = tuple(test for test in report.tests if test not in skipped)
        report = replace(report, tests=kept, message=f"{len(skipped)} skipped: {names}"[:200])
        if not kept:
            return Ran([], [report], is_forgeable)
    results = with_reason(report) if report.tests else [TestResult("error", report.seconds, message=report.message)]
    results = [replace(result, message=_plain(result.message)) for result in results]
    return Ran(cut(results, len(results), stop_at_first), [report], is_forgeable)


def _plain(message: str) -> str:
    """Without the empty lines that pytest leaves."""
    return "\n".join(line for line in message.splitlines() if line.strip())
