"""The padded batch writes what the model would write for each prompt alone, however the rows come and go."""

from collections import Counter
from pathlib import Path

import pytest
import torch

from model.errors import EngineError
from model.events import Sampling
from tests.tiny_policies import tiny_policy
from train.padded_batch import write_padded

pytestmark = [
    pytest.mark.model,
    # PEFT asks the model by the older name.
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*is deprecated:FutureWarning"),
]

GREEDY = Sampling(temperature=0.0, top_p=1.0, top_k=0)
PROMPTS = [(5, 6, 7, 8), (9, 10), (5, 6, 7, 8), (11,), tuple(range(40, 80)), (9, 10)]


@pytest.fixture
def model(shared_data_folder: Path) -> torch.nn.Module:
    return tiny_policy(shared_data_folder).model.unload().eval()


def alone(model: torch.nn.Module, prompt: tuple[int, ...], count: int, stop_ids: tuple[int, ...]) -> tuple[int, ...]:
    """Token by token, everything read again for each."""
    ids = list(prompt)
    with torch.no_grad():
        while len(ids) < len(prompt) + count and ids[-1] not in stop_ids:
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
    return tuple(ids[len(prompt) :])


@pytest.mark.parametrize("slots", [1, 4, 64])
def test_each_row_is_what_the_model_writes_alone_also_where_rows_end_before_others(model: torch.nn.Module, slots: int):
    free = [alone(model, prompt, 12, ()) for prompt in PROMPTS]
    # Tokens that end some rows early and others late.
    stop_ids = (free[0][3], free[3][7])
    wanted = [alone(model, prompt, 12, stop_ids) for prompt in PROMPTS]
    assert len({len(each) for each in wanted}) > 1
    assert write_padded(model, PROMPTS, GREEDY, 12, stop_ids, slots) == wanted


def test_draws_follow_the_probabilities_of_the_model_at_the_temperature(model: torch.nn.Module):
    torch.manual_seed(3)
    draws = Counter(ids[0] for ids in write_padded(model, [(5, 6)] * 3000, Sampling(0.05, 1.0, 0), 1, (), 3000))
    with torch.no_grad():
        likely = (model(torch.tensor([[5, 6]])).logits[0, -1] / 0.05).softmax(-1)
    for token, count in draws.most_common(5):
        expected = float(likely[token])
        assert count / 3000 == pytest.approx(expected, abs=4 * (expected * (1 - expected) / 3000) ** 0.5)


def test_top_k_leaves_the_likeliest_tokens_alone(model: torch.nn.Module):
    with torch.no_grad():
        best = set(model(torch.tensor([[5, 6]])).logits[0, -1].topk(3).indices.tolist())
    written = write_padded(model, [(5, 6)] * 200, Sampling(temperature=1.0, top_p=1.0, top_k=3), 1, (), 64)
    assert {ids[0] for ids in written} == best


def test_same_seed_of_torch_writes_the_same_and_another_something_else(model: torch.nn.Module):
    def drawn(seed: int) -> list[tuple[int, ...]]:
        torch.manual_seed(seed)
        return write_padded(model, PROMPTS, Sampling(temperature=1.0, top_p=1.0, top_k=0), 8, (), 4)

    assert drawn(1) == drawn(1) != drawn(2)


def test_a_model_with_a_sliding_window_is_refused(model: torch.nn.Module):
    model.config.layer_types = ["full_attention", "sliding_attention"]
    with pytest.raises(EngineError, match="full attention alone"):
        write_padded(model, PROMPTS, GREEDY, 2, (), 4)
