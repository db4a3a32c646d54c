"""A calculation in plain spelling in, its tokens out."""

import re
from dataclasses import dataclass
from typing import Literal

from agent.calculating.limits import MAX_TOKENS, NotReadable
from agent.calculating.names import canonical

Kind = Literal["number", "word", "sign", "end"]
_TOKEN = re.compile(
    r"(?P<space>[ \t]+)"
    r"|(?P<number>0[xX][0-9a-fA-F]+|0[bB][01]+|(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+(?![\w.]))?)"
    r"|(?P<word>[^\W\d_]\w*)"
    r"|(?P<sign>\*\*|//|->|==|<=|>=|!=(?!=)|!!|[-+*/^!%()\[\]{}|,;:=<>.'°_\n])"
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?![\d,])(?:\.\d+)?")
_WITH_INDEX = ("log", "sum", "product", "limit")
_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `is_apart` if a space stands before it."""

    kind: Kind
    text: str
    is_apart: bool = False


def tokens_of(text: str) -> list[Token]:
    """All tokens. A comma between groups of digits belongs to a number, but not among arguments.

    Raises:
        NotReadable: At a character that no calculation has, or if there are too many.

    >>> [token.text for token in tokens_of("1,234*2x")]
    ['1234', '*', '2', 'x']
    >>> [token.text for token in tokens_of("gcd(12,180)")]
    ['gcd', '(', '12', ',', '180', ')']
    """
    found: list[Token] = []
    # Of each open bracket, whether commas part arguments in it.
    open_brackets: list[bool] = []
    at, is_apart = 0, False
    while at < len(text):
        grouped = None if any(open_brackets) else _GROUPED.match(text, at)
        match = grouped or _TOKEN.match(text, at)
        if match is None:
            raise NotReadable(f"{text[at : at + 12]!r} is no part of a calculation.")
        word = match["word"] if not grouped and match["word"] else ""
        at = match.end()
        # The base of a logarithm, the range of a sum: log_2, sum_(k=1).
        if (head := word.partition("_")[0]) != word and canonical(head) in _WITH_INDEX:
            at = match.start() + len(head)
        kind: Kind | Literal["space"] = "number" if grouped else match.lastgroup  # type: ignore[assignment]
        if kind == "space":
            is_apart = True
            continue
        written = match.group().replace(",", "") if grouped else text[match.start() : at]
        if written in _OPENING:
            open_brackets.append(written != "(" or (bool(found) and found[-1].kind == "word"))
        elif written in _CLOSING and open_brackets:
            open_brackets.pop()
        found.append(Token(kind, written, is_apart))
        is_apart = False
        if len(found) > MAX_TOKENS:
            raise NotReadable(f"It has more than {MAX_TOKENS:,} parts. Split it into several calls.")
    return found
