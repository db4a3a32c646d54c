"""Sources with their shares in, problems out: the n-th one is always the same, whatever was asked before it.

A source's name begins with its kind: `own:word_one` (the tasks of `train/tasks/`), `gym:chain_sum` (reasoning-gym, in
levels), `gsm8k`, `math`, `mbpp` (data sets of the Hub), `file:problems.jsonl`, `constraints` (rules that a program can
check), `open:prompts.jsonl` (a reward model's). Every tenth problem, by its content, is held out and never trained on.
"""

import random
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from model.errors import BadInput
from model.families import Family
from train.constraint_problems import LEVELS, constraint_problem
from train.problem_sets import SetSource, open_set
from train.problems import Form, GymGold, Problem
from train.traces import Asserts, Split, Trace, Value, content_of, is_held_out, writers
from verify.gym_levels import gym_levels, gym_problem
from verify.gym_tasks import MODULES
from verify.instructions import check_packages

# Draws until a problem of the wanted split comes: one in ten is held out.
_MOST_DRAWS = 10_000
_MOST_INDEX = 2**31
# Traces of a task that are looked at to see whether it can be judged.
_LOOKED_AT = 20
_MOST_HELD_OUT_DRAWS = 20_000

# Numbers, signs and operators; a fraction is written in several ways.
_MATHS = re.compile(r"\d+(?:\.\d+)?|[-+*]")

Levels = Mapping[str, int]


class Source(Protocol):
    """Where problems come from."""

    @property
    def levels(self) -> int:
        """Of difficulty; 1 where there are none."""
        ...

    def draw(self, choose: random.Random, level: int, split: Split) -> Problem | None:
        """A problem by chance; None where this draw gives none of the split."""
        ...


class OwnSource:
    """A task of `train/tasks/`, with a gold that is a value or a function."""

    levels = 1

    def __init__(self, name: str, task: str) -> None:
        if task not in writers():
            raise BadInput(f"There is no task {task!r} in {name!r}. There are: {', '.join(sorted(writers()))}.")
        self._name = name
        self._write = writers()[task]
        traces = [self._write(random.Random(f"{task}:{number}")) for number in range(_LOOKED_AT)]
        if not all(map(_has_final_answer, traces)):
            raise BadInput(
                f"{name!r} has no answer that a verifier judges; take a task with a value in a box, or a function."
            )

    def draw(self, choose: random.Random, level: int, split: Split) -> Problem | None:
        """One of its problems; the same in another wording has the same key."""
        trace = self._write(choose)
        assert isinstance(trace.gold, Value | Asserts)
        return Problem(self._name, content_of(trace.key), trace.messages, trace.gold, tools=trace.tools)


def _has_final_answer(trace: Trace) -> bool:
    """Whether it asks for what can be judged: a function, or a value that is put into a box; without tools."""
    match trace.gold:
        case Value():
            return not trace.tools and r"\boxed" in trace.answer
        case Asserts():
            return not trace.tools
    return False


class GymSource:
    """A task of reasoning-gym, in levels from easy to hard."""

    def __init__(self, name: str, task: str, family: Family) -> None:
        if task not in MODULES:
            raise BadInput(f"There is no task {task!r} of reasoning-gym. There are: {', '.join(sorted(MODULES))}.")
        self._name, self._task, self._family = name, task, family
        self._settings = gym_levels(task)

    @property
    def levels(self) -> int:
        """As many as its settings."""
        return len(self._settings)

    def draw(self, choose: random.Random, level: int, split: Split) -> Problem | None:
        """A fresh problem of a level."""
        settings, index = self._settings[level], choose.randrange(_MOST_INDEX)
        question, _ = gym_problem(self._task, settings, index)
        gold = GymGold(self._task, settings, index)
        # The same numbers and signs in other words, or in another order, are the same problem.
        content = " ".join(sorted(_MATHS.findall(question))) or question
        return Problem(self._name, f"gym:{self._task}:{content}", asked(question, "box", self._family), gold, level)


