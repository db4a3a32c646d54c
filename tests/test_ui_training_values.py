"""What is said of a run and of its completions."""

from typing import Any

import pytest

from tests.training_folders import completion, figures
from train.run_files import RunState
from ui.training_values import (
    about_text,
    figures_value,
    listed_value,
    opened_sample,
    sample_row,
    standing_value,
    status_of,
)


def state(**more: Any) -> RunState:
    known: dict[str, Any] = {
        "kind": "grpo",
        "name": "first",
        "status": "going on",
        "step": 50,
        "steps": 200,
        "pid": 1,
        "started_at": "2026-01-01T00:00:00+00:00",
        "updated_at": "2026-01-01T01:00:00+00:00",
        "seconds": 3000.0,
        "model": "smollm2-135m",
    }
    return RunState(**known | more)


def test_run_that_goes_on_says_how_long_it_will_take() -> None:
    value = standing_value(state(), "going on")
    assert value["detail"] == "step 50 of 200 · 50 min · about 2 h 30 min left"
    assert (value["text"], value["tone"], value["is_going"], value["hint"]) == ("Going on", "busy", True, "")


def test_run_that_has_done_no_step_yet_does_not_guess() -> None:
    assert standing_value(state(step=0), "going on")["detail"] == "step 0 of 200 · 50 min"


@pytest.mark.parametrize("status", ["stopped", "ended", "failed"])
def test_run_that_wrote_its_own_end_is_not_interrupted(status: str) -> None:
    assert status_of(state(status=status), is_alive=False) == status


def test_run_whose_process_is_gone_is_interrupted_and_says_how_to_go_on() -> None:
    status = status_of(state(), is_alive=False)
    value = standing_value(state(), status)
    assert (value["text"], value["is_going"]) == ("Interrupted", False)
    assert "same command again" in value["hint"] and "left" not in value["detail"]


def test_run_that_failed_says_why_and_what_to_do() -> None:
    value = standing_value(state(status="failed", reason="The disk is full."), "failed")
    assert (value["text"], value["tone"]) == ("Failed: The disk is full.", "error")
    assert "same command again" in value["hint"]
    told = standing_value(state(status="stopped", reason="It was stopped; the same command goes on."), "stopped")
    assert told["hint"] == ""


def test_list_says_kind_model_age_and_how_far_it_is() -> None:
    value = listed_value(state(status="ended", step=200), "ended", now=10_000.0, updated_at=8_200.0)
    assert value["about"] == "Outcome rewards (GRPO) · smollm2-135m · 30 min ago"
    assert (value["status"], value["steps"]) == ("Ended", "step 200 of 200")
    assert "ago" not in listed_value(state(), "going on", 10_000.0, 9_990.0)["about"]


def test_adapter_that_it_began_from_is_named() -> None:
    assert "a fresh adapter" in about_text(state())
    assert "began from the app's own adapter" in about_text(state(start="shipped"))
    assert "began from adapters/mine · CPU" in about_text(state(start="adapters/mine", device="CPU"))


def logged(n: int) -> list[dict[str, Any]]:
    return [{"step": step} | figures(step, n) for step in range(1, n + 1)]


def test_figures_compare_the_first_tenth_of_the_steps_with_the_last() -> None:
    figure = {what: value for what, value, _ in figures_value("grpo", logged(20))}
    # Steps 1 and 2, then 19 and 20.
    assert figure["Mean reward"] == "0.245 → 0.785"
    assert figure["Tokens so far"] == "20,000"
    assert figure["Correct while training"] == "23.8% → 68.8%"


def test_held_out_figure_has_its_interval_where_the_count_is_known() -> None:
    log = [{"step": 1, "held_out/pass": 0.25}, {"step": 20, "held_out/pass": 0.75}]
    (known, *_) = figures_value("grpo", [each | {"asked/pass": 96.0} for each in log])
    assert known[1] == "25.0% (17.4% to 34.5%) → 75.0% (65.5% to 82.6%)" and "step 20" in known[2]
    (unknown, *_) = figures_value("grpo", log)
    assert unknown[1] == "25.0% → 75.0%"
    (once, *_) = figures_value("grpo", log[:1])
    assert once[1:] == ["25.0%", "At step 1."]


def test_each_held_out_source_has_its_own_interval_unless_it_is_all_of_them() -> None:
    log = [{"step": 1, "held_out/pass": 0.5, "asked/pass": 96.0, "held_out/gsm8k": 0.25, "asked/gsm8k": 40.0}]
    assert [what for what, *_ in figures_value("grpo", log)] == ["Held-out problems solved"]
    log[0] |= {"held_out/own:sum": 0.75, "asked/own:sum": 56.0}
    assert figures_value("grpo", log) == [
        ["Held-out problems solved", "50.0% (40.2% to 59.8%)", "At step 1."],
        ["Held out: gsm8k", "25.0% (14.2% to 40.2%)", "At step 1."],
        ["Held out: own:sum", "75.0% (62.3% to 84.5%)", "At step 1."],
    ]


def test_figures_of_fine_tuning_are_its_loss() -> None:
    assert figures_value("sft", [{"step": 1, "loss": 3.0}, {"step": 2, "loss": 1.0}]) == [
        ["Loss", "3.000 → 1.000", "Means of the first and of the last tenth of its steps."]
    ]
    told = figures_value("sft", [{"step": 1, "held_out/sums": 0.5}, {"step": 9, "held_out/sums": 0.75}])
    assert told == [["Held out: sums", "50.0% → 75.0%", ""]]
    assert figures_value("sft", []) == []


def test_row_of_a_completion_is_one_line() -> None:
    sample = completion(3, 1, question="How\nmany?  " + "x" * 500)
    place, step, source, question, outcome, label, reward, tokens = sample_row(77, sample)
    assert (place, step, source, outcome, label, reward, tokens) == (77, 3, "gsm8k", "wrong", "Wrong", "-0.2", 101)
    assert question.startswith("How many? x") and len(question) <= 141


def test_opened_completion_has_every_part_of_its_reward_and_the_reason() -> None:
    value = opened_sample(completion(3, 1), {"outcome": 1.0, "format": 0.2})
    assert [each[:2] for each in value["parts"]] == [
        ["Outcome", "0"],
        ["Format", "-1 × 0.2 = -0.2"],
        ["Reward", "-0.2"],
        ["Advantage", "0.5"],
    ]
    assert (value["label"], value["reason"], value["figures"]) == ("Wrong", "1 is not 2.", "101 tokens")
    assert value["faults"] == ["The thinking is empty."]
    assert opened_sample(completion(3, 2), {})["figures"] == "102 tokens · Cut at the limit"


def test_completion_without_a_reward_is_shown_too() -> None:
    sample = completion(3, 0, reward=None, parts=None, thinking=None, reason=None)
    assert sample_row(0, sample)[6] == "–"
    assert opened_sample(sample, {})["parts"][0] == ["Reward", "–", ""]
