"""A model's shape and what a LoRA training asks in, bytes by part out: formulas, each with its source or derivation."""

from dataclasses import dataclass

from model.catalog import CATALOG, ModelShape  # noqa: F401  the examples are QwQ-32B's
from model.memory import GIB, WORKSPACE_BYTES, kv_cache_bytes, weight_bytes  # noqa: F401  the examples are in GiB

# Weight and gradient of an adapter, and Adam's two moments, each in fp32: Kingma and Ba 2014 (arXiv 1412.6980) keep two
# moments for each parameter; QLoRA (arXiv 2305.14314, section 2) trains the adapter in full precision.
_TRAINED_BYTES = 4 * 4
PACKED = ("int8", "nf4")
# What TRL's fused head works on at a time, in tokens and in entries of the vocabulary (trl/kernels/chunked_logprob.py).
_HEAD_TILE = (4096, 32_768)


@dataclass(frozen=True, slots=True)
class Demand:
    """What a plan asks of the memory.

    Attributes:
        precision: Of the frozen weights: fp32, bf16, int8 or nf4.
        rows: Completions in one backward pass.
        tokens: Of a row, prompt and completion together, at most.
        slots: Completions that are written at once.
        has_reference: Whether a second, frozen adapter is there: the one that training began from, for the KL term.
        has_copy: Whether completions are written by a second model into which the adapter is merged, as on a CPU.
    """

    precision: str = "bf16"
    rank: int = 16
    rows: int = 1
    tokens: int = 2048
    slots: int = 8
    has_reference: bool = False
    has_copy: bool = False

    @property
    def is_packed(self) -> bool:
        """Whether the weights are in 8 or 4 bits; then blocks are worked out again in the backward pass."""
        return self.precision in PACKED

    @property
    def stream_bytes(self) -> int:
        """For each value that goes from block to block, and of the cache: those of the embeddings, bf16 unless fp32."""
        return 4 if self.precision == "fp32" else 2


def adapter_parameters(shape: ModelShape, rank: int) -> int:
    """Parameters of LoRA matrices on every linear layer of every block, the head left out.

    A layer of `a` inputs and `b` outputs gets matrices of (rank, a) and (b, rank) (Hu et al. 2021, arXiv 2106.09685,
    section 4.1). The seven layers of a block have these ends: query, key, value and output between the hidden width and
    the heads, gate, up and down between the hidden width and the intermediate one.

    >>> adapter_parameters(CATALOG["qwq-32b"].shape, rank=16)
    134217728
    """
    queries, keys = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
    ends = 7 * shape.hidden + 2 * queries + 2 * keys + 3 * shape.intermediate
    return shape.layers * rank * ends


def checkpoint_bytes(shape: ModelShape, rows: int, tokens: int, value_bytes: int = 2) -> int:
    """The inputs of all blocks: what gradient checkpointing keeps from the forward pass to the backward one.

    `2 s b h L` of Korthikanti et al. 2022 (arXiv 2205.05198), section 5, full recomputation, with values of 2 bytes.

    >>> checkpoint_bytes(CATALOG["qwq-32b"].shape, rows=1, tokens=4096) / GIB
    2.5
    """
    return value_bytes * rows * tokens * shape.hidden * shape.layers


def block_bytes(shape: ModelShape, rows: int, tokens: int, value_bytes: int = 2) -> int:
    """What one block keeps from its forward pass to its backward one.

    Counted off a Llama-like block for one token. Of the hidden width, in values: the stream and both norms' results; in
    fp32: the norms' inputs, and each LoRA's own copy of its input, of query, key, value, gate and up: 3 values, 7 times
    4 bytes. Of the width of all query heads: query, key and value (repeated for their groups) and the result, and in
    fp32 the output layer's LoRA input: 4 values, 4 bytes. Of the intermediate width: gate, its SiLU, up, and in fp32
    the down layer's LoRA input: 3 values, 4 bytes. The scores of attention are never there as a whole (SDPA, flash).

    >>> round(block_bytes(CATALOG["qwq-32b"].shape, rows=1, tokens=4096) / GIB, 2)
    1.95
    """
    queries = shape.heads * shape.head_dim
    values = 3 * shape.hidden + 4 * queries + 3 * shape.intermediate
    token = value_bytes * values + 4 * (7 * shape.hidden + queries + shape.intermediate)
    return rows * tokens * token


