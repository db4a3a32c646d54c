"""Where a result stands while it goes on, and behind its end: what `BenchmarkRuns` tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Phase = Literal["running", "stopping", "stopped", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Running:
    """A sample that is being written: of which problem, its number, and how far it is."""

    problem: str
    number: int
    tokens: int
    seconds: float
    is_thinking: bool


@dataclass(frozen=True, slots=True)
class LiveText:
    """What stands of a sample that is being written.

    Args:
        began: When this try at it began, in Unix seconds: another one writes anew.
    """

    began: float
    thinking: str
    answer: str
    tokens: int
    is_thinking: bool


@dataclass(frozen=True, slots=True)
class State:
    """Where a result stands.

    Args:
        done: Samples that are written and judged, of `total`.
        written: Samples that are written.
        seconds_left: To expect; None while it cannot be told.
        note: Why it failed; empty when it did not.
        is_elsewhere: Another process goes on with it, so that only what it has written is known.
    """

    name: str
    phase: Phase
    done: int
    total: int
    written: int = 0
    seconds_left: float | None = None
    running: tuple[Running, ...] = ()
    note: str = ""
    is_elsewhere: bool = False


def seconds_to_expect(seconds_left: float, mean_seconds: float, lingering: Sequence[float]) -> float | None:
    """The time that is left, by how many samples are; None where only those are left that take long.

    Long ones come last: of them the pace of all the others says nothing.

    Args:
        mean_seconds: That the samples took which are written.
        lingering: How long each of the rest has been written so far; empty while others wait.

    >>> seconds_to_expect(40, 10, [12, 3]), seconds_to_expect(40, 10, [25, 300]), seconds_to_expect(40, 10, [])
    (40, None, 40)
    """
    if lingering and min(lingering) > 2 * mean_seconds:
        return None
    return seconds_left
