"""A model's shape and a plan of LoRA training in, GiB by part out: whether it fits a card, before it is loaded.

`python -m train.memory --model qwq-32b --precision nf4 --rank 16 --rows 1 --tokens 4096 --slots 8` prints the table. It
is arithmetic over the model's shape and what the libraries keep, with the dearer reading wherever there are two; it is
no measurement.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from model.catalog import CATALOG, ModelShape, find_model
from model.errors import AppError, BadInput
from model.memory import GIB, PRECISIONS, WORKSPACE_BYTES, kv_cache_bytes, weight_bytes

# Cards by the memory on their box, in GB, and the GiB that a program finds free on the smallest one of that size
# (nvidia-smi of T4, L4, L40S, H100 and H200, less half a GiB for the driver's context).
USABLE_GIB: Mapping[int, float] = {16: 14.5, 24: 22.0, 48: 44.4, 80: 78.9, 141: 139.5}

# Weight and gradient of an adapter, and Adam's two moments, each in fp32: Kingma and Ba 2014 (arXiv 1412.6980) keep two
# moments for each parameter; QLoRA (arXiv 2305.14314, section 2) trains the adapter in full precision.
_TRAINED_BYTES = 4 * 4
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
        has_whole_logits: Whether the head's output is there for all positions at once, as without TRL's fused head.
    """

    precision: str = "bf16"
    rank: int = 16
    rows: int = 1
    tokens: int = 2048
    slots: int = 8
    has_reference: bool = False
    has_whole_logits: bool = False


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


def checkpoint_bytes(shape: ModelShape, rows: int, tokens: int) -> int:
    """The inputs of all blocks, in bf16: what gradient checkpointing keeps from the forward pass to the backward one.

    `2 s b h L` of Korthikanti et al. 2022 (arXiv 2205.05198), section 5, full recomputation.

    >>> checkpoint_bytes(CATALOG["qwq-32b"].shape, rows=1, tokens=4096) / GIB
    2.5
    """
    return 2 * rows * tokens * shape.hidden * shape.layers


def block_bytes(shape: ModelShape, rows: int, tokens: int) -> int:
    """What one block keeps while it is worked out again and its gradient is made.

    Counted off a Llama-like block for one token, 2 bytes for bf16 and 4 for fp32. Of the hidden width: the stream and
    both norms' results in bf16 (3 x 2), the norms' inputs in fp32 (2 x 4), and each LoRA's own copy of its input in
    fp32, of query, key, value, gate and up (5 x 4): 34. Of the width of all query heads: query, key and value (repeated
    for their groups) and the result in bf16 (4 x 2), the output layer's LoRA input in fp32 (4): 12. Of the intermediate
    width: gate, its SiLU, up in bf16 (3 x 2), the down layer's LoRA input in fp32 (4), and two gradients in fp32 on
    their way (2 x 4): 18. The scores of attention are never there as a whole (SDPA, flash).

    >>> round(block_bytes(CATALOG["qwq-32b"].shape, rows=1, tokens=4096) / GIB, 2)
    2.8
    """
    token = 34 * shape.hidden + 12 * shape.heads * shape.head_dim + 18 * shape.intermediate
    return rows * tokens * token


def head_bytes(shape: ModelShape, rows: int, tokens: int, *, is_whole: bool = False) -> int:
    """What the LM head makes, on its way to log-probabilities and back.

    Whole: logits in bf16, the same in fp32, and their gradient in fp32. With TRL's fused head a tile of 4,096 tokens
    and 32,768 entries of the vocabulary at a time in those three, and the hidden states' gradient in fp32.

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
    5); the largest is (hidden, intermediate), once in each direction.

    >>> round(workspace_bytes(CATALOG["qwq-32b"].shape, "nf4") / GIB, 2)
    1.76
    """
    is_packed = precision in ("int8", "nf4")
    return WORKSPACE_BYTES + (2 * shape.hidden * shape.intermediate if is_packed else 0)


