"""A model's answer in, the tests in it that can be run out; a program in, the same under the name that they call out.

Nothing here is proof: the model that wrote the tests may be as wrong as the one that wrote the program.
"""

import ast
import re
from dataclasses import replace

from model.code_events import Program
from verify.code.parsing import parsed
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


def functions_of(source: str) -> list[str]:
    """Names of the functions and classes that a program defines at its top."""
    tree = parsed(source)
    body = tree.body if tree else []
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [each.name for each in body if isinstance(each, kinds) and not each.name.startswith("_")]
