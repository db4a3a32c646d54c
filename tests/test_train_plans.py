"""Plans: what a file says, what the command line changes, and what cannot be carried out."""

import argparse
from pathlib import Path

import pytest

from model.errors import BadInput
from train.grpo import given_plan
from train.plans import CONFIGS, Plan, plan_of, read_plan

SOURCES = {"own:sum": 1.0}


def test_a_plan_is_read_from_a_file_with_its_tables(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text('steps = 7\nlearning_rate = 1e-4\n[sources]\n"own:sum" = 2\n[weights]\nformat = 0.5\n', "utf-8")
    plan = read_plan(str(file))
    assert (plan.steps, plan.learning_rate, plan.sources, plan.reward.format) == (7, 1e-4, {"own:sum": 2.0}, 0.5)


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.toml")))
def test_every_plan_that_ships_is_valid(name: str):
    assert read_plan(name).steps > 0


@pytest.mark.parametrize(
    ("told", "words"),
    [
        pytest.param({"step": 5}, "'step' is no setting", id="unknown"),
        pytest.param({"steps": 0}, "steps is 0. Give 1 to", id="too few"),
        pytest.param({"steps": 1.5}, "must be of the kind int", id="no whole number"),
        pytest.param({"steps": True}, "must be of the kind int", id="a truth value"),
        pytest.param({"group": 1}, "group is 1. Give 2", id="no group"),
        pytest.param({"learned": 9, "group": 8}, "a group has 8 completions", id="more than there are"),
        pytest.param({"loss": "ppo"}, "Give one of: dapo", id="unknown loss"),
        pytest.param({"sources": {"own:sum": "all"}}, "must be a table of numbers", id="no share"),
        pytest.param({"weights": {"style": 1.0}}, "no part 'style' of a reward", id="unknown part"),
        pytest.param({"weights": {"format": -1.0}}, "below 0", id="negative weight"),
        pytest.param({"precision": "fp8"}, "Give auto, fp32, bf16 or nf4", id="unknown precision"),
        pytest.param({"sources": {"open:a.jsonl": 1.0}}, "reward_model go together", id="open without a model"),
        pytest.param({"weights": {"general": 1.0}}, "reward_model go together", id="general without a model"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused_with_what_to_do(told: dict[str, object], words: str):
    with pytest.raises(BadInput, match=words):
        plan_of(told)


def test_a_file_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(BadInput, match="embedded-cpu"):
        read_plan("nothing")


def test_the_command_line_changes_single_settings():
    given = argparse.Namespace(config="embedded-cpu", set=["prompts=3", "beta = 0.01"], steps=9, seed=4, start="fresh")
    plan = given_plan(given)
    assert (plan.prompts, plan.beta, plan.steps, plan.seed, plan.start) == (3, 0.01, 9, 4, "fresh")
    assert plan.sources == read_plan("embedded-cpu").sources
    given.set = ["prompts"]
    with pytest.raises(BadInput, match="NAME=VALUE"):
        given_plan(given)
    given.set = ["prompts=many"]
    with pytest.raises(BadInput, match="prompts is 'many'"):
        given_plan(given)


def test_passes_are_as_many_as_the_learned_completions_need():
    assert Plan(sources=SOURCES, prompts=4, group=8, learned=4, rows=8).passes == 2
    assert Plan(sources=SOURCES, prompts=3, group=8, learned=0, rows=16).passes == 2
