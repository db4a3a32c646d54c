"""A log becomes charts: which there are, with how many points, and what they leave out."""

import math
from typing import Any

from tests.training_folders import figures
from ui.training_curves import MOST_POINTS, charts_value, points_of


def test_run_with_outcome_rewards_has_its_charts_in_order() -> None:
    log = [{"step": step, "seconds": 1.0} | figures(step, 20) for step in range(1, 21)]
    log[0] |= {"held_out/pass": 0.2, "held_out/gsm8k": 0.1, "held_out/own:word_one": 0.3}
    log[0] |= {"asked/pass": 96.0, "asked/gsm8k": 40.0, "asked/own:word_one": 56.0}
    charts = charts_value("grpo", log, {"format": 0.2, "length": 0.0})
    assert [each["title"] for each in charts] == [
        "Reward, and what each part adds",
        "Held-out problems solved",
        "Completions",
        "Length of a completion",
        "KL from the reference",
        "Entropy",
    ]
    labels = [[series["label"] for series in each["series"]] for each in charts]
    assert labels[0] == ["Reward", "Outcome", "Format"]
    assert labels[1] == ["All sources", "gsm8k", "own:word_one"]
    # A part of the reward is called as this figure is.
    assert charts[3]["series"][0]["points"][0] == [1, 395.0]
    assert [series["points"][0] for series in charts[0]["series"]] == [[1, 0.23], [1, 0.13], [1, -0.2]]


def test_fine_tuning_has_its_loss_and_what_it_holds_out() -> None:
    log = [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 2.0, "held_out/arithmetic": 0.5}]
    charts = charts_value("sft", log, {})
    assert [each["title"] for each in charts] == ["Loss", "Held-out problems solved"]
    assert charts[1]["series"] == [{"label": "arithmetic", "points": [[2, 0.5]]}]


def test_one_held_out_source_is_not_drawn_twice() -> None:
    asked = {"asked/pass": 9.0, "asked/gsm8k": 9.0}
    charts = charts_value("grpo", [{"step": 1, "held_out/pass": 0.5, "held_out/gsm8k": 0.5} | asked], {})
    assert [series["label"] for series in charts[0]["series"]] == ["All sources"]


def test_long_log_is_drawn_with_the_means_of_stretches_and_its_last_point_as_it_stands() -> None:
    log = [{"step": step, "kl": float(step % 2)} for step in range(1, 10_001)]
    log[-1]["kl"] = 7.0
    (series,) = charts_value("grpo", log, {})[0]["series"]
    assert MOST_POINTS / 2 < len(series["points"]) <= MOST_POINTS
    assert series["points"][-1] == [10_000, 7.0]
    steps = [step for step, _ in series["points"]]
    assert steps == sorted(set(steps))
    assert all(abs(value - 0.5) < 0.05 for _, value in series["points"][:-1])


def test_one_more_point_than_fits_still_fits() -> None:
    for n in (MOST_POINTS, MOST_POINTS + 1, 2 * MOST_POINTS - 1, 2 * MOST_POINTS):
        (series,) = charts_value("grpo", [{"step": step, "kl": 1.0} for step in range(n)], {})[0]["series"]
        assert len(series["points"]) <= MOST_POINTS and series["points"][-1][0] == n - 1


def test_what_is_no_number_is_no_point() -> None:
    log: list[dict[str, Any]] = [
        {"step": 1, "kl": None},
        {"step": 2, "kl": math.nan},
        {"step": 3},
        {"step": 4, "kl": True},
    ]
    assert points_of([*log, {"step": 5, "kl": 2}], "kl") == [(5, 2.0)]


def test_empty_log_and_unknown_kinds_draw_nothing() -> None:
    assert charts_value("grpo", [], {}) == [] and charts_value("something", [{"step": 1, "loss": 1.0}], {}) == []
