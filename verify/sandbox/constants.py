"""The source of a value that is written out in, the value out; nothing of it is run.

More than `ast.literal_eval` reads: sums, products and powers of what is written out, and `set([1])`, `float("inf")`.
"""

import ast
import operator
from collections.abc import Callable
from typing import Any

_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
_MAKERS: dict[str, Callable[..., Any]] = {
    made.__name__: made for made in (set, frozenset, tuple, list, dict, float, complex, bytes, str)
}
# Nobody writes tests that need larger ones, and a few characters could ask for any amount of work.
_MAX_LENGTH = 100_000
_MAX_BITS = 20_000


def value_of(node: ast.expr) -> Any:
    """The value that an expression stands for.

    Raises:
        ValueError: If it is not written out, or too large.

    >>> value_of(ast.parse("[2 ** 3, -1.5, {'a': 'b' * 2}, set((1, 1))]", mode="eval").body)
    [8, -1.5, {'a': 'bb'}, {1}]
    """
    try:
        return _value(node)
    except (ArithmeticError, TypeError, AttributeError, MemoryError) as error:
        raise ValueError(str(error)) from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value) if value is not Ellipsis:
            return value
        case ast.List(members):
            return [_value(member) for member in members]
        case ast.Tuple(members):
            return tuple(_value(member) for member in members)
        case ast.Set(members):
            return {_value(member) for member in members}
        case ast.Dict(keys, values) if None not in keys:
            pairs = zip(keys, values, strict=True)
            return {_value(key): _value(value) for key, value in pairs if key is not None}
        case ast.UnaryOp(ast.USub(), operand):
            return -_value(operand)
        case ast.UnaryOp(ast.UAdd(), operand):
            return +_value(operand)
        case ast.BinOp(left, sign, right) if type(sign) in _OPERATORS:
            return _combined(type(sign), _value(left), _value(right))
        case ast.Call(ast.Name(name), arguments, []) if name in _MAKERS and len(arguments) <= 2:
            return _made(name, [_value(argument) for argument in arguments])
    raise ValueError("it is not written out")


def _combined(sign: type[ast.operator], left: Any, right: Any) -> Any:
    """Raises ValueError if the result would be too large."""
    if sign is ast.Mod and isinstance(left, str | bytes):
        raise ValueError("it is not written out")
    if sign is ast.Pow and (not isinstance(right, int | float) or _bits(left) * max(1, abs(right)) > _MAX_BITS):
        raise ValueError("a power that is too large")
    if sign is ast.Mult:
        for held, times in ((left, right), (right, left)):
            if hasattr(held, "__len__") and (not isinstance(times, int) or _weight(held) * times > _MAX_LENGTH):
                raise ValueError("a repetition that is too long")
        if _bits(left) + _bits(right) > _MAX_BITS:
            raise ValueError("a product that is too large")
    if sign is ast.Add and _weight(left) + _weight(right) > _MAX_LENGTH:
        raise ValueError("a sum that is too long")
    return _OPERATORS[sign](left, right)


def _bits(number: Any) -> int:
    return number.bit_length() if isinstance(number, int) else 64


def _weight(value: Any) -> int:
    """How much there is of it, with what is in it."""
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, dict):
        return 1 + sum(_weight(key) + _weight(held) for key, held in value.items())
    return 1 + (sum(map(_weight, value)) if isinstance(value, list | tuple | set | frozenset) else 0)


def _made(name: str, arguments: list[Any]) -> Any:
    if name in ("bytes", "str") and not (len(arguments) == 1 and isinstance(arguments[0], int | float | list)):
        raise ValueError("it is not written out")
    if name == "bytes" and not isinstance(arguments[0], list):
        raise ValueError("it is not written out")
    return _MAKERS[name](*arguments)
