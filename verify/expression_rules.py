"""Rules for algebra: two expressions or two equations are compared by what they are worth at many points."""

import random
import re
from collections.abc import Iterator
from fractions import Fraction

import mpmath

from verify.expression import (
    DIGITS,
    Apply,
    NotReadable,
    NoValue,
    TooLarge,
    Tree,
    Value,
    evaluate,
    inexact,
    is_same,
    names_in,
    read,
)
from verify.number_rules import as_arithmetic
from verify.rules import ComparesParts, Finding, Policy, correct, undecided, wrong

_POINTS = 8
_MAX_NAMES = 8
_EQUALS = re.compile(r"(?<![<>\\!=])=(?!=)")


def _tree(form: str) -> Tree | None:
    try:
        return read(as_arithmetic(form))
    except NotReadable:
        return None


def algebra(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Two expressions in the same variables."""
    wanted, given = _tree(gold), _tree(candidate)
    if wanted is None or given is None:
        return None
    names = names_in(wanted) | names_in(given)
    if len(names) > _MAX_NAMES:
        return None
    try:
        values = [(_at(wanted, point), _at(given, point), is_positive) for point, is_positive in _points(names)]
    except TooLarge:
        return undecided("a number in it has too many digits to be worked out")
    told = 0
    for one, other, is_positive in values:
        if one is None or other is None:
            continue
        is_real = not mpmath.im(inexact(one)) and not mpmath.im(inexact(other))
        if is_same(one, other):
            told += is_positive
        elif is_positive or is_real:
            return wrong(_apart(gold, candidate, names_in(wanted), names_in(given)))
    if told < _POINTS // 2:
        return None
    return correct(f"{candidate} equals {gold}" + (f" (the same value at {told} points)" if names else ""))


def _apart(gold: str, candidate: str, wanted: set[str], given: set[str]) -> str:
    if given - wanted and not given & wanted:
        other = f"in {', '.join(sorted(wanted))}" if wanted else "a number"
        return f"it is in {', '.join(sorted(given))}, the reference {other}"
    return f"{candidate} is not {gold}"


def _at(tree: Tree, point: dict[str, Value]) -> Value | None:
    try:
        return evaluate(tree, point)
    except NoValue:
        return None


def _points(names: set[str]) -> Iterator[tuple[dict[str, Value], bool]]:
    """Values for the names, and whether all are positive: among others, powers and roots have several branches."""
    draw = random.Random(17)
    for number in range(_POINTS + 4):
        is_positive = number < _POINTS
        signs = (1,) if is_positive else (-1, 1)
        # Fractions keep polynomials exact.
        values: dict[str, Value] = {
            name: Fraction(draw.choice(signs) * draw.randint(3, 40), draw.randint(7, 19)) for name in sorted(names)
        }
        yield values, is_positive


def equation(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Two equations: the same up to a factor."""
    sides = [_EQUALS.split(form) for form in (gold, candidate)]
    if any(len(each) != 2 for each in sides):
        return None
    trees = [_tree(side) for each in sides for side in each]
    known = [tree for tree in trees if tree is not None]
    if len(known) < len(trees):
        return None
    names = set().union(*(names_in(tree) for tree in known))
    if not names or len(names) > _MAX_NAMES:
        return None
    one_side, other_side = (Apply("-", (left, right)) for left, right in (known[:2], known[2:]))
    quotient = Apply("/", (other_side, one_side))
    ratio: Value | None = None
    told = 0
    try:
        for point, is_positive in _points(names):
            one, other = _at(one_side, point), _at(other_side, point)
            if one is None or other is None or not is_positive:
                continue
            if is_zero(one) != is_zero(other):
                return wrong("it is another equation")
            if is_zero(one):
                continue
            here = _at(quotient, point)
            if here is None or (ratio is not None and not is_same(ratio, here)):
                return wrong("it is another equation")
            ratio, told = here, told + 1
    except TooLarge:
        return undecided("a number in it has too many digits to be worked out")
    return correct("it is the same equation") if told >= _POINTS // 2 else None


def is_zero(value: Value) -> bool:
    """Whether a difference is none."""
    if isinstance(value, Fraction):
        return value == 0
    with mpmath.workdps(DIGITS):
        return bool(abs(value) < mpmath.mpf(10) ** -(DIGITS - 10))
