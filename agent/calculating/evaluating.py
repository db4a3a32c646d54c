"""A tree in, its value by sympy out. Names and functions are looked up in tables of ours, never in Python's."""

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import sympy

from agent.calculating import calculus
from agent.calculating.equations import as_solved
from agent.calculating.functions import FUNCTION_TABLE
from agent.calculating.limits import MAX_EXPONENT, check_count, check_power, check_size
from agent.calculating.list_functions import matrix_of
from agent.calculating.names import CONSTANTS, FUNCTIONS
from agent.calculating.nodes import Call, Listed, Name, Node, Number, Relation
from agent.calculating.units import UnitBook
from agent.calculating.values import CannotWork, Quantity, Ready, Rel, Solved

_CONSTANTS: dict[str, Any] = {
    "pi": sympy.pi, "e": sympy.E, "E": sympy.E, "i": sympy.I, "I": sympy.I, "tau": 2 * sympy.pi,
    "oo": sympy.oo, "inf": sympy.oo, "infinity": sympy.oo, "Infinity": sympy.oo, "golden_ratio": sympy.GoldenRatio,
    "GoldenRatio": sympy.GoldenRatio, "phi_golden": sympy.GoldenRatio, "True": True, "true": True, "False": False,
    "false": False,
}  # fmt: skip
_COMPARISONS = {"eq": "=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "ne": "!="}
# Their arguments are looked at before they are worked out: the names among them stand for themselves.
_WITH_VARIABLES = ("diff", "integrate", "limit", "sum", "product", "series", "solve", "subs", "coeff", "degree")


class Evaluator:
    """Works out the statements of one text.

    Args:
        units: Where units are meant, the book that knows them.
    """

    def __init__(self, units: UnitBook | None = None) -> None:
        self.units = units
        self.names: dict[str, Any] = {}
        self.has_decimals = False
        self._functions: dict[str, tuple[tuple[str, ...], Node]] = {}
        self._bound: set[str] = set()
        self._depth = 0

    def define(self, name: str, parameters: tuple[str, ...], body: Node) -> None:
        """Remember a function: `f(x) = x^2`."""
        self._functions[name] = parameters, body

    def value(self, node: Node) -> Any:
        """What a tree comes to.

        Raises:
            CannotWork: If it comes to nothing; or `TooLarge`.
        """
        match node:
            case Number(text):
                self.has_decimals = self.has_decimals or not text.isdigit()
                return sympy.Rational(text)
            case Name(name):
                return self._name(name)
            case Relation(sign, left, right):
                return Rel(sign, self.value(left), self.value(right))
            case Listed(items):
                return [self.value(item) for item in items]
            case Call(name, arguments):
                return self._call(name, arguments)

    def _name(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        if name in CONSTANTS and name not in self._bound:
            return _CONSTANTS[name]
        if self.units is not None and name not in self._bound and self.units.knows(name):
            return self.units.value(name)
        return sympy.Symbol(name)

    def _call(self, name: str, arguments: tuple[Node, ...]) -> Any:
        if name in self._functions:
            return self._own(name, arguments)
        if name in _WITH_VARIABLES:
            return self._with_variables(name, arguments)
        if (
            name == "mod"
            and len(arguments) == 2
            and isinstance(arguments[0], Call)
            and arguments[0].name in ("^", "pow")
        ):
            powered = self._power_modulo(arguments[0].arguments, arguments[1])
            if powered is not None:
                return powered
        self.has_decimals = self.has_decimals or name == "round"
        values = [self.value(each) for each in arguments]
        if name in _COMPARISONS and len(values) == 2:
            return Rel(_COMPARISONS[name], *values)
        if name in _OPERATIONS:
            if len(values) not in _COUNTS.get(name, (len(values),)):
                raise CannotWork(f"{name} takes {' or '.join(map(str, _COUNTS[name]))} arguments, not {len(values)}.")
            return check_size(_OPERATIONS[name](*map(operand, values)))
        work = FUNCTION_TABLE.get(name)
        if work is None:
            near = difflib.get_close_matches(name, FUNCTIONS, 3)
            raise CannotWork(f"There is no function {name!r} here." + (f" There is {', '.join(near)}." if near else ""))
        return check_size(work(values))

    def _own(self, name: str, arguments: tuple[Node, ...]) -> Any:
        parameters, body = self._functions[name]
        if len(arguments) != len(parameters):
            raise CannotWork(f"{name} takes {len(parameters)} arguments, not {len(arguments)}.")
        self._depth += 1
        if self._depth > 20:
            raise CannotWork(f"{name} calls itself without end.")
        before = self.names
        self.names = before | {key: self.value(each) for key, each in zip(parameters, arguments, strict=True)}
        try:
            return self.value(body)
        finally:
            self.names = before
            self._depth -= 1

    def _with_variables(self, name: str, arguments: tuple[Node, ...]) -> Any:
        if not arguments:
            raise CannotWork(f"{name} needs an argument.")
        variables = _variables(name, arguments[1:])
        before, names = self._bound, self.names
        self._bound = before | variables
        self.names = {known: value for known, value in names.items() if known not in variables}
        try:
            first, *rest = [self.value(each) for each in arguments]
        finally:
            self._bound, self.names = before, names
        if name == "solve":
            return as_solved(first, rest)
        work: Callable[..., Any] = getattr(calculus, name)
        return check_size(work(operand(first), *rest))

    def _power_modulo(self, powered: tuple[Node, ...], modulus: Node) -> Any | None:
        """A power of whole numbers within a remainder, however large; None if it is not one."""
        if len(powered) != 2:
            return None
        try:
            return power_modulo(*(self.value(each) for each in (*powered, modulus)))
        except CannotWork:
            return None


def _variables(name: str, arguments: Sequence[Node]) -> set[str]:
    """The variables that a call names: `x`, `(x, 0, 1)`, `k = 1`; of solve and diff all of them, `[x, y]`."""
    found: set[str] = set()
    for number, node in enumerate(arguments):
        match node:
            case Name(variable) if number == 0 or name in ("diff", "solve"):
                found.add(variable)
            case Listed(items) if name in ("diff", "solve"):
                found |= {each.name for each in items if isinstance(each, Name)}
            case Listed((Name(variable), *_)) | Relation(left=Name(variable)):
                found.add(variable)
    return found - {"pi", "oo", "inf", "infinity"}


def operand(value: Any) -> Any:
    """A value that can be reckoned with: lists are matrices, solutions their values.

    Raises:
        CannotWork: If it is none.
    """
    if isinstance(value, list):
        return matrix_of(value)
    if isinstance(value, Solved):
        found = value.values()
        return found[0] if len(found) == 1 else matrix_of(found)
    if isinstance(value, bool | Rel | Ready | Quantity):
        raise CannotWork("An equation or a text stands where a number is needed.")
    return value


def power(base: Any, exponent: Any) -> Any:
    """A power, of numbers only if it can be written down."""
    if isinstance(exponent, sympy.MatrixBase):
        raise CannotWork("A matrix cannot be an exponent here.")
    if isinstance(base, sympy.MatrixBase):
        check_count(abs(exponent), "the power of a matrix", 1_000)
        return base**exponent
    if base == 0 and exponent.is_negative:
        raise CannotWork("Division by zero.")
    check_power(base, exponent)
    if exponent.is_Integer and abs(exponent) > MAX_EXPONENT and base.is_number and not base.is_Atom:
        return sympy.Pow(base, exponent, evaluate=False)
    return base**exponent


def power_modulo(base: Any, exponent: Any, within: Any) -> Any:
    """The remainder of a power of whole numbers, however large that is."""
    is_whole = all(getattr(each, "is_Integer", False) for each in (base, exponent, within))
    if not is_whole or within < 1 or exponent < 0:
        raise CannotWork("pow with three arguments takes whole numbers, the last one above 0.")
    return sympy.Integer(pow(int(base), int(exponent), int(within)))


def divided(left: Any, right: Any) -> Any:
    """A quotient."""
    if isinstance(right, sympy.MatrixBase):
        return left * right.inv()
    if right == 0:
        raise CannotWork("Division by zero.")
    return left / right


def times(left: Any, right: Any) -> Any:
    """A product; of two vectors that lie the same way, their dot product."""
    are_vectors = all(isinstance(each, sympy.MatrixBase) and each.shape[1] == 1 for each in (left, right))
    return left.dot(right) if are_vectors and left.shape == right.shape and left.shape != (1, 1) else left * right


def plus(left: Any, right: Any) -> Any:
    """A sum; a number is not added to a matrix."""
    if isinstance(left, sympy.MatrixBase) != isinstance(right, sympy.MatrixBase):
        raise CannotWork("A number cannot be added to a matrix.")
    return left + right


_COUNTS = {"pow": (2, 3), "degrees": (1,), "todegrees": (1,)}
_OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": plus,
    "-": lambda left, right: plus(left, -right),
    "*": times,
    "/": divided,
    "//": lambda left, right: sympy.floor(divided(left, right)),
    "^": power,
    "pow": lambda base, exponent, within=None: (
        power(base, exponent) if within is None else power_modulo(base, exponent, within)
    ),
    "neg": lambda value: -value,
    "percent": lambda value: value / 100,
    "degrees": lambda value: value * sympy.pi / 180,
    "todegrees": lambda value: value * 180 / sympy.pi,
}
