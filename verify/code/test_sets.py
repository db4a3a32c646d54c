"""Tests as people and data sets write them in, one set of cases that a program can be run against out."""

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from model.code_events import TestForm
from model.errors import BadInput
from verify.sandbox.asserts import call_of
from verify.sandbox.cases import Case, InputCase, cases_from_json


@dataclass(frozen=True, slots=True)
class TestSet:
    """The tests of a task, read.

    Args:
        source: As they were given.
        cases: Calls and inputs, whose expected values stay outside of the program's process.
        script: Test code, where cases are not enough.
        entry_point: The function that is asked for; empty if the program is to read its standard input.
        is_forgeable: Whether test code and program share a process, so that the program could lie.
        names: Of the tests in their order, as far as they are known before they are run.
    """

    __test__ = False  # pytest shall not take it for a test

    form: TestForm
    source: str
    cases: tuple[Case, ...] = ()
    script: str = ""
    entry_point: str = ""
    is_forgeable: bool = False
    names: tuple[str, ...] = ()


def detect_form(text: str) -> TestForm:
    """How tests are written.

    Raises:
        BadInput: If they are in no form that is known.

    >>> detect_form('[{"stdin": "1 2", "stdout": "3"}]'), detect_form("assert add(1, 2) == 3")
    ('input_output', 'asserts')
    """
    told = _json(text)
    if isinstance(told, list) and told:
        if all(isinstance(row, str) for row in told):
            return "asserts"
        if isinstance(told[0], dict):
            return "calls" if "call" in told[0] else "input_output"
    if re.search(r"^assert\b", text, re.MULTILINE):
        return "asserts"
    raise BadInput(
        "These tests are in no form that is known. Write asserts (`assert add(1, 2) == 3`), a pytest file, doctests, "
        'or a JSON list of {"stdin", "stdout"} or {"call", "args", "expected"}.'
    )


def read_tests(text: str, form: TestForm | None = None, entry_point: str = "") -> TestSet:
    """Read tests; their form is detected unless it is given.

    Raises:
        BadInput: If they cannot be read so.

    >>> read_tests("assert add(1, 2) == 3").cases[0].expected
    3
    """
    form = form or detect_form(text)
    reader = _READERS.get(form)
    if reader is None:
        raise BadInput(f"Tests of the form {form!r} cannot be read yet.")
    return reader(text, entry_point)


def _json(text: str) -> Any:
    """What a text holds as JSON; None if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read_input_output(text: str, entry_point: str) -> TestSet:
    told = _json(text)
    if not isinstance(told, list) or not all(isinstance(row, dict) for row in told):
        raise BadInput('Inputs with outputs are a JSON list of {"stdin": ..., "stdout": ...}.')
    cases = [
        InputCase(str(row.get("stdin", row.get("input", ""))), str(row.get("stdout", row.get("output", ""))))
        for row in told
    ]
    return TestSet("input_output", text, tuple(cases), entry_point=entry_point)


def _read_calls(text: str, entry_point: str) -> TestSet:
    cases = cases_from_json(_json(text))
    names = [case.name for case in cases if not isinstance(case, InputCase)]
    return TestSet("calls", text, tuple(cases), entry_point=entry_point or (names[0] if names else ""))


def _read_asserts(text: str, entry_point: str) -> TestSet:
    told = _json(text)
    lines = told if isinstance(told, list) else [ast.unparse(part) for part in ast.parse(text).body]
    cases = [call_of(line) for line in lines]
    if None in cases:
        raise BadInput(f"This is no assert of a call and its value: {lines[cases.index(None)]!r:.200}")
    calls = tuple(case for case in cases if case)
    return TestSet("asserts", text, calls, entry_point=entry_point or (calls[0].name if calls else ""))


_READERS: dict[TestForm, Callable[[str, str], TestSet]] = {
    "input_output": _read_input_output,
    "calls": _read_calls,
    "asserts": _read_asserts,
}
