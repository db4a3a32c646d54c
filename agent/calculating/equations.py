"""Equations and inequalities in, what solves them out: exactly where sympy can, else by numbers."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import sympy
from sympy.solvers.inequalities import solve_univariate_inequality

from agent.calculating.values import CannotWork, Ready, Rel, Solved

_CLASSES = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge, "!=": sympy.Ne}
# Where roots are looked for by numbers if they cannot be found exactly, in steps of 1/20.
_REACH, _STEPS = 50, 1_000
_MAX_FOUND = 6
# A longer root is told by its digits.
_MAX_ROOT = 60
_MAX_EQUATIONS = 20


def as_solved(asked: Any, wanted: Sequence[Any]) -> Solved | Ready:
    """`solve(f, x)` for an expression (which is to be 0), an equation, an inequality, or a list of them."""
    relations = [_relation(each) for each in (asked if isinstance(asked, list) else [asked])]
    unknowns = [part for each in wanted for part in (each if isinstance(each, list) else [each])]
    names = [each for each in unknowns if isinstance(each, sympy.Symbol)]
    return solved(relations, names)


def solved(relations: Sequence[Rel], unknowns: Sequence[Any] = ()) -> Solved | Ready:
    """What solves all of them.

    Raises:
        CannotWork: If it cannot be found, or it is not clear what for.
    """
    if len(relations) > _MAX_EQUATIONS:
        raise CannotWork(f"There are {len(relations)} equations, and {_MAX_EQUATIONS} can be solved together.")
    symbols = sorted(set().union(*(_symbols(each) for each in relations)), key=str)
    if not symbols:
        return truth(relations)
    if any(each.sign != "=" for each in relations):
        return _inequalities(relations, unknowns or symbols)
    if len(relations) == 1:
        return _equation(relations[0], unknowns, symbols)
    return _system(relations, list(unknowns) or symbols)


def truth(relations: Sequence[Rel]) -> Ready:
    """Whether relations of numbers hold."""
    for each in relations:
        difference = sympy.simplify(each.left - each.right)
        holds = {
            "=": difference.is_zero,
            "!=": not difference.is_zero,
            "<": difference.is_negative,
            ">": difference.is_positive,
            "<=": difference.is_nonpositive,
            ">=": difference.is_nonnegative,
        }[each.sign]
        if holds is None:
            raise CannotWork("It could not be found out whether this holds.")
        if not holds:
            return Ready(f"false: the left side is {_told(each.left)}, the right side is {_told(each.right)}")
    return Ready("true")


def _relation(value: Any) -> Rel:
    if isinstance(value, Rel):
        return Rel(value.sign, _side(value.left), _side(value.right))
    return Rel("=", _side(value), sympy.Integer(0))


def _side(value: Any) -> Any:
    if isinstance(value, Solved) and len(value.values()) == 1:
        return value.values()[0]
    if not isinstance(value, sympy.Expr):
        raise CannotWork("An equation has an expression on each side, as in solve(x^2 = 4, x).")
    return value


def _symbols(relation: Rel) -> set[Any]:
    return set(relation.left.free_symbols | relation.right.free_symbols)


def _told(value: Any) -> str:
    return str(value) if value.is_Rational or not value.is_number else f"{value} ≈ {sympy.N(value, 10)}"


# ---------------------------------------------------------------------- one equation


def _equation(relation: Rel, unknowns: Sequence[Any], symbols: Sequence[Any]) -> Solved | Ready:
    unknown = unknowns[0] if unknowns else _likely_unknown(symbols)
    difference = relation.left - relation.right
    if difference == 0 or (len(str(difference)) < 300 and sympy.simplify(difference) == 0):
        return Ready(f"every {unknown} solves it")
    name = str(unknown)
    if len(symbols) == 1 and _is_mixed(difference, unknown):
        near = _by_numbers(difference, unknown)
        if near:
            return Solved(tuple({name: each} for each in near), f"found by numbers between -{_REACH} and {_REACH}")
    if difference.has(sympy.Abs, sympy.sign, sympy.Min, sympy.Max, sympy.floor):
        # What is done with an absolute value depends on the unknown being real.
        real_unknown = sympy.Symbol(name, real=True)
        difference, unknown = difference.subs(unknown, real_unknown), real_unknown
    try:
        found = _roots(difference, unknown) if len(symbols) == 1 else None
        found = sympy.solve(difference, unknown) if found is None else found
    except NotImplementedError as error:
        raise CannotWork(f"No way was found to solve this for {name}.") from error
    if not found:
        return Ready(f"no {name} solves it")
    found = [_readable(each) for each in found]
    real = sorted((each for each in found if not _is_complex(each)), key=_order)
    complex_ones = [each for each in found if _is_complex(each)]
    words = []
    if not real:
        words.append("no real number solves it; these are complex")
    elif complex_ones:
        words.append(f"the last {'one is' if len(complex_ones) == 1 else f'{len(complex_ones)} are'} complex")
    if difference.has(sympy.sin, sympy.cos, sympy.tan, sympy.cot):
        words.append("in one period; angles in radians, and whole periods can be added")
    return Solved(tuple({name: each} for each in [*real, *complex_ones]), "; ".join(words))


def _is_complex(value: Any) -> bool:
    return bool(value.is_number and value.is_real is not True and abs(sympy.im(sympy.N(value, 15))) > 1e-12)


def _is_mixed(difference: Any, unknown: Any) -> bool:
    """Whether the unknown stands inside a function and outside of it as well, as in cos(x) = x."""
    inside = [each for each in difference.atoms(sympy.Function, sympy.Pow) if _is_transcendental(each, unknown)]
    return bool(inside) and difference.subs({each: sympy.Dummy() for each in inside}).has(unknown)


def _is_transcendental(value: Any, unknown: Any) -> bool:
    is_power = isinstance(value, sympy.Pow) or isinstance(value, sympy.exp)
    return bool(value.exp.has(unknown) if is_power else value.has(unknown) and not isinstance(value, sympy.Abs))


def _roots(difference: Any, unknown: Any) -> list[Any] | None:
    """The roots of a polynomial of degree 3 or more; None if it is none, or sympy's own way is better."""
    polynomial = difference.as_poly(unknown)
    if polynomial is None or polynomial.degree() < 3 or not polynomial.domain.is_QQ and not polynomial.domain.is_ZZ:
        return None
    exact = sympy.roots(polynomial) if polynomial.degree() <= 30 else {}
    if len(exact) and sum(exact.values()) == polynomial.degree() and max(len(str(each)) for each in exact) <= _MAX_ROOT:
        return list(exact)
    if polynomial.degree() > 60:
        raise CannotWork("A polynomial of a degree up to 60 can be solved.")
    return [each for each in sympy.Poly(polynomial.sqf_part()).nroots(n=15, maxsteps=200)]


