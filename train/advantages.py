"""Rewards of groups of completions in, which of them are learned from and how much each is worth out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

# Advantages nearer to 0 than this move nothing.
FLAT = 1e-6
# A group that differs by less is divided by this, about what one right answer of sixteen makes: where all answers are
# wrong, one that is cut as well must not make the others as good as right ones.
_LEAST_DEVIATION = 0.25


@dataclass(frozen=True, slots=True)
class Scored:
    """A completion with its reward.

    Attributes:
        reward: None for one that could not be judged: it is left out of its group's mean, and teaches nothing.
        facts: What is kept of it in `samples.jsonl`.
    """

    prompt_ids: Sequence[int]
    ids: Sequence[int]
    reward: float | None
    facts: dict[str, Any] = field(default_factory=dict)


def advantages_of(rewards: Sequence[float | None], group: int, scale: str) -> list[float]:
    """How much better than its group each completion is; 0 for one without a reward, and where all are alike.

    Args:
        scale: "group" divides by the group's standard deviation, "batch" by that of all, "none" by nothing.

    >>> [round(each, 2) for each in advantages_of([1.0, 0.0, None, 0.0], 4, "none")]
    [0.67, -0.33, 0.0, -0.33]
    """
    judged = [reward for reward in rewards if reward is not None]
    of_all = _deviation(judged)
    found: list[float] = []
    for start in range(0, len(rewards), group):
        part = rewards[start : start + group]
        known = [reward for reward in part if reward is not None]
        mean = fmean(known) if known else 0.0
        deviation = {"group": _deviation(known), "batch": of_all}.get(scale, 1.0)
        if not known or _deviation(known) < FLAT:
            found += [0.0] * len(part)
            continue
        divisor = max(deviation, _LEAST_DEVIATION) if scale in ("group", "batch") else 1.0
        found += [0.0 if reward is None else (reward - mean) / divisor for reward in part]
    return found


def _deviation(values: Sequence[float]) -> float:
    """The standard deviation of a sample; 0 for fewer than two."""
    if len(values) < 2:
        return 0.0
    mean = fmean(values)
    return float((sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5)


def contrasting(rewards: Sequence[float | None], group: int, learned: int) -> list[int]:
    """Which completions are learned from: of each group the best and the worst, whose rewards differ most.

    Args:
        learned: How many of a group; 0 for all.

    Source:
        Max-variance down-sampling: "Not All Rollouts are Useful", arXiv 2504.13818.

    >>> contrasting([0.0, 1.0, 0.0, 0.0], 4, 2)
    [1, 3]
    """
    chosen: list[int] = []
    for start in range(0, len(rewards), group):
        numbers = [at for at in range(start, min(start + group, len(rewards))) if rewards[at] is not None]
        if not learned or len(numbers) <= learned:
            chosen += numbers
            continue
        ordered = sorted(numbers, key=lambda at: (rewards[at] or 0.0, at))
        splits = [ordered[:low] + ordered[len(ordered) - (learned - low) :] for low in range(learned + 1)]
        chosen += sorted(max(splits, key=lambda split: _deviation([rewards[at] or 0.0 for at in split])))
    return chosen
