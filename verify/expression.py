"""Arithmetic and algebra as people write it, LaTeX or plain, in; a tree out. Nothing goes to `eval` or `sympify`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

MAX_TOKENS = 2_000
MAX_DEPTH = 60


class NotReadable(ValueError):
    """The text is not of this grammar."""


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
CONSTANTS = {"pi", "e", "i"}
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

    >>> read("1 + 2").operation, read(r"2^{-1}").arguments[0]
    ('+', Number(value=Fraction(2, 1)))
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
        return set() if tree.name in CONSTANTS else {tree.name}
    if isinstance(tree, Apply):
        return set().union(*(names_in(each) for each in tree.arguments))
    return set()
