"""How often an interval has the truth in it is counted, not assumed."""

import numpy as np
import pytest

from evals.coverage import covered, normal, ours


def test_covered_counts_the_intervals_with_the_truth_in_them():
    drawn = iter([np.array([0.5]), np.array([0.9]), np.array([0.1]), np.array([0.6])])
    methods = {"never": lambda values, k: (2.0, 3.0), "near": lambda values, k: (values[0] - 0.15, values[0] + 0.15)}
    told = covered(methods, drawn, truth=0.5, k=1, runs=4)
    assert told["never"] == {"covered_percent": 0.0, "width_points": 100.0}
    assert told["near"] == {"covered_percent": 50.0, "width_points": 30.0}


def test_normal_intervals_have_no_width_where_ours_still_do():
    values = np.zeros(30)
    assert normal(values, 4) == (0.0, 0.0)
    assert ours(values, 4)[1] == pytest.approx(0.08, abs=0.005)
