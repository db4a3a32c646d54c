"""A Python program in, the same program with one small mistake out: what a judge must not let pass."""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

_SWAPPED: dict[type[ast.AST], type[Any]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
# Changes a node in place.
Change = Callable[[], None]


def mutants_of(source: str) -> Iterator[tuple[str, str]]:
    r"""What was changed, and the changed program; each differs from the source in one place.

    >>> [name for name, _ in mutants_of("def f(a):\n    b = a + 1\n    return b")]
    ['dropped statement', 'returns None', 'Add to Sub', '1 to 2', '1 to 0']
    """
    for number in range(_count(ast.parse(source))):
        tree = ast.parse(source)
        for at, (name, change) in enumerate(_changes(tree)):
            if at == number:
                change()
                yield name, ast.unparse(ast.fix_missing_locations(tree))
                break


def _count(tree: ast.Module) -> int:
    return sum(1 for _ in _changes(tree))


def _changes(tree: ast.Module) -> Iterator[tuple[str, Change]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield from _dropped(node.body)
        elif isinstance(node, ast.If | ast.For | ast.While):
            yield from _dropped(node.body)
            if not isinstance(node, ast.For):
                yield "condition negated", lambda node=node: _set(node, "test", ast.UnaryOp(ast.Not(), node.test))  # type: ignore[misc]
        elif isinstance(node, ast.Compare | ast.BinOp | ast.BoolOp | ast.AugAssign):
            yield from _other_operator(node)
        elif isinstance(node, ast.Constant):
            yield from _other_constant(node)
        elif isinstance(node, ast.Return) and node.value is not None:
            yield "returns None", lambda node=node: _set(node, "value", ast.Constant(None))  # type: ignore[misc]


def _set(node: ast.AST, field: str, value: object) -> None:
    setattr(node, field, value)


def _dropped(body: list[ast.stmt]) -> Iterator[tuple[str, Change]]:
    """Each statement but definitions, documentation and returns, which are changed in other ways."""
    for at, part in enumerate(body):
        is_text = isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)
        if not is_text and not isinstance(part, ast.FunctionDef | ast.ClassDef | ast.Return | ast.Pass | ast.Import):
            yield "dropped statement", lambda at=at: body.__setitem__(at, ast.Pass())  # type: ignore[misc]


def _other_operator(node: ast.Compare | ast.BinOp | ast.BoolOp | ast.AugAssign) -> Iterator[tuple[str, Change]]:
    sign: ast.AST = node.ops[0] if isinstance(node, ast.Compare) else node.op
    other = _SWAPPED.get(type(sign))
    if other is None:
        return
    name = f"{type(sign).__name__} to {other.__name__}"
    if isinstance(node, ast.Compare):
        yield name, lambda: node.ops.__setitem__(0, other())
    else:
        yield name, lambda: _set(node, "op", other())


def _other_constant(node: ast.Constant) -> Iterator[tuple[str, Change]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} to {not value}", lambda: _set(node, "value", not value)
    elif isinstance(value, int | float):
        for other in (value + 1, value - 1):
            yield f"{value} to {other}", lambda other=other: _set(node, "value", copy.copy(other))  # type: ignore[misc]
    elif isinstance(value, str) and 0 < len(value) < 20:
        yield f"{value!r} with an x", lambda: _set(node, "value", value + "x")
