"""A calculation as a text in, its result as a text out: the steps put together."""

import re
from collections.abc import Callable
from typing import Any

import sympy

from agent.calculating.equations import solved
from agent.calculating.evaluating import Evaluator, operand
from agent.calculating.grammar import read
from agent.calculating.limits import MAX_CHARACTERS, NotReadable
from agent.calculating.nodes import Call, Listed, Name, Node, Number, Relation
from agent.calculating.phrases import conversion_in, temperature_of, without_phrases
from agent.calculating.showing import digits_of, echoed, told
from agent.calculating.spelling import plain_spelling
from agent.calculating.unit_table import UNITS
from agent.calculating.units import UnitBook, converted, means_units
from agent.calculating.values import CannotWork, Quantity, Ready, Rel, Solved

_SIGNS = ("+", "-", "*", "/", "^", "neg")
_INCHES = re.compile(r"(?<=\d)\s*in\b\.?(?=\s*(?:\Z|[-+*/^,)]|to\b|in\b|into\b|as\b))")
_TO_SCALE = re.compile(r"\A(?:what is|convert)\s+|\s+(?:to|in|into|as)\s+\S+\s*\Z", re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(r"(\d[\d.]*\s*[a-zA-Z]+)(?:\s+and)?\s+(?=[\d.]+\s*[a-zA-Z])")


def work_out(text: str, decimal: Callable[[Any], Any] = digits_of) -> str:
    """What a calculation comes to.

    Args:
        decimal: Gives a value's digits, or None if that takes too long.

    Raises:
        NotReadable: If it is no calculation.
        CannotWork: If it is one that comes to nothing, or that nobody here can work out.
        TooLarge: If it would take for ever.

    >>> work_out("36*14"), work_out("solve x^2-5x+6=0"), work_out("3 km to miles")
    ('36*14 = 504', 'x^2 - 5*x + 6 = 0: x = 2 or x = 3', '3 km = 1.86411357671 miles (rounded; exactly 15625/8382)')
    """
    if len(text) > MAX_CHARACTERS:
        raise NotReadable(f"It has {len(text):,} characters and the limit is {MAX_CHARACTERS:,}. Split it.")
    if not text.strip():
        raise NotReadable("There is nothing to work out. Give a calculation, for example 36*14.")
    text = plain_spelling(text)
    temperature = temperature_of(re.sub(r"\A(?:what is|convert)\s+|\?\Z", "", text, flags=re.IGNORECASE))
    if temperature:
        degrees, scale = temperature
        found = Quantity(sympy.Rational(degrees.numerator, degrees.denominator), scale)
        return f"{_TO_SCALE.sub('', text)} = {told(found, True, decimal)}"
    text = without_phrases(text)
    conversion = conversion_in(text)
    if conversion:
        return _converted(*conversion, decimal)
    if means_units(text):
        return _with_units(text, decimal)
    return _statements(read(text), Evaluator(), decimal)


# ---------------------------------------------------------------------- units


def _converted(text: str, unit: str, decimal: Callable[[Any], Any]) -> str:
    book = UnitBook()
    evaluator = Evaluator(book)
    nodes = _nodes_with_units(text)
    if len(nodes) != 1:
        raise NotReadable("One quantity can be converted at a time.")
    target = unit.replace("in", "inch") if unit == "in" else unit
    value = operand(evaluator.value(nodes[0]))
    wanted = operand(evaluator.value(_nodes_with_units(target)[0]))
    return f"{text.strip()} = {told(converted(value, wanted, unit.strip()), evaluator.has_decimals, decimal)}"


def _with_units(text: str, decimal: Callable[[Any], Any]) -> str:
    book = UnitBook()
    evaluator = Evaluator(book)
    nodes = _nodes_with_units(text)
    node = nodes[-1]
    if isinstance(node, Relation) and node.sign == "=":
        node = node.right
    value = book.told(operand(evaluator.value(node)))
    if _is_lone_quantity(node):
        raise CannotWork(f"{text.strip()} is a quantity as it is. To convert it, name the unit, as in 3 km to miles.")
    return f"{text.strip()} = {told(value, evaluator.has_decimals, decimal)}"


def _is_lone_quantity(node: Node) -> bool:
    match node:
        case Call("*", (Number(), Name())):
            return True
    return False


def _nodes_with_units(text: str) -> list[Node]:
    text = _INCHES.sub(" inch", text)
    # 5 ft 3 inch, 2 hours and 30 minutes.
    text = _SIDE_BY_SIDE.sub(r"\1 + ", text) if not re.search(r"[-+*/^()]", text) else text
    text = re.sub(r"(?<=[a-zA-Z])([23])\b", r"^\1", text)
    return read(text, frozenset(UNITS) - {"min"} if "min(" in text else frozenset(UNITS))


# ---------------------------------------------------------------------- statements


def _statements(nodes: list[Node], evaluator: Evaluator, decimal: Callable[[Any], Any]) -> str:
    """The result of the last statement, after those before it; or what solves all, if all are equations."""
    flat = [part for node in nodes for part in _parts(node)]
    relations = [node for node in flat if isinstance(node, Relation) and not _defines_function(node)]
    if len(relations) > 1 and len(relations) == len(flat):
        return _together(relations, evaluator, decimal)
    results = []
    for number, node in enumerate(nodes):
        is_last = number == len(nodes) - 1
        if isinstance(node, Relation) and _defines_function(node):
            _define(node, evaluator)
        elif not is_last and isinstance(node, Relation) and node.sign == "=" and isinstance(node.left, Name):
            evaluator.names[node.left.name] = evaluator.value(node.right)
        elif not is_last and isinstance(node, Listed) and all(isinstance(each, Relation) for each in node.items):
            for each in node.items:
                if isinstance(each, Relation) and isinstance(each.left, Name):
                    evaluator.names[each.left.name] = evaluator.value(each.right)
        elif is_last or (isinstance(node, Call) and node.name == "print") or not isinstance(node, Relation):
            results.append(_result(node, evaluator, decimal))
    if not results:
        raise NotReadable("Nothing is asked for: put the calculation last.")
    return "\n".join(results)


def _parts(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Listed) and not node.is_list else (node,)


def _defines_function(node: Node) -> bool:
    return (
        isinstance(node, Relation)
        and node.sign == "="
        and isinstance(node.left, Call)
        and len(node.left.name) <= 12
        and node.left.name.isidentifier()
        and node.left.name in ("f", "g", "h")
        and all(isinstance(each, Name) for each in node.left.arguments)
    )


def _define(node: Relation, evaluator: Evaluator) -> None:
    assert isinstance(node.left, Call)
    evaluator.define(
        node.left.name, tuple(each.name for each in node.left.arguments if isinstance(each, Name)), node.right
    )


def _together(relations: list[Relation], evaluator: Evaluator, decimal: Callable[[Any], Any]) -> str:
    values = [evaluator.value(each) for each in relations]
    return told(solved([_sides(each) for each in values]), evaluator.has_decimals, decimal)


def _sides(value: Any) -> Rel:
    if not isinstance(value, Rel):
        raise CannotWork("An equation was expected.")
    return Rel(value.sign, operand(value.left), operand(value.right))


def _result(node: Node, evaluator: Evaluator, decimal: Callable[[Any], Any]) -> str:
    node = node.arguments[0] if isinstance(node, Call) and node.name == "print" and node.arguments else node
    if isinstance(node, Listed) and not node.is_list:
        return "\n".join(_result(each, evaluator, decimal) for each in node.items)
    value = evaluator.value(node)
    asked = echoed(node)
    if isinstance(node, Call) and node.name in _SIGNS and isinstance(value, sympy.Expr) and value.free_symbols:
        value = _simpler(value)
    if isinstance(value, Rel):
        value = solved([_sides(value)])
        is_definition = isinstance(node, Relation) and isinstance(node.left, Name) and isinstance(value, Solved)
        found = told(value, evaluator.has_decimals, decimal)
        return found if is_definition or not asked else f"{asked}: {found}"
    if isinstance(node, Name) and isinstance(value, sympy.Symbol):
        raise NotReadable(f"{node.name!r} is a name, not a calculation.")
    _check_defined(value)
    found = told(value, evaluator.has_decimals, decimal) + (" + C" if _is_indefinite(node) else "")
    found += _remark(node)
    if isinstance(value, Solved | Ready | bool):
        return f"{_solve_echo(node) or asked}: {found}" if asked else found
    if isinstance(value, sympy.Expr) and value.free_symbols and asked.replace(" ", "") == found.replace(" ", ""):
        return _as_it_is(value, found, decimal)
    if not asked or asked.replace(" ", "") == found.split(" ≈ ")[0].split(" = ")[0].replace(" ", ""):
        return found
    return f"{asked} = {found}"


def _as_it_is(value: Any, found: str, decimal: Callable[[Any], Any]) -> str:
    """An expression of which it is not said what to do with it: its factors and zeros, where it is a polynomial."""
    symbols = tuple(value.free_symbols)
    if len(symbols) == 1 and value.is_polynomial(*symbols) and 2 <= sympy.degree(value, *symbols) <= 6:
        factored = told(sympy.factor(value))
        equals = "" if factored == found else f" = {factored}"
        return f"{found}{equals}; it is 0 for {told(solved([Rel('=', value, sympy.S.Zero)]), False, decimal)}"
    return (
        f"{found} (nothing to work out; say what to do: solve ... = 0, diff(..., x), integrate(..., x), ... at x = 2)"
    )


def _simpler(value: Any) -> Any:
    """An expression simplified, if that makes it shorter."""
    if sympy.count_ops(value) > 60:
        return value
    found = sympy.simplify(value)
    return found if len(str(found)) < len(str(value)) else value


def _remark(node: Node) -> str:
    """What somebody may have meant otherwise."""
    match node:
        case Call("sin" | "cos" | "tan" as name, (Number(text),)) if text.isdigit() and int(text[:9]) >= 10:
            return f" (angle in radians; for degrees write {name}({text}°))"
        case Call("^", (Call("neg", (Number(text),)), Call("/", (Number("1"), Number(degree))))) if degree.isdigit():
            if int(degree) % 2:
                return f" (the complex principal root; the real one is root(-{text}, {degree}))"
    return ""


def _is_indefinite(node: Node) -> bool:
    """Whether this is an integral without bounds."""
    return (
        isinstance(node, Call)
        and node.name == "integrate"
        and len(node.arguments) <= 2
        and not any(isinstance(each, Listed) for each in node.arguments[1:])
    )


def _solve_echo(node: Node) -> str:
    """The equation alone of `solve([x^2 = 4], x)`."""
    if isinstance(node, Call) and node.name == "solve":
        first = node.arguments[0]
        items = first.items if isinstance(first, Listed) else (first,)
        return ", ".join(echoed(each) for each in items)
    return ""


def _check_defined(value: Any) -> None:
    if isinstance(value, sympy.Basic) and value.has(sympy.nan, sympy.zoo):
        raise CannotWork("It is not defined.")
