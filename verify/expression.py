"""Arithmetic and algebra as people write it, LaTeX or plain, in; a tree out, and what the tree is worth.

Nothing is handed to `eval` or `sympify`. Worth is exact (a fraction) as long as it can be, else 50 digits. Whatever
would be too large to work out in a few milliseconds raises `TooLarge`.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import mpmath

MAX_TOKENS = 2_000
MAX_DEPTH = 60
_MAX_BITS = 60_000
_MAX_FACTORIAL = 3_000
DIGITS = 50

# A fraction is exact; an mpmath number has 50 digits.
Value: TypeAlias = Fraction | mpmath.mpf | mpmath.mpc


class NotReadable(ValueError):
    """The text is not of this grammar."""


class TooLarge(ValueError):
    """The value has too many digits to be worked out."""


class NoValue(ValueError):
    """There is no such number: a division by zero, an unknown name."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it stands there."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """A variable or a constant."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operation or a function on its arguments."""

    operation: str
    arguments: "tuple[Tree, ...]"


Tree: TypeAlias = Number | Name | Apply

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)|(?P<command>\\[a-zA-Z]+)"
    r"|(?P<word>[a-zA-Z]+)|(?P<brace>\\[{}|])|(?P<sign>\*\*|[-+*/^!%(){}\[\]|,_'=]))"
)
_NUMBER_IN_ARGUMENTS = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)")
_FUNCTIONS = {
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "asin", "acos", "atan", "sinh", "cosh",
    "tanh", "cis", "log", "ln", "lg", "exp", "abs", "sqrt", "floor", "ceil", "gcd", "lcm", "min", "max", "cbrt",
}  # fmt: skip
_MANY_ARGUMENTS = {"gcd", "lcm", "min", "max"}
_CONSTANTS = {"pi", "e", "i"}
_GREEK = {
    "alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta", "vartheta", "kappa", "lambda",
    "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "varphi", "chi", "psi", "omega", "Gamma", "Delta", "Theta",
    "Lambda", "Phi", "Psi", "Omega", "Sigma", "ell",
}  # fmt: skip
_TIMES = {"*", r"\times", r"\cdot", r"\ast"}
_OVER = {"/", r"\div"}
_CLOSING = {"(": ")", "[": "]", "{": "}", r"\{": r"\}", r"\lfloor": r"\rfloor", r"\lceil": r"\rceil"}


