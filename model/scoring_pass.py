"""A model and token ids in, what it thinks of each of them out: one forward pass, in pieces that the memory holds.

Logits of 32,000 tokens over a vocabulary of 150,000 would be 20 GB: each piece's are reduced to a few numbers a token
before the next one is read.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import log
from typing import Any

import torch
from transformers import DynamicCache

from model.errors import EngineError
from model.scoring import SCORED_ALTERNATIVES, Scores
from model.token_inbox import is_out_of_memory

# Tokens read at once: as long as a prompt's pieces are, so that others can decode between two of them.
_CHUNK_TOKENS = {"cpu": 256}
_OTHER_CHUNK_TOKENS = 512
# With keys and values in the host's memory each piece moves them all to the device and back, so fewer pieces.
_OFFLOADED_CHUNK_TOKENS = 2048
# Rows of logits in float32 at once: 39 MB for a vocabulary of 150,000, a few times.
_LOGIT_ROWS = 64
# Left free on a GPU for activations, its own and those of the batch that is decoded beside it.
_SPARE_BYTES = 2 * 2**30


def kv_bytes_per_token(model: Any) -> int:
    """Keys and values of one token in every layer."""
    config = model.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * head_size * model.dtype.itemsize)


class ScoringPass:
    """One pass over `ids`; call `step` until `is_over`, with the model to yourself during each call.

    Args:
        model: A transformers model on its device, in evaluation mode.
        ids: Tokens of the model's vocabulary.
        first: Number of the first token to score, from 1 on: the first of all has nothing before it.
    """

    def __init__(self, model: Any, ids: Sequence[int], first: int) -> None:
        self._model = model
        self._ids = ids
        self._first = first
        self._read = 0
        is_offloaded = _is_memory_short(model, len(ids))
        self._cache: Any = DynamicCache(config=model.config, offloading=is_offloaded)
        self._chunk = (
            _OFFLOADED_CHUNK_TOKENS if is_offloaded else _CHUNK_TOKENS.get(model.device.type, _OTHER_CHUNK_TOKENS)
        )

    @property
    def read_tokens(self) -> int:
        """How many tokens it has read."""
        return self._read

    @property
    def is_over(self) -> bool:
        """Whether every token from `first` on has its score; the last one need not be read for that."""
        return self._read >= len(self._ids) - 1

    def step(self) -> Scores:
        """Read the next piece, and give the scores of the tokens that it foretells.

        Raises:
            EngineError: If the device fails.
        """
        try:
            with torch.inference_mode(), _plain_attention(self._model):
                return self._step()
        except (RuntimeError, MemoryError) as error:
            raise EngineError(_failure(error, len(self._ids))) from error

    def _step(self) -> Scores:
        start, end = self._read, min(self._read + self._chunk, len(self._ids) - 1)
        # The logits after token i foretell token i + 1.
        wanted = end - max(start, self._first - 1)
        keep = {"logits_to_keep": max(wanted, 1)} if self._model._supports_logits_to_keep() else {}
        piece = torch.tensor([self._ids[start:end]], device=self._model.device)
        logits = self._model(input_ids=piece, past_key_values=self._cache, use_cache=True, **keep).logits[0]
        self._read = end
        if wanted <= 0:
            return Scores()
        targets = torch.tensor(self._ids[end - wanted + 1 : end + 1], device=logits.device)
        return Scores.joined(list(_row_scores(logits[-wanted:], targets)))


def _row_scores(logits: torch.Tensor, targets: torch.Tensor) -> Iterator[Scores]:
    """Scores of a few rows after another; `logits` is (tokens, vocabulary), `targets` (tokens,)."""
    for start in range(0, len(targets), _LOGIT_ROWS):
        rows = torch.log_softmax(logits[start : start + _LOGIT_ROWS].float(), -1)
        ids = targets[start : start + _LOGIT_ROWS]
        logprobs = rows.gather(1, ids[:, None])[:, 0]
        entropies = torch.special.entr(rows.exp()).sum(-1) / log(2)
        best = torch.topk(rows, min(SCORED_ALTERNATIVES, rows.shape[-1]))
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        yield Scores(
            tuple(min(0.0, value) for value in logprobs.tolist()),
            tuple(entropies.tolist()),
            tuple(tuple(zip(*pair, strict=True)) for pair in pairs),
        )


@contextmanager
def _plain_attention(model: Any) -> Iterator[None]:
    """Attention that reads a cache of our own.

    Batching leaves a model's attention as it is (SDPA, flash), and those look at the cache that they are given; only
    `eager` is exchanged for one that knows its paged cache alone.
    """
    implementation = model.config._attn_implementation
    if implementation != "paged|eager":
        yield
        return
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(implementation)


def _is_memory_short(model: Any, tokens: int) -> bool:
    """Whether a GPU has no room for keys and values of so many tokens beside what it holds."""
    if model.device.type != "cuda":
        return False
    free_bytes = torch.cuda.mem_get_info(model.device)[0]
    unused_bytes = torch.cuda.memory_reserved(model.device) - torch.cuda.memory_allocated(model.device)
    return bool(tokens * kv_bytes_per_token(model) + _SPARE_BYTES > free_bytes + unused_bytes)


def _failure(error: BaseException, tokens: int) -> str:
    first_line = (str(error).strip() or type(error).__name__).splitlines()[0][:300].rstrip(". ")
    if is_out_of_memory(error):
        return (
            f"The device has no memory left to read {tokens:,} tokens at once more ({first_line}). Wait until fewer "
            "runs go on, or load the model in a smaller precision or with a smaller context."
        )
    return f"The model failed while it read the text again: {first_line}. Try again; if that fails, load it anew."
