"""An expression with a variable in, its derivative, integral, limit, sum, series out."""

from typing import Any

import sympy

from agent.calculating.limits import check_count
from agent.calculating.values import CannotWork, Ready, Rel

_MAX_TERMS = 30


def diff(expression: Any, *rest: Any) -> Any:
    """`diff(f, x)`, `diff(f, x, 2)`, `diff(f, x, y)`."""
    variables = list(rest)
    if not variables or getattr(variables[0], "is_number", False):
        variables = [sole_variable(expression, "differentiate by"), *variables]
    for each in _flat(variables):
        check_count(each, "the order of a derivative", 50)
    if not any(isinstance(each, sympy.Symbol) for each in _flat(variables)):
        raise CannotWork("Say what to differentiate by, as in diff(x^2, x).")
    return sympy.diff(expression, *_flat(variables))


def integrate(expression: Any, *rest: Any) -> Any:
    """`integrate(f)`, `integrate(f, x)`, `integrate(f, (x, a, b))`, `integrate(f, x, a, b)`, `integrate(f, a, b)`."""
    ranges = _ranges(expression, rest, "integrate over")
    found = sympy.integrate(expression, *ranges)
    if isinstance(found, sympy.Integral):
        is_definite = all(len(each) == 3 for each in ranges) and not found.free_symbols
        number = found.evalf(12) if is_definite else None
        if number is not None and number.is_number and not number.has(sympy.Integral):
            return number
        raise CannotWork("No closed form was found for this integral. For a number, give bounds.")
    return sympy.simplify(found)


def limit(expression: Any, *rest: Any) -> Any:
    """`limit(f, x, 0)`, with `+` or `-` (or right, left) for one side."""
    rest = tuple(_flat(rest))
    if len(rest) == 1 and isinstance(rest[0], Rel):
        rest = (rest[0].left, rest[0].right)
    if len(rest) == 1:
        rest = (sole_variable(expression, "take the limit by"), rest[0])
    if len(rest) < 2 or not isinstance(rest[0], sympy.Symbol):
        raise CannotWork("Write a limit as limit(sin(x)/x, x, 0).")
    side = str(rest[2]) if len(rest) > 2 else ""
    if side:
        return _found(sympy.limit(expression, rest[0], rest[1], "-" if side in ("-", "left", "below") else "+"))
    if rest[1] in (sympy.oo, -sympy.oo):
        return _found(sympy.limit(expression, rest[0], rest[1]))
    right = _found(sympy.limit(expression, rest[0], rest[1], "+"))
    left = _found(sympy.limit(expression, rest[0], rest[1], "-"))
    if sympy.simplify(right - left) == 0 or right == left:
        return right
    return Ready(f"no limit: from the left it is {left}, from the right {right}")


def sum(expression: Any, *rest: Any) -> Any:  # noqa: A001  Called by its name in the calculation.
    """`sum(f, (k, 1, n))`, `sum(f, k, 1, n)`, or of a list."""
    if isinstance(expression, sympy.MatrixBase) and not rest:
        return sympy.Add(*expression)
    if _are_numbers((expression, *rest)):
        return sympy.Add(expression, *rest)
    ranges = _ranges(expression, rest, "add over")
    if any(len(each) != 3 for each in ranges):
        raise CannotWork("A sum has a variable and two bounds, as in sum(k^2, k, 1, 10).")
    found = _found(sympy.summation(expression, *ranges))
    return found if found.is_number else sympy.factor(found)


def product(expression: Any, *rest: Any) -> Any:
    """As `sum`."""
    if isinstance(expression, sympy.MatrixBase) and not rest:
        return sympy.Mul(*expression)
    if _are_numbers((expression, *rest)):
        return sympy.Mul(expression, *rest)
    ranges = _ranges(expression, rest, "multiply over")
    for each in ranges:
        if len(each) != 3:
            raise CannotWork("A product has a variable and two bounds, as in product(k, k, 1, 5).")
        check_count(each[2], "a product's last factor", 3_000)
    return _found(sympy.product(expression, *ranges))


