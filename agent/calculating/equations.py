"""Equations and inequalities in, what solves them out: exactly where sympy can, else by numbers."""

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.solvers.inequalities import solve_univariate_inequality

from agent.calculating.values import CannotWork, Ready, Rel, Solved

_CLASSES = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge, "!=": sympy.Ne}
# Where a root is looked for by numbers if it cannot be found exactly.
_STARTS = (0.5, -0.5, 1, -1, 2, -2, 3.5, -3.5, 6, -6, 10, -10, 25, -25, 100, -100)
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
    if sympy.simplify(difference) == 0:
        return Ready(f"every {unknown} solves it")
    try:
        found = sympy.solve(difference, unknown)
    except NotImplementedError:
        found = None
    name = str(unknown)
    if not found:
        near = _by_numbers(difference, unknown) if len(symbols) == 1 else []
        if near:
            return Solved(tuple({name: each} for each in near), "found by numbers near 0; there may be more")
        if found is None:
            raise CannotWork(f"No way was found to solve this for {name}.")
        return Ready(f"no {name} solves it")
    found = [_readable(each, difference, unknown) for each in found]
    real = [each for each in found if each.is_real is not False and not (each.is_number and sympy.im(each) != 0)]
    words = ""
    if difference.has(sympy.sin, sympy.cos, sympy.tan, sympy.cot) and any(
        each.has(unknown) for each in difference.atoms(sympy.Function)
    ):
        words = "in one period; angles in radians, and whole periods can be added"
    if not real:
        words = f"no real number solves it; these are complex{'; ' + words if words else ''}"
    elif len(real) < len(found):
        others = len(found) - len(real)
        words = f"and {others} complex one{'s' if others > 1 else ''}{'; ' + words if words else ''}"
    shown = sorted(real, key=_order) if real else found
    more = [] if not real or len(real) == len(found) else [each for each in found if each not in real]
    return Solved(tuple({name: each} for each in [*shown, *more]), words)


def _likely_unknown(symbols: Sequence[Any]) -> Any:
    if len(symbols) == 1:
        return symbols[0]
    likely = [each for each in symbols if str(each) in ("x", "y", "z")]
    if len(likely) == 1 or (likely and str(likely[0]) == "x"):
        return likely[0]
    names = ", ".join(map(str, symbols))
    raise CannotWork(f"There are several unknowns ({names}): say which, as in solve(a*b = 12, a).")


def _readable(value: Any, difference: Any, unknown: Any) -> Any:
    """A solution as it stands, or by its digits where it would be a wall of roots."""
    value = sympy.simplify(value) if len(str(value)) < 200 else value
    if len(str(value)) <= 60 or value.free_symbols:
        return value
    number = sympy.N(value, 15, chop=True)
    # Three real roots of a cubic are written with complex ones.
    return sympy.re(number) if abs(sympy.im(number)) < 1e-12 else number


def _by_numbers(difference: Any, unknown: Any) -> list[Any]:
    found: list[Any] = []
    for start in _STARTS:
        try:
            root = sympy.nsolve(difference, unknown, start, prec=15)
        except (ValueError, ZeroDivisionError, TypeError, OverflowError, KeyError, NotImplementedError):
            continue
        if abs(sympy.im(root)) < 1e-10 and not any(abs(root - each) < 1e-9 for each in found):
            found.append(sympy.re(root))
    return sorted(found, key=_order)[:6]


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
                part = solve_univariate_inequality(relation, real, relational=False)
        within = within.intersect(part)
    return Ready(_set_words(sympy.simplify(within), str(unknown)))


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
