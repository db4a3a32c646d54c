"""The model card of a run's adapter: the run's own facts, the Hub's form, no folder of the machine that trained."""

import json
import tomllib
from dataclasses import replace

import pytest
import yaml

from tests.reported_run import PLAN, write_run
from train.plans import plan_of, read_plan
from train.run_card import plan_in_words, write_run_card


def card_of(run) -> str:
    return write_run_card(run, run / "adapter").read_text("utf-8")


def front_of(card: str) -> dict:
    return yaml.safe_load(card.split("---")[1])


@pytest.mark.parametrize(
    ("model", "base", "licence"),
    [
        ("smollm2-135m", "HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0"),
        ("embedded", "HuggingFaceTB/SmolLM2-135M-Instruct", "apache-2.0"),
        ("qwen3-0.6b", "Qwen/Qwen3-0.6B", "apache-2.0"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "mit"),
        ("r1-distill-llama-8b", "deepseek-ai/DeepSeek-R1-Distill-Llama-8B", None),
        ("someone/model", "someone/model", None),
        ("/home/someone/models/mine", "mine", None),
    ],
)
def test_front_matter_names_base_and_licence_where_it_is_known(tmp_path, model, base, licence):
    front = front_of(card_of(write_run(tmp_path / "run", model=model)))
    assert (front["base_model"], front.get("license"), front["library_name"]) == (base, licence, "peft")
    assert "grpo" in front["tags"]


def test_no_folder_of_the_machine_is_in_the_card_or_in_the_adapters_config(tmp_path):
    plan = PLAN | {
        "model": "/home/someone/models/mine",
        "start": "/home/someone/runs/half/adapter",
        "reward_model": "~/rewards/judge",
        "sources": {"file:/home/someone/mine.jsonl": 1.0, "open:./prompts.jsonl": 1.0},
    }
    run = write_run(tmp_path / "run", plan=plan, model=plan["model"])
    (run / "adapter").mkdir()
    config = {"r": 8, "base_model_name_or_path": "/home/someone/models/mine"}
    (run / "adapter" / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    card = card_of(run)
    for written in (card, (run / "adapter" / "adapter_config.json").read_text("utf-8")):
        assert "someone" not in written and "~" not in written
    assert "began from the adapter half/adapter" in " ".join(card.split())
    assert "file:mine.jsonl" in card and "judge" in card


def test_card_has_the_held_out_rates_first_and_last_by_source(tmp_path):
    card = card_of(write_run(tmp_path / "run"))
    assert "| all | 50.0% of 64 (38 to 62%), step 0 | 75.0% of 60 (63 to 84%), step 30 |" in card
    assert "| gsm8k | 25.0% of 32 (13 to 42%), step 0 | 50.0% of 30 (33 to 67%), step 30 |" in card


def test_card_says_how_much_was_done_on_what(tmp_path):
    card = card_of(write_run(tmp_path / "run", status="stopped", step=12, reason="Ctrl-C was pressed."))
    assert "Stopped after 12 of 30 steps. Ctrl-C was pressed." in card
    assert "30,000 tokens, 1 h 30 min on CPU, 2 cores." in card
    assert "Mean reward of a completion: 0.183 at first, 0.85 at last (means of 10 steps)." in card
    assert "2.0% completions left undecided" in card


def test_versions_in_the_card_are_those_that_trained(tmp_path):
    card = card_of(write_run(tmp_path / "run", versions={"workings": "0.0.1", "torch": "1.2.3"}))
    assert "- Trained with workings 0.0.1, torch 1.2.3." in card
    assert "Trained with" not in card_of(write_run(tmp_path / "older"))


def test_run_that_measured_nothing_claims_nothing(tmp_path):
    card = card_of(write_run(tmp_path / "run", log=[], samples=[], plan=PLAN | {"start": "fresh"}, device=""))
    assert "None were asked." in card
    assert "%" not in card.replace("own:sum 50%, gsm8k 50%", "")  # shares of the plan
    assert "fresh matrices" in card
    assert "Mean reward" not in card and "tokens," not in card


def test_plan_stands_in_the_card_in_words_and_as_the_file_that_makes_the_run_again(tmp_path):
    plan = replace(read_plan("embedded-cpu"), prompts=6, group=8, learned=4, learning_rate=3e-5)
    card = card_of(write_run(tmp_path / "run", plan=plan.as_json() | {"kind": "grpo"}))
    words = " ".join(card.split())
    assert "6 problems a step, groups of 8 completions, of which the 4 whose rewards lie farthest apart are" in words
    assert "3e-05, KL weight 0, seed 1. Weights of the reward's parts: outcome 1, format 0.2." in words
    file = card.split("<<'END'\n")[1].split("END\n")[0]
    assert plan_of(tomllib.loads(file)) == plan


def test_weights_that_a_plan_leaves_out_are_those_by_default():
    assert "outcome 1, format 0.2" in plan_in_words({"weights": {}})
    assert "format" not in plan_in_words({"weights": {"format": 0.0}})


def test_card_that_is_written_before_the_run_is_called_ended_says_that_it_is_done(tmp_path):
    assert "- All 30 steps are done." in card_of(write_run(tmp_path / "run", status="going on"))
