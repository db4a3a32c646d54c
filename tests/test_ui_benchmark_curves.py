from collections.abc import Sequence

from evals.curve_file import Curve, Point
from evals.curve_going import CurveState
from evals.intervals import share_of
from ui.benchmark_curves import curve_value


def curve(best: int | None, scores: Sequence[float] = (1.0, 0.0)) -> Curve:
    share = share_of(list(scores), 1)
    assert share is not None
    return Curve(tuple(Point(budget, budget == 64, share, 0.1, 9.0, 0.0, {}) for budget in (0, 32, 64)), best)


def test_curve_that_is_measured_names_its_best_budget_and_offers_it() -> None:
    value = curve_value(curve(32), None, None, is_started=True)
    assert value["shows"] == ["use-budget"] and value["best"] == 32 and "is 32 thinking tokens" in value["words"]
    taken = curve_value(curve(32), None, 32, is_started=True)
    assert taken["shows"] == ["forget-budget"] and "default budget" in taken["words"]


def test_curve_that_goes_on_says_how_far_and_can_be_stopped() -> None:
    value = curve_value(curve(None), CurveState(True, 3, 9), None, is_started=True)
    assert value["shows"] == ["stop-curve"] and value["words"].startswith("3 of 9 answers") and value["best"] is None


def test_curve_that_was_not_measured_draws_nothing_and_offers_to_begin() -> None:
    value = curve_value(curve(64), None, None, is_started=False)
    assert (value["points"], value["shows"]) == ([], ["measure"]) and "nothing is thought anew" in value["words"]


def test_budget_of_nothing_is_not_offered() -> None:
    value = curve_value(curve(0), None, None, is_started=True)
    assert value["shows"] == [] and "does not help" in value["words"]


def test_budget_is_not_chosen_where_nothing_is_correct() -> None:
    value = curve_value(curve(0, (0.0, 0.0)), None, None, is_started=True)
    assert value["shows"] == [] and "No answer is correct" in value["words"]
