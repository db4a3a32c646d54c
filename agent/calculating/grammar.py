"""Tokens of a calculation in, a tree of nodes out: the grammar of sums, calls, equations and several statements."""

from agent.calculating.limits import MAX_DEPTH, MAX_EXPONENT, NotReadable, TooLarge
from agent.calculating.names import CONSTANTS, LETTER_FUNCTIONS, MAYBE_VARIABLES, SENTENCE_WORDS, WORD_SIGNS, canonical
from agent.calculating.nodes import Call, Listed, Name, Node, Number, Relation
from agent.calculating.tokens import Token, tokens_of

RELATIONS = {"=": "=", "==": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", "!=": "!="}
_END = Token("end", "")


def read(text: str, units: frozenset[str] = frozenset()) -> list[Node]:
    """The statements of a text in plain spelling.

    Args:
        units: Words that are units, where units are meant.

    Raises:
        NotReadable: If it is no calculation.

    >>> read("2x + 1")
    [Call(name='+', arguments=(Call(name='*', arguments=(Number(text='2'), Name(name='x'))), Number(text='1')))]
    """
    return Reader(tokens_of(text), units).statements()


class Reader:
    """Reads tokens from the left; one for each text."""

    def __init__(self, tokens: list[Token], units: frozenset[str] = frozenset()) -> None:
        places = list(zip([_END, *tokens], tokens, [*tokens, _END][1:], strict=False))
        assigned = {each.text for _, each, following in places if each.kind == "word" and following.text == "="}
        self._units = units - assigned
        self._known = units | assigned | CONSTANTS
        self._tokens = [part for place in places for part in self._split(*place)]
        self._at = 0
        self._depth = 0
        self._bars = 0

    def statements(self) -> list[Node]:
        """All of them; they stand apart by line breaks and semicolons."""
        found: list[Node] = []
        while self._peek().kind != "end":
            if self._peek().text in (";", "\n"):
                self._take()
                continue
            found.append(self._statement())
            if self._peek().kind != "end" and self._peek().text not in (";", "\n"):
                raise NotReadable(self._unexpected())
        if not found:
            raise NotReadable("There is nothing to work out.")
        return found

    # ------------------------------------------------------------------ tokens

    def _split(self, before: Token, token: Token, following: Token) -> list[Token]:
        """Several variables side by side are as many tokens: `xy`, but neither `cost` nor `x1` nor `f(`."""
        name = token.text
        is_product = token.kind == "word" and len(name) in (2, 3) and name.isascii() and name.isalpha()
        if (
            not is_product
            or len(set(name)) < len(name)
            or not name.islower()
            or following.text in ("(", "_")
            or name in self._known | WORD_SIGNS
        ):
            return [token]
        is_alone = "word" not in (before.kind, following.kind) and name in MAYBE_VARIABLES
        if canonical(name) or (name in SENTENCE_WORDS and not is_alone):
            return [token]
        return [Token("word", name[0], token.is_apart), *(Token("word", letter) for letter in name[1:])]

    def _peek(self, ahead: int = 0) -> Token:
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else _END

    def _take(self, wanted: str = "") -> Token:
        token = self._peek()
        if token.kind == "end" or (wanted and token.text != wanted):
            raise NotReadable(f"{wanted!r} is missing. {self._unexpected()}" if wanted else "It ends too early.")
        self._at += 1
        return token

    def _unexpected(self) -> str:
        token = self._peek()
        if token.kind == "end":
            return "It ends too early."
        before = "".join((" " if each.is_apart else "") + each.text for each in self._tokens[: self._at]).strip()
        return f"{token.text!r} was not expected" + (f" behind {before[-40:]!r}." if before else " at the beginning.")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise NotReadable(f"It is nested more than {MAX_DEPTH} deep.")

    # ------------------------------------------------------------------ statements

    def _statement(self) -> Node:
        items = [self._relation()]
        while self._peek().text == "," or self._peek() in (Token("word", "and", True), Token("word", "and")):
            self._take()
            items.append(self._relation())
        return items[0] if len(items) == 1 else Listed(tuple(items), is_list=False)

    def _relation(self) -> Node:
        left = self._sum()
        parts: list[Node] = []
        while (sign := RELATIONS.get(self._peek().text)) is not None:
            self._take()
            # "36*14 = ?" and "36*14 =" ask for the value.
            if self._peek().kind == "end" and sign == "=" and not parts:
                return left
            right = self._sum()
            parts.append(Relation(sign, left, right))
            left = right
        if not parts:
            return left
        return parts[0] if len(parts) == 1 else Listed(tuple(parts), is_list=False)

    def _sum(self) -> Node:
        self._deeper()
        tree = self._product()
        while self._peek().text in ("+", "-"):
            sign = self._take().text
            tree = Call(sign, (tree, self._product()))
        self._depth -= 1
        return tree

    def _product(self) -> Node:
        tree = self._signed()
        while True:
            token = self._peek()
            if token.text in ("*", "/", "//"):
                self._take()
                tree = Call(token.text, (tree, self._signed()))
            elif token.text == "mod" or (token.text == "%" and self._begins_factor(self._peek(1))):
                self._take()
                tree = Call("mod", (tree, self._signed()))
            elif token.text in WORD_SIGNS and token.text != "and":
                self._take()
                name = "binomial" if token.text == "choose" else token.text
                tree = Call(name, (tree, self._signed()))
            elif self._begins_factor(token):
                tree = Call("*", (tree, self._juxtaposed(tree)))
            else:
                return tree

    def _begins_factor(self, token: Token) -> bool:
        if token.kind == "word":
            return token.text not in WORD_SIGNS
        return token.kind == "number" or token.text == "(" or (token.text == "|" and not self._bars)

    def _juxtaposed(self, before: Node) -> Node:
        token = self._peek()
        if token.kind == "number" and isinstance(before, Number):
            raise NotReadable(f"Two numbers stand side by side: {before.text} {token.text}. Write a sign between them.")
        if token.kind == "number" and self._tokens[self._at - 1].kind != "sign":
            raise NotReadable(self._unexpected())
        factor = self._power()
        if self._is_unknown_word(before) and self._is_unknown_word(factor):
            raise NotReadable(f"{_words(before)!r} and {_words(factor)!r} are words, not maths.")
        return factor

    def _is_unknown_word(self, node: Node) -> bool:
        if isinstance(node, Call) and node.name == "*":
            node = node.arguments[-1]
        return isinstance(node, Name) and len(node.name) > 2 and node.name not in self._known

    def _signed(self) -> Node:
        sign = self._peek().text
        if sign in ("+", "-"):
            self._take()
            self._deeper()
            inner = self._signed()
            self._depth -= 1
            return Call("neg", (inner,)) if sign == "-" else inner
        return self._power()

    def _power(self) -> Node:
        base = self._suffixed(self._atom())
        if self._peek().text in ("^", "**"):
            self._take()
            self._deeper()
            exponent = self._signed()
            self._depth -= 1
            return Call("^", (base, exponent))
        return base

    def _suffixed(self, tree: Node) -> Node:
        while True:
            token, following = self._peek(), self._peek(1)
            if token.text in ("!", "!!"):
                self._take()
                tree = Call(token.text, (tree,))
            elif token.text == "%" and not self._begins_factor(following):
                self._take()
                tree = Call("percent", (tree,))
            elif token.text == "°":
                self._take()
                tree = Call("degrees", (tree,))
            elif token.text == "'" and isinstance(tree, Listed):
                self._take()
                tree = Call("transpose", (tree,))
            elif token.text == "." and following.kind == "word":
                self._take()
                tree = self._method(tree)
            elif token.text == "[" and not token.is_apart and not isinstance(tree, Number):
                tree = Call("item", (tree, *self._items("[", "]")))
            else:
                return tree

    def _method(self, owner: Node) -> Node:
        """`M.det()` is `det(M)`, and `math.sqrt(2)` is `sqrt(2)`."""
        if owner in (Name("math"), Name("sympy"), Name("sp"), Name("np"), Name("numpy")):
            return self._atom()
        written = self._take().text
        name = {"T": "transpose", "I": "conjugate", "n": "evalf", "subs": "subs"}.get(written) or canonical(written)
        if name is None:
            raise NotReadable(f"There is no .{written} here.")
        given = self._items("(", ")") if self._peek().text == "(" else ()
        return Call(name, (owner, *given))

    # ------------------------------------------------------------------ atoms

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return self._with_unit(self._number(token.text))
        if token.kind == "word":
            return self._word(token)
        if token.text in ("(", "["):
            self._at -= 1
            items = self._items(token.text, ")" if token.text == "(" else "]")
            if not items:
                raise NotReadable("There is nothing between the brackets.")
            if token.text == "[":
                return Listed(items)
            return items[0] if len(items) == 1 else Listed(items, is_list=False)
        if token.text == "|":
            self._bars += 1
            tree = self._sum()
            self._take("|")
            self._bars -= 1
            return Call("abs", (tree,))
        self._at -= 1
        raise NotReadable(self._unexpected())

    def _with_unit(self, number: Node) -> Node:
        """A number holds on to the units behind it: 3 km / 20 min is no product with minutes."""
        while self._peek().text in self._units and self._peek(1).text != "(":
            unit: Node = Name(self._take().text)
            if self._peek().text in ("^", "**"):
                self._take()
                unit = Call("^", (unit, self._signed()))
            number = Call("*", (number, unit))
        return number

    def _number(self, text: str) -> Node:
        if text[:2].lower() in ("0x", "0b"):
            return Number(str(int(text, 0)))
        mantissa, _, exponent = text.lower().partition("e")
        if exponent and abs(int(exponent)) > MAX_EXPONENT:
            raise TooLarge(f"{text} has more digits than can be worked with: exponents go up to {MAX_EXPONENT:,}.")
        following = self._peek()
        if following == Token("word", "j") and not following.is_apart:
            self._take()
            return Call("*", (Number(text), Name("i")))
        return Number(text)

    def _items(self, opening: str, closing: str) -> tuple[Node, ...]:
        """What stands between brackets; `name=value` among arguments is a relation."""
        self._take(opening)
        self._deeper()
        bars, self._bars = self._bars, 0
        items: list[Node] = []
        while self._peek().text != closing:
            if self._peek().text == "\n":
                self._take()
                continue
            items.append(self._relation())
            while self._peek().text == "\n":
                self._take()
            if self._peek().text != ",":
                break
            self._take()
        self._take(closing)
        self._bars = bars
        self._depth -= 1
        return tuple(items)

    def _word(self, token: Token) -> Node:
        written, following = token.text, self._peek().text
        if written in SENTENCE_WORDS and written not in self._known:
            raise NotReadable(f"{written!r} is a word of a sentence, not maths.")
        if written in self._known and not (following == "(" and canonical(written)):
            return Name(written)
        if following == "(":
            name = canonical(written) or LETTER_FUNCTIONS.get(written)
            if name is None and len(written) == 1 and written not in "fgh":
                return Name(written)
            if name is None:
                return Call(written, self._items("(", ")"))
        else:
            name = canonical(written)
        if name in ("sum", "product", "limit") and following == "_":
            return self._over_range(name)
        return Name(written) if name is None else self._called(written, name)

    def _over_range(self, name: str) -> Node:
        """`sum_(k=1)^(10) k^2`, and `limit_(x->0) f`."""
        self._take("_")
        self._take("(")
        variable = self._take().text
        self._take("->" if name == "limit" else "=")
        bounds = [self._sum()]
        if self._peek().text == "^" and name == "limit":
            self._take()
            bounds.append(Name(self._take().text))
        elif name == "limit" and self._peek().text in ("+", "-"):
            bounds.append(Name(self._take().text))
        self._take(")")
        if name != "limit":
            self._take("^")
            bounds.append(self._suffixed(self._atom()))
            return Call(name, (self._product(), Name(variable), *bounds))
        return Call(name, (self._sum(), Name(variable), *bounds))

    def _called(self, written: str, name: str) -> Node:
        """A function with its arguments; without brackets it takes the product that follows."""
        base: tuple[Node, ...] = ()
        power: Node | None = None
        if name == "log" and self._peek().text == "_":
            self._take()
            base = (self._suffixed(self._atom()),)
        if self._peek().text in ("^", "**") and self._peek(1).text != ")":
            self._take()
            power = self._signed() if self._peek().text != "(" else self._atom()
        if self._peek().text == "(":
            arguments = self._items("(", ")")
        elif self._begins_factor(self._peek()) or self._peek().text in ("[", "-"):
            arguments = (self._open_argument(),)
        else:
            return Name(written)
        if power == Call("neg", (Number("1"),)) and name in ("sin", "cos", "tan"):
            return Call(f"a{name}", arguments)
        tree = Call(name, (*arguments, *base))
        return tree if power is None else Call("^", (tree, power))

    def _open_argument(self) -> Node:
        self._deeper()
        tree = self._signed()
        while self._begins_factor(self._peek()) and not canonical(self._peek().text):
            if self._peek().text in ("(", "|"):
                break
            tree = Call("*", (tree, self._juxtaposed(tree)))
        self._depth -= 1
        return tree


def _words(node: Node) -> str:
    while isinstance(node, Call):
        node = node.arguments[-1]
    return node.name if isinstance(node, Name) else ""
