"""A result's file in, all its figures out: pass@1, pass@k, cons@k, intervals, what was cut, tokens, seconds, energy.

Nothing but what a judge called correct counts as correct: undecided samples and failed ones count against the model,
and how many there were is said beside. While a run goes on, the figures are those of the samples judged so far.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from evals.intervals import Share, share_of
from evals.result_file import Judged, Result, Sample


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and 95th percentile (the nearest rank) of a count."""

    mean: float
    percentile_95: float


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of a result. Shares lie between 0 and 1 and have 95% intervals, clustered by problem.

    Args:
        ended: Samples that were judged, or failed for good.
        errors: Samples that the engine failed at; they are in none of the three outcomes.
        pass_1: Mean over problems of the share of its samples that are correct (avg@n).
        pass_k: By k: the chance that one of k samples is correct, over problems with k samples.
        cons_k: Share of problems where the answer that most samples gave is correct; None without voting.
        qwq_pass_1: As `pass_1`, under QwQ's own rule; None where no sample was judged by it.
        same_problems_error: Standard error of `pass_1` when the same problems are asked again (the interval is that
            of other problems of the kind); None where that cannot be told: with one sample a problem, or where no
            problem has samples of both kinds, which is no proof that they never differ.
        truncated: Share of the samples that ended at the token limit.
        thinking_cut: Share whose thinking was ended, at the budget or in a loop.
        without_answer: Share that has no answer, mostly because the thinking never closed.
        tokens_per_second: Written by all samples together, while at least one was being written.
        seconds: By the clock, while at least one sample was being written.
        joules: What the card used over all sessions; None where it does not say.
    """

    problems: int
    samples: int
    ended: int
    outcomes: dict[str, int]
    errors: int
    pass_1: Share | None
    same_problems_error: float | None
    pass_k: dict[int, Share]
    cons_k: Share | None
    qwq_pass_1: Share | None
    truncated: float
    thinking_cut: float
    without_answer: float
    undecided: float
    failed: float
    finish_reasons: dict[str, int]
    thinking_tokens: Spread
    answer_tokens: Spread
    tokens_per_second: float
    seconds: float
    judge_seconds: float
    joules: float | None
    sessions: int


def pass_at_k(n: int, correct: int, k: int) -> float:
    """The chance that of k samples, drawn from n without putting back, one at least is correct.

    Raises:
        ValueError: If k is not from 1 to n, or `correct` not from 0 to n.

    Source:
        Chen and others, Evaluating large language models trained on code (arXiv 2107.03374): the unbiased estimator.

    >>> pass_at_k(4, 1, 2)
    0.5
    """
    if not (1 <= k <= n and 0 <= correct <= n):
        raise ValueError(f"pass@{k} of {n} samples with {correct} correct")
    return 1 - math.comb(n - correct, k) / math.comb(n, k)


def scores_of(result: Result) -> Scores:
    """All figures of a result as it stands."""
    judged = list(_ended(result))
    ended = [result.samples[each.key] for each in judged if each.key in result.samples]
    failed = {sample.key for sample in ended if sample.error}
    outcomes = Counter(each.outcome for each in judged if each.key not in failed)
    by_problem = _by_problem(judged)
    seconds = _busy_seconds(ended)
    n = len(judged)
    return Scores(
        problems=len(result.problems),
        samples=result.n_samples,
        ended=n,
        outcomes={outcome: outcomes[outcome] for outcome in ("correct", "wrong", "undecided")},
        errors=len(failed),
        pass_1=share_of(_shares_correct(by_problem), result.n_samples),
        same_problems_error=_same_problems_error(by_problem),
        pass_k=_pass_k(by_problem, result.n_samples),
        cons_k=_cons(by_problem, result.n_samples),
        qwq_pass_1=_qwq(by_problem, result.n_samples),
        truncated=_mean(sample.finish_reason == "length" for sample in ended),
        thinking_cut=_mean(sample.finish_reason in ("thinking_cut", "loop") for sample in ended),
        without_answer=_mean(not sample.is_closed for sample in ended),
        undecided=outcomes["undecided"] / n if n else 0.0,
        failed=len(failed) / n if n else 0.0,
        finish_reasons=dict(Counter(sample.finish_reason for sample in ended)),
        thinking_tokens=_spread([sample.thinking_tokens for sample in ended]),
        answer_tokens=_spread([sample.answer_tokens for sample in ended]),
        tokens_per_second=sum(s.thinking_tokens + s.answer_tokens for s in ended) / seconds if seconds else 0.0,
        seconds=seconds,
        judge_seconds=math.fsum(each.seconds for each in judged),
        joules=_joules(result),
        sessions=len(result.sessions),
    )


def pass_1_of(result: Result) -> Share | None:
    """The score so far, cheap enough to be asked for after every sample."""
    return share_of(_shares_correct(_by_problem(_ended(result))), result.n_samples)


def correct_of(result: Result) -> dict[str, list[bool]]:
    """Of each problem, whether each sample that has ended is correct, in the samples' order."""
    by_problem = _by_problem(_ended(result))
    return {mine[0].problem: [each.outcome == "correct" for each in mine] for mine in by_problem}


