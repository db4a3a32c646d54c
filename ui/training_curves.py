"""The log of a training run (a dict of figures a step) in; the charts that the Training tab draws out. No gradio."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from train.run_facts import ALL_SOURCES, HELD_OUT, held_out_names

Value = dict[str, Any]
Point = Mapping[str, Any]

# A line has no more points than a screen has places for them: each is the mean of its stretch.
MOST_POINTS = 300

REWARD_PARTS = {
    "reward/outcome": "Outcome",
    "reward/format": "Format",
    "reward/length": "Length",
    "reward/repetition": "Repetition",
    "reward/general": "Reward model",
}
_ALL = HELD_OUT + ALL_SOURCES
_OUTCOMES = {
    "correct": "Correct",
    "undecided": "Undecided",
    "truncated": "Cut at the limit",
    "flat_groups": "Groups that teach nothing",
}
_KINDS = {
    "grpo": (
        ("Reward, and what each part adds", "number", {"reward": "Reward"} | REWARD_PARTS),
        ("Held-out problems solved", "share", HELD_OUT),
        ("Completions", "share", _OUTCOMES),
        ("Length of a completion", "tokens", {"length": "Tokens"}),
        ("KL from the reference", "number", {"kl": "KL"}),
        ("Entropy", "number", {"entropy": "Entropy"}),
    ),
    "sft": (
        ("Loss", "number", {"loss": "Loss"}),
        ("Held-out problems solved", "share", HELD_OUT),
    ),
}


def charts_value(kind: str, log: Sequence[Point], weights: Mapping[str, float]) -> list[Value]:
    """What is drawn of a run, one chart after the other; a chart without a figure is left out.

    Args:
        weights: Of the parts of the reward, which are logged without them.
    """
    charts = []
    factors = {f"reward/{part}": weight for part, weight in weights.items()}
    for title, unit, names in _KINDS.get(kind, ()):
        labels = _held_out_labels(log) if isinstance(names, str) else names
        series = [
            {"label": label, "points": _drawn(points_of(log, name, factors.get(name, 1.0)))}
            for name, label in labels.items()
        ]
        series = [each for each in series if each["points"]]
        if series:
            charts.append({"title": title, "unit": unit, "series": series})
    return charts


def points_of(log: Iterable[Point], name: str, weight: float = 1.0) -> list[tuple[int, float]]:
    """Step and value where a figure was written, without what is no number."""
    return [(int(each["step"]), weight * float(each[name])) for each in log if _is_number(each.get(name))]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _held_out_labels(log: Sequence[Point]) -> dict[str, str]:
    """All sources together first, then each by its name."""
    labels = {name: name.removeprefix(HELD_OUT) for name in held_out_names(log)}
    if _ALL not in labels:
        return labels
    labels[_ALL] = "All sources"
    # One source is all of them.
    return labels if len(labels) > 2 else {_ALL: labels[_ALL]}


def _drawn(points: Sequence[tuple[int, float]]) -> list[list[float]]:
    """No more than `MOST_POINTS`, the last one as it stands."""
    if len(points) <= MOST_POINTS:
        return [[step, _short(value)] for step, value in points]
    width = math.ceil((len(points) - 1) / (MOST_POINTS - 1))
    stretches = [points[at : at + width] for at in range(0, len(points) - 1, width)]
    drawn = [[each[-1][0], _short(math.fsum(value for _, value in each) / len(each))] for each in stretches]
    step, value = points[-1]
    if drawn[-1][0] == step:
        drawn.pop()
    return [*drawn, [step, _short(value)]]


def _short(value: float) -> float:
    return float(f"{value:.5g}")
