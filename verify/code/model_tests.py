"""A model's answer in, the tests in it that can be run out; a program in, the same under the name that they call out.

Nothing here is proof: the model that wrote the tests may be as wrong as the one that wrote the program.
"""

import ast
import re
from collections.abc import Sequence
from dataclasses import replace

from model.code_events import Program
from verify.code.parsing import defined_names, parsed
from verify.code.test_sets import TestSet
from verify.sandbox.asserts import call_of
from verify.sandbox.cases import Call

MOST_TESTS = 20
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
        tree = parsed(line.strip())
        if tree is not None and call_of(line) is not None:
            found.setdefault(ast.unparse(tree))
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
    defined = functions_of(program.source)
    missing = [name for name in names if name.isidentifier() and name not in defined]
    if len(missing) != 1 or len(defined) != 1 or len(names) != 1:
        return program
    return replace(program, source=f"{program.source.rstrip()}\n\n\n{missing[0]} = {defined[0]}\n")


def fitting(program: Program, tests: TestSet) -> tuple[TestSet, str]:
    r"""Those of the tests that can be about this program, and in words how many cannot and why.

    They were written by somebody who has not seen it: a function that it has not, or another number of arguments than
    it takes, is no fault of the program's. Nor are two values for one call.

    >>> lines = "assert f(1) == 2", "assert f(1, 2) == 3", "assert g() == 1"
    >>> tests = TestSet("asserts", "", tuple(map(call_of, lines)))
    >>> left, words = fitting(Program("def f(n): return 2 * n"), tests)
    >>> len(left.cases), words.partition("left out: ")[2]
    (1, 'f is called with 2 arguments, g is not there')
    """
    heads = _heads(program.source)
    calls = [case for case in tests.cases if isinstance(case, Call)]
    misfits = {at: why for at, call in enumerate(calls) if (why := _misfit(call, calls, heads))}
    if not misfits or len(calls) < len(tests.cases):
        return tests, ""
    kept = tuple(call for at, call in enumerate(calls) if at not in misfits)
    names = tuple(name for at, name in enumerate(tests.names) if at not in misfits)
    why = ", ".join(dict.fromkeys(misfits.values()))
    words = f"{len(misfits)} of {len(calls)} model-written tests do not fit the program and were left out: {why}"
    return replace(tests, cases=kept, names=names), words


def _misfit(call: Call, calls: Sequence[Call], heads: dict[str, ast.arguments | None]) -> str:
    name = call.name.rpartition(".")[2] if call.name not in heads else call.name
    if name not in heads:
        return f"{call.name} is not there"
    head, count = heads[name], len(call.args) + len(call.kwargs)
    if head is not None and head.vararg is None and head.kwarg is None:
        taken = [*head.posonlyargs, *head.args, *head.kwonlyargs]
        n_taken = len(taken) - bool(taken and taken[0].arg in ("self", "cls"))
        n_optional = len(head.defaults) + sum(each is not None for each in head.kw_defaults)
        if not n_taken - n_optional <= count <= n_taken:
            return f"{call.name} is called with {count} argument{'s' if count != 1 else ''}"
    same = [each for each in calls if (each.name, each.args, each.kwargs) == (call.name, call.args, call.kwargs)]
    if any(repr((each.expected, each.view)) != repr((call.expected, call.view)) for each in same):
        return f"one call of {call.name} has two values"
    return ""


def _heads(source: str) -> dict[str, ast.arguments | None]:
    """The functions that a program has, in classes too, with what they take; `None` where that is not known."""
    tree = parsed(source)
    found: dict[str, ast.arguments | None] = dict.fromkeys(defined_names(tree)) if tree else {}
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and found.get(node.name) is None:
            found[node.name] = None if node.decorator_list else node.args
    return found


def functions_of(source: str) -> list[str]:
    """Names of the functions and classes that a program defines at its top."""
    tree = parsed(source)
    body = tree.body if tree else []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [each.name for each in body if isinstance(each, kinds) and not each.name.startswith("_")]
