"""A value in, the text that a model is told out: exact, with a decimal where it helps, and never endless."""

import re
from collections.abc import Callable
from typing import Any

import sympy

from agent.calculating.limits import number_of_digits
from agent.calculating.nodes import Call, Listed, Name, Node, Number, Relation
from agent.calculating.values import Quantity, Ready, Rel, Solved

MAX_RESULT_CHARACTERS = 2_000
_MAX_ECHO_CHARACTERS = 160
_DIGITS = 12
_LONG_NUMBER_DIGITS = 40
_MAX_SOLUTIONS = 24


def told(value: Any, is_decimal: bool = False, decimal: Callable[[Any], Any] | None = None) -> str:
    """A result.

    Args:
        is_decimal: Whether the calculation was written with decimals, so that its result is first of all one.
        decimal: Gives the digits of a value, or None if that takes too long.

    >>> told(sympy.Rational(1, 3)), told(sympy.Rational(3, 10), is_decimal=True), told(sympy.sqrt(2))
    ('1/3 ≈ 0.333333333333', '0.3', 'sqrt(2) ≈ 1.41421356237')
    """
    decimal = decimal or digits_of
    if isinstance(value, Solved):
        return _solved(value, decimal)
    if isinstance(value, Ready):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Quantity):
        return _quantity(value, decimal)
    if isinstance(value, list):
        return "[" + ", ".join(told(each, is_decimal, decimal) for each in value) + "]"
    if isinstance(value, Rel):
        return f"{written(value.left)} {value.sign} {written(value.right)}"
    return _number(value, is_decimal, decimal)


def _number(value: Any, is_decimal: bool, decimal: Callable[[Any], Any]) -> str:
    if isinstance(value, sympy.Integer):
        n_digits = number_of_digits(int(value))
        return written(value) + (f" ({n_digits:,} digits)" if n_digits > _LONG_NUMBER_DIGITS else "")
    if isinstance(value, sympy.Expr) and value.is_number and value.has(sympy.I) and not value.has(sympy.Float):
        value = sympy.expand_complex(value) if len(str(value)) < 200 else value
    exact = written(value)
    if isinstance(value, sympy.Float):
        return exact
    if isinstance(value, sympy.Expr) and value.has(sympy.I) and all(each.is_Integer for each in value.as_real_imag()):
        return exact
    if not getattr(value, "is_number", False) or value in (sympy.oo, -sympy.oo):
        return exact
    near = decimal(value)
    if near is None or near.text == exact:
        return exact
    if is_decimal and value.is_Rational:
        return near.text if near.is_exact else f"{near.text} (rounded{'; exactly ' + exact if len(exact) < 60 else ''})"
    return f"{exact} {'=' if near.is_exact else '≈'} {near.text}"


def _solved(value: Solved, decimal: Callable[[Any], Any]) -> str:
    ways = [
        ", ".join(f"{name} {_sign(each)} {_solution(each, decimal)}" for name, each in way.items())
        for way in value.ways[:_MAX_SOLUTIONS]
    ]
    several = any(len(way) > 1 for way in value.ways)
    text = ("; or " if several else " or ").join(ways)
    left_out = len(value.ways) - len(ways)
    text += f" or {left_out:,} more" if left_out > 0 else ""
    return f"{text} ({value.words})" if value.words else text


def _solution(value: Any, decimal: Callable[[Any], Any]) -> str:
    near = decimal(value) if value.has(sympy.Float) and value.is_number else None
    return near.text if near else _number(value, False, decimal)


def _sign(value: Any) -> str:
    return "≈" if value.has(sympy.Float) else "="


def _quantity(value: Quantity, decimal: Callable[[Any], Any]) -> str:
    number = value.value
    near = decimal(number) if number.is_number else None
    if near is None or number.is_Integer:
        return f"{written(number)} {value.unit}"
    exact = written(number)
    is_short = len(exact) <= 24 and not near.is_exact
    note = "" if near.is_exact else f" (rounded; exactly {exact})" if is_short else " (rounded)"
    return f"{near.text} {value.unit}{note}"


class Digits:
    """A number by its digits; `is_exact` if these are all."""

    def __init__(self, text: str, is_exact: bool) -> None:
        self.text, self.is_exact = text, is_exact


def digits_of(value: Any) -> Digits | None:
    """A number by its digits; None if it has none that can be found.

    >>> digits_of(sympy.Rational(1, 8)).text, digits_of(sympy.pi).text, digits_of(sympy.Rational(10**30, 7)).text
    ('0.125', '3.14159265359', '1.42857142857e+29')
    """
    if value.is_Rational and _is_finite_decimal(value):
        return Digits(_decimal_text(value), True)
    number = sympy.N(value, _DIGITS)
    if (
        not number.is_number
        or number.has(sympy.nan, sympy.zoo, sympy.oo)
        or not (number.is_Float or number.is_Add or number.is_Mul)
    ):
        return None
    if number.is_Float:
        return Digits(_float_text(number), False)
    real, imaginary = number.as_real_imag()
    if not (real.is_Float or real == 0) or not imaginary.is_Float:
        return None
    # What is left by rounding is nothing.
    if real != 0 and abs(imaginary) < abs(real) * sympy.Float("1e-11"):
        return Digits(_float_text(real), False)
    sign = "-" if imaginary < 0 else "+"
    front = f"{_float_text(real)} {sign} " if real != 0 else ("-" if imaginary < 0 else "")
    size = _float_text(abs(imaginary))
    return Digits(f"{front}{'' if size == '1' else size}i", False)


