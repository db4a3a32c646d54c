"""What a model is asked about a task: the forms that it knows from benchmarks, and what it is told of a failure."""

import json

import pytest

from model.code_events import Program, TestCase, TestReport
from model.families import QWQ, SMOLLM2, Family
from verify.code.pasted import pasted_task
from verify.code.questions import feedback_of, question_for_tests, question_of
from verify.code.test_sets import read_tests

TESTS = "assert add(1, 2) == 3\nassert add(0, 0) == 0"
STUB = 'def add(a: int, b: int) -> int:\n    """Add two numbers.\n\n    >>> add(1, 2)\n    3\n    """'


def asked(statement: str, tests: str = "", family: Family = QWQ, entry_point: str = "", **more: object) -> str:
    return question_of(statement, read_tests(tests) if tests else None, entry_point, family, **more)  # type: ignore[arg-type]


def test_question_with_asserts_is_that_of_mbpp():
    assert asked("Write a function to add two numbers.", TESTS, SMOLLM2) == (
        "You are an expert Python programmer, and here is your task: Write a function to add two numbers. "
        "Your code should pass these tests:\n\nassert add(1, 2) == 3\nassert add(0, 0) == 0"
    )
    assert asked("Add.", TESTS).endswith("== 0\n\nGive the whole program in one ```python block.")


def test_question_with_calls_shows_them_as_asserts():
    calls = (
        '[{"call": "add", "args": [1, "x"], "expected": [null]}, {"call": "add", "args": [], "raises": "TypeError"}]'
    )
    assert "assert add(1, 'x') == [None]\n# add() raises TypeError" in asked("Add.", calls)


def test_question_of_a_stub_is_that_of_humaneval_or_the_family_s_own():
    assert asked(STUB) == (
        "Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"
        f"```\n{STUB}\n```\n"
    )
    assert asked(STUB, "assert add(1, 2) == 3", SMOLLM2) == f"Complete this Python function:\n\n```python\n{STUB}\n```"
    assert STUB in asked(f"```python\n{STUB}\n```", family=SMOLLM2)


def test_question_about_inputs_is_that_of_livecodebench():
    question = asked("Double a number.", '[{"stdin": "2\\n", "stdout": "4\\n"}]')
    assert question == (
        "### Question:\nDouble a number.\n\nInput:\n2\n\nOutput:\n4\n\n"
        "### Format: Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test "
        "on the sample inputs). Enclose your code within delimiters as follows.\n```python\n# YOUR CODE HERE\n```\n\n"
        "### Answer: (use the provided format with backticks)\n\n"
    )
    told = asked(
        "Double it.\n\nSample Input\n\n2 7\n\nSample Output\n\n4 14", '[{"stdin": "2 7\\n", "stdout": "4 14\\n"}]'
    )
    assert told.count("2 7") == 1, "an example that the task has is not told again"


@pytest.mark.parametrize("fence", [("", ""), ("```python\n", "\n```")])
def test_question_with_starter_code_is_that_of_livecodebench(fence: tuple[str, str]):
    starter = "class Solution:\n    def add(self, a: int, b: int) -> int:\n        "
    question = asked(f"Add two numbers.\n\n{fence[0]}{starter}{fence[1]}")
    assert question.startswith(
        "### Question:\nAdd two numbers.\n\n### Format: You will use the following starter code to write the solution to "
        "the problem and enclose your code within delimiters.\n```python\nclass Solution:\n    def add("
    )


def test_question_that_is_in_a_form_already_stays_as_it_is():
    question = asked("Double a number.", '[{"stdin": "2", "stdout": "4"}]')
    assert asked(question, '[{"stdin": "2", "stdout": "4"}]') == question.strip()


def test_question_without_tests_names_the_function_that_is_asked_for():
    assert asked("Add two numbers.", family=SMOLLM2, entry_point="add") == "Add two numbers.\nCall the function `add`."
    assert "Call the function" not in asked("Write add.", entry_point="add")
    assert "```python block" in asked("Add two numbers.")


def test_question_with_many_tests_shows_as_many_as_the_family_is_shown():
    many = "\n".join(f"assert add({n}, 0) == {n}" for n in range(40))
    assert asked("Add.", many, SMOLLM2).count("assert") == 3 and asked("Add.", many).count("assert") == 20


