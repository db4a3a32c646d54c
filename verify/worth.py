"""A tree of arithmetic in, what it is worth out: exact (a fraction) as long as it can be, else 50 digits.

Whatever would be too large to work out in a few milliseconds raises `TooLarge`.
"""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath

from verify.expression import Name, NotReadable, Number, Tree

_MAX_BITS = 60_000
_MAX_FACTORIAL = 3_000
DIGITS = 50

# A fraction is exact; an mpmath number has 50 digits.
Value: TypeAlias = Fraction | mpmath.mpf | mpmath.mpc


class TooLarge(ValueError):
    """The value has too many digits to be worked out."""


class NoValue(ValueError):
    """There is no such number: a division by zero, an unknown name."""


def evaluate(tree: Tree, names: Mapping[str, Value] | None = None) -> Value:
    """What a tree is worth: a fraction where that is exact, else a number of 50 digits.

    Raises:
        NoValue: If there is no such number, or a variable has none.
        TooLarge: If it would take too long.

    >>> from verify.expression import read
    >>> evaluate(read("0.1 + 0.2")), evaluate(read("5!/(3!*2!)"))
    (Fraction(3, 10), Fraction(10, 1))
    """
    with mpmath.workdps(DIGITS + 10):
        return _worth(tree, names or {})


def _worth(tree: Tree, names: Mapping[str, Value]) -> Value:
    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Name):
        if tree.name in names:
            return names[tree.name]
        constants: dict[str, Callable[[], Value]] = {
            "pi": lambda: +mpmath.pi, "e": lambda: +mpmath.e, "i": lambda: mpmath.mpc(0, 1),
        }  # fmt: skip
        if tree.name not in constants:
            raise NoValue(f"{tree.name} has no value")
        return constants[tree.name]()
    values = [_worth(each, names) for each in tree.arguments]
    try:
        return _checked(_OPERATIONS[tree.operation](*values))
    except KeyError:
        raise NotReadable(f"{tree.operation} is not known") from None
    except ZeroDivisionError:
        raise NoValue("It divides by zero") from None
    except (ValueError, OverflowError, TypeError) as error:
        if isinstance(error, TooLarge | NoValue):
            raise
        raise NoValue(str(error)) from error


def _checked(value: Value) -> Value:
    if isinstance(value, Fraction):
        if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_BITS:
            raise TooLarge("The number has too many digits")
    elif not mpmath.isfinite(value):
        raise NoValue("It is infinite")
    return value


def inexact(value: Value) -> Any:
    """The value as a number of mpmath."""
    return mpmath.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else value


def _either(exact: Callable[[Fraction, Fraction], Fraction], rough: Callable[[Any, Any], Any]) -> Callable[..., Value]:
    def operation(left: Value, right: Value) -> Value:
        if isinstance(left, Fraction) and isinstance(right, Fraction):
            return exact(left, right)
        return rough(inexact(left), inexact(right))

    return operation


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if abs(exponent.numerator) * max(bits - 1, 1 if abs(base) != 1 and base else 0) > _MAX_BITS:
                raise TooLarge("The power has too many digits")
            if base == 0 and exponent <= 0:
                raise NoValue("It is a power of zero without a value")
            return base**exponent.numerator
        root = _exact_root(base, exponent.denominator)
        if root is not None:
            return _power(root, Fraction(exponent.numerator))
    rough = inexact(exponent)
    if abs(rough) > 1e6:
        raise TooLarge("The power has too many digits")
    return mpmath.power(inexact(base), rough)


def _exact_root(base: Fraction, degree: int) -> Fraction | None:
    if base < 0 or degree > 64:
        return None
    roots = []
    for part in (base.numerator, base.denominator):
        root = math.isqrt(part) if degree == 2 else int(mpmath.nint(mpmath.root(part, degree)))
        if root**degree != part:
            return None
        roots.append(root)
    return Fraction(*roots)


def _whole(value: Value, what: str) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1:
        raise NoValue(f"{what} needs whole numbers")
    return value.numerator


def _factorial(value: Value) -> Fraction:
    number = _whole(value, "A factorial")
    if number < 0:
        raise NoValue("A factorial needs a number from 0 up")
    if number > _MAX_FACTORIAL:
        raise TooLarge("The factorial has too many digits")
    return Fraction(math.factorial(number))


