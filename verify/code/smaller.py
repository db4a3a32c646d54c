"""The input of a test in, smaller ones of the same structure out, the smallest first.

Inputs have structure that nobody has told us. What can be seen of it is kept: nothing gets emptier or lower than it is
somewhere in the given tests, and a number that is the length of something stays its length.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from verify.sandbox.cases import Call, InputCase

_MAX_CANDIDATES = 60


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the given tests have at least: of members, and of worth."""

    shortest: int = 1
    lowest: float = 0

    @staticmethod
    def of(values: Sequence[Any]) -> "Bounds":
        """Of all values, and what is in them.

        >>> Bounds.of([[3, 1], [5]])
        Bounds(shortest=1, lowest=1)
        """
        held = [inner for value in values for inner in _all(value)]
        lengths = [len(value) for value in held if isinstance(value, list | tuple | str | set | dict)]
        numbers = [value for value in held if isinstance(value, int | float) and not isinstance(value, bool)]
        return Bounds(min(lengths, default=1), min(numbers, default=0))


def _all(value: Any) -> Iterator[Any]:
    yield value
    for member in _members(value):
        yield from _all(member)


def _members(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return list(value) if isinstance(value, list | tuple | set | frozenset) else []


def smaller_values(value: Any, bounds: Bounds) -> Iterator[Any]:
    """Smaller values of the same kind.

    >>> list(smaller_values(9, Bounds(1, 1)))
    [1, 4, 8]
    >>> list(smaller_values("abcd", Bounds(1, 0)))
    ['ab', 'cd', 'bcd', 'acd', 'abd', 'abc']
    """
    match value:
        case bool() | None:
            return
        case int() | float():
            for candidate in _smaller_numbers(value):
                if bounds.lowest <= candidate and abs(candidate) < abs(value):
                    yield candidate
        case str() | list() | tuple():
            yield from (kept for kept in _shorter(value) if len(kept) >= bounds.shortest)
            for at, member in enumerate(value if not isinstance(value, str) else ()):
                for candidate in smaller_values(member, bounds):
                    changed = [*value[:at], candidate, *value[at + 1 :]]
                    yield tuple(changed) if isinstance(value, tuple) else changed
        case dict() if len(value) > bounds.shortest:
            for key in value:
                yield {other: held for other, held in value.items() if other != key}


def _smaller_numbers(value: float) -> Iterator[float]:
    candidates = [0, 1, int(value / 2), int(value) - (1 if value > 0 else -1)]
    yield from dict.fromkeys(float(number) if isinstance(value, float) else number for number in candidates)


def _shorter(value: Any) -> Iterator[Any]:
    """Its halves, then with a quarter, a sixteenth ... and a single member left out."""
    count = len(value)
    half = (count + 1) // 2
    if count > 2:
        yield from (value[:half], value[count - half :])
    piece = count // 4
    while piece > 1:
        yield from (value[:begin] + value[begin + piece :] for begin in range(0, count, piece))
        piece //= 4
    yield from (value[:at] + value[at + 1 :] for at in range(count))


def smaller_calls(call: Call, given: Sequence[Call]) -> list[Call]:
    """The same call with smaller arguments.

    Args:
        given: All given calls of that function.
    """
    same = [other for other in given if len(other.args) == len(call.args)]
    found: dict[str, Call] = {}
    for at, argument in enumerate(call.args):
        for candidate in smaller_values(argument, Bounds.of([other.args[at] for other in same])):
            args = list(call.args)
            args[at] = candidate
            for number in _lengths(at, same):
                args[number] = len(candidate)
            found.setdefault(repr(args), replace(call, args=args))
            if len(found) >= _MAX_CANDIDATES:
                break
    return sorted(found.values(), key=size)


def _lengths(at: int, given: Sequence[Call]) -> list[int]:
    """The arguments that are the length of this one in every test."""
    if not given or not all(hasattr(call.args[at], "__len__") for call in given):
        return []
    return [
        number
        for number in range(len(given[0].args))
        if all(type(call.args[number]) is int and call.args[number] == len(call.args[at]) for call in given)
    ]


def size(case: Call | InputCase) -> tuple[int, str]:
    """By what inputs are ordered."""
    text = case.stdin if isinstance(case, InputCase) else repr((list(case.args), dict(case.kwargs)))
    return len(text), text


def smaller_inputs(case: InputCase) -> list[InputCase]:
    r"""The same input with smaller numbers, fewer words in a line, fewer lines; what counts them is set right.

    >>> [smaller.stdin for smaller in smaller_inputs(InputCase("2\n5 7\n", ""))][:2]
    ['1\n5\n', '1\n7\n']
    """
    lines = [line.split(" ") for line in case.stdin.rstrip("\n").split("\n")]
    found: dict[str, InputCase] = {}
    for changed in (*_without_a_line(lines), *_without_a_word(lines), *_with_a_smaller_number(lines)):
        text = "\n".join(" ".join(words) for words in changed) + "\n"
        if len(text) <= len(case.stdin):
            found.setdefault(text, replace(case, stdin=text, stdout=""))
        if len(found) >= _MAX_CANDIDATES:
            break
    return sorted(found.values(), key=size)


Lines = list[list[str]]


def _without_a_line(lines: Lines) -> Iterator[Lines]:
    for at in range(1, len(lines)):
        for counted in _counting(lines[:at], len(lines) - at):
            yield [*counted, *lines[at + 1 :]]
    for at in range(1, len(lines)):
        count = len(lines) - 1
        yield from ([*counted, *lines[1:at], *lines[at + 1 :]] for counted in _counting(lines[:1], count))


def _without_a_word(lines: Lines) -> Iterator[Lines]:
    for at, words in enumerate(lines):
        if len(words) < 2:
            continue
        for counted in _counting(lines[:at], len(words)):
            for word in range(min(len(words), 20)):
                yield [*counted, [*words[:word], *words[word + 1 :]], *lines[at + 1 :]]


def _counting(before: Lines, count: int) -> Iterator[Lines]:
    """The lines before something that is counted by a number in them, with one less; none where nothing counts it."""
    for at in range(len(before) - 1, -1, -1):
        for word, text in enumerate(before[at]):
            if text == str(count):
                yield [*before[:at], [*before[at][:word], str(count - 1), *before[at][word + 1 :]], *before[at + 1 :]]
                return


def _with_a_smaller_number(lines: Lines) -> Iterator[Lines]:
    counts = {str(len(words)) for words in lines} | {str(len(lines) - at) for at in range(1, len(lines))}
    for at, words in enumerate(lines):
        for word, text in enumerate(words):
            if text.lstrip("-").isdecimal() and len(text) < 20 and text not in counts:
                for number in _smaller_numbers(int(text)):
                    if 0 < abs(number) < abs(int(text)) and (number > 0 or text.startswith("-")):
                        yield [*lines[:at], [*words[:word], str(number), *words[word + 1 :]], *lines[at + 1 :]]
