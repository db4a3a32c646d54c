"""The app's verifiers in, the tools `verify_math` and `run_tests` out: the agent checks itself by them."""

import re

from agent.file_tools import says_errors
from agent.python_tool import cleaned
from agent.shortening import middle_cut
from agent.toolbox import Tool, ToolContext, ToolOutput
from agent.tools import tool_from_function
from model.code_events import Program, TestCase, TestReport
from model.errors import BadInput
from verify.code.judge import CodeJudge
from verify.code.test_sets import read_tests
from verify.math_answer import MathJudge
from verify.sandbox.limits import Limits

MAX_CHARACTERS = 60_000
MAX_PROGRAM_CHARACTERS = 100_000
# Of each test: somebody waits. Of a program that hangs, three tests are run, each twice.
_LIMITS = Limits(cpu_seconds=3.0)
RUN_TESTS_SECONDS = 120.0
# Failures that are told in full.
_MAX_FAILURES = 5
_MAX_OUTPUT_CHARACTERS = 2_000


def verify_tools(math_judge: MathJudge, code_judge: CodeJudge) -> tuple[Tool, ...]:
    """Both of them."""

    @says_errors
    def verify_math(answer: str, expected: str = "", problem: str = "") -> ToolOutput:
        """Check an answer of mathematics against an expected answer, or against the problem's own equation.

        Args:
            answer: The answer to check, for example: x = 1/2
            expected: The answer that it should be, for example: 0.5
            problem: The problem, if no expected answer is known, for example: Solve 2x + 3 = 4.
        """
        for text in (answer, expected, problem):
            if len(text) > MAX_CHARACTERS:
                raise BadInput(f"A text has {len(text):,} characters and the limit is {MAX_CHARACTERS:,}.")
        if not answer.strip() or not (expected.strip() or problem.strip()):
            raise BadInput("Give the answer, and the expected answer or the problem.")
        return (
            _by_expected(math_judge, answer, expected, problem)
            if expected.strip()
            else _by_problem(math_judge, answer, problem)
        )

    @says_errors
    def run_tests(program: str, tests: str, context: ToolContext, function: str = "") -> ToolOutput:
        """Run tests against a Python program and get back which of them fail and why.

        Args:
            program: The program, or the name of a file that holds it, for example: def double(n): return 2 * n
            tests: Asserts, pytest functions, doctests, or inputs with outputs, for example: assert double(4) == 8
            function: The name of the function, if the tests do not tell it.
        """
        if program.strip() in context.scratch.names():
            program = context.scratch.read(program.strip()).decode("utf-8", "replace")
        if len(program) > MAX_PROGRAM_CHARACTERS or len(tests) > MAX_PROGRAM_CHARACTERS:
            raise BadInput(f"Program and tests may have {MAX_PROGRAM_CHARACTERS:,} characters each. Give less.")
        given = read_tests(cleaned(tests), entry_point=function.strip())
        report = code_judge.judge(Program(cleaned(program)), given, limits=_LIMITS)
        return ToolOutput(report_text(report), is_error=report.status == "refused")

    return (
        tool_from_function(verify_math, is_independent=True),
        tool_from_function(run_tests, is_independent=True, seconds=RUN_TESTS_SECONDS),
    )


def _by_expected(judge: MathJudge, answer: str, expected: str, problem: str) -> ToolOutput:
    verdict = judge.judge(expected, boxed(answer), question=problem)
    return ToolOutput(f"{verdict.outcome}: {verdict.reason}")


def _by_problem(judge: MathJudge, answer: str, problem: str) -> ToolOutput:
    evidence = judge.test(problem, answer)
    if evidence is None and (name := _unknown_of(problem, answer)):
        evidence = judge.test(f"{problem.rstrip(' .?')} for {name}.", answer)
    if evidence is None:
        return ToolOutput(
            "not checked: no equation of the problem could be read that the answer can be put into. Check it in "
            "another way, such as with calculate or python."
        )
    return ToolOutput(f"{'for' if evidence.is_for else 'against'} the answer ({evidence.strength}): {evidence.words}")


def _unknown_of(problem: str, answer: str) -> str:
    """The unknown that a problem does not name as such; empty if it is not clear.

    >>> _unknown_of("Solve 2x + 3 = 4.", "1/2"), _unknown_of("a + b = 3", "b = 1")
    ('x', 'b')
    """
    named = re.match(r"\s*([a-zA-Z])\s*=", answer)
    letters = set(re.findall(r"(?<![a-zA-Z])[b-z](?![a-zA-Z])", problem)) if "=" in problem else set()
    return named[1] if named else letters.pop() if len(letters) == 1 else ""


def report_text(report: TestReport) -> str:
    """What the model is told of a report: how many pass, each failure, and what the program printed."""
    if not report.cases:
        return f"No test was run. {report.message}".strip()
    failed = [case for case in report.cases if case.outcome not in ("passed", "not_run")]
    n_not_run = sum(case.outcome == "not_run" for case in report.cases)
    lines = [f"{report.passed} of {len(report.cases)} tests pass."]
    lines += [_failure(case) for case in failed[:_MAX_FAILURES]]
    if len(failed) > _MAX_FAILURES:
        lines.append(f"{len(failed) - _MAX_FAILURES} more fail.")
    if n_not_run:
        lines.append(f"{n_not_run} were not run. {report.message}".strip())
    elif failed and report.message:
        lines.append(report.message)
    if failed and report.stdout.strip():
        lines.append(f"The program printed:\n{middle_cut(report.stdout.strip(), _MAX_OUTPUT_CHARACTERS)}")
    return "\n".join(lines)


def _failure(case: TestCase) -> str:
    what = case.given.strip() or f"test {case.name}"
    if case.outcome == "wrong" and case.got is not None and case.expected is not None:
        return f"FAILED {what}: gave {case.got or 'nothing'}, expected {case.expected or 'nothing'}"
    return f"FAILED {what}: {case.message or case.outcome}"


def boxed(answer: str) -> str:
    r"""The whole answer as the final one, unless it marks its own.

    >>> boxed("x = 2"), boxed(r"so \boxed{2}")
    ('\\boxed{x = 2}', 'so \\boxed{2}')
    """
    return answer if r"\boxed" in answer or "\n" in answer.strip() else rf"\boxed{{{answer.strip()}}}"
