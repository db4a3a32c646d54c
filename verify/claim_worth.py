"""Two sides of a claim and its sign in, whether it holds out, and what would be right where it does not."""

import threading
from fractions import Fraction
from typing import Literal

import mpmath

from verify.expression import Apply, Number, Tree
from verify.worth import DIGITS, NoValue, TooLarge, Value, evaluate, inexact, is_same

# From here up, what is said to equal a fraction may be it, rounded to the next whole number.
_MIN_ROUNDED = 1_000
_MAX_WRITTEN_BITS = 4_000
_PRECISION = threading.Lock()
ClaimOutcome = Literal["holds", "fails", "not_checkable"]


def judged(left: Tree, right: Tree, relation: str, is_chained: bool) -> tuple[ClaimOutcome, str] | None:
    """The outcome and what would have to stand on the right; `None` where nothing is claimed, as in x = 3 = 3.

    Args:
        relation: `=`, `≈`, `!=`, `<`, `>`, `<=` or `>=`.
        is_chained: Whether the left side is itself the right one of another claim.
    """
    # mpmath's precision is the whole process's: two threads would change it under each other.
    with _PRECISION:
        return _judged_alone(left, right, relation, is_chained)


def _judged_alone(left: Tree, right: Tree, relation: str, is_chained: bool) -> tuple[ClaimOutcome, str] | None:
    if _is_bare(left) and (_is_bare(right) or not is_chained) and relation in ("=", "≈"):
        return None
    try:
        one, other = evaluate(left), evaluate(right)
    except (NoValue, TooLarge):
        return "not_checkable", ""
    if relation == "!=":
        return ("holds", "") if not is_same(one, other) else ("fails", "both are equal")
    if relation in ("<", ">", "<=", ">="):
        found = _ordered(one, other, relation)
        # Two numbers side by side are more often a condition than a claim.
        return ("not_checkable", "") if found[0] == "fails" and _is_bare(left) and _is_bare(right) else found
    if (
        _is_percent_of(one, right)
        or _is_percent_of(other, left)
        or is_same(one, other)
        or _is_rounded(one, other, right, relation == "≈")
    ):
        return "holds", ""
    if relation == "=" and _is_near(one, other) and (_has_decimals(left) or _has_decimals(right)):
        return "not_checkable", ""  # what went before was rounded
    if relation == "≈" and not _is_far(one, other):
        return "not_checkable", ""
    first = _first_term(right)
    if first is not None and is_same(one, first):
        # 5*4 = 20 + 3 = 23: a running total, sloppy but meant as two steps.
        return "not_checkable", ""
    return "fails", text_of(one)


def _is_bare(tree: Tree) -> bool:
    return isinstance(tree, Number) or (
        isinstance(tree, Apply) and tree.operation == "negative" and _is_bare(tree.arguments[0])
    )


def _is_percent_of(value: Value, tree: Tree) -> bool:
    """Whether `18/450*100 = 4%` is meant: the sign names what the number counts in."""
    if not isinstance(tree, Apply) or tree.operation != "%" or not isinstance(tree.arguments[0], Number):
        return False
    return is_same(value, tree.arguments[0].value)


def _ordered(one: Value, other: Value, relation: str) -> tuple[ClaimOutcome, str]:
    left, right = inexact(one), inexact(other)
    if mpmath.im(left) or mpmath.im(right):
        return "not_checkable", ""
    is_equal = is_same(one, other)
    holds = {"<": left < right and not is_equal, ">": left > right and not is_equal}
    holds |= {"<=": left < right or is_equal, ">=": left > right or is_equal}
    return ("holds", "") if holds[relation] else ("fails", text_of(one))


def _is_near(one: Value, other: Value) -> bool:
    """Whether two values agree but for what rounding on the way makes."""
    with mpmath.workdps(DIGITS):
        return bool(abs(inexact(one) - inexact(other)) <= mpmath.mpf("0.005") * abs(inexact(one)))


def _has_decimals(tree: Tree) -> bool:
    if isinstance(tree, Number):
        return tree.value.denominator != 1
    return isinstance(tree, Apply) and any(_has_decimals(each) for each in tree.arguments)


def _is_far(one: Value, other: Value) -> bool:
    """Whether nobody would call one of them about the other."""
    with mpmath.workdps(DIGITS):
        difference = abs(inexact(one) - inexact(other))
        return bool(difference > mpmath.mpf("0.1") * abs(inexact(one)) and difference > 1)


def _is_rounded(exact: Value, rounded: Value, tree: Tree, is_rough: bool) -> bool:
    """Whether the right side is a decimal to which the left one rounds, or nearly does where the sign says so."""
    with mpmath.workdps(DIGITS):
        difference = abs(inexact(exact) - inexact(rounded))
        if is_rough and difference <= abs(inexact(rounded)) * mpmath.mpf("0.03"):
            return True
        if (unit := _unit_of_scientific(tree)) is not None:
            return bool(difference < inexact(unit))
        if not _is_bare(tree) or not isinstance(rounded, Fraction):
            return False
        if is_rough:
            return bool(difference <= mpmath.mpf("0.5") * mpmath.mpf(10) ** -_places(rounded))
        places = _places(rounded)
        if places == 0 and abs(rounded) >= _MIN_ROUNDED:
            return bool(difference <= mpmath.mpf("0.5")) and not (
                isinstance(exact, Fraction) and exact.denominator == 1
            )
        return places > 0 and bool(difference < mpmath.mpf(10) ** -places)


def _unit_of_scientific(tree: Tree) -> Fraction | None:
    """What the last digit of 2.986 times a power of ten counts; `None` if it is not written so."""
    if not isinstance(tree, Apply) or tree.operation != "*" or not isinstance(tree.arguments[0], Number):
        return None
    power = tree.arguments[1]
    if not isinstance(power, Apply) or power.operation != "^" or power.arguments[0] != Number(Fraction(10)):
        return None
    try:
        worth = evaluate(power)
    except (NoValue, TooLarge):
        return None
    return worth / 10 ** _places(tree.arguments[0].value) if isinstance(worth, Fraction) else None


def _places(value: Fraction) -> int:
    places = 0
    while value.denominator != 1 and places < 30:
        value, places = value * 10, places + 1
    return places


def _first_term(tree: Tree) -> Value | None:
    while isinstance(tree, Apply) and tree.operation in ("+", "-", "*", "/"):
        tree = tree.arguments[0]
        if isinstance(tree, Number):
            return tree.value
    return None


def text_of(value: Value) -> str:
    """A value as people write it.

    >>> text_of(Fraction(7, 8)), text_of(Fraction(21)), text_of(mpmath.sqrt(2))
    ('7/8', '21', '1.41421')
    """
    if not isinstance(value, Fraction):
        return str(mpmath.nstr(value, 6))
    # Python refuses to write out more than 4,300 digits.
    is_long = max(value.numerator.bit_length(), value.denominator.bit_length()) > _MAX_WRITTEN_BITS
    if is_long or len(str(value)) > 40:
        return str(mpmath.nstr(inexact(value), 8))
    return str(value)
