"""Prompts in, completions of the policy as it is now out.

On a GPU, and where the weights have 4 bits, the model that is trained writes them, by the app's own decoder. On a CPU a
copy of it does, into which the adapter is merged before each time (its many small matrices beside the weights cost as
much as the weights), in a padded batch: two to three times the tokens a second.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from model.batched import BatchedDecoder
from model.engine import TokenStream
from model.errors import BadInput
from model.events import Sampling
from train.padded_batch import write_padded
from train.policy import Policy

# As the page draws (QwQ's preset), for what is asked and not learned.
ASKED_TOP_P, ASKED_TOP_K = 0.95, 40
_READ_SECONDS = 0.5
_PAGE_TOKENS = 32
# PEFT's settings of what cannot be added to one weight matrix.
_MORE_THAN_MATRICES = ("use_dora", "modules_to_save", "trainable_token_indices", "lora_bias")


@dataclass(frozen=True, slots=True)
class Written:
    """The tokens of a completion, with the one that ends the turn unless the limit cut it."""

    ids: tuple[int, ...]
    is_truncated: bool


class Actor:
    """Writes completions.

    Args:
        slots: Completions that are written at once.
    """

    def __init__(self, policy: Policy, slots: int) -> None:
        self._policy = policy
        self._slots = slots
        self._copy = merged_copy(policy.model) if policy.device == "cpu" else None

    def write(self, prompts: Sequence[Sequence[int]], sampling: Sampling, max_new_tokens: int) -> list[Written]:
        """A completion for each prompt, in order; prompts that are the same share their keys and values.

        Raises:
            EngineError: If the model cannot be batched, or the memory does not hold it.
        """
        if self._copy is not None:
            merge_into(self._copy, self._policy.model)
            rows = write_padded(self._copy, prompts, sampling, max_new_tokens, self._policy.stop_ids, self._slots)
            return [self._ended(ids) for ids in rows]
        model = self._policy.model.get_base_model()
        was_training = model.training
        model.eval()
        # One that is used again would remember keys and values of the weights before.
        decoder = BatchedDecoder(model, *self._room(prompts, max_new_tokens))
        try:
            streams = [decoder.start(ids, sampling, max_new_tokens, self._policy.stop_ids) for ids in prompts]
            return [self._read(stream) for stream in streams]
        finally:
            decoder.close()
            model.train(was_training)

    def _ended(self, ids: tuple[int, ...]) -> Written:
        if ids[-1] in self._policy.stop_ids:
            return Written((*ids[:-1], self._policy.end_id), is_truncated=False)
        return Written(ids, is_truncated=True)

    def _room(self, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> tuple[int, int, int]:
        """Context, slots, and tokens of cache for all slots, each rounded up to whole blocks."""
        longest = max(len(ids) for ids in prompts) + max_new_tokens
        slots = min(self._slots, len(prompts))
        each = -(-longest // _PAGE_TOKENS) * _PAGE_TOKENS + _PAGE_TOKENS
        return longest, slots, each * slots + sum({tuple(ids): len(ids) for ids in prompts}.values())

    def _read(self, stream: TokenStream) -> Written:
        ids: list[int] = []
        while True:
            tokens = stream.read(_READ_SECONDS)
            if tokens is None:
                continue
            ids += tokens.ids
            if tokens.finish == "stop":
                return Written((*ids, self._policy.end_id), is_truncated=False)
            if tokens.finish is not None:
                return Written(tuple(ids), is_truncated=True)


def learning_sampling(temperature: float) -> Sampling:
    """How completions that are learned from are drawn: from the whole distribution, which the update assumes."""
    return Sampling(temperature=temperature, top_p=1.0, top_k=0)


def asking_sampling(temperature: float) -> Sampling:
    """How held-out problems are asked; a temperature of 0 is greedy."""
    return Sampling(temperature=temperature, top_p=ASKED_TOP_P, top_k=ASKED_TOP_K)


def merged_copy(model: Any) -> Any:
    """The model under a `PeftModel` once more, without adapters; its weights are those of the frozen ones.

    The shape is built without memory and the tensors are handed over, so that the copy costs its weights once.

    Raises:
        BadInput: If the adapter is more than LoRA matrices: the copy would be another model.
    """
    config = model.peft_config["default"]
    if more := [name for name in _MORE_THAN_MATRICES if getattr(config, name, None)]:
        raise BadInput(
            f"The adapter has more than LoRA matrices ({', '.join(more)}), which what writes on a CPU has not. "
            "Begin from a plain LoRA adapter, or train on a GPU."
        )
    base = model.get_base_model()
    with torch.device("meta"):
        bare = type(base)(copy.deepcopy(base.config))
    state = {
        name.replace(".base_layer.", "."): tensor.detach().clone()
        for name, tensor in base.state_dict().items()
        if ".lora_" not in name
    }
    bare.load_state_dict(state, strict=False, assign=True)
    bare.tie_weights()
    bare.generation_config = copy.deepcopy(base.generation_config)
    # Buffers that no state holds (the angles of the positions) are made anew.
    for name, module in bare.named_modules():
        for key, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_meta:
                module.register_buffer(key, base.get_submodule(name).get_buffer(key).clone(), persistent=False)
    bare.requires_grad_(False)
    return bare.eval()


@torch.no_grad()
def merge_into(bare: Any, model: Any) -> None:
    """Write the frozen weights plus the adapter "default" into a copy made by `merged_copy`."""
    base = model.get_base_model()
    for name, layer in base.named_modules():
        if hasattr(layer, "get_delta_weight") and "default" in getattr(layer, "lora_A", {}):
            target = bare.get_submodule(name).weight
            target.copy_(layer.base_layer.weight.float() + layer.get_delta_weight("default").float())
