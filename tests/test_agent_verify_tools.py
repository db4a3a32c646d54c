"""The tools that check: what they say of right and wrong answers and programs, and of what cannot be checked."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.scratch import Scratch
from agent.toolbox import ToolContext, ToolOutput
from agent.verify_tools import verify_tools
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge


class Checks:
    """Calls of the tools in one run."""

    def __init__(self, math_judge: MathJudge, code_judge: CodeJudge, folder: Path) -> None:
        self._tools = {tool.name: tool for tool in verify_tools(math_judge, code_judge)}
        self.scratch = Scratch(folder)

    def call(self, tool: str, **arguments: Any) -> ToolOutput:
        return self._tools[tool].call(ToolContext("run", self.scratch, threading.Event(), 60.0), arguments)


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checks]:
    math_judge, code_judge = MathJudge(), CodeJudge()
    yield Checks(math_judge, code_judge, tmp_path_factory.mktemp("scratch"))
    math_judge.close()
    code_judge.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"answer": "x = 1/2", "expected": "0.5"}, "correct: 1/2 equals 0.5"),
        ({"answer": "3", "expected": "4"}, "wrong: 3 is not 4"),
        ({"answer": r"So it is \boxed{7}.", "expected": "7"}, "correct: "),
        ({"answer": "9**9**9", "expected": "1"}, "undecided: "),
        ({"answer": "x = 1/2", "problem": "Solve 2x + 3 = 4."}, "for the answer (fair): x = 1/2 satisfies 2x + 3 = 4."),
        ({"answer": "2", "problem": "Solve 2x + 3 = 4."}, "against the answer (strong): x = 2 does not satisfy"),
        ({"answer": "504", "problem": "What is 36*14?"}, "for the answer (strong): 36*14, worked out exactly, is 504."),
        ({"answer": "42", "problem": "How many apples are there?"}, "not checked: "),
    ],
)
def test_verify_math_says_what_speaks_for_and_against_an_answer(
    checks: Checks, arguments: dict[str, str], said: str
) -> None:
    output = checks.call("verify_math", **arguments)
    assert output.text.startswith(said) and not output.is_error


@pytest.mark.parametrize(
    "arguments", [{"answer": "42"}, {"answer": " ", "expected": "1"}, {"answer": "1" * 70_000, "expected": "1"}]
)
def test_verify_math_says_what_it_needs(checks: Checks, arguments: dict[str, str]) -> None:
    assert checks.call("verify_math", **arguments).is_error


@pytest.mark.parametrize(
    ("program", "tests", "said"),
    [
        ("def double(n): return 2 * n", "assert double(4) == 8", ["1 of 1 tests pass."]),
        ("def double(n): return n + 2", "assert double(2) == 4\nassert double(4) == 8", ["1 of 2 tests pass.", "FAILED double(4): gave 6, expected 8"]),
        ("def f(:", "assert f(1) == 1", ["0 of 1 tests pass.", "SyntaxError"]),
        ("print(int(input()) * 2)", "input: 3\noutput: 6", ["1 of 1 tests pass."]),
        ("def f(n):\n    print('seen', n)\n    return 1 / 0", "assert f(1) == 1", ["ZeroDivisionError", "The program printed:\nseen 1"]),
        ("```python\ndef f(n): return n\n```", "```\nassert f(1) == 1\n```", ["1 of 1 tests pass."]),
        ("", "assert f(1) == 1", ["There is no program."]),
        ("def f(n): return open('/etc/passwd').read()", "assert f(1) == 1", ["PermissionError"]),
    ],
)  # fmt: skip
def test_run_tests_says_which_tests_fail_and_why(checks: Checks, program: str, tests: str, said: list[str]) -> None:
    text = checks.call("run_tests", program=program, tests=tests).text
    assert all(part in text for part in said), text


def test_run_tests_takes_a_program_from_a_file_of_the_run(checks: Checks) -> None:
    checks.scratch.write("solution.py", b"def square(n): return n * n")
    assert checks.call("run_tests", program="solution.py", tests="assert square(3) == 9").text == "1 of 1 tests pass."


def test_run_tests_says_how_tests_are_written_when_these_are_none(checks: Checks) -> None:
    output = checks.call("run_tests", program="def f(n): return n", tests="hello")
    assert output.is_error and "assert add(1, 2) == 3" in output.text
