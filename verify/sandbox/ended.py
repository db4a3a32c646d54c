"""What came out of a program that has ended, before anybody has judged it."""

from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["timeout", "output-limit"]


class ServerLost(Exception):
    """The fork server died or does not answer: nothing is known of the program."""


@dataclass(slots=True)
class Ended:
    """A program that has ended.

    Attributes:
        reason: The limit of ours that ended it.
        over: The limit of the fork server's that ended it: `cpu`, `idle`, `life`; empty for none.
        code: Exit code; below 0 the signal that killed it.
        lines: What stands on the result descriptor, line by line, with the seconds since the line before.
        is_enough: Whether it was ended because nobody wanted to know any more of it.
    """

    reason: Reason | None = None
    over: str = ""
    code: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_kib: int = 0
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    lines: list[tuple[bytes, float]] = field(default_factory=list)
    is_enough: bool = False


class StartFailed(Exception):
    """The fork server did not come up at this level, or its isolation does not hold; the message says why."""
