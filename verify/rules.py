"""What every rule of comparison shares: its form, the policy, the outcome with its reason."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from model.events import Outcome


@dataclass(frozen=True, slots=True)
class Policy:
    """What counts as the same answer. The defaults are those of the usual benchmarks.

    Args:
        percent: `lenient` takes 28%, 28 and 0.28 for one another where one of the two is written as a percentage;
            `strict` asks for the same value.
        takes_missing_unit: Whether an answer without the reference's unit will do. One that contradicts never does.
        rounded_digits: Significant digits from which on a rounded decimal is taken for the exact value.
    """

    percent: Literal["lenient", "strict"] = "lenient"
    takes_missing_unit: bool = True
    rounded_digits: int = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has decided, and why, in words for people."""

    outcome: Outcome
    reason: str


# Compares two parts of answers by all rules.
ComparesParts: TypeAlias = Callable[[str, str], Finding]
# A gold and a candidate, both in normal form; None leaves them to the next rule.
Rule: TypeAlias = Callable[[str, str, Policy, ComparesParts], Finding | None]


def correct(reason: str) -> Finding:
    """The same answer."""
    return Finding("correct", reason)


def wrong(reason: str) -> Finding:
    """Another answer."""
    return Finding("wrong", reason)


TOO_MANY_DIGITS = Finding("undecided", "a number in it has too many digits to be worked out")


def undecided(reason: str) -> Finding:
    """Nothing can be said."""
    return Finding("undecided", reason)
