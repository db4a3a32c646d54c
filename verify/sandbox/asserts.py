"""An assert statement in, the call and the value that it is about out: so that the value stays outside of the program.

Read are `assert f(...) == value`, `is None`, `assert f(...)`, `assert not f(...)`, `assert set(f(...)) == value` (and
`sorted`, `len` ...), and `assert abs(f(...) - value) < tolerance`, with arguments and values written out. To run a
program and its asserts in one process would let the program decide what they say.
"""

import ast
from typing import Any

from verify.sandbox.cases import VIEWS, Call
from verify.sandbox.constants import value_of


def call_of(statement: str) -> Call | None:
    """The call that an assert is about; None if it has another form.

    >>> call_of("assert double(4) == 8").expected
    8
    >>> call_of("assert abs(root(2) - 1.41421) < 1e-4").tolerance
    0.0001
    >>> call_of("assert not is_even(3)").view
    'bool'
    >>> call_of("assert all(double(n) == 2 * n for n in range(9))")
    """
    try:
        (asserted,) = ast.parse(statement.strip()).body
        if not isinstance(asserted, ast.Assert):
            return None
        return call_of_test(asserted.test)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def call_of_test(test: ast.expr) -> Call | None:
    """The call that an assert's condition is about; None if it has another form.

    Raises:
        ValueError: If arguments or the value are not written out.
    """
    match test:
        case ast.Compare(
            ast.Call(ast.Name("abs"), [ast.BinOp(ast.Call() as called, ast.Sub(), expected)]),
            [ast.Lt() | ast.LtE()],
            [limit],
        ):
            tolerance = float(value_of(limit))
            return Call(*written_call(called), float(value_of(expected)), tolerance=tolerance, comparison="within")
        case ast.Compare(ast.Call(ast.Name(view), [ast.Call() as called], []), [ast.Eq()], [expected]) if view in VIEWS:
            return Call(*written_call(called), value_of(expected), comparison="equal", view=view)
        case ast.Compare(ast.Call() as called, [ast.Eq()], [expected]):
            return Call(*written_call(called), value_of(expected), comparison="equal")
        case ast.Compare(ast.Call() as called, [ast.Is()], [ast.Constant(None | True | False as expected)]):
            return Call(*written_call(called), expected)
        case ast.Call():
            return Call(*written_call(test), True, view="bool")
        case ast.UnaryOp(ast.Not(), ast.Call() as called):
            return Call(*written_call(called), False, view="bool")
    return None


def written_call(called: ast.Call) -> tuple[str, list[Any], dict[str, Any]]:
    """Name and arguments of a call that is written out.

    Raises:
        ValueError: If they are not written out.
    """
    keywords = {keyword.arg: value_of(keyword.value) for keyword in called.keywords if keyword.arg}
    if len(keywords) < len(called.keywords):
        raise ValueError("keyword arguments are not written out")
    return _name(called.func), [value_of(argument) for argument in called.args], keywords


def _name(function: ast.expr) -> str:
    """A function, or a method of an object that is made without arguments."""
    match function:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Call(ast.Name(owner), [], []), name):
            return f"{owner}.{name}"
        case ast.Attribute(ast.Name(owner), name) if owner[:1].isupper():
            return f"{owner}.{name}"  # and no module's, as in `math.sqrt(4)`
    raise ValueError("neither a function nor a method of the program")
