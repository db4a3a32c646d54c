"""A task and its tests in, what a model is asked out: at first, after a round that failed, and for tests of its own.

Hidden tests are no argument of anything here, so no question can hold them.
"""

import ast
import json
import re
from collections.abc import Sequence

from model.code_events import Program, TestCase, TestReport
from model.families import Family
from verify.code.parsing import parsed
from verify.code.rows import asserts_of_row
from verify.code.test_sets import TestSet
from verify.sandbox.asserts import call_of
from verify.sandbox.cases import Call, Case, InputCase

# google-research/google-research, mbpp/README.md: the prompt of "Program Synthesis with Large Language Models".
MBPP = (
    "You are an expert Python programmer, and here is your task: {task} Your code should pass these tests:\n\n{tests}\n"
)
# LiveCodeBench/LiveCodeBench, lcb_runner/prompts/code_generation.py: get_generic_question_template_answer.
LIVE_CODE_BENCH = "### Question:\n{task}\n\n### Format: {form}\n```python\n{starter}\n```\n\n"
LIVE_CODE_BENCH_END = "### Answer: (use the provided format with backticks)\n\n"
WITH_STARTER_CODE = (
    "You will use the following starter code to write the solution to the problem and enclose your code within "
    "delimiters."
)
WITHOUT_STARTER_CODE = (
    "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test on the sample "
    "inputs). Enclose your code within delimiters as follows."
)
NO_STARTER_CODE = "# YOUR CODE HERE"

_MOST_TESTS_CHARACTERS = 4_000
_MOST_EXAMPLE_CHARACTERS = 500
_EXAMPLES = 2
_SHOWN_WITH_FILES = 10
_TRACEBACK_LINES = 6
_MOST_SHOWN_CHARACTERS = 1_500

_STARTER = re.compile(
    r"(?:```(?:python)?[ \t]*\n)?(?P<code>^class Solution\b[^\n]*:\n(?:[ \t]+[^\n]*\n?|\n)*)(?:```)?\s*\Z", re.M
)
_FENCED = re.compile(r"\A```(?:python)?[ \t]*\n(?P<code>.*?)\n?```\Z", re.S)


def question_of(
    statement: str, tests: TestSet | None, entry_point: str, family: Family, failed: TestCase | None = None
) -> str:
    """What the first round of an attempt is asked, in the form that models know from the benchmark it looks like.

    Args:
        tests: Those that the model may see; `None` where there are none.
        entry_point: The function that is asked for, where neither task nor tests name it.
        failed: A case to show before all others, where the question is asked again.
    """
    task = statement.strip()
    if "### Format:" in task:
        return task
    if tests and any(isinstance(case, InputCase) for case in tests.cases):
        asked = LIVE_CODE_BENCH.format(
            task=task + _examples(task, tests.cases), form=WITHOUT_STARTER_CODE, starter=NO_STARTER_CODE
        )
        return asked + LIVE_CODE_BENCH_END
    if starter := _STARTER.search(task):
        before = task[: starter.start()].strip()
        asked = LIVE_CODE_BENCH.format(task=before, form=WITH_STARTER_CODE, starter=starter["code"].rstrip())
        return asked + LIVE_CODE_BENCH_END
    if stub := _stub(task):
        return family.completion_text.format(stub=stub)
    shown = _shown(tests, family.tests_shown, failed) if tests else ""
    if shown:
        return MBPP.format(task=task, tests=shown).rstrip("\n") + family.program_text
    entry_point = entry_point or (tests.entry_point if tests else "")
    is_named = not entry_point or re.search(rf"\b{re.escape(entry_point)}\b", task)
    return task + ("" if is_named else f"\nCall the function `{entry_point}`.") + family.program_text


def question_for_tests(statement: str, entry_point: str) -> str:
    """What a model is asked that is to write tests: it is told the task alone."""
    name = entry_point or "the_function"
    return (
        f"Here is a task for a Python programmer:\n\n{statement.strip()}\n\n"
        "Do not write the program. Write tests for it, from this description alone: three to eight lines of the form "
        f"`assert {name}(arguments) == value`, with arguments and values written out, in one ```python block. Take "
        "usual inputs and the edge cases that the description settles, and be sure of each value."
    )


def feedback_of(program: Program, report: TestReport | None) -> str:
    """What the next round is told of a program that failed: one case, the smallest that is known.

    Args:
        report: What the given tests said; `None` where there is no program or no test.
    """
    if not program.source.strip():
        return f"There is no program that can be run in your answer: {program.words or 'no code was found'}{_AGAIN}"
    if report is None:
        return f"Your program cannot be run.{_AGAIN}"
    failed = failure_of(report)
    if failed is None:
        stopped = report.message or f"it ended with {report.status}"
        return f"Your program could not be tested: {stopped}\n{_traceback(report.stderr)}{_AGAIN}"
    n_failed = len(report.cases) - report.passed
    parts = [f"Your program fails {n_failed} of {len(report.cases)} tests. The smallest case on which it fails:"]
    parts.append(_described(failed))
    if failed.outcome == "error" and (traceback := _traceback(report.stderr)):
        parts.append(traceback)
    return "\n\n".join(parts) + _AGAIN