def parts(shape: ModelShape, demand: Demand) -> dict[str, int]:
    """Bytes by part; all of them are counted at once, though writing and learning take turns.

    >>> found = parts(CATALOG["qwq-32b"].shape, Demand("nf4", rank=16, rows=1, tokens=4096, slots=8))
    >>> [round(size / GIB, 1) for size in found.values()], round(sum(found.values()) / GIB, 1)
    ([17.9, 2.0, 0.0, 2.5, 2.8, 1.3, 8.0, 1.8], 36.3)
    """
    trained = adapter_parameters(shape, demand.rank)
    row = kv_cache_bytes(shape.layers, shape.kv_heads, shape.head_dim, demand.tokens)
    return {
        f"weights, {demand.precision}": weight_bytes(shape, demand.precision),
        "adapter with gradients and Adam's moments, fp32": trained * _TRAINED_BYTES,
        "frozen adapter of the start, fp32": 4 * trained if demand.has_reference else 0,
        "inputs of all blocks": checkpoint_bytes(shape, demand.rows, demand.tokens),
        "one block, worked out again": block_bytes(shape, demand.rows, demand.tokens),
        "head": head_bytes(shape, demand.rows, demand.tokens, is_whole=demand.has_whole_logits),
        f"cache of {demand.slots} completions being written": demand.slots * row,
        "workspace": workspace_bytes(shape, demand.precision),
    }


def cards_that_fit(total_bytes: int) -> tuple[int, ...]:
    """Sizes of cards, in GB as on the box, that have so much free.

    >>> cards_that_fit(36 * GIB), cards_that_fit(200 * GIB)
    ((48, 80, 141), ())
    """
    return tuple(size for size, usable in USABLE_GIB.items() if total_bytes <= usable * GIB)


def shape_of(model: str) -> ModelShape:
    """The shape of a model of the catalog or of a folder.

    Raises:
        UnknownModel: If nothing is called so.
        BadInput: If it is a model of the Hub that the catalog does not have.
    """
    spec = find_model(model)
    if spec.shape is None:
        raise BadInput(
            f"The shape of {model!r} is not known before it is fetched. Name a model of the catalog "
            f"({', '.join(CATALOG)}), or the folder with its config.json."
        )
    return spec.shape


def table(shape: ModelShape, demand: Demand) -> str:
    """The parts in GiB, their sum, and which cards it fits."""
    found = parts(shape, demand)
    total = sum(found.values())
    width = max(map(len, found))
    lines = [f"{name:<{width}}  {size / GIB:7.2f} GiB" for name, size in found.items() if size]
    lines.append(f"{'all together, reckoned':<{width}}  {total / GIB:7.2f} GiB")
    fitting = cards_that_fit(total)
    lines += [
        f"{f'{size} GB card, {usable:g} GiB of it usable':<{width}}  {'fits' if size in fitting else 'does not fit'}"
        for size, usable in USABLE_GIB.items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Read the command line, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    usual = Demand()
    parser.add_argument("--model", default="qwq-32b", help="of the catalog, or a folder with a config.json")
    parser.add_argument("--precision", choices=("fp32", *PRECISIONS), default=usual.precision, help="of the weights")
    parser.add_argument("--rank", type=int, default=usual.rank, help="of the LoRA matrices")
    parser.add_argument("--rows", type=int, default=usual.rows, help="completions in one backward pass")
    parser.add_argument("--tokens", type=int, default=usual.tokens, help="of a row: prompt and completion")
    parser.add_argument("--slots", type=int, default=usual.slots, help="completions written at once")
    parser.add_argument("--reference", action="store_true", help="a frozen adapter is kept for the KL term")
    parser.add_argument("--whole-logits", action="store_true", help="without TRL's fused head")
    given = parser.parse_args()
    demand = Demand(
        given.precision, given.rank, given.rows, given.tokens, given.slots, given.reference, given.whole_logits
    )
    try:
        print(table(shape_of(given.model), demand))
    except AppError as error:
        raise SystemExit(str(error)) from error
    return 0


if __name__ == "__main__":
    sys.exit(main())
