"""A model's shape in, bytes for weights and KV cache out: what fits the device, said before anything is loaded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from model.catalog import CATALOG, ModelShape, ModelSpec
from model.errors import ModelLoadFailed

PRECISIONS = ("bf16", "int8", "nf4")  # best first
GIB = 2**30

# Bytes for each weight of a linear layer. nf4 with double quantisation: 4 bits, an 8-bit scale for 64 weights, and a
# 32-bit scale for 256 of those (Dettmers et al. 2023, arXiv 2305.14314, section 3).
_LINEAR_BYTES = {"fp32": 4.0, "bf16": 2.0, "int8": 1.0, "nf4": (4 + 8 / 64 + 32 / (64 * 256)) / 8}

# Activations, the allocator's slack and the device's own context, beside weights and cache.
WORKSPACE_BYTES = 3 * GIB // 2
# Context that is planned for when nobody asks for one: QwQ's own evaluation allows 32,768 new tokens.
PLANNED_TOKENS = 32_768
# With less context than this no reasoning model is of use.
LEAST_TOKENS = 4096

Verdict = Literal["fits", "tight", "no"]


@dataclass(frozen=True, slots=True)
class FitRow:
    """One model in one precision on the device at hand.

    Args:
        tokens: The context lengths that were looked at, in tokens, cut to what the model can take.
        kv_bytes: KV cache for one sequence of each of those lengths.
        verdict: "fits" with the longest of them, "tight" with the shortest only, or "no".
        is_auto: Whether the precision "auto" would be this one.
    """

    model: str
    title: str
    precision: str
    weight_bytes: int
    tokens: tuple[int, ...]
    kv_bytes: tuple[int, ...]
    verdict: Verdict
    reason: str
    is_auto: bool = False


def weight_bytes(shape: ModelShape, precision: str) -> int:
    """Memory that the weights take; embeddings and head stay in bf16 under int8 and nf4.

    Raises:
        KeyError: If `precision` is none of fp32, bf16, int8 and nf4.

    >>> qwq = CATALOG["qwq-32b"].shape
    >>> [round(weight_bytes(qwq, precision) / 2**30, 1) for precision in PRECISIONS]
    [61.0, 32.0, 17.9]
    """
    other_bytes = 4 if precision == "fp32" else 2
    return int(shape.linear_parameters * _LINEAR_BYTES[precision]) + shape.other_parameters * other_bytes


def kv_cache_bytes(layers: int, kv_heads: int, head_dim: int, tokens: int, bytes_per_value: int = 2) -> int:
    """Memory that cached keys and values take for one sequence.

    Args:
        layers: Blocks of the model.
        kv_heads: Key/value heads of a layer (8 for QwQ-32B, not its 40 query heads).
        head_dim: Values in one key.
        tokens: Prompt plus new tokens.
        bytes_per_value: 2 for bfloat16, 1 for int8.

    Raises:
        ValueError: If `tokens` is negative.

    >>> kv_cache_bytes(64, 8, 128, tokens=32_768) / 2**30, kv_cache_bytes(64, 8, 128, tokens=131_072) / 2**30
    (8.0, 32.0)
    """
    if tokens < 0:
        raise ValueError(f"tokens is {tokens}; it must be 0 or more")
    return 2 * layers * kv_heads * head_dim * tokens * bytes_per_value


def value_bytes(precision: str) -> int:
    """Bytes of one number of the KV cache: it is held in what the products are made in."""
    return 4 if precision == "fp32" else 2


def context_that_fits(shape: ModelShape, weights: int, free_bytes: int, bytes_per_value: int = 2) -> int:
    """Tokens of KV cache, all users together, that `free_bytes` hold beside the weights; 0 when there is no room.

    >>> context_that_fits(CATALOG["qwq-32b"].shape, int(61.0 * GIB), free_bytes=79 * GIB)
    67584
    """
    one_token = kv_cache_bytes(shape.layers, shape.kv_heads, shape.head_dim, 1, bytes_per_value)
    return max(0, free_bytes - weights - WORKSPACE_BYTES) // one_token


def fit_table(
    free_bytes: int,
    specs: Iterable[ModelSpec] = tuple(CATALOG.values()),
    precisions: Sequence[str] = PRECISIONS,
    tokens: Sequence[int] = (8192, 32_768),
) -> list[FitRow]:
    """Model x precision: does it fit? Models whose shape is not known yet are left out.

    >>> rows = fit_table(int(23.5 * GIB), [CATALOG["qwq-32b"]])
    >>> [(row.precision, row.verdict) for row in rows]
    [('bf16', 'no'), ('int8', 'no'), ('nf4', 'tight')]
    """
    return [
        _fit_row(free_bytes, spec, spec.shape, precision, tokens)
        for spec in specs
        if spec.shape is not None
        for precision in precisions
    ]


def _fit_row(free_bytes: int, spec: ModelSpec, shape: ModelShape, precision: str, tokens: Sequence[int]) -> FitRow:
    weights = weight_bytes(shape, precision)
    lengths = tuple(min(length, spec.context_tokens or length) for length in tokens)
    width = value_bytes(precision)
    caches = tuple(kv_cache_bytes(shape.layers, shape.kv_heads, shape.head_dim, length, width) for length in lengths)
    room = context_that_fits(shape, weights, free_bytes, width)
    verdict: Verdict = "fits" if room >= lengths[-1] else "tight" if room >= lengths[0] else "no"
    missing = weights + caches[0] + WORKSPACE_BYTES - free_bytes
    reasons = {
        "fits": f"room for {min(room, spec.context_tokens or room):,} tokens",
        "tight": f"room for {room:,} tokens only",
        "no": f"{missing / GIB:.1f} GiB short, with {lengths[0]:,} tokens",
    }
    return FitRow(spec.name, spec.title, precision, weights, lengths, caches, verdict, reasons[verdict])


def choose_precision(
    spec: ModelSpec, free_bytes: int, context_tokens: int, precisions: Sequence[str] = PRECISIONS
) -> str:
    """The best precision that leaves room for the context; the smallest with a shorter one when none does.

    fp32 is no better than bf16, only faster on some processors (`device.auto_precisions`): half of the memory has to
    hold it.

    Args:
        spec: The model; bf16 when its shape is not known yet.
        free_bytes: Memory of the device that nothing else uses.
        context_tokens: Tokens to leave room for; 0 takes the model's own, 32,768 at most.
        precisions: Those to choose from, best first.

    Raises:
        ModelLoadFailed: If not even the smallest with a short context fits; the message says what would.

    >>> [choose_precision(CATALOG["qwq-32b"], gib * GIB, 32_768) for gib in (79, 44, 31, 23)]
    ['bf16', 'int8', 'nf4', 'nf4']
    >>> [choose_precision(CATALOG["smollm2-135m"], gib * GIB, 0, ("fp32", *PRECISIONS)) for gib in (4, 8)]
    ['bf16', 'fp32']
    """
    shape = spec.shape
    if shape is None:
        return "bf16"
    wanted = context_tokens or min(spec.context_tokens or PLANNED_TOKENS, PLANNED_TOKENS)
    for precision in precisions:
        usable = free_bytes // 2 if precision == "fp32" else free_bytes
        if context_that_fits(shape, weight_bytes(shape, precision), usable, value_bytes(precision)) >= wanted:
            return precision
    smallest = weight_bytes(shape, precisions[-1])
    if context_that_fits(shape, smallest, free_bytes) >= min(LEAST_TOKENS, wanted):
        return precisions[-1]
    raise too_large(spec.name, precisions[-1], smallest, free_bytes)


def with_auto(
    rows: Iterable[FitRow], free_bytes: int, context_tokens: int, precisions: Sequence[str] = PRECISIONS
) -> list[FitRow]:
    """Rows of catalog models, with those marked that "auto" would take; the arguments are `choose_precision`'s.

    >>> rows = with_auto(fit_table(31 * GIB, [CATALOG["qwq-32b"]]), 31 * GIB, 0)
    >>> [row.precision for row in rows if row.is_auto]
    ['nf4']
    """
    chosen: dict[str, str] = {}
    marked = []
    for row in rows:
        if row.model not in chosen:
            try:
                chosen[row.model] = choose_precision(CATALOG[row.model], free_bytes, context_tokens, precisions)
            except ModelLoadFailed:
                chosen[row.model] = ""
        marked.append(replace(row, is_auto=row.precision == chosen[row.model]))
    return marked


def too_large(name: str, precision: str, weights: int, free_bytes: int) -> ModelLoadFailed:
    """The error for weights that do not fit, with what would fit instead."""
    return ModelLoadFailed(
        f"{name} in {precision} needs {(weights + WORKSPACE_BYTES) / GIB:.1f} GiB beside its cache, and "
        f"{free_bytes / GIB:.1f} GiB are free. {what_fits(free_bytes)}"
    )


def what_fits(free_bytes: int) -> str:
    """A sentence that names the largest models that do fit.

    >>> what_fits(10 * GIB)
    'What would fit: qwen3-8b in nf4 (tight), r1-distill-llama-8b in nf4 (tight), r1-distill-qwen-7b in nf4.'
    """
    best: dict[str, FitRow] = {}
    for row in fit_table(free_bytes):
        known = best.get(row.model)
        if row.verdict == "fits" or (row.verdict == "tight" and known is None):
            best[row.model] = known if known is not None and known.verdict == "fits" else row
    shapes = {name: CATALOG[name].shape for name in best}
    size = {name: shape.linear_parameters + shape.other_parameters for name, shape in shapes.items() if shape}
    largest = sorted(best.values(), key=lambda row: -size[row.model])[:3]
    if not largest:
        return "No model of the catalog fits; close what else uses the memory."
    named = [f"{row.model} in {row.precision}" + (" (tight)" if row.verdict == "tight" else "") for row in largest]
    return f"What would fit: {', '.join(named)}."