def read(text: str) -> Tree:
    r"""The tree of a text.

    Args:
        text: In the spelling of `verify.normal_form`.

    Raises:
        NotReadable: If any of it is not arithmetic or algebra, or there is too much of it.

    >>> read("1 + 2").operation, evaluate(read(r"\frac{3}{4} + 2^{-1}"))
    ('+', Fraction(5, 4))
    """
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0
        self._bars = 0

    def whole(self) -> Tree:
        tree = self._sum()
        if self._at < len(self._tokens):
            raise NotReadable(f"{self._tokens[self._at]!r} was not expected")
        return tree

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token != wanted):
            raise NotReadable(f"{wanted or 'something'!r} was expected, not {token or 'the end'!r}")
        self._at += 1
        return token

    def _sum(self) -> Tree:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotReadable("It is nested too deeply")
        tree = self._product()
        while self._peek() in ("+", "-"):
            sign = self._take()
            tree = Apply(sign, (tree, self._product()))
        self._depth -= 1
        return tree

    def _product(self) -> Tree:
        tree = self._signed()
        while True:
            token = self._peek()
            if token in _TIMES:
                self._take()
                tree = Apply("*", (tree, self._signed()))
            elif token in _OVER:
                self._take()
                tree = Apply("/", (tree, self._signed()))
            elif token in (r"\bmod", r"\mod", "mod"):
                self._take()
                tree = Apply("mod", (tree, self._signed()))
            elif self._begins_factor(token):
                before = self._tokens[self._at - 1]
                if token[0].isdigit() and (before[0].isdigit() or before in "%!"):
                    raise NotReadable("Two numbers stand side by side")
                if before[0].isdigit() and token == r"\frac" and (mixed := self._mixed(tree)):
                    tree = mixed
                else:
                    tree = Apply("*", (tree, self._power()))
            else:
                return tree

    def _begins_factor(self, token: str) -> bool:
        if not token or token in ("+", "-", ")", "]", "}", r"\}", ",", "=", "^", "_", "!", "%", "'"):
            return False
        if token == "|":
            return self._bars == 0
        return token not in (r"\rfloor", r"\rceil", r"\right", r"\circ")

    def _mixed(self, whole: Tree) -> Tree | None:
        """A whole number before a proper fraction of numbers is added to it."""
        is_proper = re.match(r"\\frac \{ (\d+) \} \{ (\d+) \}", " ".join(self._tokens[self._at : self._at + 7]))
        if not is_proper or int(is_proper[1]) >= int(is_proper[2]):
            return None
        if isinstance(whole, Apply) and whole.operation == "negative" and isinstance(whole.arguments[0], Number):
            return Apply("negative", (Apply("+", (whole.arguments[0], self._power())),))
        return Apply("+", (whole, self._power())) if isinstance(whole, Number) else None

    def _signed(self) -> Tree:
        sign = self._peek()
        if sign in ("+", "-"):
            self._take()
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise NotReadable("It is nested too deeply")
            inner = self._signed()
            self._depth -= 1
            return Apply("negative", (inner,)) if sign == "-" else inner
        return self._power()

    def _power(self) -> Tree:
        base = self._suffixed()
        if self._peek() in ("^", "**"):
            self._take()
            if self._peek() == r"\circ" or (self._peek() == "{" and self._peek(1) == r"\circ"):
                self._at += 1 if self._peek() == r"\circ" else 3
                return Apply("degrees", (base,))
            return self._suffixes(Apply("^", (base, self._exponent())))
        return base

    def _exponent(self) -> Tree:
        if self._peek() in ("+", "-"):
            return self._signed()
        if self._peek()[:1].isdigit() and self._tokens[self._at - 1] == "^":
            return Number(Fraction(self._take().replace(",", "")))
        return self._power()

    def _suffixed(self) -> Tree:
        return self._suffixes(self._atom())

    def _suffixes(self, tree: Tree) -> Tree:
        while self._peek() in ("!", "%"):
            tree = Apply(self._take(), (tree,))
        return tree

    def _atom(self) -> Tree:
        token = self._take()
        if token[0].isdigit() or token[0] == ".":
            return Number(Fraction(token.replace(",", "")))
        if token in _CLOSING:
            tree = self._sum()
            self._take(_CLOSING[token])
            return Apply(token[2:], (tree,)) if token in (r"\lfloor", r"\lceil") else tree
        if token == "|":
            self._bars += 1
            tree = self._sum()
            self._take("|")
            self._bars -= 1
            return Apply("abs", (tree,))
        if token in (r"\frac", r"\binom"):
            over, under = self._group(), self._group()
            return Apply("/" if token == r"\frac" else "binom", (over, under))
        name = token.removeprefix("\\")
        if name == "sqrt" and self._peek() == "[":
            self._take()
            degree = self._sum()
            self._take("]")
            return Apply("^", (self._group(), Apply("/", (Number(Fraction(1)), degree))))
        if name in _FUNCTIONS:
            return self._function(name)
        return self._name(token, name)

    def _group(self) -> Tree:
        if self._peek() != "{":
            return self._atom()
        self._take()
        tree = self._sum()
        self._take("}")
        return tree

    def _function(self, name: str) -> Tree:
        base: tuple[Tree, ...] = ()
        power: Tree | None = None
        while self._peek() in ("_", "^"):
            if self._take() == "_":
                base = (self._group(),)
            else:
                power = self._group() if self._peek() == "{" else self._exponent()
        if self._peek() in ("(", "{", "["):
            opening = self._take()
            arguments = [self._sum()]
            while self._peek() == "," and name in _MANY_ARGUMENTS:
                self._take()
                arguments.append(self._sum())
            self._take(_CLOSING[opening])
        else:
            arguments = [self._argument()]
        if base and name != "log":
            raise NotReadable("Only a logarithm has a base")
        if isinstance(power, Apply) and power == Apply("negative", (Number(Fraction(1)),)):
            if name not in ("sin", "cos", "tan"):
                raise NotReadable("It is not clear what the power is of")
            return Apply(f"arc{name}", tuple(arguments))
        tree = Apply(name, (*arguments, *base))
        return Apply("^", (tree, power)) if power is not None else tree

    def _argument(self) -> Tree:
        """Without brackets, a function takes the product that follows, up to the next function."""
        tree = self._power()
        while self._begins_factor(self._peek()) and self._peek().removeprefix("\\") not in _FUNCTIONS:
            if self._peek()[0] in "([{|" or self._peek()[0].isdigit():
                break
            tree = Apply("*", (tree, self._power()))
        return tree

    def _name(self, token: str, name: str) -> Tree:
        if name in ("pi",):
            return Name("pi")
        if token == r"\infty":
            raise NotReadable("Infinity is no number")
        if token.startswith("\\") and name not in _GREEK:
            raise NotReadable(f"{token!r} is not known")
        if not token.startswith("\\") and len(name) > 1:
            raise NotReadable(f"{name!r} is a word")
        if not name.isalpha():
            raise NotReadable(f"{token!r} was not expected")
        if self._peek() == "_":
            self._take()
            name += "_" + self._subscript()
        while self._peek() == "'":
            name += self._take()
        return Name(name)

    def _subscript(self) -> str:
        if self._peek() != "{":
            return self._take()
        self._take()
        parts = []
        while self._peek() not in ("}", ""):
            parts.append(self._take())
        self._take("}")
        return "".join(parts)


