"""Tests as people and data sets write them in, one set of cases that a program can be run against out."""

import ast
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from model.code_events import TestForm
from model.errors import BadInput
from verify.code.doctests import asserts_of, calls_of, examples_of
from verify.code.inputs import pairs_of_json, pairs_of_text
from verify.code.parsing import parsed
from verify.code.rows import asserts_of_row, cases_of_row, cases_of_tests, check_of_row, is_functional
from verify.code.statements import Split, split_asserts, split_check
from verify.sandbox.cases import Call, Case, InputCase, cases_from_json

_HELP = (
    "These tests are in no form that is known. Write inputs with outputs (`input:` and `output:`, each followed by its "
    "lines), asserts (`assert add(1, 2) == 3`), a pytest file, doctests (`>>> add(1, 2)`), HumanEval's "
    '`check(candidate)`, or a JSON list of {"stdin", "stdout"} or {"call", "args", "expected"}.'
)
_FENCE = re.compile(r"\s*(?:```|~~~)[^\n]*\n(.*?)\n\s*(?:```|~~~)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TestSet:
    """The tests of a task, read. There are either `cases` or a `script`.

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
    r"""How tests are written.

    Raises:
        BadInput: If they are in no form that is known.

    >>> detect_form('[{"stdin": "1 2", "stdout": "3"}]'), detect_form("assert add(1, 2) == 3")
    ('input_output', 'asserts')
    >>> detect_form("input: 1 2\noutput: 3"), detect_form(">>> add(1, 2)\n3")
    ('input_output', 'doctest')
    """
    text = _clean(text)
    if not text.strip():
        raise BadInput("There are no tests.")
    told = _json(text)
    form = _form_of_json(told) if told is not None else _form_of_python(text)
    if form is None and told is None and pairs_of_text(text):
        form = "input_output"
    if form is None and re.search(r"^\s*assert\b", text, re.MULTILINE):
        form = "asserts"
    if form is None:
        raise BadInput(_HELP)
    return form


def read_tests(text: str, form: TestForm | None = None, entry_point: str = "") -> TestSet:
    """Read tests; their form is detected unless it is given.

    Args:
        entry_point: The function that is asked for, where the tests do not name it.

    Raises:
        BadInput: If they cannot be read so.

    >>> read_tests("assert add(1, 2) == 3").cases[0].expected
    3
    """
    form = form or detect_form(text)
    try:
        tests = _READERS[form](_clean(text), entry_point)
    except RecursionError as error:
        raise BadInput("These tests are nested too deeply to be read.") from error
    names = tests.names or tuple(str(number) for number in range(1, len(tests.cases) + 1))
    return replace(tests, source=text, names=names, entry_point=tests.entry_point or entry_point)


def _clean(text: str) -> str:
    """Without what copying from a page or from Windows leaves, and out of its fence."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    fenced = _FENCE.fullmatch(text)
    return fenced[1] + "\n" if fenced and "```" not in fenced[1] else text


def _json(text: str) -> Any:
    """What a text holds as JSON, as JSON lines, or as a Python list or dictionary; None if it is none of it."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _form_of_json(told: Any) -> TestForm | None:
    row = told[0] if isinstance(told, list) and told else told
    if isinstance(told, list) and told and all(isinstance(line, str) for line in told):
        return "asserts"
    if is_functional(told):
        return "calls"
    if isinstance(row, list):
        return "input_output"
    if not isinstance(row, dict):
        return None
    if "call" in row:
        return "calls"
    if isinstance(told, dict):
        if "test_list" in row:
            return "asserts"
        if check_of_row(row):
            return "check"
        cases = cases_of_row(row)
        if cases:
            return "calls" if isinstance(cases[0], Call) else "input_output"
    return "input_output" if {"stdin", "input", "stdout", "output"} & set(row) else None


def _form_of_python(text: str) -> TestForm | None:
    tree = parsed(text)
    if tree is not None:
        functions = {part.name for part in ast.walk(tree) if isinstance(part, ast.FunctionDef)}
        classes = {part.name for part in tree.body if isinstance(part, ast.ClassDef)}
        if "check" in functions and not any(name.startswith("test") for name in functions):
            return "check"
        if any(name.startswith("test") for name in functions | {name.lower() for name in classes}):
            return "pytest"
        if any(isinstance(part, ast.Assert) for part in ast.walk(tree)):
            return "asserts"
    return "doctest" if re.search(r"^\s*>>> ", text, re.MULTILINE) else None


def _read_input_output(text: str, entry_point: str) -> TestSet:
    told = _json(text)
    cases: list[Case] | None = None
    if told is None:
        cases = [InputCase(*pair) for pair in pairs_of_text(text)]
    elif isinstance(told, dict):
        cases = cases_of_row(told)
    if cases is None:
        tolerances = [row.get("tolerance", 0) if isinstance(row, dict) else 0 for row in _rows(told)]
        if not all(isinstance(tolerance, int | float) for tolerance in tolerances):
            raise BadInput("A tolerance is a number, as in 1e-6.")
        pairs = pairs_of_json(told)
        cases = [InputCase(*pair, float(tolerance)) for pair, tolerance in zip(pairs, tolerances, strict=True)]
    if not cases or not all(isinstance(case, InputCase) for case in cases):
        raise BadInput("There is no input with its output in these tests. Write `input:` and `output:` before them.")
    return TestSet("input_output", text, tuple(cases))


def _rows(told: Any) -> list[Any]:
    if isinstance(told, dict) and "inputs" in told:
        return [None] * len(told["inputs"])
    return told if isinstance(told, list) else [told]


def _read_calls(text: str, entry_point: str) -> TestSet:
    told = _json(text)
    if isinstance(told, dict):
        cases = cases_of_row(told) or cases_from_json([told])
    elif is_functional(told):
        cases = cases_of_tests(told, entry_point)
    else:
        cases = cases_from_json(told)
    if not cases or not all(isinstance(case, Call) for case in cases):
        raise BadInput('Calls are a JSON list of {"call": name, "args": [...], "expected": value}.')
    return TestSet("calls", text, tuple(cases), entry_point=entry_point or _first_called(cases))


def _first_called(cases: Sequence[Case]) -> str:
    return next((case.name.split(".")[-1] for case in cases if isinstance(case, Call)), "")


def _read_asserts(text: str, entry_point: str) -> TestSet:
    told = _json(text)
    if isinstance(told, dict):
        told = asserts_of_row(told)
        if told is None:
            raise BadInput("This object has no test_list of asserts.")
    if isinstance(told, list):
        told = "\n".join(str(line) for line in told)
    return _of_split("asserts", told or _only_asserts(text), None, entry_point)


def _only_asserts(text: str) -> str:
    """The text if it is Python, else its lines that are: asserts stand in prose too."""
    if parsed(text) is not None:
        return text
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if re.match(r"(?:assert|import|from)\b", line) and parsed(line) is not None]
    return "\n".join(kept) or text


def _read_check(text: str, entry_point: str) -> TestSet:
    told = _json(text)
    if isinstance(told, dict):
        row = check_of_row(told)
        if row is None:
            raise BadInput("This object has no test and entry_point, as HumanEval's rows have.")
        text, entry_point = row[0], entry_point or row[1]
    if not entry_point:
        raise BadInput("`check(candidate)` does not say which function it tests. Give its name as the entry point.")
    return _of_split("check", text, entry_point, entry_point)


def _of_split(form: TestForm, source: str, candidate_for: str | None, entry_point: str) -> TestSet:
    """Calls where all asserts are about one each, else test code that runs in another process than the program."""
    split: Split = split_check(source, candidate_for) if candidate_for else split_asserts(source)
    calls = [call for call in split.tests if call]
    if split.is_plain and len(calls) == len(split.tests):
        return TestSet(form, source, tuple(calls), entry_point=entry_point or _first_called(calls))
    names = tuple(str(number) for number in range(1, len(split.tests) + 1))
    return TestSet(form, source, script=source, entry_point=entry_point or split.entry_point, names=names)


def _read_pytest(text: str, entry_point: str) -> TestSet:
    tree = parsed(text)
    if tree is None:
        raise BadInput(f"The tests are no Python that can be read: {text.strip()[:120]!r}")
    return TestSet("pytest", text, script=text, is_forgeable=True)


def _read_doctest(text: str, entry_point: str) -> TestSet:
    """Without a text the examples of the program's own docstrings are meant, which are known when there is one."""
    if not text.strip():
        return TestSet("doctest", text, is_forgeable=True)
    examples = examples_of(text)
    calls = calls_of(examples)
    if calls:
        return TestSet("doctest", text, tuple(calls), entry_point=entry_point or _first_called(calls))
    asserts = asserts_of(examples)
    if asserts:
        return replace(_of_split("doctest", asserts, None, entry_point), source=text)
    script = "".join(f">>> {_indented(example.source)}{example.want}\n" for example in examples)
    names = tuple(str(number) for number in range(1, len(examples) + 1))
    return TestSet("doctest", text, script=script, is_forgeable=True, names=names)


def _indented(source: str) -> str:
    return source.rstrip("\n").replace("\n", "\n... ") + "\n"


_READERS: dict[TestForm, Callable[[str, str], TestSet]] = {
    "input_output": _read_input_output,
    "calls": _read_calls,
    "asserts": _read_asserts,
    "check": _read_check,
    "pytest": _read_pytest,
    "doctest": _read_doctest,
}