def gradient_bytes(shape: ModelShape, rows: int, tokens: int) -> int:
    """Gradients on their way through the widest part of a block: two of the intermediate width, in fp32.

    >>> round(gradient_bytes(CATALOG["qwq-32b"].shape, rows=1, tokens=4096) / GIB, 2)
    0.84
    """
    return rows * tokens * 2 * 4 * shape.intermediate


def head_bytes(shape: ModelShape, rows: int, tokens: int, *, is_whole: bool = False) -> int:
    """What the LM head makes, on its way to log-probabilities and back.

    Whole: logits in bf16, the same in fp32, and their gradient in fp32. TRL's fused head has a tile of 4,096 tokens and
    32,768 entries of the vocabulary at a time in those three, and the hidden states' gradient in fp32.

    >>> qwq = CATALOG["qwq-32b"].shape
    >>> [round(head_bytes(qwq, 1, 4096, is_whole=is_whole) / GIB, 2) for is_whole in (True, False)]
    [5.8, 1.33]
    """
    positions = rows * tokens
    if is_whole:
        return positions * shape.vocabulary * (2 + 4 + 4)
    tile = min(positions, _HEAD_TILE[0]) * min(shape.vocabulary, _HEAD_TILE[1])
    return tile * (2 + 4 + 4) + positions * shape.hidden * 4


def workspace_bytes(shape: ModelShape, precision: str) -> int:
    """The device's context and the allocator's slack, and one linear layer in bf16 where weights are unpacked for use.

    bitsandbytes unpacks a layer of int8 or nf4 to the precision that it computes in (QLoRA, arXiv 2305.14314, equation
    5); the largest is (hidden, intermediate).

    >>> round(workspace_bytes(CATALOG["qwq-32b"].shape, "nf4") / GIB, 2)
    1.76
    """
    return WORKSPACE_BYTES + (2 * shape.hidden * shape.intermediate if precision in PACKED else 0)


def parts(shape: ModelShape, demand: Demand) -> dict[str, int]:
    """Bytes by part; all of them are counted at once, though writing and learning take turns.

    >>> found = parts(CATALOG["qwq-32b"].shape, Demand("nf4", rank=16, rows=1, tokens=4096, slots=8))
    >>> [round(size / GIB, 1) for size in found.values()], round(sum(found.values()) / GIB, 1)
    ([17.9, 0.0, 2.0, 0.0, 2.5, 2.8, 1.3, 8.0, 1.8], 36.3)
    """
    trained, rows, tokens, value = (
        adapter_parameters(shape, demand.rank),
        demand.rows,
        demand.tokens,
        demand.stream_bytes,
    )
    frozen, block = weight_bytes(shape, demand.precision), block_bytes(shape, rows, tokens, value)
    row = kv_cache_bytes(shape.layers, shape.kv_heads, shape.head_dim, tokens, value)
    return {
        f"weights, {demand.precision}": frozen,
        "the same with the adapter merged, which writes": frozen if demand.has_copy else 0,
        "adapter, its gradients and Adam's moments, fp32": trained * _TRAINED_BYTES,
        "frozen adapter of the start, fp32": 4 * trained if demand.has_reference else 0,
        "inputs of all blocks": checkpoint_bytes(shape, rows, tokens, value) if demand.is_packed else 0,
        f"what {'one block keeps' if demand.is_packed else 'all blocks keep'}, and gradients": (
            block * (1 if demand.is_packed else shape.layers) + gradient_bytes(shape, rows, tokens)
        ),
        "head": head_bytes(shape, rows, tokens),
        f"cache of {demand.slots} completions being written": demand.slots * row,
        "workspace": workspace_bytes(shape, demand.precision),
    }
