r"""What the benchmarks of programs share: an answer and its tests in, whether the answer's program passes them all out.

In the `published` profile the program is the last fenced block, as LiveCodeBench takes it; else it is what the app
itself finds in an answer (`verify.code.extraction`), so that a block with an example of use behind it does no harm.
"""

import ast
import json
from collections.abc import Callable, Mapping
from typing import Any

from evals.benchmarks.benchmark import Judgement, Judges, Written
from model.code_events import Program, TestForm, TestReport
from model.errors import BadInput
from verify.code.blocks import blocks_of
from verify.code.extraction import extract_program
from verify.code.parsing import defined_names, missing_names, parsed
from verify.code.test_sets import TestSet, read_tests
from verify.sandbox.limits import Limits

NO_BLOCK = "the answer has no fenced block of code"
_NO_PYTHON = ("SyntaxError", "IndentationError", "TabError")


def program_of(written: Written, entry_point: str) -> Program:
    r"""The program that an answer holds; none, with the reason, where there is none.

    >>> two = "```python\ndef f(): return 1\n```\nUse it:\n```python\nprint(f())\n```"
    >>> [program_of(Written(two, is_strict=strict), "f").source for strict in (True, False)]
    ['print(f())\n', 'def f(): return 1\n']
    """
    if not written.is_strict:
        return extract_program(written.answer, entry_point)
    closed = [block for block in blocks_of(written.answer) if block.is_closed] if "```" in written.answer else []
    return Program(closed[-1].source, "the last block of code") if closed else Program("", NO_BLOCK)


def judge_program(
    judges: Judges,
    written: Written,
    read: Callable[[], TestSet],
    limits: Limits,
    entry_point: str = "",
    completed: Callable[[str], str] = str,
    lends_names: bool = False,
) -> Judgement:
    """Whether the program of an answer passes all its tests; they end at the first that fails.

    Args:
        read: Gives the tests; those of a contest's problem can be large, and are read when they are needed.
        limits: Of each test.
        completed: Gives the program that is run, made of the one that was found.
        lends_names: As `verify.code.judge` has it.
    """
    program = program_of(written, entry_point)
    if not program.source.strip():
        return Judgement("undecided", program.words or NO_BLOCK)
    try:
        tests = read()
    except BadInput as error:
        return Judgement("undecided", f"the tests cannot be read: {error}")
    program = Program(completed(program.source), program.words)
    report = judges.code.judge(program, tests, stop_at_first=True, limits=limits, lends_names=lends_names)
    return _judgement(report)


def tests_of(gold: Mapping[str, Any], form: TestForm, where: str = "") -> TestSet:
    """The tests of a data set's row.

    Args:
        form: As `verify.code.test_sets` has it.
        where: What an error begins with.

    Raises:
        BadInput: If they cannot be read.
    """
    try:
        return read_tests(json.dumps(dict(gold)), form)
    except BadInput as error:
        raise BadInput(f"{where}{error}") from error


def limits_of(cpu_seconds: float, memory_mib: int) -> Limits:
    """The limits of a test.

    By the clock it may take ten times as long: programs come behind the model and all else that a machine is busy with,
    and none is to fail for that.
    """
    return Limits(cpu_seconds, memory_mib, wall_seconds=10 * cpu_seconds)


def with_lacking(source: str, before: str, behind: str = "") -> str:
    r"""A program with what the data set's own harness runs with it, as far as it reads names that it does not have.

    Args:
        before: What stands before it there: its imports, functions and classes are taken.
        behind: What stands behind it: its imports are taken.

    >>> with_lacking("def f(n): return sqrt(g(n))", "def g(n): return n\ndef h(n): return n", "from math import sqrt")
    'def g(n):\n    return n\n\ndef f(n): return sqrt(g(n))\n\nfrom math import sqrt'
    """
    tree = parsed(source)
    if tree is None:
        return source
    lacking = missing_names(tree)
    first = _parts(before, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef), lacking)
    last = _parts(behind, (ast.Import, ast.ImportFrom), lacking)
    if "from __future__" in source:  # it must stand first
        return "\n\n".join([source, *first, *last])
    return "\n\n".join([*first, source, *last])


def _parts(held: str, kinds: tuple[type[ast.stmt], ...], lacking: set[str]) -> list[str]:
    """Those of a source that bind one of the names, and what they read in turn."""
    tree = parsed(held)
    parts = [part for part in (tree.body if tree else []) if isinstance(part, kinds)]
    kept: list[ast.stmt] = []
    wanted = set(lacking)
    for part in reversed(parts):
        alone = ast.Module([part], [])
        if defined_names(alone) & wanted:
            kept.insert(0, part)
            wanted |= missing_names(alone)
    return [ast.unparse(part) for part in kept]


def _judgement(report: TestReport) -> Judgement:
    details = {
        "passed": report.passed,
        "tests": len(report.cases),
        "status": report.status,
        "outcomes": sorted({case.outcome for case in report.cases} - {"passed", "not_run"}),
        "level": report.level,
        "seconds": report.seconds,
    }
    if report.has_passed and report.is_forgeable:
        return Judgement("undecided", "tests and program shared a process, so passing says nothing", details=details)
    if report.has_passed:
        n = len(report.cases)
        return Judgement("correct", "passes its test" if n == 1 else f"passes all {n} tests", details=details)
    if report.status == "refused" or not report.has_failed:
        return Judgement("undecided", f"not run: {report.message or 'its tests were stopped'}", details=details)
    return Judgement("wrong", _failure(report), details=details)


def _failure(report: TestReport) -> str:
    """Which test fails, and how; of a program that is none, only why."""
    failed = [(at, case) for at, case in enumerate(report.cases, 1) if case.outcome not in ("passed", "not_run")]
    if not failed:
        return f"cannot be run: {report.message or report.status}"
    number, first = failed[0]
    if first.message.startswith(_NO_PYTHON):
        return f"no Python: {first.message}"
    return f"fails test {number} of {len(report.cases)}: {report.first_failure}"