def _likely_unknown(symbols: Sequence[Any]) -> Any:
    if len(symbols) == 1:
        return symbols[0]
    likely = [each for each in symbols if str(each) in ("x", "y", "z")]
    if len(likely) == 1 or (likely and str(likely[0]) == "x"):
        return likely[0]
    names = ", ".join(map(str, symbols))
    raise CannotWork(f"There are several unknowns ({names}): say which, as in solve(a*b = 12, a).")


def _readable(value: Any) -> Any:
    """A solution as it stands, or by its digits where it would be a wall of roots."""
    value = sympy.simplify(value) if len(str(value)) < 100 else value
    if len(str(value)) <= _MAX_ROOT or value.free_symbols:
        return value
    number = sympy.N(value, 15, chop=True)
    # Three real roots of a cubic are written with complex ones.
    return sympy.re(number) if abs(sympy.im(number)) < 1e-12 else number


def _by_numbers(difference: Any, unknown: Any) -> list[Any]:
    """Where it changes its sign between -50 and 50, halved down to a number; the ones nearest to 0."""
    work = sympy.lambdify(unknown, difference, "math")

    def at(place: float) -> float:
        try:
            found = work(place)
            return float(found) if not isinstance(found, complex) else math.nan
        except (ValueError, OverflowError, ZeroDivisionError, TypeError):
            return math.nan

    places = [(number - _STEPS) * _REACH / _STEPS + 1e-7 for number in range(2 * _STEPS + 1)]
    values = [at(place) for place in places]
    found = []
    for left, right, first, last in zip(places, places[1:], values, values[1:], strict=False):
        if first * last <= 0 and math.isfinite(first) and math.isfinite(last):
            root = _halved(at, left, right)
            # Where it jumps, at a pole, it comes to no small value.
            if abs(at(root)) < 1e-6 * (1 + abs(first) + abs(last)):
                found.append(root)
    nearest = sorted(sorted(found, key=abs)[:_MAX_FOUND])
    return [sympy.Float(root, 12) for root in nearest]


