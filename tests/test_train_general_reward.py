"""A general reward model: one label, in its own chat template, the same score alone and in a batch."""

import json
import math
from pathlib import Path

import pytest
import torch
from transformers import Qwen2Config, Qwen2ForSequenceClassification

from model.errors import BadInput, ModelLoadFailed, UnknownModel
from tests.tiny_folder import write_tiny_folder
from train.general_reward import GeneralReward

QUESTION = [{"role": "user", "content": "What is the sum of 2 and 3?"}]
ASKED = [
    (QUESTION, "It is 5."),
    (QUESTION, "I do not know, and I could not say how one might find out, were one asked to."),
    ([{"role": "user", "content": "Hi"}], "Hello!"),
    (QUESTION, "6"),
    (QUESTION, ""),
]


def write_reward_model(folder: Path, labels: int = 1, pad_id: int | None = 256) -> Path:
    """The tiny folder's tokenizer with a random classifier in the place of its model."""
    write_tiny_folder(folder)
    torch.manual_seed(3)
    config = Qwen2Config(
        vocab_size=320,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        initializer_range=0.3,
        num_labels=labels,
        pad_token_id=pad_id,
    )
    Qwen2ForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_reward_model(tmp_path_factory.mktemp("reward"))


@pytest.fixture
def in_float32(monkeypatch):
    monkeypatch.setattr("train.general_reward.training_dtype", lambda device: torch.float32)


def test_scores_are_in_order_and_the_same_alone_and_in_a_batch(folder, in_float32):
    together = GeneralReward(str(folder), scale=0, batch=4).score(ASKED)
    alone = GeneralReward(str(folder), scale=0, batch=1).score(ASKED)
    assert together == pytest.approx(alone, abs=1e-4)
    assert len({round(score, 3) for score in together}) == len(ASKED)


def test_a_score_is_the_models_own_logit_for_the_chat_in_its_template(folder, in_float32):
    reward = GeneralReward(str(folder), scale=0)
    chat = [*QUESTION, {"role": "assistant", "content": "It is 5."}]
    ids = reward._tokenizer.apply_chat_template(chat, tokenize=True, return_dict=False)
    with torch.inference_mode():
        logit = Qwen2ForSequenceClassification.from_pretrained(folder)(torch.tensor([ids])).logits.item()
    assert reward.score(ASKED[:1]) == pytest.approx([logit], abs=1e-4)


def test_a_thinking_is_left_out(folder):
    reward = GeneralReward(str(folder))
    bare, thought, opened = reward.score(
        [(QUESTION, "It is 5."), (QUESTION, "2+3=5\n</think>\n\nIt is 5."), (QUESTION, "<think>\n9</think>It is 5.")]
    )
    assert bare == thought == opened


def test_a_scale_brings_scores_between_0_and_1_in_the_same_order(folder, in_float32):
    raw = GeneralReward(str(folder), scale=0).score(ASKED)
    squashed = GeneralReward(str(folder), scale=4.0).score(ASKED)
    assert squashed == pytest.approx([1 / (1 + math.exp(-score / 4)) for score in raw], abs=1e-5)


def test_a_score_is_between_0_and_1_where_nothing_else_is_said(folder):
    assert all(0 < score < 1 for score in GeneralReward(str(folder)).score(ASKED))


@pytest.mark.parametrize(("score", "squashed"), [(0.0, 0.5), (20.0, 1 - 2.06e-9), (-1e6, 0.0), (1e6, 1.0)])
def test_far_out_scores_are_still_told_apart_and_none_overflows(folder, score, squashed):
    found = GeneralReward(str(folder))._squashed(score)
    assert found == pytest.approx(squashed, abs=1e-10)


def test_nothing_asked_gives_nothing(folder):
    assert GeneralReward(str(folder)).score([]) == []


def test_a_model_without_padding_scores_rows_one_by_one(tmp_path, folder, in_float32):
    bare = write_reward_model(tmp_path / "bare", pad_id=None)
    settings = json.loads((bare / "tokenizer_config.json").read_text("utf-8"))
    (bare / "tokenizer_config.json").write_text(json.dumps(settings | {"pad_token": settings["eos_token"]}), "utf-8")
    assert GeneralReward(str(bare), batch=4).score(ASKED) == pytest.approx(
        GeneralReward(str(folder)).score(ASKED), abs=1e-4
    )


def test_a_model_that_does_not_know_its_tokenizers_padding_is_told(tmp_path, folder, in_float32):
    untold = write_reward_model(tmp_path / "untold", pad_id=None)
    reward = GeneralReward(str(untold), batch=4)
    assert reward._batch == 4
    assert reward.score(ASKED) == pytest.approx(GeneralReward(str(folder)).score(ASKED), abs=1e-4)


def test_a_chat_longer_than_the_model_reads_keeps_its_end(folder, in_float32):
    reward = GeneralReward(str(folder))
    long = [{"role": "user", "content": "word " * 400}]
    first, second = reward.score([(long, "It is 5."), (long, "It is 6.")])
    assert math.isfinite(first) and first != second
    cut = GeneralReward(str(folder), max_tokens=40)
    assert cut.score([(long, "It is 5.")]) == cut.score(
        [([{"role": "user", "content": "more " + "word " * 400}], "It is 5.")]
    )


def test_a_classifier_with_several_labels_is_refused_with_how_many(tmp_path):
    with pytest.raises(BadInput, match=r"has 3 labels, and a reward model has 1"):
        GeneralReward(str(write_reward_model(tmp_path / "three", labels=3)))


def test_a_chat_model_is_refused_even_where_its_config_says_one_label(tmp_path):
    chat = write_tiny_folder(tmp_path / "chat")
    with pytest.raises(BadInput, match=r"has 2 labels"):
        GeneralReward(str(chat))
    config = json.loads((chat / "config.json").read_text("utf-8"))
    (chat / "config.json").write_text(json.dumps(config | {"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}))
    with pytest.raises(ModelLoadFailed, match=r"no weights for score\.weight"):
        GeneralReward(str(chat))


def test_a_model_without_a_chat_template_is_refused(tmp_path):
    bare = write_reward_model(tmp_path / "bare")
    for file in bare.glob("*.jinja"):
        file.unlink()
    settings = json.loads((bare / "tokenizer_config.json").read_text("utf-8"))
    settings.pop("chat_template", None)
    (bare / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    with pytest.raises(BadInput, match="no chat template"):
        GeneralReward(str(bare))


def test_a_folder_that_is_none_is_told(tmp_path):
    with pytest.raises(UnknownModel, match="neither a folder nor in reach"):
        GeneralReward(str(tmp_path / "nowhere"))


def test_a_folder_with_broken_weights_is_told(tmp_path):
    broken = write_reward_model(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelLoadFailed, match="can't be loaded"):
        GeneralReward(str(broken))


@pytest.mark.parametrize("scale", [-1.0, math.inf, math.nan])
def test_a_scale_that_is_none_is_refused(folder, scale):
    with pytest.raises(BadInput, match="above 0"):
        GeneralReward(str(folder), scale=scale)
