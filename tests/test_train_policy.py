"""The policy of a plan: where it starts from, how it is asked, and what cannot be trained here."""

from pathlib import Path

import pytest
import torch

from model.embedded import SHIPPED_ADAPTER
from model.errors import BadInput
from tests.tiny_policies import tiny_policy
from train.plans import Plan
from train.policy import family_of_plan, load_policy, start_of
from train.problems import Problem
from train.traces import Value

asks_peft = pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*is deprecated:FutureWarning")


def test_a_run_starts_from_the_apps_adapter_a_named_one_or_none():
    assert start_of(Plan(start="shipped")) == str(SHIPPED_ADAPTER)
    assert start_of(Plan(start="runs/a/adapter")) == "runs/a/adapter"
    assert start_of(Plan(start="fresh")) == ""
    with pytest.raises(BadInput, match="no adapter of its own"):
        start_of(Plan(model="qwq-32b", start="shipped"))


def test_the_family_of_a_plan_is_that_of_its_model():
    assert (family_of_plan(Plan()).name, family_of_plan(Plan(model="qwen3-0.6b")).name) == ("smollm2", "qwen3")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_weights_of_4_bits_without_a_gpu_are_refused(tmp_path: Path):
    with pytest.raises(BadInput, match="trained on a GPU"):
        load_policy(Plan(precision="nf4"), tmp_path, "hub")


@pytest.mark.model
@asks_peft
def test_an_adapter_that_is_not_there_is_refused_by_its_name(shared_data_folder: Path):
    tiny_policy(shared_data_folder)  # skips where the weights are not here
    with pytest.raises(BadInput, match="'nowhere/adapter' cannot be put on smollm2-135m"):
        load_policy(Plan(start="nowhere/adapter"), shared_data_folder, "hub")


@pytest.mark.model
@asks_peft
def test_a_problem_is_asked_up_to_the_opened_thinking_and_an_end_token_is_no_text(shared_data_folder: Path):
    policy = tiny_policy(shared_data_folder)
    problem = Problem("own:sum", "sum:1,2", ({"role": "user", "content": "What is 1 + 2?"},), Value("3"))
    ids = policy.prompt(problem)
    assert policy.tokenizer.decode(ids).endswith("<|im_start|>assistant\n<think>\n")
    written = policy.tokenizer.encode("1+2=3\n</think>\n\n3", add_special_tokens=False)
    assert policy.text([*written, policy.end_id]) == "1+2=3\n</think>\n\n3"
    assert policy.end_id in policy.stop_ids
