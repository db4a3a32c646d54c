"""An answer and the instructions of its prompt in, whether it follows them all out: the checks of IFEval.

The checks are the published ones, taken from lm-eval and run in a child process (`verify.instructions_child`); the
package is optional (requirements-evals.txt).

Source:
    Jeffrey Zhou and others: Instruction-Following Evaluation for Large Language Models, 2023 (arXiv 2311.07911).
"""

import importlib.util
import os
import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model.errors import BadInput
from model.events import Outcome
from verify.child import MEMORY_BYTES
from verify.child_process import ChildProcess

# What the child process runs.
MODULE = "verify.instructions_child"
# Of the processor; the first question waits for the checks to be imported.
SECONDS = 20.0
# No answer to such a prompt is near this; an endless one would only slow its checks down.
MAX_ANSWER_CHARACTERS = 200_000

_NEEDED = ("lm_eval", "nltk", "langdetect", "immutabledict")

# A child's module, a question and its processor seconds to the answer; None if it took too long or died.
Ask = Callable[[str, dict[str, Any], float], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Followed:
    """What the checks say of an answer.

    Attributes:
        outcome: `correct` if every instruction is followed strictly; `undecided` if that cannot be said.
        strict: For each instruction, whether it is followed; empty where it was not checked.
        loose: The same, with the answer's first line, its last line or its asterisks left out where that helps.
    """

    outcome: Outcome
    reason: str
    strict: tuple[bool, ...] = ()
    loose: tuple[bool, ...] = ()


def missing_packages() -> tuple[str, ...]:
    """What the checks need and this machine has not; empty if they can be run."""
    return tuple(name for name in _NEEDED if importlib.util.find_spec(name) is None)


def check_packages() -> None:
    """Pass if the checks can be run.

    Raises:
        BadInput: If a package is missing.
    """
    if missing := missing_packages():
        raise BadInput(
            f"IFEval's checks come from lm-eval. Not installed here: {', '.join(missing)}. "
            "Install them with pip install -r requirements-evals.txt"
        )


def followed(
    ask: Ask, prompt: str, answer: str, instructions: Sequence[str], kwargs: Sequence[Mapping[str, Any]]
) -> Followed:
    """What the checks say, asked of a child process that somebody else owns; never raises for what the answer is.

    Args:
        instructions: IFEval's ids, such as "punctuation:no_comma".
        kwargs: The arguments of each.
    """
    if not answer.strip():
        return Followed("undecided", "there is no answer")
    if len(answer) > MAX_ANSWER_CHARACTERS:
        return Followed("undecided", f"the answer is longer than {MAX_ANSWER_CHARACTERS:,} characters")
    asked = {
        "prompt": prompt,
        "answer": answer,
        "instructions": list(instructions),
        "kwargs": [dict(each) for each in kwargs],
        "nltk_data": os.environ.get("NLTK_DATA", ""),
    }
    told = ask(MODULE, asked, SECONDS)
    if told is None:
        return Followed("undecided", f"it could not be checked within {SECONDS:.0f} s")
    if "error" in told:
        return Followed("undecided", str(told["error"]))
    strict, loose = tuple(told["strict"]), tuple(told["loose"])
    if all(strict):
        return Followed("correct", "every instruction is followed", strict, loose)
    pairs = zip(instructions, strict, strict=True)
    broken = ", ".join(dict.fromkeys(name for name, is_followed in pairs if not is_followed))
    return Followed("wrong", f"not followed: {broken}", strict, loose)


class InstructionJudge:
    """The checks in child processes of its own, started when they are first needed. Any thread may use it.

    Args:
        n_children: Answers that are checked at once.

    Raises:
        BadInput: If a package that the checks need is missing.
    """

    def __init__(self, n_children: int = 1) -> None:
        check_packages()
        self._children = [ChildProcess(MODULE, MEMORY_BYTES) for _ in range(n_children)]
        self._idle: queue.LifoQueue[ChildProcess] = queue.LifoQueue()
        for child in self._children:
            self._idle.put(child)

    def judge(
        self, prompt: str, answer: str, instructions: Sequence[str], kwargs: Sequence[Mapping[str, Any]]
    ) -> Followed:
        """Whether an answer follows every instruction of its prompt; see `followed`."""
        return followed(self._ask, prompt, answer, instructions, kwargs)

    def _ask(self, _: str, asked: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        child = self._idle.get()
        try:
            return child.ask(asked, seconds)
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """End the child processes; nothing may be asked at the same time or after."""
        for child in self._children:
            child.kill()

    def __enter__(self) -> "InstructionJudge":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
