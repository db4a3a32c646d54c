"""A report with failures in, the smallest failing case out: what a model, or a person, can find the mistake by.

It is the smallest of the given tests that fail. Where the program raises an exception it is made smaller still, for
that needs nobody who knows the right result: the same exception must come from the same line. With another program
that passes all tests the same goes for wrong results: the two must differ.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from model.code_events import Program, TestCase, TestReport
from verify.code.judge import CodeJudge, case_of, kind_of
from verify.code.smaller import size, smaller_calls, smaller_inputs
from verify.code.test_sets import TestSet
from verify.sandbox.cases import Call, Case, InputCase
from verify.sandbox.limits import Limits
from verify.sandbox.report import MAX_SHOWN_CHARACTERS, TestResult

MAX_RUNS = 60
MAX_SECONDS = 10.0
_LIMITS = Limits(cpu_seconds=1.0)


def smallest_failure(
    judge: CodeJudge, program: Program, tests: TestSet, report: TestReport, *, oracle: Program | None = None
) -> TestCase | None:
    """The smallest case on which a program fails; None if nothing failed, or the tests are hidden.

    Args:
        report: What the tests said of the program.
        oracle: A program that passes all tests.
    """
    failed = [at for at, case in enumerate(report.cases) if case.outcome not in ("passed", "not_run")]
    if not failed or report.tests_from == "hidden":
        return None
    if len(tests.cases) != len(report.cases):
        return min((report.cases[at] for at in failed), key=lambda case: len(case.given))
    smallest = min(failed, key=lambda at: size(tests.cases[at]))
    raised = [at for at in failed if report.cases[at].outcome == "error"]
    if oracle is None and not raised:
        return report.cases[smallest]
    begin = smallest if oracle is not None else min(raised, key=lambda at: size(tests.cases[at]))
    found = _Shrinking(judge, program, tests.cases, oracle).smallest(begin, report.cases[begin])
    return found if found is not None else report.cases[smallest]


class _Shrinking:
    """Tries smaller inputs, within so many runs and seconds."""

    def __init__(self, judge: CodeJudge, program: Program, cases: Sequence[Case], oracle: Program | None) -> None:
        self._judge, self._program, self._oracle = judge, program, oracle
        self._cases = cases
        self._runs = 0
        self._until = time.monotonic() + MAX_SECONDS

    def smallest(self, at: int, told: TestCase) -> TestCase | None:
        """The smallest that is found from a failing case; None if no smaller one is."""
        case, best, kind = self._cases[at], None, kind_of(told.message)
        while self._runs < MAX_RUNS and time.monotonic() < self._until:
            step = self._step(case, told.outcome == "error", kind)
            if step is None:
                break
            case, result = step
            best = case_of(f"{told.name}, made smaller", case, result)
        return best

    def _step(self, case: Case, is_raised: bool, kind: str) -> tuple[Case, TestResult] | None:
        """A smaller case that fails in the same way."""
        if isinstance(case, InputCase):
            candidates: Sequence[Case] = smaller_inputs(case)
        else:
            given = [other for other in self._cases if isinstance(other, Call) and other.name == case.name]
            candidates = smaller_calls(case, given)
        # Calls share a process, so all of them cost one run; each input has its own.
        for part in [candidates] if isinstance(case, Call) else [[candidate] for candidate in candidates]:
            if not part or self._runs >= MAX_RUNS or time.monotonic() >= self._until:
                return None
            for candidate, result in zip(part, self._results(part), strict=True):
                if is_raised and result.outcome == "error" and kind_of(result.message) == kind:
                    return candidate, replace(result, expected=None)
                if not is_raised and result.outcome == "wrong":
                    return candidate, result
        return None

    def _results(self, candidates: Sequence[Case]) -> list[TestResult]:
        """What the program does with each; it is `wrong` if the other program does something else."""
        results = self._run(self._program, candidates)
        if self._oracle is None:
            return results
        wanted = self._run(self._oracle, candidates)
        return [_compared(result, right) for result, right in zip(results, wanted, strict=True)]

    def _run(self, program: Program, candidates: Sequence[Case]) -> list[TestResult]:
        self._runs += 1
        return self._judge.results(program, candidates, _LIMITS)


def _compared(result: TestResult, right: TestResult) -> TestResult:
    """What a program gave beside what another gave, which is right; as reports write values, if they do so wholly."""
    if right.outcome not in ("passed", "wrong") or right.got is None or len(right.got) >= MAX_SHOWN_CHARACTERS:
        return replace(result, outcome="not_run")
    if result.outcome not in ("passed", "wrong"):
        return replace(result, expected=right.got)
    return replace(result, outcome="passed" if result.got == right.got else "wrong", expected=right.got, message="")
