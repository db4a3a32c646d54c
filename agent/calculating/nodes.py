"""The nodes that a calculation's tree is made of."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, a constant, or a unit."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operation ("+", "neg", "!") or a function on its arguments."""

    name: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Relation:
    """An equation or an inequality."""

    sign: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Listed:
    """Values between brackets, or between commas."""

    items: "tuple[Node, ...]"
    is_list: bool = True


Node: TypeAlias = Number | Name | Call | Relation | Listed
