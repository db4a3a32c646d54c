"""Test code in, split: the calls that its asserts are about, and the code that is left where that is not enough."""

import ast
import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from model.errors import BadInput
from verify.code.parsing import parsed
from verify.sandbox.asserts import call_of_test
from verify.sandbox.cases import Call


@dataclass(frozen=True, slots=True)
class Split:
    """Test code, split.

    Args:
        tests: Each assert's call, or None where it has another form; in their order.
        sources: Each assert as it was written.
        is_plain: Whether there is nothing but asserts and imports, so that asserts may be run one by one.
        entry_point: The first name that is called and neither Python's own nor the tests'.
    """

    tests: tuple[Call | None, ...]
    sources: tuple[str, ...]
    is_plain: bool
    entry_point: str = ""


def split_asserts(source: str) -> Split:
    """Asserts, one after the other.

    Raises:
        BadInput: If it is no Python, or there is no assert.
    """
    return _split(_tree(source).body)


def split_check(source: str, entry_point: str) -> Split:
    """The asserts of HumanEval's `check(candidate)`; where it does more than that, one test stands for all of it.

    Raises:
        BadInput: If there is no such function.
    """
    tree = _tree(source)
    checks = [part for part in tree.body if isinstance(part, ast.FunctionDef) and part.name == "check"]
    if len(checks) != 1 or len(checks[0].args.args) != 1:
        raise BadInput("HumanEval's form is a function `check(candidate)` that asserts.")
    candidate = checks[0].args.args[0].arg
    split = _split([part for part in checks[0].body if not _is_idle(part)])
    # What stands beside it cannot matter to asserts that are about one call of the candidate each.
    return replace(split, tests=tuple(_renamed(call, candidate, entry_point) for call in split.tests))


def _is_idle(part: ast.stmt) -> bool:
    """Whether it does nothing: a text, a number, `assert True`, HumanEval's METADATA."""
    match part:
        case ast.Expr(ast.Constant()) | ast.Pass() | ast.Assert(ast.Constant(True)) | ast.Assert(ast.Tuple([_, *_])):
            return True
        case ast.Assign([ast.Name("METADATA")], _):
            return True
        case ast.Expr(ast.Name("print")):
            return True  # HumanEval/129
    return False


def _renamed(call: Call | None, name: str, entry_point: str) -> Call | None:
    return replace(call, name=entry_point) if call and call.name == name else None


def _tree(source: str) -> ast.Module:
    tree = parsed(source)
    if tree is None:
        raise BadInput(f"The tests are no Python that can be read: {source.strip()[:120]!r}")
    return tree


def _split(parts: Sequence[ast.stmt]) -> Split:
    asserts = list(_asserts(parts))
    if not asserts:
        raise BadInput("There is no assert in these tests.")
    imports = [part for part in parts if isinstance(part, ast.Import | ast.ImportFrom)]
    calls = [_call(part) for part in asserts]
    is_plain = len(asserts) + len(imports) == len(parts)
    tests = tuple(calls if is_plain else [None] * len(calls))
    return Split(tests, tuple(ast.unparse(part.test) for part in asserts), is_plain, _first_foreign(asserts))


def _first_foreign(asserts: Sequence[ast.Assert]) -> str:
    for part in asserts:
        for node in ast.walk(part.test):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not hasattr(builtins, node.func.id):
                return node.func.id
    return ""


def _asserts(parts: Sequence[ast.stmt]) -> Iterator[ast.Assert]:
    """All asserts, those within loops too, in their order."""
    for part in parts:
        yield from sorted(
            (node for node in ast.walk(part) if isinstance(node, ast.Assert)), key=lambda node: node.lineno
        )


def _call(part: ast.Assert) -> Call | None:
    try:
        return call_of_test(part.test)
    except (ValueError, RecursionError):
        return None
