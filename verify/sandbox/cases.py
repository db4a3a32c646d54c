"""The tests of a program: calls with what they should return or raise, and inputs with what should be printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from model.errors import BadInput
from verify.sandbox.values import MAX_NODES, encoded, is_whole

TOLERANCE = 1e-9

# How a value is compared with the expected one:
# close    lists and tuples are the same, a float may be off by `tolerance`, a bool is no number
# within   the same, and the tolerance is absolute only
# worth    lists and tuples are the same, numbers are equal or not, as JSON has them
# equal    what `==` says: a tuple is no list, True is 1
# written  what Python writes in the same way: 1 is neither 1.0 nor True
Comparison = Literal["close", "within", "worth", "equal", "written"]


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the program, called with plain values.

    Attributes:
        name: A function, or a dotted name; of a class on the way an object is made (`Solution.add`).
        expected: What it should return. Lists and tuples are the same.
        raises: The name of the exception, or of a base of it, that should come instead.
        tolerance: How far a float may be off, absolutely or as a part of the expected one.
        comparison: What counts as the expected value.
        view: What is looked at instead of the value itself: one of `VIEWS`, `bool` or `set` for example.
    """

    name: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    expected: Any = None
    raises: str | None = None
    tolerance: float = TOLERANCE
    comparison: Comparison = "close"
    view: str = ""

    def wire(self) -> dict[str, Any]:
        """What the program's process is told: not what is expected.

        Raises:
            BadInput: If the arguments are not plain values, or too many.
        """
        told = {"name": self.name, "args": encoded(list(self.args)), "kwargs": encoded(dict(self.kwargs))}
        told |= {"view": self.view} if self.view else {}
        if not (is_whole(told["args"]) and is_whole(told["kwargs"])):
            raise BadInput(
                f"The arguments of {self.name} cannot be handed to a program: plain values are needed (None, numbers, "
                f"text, lists, sets, dictionaries ...), {MAX_NODES:,} at most."
            )
        return told


@dataclass(frozen=True, slots=True)
class InputCase:
    """Standard input of the whole program, and what it should print; compared by `verify.sandbox.outputs`.

    Attributes:
        tolerance: How far numbers of a line may be off, absolutely or as a part of the expected ones.
    """

    stdin: str
    stdout: str
    tolerance: float = 0.0


Case = Call | InputCase

# Applied in the program's process, to the value that its function has returned.
VIEWS = ("bool", "set", "frozenset", "sorted", "list", "tuple", "len", "str")


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
