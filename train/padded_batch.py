"""Prompts in, completions out: rows of one padded batch that step together, for a CPU.

The library's continuous batching, which serves the app, lets each row of a step attend over the keys of all rows and
masks the others'. With dozens of short rows that is most of its time. Here each row has its own keys, prompts that are
the same are read once, and a row that has ended leaves the batch.
"""

from collections.abc import Collection, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from model.errors import EngineError
from model.events import Sampling
from model.single import likely_logits


def write_padded(
    model: Any,
    prompts: Sequence[Sequence[int]],
    sampling: Sampling,
    max_new_tokens: int,
    stop_ids: Collection[int],
    slots: int,
) -> list[tuple[int, ...]]:
    """New tokens for each prompt, in order, with the one that ended it. Draws come from torch's own generator.

    Args:
        model: A causal language model of transformers with full attention in every layer.
        slots: Rows of a batch.

    Raises:
        EngineError: If a layer's attention is not full.
    """
    kinds = set(getattr(model.config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        raise EngineError(f"Completions are written on a CPU with full attention alone; this model has {kinds}.")
    found: list[tuple[int, ...]] = []
    for start in range(0, len(prompts), slots):
        found += _Batch(model, prompts[start : start + slots], max_new_tokens).write(sampling, frozenset(stop_ids))
    return found


def padded(rows: Sequence[Sequence[int]], pad_id: int, *, is_left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids filled up to the longest row, and 1 where they are no filling; both (rows, tokens)."""
    longest = max(map(len, rows))
    ids, mask = [], []
    for row in rows:
        room = longest - len(row)
        filling, none = [pad_id] * room, [0] * room
        ids.append([*filling, *row] if is_left else [*row, *filling])
        mask.append([*none, *[1] * len(row)] if is_left else [*[1] * len(row), *none])
    return torch.tensor(ids), torch.tensor(mask)


class _Batch:
    def __init__(self, model: Any, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> None:
        self._model = model
        self._prompts = prompts
        self._limit = max_new_tokens

    @torch.inference_mode()
    def write(self, sampling: Sampling, stop_ids: frozenset[int]) -> list[tuple[int, ...]]:
        written: list[list[int]] = [[] for _ in self._prompts]
        rows = list(range(len(written)))  # of the batch, by their numbers among the prompts
        logits = self._read_prompts()
        while True:
            ids = _drawn(logits.float(), sampling)
            is_open = []
            for at, token in enumerate(ids.tolist()):
                written[rows[at]].append(token)
                is_open.append(token not in stop_ids and len(written[rows[at]]) < self._limit)
            if not any(is_open):
                return [tuple(each) for each in written]
            if not all(is_open):
                kept = torch.tensor([at for at, goes_on in enumerate(is_open) if goes_on])
                rows, ids = [rows[at] for at in kept.tolist()], ids[kept]
                self._keep(kept)
            logits = self._step(ids)

    def _read_prompts(self) -> torch.Tensor:
        """Each different prompt once; logits (prompts, vocabulary) of what comes next."""
        distinct = list(dict.fromkeys(map(tuple, self._prompts)))
        ids, self._mask = padded(distinct, 0, is_left=True)
        longest = ids.shape[1]
        positions = (self._mask.cumsum(-1) - 1).clamp(min=0)
        room = longest + self._limit
        self._cache = DynamicCache()
        self._cache.layers = [_RoomyLayer(room) for _ in range(self._model.config.num_hidden_layers)]
        logits: torch.Tensor = self._model(
            input_ids=ids,
            attention_mask=self._mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            # By its number: a slice of the hidden states would have the head's weights copied for each prompt.
            logits_to_keep=torch.tensor([longest - 1]),
        ).logits[:, -1]
        self._positions = positions[:, -1:]
        number = {each: at for at, each in enumerate(distinct)}
        repeated = torch.tensor([number[tuple(each)] for each in self._prompts])
        self._keep(repeated)
        return logits[repeated]

    def _step(self, ids: torch.Tensor) -> torch.Tensor:
        """One more token of each row, read; logits (rows, vocabulary)."""
        self._mask = torch.cat([self._mask, torch.ones_like(self._mask[:, :1])], dim=1)
        self._positions = self._positions + 1
        logits: torch.Tensor = self._model(
            input_ids=ids[:, None],
            attention_mask=self._mask,
            position_ids=self._positions,
            past_key_values=self._cache,
            use_cache=True,
        ).logits[:, -1]
        return logits

    def _keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows alone, by their places in the batch."""
        self._cache.batch_select_indices(rows)
        self._mask, self._positions = self._mask[rows], self._positions[rows]


class _RoomyLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """Keys and values (rows, heads, tokens, width) with room for more: the library's are copied with each token."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room
        self._length = 0

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any) -> Any:
        """Add the keys and values of new tokens; all of them are the answer."""
        if self._length == 0:
            rows, heads, _tokens, width = key_states.shape
            self.dtype, self.device, self.is_initialized = key_states.dtype, key_states.device, True
            self.keys = key_states.new_zeros((rows, heads, self._room, width))
            self.values = value_states.new_zeros((rows, heads, self._room, value_states.shape[-1]))
        end = self._length + key_states.shape[-2]
        self.keys[:, :, self._length : end] = key_states
        self.values[:, :, self._length : end] = value_states
        self._length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_seq_length(self) -> int:
        """Tokens that it holds."""
        return self._length


def _drawn(logits: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """A token for each row of logits (rows, vocabulary), in float32; (rows,)."""
    temperature = 1.0 if sampling.temperature is None else sampling.temperature
    if temperature <= 0.0:
        return logits.argmax(-1)
    top_k, top_p = sampling.top_k or 0, 1.0 if sampling.top_p is None else sampling.top_p
    logits = logits / temperature
    if top_k > 0 or top_p < 1.0:
        logits = torch.stack([likely_logits(row, top_k, top_p) for row in logits])
    # The place where a uniform draw falls in the summed probabilities; torch.multinomial draws one number a token.
    sums = logits.softmax(-1).double().cumsum(-1)
    draws = torch.rand(len(sums), 1, dtype=torch.float64) * sums[:, -1:]
    return torch.searchsorted(sums, draws, right=True).squeeze(-1).clamp(max=logits.shape[-1] - 1)