def _binomial(over: Value, under: Value) -> Fraction:
    n, k = _whole(over, "A binomial"), _whole(under, "A binomial")
    if n < 0 or k < 0:
        raise NoValue("A binomial needs numbers from 0 up")
    if n > _MAX_FACTORIAL:
        raise TooLarge("The binomial has too many digits")
    return Fraction(math.comb(n, k))


def _modulo(left: Value, right: Value) -> Fraction:
    return Fraction(_whole(left, "A remainder") % _whole(right, "A remainder"))


def _rounded(value: Value, how: Callable[[Any], Any]) -> Fraction:
    if isinstance(value, Fraction):
        return Fraction(how(value))
    if mpmath.im(value):
        raise NoValue("It is not real")
    return Fraction(int(mpmath.floor(value) if how is math.floor else mpmath.ceil(value)))


def _logarithm(value: Value, base: Value | None = None) -> Value:
    if value == 0:
        raise NoValue("Zero has no logarithm")
    if base is None:
        return mpmath.log(inexact(value))
    if isinstance(value, Fraction) and isinstance(base, Fraction):
        rough = mpmath.log(inexact(value)) / mpmath.log(inexact(base))
        nearest = int(mpmath.nint(mpmath.re(rough))) if abs(rough) < 1000 else None
        if nearest is not None and base > 0 and base != 1 and _power(base, Fraction(nearest)) == value:
            return Fraction(nearest)
        return rough
    return mpmath.log(inexact(value)) / mpmath.log(inexact(base))


def _of_many(how: Callable[..., int]) -> Callable[..., Value]:
    return lambda *values: Fraction(how(*(_whole(value, "This") for value in values)))


def _rough(how: Callable[[Any], Any]) -> Callable[[Value], Value]:
    return lambda value: how(inexact(value))


_OPERATIONS: dict[str, Callable[..., Value]] = {
    "+": _either(lambda a, b: a + b, lambda a, b: a + b),
    "-": _either(lambda a, b: a - b, lambda a, b: a - b),
    "*": _either(lambda a, b: a * b, lambda a, b: a * b),
    "/": _either(lambda a, b: a / b, lambda a, b: a / b),
    "^": _power,
    "negative": lambda value: -value,
    "%": lambda value: _OPERATIONS["/"](value, Fraction(100)),
    "!": _factorial,
    "binom": _binomial,
    "mod": _modulo,
    "degrees": lambda value: inexact(value) * mpmath.pi / 180,
    "abs": lambda value: abs(value),
    "sqrt": lambda value: _power(value, Fraction(1, 2)),
    "cbrt": lambda value: _power(value, Fraction(1, 3)),
    "floor": lambda value: _rounded(value, math.floor),
    "ceil": lambda value: _rounded(value, math.ceil),
    "gcd": _of_many(math.gcd),
    "lcm": _of_many(math.lcm),
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "log": _logarithm,
    "ln": _logarithm,
    "lg": lambda value: _logarithm(value, Fraction(10)),
    "exp": _rough(mpmath.exp),
    "cis": _rough(mpmath.expj),
    "arcsin": _rough(mpmath.asin), "asin": _rough(mpmath.asin),
    "arccos": _rough(mpmath.acos), "acos": _rough(mpmath.acos),
    "arctan": _rough(mpmath.atan), "atan": _rough(mpmath.atan),
    **{name: _rough(getattr(mpmath, name)) for name in "sin cos tan cot sec csc sinh cosh tanh".split()},
}  # fmt: skip


def is_same(left: Value, right: Value) -> bool:
    r"""Whether two values are equal: exactly where both are exact, else to 40 digits of the larger one.

    >>> from verify.expression import read
    >>> is_same(evaluate(read(r"\sqrt{2} * \sqrt{2}")), Fraction(2)), is_same(Fraction(1, 2**99), Fraction(1, 2**98))
    (True, False)
    """
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    with mpmath.workdps(DIGITS + 10):
        one, other = inexact(left), inexact(right)
        size = max(abs(one), abs(other))
        return bool(abs(one - other) <= size * mpmath.mpf(10) ** -40 or size < mpmath.mpf(10) ** -(DIGITS - 5))
