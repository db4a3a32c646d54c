"""Calls as the tests write them in, the same calls as the program has its functions out: in a class, or not."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from verify.code.parsing import defined_names
from verify.sandbox.cases import Call, Case


def bound(cases: Sequence[Case], tree: ast.Module | None, entry_point: str = "") -> Sequence[Case]:
    r"""A function that the program has as a method of a class, `Solution` first, is called there, and the other way.

    Args:
        entry_point: The program's function where the tests call one that it has not.

    >>> tree = ast.parse("class Solution:\n    def add(self, a, b): return a + b")
    >>> bound([Call("add", [1, 2])], tree)[0].name
    'Solution.add'
    """
    if tree is None:
        return cases
    at_top, methods = defined_names(tree), dict(_methods(tree))
    names = {case.name: _name(case.name, at_top, methods) for case in cases if isinstance(case, Call)}
    if len(names) == 1 and not (called := set(names.values())) & at_top and "." not in min(called):
        # They call one function, and the program has it under another name.
        meant = _name(entry_point, at_top, methods)
        names = dict.fromkeys(names, meant) if {meant, meant.partition(".")[0]} & at_top else names
    return [replace(case, name=names[case.name]) if isinstance(case, Call) else case for case in cases]


def _methods(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Method to class; where several classes have it, the one that is called Solution, or stands last."""
    classes = [part for part in tree.body if isinstance(part, ast.ClassDef)]
    for owner in sorted(classes, key=lambda part: part.name == "Solution"):
        yield from ((part.name, owner.name) for part in owner.body if isinstance(part, ast.FunctionDef))


def _name(name: str, at_top: set[str], methods: dict[str, str]) -> str:
    owner, _, function = name.rpartition(".")
    if not owner and name not in at_top and name in methods:
        return f"{methods[name]}.{name}"
    return function if owner and owner not in at_top and function in at_top else name