def _halved(at: Callable[[float], float], left: float, right: float) -> float:
    first = at(left)
    for _ in range(80):
        middle = (left + right) / 2
        value = at(middle)
        if first * value <= 0:
            right = middle
        else:
            left, first = middle, value
    return (left + right) / 2


def _order(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0


# ---------------------------------------------------------------------- several


def _system(relations: Sequence[Rel], unknowns: list[Any]) -> Solved | Ready:
    differences = [each.left - each.right for each in relations]
    try:
        found = sympy.solve(differences, unknowns, dict=True)
    except NotImplementedError as error:
        raise CannotWork("No way was found to solve these equations together.") from error
    if not found:
        return Ready("no values solve all of these together")
    ways = []
    for way in found:
        ways.append({str(name): way[name] for name in sorted(way, key=str)})
    free = [each for each in unknowns if not all(str(each) in way for way in ways)]
    words = f"for every {', '.join(map(str, free))}" if free else ""
    return Solved(tuple(ways), words)


def _inequalities(relations: Sequence[Rel], unknowns: Sequence[Any]) -> Ready:
    if len(unknowns) > 1:
        raise CannotWork("Inequalities can be solved for one unknown: say which, and give the others values.")
    (unknown,) = unknowns
    real = sympy.Symbol(str(unknown), real=True)
    within: Any = sympy.S.Reals
    for each in relations:
        left, right = each.left.subs(unknown, real), each.right.subs(unknown, real)
        if each.sign == "=":
            part = sympy.solveset(left - right, real, sympy.S.Reals)
        else:
            relation = _CLASSES[each.sign](left, right)
            if relation in (True, False):
                part = sympy.S.Reals if relation else sympy.S.EmptySet
            else:
                part = _solved_part(relation, real)
        within = within.intersect(part)
    return Ready(_set_words(sympy.simplify(within), str(unknown)))


def _solved_part(relation: Any, unknown: Any) -> Any:
    try:
        return solve_univariate_inequality(relation, unknown, relational=False)
    except NotImplementedError as error:
        raise CannotWork("No way was found to solve this inequality.") from error


def _set_words(found: Any, name: str) -> str:
    """A set of numbers as inequalities."""
    if found is sympy.S.EmptySet:
        return f"no {name} solves it"
    if found == sympy.S.Reals or found == sympy.Interval(-sympy.oo, sympy.oo):
        return f"every real {name} solves it"
    if isinstance(found, sympy.Union):
        return " or ".join(_set_words(part, name) for part in sorted(found.args, key=lambda part: _order(part.inf)))
    if isinstance(found, sympy.FiniteSet):
        return " or ".join(f"{name} = {each}" for each in found)
    if isinstance(found, sympy.Interval):
        left = "" if found.start == -sympy.oo else f"{found.start} {'<' if found.left_open else '<='} "
        right = "" if found.end == sympy.oo else f" {'<' if found.right_open else '<='} {found.end}"
        if not left:
            return f"{name}{right}"
        if not right:
            return f"{name} {'>' if found.left_open else '>='} {found.start}"
        return f"{left}{name}{right}"
    if isinstance(found, sympy.Complement):
        return f"{_set_words(found.args[0], name)}, but not {', '.join(f'{name} = {each}' for each in found.args[1])}"
    return str(found)