def series(expression: Any, *rest: Any) -> Any:
    """`series(f, x, x0, n)`."""
    variable, *more = rest or (sole_variable(expression, "expand by"),)
    if not isinstance(variable, sympy.Symbol):
        variable, more = sole_variable(expression, "expand by"), list(rest)
    at = more[0] if more else 0
    n_terms = more[1] if len(more) > 1 else 6
    check_count(sympy.sympify(n_terms), "the order of a series", _MAX_TERMS)
    return sympy.series(expression, variable, at, int(n_terms))


def subs(expression: Any, *rest: Any) -> Any:
    """`subs(f, x, 2)`, `subs(f, x = 2, y = 3)`."""
    given = _flat(rest)
    pairs = [(each.left, each.right) for each in given if isinstance(each, Rel)]
    plain = [each for each in given if not isinstance(each, Rel)]
    pairs += list(zip(plain[::2], plain[1::2], strict=False))
    if not pairs or len(plain) % 2:
        raise CannotWork("Say what to put in, as in subs(x^2 + 1, x = 2).")
    found = expression.subs(pairs, simultaneous=True)
    if found.has(sympy.zoo, sympy.nan):
        raise CannotWork("It is not defined there.")
    return found


def coeff(expression: Any, *rest: Any) -> Any:
    """`coeff(f, x, 2)` or `coeff(f, x^2)`."""
    return sympy.expand(expression).coeff(*rest)


def degree(expression: Any, *rest: Any) -> Any:
    """The degree of a polynomial."""
    return sympy.Integer(sympy.degree(expression, rest[0] if rest else sole_variable(expression, "take the degree in")))


def sole_variable(expression: Any, purpose: str) -> Any:
    """The variable of an expression that has one.

    Raises:
        CannotWork: If it has several: then the calculation has to say which.
    """
    symbols = sorted(getattr(expression, "free_symbols", ()), key=str)
    if len(symbols) > 1:
        names = ", ".join(map(str, symbols))
        raise CannotWork(f"There are several variables ({names}): say which one to {purpose}, as in diff(x*y, x).")
    return symbols[0] if symbols else sympy.Symbol("x")


def _ranges(expression: Any, rest: tuple[Any, ...], purpose: str) -> list[tuple[Any, ...]]:
    """What to go over: variables, each with its bounds where there are any."""
    if not rest:
        return [(sole_variable(expression, purpose),)]
    if all(isinstance(each, list) for each in rest):
        return [tuple(each) for each in rest]
    flat = _flat(rest)
    if isinstance(flat[0], Rel):
        return [(flat[0].left, flat[0].right, *flat[1:])]
    if isinstance(flat[0], sympy.Symbol) and (len(flat) in (1, 3) or not isinstance(flat[1], sympy.Symbol)):
        if len(flat) not in (1, 3):
            raise CannotWork("A range has a variable and two bounds, as in (x, 0, 1).")
        return [tuple(flat)]
    if len(flat) == 2 and not isinstance(flat[0], sympy.Symbol):
        return [(sole_variable(expression, purpose), *flat)]
    if not all(isinstance(each, sympy.Symbol) for each in flat):
        raise CannotWork("A range has a variable and two bounds, as in (x, 0, 1).")
    return [(each,) for each in flat]


def _flat(values: Any) -> list[Any]:
    return [part for each in values for part in (each if isinstance(each, list) else [each])]


def _are_numbers(values: tuple[Any, ...]) -> bool:
    return all(getattr(each, "is_number", False) for each in values)


def _found(value: Any) -> Any:
    if isinstance(value, sympy.Limit | sympy.Sum | sympy.Product) or value.has(sympy.Limit, sympy.Sum, sympy.Product):
        number = value.evalf(12)
        if number.is_number and not number.has(sympy.Limit, sympy.Sum, sympy.Product, sympy.nan):
            return number
        raise CannotWork("No closed form was found.")
    if isinstance(value, sympy.AccumBounds):
        raise CannotWork(f"There is no limit: it goes on between {value.min} and {value.max}.")
    if value.has(sympy.zoo, sympy.nan):
        raise CannotWork("It is not defined there.")
    return value
