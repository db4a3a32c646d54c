"""A script of tests in, the same script out with each of its tests told apart, and the names that it does not define.

A *test* is a statement that holds an assert, at the top of the body of `check`, or of the script where it defines no
`check`. It is put into a `with` of its own, so that the next one runs whatever becomes of it. Each assert that compares
two values keeps both, so that it can say them.
"""

import ast
import builtins
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass

FILE = "tests.py"
CANDIDATE = "candidate"
# Names that no Python source can hold.
TEST, FAILED = "@test", "@failed"
_LEFT, _RIGHT = "@left", "@right"
_SHOWN_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Script:
    """A script whose tests are told apart.

    Attributes:
        tree: To be compiled; calls `@test(number)` and `@failed(text, values, message)`.
        given: The tests' text, shortened.
        asked: Names that it uses and does not define, nor Python: the program may.
        modules: Names of the standard library that it uses without importing them.
        calls_check: Whether `check` is there and nothing calls it.
    """

    tree: ast.Module
    given: tuple[str, ...]
    asked: tuple[str, ...]
    modules: tuple[str, ...]
    calls_check: bool


def rewritten(source: bytes, entry_point: str) -> Script:
    """Tell the tests of a script apart.

    Raises:
        SyntaxError: If it is no Python; also ValueError and RecursionError.
    """
    tree = ast.parse(source, FILE)
    asked, modules = _free_names(tree, source, entry_point)
    check = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    is_called = any("check" in _called_names(node) for node in tree.body if node is not check)
    given: list[str] = []
    asserts = _Asserts({CANDIDATE, *asked})
    body = tree.body if check is None else check.body
    body[:] = [_told_apart(statement, asserts, given) for statement in body]
    asserts.visit(tree)
    return Script(ast.fix_missing_locations(tree), tuple(given), asked, modules, check is not None and not is_called)


def _told_apart(statement: ast.stmt, asserts: "_Asserts", given: list[str]) -> ast.stmt:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or not any(
        isinstance(node, ast.Assert) for node in ast.walk(statement)
    ):
        return statement
    given.append(_text(statement))
    number = ast.Call(ast.Name(TEST, ast.Load()), [ast.Constant(len(given) - 1)], [])
    return ast.copy_location(ast.With([ast.withitem(number)], [statement]), statement)


def _free_names(tree: ast.Module, source: bytes, entry_point: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the program may define, and modules. Never what Python defines: a program would decide what `all` says."""
    called = _called_names(tree)
    asked, modules = [], []
    for name in sorted(_undefined(symtable.symtable(source.decode("utf-8", "replace"), FILE, "exec"))):
        if name == entry_point:
            asked.append(name)
        elif name in builtins.__dict__ or name in (CANDIDATE, "check"):
            continue
        elif name in sys.stdlib_module_names and name not in called:
            modules.append(name)
        else:
            asked.append(name)
    return tuple(asked), tuple(modules)


def _undefined(module: symtable.SymbolTable) -> set[str]:
    def used(table: symtable.SymbolTable) -> Iterator[str]:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is module or symbol.is_global()):
                yield symbol.get_name()
        for inner in table.get_children():
            yield from used(inner)

    bound = {s.get_name() for s in module.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    return set(used(module)) - bound


def _called_names(tree: ast.AST) -> set[str]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)}


def _text(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"


class _Asserts(ast.NodeTransformer):
    """Writes asserts as statements that keep what they compare."""

    def __init__(self, of_the_program: set[str]) -> None:
        self._of_the_program = of_the_program

    def visit_Assert(self, node: ast.Assert) -> list[ast.stmt]:  # noqa: N802  So `ast` wants it.
        text, test, before = _text(node), node.test, []
        values: ast.expr = ast.Constant(None)
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            pair = [test.left, test.comparators[0]]
            before = [
                ast.Assign([ast.Name(name, ast.Store())], value)
                for name, value in zip((_LEFT, _RIGHT), pair, strict=True)
            ]
            names: list[ast.expr] = [ast.Name(_LEFT, ast.Load()), ast.Name(_RIGHT, ast.Load())]
            test = ast.Compare(names[0], test.ops, [names[1]])
            # What the program gave stands first.
            is_right = self._is_of_the_program(pair[1]) and not self._is_of_the_program(pair[0])
            values = ast.Tuple(names[::-1] if is_right else names, ast.Load())
        failed = ast.Call(
            ast.Name(FAILED, ast.Load()), [ast.Constant(text), values, node.msg or ast.Constant(None)], []
        )
        raising = ast.If(ast.UnaryOp(ast.Not(), test), [ast.Raise(failed)], [])
        return [ast.copy_location(statement, node) for statement in (*before, raising)]

    def _is_of_the_program(self, value: ast.expr) -> bool:
        return any(isinstance(node, ast.Name) and node.id in self._of_the_program for node in ast.walk(value))
