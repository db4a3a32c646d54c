"""What a policy is asked while it is trained: a problem with its gold, which a verifier of `verify/` can judge by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from model.code_events import TestForm
from train.traces import Asserts, Value


@dataclass(frozen=True, slots=True)
class TestsGold:
    """A program that passes these tests (`verify.code.test_sets` has their forms)."""

    __test__ = False  # pytest shall not take it for a test

    tests: str
    form: TestForm | None = None
    entry_point: str = ""


@dataclass(frozen=True, slots=True)
class GymGold:
    """An answer to which reasoning-gym's own scorer gives its full score."""

    task: str
    settings: Mapping[str, Any]
    index: int


@dataclass(frozen=True, slots=True)
class Constraints:
    """An answer that follows every instruction: IFEval's ids, and the arguments of each."""

    instructions: tuple[str, ...]
    kwargs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class OpenEnded:
    """Nothing can be checked: a reward model is asked."""


Gold = Value | Asserts | TestsGold | GymGold | Constraints | OpenEnded
Form = Literal["box", "code", "text"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem.

    Attributes:
        source: As a plan names it: "own:word_one", "gym:gcd", "gsm8k", "file:mine.jsonl", "constraints".
        key: What is asked, whatever the wording; decides whether it is held out (`train.traces.is_held_out`).
        level: Of difficulty, from 0; sources without levels have only that.
    """

    source: str
    key: str
    messages: tuple[Mapping[str, Any], ...]
    gold: Gold
    level: int = 0
    tools: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def form(self) -> Form:
        """Where the final answer is to stand."""
        match self.gold:
            case Value() | GymGold():
                return "box"
            case Asserts() | TestsGold():
                return "code"
            case _:
                return "text"

    @property
    def question(self) -> str:
        """The last thing that was asked."""
        return str(self.messages[-1]["content"])
