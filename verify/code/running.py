"""A program and its cases in, what each of them says out: in what order they run, when to stop, how long to look.

A test that takes more time than it may is looked at once more, alone and with twice the time. So a suite that is long
as a whole fails nobody, a slow program is told from one that hangs, and one that hangs from one that waits.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from verify.sandbox.cases import Call, Case, InputCase
from verify.sandbox.limits import Limits
from verify.sandbox.outputs import first_difference
from verify.sandbox.report import Outcome, Report, TestResult, shortened
from verify.sandbox.sandbox import Sandbox
from verify.sandbox.watching import NOBODY, Watch

# So many tests may reach a limit; each costs twice the time that a program may take.
_MAX_INTERRUPTED = 3
_LONGER = 2
# A program that has used less of the processor than this part of the time was waiting for something.
_IDLE = 0.2
_STOPPED = TestResult("not_run", message="not run: it was asked to stop at the first failure")
_UNWANTED = TestResult("not_run", message="not run: it was stopped before")
_TOO_MANY = TestResult("not_run", message=f"not run: {_MAX_INTERRUPTED} tests before it have reached a limit")


@dataclass(slots=True)
class Ran:
    """What came of a program's cases: a result for each, and the reports of the processes that ran them."""

    results: list[TestResult]
    reports: list[Report] = field(default_factory=list)
    is_forgeable: bool = False

    @property
    def told(self) -> Report:
        """The process that stopped the suite, or ended ill, else the first."""
        ill = [report for report in self.reports if report.status != "ok"]
        limits = [report for report in ill if report.status in ("timeout", "memory", "output-limit")]
        return (limits or ill or self.reports)[0]

    @property
    def seconds(self) -> float:
        """By the clock, of all of it."""
        return round(sum(report.seconds for report in self.reports), 4)


