"""What is asked of a vLLM server, and how what it wrote is read; the server itself is played here."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model.events import Sampling
from tests.tiny_policies import tiny_policy
from train.server_rollout import ServerActor

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*is deprecated:FutureWarning"),
]


class PlayedGeneration:
    """Answers each prompt with its own last token, and an end for even ones."""

    def __init__(self, end_id: int) -> None:
        self.end_id = end_id
        self.synced = 0
        self.asked: list[tuple[Any, ...]] = []

    def sync_weights(self) -> None:
        self.synced += 1

    def generate(self, prompts: list[list[int]], images: None, num_generations: int) -> tuple[Any, ...]:
        self.asked.append((num_generations, self.temperature, self.top_p, self.top_k, self.max_completion_length))  # type: ignore[attr-defined]
        written = [[ids[-1], *([self.end_id, 9] if ids[-1] % 2 == 0 else [])] for ids in prompts]
        return prompts, written, None, None


@pytest.fixture
def played(shared_data_folder: Path) -> tuple[ServerActor, PlayedGeneration, SimpleNamespace]:
    policy = tiny_policy(shared_data_folder)
    generation = PlayedGeneration(policy.end_id)
    trainer = SimpleNamespace(vllm_generation=generation, state=SimpleNamespace(global_step=0))
    actor = ServerActor(policy, 2)
    actor.follow(trainer)
    return actor, generation, trainer


def test_groups_are_asked_for_at_once_and_single_prompts_one_by_one(played):
    actor, generation, _ = played
    actor.write([(5, 8), (5, 8), (6, 7), (6, 7)], Sampling(temperature=1.0, top_p=1.0, top_k=0), 50)
    actor.write([(5, 8), (6, 7)], Sampling(temperature=0.6, top_p=0.95, top_k=40), 60)
    assert generation.asked == [(2, 1.0, 1.0, -1, 50), (1, 0.6, 0.95, 40, 60)]


def test_a_completion_ends_with_the_end_token_or_was_cut(played):
    actor, generation, _ = played
    ended, cut = actor.write([(5, 8), (6, 7)], Sampling(temperature=1.0, top_p=1.0, top_k=0), 50)
    assert (ended.ids, ended.is_truncated) == ((8, generation.end_id), False)
    assert (cut.ids, cut.is_truncated) == ((7,), True)


def test_the_server_gets_the_weights_once_after_each_update(played):
    actor, generation, trainer = played
    for step in (0, 0, 1, 1, 2):
        trainer.state.global_step = step
        actor.write([(5, 8)], Sampling(temperature=1.0, top_p=1.0, top_k=0), 5)
    assert generation.synced == 3
