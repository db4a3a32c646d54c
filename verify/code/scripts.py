"""A program and test code in, what each test says out: in two processes where values are enough, else in one."""

from collections.abc import Mapping

from verify.code.running import Ran, cut, with_reason
from verify.code.test_sets import TestSet
from verify.sandbox.limits import Limits
from verify.sandbox.sandbox import Sandbox


def run_script(
    sandbox: Sandbox, source: str, tests: TestSet, limits: Limits, names: Mapping[str, str], stop_at_first: bool
) -> Ran:
    """Run test code against a program; raises what the sandbox does."""
    report = sandbox.run_check(source, tests.script, tests.entry_point, limits, names)
    results = with_reason(report)
    return Ran(cut(results, len(results), stop_at_first), [report])
