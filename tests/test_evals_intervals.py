"""Intervals against their closed forms and against drawing, and that they cover what they promise."""

import math
from random import Random

import mpmath
import pytest

from evals.intervals import CLUSTERED, WILSON, clustered, share_of


@pytest.mark.parametrize(("right", "n"), [(24, 30), (1, 30), (29, 30), (1, 2), (1, 1319), (1253, 1319)])
def test_clustered_is_jeffreys_interval_where_scores_are_0_or_1(right, n):
    ends = clustered([1.0] * right + [0.0] * (n - right))
    below = [float(mpmath.betainc(right + 0.5, n - right + 0.5, 0, end, regularized=True)) for end in ends]
    # At 1,319 problems a chance of a thousandth is a shift of a millionth.
    assert below == pytest.approx([0.025, 0.975], abs=1e-3)


def test_clustered_is_what_drawing_the_weights_gives():
    random = Random(3)
    values = [random.randint(0, 4) / 4 for _ in range(12)]
    draws = []
    for _ in range(20_000):
        weights = [random.gammavariate(1, 1) for _ in values] + [random.gammavariate(0.5, 1) for _ in range(2)]
        draws.append(math.fsum(w * v for w, v in zip(weights, [*values, 0, 1], strict=True)) / math.fsum(weights))
    draws.sort()
    assert clustered(values) == pytest.approx((draws[500], draws[19_500]), abs=0.01)


def test_clustered_of_differences_reaches_from_minus_1_to_1():
    low, high = clustered([0.5, -0.5, 0.0, 0.25], lowest=-1, highest=1)
    assert -1 < low < 0 < high < 1
    assert clustered([-0.5, 0.5, 0.0, -0.25], lowest=-1, highest=1) == pytest.approx((-high, -low), abs=1e-5)


def test_clustered_has_no_width_zero_where_all_problems_are_alike():
    assert clustered([1.0] * 30)[0] < 0.95 and clustered([1.0] * 30)[1] == 1
    assert clustered([0.0] * 30)[1] > 0.05 and clustered([0.0] * 30)[0] == 0
    assert clustered([0.5] * 30)[0] < 0.47 < 0.53 < clustered([0.5] * 30)[1]


def test_clustered_covers_the_truth_where_clustered_standard_errors_do_not():
    """30 problems of which a weak model solves one in twenty, four samples each."""
    random, n_problems, truth = Random(5), 30, 0.1 / 2.1
    covered = covered_by_normal = 0
    for _ in range(200):
        values = []
        for _ in range(n_problems):
            chance = random.betavariate(0.1, 2)
            values.append(sum(random.random() < chance for _ in range(4)) / 4)
        low, high = clustered(values)
        covered += low <= truth <= high
        mean = math.fsum(values) / n_problems
        error = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n_problems - 1) / n_problems)
        covered_by_normal += abs(mean - truth) <= 1.96 * error
    assert covered >= 184 > covered_by_normal


def test_share_names_its_method_and_takes_one_sample_a_problem_by_wilson():
    one, several = share_of([1.0] * 24 + [0.0] * 6, 1), share_of([1.0] * 24 + [0.25] * 6, 4)
    assert one is not None and several is not None
    assert (round(one.low, 3), round(one.high, 3), one.method) == (0.627, 0.905, WILSON)
    assert several.method == CLUSTERED and several.problems == 30
    assert share_of([], 1) is None
