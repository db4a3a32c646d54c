"""Plain Python values to JSON and back: what may cross the wall, in both directions. Standard library only.

None, booleans, numbers, text, bytes, lists, tuples, sets, dictionaries, and collections' containers; of builtin types
exactly, never of a subclass. Anything else arrives as the name of its type, which equals nothing.
"""

import sys
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

MAX_NODES = 200_000
MAX_DEPTH = 60
# Keys and set members are hashed by the receiver; this many may come from the other side at once.
_MAX_HASHED = 1_000
_LARGEST_JSON_INT = 1 << 63
_LETTERS: dict[type, str] = {list: "l", tuple: "t", set: "s", frozenset: "s", deque: "l"}
_DICTIONARIES = (dict, OrderedDict, defaultdict, Counter)
# What an exact encoding tells apart, and the plain kind that it travels as.
_PLAIN: dict[type, type] = {
    frozenset: set,
    deque: list,
    bytearray: bytes,
    OrderedDict: dict,
    defaultdict: dict,
    Counter: dict,
}
KINDS: dict[str, type] = {kind.__name__: kind for kind in _PLAIN}


class Unreadable(ValueError):
    """What came is no value that `encoded` writes."""


class _Budget:
    """How many nodes a value may still have, and whether kinds of containers are told apart."""

    def __init__(self, is_exact: bool) -> None:
        self.left = MAX_NODES
        self.is_exact = is_exact

    def take(self, depth: int) -> bool:
        self.left -= 1
        return self.left >= 0 and depth <= MAX_DEPTH


def encoded(value: object, *, is_exact: bool = False) -> Any:
    """A value as JSON can carry it; a list beginning with a letter stands for everything that JSON has no word for.

    Args:
        is_exact: Whether a frozenset is told from a set, a deque from a list, and so on.

    >>> encoded([1, 2.5, "x", (True, None)])
    ['l', [1, 2.5, 'x', ['t', [True, None]]]]
    >>> encoded(object())
    ['o', 'object']
    >>> encoded(frozenset("a"), is_exact=True)
    ['k', ['frozenset', ['s', ['a']]]]
    """
    return _encoded(value, 0, _Budget(is_exact))


def _encoded(value: Any, depth: int, budget: _Budget) -> Any:
    kind = type(value)
    if not budget.take(depth):
        return ["o", "too large or nested too deeply"]
    if value is None or kind is bool or kind is str or kind is float:
        return value
    if kind is int:
        return value if -_LARGEST_JSON_INT < value < _LARGEST_JSON_INT else ["i", hex(value)]
    if budget.is_exact and kind.__name__ in KINDS and kind is KINDS[kind.__name__]:
        return ["k", [kind.__name__, _encoded(_PLAIN[kind](value), depth, budget)]]
    if kind is bytes or kind is bytearray:
        return ["b", value.hex()]
    if kind is complex:
        return ["c", [value.real, value.imag]]
    if kind in _DICTIONARIES:
        pairs = list(dict.items(value))
        return ["d", [[_encoded(key, depth + 1, budget), _encoded(held, depth + 1, budget)] for key, held in pairs]]
    letter = _LETTERS.get(kind)
    if letter is None:
        plain = _without_numpy(value)
        return ["o", str(kind.__name__)[:80]] if plain is None else _encoded(plain, depth, budget)
    return [letter, [_encoded(member, depth + 1, budget) for member in value]]


def _without_numpy(value: Any) -> Any:
    """A number, a text or a truth value of numpy's as Python's own, which it equals; None if it is something else."""
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or type(value).__module__ != "numpy" or not isinstance(value, numpy.generic):
        return None
    plain = value.item()
    return plain if type(plain) in (bool, int, float, complex, str, bytes) else None


def is_whole(wire: Any) -> bool:
    """Whether nothing in an encoded value stands for something that could not be carried.

    >>> is_whole(encoded([1, {2}])), is_whole(encoded([1, object()]))
    (True, False)
    """
    letter, body = parts(wire)
    if letter == "k":
        return is_whole(body[1])
    if letter == "d":
        return all(is_whole(key) and is_whole(held) for key, held in body)
    return letter != "o" and (letter not in ("l", "t", "s") or all(map(is_whole, body)))


def decoded(wire: Any) -> Any:
    """The value again. The sender is trusted.

    >>> decoded(encoded({"a": (1, {2}), 3: 1 << 80})) == {"a": (1, {2}), 3: 1 << 80}
    True
    """
    letter, body = parts(wire)
    match letter:
        case "":
            return body
        case "l":
            return [decoded(member) for member in body]
        case "t":
            return tuple(decoded(member) for member in body)
        case "s":
            return {_frozen(decoded(member)) for member in body}
        case "d":
            return {_frozen(decoded(key)): decoded(held) for key, held in body}
        case "k":
            plain = decoded(body[1])
            return defaultdict(None, plain) if body[0] == "defaultdict" else KINDS[body[0]](plain)
    return decoded_key(wire)


def _frozen(member: Any) -> Any:
    """Without exact kinds a set travels as what may have been a frozenset."""
    return frozenset(member) if type(member) is set else member


def decoded_key(wire: Any) -> Any:
    """A value that can be hashed, from a sender who is not trusted.

    Raises:
        Unreadable: If it is something else, or has more parts than anybody puts into a key.
    """
    letter, body = parts(wire)
    try:
        match letter:
            case "":
                return body
            case "i":
                return int(body, 16)
            case "b":
                return bytes.fromhex(body)
            case "c":
                return complex(*body)
            case "t" if len(body) <= _MAX_HASHED:
                return tuple(decoded_key(member) for member in body)
            case "s" if len(body) <= _MAX_HASHED:
                return frozenset(decoded_key(member) for member in body)
    except (TypeError, ValueError) as error:
        raise Unreadable(f"{letter!r} with what it cannot hold") from error
    raise Unreadable(f"{letter!r} is no kind of key")


def parts(wire: Any) -> tuple[str, Any]:
    """The letter and what stands behind it; no letter for what JSON has a word for.

    Raises:
        Unreadable: If it is neither.
    """
    if wire is None or type(wire) in (bool, int, float, str):
        return "", wire
    match wire:
        case ["i" | "b" | "o" as letter, str(text)]:
            return letter, text
        case ["c", [int() | float(), int() | float()]]:
            return "c", wire[1]
        case ["l" | "t" | "s" as letter, list(members)]:
            return letter, members
        case ["d", list(pairs)] if all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            return "d", pairs
        case ["k", [str(kind), held]] if kind in KINDS and parts(held)[0] == encoded(_PLAIN[KINDS[kind]]())[0]:
            return "k", [kind, held]
    raise Unreadable("no value that can cross")
