"""p-values against every choice of signs, the binomial test, and drawing."""

import math
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evals.sign_flips
from evals.sign_flips import DRAWN, EXACT, p_value


@given(st.lists(st.fractions(-1, 1, max_denominator=12), max_size=7))
@settings(max_examples=40, deadline=None)
def test_p_value_is_the_share_of_sign_choices_that_are_as_extreme(differences):
    seen = abs(sum(differences))
    choices = [
        sum(s * d for s, d in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = Fraction(sum(abs(each) >= seen for each in choices), len(choices))
    found, how = p_value(differences)
    assert found == pytest.approx(float(expected)) and how == EXACT


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (1, 0), (3, 9), (5, 5), (2, 15), (100, 150)])
def test_p_value_is_mcnemars_where_each_problem_is_solved_or_not(only_first, only_second):
    n, fewer = only_first + only_second, min(only_first, only_second)
    expected = min(Fraction(1), Fraction(2 * sum(math.comb(n, i) for i in range(fewer + 1)), 2**n))
    differences = [Fraction(-1)] * only_first + [Fraction(1)] * only_second + [Fraction(0)] * 20
    assert p_value(differences)[0] == pytest.approx(float(expected), rel=1e-9)


def test_p_value_is_drawn_and_says_so_where_the_sums_are_too_many_to_count(monkeypatch):
    differences = [Fraction(each, 16) for each in (5, 3, -2, 8, 8, 1, -4, 6, 2, 7)]
    counted, how = p_value(differences)
    assert how == EXACT
    monkeypatch.setattr(evals.sign_flips, "_MOST_SUMS", 10)
    drawn, how = p_value(differences)
    assert drawn == pytest.approx(counted, abs=0.004) and how == DRAWN
