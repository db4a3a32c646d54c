"""Chats and answers in, what a general reward model thinks of them out: one number each, more is better.

Any sequence-classification model with one label, by hub id or folder. What it gives has no unit: numbers of one
model can be compared for one question, which is what the trainer does.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer

from model.errors import BadInput, ModelLoadFailed, UnknownModel
from train.precision import training_dtype

Chat = Sequence[Mapping[str, Any]]

# Longer ones lose their beginning: an answer is judged by its end rather than without it.
MAX_TOKENS = 4096
_CLOSE_TAG = "</think>"


@dataclass(frozen=True, slots=True)
class _Row:
    """Token ids of one chat with its answer, and where it stood."""

    place: int
    ids: tuple[int, ...]


class GeneralReward:
    """A reward model that is loaded. One thread at a time may use it.

    Args:
        model: Hub id or folder.
        device: As torch names it: "cuda", "mps" or "cpu".
        scale: Divides a score before a sigmoid brings it between 0 and 1; 0 gives scores as they are. For a model whose
            scores reach tens, 10: far out, the sigmoid makes all alike.
        batch: Answers that go through the model at once.
        max_tokens: Of a chat with its answer; less where the model reads no more.

    Raises:
        BadInput: If it has not one label, or no chat template, or `scale` is below 0.
        UnknownModel: If there is no such model.
        ModelLoadFailed: If its weights are missing or broken, or it would run code of its own.
    """

    def __init__(
        self, model: str, device: str = "cpu", scale: float = 1.0, batch: int = 8, max_tokens: int = MAX_TOKENS
    ) -> None:
        if not (math.isfinite(scale) and scale >= 0):
            raise BadInput(f"The scale of a reward model is {scale}; give a number above 0, or 0 for its own scores.")
        config = _config_of(model)
        self._tokenizer = _tokenizer_of(model)
        self._model = _model_of(model, config, device)
        self._device, self._scale = device, scale
        self._pad_id = _pad_id(self._model.config, self._tokenizer)
        # Without a padding of its own a model takes the score of a row's last token, so rows go one by one.
        self._batch = 1 if self._pad_id is None else batch
        self._max_tokens = min(max_tokens, getattr(config.get_text_config(), "max_position_embeddings", max_tokens))

    def score(self, asked: Sequence[tuple[Chat, str]]) -> list[float]:
        """A score for each chat with its answer, in order.

        Args:
            asked: Messages of a chat, the user's last, and what was answered; a thinking before the answer is left out.
        """
        rows = [_Row(place, self._ids(*each)) for place, each in enumerate(asked)]
        rows.sort(key=lambda row: len(row.ids))  # alike in length, so that little of a batch is padding
        scores = [0.0] * len(rows)
        for start in range(0, len(rows), self._batch):
            batch = rows[start : start + self._batch]
            for row, score in zip(batch, self._scores(batch), strict=True):
                scores[row.place] = score
        return scores

    def _ids(self, messages: Chat, answer: str) -> tuple[int, ...]:
        chat = [dict(message) for message in messages]
        chat.append({"role": "assistant", "content": answer.rpartition(_CLOSE_TAG)[2].strip()})
        text = self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=False)
        ids = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tuple(ids[-self._max_tokens :])

    @torch.inference_mode()
    def _scores(self, rows: Sequence[_Row]) -> list[float]:
        longest = max(len(row.ids) for row in rows)
        pad = 0 if self._pad_id is None else self._pad_id
        ids = torch.tensor([[*row.ids, *[pad] * (longest - len(row.ids))] for row in rows])  # (rows, longest)
        mask = torch.tensor([[1] * len(row.ids) + [0] * (longest - len(row.ids)) for row in rows])
        logits = self._model(input_ids=ids.to(self._device), attention_mask=mask.to(self._device)).logits  # (rows, 1)
        return [self._squashed(float(score)) for score in logits[:, 0].float()]

    def _squashed(self, score: float) -> float:
        # As tanh, which overflows nowhere, and in Python's precision: float32 has no number between sigmoid(17) and 1.
        return 0.5 + 0.5 * math.tanh(score / self._scale / 2) if self._scale else score


def _config_of(model: str) -> Any:
    try:
        config = AutoConfig.from_pretrained(model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise _refusal(model, error) from error
    if config.num_labels != 1:
        raise BadInput(
            f"{model} has {config.num_labels} labels, and a reward model has 1. "
            "Give the id or folder of a sequence-classification model with one label."
        )
    return config


def _tokenizer_of(model: str) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise _refusal(model, error) from error
    if tokenizer.chat_template is None:
        raise BadInput(f"{model} has no chat template, so it can't be shown a chat. Give another reward model.")
    return tokenizer


def _model_of(model: str, config: Any, device: str) -> Any:
    try:
        loaded, told = AutoModelForSequenceClassification.from_pretrained(
            model, config=config, dtype=training_dtype(device), trust_remote_code=False, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise _refusal(model, error) from error
    # transformers would fill them with random numbers, and a random head gives scores like any other.
    if missing := sorted(told["missing_keys"]):
        raise ModelLoadFailed(f"{model} has no weights for {', '.join(missing)}: it is no reward model.")
    return loaded.to(device).eval()


def _refusal(model: str, error: Exception) -> Exception:
    if isinstance(error, OSError) and not Path(model).is_dir():
        return UnknownModel(f"The reward model {model} is neither a folder nor in reach on the Hub: {error}")
    return ModelLoadFailed(f"The reward model {model} can't be loaded: {error}")


def _pad_id(config: Any, tokenizer: Any) -> int | None:
    """The id of padding; the model is told of its tokenizer's where it knows none and that ends no turn."""
    text_config = config.get_text_config()
    if text_config.pad_token_id is None and tokenizer.pad_token_id != tokenizer.eos_token_id:
        text_config.pad_token_id = tokenizer.pad_token_id
    found: int | None = text_config.pad_token_id
    return found
