"""Rules for algebra: two expressions or two equations are compared by what they are worth at many points."""

import random
import re
from collections.abc import Iterator
from fractions import Fraction

import mpmath

from verify.expression import Apply, Name, NotReadable, Tree, names_in, read
from verify.interval_rules import RELATION
from verify.number_forms import as_arithmetic
from verify.rules import TOO_MANY_DIGITS, ComparesParts, Finding, Policy, correct, wrong
from verify.worth import DIGITS, NoValue, TooLarge, Value, evaluate, inexact, is_same

_POINTS = 8
_MAX_NAMES = 8
_FUNCTION = re.compile(r"\A\s*[a-zA-Z](?:\^\{-1\})?\([a-z]\)\s*=")
_TINY = mpmath.mpf(10) ** -30
_WHOLE_NUMBERS = re.compile(
    r"[,;]?\s*(?:\\text\s*\{\s*)?(?:\(\s*)?(?:where\s+|for\s+(?:all\s+|any\s+|some\s+|every\s+)?)?(?:(?:integers?\s+)?[kmn]\s*\}?\s*"
    r"(?:\\in\s*(?:\\mathbb\s*\{?\s*)?[ZN]\s*\}?|(?:\\text\{\s*)?is\s+an(?:y)?\s+integer)|(?:an\s+)?integers?\s+\}?\s*[kmn])\s*[)}]*\s*\Z"
)
_CONGRUENT = re.compile(
    r"(?:[a-zA-Z]\s*\\equiv\s*)?(-?\d{1,30})\s*(?:\\pmod|\\bmod|\\mod|\(?\s*(?:\\text\{\s*)?mod(?:ulo)?\s*\}?)\s*\{?\s*(\d{1,30})\s*[)}]*"
)
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
        return TOO_MANY_DIGITS
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
    if _FUNCTION.match(gold) and candidate.lstrip()[:1] == "y":
        gold = _FUNCTION.sub("y=", gold)
    elif _FUNCTION.match(candidate) and gold.lstrip()[:1] == "y":
        candidate = _FUNCTION.sub("y=", candidate)
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
                return _solved(known, one_side, other_side)
            ratio, told = here, told + 1
    except TooLarge:
        return TOO_MANY_DIGITS
    return correct("it is the same equation") if told >= _POINTS // 2 else None


def inequality(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Two inequalities of which one is a positive multiple of the other, turned round or not."""
    wanted, given = _above_zero(gold), _above_zero(candidate)
    if wanted is None or given is None or wanted[0] != given[0]:
        return None
    names = names_in(wanted[1]) | names_in(given[1])
    if not names or len(names) > _MAX_NAMES:
        return None
    quotient = Apply("/", (given[1], wanted[1]))
    try:
        ratios = [ratio for point, _ in _points(names) if (ratio := _at(quotient, point)) is not None]
    except TooLarge:
        return TOO_MANY_DIGITS
    is_constant = len(ratios) >= _POINTS and all(is_same(ratio, ratios[0]) for ratio in ratios)
    if not is_constant or mpmath.im(inexact(ratios[0])) or inexact(ratios[0]) <= 0:
        return None
    return correct("it is the same inequality")


def _above_zero(form: str) -> tuple[bool, Tree] | None:
    """Whether it may be zero, and the difference that is above zero."""
    signs = RELATION.findall(form)
    if len(signs) != 1:
        return None
    sides = [_tree(side) for side in RELATION.split(form)]
    if sides[0] is None or sides[1] is None:
        return None
    left, right = sides[0], sides[1]
    is_less = signs[0] in ("<", "<=", r"\le", r"\lt")
    may_be_zero = signs[0] in ("<=", ">=", r"\le", r"\ge")
    return may_be_zero, Apply("-", (right, left) if is_less else (left, right))


def _solved(sides: list[Tree], wanted: Tree, given: Tree) -> Finding:
    for solved, equation in ((sides[:2], given), (sides[2:], wanted)):
        left, right = solved
        if isinstance(left, Name) and left.name not in names_in(right) and _is_solved_for(equation, (left, right)):
            return correct(f"it is the same equation, solved for {left.name}")
    return wrong("it is another equation")


def _is_solved_for(equation: Tree, sides: tuple[Tree, Tree]) -> bool:
    """Whether `y = ...` is what an equation says that is linear in y."""
    (name,) = names_in(sides[0])
    told = 0
    for point, is_positive in _points(names_in(equation) | names_in(sides[1])):
        value = _at(sides[1], point)
        if value is None or not is_positive:
            continue
        along = [_at(equation, point | {name: step}) for step in (value, Fraction(1), Fraction(2), Fraction(3))]
        with mpmath.workdps(DIGITS):
            here, one, two, three = [mpmath.nan if each is None else inexact(each) for each in along]
            size = (abs(one) + abs(two) + abs(three)) * _TINY
            if not (abs(here) <= size and abs(one + three - 2 * two) <= size < abs(two - one)):
                return False
        told += 1
    return told >= _POINTS // 2


def family(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    r"""Solutions with a parameter, such as $k\pi$ for every whole $k$: its letter does not matter."""
    (wanted, name, is_wanted_whole), (given, other, is_given_whole) = _parameter(gold), _parameter(candidate)
    if not name or not other or (name == other and not is_wanted_whole and not is_given_whole):
        return None
    renamed = re.sub(rf"(?<![a-zA-Z\\]){other}(?![a-zA-Z])", name, given)
    return compares(wanted, renamed)


def _parameter(form: str) -> tuple[str, str, bool]:
    """The form without *for k in Z*, the parameter, whether it is said to be whole."""
    said = _WHOLE_NUMBERS.search(form)
    text = form[: said.start()].strip(" ,;") if said else form
    letters = set(re.findall(r"(?<![a-zA-Z\\])[kmn](?![a-zA-Z(])", text))
    if len(letters) != 1 or not (said or r"\pi" in text):
        return form, "", False
    return text, letters.pop(), said is not None


def congruence(gold: str, candidate: str, policy: Policy, compares: ComparesParts) -> Finding | None:
    """Remainders with their modulus; the modulus may be missing."""
    wanted, given = _CONGRUENT.fullmatch(gold), _CONGRUENT.fullmatch(candidate)
    if wanted is None and given is None:
        return None
    if wanted is None or given is None:
        return compares(wanted[1] if wanted else gold, given[1] if given else candidate)
    if wanted[2] != given[2]:
        return wrong(f"the modulus is {given[2]}, that of the reference {wanted[2]}")
    if (int(wanted[1]) - int(given[1])) % int(wanted[2] or 1):
        return wrong(f"{candidate} is not {gold}")
    return correct(f"both leave the same remainder modulo {wanted[2]}")


def is_zero(value: Value) -> bool:
    """Whether a difference is none."""
    if isinstance(value, Fraction):
        return value == 0
    with mpmath.workdps(DIGITS):
        return bool(abs(value) < mpmath.mpf(10) ** -(DIGITS - 10))
