"""An expected value and what came out of a program in, equal or not out, and either as text.

The walk follows the expected value, which is ours: however large or ill-meant the other one is, it costs no
more than that.
"""

import math
from dataclasses import dataclass
from typing import Any

from verify.sandbox.cases import TOLERANCE, Comparison
from verify.sandbox.outputs import text_difference
from verify.sandbox.report import MAX_SHOWN_CHARACTERS
from verify.sandbox.values import Unreadable, decoded_key, encoded, parts

_MAX_HEX_DIGITS = 3_000
# What is looked through for the place where two values differ.
_MAX_COMPARED_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class _Rules:
    """What counts as the same: one of `Comparison`."""

    name: Comparison
    tolerance: float

    @property
    def are_sequences_alike(self) -> bool:
        return self.name in ("close", "within", "worth")

    def is_number(self, expected: Any, number: Any) -> bool:
        if self.name == "written" and type(expected) is not type(number):
            return False
        if self.name in ("worth", "equal", "written") or isinstance(expected, int | complex):
            return bool(number == expected) or (expected != expected and number != number)
        if math.isnan(expected):
            return math.isnan(number)
        relative = self.tolerance if self.name == "close" else 0.0
        return math.isclose(number, expected, rel_tol=relative, abs_tol=self.tolerance)


def is_same(expected: Any, wire: Any, tolerance: float = TOLERANCE, comparison: Comparison = "close") -> bool:
    """Whether a value from the other side is the expected one.

    An int may stand for a float of the same worth and NaN is NaN, but where `comparison` says otherwise.

    >>> is_same([1, 0.3], ["t", [1, 0.1 + 0.2]]), is_same(1, True), is_same(0.5, float("inf"))
    (True, False, False)
    >>> is_same([1], ["t", [1]], comparison="equal"), is_same(1, True, comparison="equal")
    (False, True)
    """
    try:
        return _is_same(expected, *parts(wire), _Rules(comparison, tolerance))
    except (Unreadable, OverflowError, RecursionError):
        return False


def _is_same(expected: Any, letter: str, body: Any, rules: _Rules) -> bool:
    match expected:
        case None:
            return letter == "" and body is None
        case bool() if rules.name != "equal":
            return letter == "" and body is expected
        case int() | float() | complex():
            return _is_same_number(expected, letter, body, rules)
        case str():
            return letter == "" and type(body) is str and body == expected
        case bytes() | bytearray():
            return letter == "b" and decoded_key([letter, body]) == expected
        case list() | tuple():
            letters = ("l", "t") if rules.are_sequences_alike else ("t",) if isinstance(expected, tuple) else ("l",)
            return (
                letter in letters
                and len(body) == len(expected)
                and all(_is_same(left, *parts(right), rules) for left, right in zip(expected, body, strict=True))
            )
        case set() | frozenset():
            return letter == "s" and len(body) == len(expected) and _matched(expected, body) == len(expected)
        case dict():
            return letter == "d" and len(body) == len(expected) and _is_same_dictionary(expected, body, rules)
    return False


def _is_same_number(expected: Any, letter: str, body: Any, rules: _Rules) -> bool:
    number = decoded_key([letter, body]) if letter in ("i", "c") else body
    kinds: tuple[type, ...] = (int, float, complex)
    if rules.name == "equal":
        kinds += (bool,)
    elif isinstance(expected, complex) or letter == "c":
        kinds = (complex,) if isinstance(expected, complex) else ()
    return letter in ("", "i", "c") and type(number) in kinds and rules.is_number(expected, number)


def _matched(expected: Any, members: list[Any]) -> int:
    """How many of the expected members are there. Only ours are put into a set: theirs may all have one hash."""
    known = {member: number for number, member in enumerate(expected)}
    return len({known.get(decoded_key(member)) for member in members} - {None})


def _is_same_dictionary(expected: dict[Any, Any], pairs: list[Any], rules: _Rules) -> bool:
    if _matched(expected, [key for key, _ in pairs]) < len(expected):
        return False
    return all(_is_same(expected[decoded_key(key)], *parts(value), rules) for key, value in pairs)


def difference_of(expected: Any, wire: Any) -> str:
    """Where two values differ first as Python writes them; empty where a report shows both whole."""
    wanted, got = (shown(value, _MAX_COMPARED_CHARACTERS) for value in (encoded(expected), wire))
    if max(len(wanted), len(got)) <= MAX_SHOWN_CHARACTERS or wanted == got:
        return ""
    return text_difference(wanted, got)


def shown(wire: Any, characters: int = MAX_SHOWN_CHARACTERS) -> str:
    """A value from the other side as Python writes it, cut to what a report shows.

    >>> shown(["d", [["a", ["t", [1]]], [2, ["s", []]]]])
    "{'a': (1,), 2: set()}"
    >>> shown(["o", "Solution"])
    '<Solution>'
    """
    pieces: list[str] = []
    try:
        _show(wire, pieces, [characters])
    except (Unreadable, RecursionError):
        return "<unreadable>"
    text = "".join(pieces)
    return text if len(text) <= characters else text[:characters] + "…"


_BRACKETS = {"l": "[]", "t": "()", "s": "{}", "d": "{}"}


def _show(wire: Any, pieces: list[str], room: list[int]) -> None:
    """Write a value until there is no room."""
    letter, body = parts(wire)
    if room[0] < 0:
        return
    if letter not in _BRACKETS:
        text = _shown_scalar(letter, body, room[0] + 1)
        pieces.append(text)
        room[0] -= len(text)
        return
    if letter == "s" and not body:
        pieces.append("set()")
        return
    closing = _BRACKETS[letter][1]
    pieces.append(_BRACKETS[letter][0])
    for number, member in enumerate(body):
        if room[0] < 0:
            break
        if number:
            pieces.append(", ")
        key, *value = member if letter == "d" else [member]
        _show(key, pieces, room)
        if value:
            pieces.append(": ")
            _show(value[0], pieces, room)
        room[0] -= 2
    pieces.append("," + closing if letter == "t" and len(body) == 1 else closing)


def _shown_scalar(letter: str, body: Any, room: int) -> str:
    if letter == "o":
        return f"<{body}>"
    if letter == "":
        return repr(body[:room] if isinstance(body, str) else body)
    # More digits than Python writes out in decimal by itself stay as they came.
    if letter == "i" and len(body) > _MAX_HEX_DIGITS:
        return str(body)
    return repr(decoded_key([letter, body[: 2 * room] if letter == "b" else body]))
