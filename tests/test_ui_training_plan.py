"""A plan's settings have names that people know, and the weights of a reward are those that count."""

from dataclasses import fields

from train.plans import Plan
from train.rewards import Weights
from ui.training_plan import NAMES, plan_value, weights_of


def test_every_setting_of_a_plan_has_a_name() -> None:
    assert {field.name for field in fields(Plan)} - {"model"} - set(NAMES) == set()
    assert len(set(NAMES.values())) == len(NAMES)


def test_settings_come_in_the_order_of_the_plan() -> None:
    plan = {"kind": "grpo", "model": "embedded", "sources": {"gsm8k": 1.0}, "steps": 1500, "beta": 0.0, "new": "x"}
    assert [each[:2] for each in plan_value(plan)] == [
        ["Sources of problems", "gsm8k: 1.0"],
        ["Planned steps", "1,500"],
        ["Weight of the KL", "0.0"],
        ["New", "x"],
    ]


def test_weights_that_a_plan_does_not_name_are_shown_too() -> None:
    assert plan_value({"weights": {"length": 0.5}}) == [
        ["Weights of the reward", "outcome: 1.0, format: 0.2, length: 0.5", ""]
    ]


def test_weights_are_those_of_the_plan_and_else_the_usual_ones() -> None:
    assert weights_of({"weights": {"length": 0.5}})["length"] == 0.5
    assert weights_of({})["format"] == Weights().format and "length_free" not in weights_of({})
