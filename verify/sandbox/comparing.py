"""An expected value and what came out of a program in, equal or not out, and either as text.

The walk follows the expected value, which is ours: however large or ill-meant the other one is, it costs no
more than that.
"""

import math
from typing import Any

from verify.sandbox.cases import TOLERANCE
from verify.sandbox.report import MAX_SHOWN_CHARACTERS
from verify.sandbox.values import Unreadable, decoded_key, parts

_MAX_HEX_DIGITS = 3_000


def is_same(expected: Any, wire: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether a value from the other side is the expected one.

    A tuple may stand for a list, an int for a float of the same worth; a bool is no int; NaN is NaN. Where a float is
    expected, another may be off by `tolerance`, absolutely or as a part of it.

    >>> is_same([1, 0.3], ["t", [1, 0.1 + 0.2]]), is_same(1, True), is_same(0.5, float("inf"))
    (True, False, False)
    """
    try:
        return _is_same(expected, *parts(wire), tolerance)
    except (Unreadable, OverflowError, RecursionError):
        return False


def _is_same(expected: Any, letter: str, body: Any, tolerance: float) -> bool:
    match expected:
        case None | bool():
            return letter == "" and body is expected
        case int() | float():
            return _is_same_number(expected, letter, body, tolerance)
        case str():
            return letter == "" and type(body) is str and body == expected
        case bytes() | bytearray() | complex():
            key = decoded_key([letter, body]) if letter in ("b", "c") else None
            return type(key) is not str and key == expected
        case list() | tuple():
            return (
                letter in ("l", "t")
                and len(body) == len(expected)
                and all(is_same(left, right, tolerance) for left, right in zip(expected, body, strict=True))
            )
        case set() | frozenset():
            return letter == "s" and len(body) == len(expected) and _matched(expected, body) == len(expected)
        case dict():
            return letter == "d" and len(body) == len(expected) and _is_same_dictionary(expected, body, tolerance)
    return False


def _is_same_number(expected: float, letter: str, body: Any, tolerance: float) -> bool:
    number = decoded_key([letter, body]) if letter == "i" else body
    if letter not in ("", "i") or type(number) not in (int, float):
        return False
    if isinstance(expected, int):
        return bool(number == expected)
    if math.isnan(expected):
        return math.isnan(number)
    return math.isclose(number, expected, rel_tol=tolerance, abs_tol=tolerance)


def _matched(expected: Any, members: list[Any]) -> int:
    """How many of the expected members are there. Only ours are put into a set: theirs may all have one hash."""
    known = {member: number for number, member in enumerate(expected)}
    return len({known.get(decoded_key(member)) for member in members} - {None})


def _is_same_dictionary(expected: dict[Any, Any], pairs: list[Any], tolerance: float) -> bool:
    if _matched(expected, [key for key, _ in pairs]) < len(expected):
        return False
    return all(is_same(expected[decoded_key(key)], value, tolerance) for key, value in pairs)


def shown(wire: Any) -> str:
    """A value from the other side as Python writes it, cut to what a report shows.

    >>> shown(["d", [["a", ["t", [1]]], [2, ["s", []]]]])
    "{'a': (1,), 2: set()}"
    >>> shown(["o", "Solution"])
    '<Solution>'
    """
    pieces: list[str] = []
    try:
        _show(wire, pieces, [MAX_SHOWN_CHARACTERS])
    except (Unreadable, RecursionError):
        return "<unreadable>"
    text = "".join(pieces)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "…"


_BRACKETS = {"l": "[]", "t": "()", "s": "{}", "d": "{}"}


def _show(wire: Any, pieces: list[str], room: list[int]) -> None:
    """Write a value until there is no room."""
    letter, body = parts(wire)
    if room[0] < 0:
        return
    if letter not in _BRACKETS:
        text = _shown_scalar(letter, body)
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


def _shown_scalar(letter: str, body: Any) -> str:
    if letter == "o":
        return f"<{body}>"
    if letter == "":
        return repr(body[: MAX_SHOWN_CHARACTERS + 1] if isinstance(body, str) else body)
    # More digits than Python writes out in decimal by itself stay as they came.
    if letter == "i" and len(body) > _MAX_HEX_DIGITS:
        return str(body)
    return repr(decoded_key([letter, body[: 2 * MAX_SHOWN_CHARACTERS] if letter == "b" else body]))
