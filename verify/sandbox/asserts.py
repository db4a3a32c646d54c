"""An assert statement in, the call and the value that it is about out: so that the value stays outside of the program.

Read are `assert f(...) == value`, `assert f(...) is None` and `assert abs(f(...) - value) < tolerance`, with
arguments and values written out. To run a program and its asserts in one process would let the program decide what they
say.
"""

import ast
from typing import Any

from verify.sandbox.cases import Call


def call_of(statement: str) -> Call | None:
    """The call that an assert is about; None if it has another form.

    >>> call_of("assert double(4) == 8")
    Call(name='double', args=[4], kwargs={}, expected=8, raises=None, tolerance=1e-09)
    >>> call_of("assert abs(root(2) - 1.41421) < 1e-4").tolerance
    0.0001
    >>> call_of("assert all(double(n) == 2 * n for n in range(9))")
    """
    try:
        (asserted,) = ast.parse(statement.strip()).body
        if not isinstance(asserted, ast.Assert):
            return None
        return _from_comparison(asserted.test)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _from_comparison(test: ast.expr) -> Call | None:
    match test:
        case ast.Compare(
            ast.Call(ast.Name("abs"), [ast.BinOp(ast.Call() as called, ast.Sub(), expected)]),
            [ast.Lt() | ast.LtE()],
            [limit],
        ):
            tolerance = ast.literal_eval(limit)
            return Call(*_called(called), float(ast.literal_eval(expected)), tolerance=float(tolerance))
        case ast.Compare(ast.Call() as called, [ast.Eq() | ast.Is()], [expected]):
            return Call(*_called(called), ast.literal_eval(expected))
    return None


def _called(called: ast.Call) -> tuple[str, list[Any], dict[str, Any]]:
    """Name and arguments.

    Raises:
        ValueError: If they are not written out.
    """
    keywords = {keyword.arg: ast.literal_eval(keyword.value) for keyword in called.keywords if keyword.arg}
    if len(keywords) < len(called.keywords):
        raise ValueError("keyword arguments are not written out")
    return _name(called.func), [ast.literal_eval(argument) for argument in called.args], keywords


def _name(function: ast.expr) -> str:
    """A function, or a method of an object that is made without arguments."""
    match function:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name(owner) | ast.Call(ast.Name(owner), [], []), name):
            return f"{owner}.{name}"
    raise ValueError("neither a function nor a method")