# ------------------------------------------------------------------ samples


def _ended(result: Result) -> Iterator[Judged]:
    """The judgement of each sample that has ended; a failed one without a judgement is undecided."""
    yield from result.judgements.values()
    for key, sample in result.samples.items():
        if sample.error and key not in result.judgements:
            yield Judged(*key, "undecided", sample.error)


def _by_problem(judged: Iterable[Judged]) -> list[list[Judged]]:
    """The problems' judgements in the order of their samples."""
    found: dict[str, list[Judged]] = {}
    for each in judged:
        found.setdefault(each.problem, []).append(each)
    return [sorted(mine, key=lambda each: each.number) for mine in found.values()]


# ------------------------------------------------------------------ scores


def _shares_correct(by_problem: Sequence[Sequence[Judged]]) -> list[float]:
    return [_mean(each.outcome == "correct" for each in mine) for mine in by_problem]


def _pass_k(by_problem: Sequence[Sequence[Judged]], n_samples: int) -> dict[int, Share]:
    found = {}
    for k in _ks(n_samples):
        counts = [(len(mine), sum(each.outcome == "correct" for each in mine)) for mine in by_problem]
        share = share_of([pass_at_k(n, correct, k) for n, correct in counts if n >= k], n_samples)
        if share is not None:
            found[k] = share
    return found


def _ks(n_samples: int) -> list[int]:
    """1, 2, 4 and so on, and the number of samples."""
    return sorted({2**power for power in range(n_samples.bit_length()) if 2**power <= n_samples} | {n_samples})


def _cons(by_problem: Sequence[Sequence[Judged]], n_samples: int) -> Share | None:
    """Over the problems that have all their samples."""
    whole = [mine for mine in by_problem if len(mine) == n_samples]
    if n_samples < 2 or not any(each.class_of >= 0 for mine in whole for each in mine):
        return None
    return share_of([_won_by_correct(mine) for mine in whole], n_samples)


def _won_by_correct(mine: Sequence[Judged]) -> float:
    """1 where the answer that most samples gave is correct; among equals, the share of them that are."""
    votes = Counter(each.class_of for each in mine if each.class_of >= 0)
    if not votes:
        return 0.0
    most = max(votes.values())
    is_correct = {each.number: each.outcome == "correct" for each in mine}
    return _mean(is_correct.get(number, False) for number, count in votes.items() if count == most)


def _qwq(by_problem: Sequence[Sequence[Judged]], n_samples: int) -> Share | None:
    if not any(each.qwq_outcome for mine in by_problem for each in mine):
        return None
    shares = [_mean((each.qwq_outcome or each.outcome) == "correct" for each in mine) for mine in by_problem]
    return share_of(shares, n_samples)


def _same_problems_error(by_problem: Sequence[Sequence[Judged]]) -> float | None:
    """From the variance within each problem, unbiased."""
    if not by_problem or any(len(mine) < 2 for mine in by_problem):
        return None
    shares = [(len(mine), _mean(each.outcome == "correct" for each in mine)) for mine in by_problem]
    variance = math.fsum(p * (1 - p) / (n - 1) for n, p in shares)
    return math.sqrt(variance) / len(by_problem) if variance else None


# ------------------------------------------------------------------ cost


def _busy_seconds(samples: Sequence[Sample]) -> float:
    """By the clock, while at least one of the samples was being written: pauses between sessions are left out."""
    total, until = 0.0, -math.inf
    for begin, end in sorted((sample.started, sample.started + sample.seconds) for sample in samples):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def _joules(result: Result) -> float | None:
    used = [session["joules"] for session in result.sessions if session.get("joules") is not None]
    return math.fsum(used) if used else None


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return math.fsum(held) / len(held) if held else 0.0


def _spread(counts: Sequence[int]) -> Spread:
    if not counts:
        return Spread(0.0, 0.0)
    rank = max(math.ceil(0.95 * len(counts)), 1)
    return Spread(_mean(counts), float(sorted(counts)[rank - 1]))
