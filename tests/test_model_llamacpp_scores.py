"""What llama.cpp thinks of a text that stands there, beside what transformers thinks of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from model.embedded import prepare_embedded
from model.llamacpp import LlamaCppDecoder
from model.scoring import SCORED_ALTERNATIVES, Scores
from tests.llamacpp_models import Text, gguf_path, needs_llamacpp, started

pytestmark = [pytest.mark.model, needs_llamacpp]

TEXT = (
    "<|im_start|>user\nSay hi 😀.<|im_end|>\n<|im_start|>assistant\nHello! 🙂 The sum of 17 and 25 is 42, and Größe 龘龘 "
    "is written so.<|im_end|>"
)


@pytest.fixture(scope="module")
def path(shared_data_folder: Path) -> Path:
    return gguf_path(shared_data_folder)


@pytest.fixture(scope="module")
def decoder(path: Path) -> Iterator[LlamaCppDecoder]:
    made, _ = started(path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def ids(path: Path) -> list[int]:
    return Text(path).ids(TEXT)


@pytest.fixture(scope="module")
def expected(ids: list[int], shared_data_folder: Path) -> Scores:
    import torch
    from transformers import AutoModelForCausalLM

    from model.scoring_pass import ScoringPass

    folder = prepare_embedded(shared_data_folder, lambda *_: None)
    reading = ScoringPass(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32), ids, 1)
    parts = []
    while not reading.is_over:
        parts.append(reading.step())
    return Scores.joined(parts)


def test_scores_are_those_of_transformers_but_for_the_rounding_of_four_bits(
    decoder: LlamaCppDecoder, ids: list[int], expected: Scores
) -> None:
    read: list[int] = []
    scores = decoder.score(ids, 1, read.append)
    assert len(scores.logprobs) == len(scores.entropies_bits) == len(scores.alternatives) == len(ids) - 1
    assert all(len(row) == SCORED_ALTERNATIVES for row in scores.alternatives)
    apart = [abs(own - other) for own, other in zip(scores.logprobs, expected.logprobs, strict=True)]
    assert sum(apart) / len(apart) < 0.15
    bits = [abs(own - other) for own, other in zip(scores.entropies_bits, expected.entropies_bits, strict=True)]
    assert sum(bits) / len(bits) < 0.15
    likeliest = [
        own[0][0] == other[0][0] for own, other in zip(scores.alternatives, expected.alternatives, strict=True)
    ]
    assert sum(likeliest) / len(likeliest) > 0.85
    assert read == sorted(read) and read[-1] == len(ids)


def test_a_later_start_gives_the_last_of_the_same_scores(decoder: LlamaCppDecoder, ids: list[int]) -> None:
    whole, part = decoder.score(ids, 1), decoder.score(ids, len(ids) - 5)
    assert part.logprobs == pytest.approx(whole.logprobs[-5:], abs=0.1)


def test_others_are_answered_meanwhile(decoder: LlamaCppDecoder, ids: list[int]) -> None:
    from tests.llamacpp_models import PRESET
    from tests.tiny_model import read_all

    stream = decoder.start(ids[:20], PRESET, 20, ())
    scores = decoder.score(ids * 3, 1)
    assert len(scores.logprobs) == 3 * len(ids) - 1
    assert read_all(stream)[2] in ("stop", "length")