class Runner:
    """Runs the cases of one program.

    Args:
        names: What the program finds without importing it, as `verify.code.prelude` says.
        watch: Is told of each case as it is known, and may end them.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        source: str,
        limits: Limits,
        names: Mapping[str, str],
        stop_at_first: bool,
        watch: Watch = NOBODY,
    ) -> None:
        self._watch = watch
        self._is_enough = False
        self._sandbox, self._source, self._limits = sandbox, source, limits
        self._names = names
        self._stop_at_first = stop_at_first
        self._reports: list[Report] = []
        self._interrupted = 0

    def run(self, cases: Sequence[Case]) -> Ran:
        """All of them, or those up to the first that fails."""
        calls = {at: case for at, case in enumerate(cases) if isinstance(case, Call)}
        results: dict[int, TestResult] = dict(zip(calls, self._run_calls(calls), strict=True))
        for at, case in enumerate(cases):
            if isinstance(case, InputCase):
                results[at] = self._run_input(case, has_failed=_has_failed(results.values()))
                self._take(at, results[at])
        return Ran([results[at] for at in range(len(cases))], self._reports)

    def _run_calls(self, numbered: Mapping[int, Call]) -> list[TestResult]:
        """In one process, and in a new one behind each that reached a limit; by their numbers among all cases."""
        results: list[TestResult] = []
        numbers, calls = list(numbered), list(numbered.values())
        while len(results) < len(calls):
            if self._interrupted >= _MAX_INTERRUPTED or self._is_enough:
                break
            left = len(results)
            report = self._run(self._limits, calls[left:], _Forwarding(self._take, numbers[left:]))
            told = list(report.tests)
            done = next((at for at, test in enumerate(told) if test.outcome == "not_run"), len(told))
            if not done:
                return cut([*results, *with_reason(report)], len(calls), self._stop_at_first)
            if told[done - 1].outcome in ("timeout", "memory") or report.status == "output-limit":
                self._interrupted += 1
                told[done - 1] = self._looked_at(calls[left + done - 1], told[done - 1])
                self._take(numbers[left + done - 1], told[done - 1])
            results += told[:done]
        return cut(results, len(calls), self._stop_at_first, _UNWANTED if self._is_enough else _TOO_MANY)

    def _take(self, number: int, result: TestResult) -> bool:
        """A case has said this; False if no other need be run."""
        is_wanted = self._watch.take(number, result)
        has_failed = self._stop_at_first and result.outcome != "passed"
        self._is_enough = self._is_enough or has_failed or not is_wanted
        return not self._is_enough

    def _run_input(self, case: InputCase, has_failed: bool) -> TestResult:
        if self._is_enough:
            return _STOPPED if has_failed else _UNWANTED
        if self._interrupted >= _MAX_INTERRUPTED:
            return _TOO_MANY
        report = self._run(self._limits, case)
        result = input_result(report, case)
        if result.outcome in ("timeout", "memory") or report.status == "output-limit":
            self._interrupted += 1
            return self._looked_at(case, result)
        return result

    def _run(self, limits: Limits, cases: Sequence[Call] | InputCase, watch: Watch = NOBODY) -> Report:
        if isinstance(cases, InputCase):
            room = 2 * len(cases.stdout.encode("utf-8", "surrogatepass")) + (1 << 16)
            limits = replace(limits, output_bytes=max(limits.output_bytes, room))
            report = self._sandbox.run(self._source, stdin=cases.stdin, limits=limits, names=self._names)
        else:
            report = self._sandbox.run_tests(self._source, cases, limits, self._names, watch)
        self._reports.append(report)
        return report

    def _looked_at(self, case: Case, result: TestResult) -> TestResult:
        """A test that took too long, with what a longer look at it says."""
        if result.outcome != "timeout":
            return result
        cpu = self._limits.cpu_seconds
        limits = replace(
            self._limits, cpu_seconds=_LONGER * cpu, wall_seconds=_LONGER * self._limits.piece_wall_seconds
        )
        n_before, first = len(self._reports), self._reports[-1]
        if first.cpu_seconds < _IDLE * cpu:
            waited = f"{first.cpu_seconds:.1f} s of CPU time in {first.seconds:.1f} s by the clock"
            return replace(result, message=f"it waits for something: {waited}")
        report = self._run(limits, case if isinstance(case, InputCase) else [case])
        again = input_result(report, case) if isinstance(case, InputCase) else report.tests[0]
        if again.outcome == "timeout" or report.status == "timeout":
            return replace(
                result, message=f"still running after {report.cpu_seconds:.1f} s of CPU time, the limit is {cpu:g} s"
            )
        if report.cpu_seconds <= cpu and report.seconds <= self._limits.piece_wall_seconds:
            # It was the suite that took long. What stopped the suite is no fault of this test's.
            del self._reports[n_before - 1]
            self._interrupted -= 1
            return again
        verdict = {"passed": "with the right result", "wrong": "with a wrong result"}.get(again.outcome, "and failed")
        return replace(
            result, message=f"slow: it took {report.cpu_seconds:.1f} s of CPU time, {verdict}; the limit is {cpu:g} s"
        )


class _Forwarding(Watch):
    """Hands on what each of some calls has said; not that one took too long: it is looked at once more."""

    def __init__(self, take: Callable[[int, TestResult], bool], numbers: Sequence[int]) -> None:
        self._take, self._numbers = take, numbers

    def take(self, number: int, result: TestResult) -> bool:
        return result.outcome == "timeout" or self._take(self._numbers[number], result)


def _has_failed(results: Iterable[TestResult]) -> bool:
    return any(result.outcome != "passed" for result in results)


def cut(results: list[TestResult], count: int, stop_at_first: bool, rest: TestResult = _TOO_MANY) -> list[TestResult]:
    """With those that were not run at its end."""
    if stop_at_first:
        failed = next((at for at, result in enumerate(results) if result.outcome != "passed"), len(results))
        results = results[: failed + 1]
    rest = _STOPPED if stop_at_first and _has_failed(results) else rest
    return results + [rest] * (count - len(results))


def with_reason(report: Report) -> list[TestResult]:
    """The tests of a report; of a program that could not even be loaded, the first says why."""
    first, *rest = report.tests
    if first.outcome != "not_run":
        return [first, *rest]
    outcomes: dict[str, Outcome] = {"timeout": "timeout", "memory": "memory"}
    outcome = outcomes.get(report.status, "error")
    return [replace(first, outcome=outcome, seconds=report.seconds, message=report.message), *rest]


def input_result(report: Report, case: InputCase) -> TestResult:
    """Whether a script printed what it should have; if not, where its output differs first."""
    message = report.message
    outcome: Outcome
    match report.status:
        case "timeout" | "memory" as outcome:
            pass
        case "ok" | "early-exit":
            difference = first_difference(case.stdout, report.stdout, case.tolerance)
            outcome = "wrong" if difference else "passed"
            has_printed = bool(report.stdout.strip())
            message = message or (difference if has_printed or not difference else "it printed nothing") or ""
        case _:
            outcome = "error"
    wanted, got = (shortened(output.rstrip("\n")) for output in (case.stdout, report.stdout))
    return TestResult(outcome, report.seconds, wanted, got, message)