def test_question_asked_again_shows_the_failing_case_before_the_others():
    failed = TestCase("2", "wrong", given="add(0, 0)", expected="0", got="1")
    assert asked("Add.", TESTS, SMOLLM2, failed=failed).endswith("\n\nassert add(0, 0) == 0\nassert add(1, 2) == 3")
    cut = TestCase("2", "wrong", given="add([1, 2, 3… (9 more characters)", expected="0", got="1")
    assert asked("Add.", TESTS, SMOLLM2, failed=cut) == asked("Add.", TESTS, SMOLLM2)


def test_question_for_tests_holds_the_task_and_nothing_else_of_it():
    question = question_for_tests("Add two numbers.", "add")
    assert "Add two numbers." in question and "assert add(arguments) == value" in question


def test_feedback_names_one_case_with_expected_and_got():
    wrong = TestCase("1", "wrong", given="add([1, 2, 3], 4)", expected="10", got="9")
    smallest = TestCase("1", "wrong", given="add([], 4)", expected="4", got="3")
    report = TestReport("ok", (wrong, TestCase("2", "passed")), smallest=smallest)
    told = feedback_of(Program("def add(): pass"), report)
    assert told.startswith("Your program fails 1 of 2 tests.") and "add([1, 2, 3], 4)" not in told
    assert "Input:\nadd([], 4)\nExpected:\n4\nGot:\n3" in told and told.endswith("in one ```python block.")


def test_feedback_on_an_error_ends_with_the_last_lines_of_the_traceback():
    failed = TestCase("1", "error", given="3", expected="4", message="ValueError: no (line 2)")
    stderr = "\n".join(f"line {n} of the traceback" for n in range(40)) + "\nValueError: no"
    told = feedback_of(Program("x"), TestReport("error", (failed,), stderr=stderr))
    assert "Error:\nValueError: no (line 2)" in told
    assert "line 39 of the traceback\nValueError: no" in told and "line 30" not in told


def test_feedback_says_when_there_was_no_program_or_it_could_not_be_loaded():
    assert "no code here" in feedback_of(Program("", "no code here"), None)
    told = feedback_of(
        Program("def f(:"), TestReport("error", (TestCase("1", "not_run"),), message="SyntaxError: line 1")
    )
    assert told.startswith("Your program could not be tested: SyntaxError: line 1")
    assert "took too long" in feedback_of(
        Program("x"), TestReport("timeout", (TestCase("1", "timeout", given="f(1)"),))
    )


def test_feedback_stays_short_whatever_the_program_printed():
    failed = TestCase("1", "wrong", given="x" * 90_000, expected="y" * 90_000, got="z" * 90_000, message="m" * 90_000)
    assert len(feedback_of(Program("x"), TestReport("ok", (failed,), stderr="e" * 90_000))) < 9_000


def test_row_of_a_data_set_brings_its_words_and_its_tests():
    row = {
        "question_content": "Double a number.",
        "starter_code": "class Solution:\n    def double(self, n: int) -> int:\n        ",
        "public_test_cases": '[{"input": "2", "output": "4", "testtype": "functional"}]',
        "private_test_cases": '[{"input": "7", "output": "14", "testtype": "functional"}]',
        "metadata": '{"func_name": "double"}',
    }
    task = pasted_task(json.dumps(row))
    assert task and "14" not in task.statement + task.tests
    given, hidden = read_tests(task.tests), read_tests(task.hidden_tests)
    assert (given.form, len(given.cases), len(hidden.cases), given.entry_point) == ("calls", 1, 1, "double")
    assert question_of(task.statement, given, "", QWQ).startswith(
        "### Question:\nDouble a number.\n\n### Format: You will"
    )
    packed = pasted_task(json.dumps(row | {"private_test_cases": "eJx1"}))
    assert packed and packed.hidden_tests == ""
    humaneval = {"prompt": STUB, "test": "def check(candidate):\n    assert candidate(1, 2) == 3", "entry_point": "add"}
    task = pasted_task(json.dumps(humaneval))
    assert task and task.statement == STUB and read_tests(task.tests).form == "check"
    assert pasted_task('{"a": 1}') is None and pasted_task("Add {two} numbers.") is None
