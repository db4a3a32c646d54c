"""A profile's name and what was asked beside it in, how every problem is asked out.

`quick` is the product as users have it: its thinking budget, answer reserve and loop stop. `published` is the protocol
of the published figures: nothing but the model and the token limit ends what is written.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Any

from evals.benchmarks.benchmark import Benchmark, Problem, ProfileName
from model.engine import Budget, Request, budget_limits
from model.errors import BadInput
from model.events import Sampling
from model.sampling import check_sampling
from model.settings import MAX_NEW_TOKENS

PROFILES: tuple[ProfileName, ...] = ("quick", "published")
# QwQ's evaluation (QwenLM/QwQ, eval/README.md).
_PUBLISHED = Sampling(temperature=0.6, top_p=0.95, top_k=40, max_new_tokens=MAX_NEW_TOKENS)
MAX_SAMPLES = 1024


@dataclass(frozen=True, slots=True)
class Plan:
    """How every problem of a result is asked.

    Args:
        samples: So many for each problem.
        sampling: A value of None is the model family's preset.
        budget: For thinking; None where nothing cuts it.
        seed: Each sample gets its own from it; None leaves them to chance.
    """

    profile: ProfileName
    samples: int
    sampling: Sampling
    budget: Budget | None
    seed: int | None

    def request(self, problem: Problem, number: int) -> Request:
        """What the engine is asked for the problem's sample of this number."""
        sampling = replace(self.sampling, seed=seed_of(self.seed, problem.id, number))
        request = Request(problem.messages, sampling, tools=tuple(dict(tool) for tool in problem.tools))
        if self.budget is None:
            return replace(request, is_uncut=True)
        return replace(request, budget=self.budget)

    def fields(self) -> dict[str, Any]:
        """As the head of a result has it."""
        sampling = {name: value for name, value in asdict(self.sampling).items() if name != "seed"}
        return asdict(self) | {"sampling": sampling}


def plan_for(
    benchmark: Benchmark,
    profile: str = "quick",
    *,
    samples: int = 0,
    budget: Budget | None = None,
    max_new_tokens: int | None = None,
    seed: int | None = None,
) -> Plan:
    """How a benchmark is asked.

    Args:
        samples: 0 for as many as the profile takes.
        budget: None for that of the profile.
        max_new_tokens: None for that of the profile.

    Raises:
        BadInput: If the profile is unknown, or a value is out of its range.
    """
    if not 0 <= samples <= MAX_SAMPLES:
        raise BadInput(f"{samples:,} samples were asked for; give 1 to {MAX_SAMPLES:,}, or 0 for those of the profile.")
    limited = check_sampling(Sampling(max_new_tokens=max_new_tokens, seed=seed))
    if profile == "quick":
        budget = "medium" if budget is None else budget
        budget_limits(budget)
        sampling = Sampling(max_new_tokens=limited.max_new_tokens)
        return Plan("quick", samples or 1, sampling, budget, limited.seed)
    if profile == "published":
        if budget is not None:
            raise BadInput("Published figures are made without a thinking budget. Leave it out, or take quick.")
        sampling = replace(_PUBLISHED, max_new_tokens=limited.max_new_tokens or MAX_NEW_TOKENS)
        return Plan("published", samples or benchmark.samples, sampling, None, limited.seed)
    raise BadInput(f"The profile is {profile!r}. Give one of {', '.join(PROFILES)}.")


def plan_of(head: dict[str, Any]) -> Plan:
    """The plan by which a result was begun."""
    sampling = Sampling(**head["sampling"])
    return Plan(head["profile"], head["samples"], sampling, head["budget"], head["seed"])


def seed_of(seed: int | None, problem: str, number: int) -> int | None:
    """A seed for one sample: the same again after a resume, on any machine."""
    if seed is None:
        return None
    digest = hashlib.sha256(f"{seed} {problem} {number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def in_fair_order(problems: list[Problem], limit: int = 0) -> list[Problem]:
    """Problems in an order that has nothing to do with their difficulty, and the same on any machine.

    Many sets go from easy to hard. So the first few stand for all, the first 100 include the first 50, and the score of
    a run that is half done is no better than that of the whole.

    Args:
        limit: So many; 0 for all.

    Raises:
        BadInput: If the limit is negative.
    """
    if limit < 0:
        raise BadInput(f"The limit is {limit} problems; give 1 or more, or 0 for all.")
    mixed = sorted(problems, key=lambda problem: hashlib.sha256(problem.id.encode()).digest())
    return mixed[: limit or None]
