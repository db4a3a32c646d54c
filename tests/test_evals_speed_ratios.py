import pytest

from evals.speed.ratios import Figure, rounds_until


def figure(*eights, limit=3.5, is_upper_limit=False):
    return Figure("batch", "1 request", (10.0,) * len(eights), "8 at once", eights, "tokens/s", limit, is_upper_limit)


def test_ratio_is_the_median_of_the_rounds_so_that_a_slow_one_does_not_decide():
    slowed = Figure("batch", "1 request", (10.0, 10.0, 2.0), "8 at once", (40.0, 50.0, 9.0), "tokens/s", 3.5, False)
    assert slowed.ratio == 4.5
    told = slowed.as_json(is_quiet=True)
    assert (told["ratio_least"], told["ratio_most"], told["base_value"], told["outcome"]) == (4.0, 5.0, 10.0, "held")


@pytest.mark.parametrize(
    ("made", "is_quiet", "outcome"),
    [
        (figure(40.0), True, "held"),
        (figure(40.0), False, "held"),
        (figure(30.0), True, "missed"),
        (figure(30.0), False, "undecided"),
        (figure(1.0, limit=0.15, is_upper_limit=True), True, "held"),
        (figure(2.0, limit=0.15, is_upper_limit=True), True, "missed"),
    ],
)
def test_limit_is_missed_only_on_a_quiet_machine(made, is_quiet, outcome):
    assert made.outcome(is_quiet) == outcome


def test_one_round_is_taken_even_when_the_time_is_over():
    assert list(rounds_until(3, lambda: False)) == [0, 1, 2]
    assert list(rounds_until(3, lambda: True)) == [0]
