"""A model's answer in, the tests in it that can be run out; programs of several attempts in, where they part out.

Nothing here is proof: the model that wrote the tests may be as wrong as the one that wrote the program.
"""

import ast
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from model.code_events import Program, TestCase
from model.events import Evidence
from verify.code.judge import CodeJudge
from verify.code.test_sets import TestSet
from verify.sandbox.asserts import call_of
from verify.sandbox.cases import Call

MOST_TESTS = 20
MOST_INPUTS = 48
# Equals nothing that a program returns, so that what it returns is told.
_NOTHING = "\x00 no value is expected \x00"
_INDENTED_ASSERT = re.compile(r"^\s*(assert\b.+)$", re.M)


def asserts_of(answer: str) -> Program:
    r"""The asserts of an answer that name a call and its value, each once.

    >>> asserts_of("```python\nassert f(1) == 2\nassert f(\n```").source
    'assert f(1) == 2'
    """
    found: dict[str, None] = {}
    n_seen = 0
    for line in _INDENTED_ASSERT.findall(answer):
        n_seen += 1
        if call_of(line) is not None:
            found.setdefault(ast.unparse(ast.parse(line.strip())))
    lines = list(found)[:MOST_TESTS]
    if not lines:
        why = f"none of its {n_seen} asserts can be read" if n_seen else "it has no asserts"
        return Program("", f"The model was asked for tests and wrote none that can be run: {why}.")
    return Program("\n".join(lines), f"{len(lines)} of {n_seen} asserts that the model wrote can be run")


def with_names_of(program: Program, tests: TestSet) -> Program:
    r"""The program, with its only function under the name that the tests call, where it has none of that name.

    The tests were written by somebody who has not seen the program, so where the task gives no name they may differ.

    >>> with_names_of(Program("def twice(n):\n    return 2 * n\n"), TestSet("asserts", "", entry_point="f")).source
    'def twice(n):\n    return 2 * n\n\n\nf = twice\n'
    """
    names = {case.name for case in tests.cases if isinstance(case, Call)} or {tests.entry_point}
    defined = _functions(program.source)
    missing = [name for name in names if name.isidentifier() and name not in defined]
    if len(missing) != 1 or len(defined) != 1 or len(names) != 1:
        return program
    return replace(program, source=f"{program.source.rstrip()}\n\n\n{missing[0]} = {defined[0]}\n")


def _functions(source: str) -> list[str]:
    """Names of the functions and classes that a program defines at its top."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [each.name for each in body if isinstance(each, kinds) and not each.name.startswith("_")]


def disagreement_of(judge: CodeJudge, programs: Mapping[int, Program], tests: TestSet) -> Evidence:
    """Whether programs of several attempts do the same on inputs made of those in the model's tests.

    Args:
        programs: By the number of their attempt; at least two.
        tests: The model's; only their arguments count here, not the values that they expect.
    """
    inputs = [replace(each, expected=_NOTHING) for each in _inputs(tests)]
    if len(programs) < 2 or not inputs:
        return Evidence("disagreement", "none", "The programs could not be compared: there are no inputs to run.")
    probing = TestSet("calls", "", tuple(inputs), entry_point=tests.entry_point)
    said = {}
    for number, program in programs.items():
        report = judge.judge(with_names_of(program, tests), probing, tests_from="model")
        if len(report.cases) != len(inputs):
            return Evidence("disagreement", "none", f"The programs could not be compared: {report.message}")
        said[number] = [_said(case) for case in report.cases]
    for at, call in enumerate(inputs):
        by_value: dict[str, list[int]] = {}
        for number, values in said.items():
            by_value.setdefault(values[at], []).append(number)
        if len(by_value) > 1:
            return Evidence("disagreement", "fair", _parting(call, by_value), is_for=False)
    words = f"{len(programs)} programs do the same on {len(inputs)} inputs; all of them may still be wrong."
    return Evidence("disagreement", "weak", words)


def _said(case: TestCase) -> str:
    """What a program did with an input. What it says of an error is its own affair; that there is one is not."""
    return case.got if case.outcome == "wrong" and case.got is not None else _OTHER.get(case.outcome, "no value")


_OTHER = {"error": "an error", "timeout": "no end in time", "memory": "too much memory", "not_run": "no value"}


def _parting(call: Call, by_value: Mapping[str, list[int]]) -> str:
    """What each said, most first.

    >>> _parting(Call("f", [2]), {"4": [1, 3], "5": [2]})
    'The programs disagree: f(2) gives 4 by attempts 1 and 3, and 5 by attempt 2.'
    """
    arguments = [repr(value) for value in call.args] + [f"{name}={value!r}" for name, value in call.kwargs.items()]
    given = f"{call.name}({', '.join(arguments)})"
    parts = []
    for value, numbers in sorted(by_value.items(), key=lambda each: -len(each[1])):
        who = f"attempt {numbers[0]}" if len(numbers) == 1 else f"attempts {_listed(numbers)}"
        parts.append(f"{value} by {who}")
    return f"The programs disagree: {given} gives {', and '.join(parts)}."


def _listed(numbers: list[int]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} and {last}"


def _inputs(tests: TestSet) -> list[Call]:
    """The calls of the tests, then mutations of their arguments, shortest first; each once."""
    calls = [replace(case, raises=None) for case in tests.cases if isinstance(case, Call)]
    mutated = (replace(call, args=args) for call in calls for args in _mutations(call.args))
    found: dict[str, Call] = {}
    for call in itertools.chain(calls, sorted(mutated, key=lambda each: len(repr(each.args)))):
        found.setdefault(repr((call.name, call.args, call.kwargs)), call)
    return list(found.values())[:MOST_INPUTS]


def _mutations(arguments: Iterable[Any]) -> Iterator[list[Any]]:
    """Arguments of which one was changed a little."""
    given = list(arguments)
    for at, value in enumerate(given):
        for changed in _changed(value):
            yield [*given[:at], changed, *given[at + 1 :]]


def _changed(value: Any) -> Iterator[Any]:
    """Values of the same kind: its neighbours, the empty one, a part of it, it twice and backwards."""
    match value:
        case bool():
            yield not value
        case int():
            yield from (0, 1, -value, value + 1, value - 1, value * 10)
        case float():
            yield from (0.0, -value, value + 0.5)
        case str():
            yield from ("", value[:-1], value[::-1], value + value, value.upper(), " " + value)
        case list() | tuple():
            yield from (value[:0], value[:1], value[:-1], value[::-1], value * 2)
            for at, each in enumerate(value[:4]):
                for changed in itertools.islice(_changed(each), 2):
                    yield type(value)([*value[:at], changed, *value[at + 1 :]])
        case dict():
            yield {}
            yield dict(list(value.items())[:1])
        case _:
            return
