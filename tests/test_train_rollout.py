"""The actor: it writes what the policy as it is now writes, and how a completion ends is told."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from model.errors import BadInput
from model.events import Sampling
from tests.tiny_policies import moved, tiny_policy
from train.policy import Policy
from train.rollout import Actor, learning_sampling, merge_into, merged_copy

pytestmark = [
    pytest.mark.model,
    # PEFT asks the model by the older name.
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*is deprecated:FutureWarning"),
]

GREEDY = Sampling(temperature=0.0, top_p=1.0, top_k=0)


@pytest.fixture
def policy(shared_data_folder: Path) -> Policy:
    return tiny_policy(shared_data_folder)


def greedy(policy: Policy, prompt: tuple[int, ...], count: int) -> list[int]:
    """Token by token, by the policy itself."""
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(count):
            ids.append(int(policy.model(torch.tensor([ids])).logits[0, -1].argmax()))
    return ids[len(prompt) :]


def test_what_is_written_is_the_policys_own_before_and_after_its_adapter_moved(policy: Policy):
    prompts = [(5, 6, 7, 8), (9, 10), (5, 6, 7, 8)]
    actor = Actor(policy, slots=2)
    first = [written.ids for written in actor.write(prompts, GREEDY, 8)]
    assert first == [tuple(greedy(policy, prompt, 8)) for prompt in prompts]
    moved(policy)
    second = [written.ids for written in actor.write(prompts, GREEDY, 8)]
    assert second == [tuple(greedy(policy, prompt, 8)) for prompt in prompts]
    assert second != first


def test_writing_leaves_the_frozen_weights_and_the_adapter_as_they_are(policy: Policy):
    moved(policy)
    before = {name: each.detach().clone() for name, each in policy.model.named_parameters()}
    Actor(policy, slots=2).write([(5, 6)], learning_sampling(1.0), 4)
    assert all(torch.equal(before[name], each) for name, each in policy.model.named_parameters())
    assert policy.model.training


def test_the_copy_has_the_weights_of_the_merged_model(policy: Policy):
    moved(policy)
    copied = merged_copy(policy.model)
    merge_into(copied, policy.model)
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    with torch.no_grad():
        assert torch.allclose(copied(ids).logits, policy.model(ids).logits, atol=1e-4)
    assert not any(each.requires_grad for each in copied.parameters())


@pytest.mark.parametrize("more", [{"use_dora": True}, {"modules_to_save": ["norm"]}], ids=["DoRA", "whole layer"])
def test_an_adapter_that_cannot_be_merged_matrix_by_matrix_is_refused(policy: Policy, more: dict[str, Any]):
    base = policy.model.unload()
    policy.model = get_peft_model(base, LoraConfig(r=4, target_modules=["q_proj"], task_type="CAUSAL_LM", **more))
    with pytest.raises(BadInput, match=f"more than LoRA matrices \\({next(iter(more))}"):
        Actor(policy, slots=2)


def test_a_completion_that_reaches_the_limit_is_truncated_and_one_that_ends_has_the_end_token(policy: Policy):
    actor = Actor(policy, slots=2)
    (cut,) = actor.write([(5, 6, 7)], GREEDY, 6)
    assert cut.is_truncated and len(cut.ids) == 6
    # The token that it writes third ends a turn from now on.
    third = cut.ids[2]
    at = cut.ids.index(third)
    policy.prompts._stop_ids = (third,)
    (ended,) = actor.write([(5, 6, 7)], GREEDY, 6)
    assert not ended.is_truncated and ended.ids == (*cut.ids[:at], policy.end_id) and policy.end_id == third
