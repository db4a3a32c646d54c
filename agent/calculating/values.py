"""What a calculation can come to besides sympy's own objects: relations, solutions, ready texts."""

from dataclasses import dataclass, field
from typing import Any


class CannotWork(ValueError):
    """It was read, and cannot be worked out; the message says why, and what to do where that is known."""


@dataclass(frozen=True, slots=True)
class Rel:
    """An equation or an inequality of values."""

    sign: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Solved:
    """What solves one or more equations.

    Args:
        ways: Each a mapping of names to values; any of them will do.
        words: What there is to say instead, or besides.
    """

    ways: tuple[dict[str, Any], ...] = ()
    words: str = ""

    def values(self) -> list[Any]:
        """The values alone, of one unknown."""
        return [value for way in self.ways for value in way.values()]


@dataclass(frozen=True, slots=True)
class Ready:
    """A result that is words or a notation of its own."""

    text: str


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that is told in a unit."""

    value: Any
    unit: str
    also: dict[str, Any] = field(default_factory=dict)