def _tokens(text: str) -> Iterator[str]:
    at, count, arguments_depth, depth = 0, 0, 0, 0
    previous = ""
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotReadable(f"{text[at : at + 10]!r} is not arithmetic")
        if arguments_depth and match["number"]:
            match = _NUMBER_IN_ARGUMENTS.match(text, at) or match
        token = match.group().strip()
        at = match.end()
        # Names of functions and constants are words; other short words are products of single letters.
        names = [token]
        if token.isalpha() and len(token) > 1 and token not in _FUNCTIONS and token not in ("mod", "pi"):
            if len(token) > 3:
                raise NotReadable(f"{token!r} is a word")
            names = list(token)
        if token in ("(", "{", "["):
            depth += 1
            if previous.removeprefix("\\") in _MANY_ARGUMENTS:
                arguments_depth = depth
        elif token in (")", "}", "]"):
            arguments_depth = 0 if depth == arguments_depth else arguments_depth
            depth -= 1
        for name in names:
            count += 1
            if count > MAX_TOKENS:
                raise NotReadable(f"It has more than {MAX_TOKENS:,} parts")
            yield name
        previous = token


def names_in(tree: Tree) -> set[str]:
    r"""The variables of a tree, without the constants.

    >>> sorted(names_in(read(r"2x_1 + \pi y")))
    ['x_1', 'y']
    """
    if isinstance(tree, Name):
        return set() if tree.name in _CONSTANTS else {tree.name}
    if isinstance(tree, Apply):
        return set().union(*(names_in(each) for each in tree.arguments))
    return set()


# ------------------------------------------------------------------ worth


def evaluate(tree: Tree, names: Mapping[str, Value] | None = None) -> Value:
    """What a tree is worth: a fraction where that is exact, else a number of 50 digits.

    Raises:
        NoValue: If there is no such number, or a variable has none.
        TooLarge: If it would take too long.

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

    >>> is_same(evaluate(read(r"\sqrt{2} * \sqrt{2}")), Fraction(2)), is_same(Fraction(1, 2**99), Fraction(1, 2**98))
    (True, False)
    """
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        return left == right
    with mpmath.workdps(DIGITS + 10):
        one, other = inexact(left), inexact(right)
        size = max(abs(one), abs(other))
        return bool(abs(one - other) <= size * mpmath.mpf(10) ** -40 or size < mpmath.mpf(10) ** -(DIGITS - 5))
