"""Functions of numbers and of lists in, the same with their arguments counted and made plain out."""

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from agent.calculating.limits import check_count
from agent.calculating.values import CannotWork, Ready, Rel, Solved

Work = Callable[[Sequence[Any]], Any]


def of(function: Callable[..., Any], name: str, *counts: int) -> Work:
    """A function of so many numbers or expressions."""

    def work(values: Sequence[Any]) -> Any:
        if len(values) not in counts:
            expected = " or ".join(map(str, counts))
            raise CannotWork(f"{name} takes {expected} argument{'s' if counts != (1,) else ''}, not {len(values)}.")
        if any(isinstance(value, list) for value in values):
            raise CannotWork(f"{name} takes numbers, not a list.")
        return function(*map(plain, values))

    return work


def of_list(function: Callable[[list[Any]], Any], name: str) -> Work:
    """A function of a list, or of as many arguments."""

    def work(values: Sequence[Any]) -> Any:
        found = listed(values)
        if not found:
            raise CannotWork(f"{name} needs numbers, as in {name}(2, 4, 9).")
        return function(found)

    return work


def up_to(function: Callable[[Any], Any], name: str, limit: int) -> Work:
    """A function of one whole number that is no larger than the limit."""

    def work(value: Any) -> Any:
        found = whole(value, name)
        check_count(value, name, limit)
        return function(found)

    return of(work, name, 1)


def listed(values: Sequence[Any]) -> list[Any]:
    """All that lists, matrices and plain arguments hold, one behind the other."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, list | sympy.MatrixBase):
            found += listed(list(value))
        else:
            found.append(plain(value))
    return found


def plain(value: Any) -> Any:
    """A value that is a number, an expression or a list.

    Raises:
        CannotWork: If it is an equation, or a result in words.
    """
    if isinstance(value, Solved) and len(value.values()) == 1:
        return value.values()[0]
    if isinstance(value, bool | Rel | Solved | Ready):
        raise CannotWork("An equation or a text stands where a number is needed.")
    return value


def whole(value: Any, name: str) -> int:
    """A whole number, as Python's own.

    Raises:
        CannotWork: If it is none.
    """
    if not getattr(value, "is_Integer", False):
        raise CannotWork(f"{name} needs a whole number.")
    return int(value)