def _is_finite_decimal(value: Any) -> bool:
    rest = value.q
    if rest.bit_length() > 64:
        return False
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1 and number_of_digits(abs(value.p)) <= 20


def _decimal_text(value: Any) -> str:
    places = 0
    scaled = abs(value)
    while scaled.q != 1:
        scaled, places = scaled * 10, places + 1
    text = str(scaled).rjust(places + 1, "0")
    return ("-" if value < 0 else "") + (f"{text[:-places]}.{text[-places:]}" if places else text)


def _float_text(number: Any) -> str:
    text = str(number)
    mantissa, mark, exponent = text.partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return mantissa + mark + exponent


def written(value: Any) -> str:
    """An expression as it is written here: `^` for powers, ln for the natural logarithm, i and e.

    >>> x = sympy.Symbol("x")
    >>> written(x**2 * sympy.log(x) + sympy.I), written(sympy.Matrix([[1, 2], [3, 4]]))
    ('x^2*ln(x) + i', '[[1, 2], [3, 4]]')
    """
    if isinstance(value, sympy.Integer):
        n_digits = number_of_digits(int(value))
        if n_digits > 1_000:
            first = str(int(value) // 10 ** (n_digits - 40))
            return f"{first}...{abs(int(value)) % 10**40:040d}"
        return str(int(value))
    if isinstance(value, sympy.Float):
        return _float_text(value)
    if isinstance(value, sympy.MatrixBase):
        rows = value.tolist()
        if value.shape[1] == 1 and value.shape[0] > 1:
            return "[" + ", ".join(written(row[0]) for row in rows) + "]"
        return "[" + ", ".join("[" + ", ".join(written(each) for each in row) + "]" for row in rows) + "]"
    text = sympy.sstr(value, order=None).replace("**", "^")
    text = re.sub(r"\blog\(", "ln(", text)
    text = re.sub(r"\bI\b", "i", text)
    text = re.sub(r"\bzoo\b", "undefined", re.sub(r"\boo\b", "infinity", text))
    text = re.sub(r"\bE\b", "e", text)
    if len(text) > MAX_RESULT_CHARACTERS:
        return f"{text[:MAX_RESULT_CHARACTERS]}... ({len(text):,} characters)"
    return text


# ---------------------------------------------------------------------- the calculation itself

_SHOWN_NAMES = {"evalf": "N", "ceiling": "ceil", "inv": "inverse", "eigenvals": "eigenvalues", "rational": "Rational"}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "mod": 2, "neg": 3, "^": 4}


def echoed(node: Node) -> str:
    """A calculation as it was understood; empty if that is long."""
    text = _written_node(node, 0)
    return text if len(text) <= _MAX_ECHO_CHARACTERS else ""


def _written_node(node: Node, above: int) -> str:
    match node:
        case Number(text):
            return text
        case Name(name):
            return name
        case Relation(sign, left, right):
            return f"{_written_node(left, 0)} {sign} {_written_node(right, 0)}"
        case Listed(items, is_list):
            inner = ", ".join(_written_node(each, 0) for each in items)
            return f"[{inner}]" if is_list else inner if above == 0 else f"({inner})"
        case Call(name, arguments) if name in _PRECEDENCE and len(arguments) in (1, 2):
            return _written_sign(name, arguments, above)
        case Call("!" | "!!" | "percent" | "degrees" as name, (inner,)):
            sign = {"percent": "%", "degrees": "°"}.get(name, name)
            return _written_node(inner, 5) + sign
        case Call("item", (owner, *places)):
            return f"{_written_node(owner, 5)}[{', '.join(_written_node(each, 0) for each in places)}]"
        case Call(name, arguments):
            shown = "ln" if name == "log" and len(arguments) == 1 else _SHOWN_NAMES.get(name, name)
            return f"{shown}({', '.join(_written_node(each, 1) for each in arguments)})"


def _written_sign(name: str, arguments: tuple[Node, ...], above: int) -> str:
    own = _PRECEDENCE[name]
    if name == "neg":
        text = f"-{_written_node(arguments[0], own)}"
    elif name == "^":
        text = f"{_written_node(arguments[0], 5)}^{_written_node(arguments[1], 4)}"
    else:
        left, right = _written_node(arguments[0], own), _written_node(arguments[1], own + 1)
        space = " " if own == 1 or name in ("mod", "//") else ""
        text = f"{left}{space}{name}{space}{right}"
    return f"({text})" if own < above else text
