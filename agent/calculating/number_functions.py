"""Numbers in, what functions of numbers make of them out: factorials, primes, roots, logarithms, rounding."""

from collections.abc import Callable
from typing import Any

import sympy
from sympy.functions.combinatorial.numbers import nP

from agent.calculating.arguments import whole
from agent.calculating.limits import MAX_FACTORIAL, check_binomial, check_count, number_of_digits
from agent.calculating.units import base as base_unit
from agent.calculating.values import CannotWork, Ready

_MAX_PRIME_DIGITS = 60
_DIGITS = sympy.Integer(15)


def factorial(value: Any) -> Any:
    """`n!`; of other numbers by the gamma function."""
    check_count(value, "factorial", MAX_FACTORIAL)
    return sympy.factorial(value) if not value.is_Rational or value.is_Integer else sympy.gamma(value + 1)


def double_factorial(value: Any) -> Any:
    """`n!!`."""
    check_count(value, "double factorial", MAX_FACTORIAL)
    return sympy.factorial2(value)


def binomial(n: Any, k: Any) -> Any:
    """In how many ways k of n can be chosen."""
    check_binomial(n, k)
    return sympy.binomial(n, k)


def permutations(n: Any, k: Any = None) -> Any:
    """In how many ways k of n can be put in a row; all of them without k."""
    check_count(n, "permutations", MAX_FACTORIAL)
    return sympy.factorial(n) if k is None else nP(whole(n, "permutations"), whole(k, "permutations"))


def factors(value: Any) -> Ready:
    """The prime factors of a whole number."""
    number = whole(value, "factor")
    if number_of_digits(number) > _MAX_PRIME_DIGITS:
        raise CannotWork(f"Numbers of up to {_MAX_PRIME_DIGITS} digits can be factored.")
    if number in (0, 1, -1):
        return Ready(str(number))
    found = sympy.factorint(number)
    return Ready(" * ".join(f"{prime}^{power}" if power > 1 else str(prime) for prime, power in found.items()))


def factor(value: Any, *_: Any) -> Any:
    """The factors of a number, or of a polynomial."""
    return factors(value) if value.is_Integer else sympy.factor(value)


def is_prime(value: Any) -> Any:
    """Whether a number is prime, and its factors where it is not."""
    number = whole(value, "isprime")
    if number_of_digits(number) > 1_000:
        raise CannotWork("Whether a number is prime can be found out for up to 1,000 digits.")
    if sympy.isprime(number):
        return True
    if number < 2 or number_of_digits(number) > 20:
        return False
    return Ready(f"false ({number} = {factors(value).text})")


def rounded(value: Any, digits: Any = sympy.S.Zero) -> Any:
    """A number with so many places behind the point; half goes away from zero, as people round."""
    if not value.is_number or not value.is_real:
        raise CannotWork("Only a real number can be rounded.")
    check_count(abs(digits), "the number of digits", 1_000)
    scale = sympy.Integer(10) ** digits
    return sympy.sign(value) * sympy.floor(abs(value) * scale + sympy.Rational(1, 2)) / scale


def log(value: Any, base: Any = None) -> Any:
    """The natural logarithm, or that to a base."""
    if value == 0:
        raise CannotWork("The logarithm of 0 is not defined.")
    return sympy.log(value) if base is None else sympy.simplify(sympy.log(value) / sympy.log(base))


def root(value: Any, degree: Any = 2) -> Any:
    """A root; of an odd degree, the real one."""
    degree = sympy.sympify(degree)
    if degree == 0:
        raise CannotWork("There is no 0th root.")
    if degree.is_Integer and degree % 2 and value.is_number and value.is_negative:
        return -((-value) ** (1 / degree))
    return value ** (1 / degree)


def atan(value: Any, other: Any = None) -> Any:
    """The angle of a slope, or of a point (y, x)."""
    return sympy.atan(value) if other is None else sympy.atan2(value, other)


def mod(left: Any, right: Any) -> Any:
    """The remainder."""
    if right == 0:
        raise CannotWork("Division by zero.")
    return sympy.Mod(left, right)


def of_angle(function: Callable[[Any], Any], value: Any) -> Any:
    """A radian is a plain number to a function of angles."""
    return function(value.subs(base_unit("rad"), 1))


def evalf(value: Any, digits: Any = _DIGITS) -> Any:
    """The digits of a number."""
    check_count(digits, "the number of digits", 1_000)
    return sympy.N(value, whole(digits, "N"))


def in_base(base: int, mark: str) -> Callable[[Any], Any]:
    """What writes a whole number to a base, with the mark in front."""

    def work(value: Any) -> Any:
        number = whole(value, "A number to another base")
        return Ready(("-" if number < 0 else "") + mark + format(abs(number), {2: "b", 8: "o", 16: "x"}[base]))

    return work
