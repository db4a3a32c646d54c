"""The answers behind cut thinkings in, one file beside the result; read back, the curve of accuracy over budget out."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.intervals import Share, share_of
from evals.result_file import Result
from model.engine import budget_limits
from model.errors import BadInput
from model.settings import MAX_NEW_TOKENS

# The largest budgets that are tried unless others are asked for; each is twice the one before.
_MOST_BUDGETS = 7
_LEAST_BUDGET = 16
# Differences that are rounding only.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class CutAnswer:
    """What came of a sample whose thinking was cut.

    Args:
        thinking_tokens: Kept of the thinking; all of it where it was over before.
        is_cut: False where the thinking was over within the budget: the sample's own judgement holds, and the fields
            behind this one are empty.
        finish_reason: Of the cut: "thinking_cut" or "loop".
        outcome: Of the answer that was written behind the cut.
    """

    problem: str
    number: int
    budget: int
    thinking_tokens: int
    is_cut: bool
    finish_reason: str = ""
    answer: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    answer_tokens: int = 0
    seconds: float = 0.0
    outcome: str = ""
    reason: str = ""
    error: str = ""

    @property
    def key(self) -> tuple[str, int, int]:
        """Names it in its file."""
        return self.problem, self.number, self.budget


@dataclass(frozen=True, slots=True)
class Point:
    """The score with one budget.

    Args:
        budget: Thinking tokens.
        is_own: Whether it is that of the result itself, at its own limit.
        share: Over the problems that have all samples at this budget.
        standard_error: Of the share, clustered by problem.
        thinking_tokens: Mean over samples.
        cut: Share of the samples whose thinking was cut.
    """

    budget: int
    is_own: bool
    share: Share
    standard_error: float
    thinking_tokens: float
    cut: float
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """Points by rising budget; `best` is the budget to take, None until every point has the same problems."""

    points: tuple[Point, ...]
    best: int | None


def curve_path(result: Path) -> Path:
    """Where the curve of a result lies: beside it."""
    return result.with_suffix(".curve")


def read_cuts(path: Path) -> dict[tuple[str, int, int], CutAnswer]:
    """The answers in a file, by problem, number and budget; none where there is no file. The last one holds.

    Raises:
        BadInput: If a line cannot be read; half a line at the end is passed over.
    """
    found: dict[tuple[str, int, int], CutAnswer] = {}
    lines = path.read_bytes().split(b"\n") if path.exists() else []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
            if read.pop("type") != "cut":
                continue
            read["calls"] = tuple((name, arguments) for name, arguments in read["calls"])
            cut = CutAnswer(**read)
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):  # it was killed while it wrote
                break
            raise BadInput(f"{path.name}, line {number} is no answer behind a cut.") from error
        found[cut.key] = cut
    return found


def is_out_of_date(result: Result, cut: CutAnswer) -> bool:
    """Whether it says that nothing was cut of a sample that has been written since: it had failed then."""
    sample = result.samples.get((cut.problem, cut.number))
    return sample is None or (not cut.is_cut and cut.thinking_tokens != sample.thinking_tokens)


def own_budget(result: Result) -> int:
    """The thinking tokens at which the result itself was cut, or its token limit where nothing was."""
    budget, limit = result.head.get("budget"), result.head["sampling"].get("max_new_tokens") or MAX_NEW_TOKENS
    tokens = None if budget is None else budget_limits(budget).tokens
    return limit if tokens is None else min(tokens, limit)


def default_budgets(result: Result) -> list[int]:
    """None at all, and doublings up to the longest thinking: at most seven, and below the result's own budget."""
    longest = max((sample.thinking_tokens for sample in result.samples.values()), default=0)
    most = min(longest, own_budget(result) - 1)
    doublings = [2**power for power in range(most.bit_length()) if _LEAST_BUDGET <= 2**power <= most]
    return [0, *doublings[-_MOST_BUDGETS:]] if most > 0 else []


def curve_of(result: Result, cuts: Mapping[tuple[str, int, int], CutAnswer]) -> Curve:
    """The curve as far as it is known; its last point is the result itself."""
    own = own_budget(result)
    held = [cut for cut in cuts.values() if cut.budget < own and not is_out_of_date(result, cut)]
    budgets = sorted({cut.budget for cut in held})
    points = [_point(result, [cut for cut in held if cut.budget == budget], budget) for budget in budgets]
    known = [point for point in (*points, _own_point(result, own)) if point is not None]
    return Curve(tuple(known), best_budget(known))


def best_budget(points: Sequence[Point]) -> int | None:
    """The smallest budget that costs nothing to speak of; None without points, or if their problems are not the same.

    Its score is within one standard error of the best one. And on the same problems it loses no more than one standard
    error of that loss: the scores of one run go up and down together, so with few problems the first alone would let
    a real loss pass.

    Source:
        The one-standard-error rule: Breiman and others, Classification and regression trees, 1984.
    """
    if not points or any(point.scores.keys() != points[0].scores.keys() for point in points):
        return None
    best = max(points, key=lambda point: (point.share.value, -point.budget))
    for point in sorted(points, key=lambda each: each.budget):
        losses = [best.scores[problem] - point.scores[problem] for problem in best.scores]
        loss = best.share.value - point.share.value
        if loss <= min(best.standard_error, _standard_error(losses)) + _SLACK:
            return point.budget
    return best.budget


def _point(result: Result, cuts: Sequence[CutAnswer], budget: int) -> Point | None:
    correct = {cut.key[:2]: _is_correct(result, cut) for cut in cuts}
    tokens = {cut.key[:2]: cut.thinking_tokens for cut in cuts}
    return _point_of(result, budget, correct, tokens, [cut.is_cut for cut in cuts])


def _own_point(result: Result, budget: int) -> Point | None:
    correct = {key: judged.outcome == "correct" for key, judged in result.judgements.items()}
    samples = [result.samples[key] for key in correct if key in result.samples]
    tokens = {sample.key: sample.thinking_tokens for sample in samples}
    was_cut = [sample.finish_reason != "stop" for sample in samples]
    point = _point_of(result, budget, correct, tokens, was_cut)
    return point and _as_own(point)


def _as_own(point: Point) -> Point:
    return Point(point.budget, True, point.share, point.standard_error, point.thinking_tokens, point.cut, point.scores)


def _is_correct(result: Result, cut: CutAnswer) -> bool:
    if cut.is_cut:
        return cut.outcome == "correct"
    judged = result.judgements.get((cut.problem, cut.number))
    return judged is not None and judged.outcome == "correct"


def _point_of(
    result: Result,
    budget: int,
    correct: Mapping[tuple[str, int], bool],
    tokens: Mapping[tuple[str, int], int],
    was_cut: Sequence[bool],
) -> Point | None:
    """Over the problems that have all their samples."""
    scores: dict[str, float] = {}
    for problem in result.problems:
        mine = [correct[problem, number] for number in range(result.n_samples) if (problem, number) in correct]
        if len(mine) == result.n_samples:
            scores[problem] = sum(mine) / len(mine)
    share = share_of(list(scores.values()), result.n_samples)
    if share is None:
        return None
    error = _standard_error(list(scores.values()))
    return Point(budget, False, share, error, _mean(tokens.values()), _mean(was_cut), scores)


def _standard_error(values: Sequence[float]) -> float:
    """Of the mean; 0 of a single value."""
    n = len(values)
    if n < 2:
        return 0.0
    mean = math.fsum(values) / n
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)


def _mean(values: Iterable[Any]) -> float:
    held = list(values)
    return math.fsum(held) / len(held) if held else 0.0
