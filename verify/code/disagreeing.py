"""Programs of several attempts in, an input on which they part out: where no tests were given, that is all there is.

The inputs are those of the tests that a model wrote, and mutations of them; without such tests they are guessed.
"""

import ast
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from model.code_events import Program, TestCase
from model.events import Evidence
from verify.code.judge import CodeJudge
from verify.code.model_tests import functions_of, with_names_of
from verify.code.parsing import parsed
from verify.code.test_sets import TestSet
from verify.sandbox.cases import Call
from verify.sandbox.limits import Limits

MOST_INPUTS = 48
_AT_ONCE = 6
# A busy machine makes nobody differ: what counts is the processor's time.
_PROBING = Limits(cpu_seconds=0.5, wall_seconds=8.0)
# Equals nothing that a program returns, so that what it returns is told.
_NOTHING = "\x00 no value is expected \x00"
# By how many arguments a function takes. Those that any of the programs fails on mean nothing.
_GUESSES: dict[int, list[list[Any]]] = {
    1: [[3], [0], [1], [10], [-4], ["hello"], [""], ["Ab c"], [[3, 1, 2]], [[]], [[-1, 4, 4, 0]], [["b", "aa"]]],
    2: [[2, 3], [0, 5], [7, -2], ["hello", "l"], ["ab", "ab"], ["abc", 2], [[1, 2, 3], 2], [[3, 1, 1], [1, 5]]],
}


def disagreement_of(judge: CodeJudge, programs: Mapping[int, Program], tests: TestSet | None) -> Evidence:
    """Whether programs of several attempts do the same.

    Args:
        programs: By the number of their attempt.
        tests: The model's, if it wrote any; only their arguments count here, not the values that they expect.
    """
    inputs, kind = (_inputs(tests), "inputs") if tests else ([], "")
    if not inputs:
        inputs, kind = _guessed(list(programs.values())), "inputs that were guessed"
    if len(programs) < 2 or not inputs:
        return Evidence("disagreement", "none", "The programs could not be compared: there are no inputs to run.")
    n_same = 0
    for some in _batches([replace(each, expected=_NOTHING) for each in inputs]):
        said = {number: _values(judge, program, some) for number, program in programs.items()}
        for place, call in enumerate(some):
            by_value: dict[str, list[int]] = {}
            for number, values in said.items():
                by_value.setdefault(values[place], []).append(number)
            if kind != "inputs" and not _NO_VALUES.isdisjoint(by_value):
                continue
            if len(by_value) > 1:
                return Evidence("disagreement", "fair", _parting(call, by_value), is_for=False)
            if not _ENDLESS.isdisjoint(by_value):
                words = f"The programs could not be compared: all have {min(by_value)} for {_call(call)}."
                return Evidence("disagreement", "none", words)
            n_same += 1
    if not n_same:
        return Evidence("disagreement", "none", "The programs could not be compared: none of the inputs suits them.")
    words = f"{len(programs)} programs do the same on {n_same} {kind}; all of them may still be wrong."
    return Evidence("disagreement", "weak", words)


def _batches(calls: Sequence[Call]) -> Iterator[Sequence[Call]]:
    """The first by itself: a program that never ends mostly does so on any, and is waited for on each."""
    yield calls[:1]
    yield from (calls[at : at + _AT_ONCE] for at in range(1, len(calls), _AT_ONCE))


def _values(judge: CodeJudge, program: Program, calls: Sequence[Call]) -> list[str]:
    """What a program does with each of the calls."""
    probing = TestSet("calls", "", tuple(calls), entry_point=calls[0].name)
    report = judge.judge(with_names_of(program, probing), probing, tests_from="model", limits=_PROBING)
    return [_said(case) for case in report.cases]


def _said(case: TestCase) -> str:
    """What a program did with an input. What it says of an error is its own affair; that there is one is not."""
    if case.outcome != "wrong" or case.got is None:
        return _OTHER.get(case.outcome, "no value")
    try:
        value = ast.literal_eval(case.got)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return case.got
    # Sets are the same in any order.
    return f"{{{', '.join(sorted(map(repr, value)))}}}" if isinstance(value, set) and value else case.got


_ENDLESS = {"no end in time", "too much memory", "no value"}
_NO_VALUES = {*_ENDLESS, "an error"}
_OTHER = {"error": "an error", "timeout": "no end in time", "memory": "too much memory", "not_run": "no value"}


def _parting(call: Call, by_value: Mapping[str, list[int]]) -> str:
    """What each said, most first.

    >>> _parting(Call("f", [2]), {"4": [1, 3], "5": [2]})
    'The programs disagree: f(2) gives 4 by attempts 1 and 3, and 5 by attempt 2.'
    """
    parts = []
    for value, numbers in sorted(by_value.items(), key=lambda each: -len(each[1])):
        who = f"attempt {numbers[0]}" if len(numbers) == 1 else f"attempts {_listed(numbers)}"
        parts.append(f"{value} by {who}")
    return f"The programs disagree: {_call(call)} gives {', and '.join(parts)}."


def _call(call: Call) -> str:
    arguments = [repr(value) for value in call.args] + [f"{name}={value!r}" for name, value in call.kwargs.items()]
    return f"{call.name}({', '.join(arguments)})"


def _listed(numbers: list[int]) -> str:
    *others, last = map(str, numbers)
    return f"{', '.join(others)} and {last}"


def _guessed(programs: Sequence[Program]) -> list[Call]:
    """Calls that may suit the only function of each program; none where they differ in what they take."""
    names = [functions_of(program.source) for program in programs]
    if not all(len(each) == 1 for each in names):
        return []
    numbers = {_n_arguments(program.source, each[0]) for program, each in zip(programs, names, strict=True)}
    guesses = _GUESSES.get(numbers.pop(), []) if len(numbers) == 1 else []
    return [Call(names[0][0], arguments) for arguments in guesses]


def _n_arguments(source: str, name: str) -> int:
    """How many arguments a function must be given; -1 if it is none."""
    tree = parsed(source)
    for each in tree.body if tree else []:
        if isinstance(each, ast.FunctionDef) and each.name == name:
            return len(each.args.args) + len(each.args.posonlyargs) - len(each.args.defaults)
    return -1


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
