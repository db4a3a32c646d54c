"""Differences of two models, problem by problem, in; how likely chance alone makes them so large out."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

EXACT = "exact sign flips over problems"
DRAWN = "100,000 random sign flips over problems"

_DRAWS = 100_000
# Beyond this many values of the sum they are drawn instead of counted.
_MOST_SUMS = 4_000_000
# Sums that differ by rounding only are equal.
_SLACK = 1e-9


def p_value(differences: Sequence[Fraction]) -> tuple[float, str]:
    """The two-sided p-value of a mean difference of 0, and how it was found.

    If neither model is better, each problem's difference could as well have the other sign: the p-value is the share of
    all choices of signs whose sum is as far from 0 as the one seen. With one sample a problem that is the exact test
    of McNemar (the binomial test of the problems that only one of the two solves).

    Source:
        Fisher, The design of experiments, 1935; McNemar, 1947; Edwards, 1948, on its exact form.

    >>> p_value([Fraction(1)] * 5 + [Fraction(-1), Fraction(0)])
    (0.21875, 'exact sign flips over problems')
    """
    steps = _as_integers([each for each in differences if each])
    if not steps:
        return 1.0, EXACT
    if sum(map(abs, steps)) > _MOST_SUMS:
        return _drawn(steps), DRAWN
    return _counted(steps), EXACT


def _as_integers(differences: Sequence[Fraction]) -> list[int]:
    """The same in their largest common unit."""
    whole = math.lcm(*(each.denominator for each in differences))
    steps = [int(each * whole) for each in differences]
    unit = math.gcd(*steps)
    return [step // unit for step in steps]


def _counted(steps: Sequence[int]) -> float:
    """From the distribution of the sum over all choices of signs, made one problem after the other."""
    reach = sum(map(abs, steps))
    chances = np.zeros(2 * reach + 1)  # of each sum from -reach to reach
    chances[reach] = 1.0
    for step in map(abs, steps):
        flipped = np.zeros_like(chances)
        flipped[step:] += chances[:-step]
        flipped[:-step] += chances[step:]
        chances = flipped / 2
    seen = abs(sum(steps))
    if not seen:
        return 1.0
    return min(1.0, float(chances[: reach - seen + 1].sum() + chances[reach + seen :].sum()))


def _drawn(steps: Sequence[int]) -> float:
    """From random choices of signs, the one seen counted among them."""
    random = np.random.default_rng(0)
    seen, sizes, n_extreme = abs(sum(steps)), np.abs(np.array(steps, float)), 1
    for _ in range(_DRAWS // 1000):
        sums = random.choice((-1.0, 1.0), (1000, len(sizes))) @ sizes
        n_extreme += int((np.abs(sums) >= seen * (1 - _SLACK)).sum())
    return n_extreme / (_DRAWS + 1)
