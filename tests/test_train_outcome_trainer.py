"""Updates: what had a better reward than its group becomes likelier, and what teaches nothing moves nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from trl import GRPOTrainer

from tests.tiny_policies import moved, tiny_policy
from train.advantages import Scored
from train.outcome_trainer import OutcomeTrainer, trainer_arguments
from train.policy import Policy

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]

PROMPT = (5, 6, 7)
GOOD, BAD = (100, 101, 102), (200, 201)


@pytest.fixture
def policy(shared_data_folder: Path) -> Policy:
    return tiny_policy(shared_data_folder)


def trained(policy: Policy, folder: Path, rewards: Sequence[float | None], **changes: Any) -> list[tuple[int, int]]:
    """Three updates with the same two completions a group; what was kept of them."""
    kept: list[tuple[int, int]] = []
    trainer_of(policy, folder, rewards, kept, **changes).train()
    return kept


def trainer_of(
    policy: Policy, folder: Path, rewards: Sequence[float | None], kept: list[tuple[int, int]], **changes: Any
) -> OutcomeTrainer:
    """A trainer that is given the same two completions a group."""
    bad = changes.pop("bad", BAD)

    def rollout(numbers: Sequence[int]) -> tuple[list[Scored], dict[str, float]]:
        ids = [GOOD, bad] * (len(numbers) // 2)
        return [Scored(PROMPT, ids[at], rewards[at % len(rewards)], {"at": at}) for at in range(len(numbers))], {
            "reward": 0.5
        }

    return OutcomeTrainer(
        rollout=rollout,
        keep=lambda step, scored: kept.extend((step, each.facts["at"]) for each in scored),
        rows=changes.pop("rows", 3),
        learned=changes.pop("learned", 0),
        model=policy.model,
        processing_class=policy.tokenizer,
        train_dataset=Dataset.from_dict({"prompt": [""] * 6, "number": list(range(6))}),
        args=trainer_arguments(
            output_dir=str(folder),
            max_steps=3,
            per_device_train_batch_size=8,
            num_generations=4,
            max_completion_length=8,
            learning_rate=1e-2,
            use_cpu=True,
            bf16=False,
            report_to=[],
            **({"beta": 0.0, "loss_type": "dapo", "scale_rewards": "group"} | changes),
        ),
    )


def likelihood(policy: Policy, completion: Sequence[int]) -> float:
    ids = torch.tensor([[*PROMPT, *completion]])
    with torch.no_grad():
        logps = policy.model(ids).logits.log_softmax(-1)
    return float(sum(logps[0, len(PROMPT) + at - 1, token] for at, token in enumerate(completion)))


@pytest.mark.parametrize("loss_type", ["dapo", "grpo", "dr_grpo"])
def test_the_better_completion_becomes_likelier_and_the_worse_less(policy: Policy, tmp_path: Path, loss_type: str):
    before = likelihood(policy, GOOD), likelihood(policy, BAD)
    kept = trained(policy, tmp_path, [1.0, 0.0], loss_type=loss_type)
    assert likelihood(policy, GOOD) > before[0] and likelihood(policy, BAD) < before[1]
    assert kept == [(step, at) for step in (1, 2, 3) for at in range(8)]


@pytest.mark.parametrize("rewards", [[None, None], [1.0, 1.0], [0.0, 0.0]], ids=["undecided", "all right", "all wrong"])
def test_groups_that_teach_nothing_move_no_weight(policy: Policy, tmp_path: Path, rewards: list[float | None]):
    moved(policy)
    before = {name: each.detach().clone() for name, each in policy.model.named_parameters()}
    trained(policy, tmp_path, rewards)
    assert all(torch.equal(before[name], each) for name, each in policy.model.named_parameters())


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_log_probabilities_and_entropies_are_those_that_trl_measures(
    policy: Policy, tmp_path: Path, temperature: float
):
    moved(policy)
    trainer = trainer_of(policy, tmp_path, [1.0, 0.0], [], temperature=temperature)
    # Prompts of two lengths, padded on the left, and completions of two, padded on the right.
    ids = torch.tensor([[0, 5, 6, 100, 101, 102], [7, 8, 9, 200, 201, 0]])
    mask = torch.tensor([[0, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0]])
    ours = trainer._get_per_token_logps_and_entropies(trainer.model, ids, mask, 3, compute_entropy=True)
    trls = GRPOTrainer._get_per_token_logps_and_entropies(trainer, trainer.model, ids, mask, 3, compute_entropy=True)
    for mine, theirs in zip(ours[:2], trls[:2], strict=True):
        assert torch.allclose(mine * mask[:, -3:], theirs * mask[:, -3:], atol=1e-4)


def test_an_empty_completion_is_compared_and_not_learned(policy: Policy, tmp_path: Path):
    before = likelihood(policy, GOOD)
    trained(policy, tmp_path, [1.0, 0.0], bad=(), rows=1)
    assert likelihood(policy, GOOD) > before


def test_the_update_does_not_depend_on_how_many_completions_go_through_at_once(
    policy: Policy, shared_data_folder: Path, tmp_path: Path
):
    other = tiny_policy(shared_data_folder)
    trained(policy, tmp_path / "a", [1.0, 0.0], rows=8)
    trained(other, tmp_path / "b", [1.0, 0.0], rows=1)
    for (name, first), (_, second) in zip(policy.model.named_parameters(), other.model.named_parameters(), strict=True):
        assert torch.allclose(first, second, atol=2e-3), name


def test_a_kl_term_is_measured_from_where_the_policy_started(policy: Policy, tmp_path: Path):
    moved(policy)
    start, found = likelihood(policy, GOOD), list[float]()
    reference = OutcomeTrainer._reference_logps

    def watched(self: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
        logps = reference(self, inputs)
        for row, mask in zip(logps, inputs["completion_mask"], strict=True):
            if int(mask.sum()) == len(GOOD):
                found.append(float((row * mask).sum()))
        return logps

    OutcomeTrainer._reference_logps = watched  # type: ignore[method-assign]
    try:
        trained(policy, tmp_path, [1.0, 0.0], beta=0.1)
    finally:
        OutcomeTrainer._reference_logps = reference  # type: ignore[method-assign]
    assert abs(likelihood(policy, GOOD) - start) > 0.01
    assert len(found) == 12 and found == pytest.approx([start] * 12, abs=1e-3)


def test_only_the_chosen_of_a_group_are_learned(policy: Policy, tmp_path: Path):
    seen: list[int] = []
    compute = OutcomeTrainer._tensors

    def counting(
        self: Any, scored: Sequence[Scored], advantages: Sequence[float], tokens: int
    ) -> dict[str, torch.Tensor]:
        seen.extend(each.facts["at"] for each in scored)
        return compute(self, scored, advantages, tokens)

    OutcomeTrainer._tensors = counting  # type: ignore[method-assign]
    try:
        trained(policy, tmp_path, [1.0, 0.0], learned=2)
    finally:
        OutcomeTrainer._tensors = compute  # type: ignore[method-assign]
    assert len(seen) == 3 * 2 * 2, "three steps, two groups, two of each"


def test_an_adapter_that_is_held_in_bfloat16_is_trained_in_float32(policy: Policy, tmp_path: Path):
    for weights in policy.model.parameters():
        if weights.requires_grad:
            weights.data = weights.data.bfloat16()
    trained(policy, tmp_path, [1.0, 0.0])
    assert {weights.dtype for weights in policy.model.parameters() if weights.requires_grad} == {torch.float32}
