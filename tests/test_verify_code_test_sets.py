"""Tests in all forms, and how they are read."""

import base64
import json
import pickle
import zlib
from typing import Any

import pytest

from model.errors import BadInput
from verify.code.test_sets import detect_form, read_tests
from verify.sandbox.cases import Call, InputCase

HUMAN_EVAL = {
    "task_id": "Ours/1",
    "prompt": 'def half(n):\n    return n / 2\n\ndef twice(n):\n    """Twice."""\n',
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "METADATA = {}\n\ndef check(candidate):\n    assert True, 'a remark'\n    assert candidate(2) == 4\n    assert candidate(0) == 0\n",
}
MBPP = {
    "task_id": 1,
    "prompt": "p",
    "code": "c",
    "test_imports": ["import math"],
    "test_list": ["assert area(1) == 3.5", "assert area(2) == 14"],
}
ATCODER = {
    "question_id": "ours_a",
    "platform": "atcoder",
    "public_test_cases": json.dumps([{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]),
    "private_test_cases": "[]",
    "metadata": "{}",
}
LEETCODE = ATCODER | {
    "platform": "leetcode",
    "public_test_cases": json.dumps([{"input": '[1,2]\n"a"', "output": '["a",null]', "testtype": "functional"}]),
    "metadata": json.dumps({"func_name": "pick"}),
}
APPS = {"input_output": json.dumps({"inputs": ["1\n2"], "outputs": ["3"]})}
APPS_FUNCTION = {"inputs": [[1, 2], [[3], 4]], "outputs": [[3], [7]], "fn_name": "add"}
PYTEST = (
    "import pytest\nfrom solution import f\n\n@pytest.mark.parametrize('n', [1])\ndef test_f(n):\n    assert f(n)\n"
)
UNITTEST = (
    "import unittest\nclass TestF(unittest.TestCase):\n    def test_f(self):\n        self.assertEqual(f(1), 1)\n"
)


@pytest.mark.parametrize(
    ("text", "form", "is_forgeable"),
    [
        pytest.param('[{"stdin": "1", "stdout": "2"}]', "input_output", False, id="stdin"),
        pytest.param('{"stdin": "1", "stdout": "2"}', "input_output", False, id="one object"),
        pytest.param(
            '{"input": "1", "output": "2"}\n{"input": "3", "output": "4"}\n', "input_output", False, id="JSON lines"
        ),
        pytest.param("[{'input': '1', 'output': '2'}]", "input_output", False, id="Python's quotes"),
        pytest.param('[["1", "2"]]', "input_output", False, id="pairs"),
        pytest.param("input: 1\noutput: 2", "input_output", False, id="plain text"),
        pytest.param("1 -> 2\n3 -> 4", "input_output", False, id="arrows"),
        pytest.param('[{"call": "f", "args": [1], "expected": 2}]', "calls", False, id="calls"),
        pytest.param('{"call": "f", "args": [1], "expected": 2}', "calls", False, id="one call"),
        pytest.param(json.dumps(ATCODER), "input_output", False, id="row of LiveCodeBench, AtCoder"),
        pytest.param(json.dumps(LEETCODE), "calls", False, id="row of LiveCodeBench, LeetCode"),
        pytest.param(ATCODER["public_test_cases"], "input_output", False, id="public_test_cases"),
        pytest.param(json.dumps(APPS), "input_output", False, id="row of APPS"),
        pytest.param(json.dumps(APPS_FUNCTION), "calls", False, id="row of APPS with a function"),
        pytest.param("assert f(1) == 2\nassert f(2) == 3", "asserts", False, id="asserts"),
        pytest.param('["assert f(1) == 2", "assert f(2) == 3"]', "asserts", False, id="list of asserts"),
        pytest.param("```python\nassert f(1) == 2\n```", "asserts", False, id="asserts in a fence"),
        pytest.param(
            "Your code should pass these tests:\n\nassert f(1) == 2\nassert f(2) == 3\n",
            "asserts",
            False,
            id="asserts in prose",
        ),
        pytest.param("import math\nfor n in range(3):\n    assert f(n) == n", "asserts", False, id="asserts in a loop"),
        pytest.param(json.dumps(MBPP), "asserts", False, id="row of MBPP"),
        pytest.param(json.dumps(HUMAN_EVAL), "check", False, id="row of HumanEval"),
        pytest.param(PYTEST, "pytest", True, id="pytest"),
        pytest.param(UNITTEST, "pytest", True, id="unittest"),
        pytest.param(">>> f(1)\n2\n", "doctest", False, id="doctest of calls"),
        pytest.param(
            "Add two.\n\n    >>> s = Stack()\n    >>> s.pop()\n    1\n", "doctest", True, id="doctest of objects"
        ),
        pytest.param(
            "def f(n):\n    '''\n    >>> f(1)\n    2\n    '''\n", "doctest", False, id="doctest in a function's text"
        ),
        pytest.param("\ufeffassert f(1) == 2\r\nassert f(2) == 3\r\n", "asserts", False, id="from Windows"),
    ],
)
def test_read_tests_detects_the_form(text: str, form: str, is_forgeable: bool) -> None:
    tests = read_tests(text)
    assert (detect_form(text), tests.form, tests.is_forgeable) == (form, form, is_forgeable)
    assert tests.source == text
    assert tests.cases or tests.script
    assert not tests.cases or len(tests.names) == len(tests.cases)


@pytest.mark.parametrize(
    ("text", "cases"),
    [
        (json.dumps(ATCODER), (InputCase("1 2\n", "3\n"),)),
        (json.dumps(LEETCODE), (Call("pick", [[1, 2], "a"], expected=["a", None], comparison="worth"),)),
        (
            json.dumps(APPS_FUNCTION),
            (
                Call("add", [1, 2], expected=3, comparison="worth"),
                Call("add", [[3], 4], expected=7, comparison="worth"),
            ),
        ),
        (
            json.dumps(MBPP),
            (Call("area", [1], expected=3.5, comparison="equal"), Call("area", [2], expected=14, comparison="equal")),
        ),
        (
            json.dumps(HUMAN_EVAL),
            (Call("twice", [2], expected=4, comparison="equal"), Call("twice", [0], expected=0, comparison="equal")),
        ),
        (
            ">>> f(1)\n2.0\n>>> f('')\nTraceback (most recent call last):\n...\nValueError: empty\n>>> f(None)\n",
            (
                Call("f", [1], expected=2.0, comparison="written"),
                Call("f", [""], raises="ValueError"),
                Call("f", [None], comparison="written"),
            ),
        ),
        ('[{"stdin": "1", "stdout": "0.33", "tolerance": 1e-2}]', (InputCase("1", "0.33", 0.01),)),
    ],
)
def test_read_tests_keeps_expected_values_outside_where_it_can(text: str, cases: tuple[Any, ...]) -> None:
    assert read_tests(text).cases == cases


def test_private_tests_are_unpacked_and_nothing_in_them_is_run() -> None:
    private = json.dumps([{"input": "5 5\n", "output": "10\n", "testtype": "stdin"}])
    packed = base64.b64encode(zlib.compress(pickle.dumps(private))).decode()
    assert read_tests(json.dumps(ATCODER | {"private_test_cases": packed})).cases == (
        InputCase("1 2\n", "3\n"),
        InputCase("5 5\n", "10\n"),
    )

    class Harm:
        def __reduce__(self) -> Any:
            return exit, (3,)

    harmful = base64.b64encode(zlib.compress(pickle.dumps(Harm()))).decode()
    with pytest.raises(BadInput, match="neither JSON nor packed"):
        read_tests(json.dumps(ATCODER | {"private_test_cases": harmful}))


def test_a_check_that_needs_what_the_prompt_defines_has_it() -> None:
    test = "def check(candidate):\n    for n in range(3):\n        assert half(candidate(n)) == n\n"
    tests = read_tests(json.dumps(HUMAN_EVAL | {"test": test}))
    assert tests.cases == () and not tests.is_forgeable
    assert tests.script.startswith("def half(n):") and "def twice" not in tests.script
    assert tests.entry_point == "twice"


def test_the_form_can_be_corrected_and_the_entry_point_given() -> None:
    functional = LEETCODE["public_test_cases"]
    assert read_tests(functional, entry_point="pick").cases == read_tests(json.dumps(LEETCODE)).cases
    with pytest.raises(BadInput, match="Give its name as the entry point"):
        read_tests(functional)
    check = "def check(candidate):\n    assert candidate(1) == 1\n"
    with pytest.raises(BadInput, match="Give its name as the entry point"):
        read_tests(check)
    assert read_tests(check, entry_point="same").cases == (Call("same", [1], expected=1, comparison="equal"),)
    assert read_tests("assert f(1) == 2", "pytest").is_forgeable
    assert read_tests("def f(): '>>> f()'", "doctest").form == "doctest"


@pytest.mark.parametrize(
    ("text", "form", "words"),
    [
        ("", None, "There are no tests"),
        ("   \n", None, "There are no tests"),
        ("Just add them up.", None, "in no form that is known"),
        ("{}", None, "in no form that is known"),
        ("[1, 2]", None, "in no form that is known"),
        ("def f(): pass", None, "in no form that is known"),
        ("print(1)", "asserts", "no assert"),
        ("assert f(" + "+".join(["[1]"] * 500) + ") == 1", None, "nested too deeply"),
        ("assert f(1 ==", "asserts", "no Python"),
        ("x = 1", "check", "Give its name as the entry point"),
        ("nothing", "doctest", "no example"),
        (">>> f(1)\n  2\n >>> x\n3", "doctest", "cannot be read"),
        ("def f(:", "pytest", "no Python"),
        ("nothing", "input_output", "no input with its output"),
        ("input: 1", "input_output", "has no output"),
        ("[]", "calls", "Calls are a JSON list"),
        ('[{"call": "f"}]', "calls", "Test 1 is neither"),
        ('{"public_test_cases": "[]", "private_test_cases": "eJxr"}', None, "neither JSON nor packed"),
        ('[{"input": "x", "output": "1", "testtype": "functional"}]', "calls", "entry point"),
    ],
)
def test_read_tests_says_what_is_wrong(text: str, form: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        read_tests(text, form)