_AGAIN = "\n\nFind out why, correct the program, and give the whole of it in one ```python block."
_OUTCOMES = {"timeout": "It took too long.", "memory": "It took too much memory.", "error": "It failed."}


def _described(case: TestCase) -> str:
    parts = [(("Input", case.given), ("Expected", case.expected), ("Got", case.got))][0]
    lines = [f"{name}:\n{_cut(text)}" for name, text in parts if text is not None and text.strip()]
    said = case.message or _OUTCOMES.get(case.outcome, "")
    return "\n".join([*lines, *([f"Error:\n{_cut(said)}"] if said else [])])


def _cut(text: str) -> str:
    text = text.rstrip()
    return text if len(text) <= _MOST_SHOWN_CHARACTERS else f"{text[:_MOST_SHOWN_CHARACTERS]}…"


def _traceback(stderr: str) -> str:
    """The last lines of what was printed as an error."""
    lines = stderr.strip().splitlines()[-_TRACEBACK_LINES:]
    return _cut("\n".join(["It printed:", *lines])) if lines else ""


def failure_of(report: TestReport) -> TestCase | None:
    """The case that a model is told of: the smallest that is known, else the first."""
    first = next((case for case in report.cases if case.outcome not in ("passed", "not_run")), None)
    return report.smallest or first


def _examples(task: str, cases: Sequence[Case]) -> str:
    """The first inputs with what is to be printed, where the task does not show them itself."""
    shown = []
    for case in cases:
        if not isinstance(case, InputCase) or len(case.stdin + case.stdout) > _MOST_EXAMPLE_CHARACTERS:
            continue
        if case.stdin.strip() and case.stdin.strip() in task:
            return ""
        shown.append(f"\n\nInput:\n{case.stdin.rstrip()}\n\nOutput:\n{case.stdout.rstrip()}")
    return "".join(shown[:_EXAMPLES])


def _stub(task: str) -> str:
    """The task itself, where it is a function to be completed: its head and its docstring."""
    fenced = _FENCED.match(task)
    code = fenced["code"] if fenced else task
    tree = parsed(code)
    if tree is None or not tree.body:
        return ""
    last = tree.body[-1]
    is_open = isinstance(last, ast.FunctionDef) and all(
        isinstance(each, ast.Pass) or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        for each in last.body
    )
    return code if is_open else ""


def _shown(tests: TestSet, most: int, failed: TestCase | None) -> str:
    """The tests as a model is shown them: so many at most, or the file that they stand in."""
    if tests.form in ("asserts", "calls"):
        lines = list(dict.fromkeys([*_failed_line(failed), *_assert_lines(tests)]))[:most]
        while len(lines) > 1 and sum(map(len, lines)) > _MOST_TESTS_CHARACTERS:
            lines.pop()
        return "\n".join(lines)
    # Who is shown few tests is shown no file of them: it would be taken for what is to be written.
    source = tests.source.strip() if most >= _SHOWN_WITH_FILES else ""
    return f"```python\n{source}\n```" if source and len(source) <= _MOST_TESTS_CHARACTERS else ""


def _failed_line(failed: TestCase | None) -> list[str]:
    """A case as an assert, where it can be written as one: its parts were shortened for people to read."""
    if failed is None or failed.expected is None:
        return []
    line = f"assert {failed.given} == {failed.expected}"
    return [line] if call_of(line) is not None else []


def _assert_lines(tests: TestSet) -> list[str]:
    """Each assert on a line of its own, or as it stands where it has several."""
    if tests.form == "calls":
        return [_as_assert(case) for case in tests.cases if isinstance(case, Call)]
    source = tests.source
    try:
        told = json.loads(source)
        source = "\n".join(map(str, told)) if isinstance(told, list) else asserts_of_row(told) or ""
    except (ValueError, RecursionError, AttributeError):
        pass
    tree = parsed(source)
    if tree is None:
        return [line.strip() for line in source.splitlines() if line.strip().startswith("assert ")]
    return [ast.get_source_segment(source, part) or ast.unparse(part) for part in tree.body]


def _as_assert(case: Call) -> str:
    arguments = [repr(value) for value in case.args] + [f"{name}={value!r}" for name, value in case.kwargs.items()]
    owner, _, name = case.name.rpartition(".")
    call = f"{owner and owner + '().'}{name}({', '.join(arguments)})"
    return f"# {call} raises {case.raises}" if case.raises else f"assert {call} == {case.expected!r}"
