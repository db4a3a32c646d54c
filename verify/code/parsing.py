"""Python source that nobody has looked at in, its syntax tree out, or none: parsed by the app, and never run by it."""

import ast
import builtins
import re
import threading
import warnings
from collections.abc import Iterator

# Longer ones would cost the app more than any honest program does; deep ones are refused by Python itself.
_MAX_CHARACTERS = 400_000
_FUNCTION = re.compile(r"^def (\w+)", re.MULTILINE)
# `catch_warnings` changes what all threads see.
_ONE_AT_A_TIME = threading.Lock()


def parsed(source: str) -> ast.Module | None:
    r"""The tree of a source; None if it is no Python.

    >>> parsed("def f(:"), parsed("(" * 1000)
    (None, None)
    """
    if len(source) > _MAX_CHARACTERS:
        return None
    try:
        # An escape that Python does not know is a warning, and whoever makes warnings errors is not to fail here.
        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def last_function(source: str) -> str:
    r"""The function that a program most likely is about: the last one at its left edge; empty if it has none.

    >>> last_function("def help(): ...\n\ndef f(x):\n    def g(): ...\n"), last_function("print(1)")
    ('f', '')
    """
    found = _FUNCTION.findall(source)
    return found[-1] if found else ""


def defined_names(tree: ast.Module) -> set[str]:
    r"""The names that a module binds at its top, also within `if`, `try`, `with` and loops there.

    >>> sorted(defined_names(ast.parse("import a.b, c as d\nif 1:\n    x, *y = 1, 2\ndef f(z): w = 1")))
    ['a', 'd', 'f', 'x', 'y']
    """
    return set(_bound(tree.body))


def _bound(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                yield name
            case ast.Import(names):
                yield from (alias.asname or alias.name.split(".")[0] for alias in names)
            case ast.ImportFrom(_, names):
                yield from (alias.asname or alias.name for alias in names)
            case _:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                        yield node.id
                    elif node is not statement and isinstance(
                        node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
                    ):
                        yield from _bound([node])


def used_names(tree: ast.AST) -> set[str]:
    """The names that are read anywhere in a tree."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def missing_names(tree: ast.Module) -> set[str]:
    r"""Names that are read and neither bound anywhere in the module nor Python's own.

    >>> sorted(missing_names(ast.parse("def f(x):\n    y = sqrt(x)\n    return List, y, len(y)")))
    ['List', 'sqrt']
    """
    bound = defined_names(tree) | {"__name__", "__file__", "__doc__"}
    for node in ast.walk(tree):
        match node:
            case ast.Name(name, ast.Store() | ast.Del()) | ast.arg(name):
                bound.add(name)
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                bound.add(name)
            case ast.Import() | ast.ImportFrom():
                bound.update(_bound([node]))
            case ast.ExceptHandler(_, str(name)) | ast.MatchAs(_, str(name)) | ast.MatchStar(str(name)):
                bound.add(name)
            case ast.MatchMapping(_, _, str(name)):
                bound.add(name)
    return {name for name in used_names(tree) if name not in bound and not hasattr(builtins, name)}
