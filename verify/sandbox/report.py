"""What came of a program: how it ended, what it printed, and what its tests say."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

# Why it ended. `error`: an exception, or an exit code; `crashed`: a signal; `early-exit`: it ended its own process.
Status = Literal["ok", "timeout", "memory", "output-limit", "error", "crashed", "early-exit", "refused"]
Outcome = Literal["passed", "wrong", "error", "timeout", "memory", "not_run"]

MAX_SHOWN_CHARACTERS = 300
_MAX_SHOWN_OUTPUT = 65_536


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test. `expected` and `got` are written as Python writes values, and shortened.

    Attributes:
        given: The statement, where a script of tests was run; shortened.
    """

    __test__ = False  # pytest shall not take it for a test

    outcome: Outcome
    seconds: float = 0.0
    expected: str | None = None
    got: str | None = None
    message: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A program that has ended.

    Attributes:
        status: `ok` if it ran to its end, whether its tests passed or not; else what stopped it.
        stdout: All that it printed up to the output limit, also when it was stopped.
        seconds: By the clock.
        level: The isolation that was in force.
        message: What stopped it, in words.
        tests: In the order in which they were asked for.
    """

    status: Status
    stdout: str
    stderr: str
    seconds: float
    level: str
    message: str = ""
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    tests: tuple[TestResult, ...] = ()

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(test.outcome == "passed" for test in self.tests)

    def to_json(self) -> dict[str, Any]:
        """As the command prints it; long outputs are cut."""
        told = asdict(self) | {"passed": self.passed, "total": len(self.tests)}
        for test in told["tests"]:
            if not test["given"]:
                del test["given"]
        return told | {name: _cut(told[name], _MAX_SHOWN_OUTPUT) for name in ("stdout", "stderr")}


def shortened(text: str) -> str:
    """A text that stands in a line of a report."""
    return _cut(text, MAX_SHOWN_CHARACTERS)


def _cut(text: str, characters: int) -> str:
    """The beginning of a text, with how much of it is missing.

    >>> _cut("abcdef", 3)
    'abc… (3 more characters)'
    """
    return text if len(text) <= characters else f"{text[:characters]}… ({len(text) - characters:,} more characters)"
