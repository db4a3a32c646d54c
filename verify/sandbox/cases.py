"""The tests of a program: calls with what they should return or raise, and inputs with what should be printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from model.errors import BadInput
from verify.sandbox.values import MAX_NODES, encoded, is_whole

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the program, called with plain values.

    Attributes:
        name: A function, or a dotted name; of a class on the way an object is made (`Solution.add`).
        expected: What it should return. Lists and tuples are the same.
        raises: The name of the exception, or of a base of it, that should come instead.
        tolerance: How far a float may be off, absolutely or as a part of the expected one.
    """

    name: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    expected: Any = None
    raises: str | None = None
    tolerance: float = TOLERANCE

    def wire(self) -> dict[str, Any]:
        """What the program's process is told: not what is expected.

        Raises:
            BadInput: If the arguments are not plain values, or too many.
        """
        told = {"name": self.name, "args": encoded(list(self.args)), "kwargs": encoded(dict(self.kwargs))}
        if not (is_whole(told["args"]) and is_whole(told["kwargs"])):
            raise BadInput(
                f"The arguments of {self.name} cannot be handed to a program: plain values are needed (None, numbers, "
                f"text, lists, sets, dictionaries ...), {MAX_NODES:,} at most."
            )
        return told


@dataclass(frozen=True, slots=True)
class InputCase:
    """Standard input of the whole program, and what it should print; compared word by word."""

    stdin: str
    stdout: str


Case = Call | InputCase


def cases_from_json(told: Any) -> list[Case]:
    """Tests from a list of `{"call", "args", "expected"}`, `{"call", "args", "raises"}` or `{"stdin", "stdout"}`.

    Raises:
        BadInput: If it is something else.

    >>> cases_from_json([{"call": "add", "args": [1, 2], "expected": 3}])[0].name
    'add'
    """
    if not isinstance(told, list):
        raise BadInput("The tests must be a JSON list.")
    return [_case(number, row) for number, row in enumerate(told, 1)]


def _case(number: int, row: Any) -> Case:
    match row:
        case {"stdin": str(stdin), "stdout": str(stdout)}:
            return InputCase(stdin, stdout)
        case {"call": str(name), "raises": str(raises), **rest}:
            return Call(name, *_arguments(number, rest), raises=raises)
        case {"call": str(name), "expected": expected, **rest}:
            return Call(name, *_arguments(number, rest), expected=expected)
    raise BadInput(
        f"Test {number} is neither a call with args and expected or raises, nor stdin with stdout: {row!r:.200}"
    )


def _arguments(number: int, row: Mapping[Any, Any]) -> tuple[list[Any], dict[str, Any]]:
    args, kwargs = row.get("args", []), row.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise BadInput(f"Test {number}: args must be a list, and kwargs an object.")
    return args, kwargs
