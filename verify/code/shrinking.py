"""A report with failures in, the smallest failing case out."""

from model.code_events import Program, TestCase, TestReport
from verify.code.judge import CodeJudge
from verify.code.test_sets import TestSet


def smallest_failure(judge: CodeJudge, program: Program, tests: TestSet, report: TestReport) -> TestCase | None:
    """The failing case whose input is shortest; None if nothing failed."""
    failed = [case for case in report.cases if case.outcome not in ("passed", "not_run")]
    return min(failed, key=lambda case: len(case.given), default=None)