class ConstraintSource:
    """Everyday requests with rules that a program can check: one rule, two, three.

    Raises:
        BadInput: If the packages of the checks are missing.
    """

    levels = LEVELS

    def __init__(self) -> None:
        check_packages()

    def draw(self, choose: random.Random, level: int, split: Split) -> Problem | None:
        """One of them."""
        return constraint_problem(choose.randrange(_MOST_INDEX), split, level)


def asked(question: str, form: Form, family: Family) -> tuple[Mapping[str, str], ...]:
    """A question as a model of the family is asked it on the page: with what brings the answer into its form."""
    more = {"box": family.boxing_text, "code": family.program_text, "text": ""}[form]
    return ({"role": "user", "content": question + more},)


def open_source(name: str, family: Family, folder: Path | None = None) -> Source:
    """A source by its name.

    Args:
        folder: Where the files of `file:` and `open:` are looked for, and data sets in the place of the Hub.

    Raises:
        BadInput: If there is none of this name, or its data cannot be had.
    """
    kind, _, rest = name.partition(":")
    match kind:
        case "own":
            return OwnSource(name, rest)
        case "gym":
            return GymSource(name, rest, family)
        case "constraints" if not rest:
            return ConstraintSource()
        case "gsm8k" | "math" | "mbpp" | "file" | "open":
            return SetSource(name, open_set(name, family, folder))
    raise BadInput(
        f"There is no source {name!r}. Give own:TASK, gym:TASK, gsm8k, math, mbpp, constraints, file:PATH or open:PATH."
    )


class Mixture:
    """Problems of several sources by their shares.

    Args:
        shares: How often each is taken, in any unit.
        seed: Another seed gives other problems of the same sources.

    Raises:
        BadInput: If a source is none, or a share is not above 0.
    """

    def __init__(self, shares: Mapping[str, float], seed: int, family: Family, folder: Path | None = None) -> None:
        if not shares or any(share <= 0 for share in shares.values()):
            raise BadInput("A plan needs at least one source, each with a share above 0, such as 'own:word_one' = 1.")
        self._sources = {name: open_source(name, family, folder) for name in shares}
        self._weights = [shares[name] for name in self._sources]
        self._seed = seed

    @property
    def levels(self) -> dict[str, int]:
        """How many levels each source has."""
        return {name: source.levels for name, source in self._sources.items()}

    def problem(self, number: int, levels: Levels, split: Split = "train") -> Problem:
        """The problem of a number.

        Args:
            levels: The level of each source that has several; 0 where it is not named.

        Raises:
            BadInput: If its source has no problem of this split.
        """
        choose = random.Random(f"{split}:{self._seed}:{number}")
        name = choose.choices(list(self._sources), self._weights)[0]
        problem = self._drawn(name, choose, levels.get(name, 0), split)
        assert is_held_out(problem.key) == (split == "held_out"), problem.key
        return problem

    def _drawn(self, name: str, choose: random.Random, level: int, split: Split) -> Problem:
        for _ in range(_MOST_DRAWS):
            problem = self._sources[name].draw(choose, level, split)
            if problem is not None and is_held_out(problem.key) == (split == "held_out"):
                return problem
        raise BadInput(f"The source {name!r} has no {split.replace('_', '-')} problem of level {level + 1}.")

    def held_out(self, count: int, counts: Levels | None = None) -> Sequence[Problem]:
        """So many held-out problems, each once; fewer where the sources have no more.

        Args:
            counts: How many levels of each source are asked, the easiest first; all of them when left out.
        """
        counts = self.levels if counts is None else counts
        found: dict[str, Problem] = {}
        for number in range(min(_MOST_HELD_OUT_DRAWS, 40 * count)):
            if len(found) >= count:
                break
            choose = random.Random(f"levels:{self._seed}:{number}")
            levels = {name: choose.randrange(counts.get(name, 1)) for name in self._sources}
            problem = self.problem(number, levels, "held_out")
            found.setdefault(problem.key, problem)
        return list(found.values())
