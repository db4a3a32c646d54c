"""What a program should have printed and what it has printed in, where they differ first out.

The rules are LiveCodeBench's (`lcb_runner/evaluation/testing_util.py`, 15808c7): spaces at both ends of the whole and
of each line do not count; there must be as many lines; and two lines are the same if their text is, or if all their
words are decimal numbers of exactly the same worth (`0.50 1e3` is `0.5 1000`). A tolerance is no part of these rules.
"""

from decimal import Decimal
from itertools import zip_longest

_CONTEXT_CHARACTERS = 40


def first_difference(expected: str, printed: str, tolerance: float = 0.0) -> str | None:
    r"""Where two outputs differ first, for people; None if they are the same.

    >>> first_difference("1 2\n3\n", "1 2 \r\n3.0") is None
    True
    >>> first_difference("1\n2\n3", "1\n2\n4")
    "line 3: expected '3', got '4'"
    >>> first_difference("1\n2", "1")
    "line 2: expected '2', got nothing more"
    """
    if expected == printed:
        return None
    wanted, got = _lines(expected), _lines(printed)
    for number, (left, right) in enumerate(zip_longest(wanted, got), 1):
        if left is None or right is None or not _is_same_line(left, right, tolerance):
            return _told(number, left, right)
    return None


def _lines(output: str) -> list[str]:
    """Its lines; none if there is nothing but space."""
    whole = output.removeprefix("\ufeff").strip()
    return [line.strip() for line in whole.split("\n")] if whole else []


def _is_same_line(wanted: str, got: str, tolerance: float) -> bool:
    if wanted == got:
        return True
    left, right = wanted.split(), got.split()
    if len(left) != len(right):
        return False
    try:
        numbers = [(Decimal(one), Decimal(other)) for one, other in zip(left, right, strict=True)]
        return all(_is_same_number(one, other, tolerance) for one, other in numbers)
    except ArithmeticError:  # what `Decimal` raises for words that are no numbers, too
        return False


def _is_same_number(wanted: Decimal, got: Decimal, tolerance: float) -> bool:
    if wanted == got or not tolerance or not (wanted.is_finite() and got.is_finite()):
        return wanted == got
    return abs(wanted - got) <= Decimal(tolerance) * max(Decimal(1), abs(wanted))


def text_difference(wanted: str, got: str) -> str:
    """The place where two texts differ first, and what stands around it on both sides.

    >>> text_difference("ab" * 30 + "c", "ab" * 30 + "d")
    "column 61: expected …'ababababababababababc', got …'ababababababababababd'"
    """
    pairs = zip(wanted, got, strict=False)
    column = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(wanted), len(got)))
    return f"column {column + 1}: expected {_shown(wanted, column)}, got {_shown(got, column)}"


def _told(number: int, wanted: str | None, got: str | None) -> str:
    """The line, and of long lines the column with what stands around it on both sides."""
    if wanted is None or got is None:
        return f"line {number}: expected {_shown(wanted, 0)}, got {_shown(got, 0)}"
    if max(len(wanted), len(got)) <= _CONTEXT_CHARACTERS:
        return f"line {number}: expected {wanted!r}, got {got!r}"
    return f"line {number}, {text_difference(wanted, got)}"


def _shown(line: str | None, column: int) -> str:
    if line is None:
        return "nothing more"
    begin = max(0, column - _CONTEXT_CHARACTERS // 2) if len(line) > _CONTEXT_CHARACTERS else 0
    end = begin + _CONTEXT_CHARACTERS
    return ("…" if begin else "") + repr(line[begin:end]) + ("…" if end < len(line) else "")
