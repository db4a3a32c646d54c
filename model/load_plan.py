"""A model, a wish and the free memory in, how its weights are to be loaded out, or a refusal before a byte is read."""

from dataclasses import dataclass
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from model.catalog import ModelSpec
from model.device import auto_precisions, device_kind
from model.errors import ModelLoadFailed
from model.memory import (
    LEAST_TOKENS,
    choose_precision,
    context_that_fits,
    too_large,
    value_bytes,
    weight_bytes,
    what_fits,
)

FP32_CHOSEN = "The weights are held in fp32, since this processor has no bf16 instructions."


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """How the weights are read, and what they will take."""

    precision: str
    quantisation: Any  # BitsAndBytesConfig, or None
    dtype: torch.dtype
    weight_bytes: int
    notes: tuple[str, ...] = ()


def plan_load(
    spec: ModelSpec, config: dict[str, Any], precision: str, context_tokens: int, free_bytes: int
) -> LoadPlan:
    """Settle the precision, and refuse what cannot fit before a byte is read."""
    stored = config.get("quantization_config")
    if isinstance(stored, dict):
        return _plan_of_stored(spec, stored, precision, free_bytes)
    notes: tuple[str, ...] = ()
    device = device_kind()
    if precision == "auto":
        precision = choose_precision(spec, free_bytes, context_tokens, auto_precisions())
        notes = (FP32_CHOSEN,) if precision == "fp32" else ()
    if precision not in ("fp32", "bf16", "int8", "nf4"):
        raise ModelLoadFailed(f"The precision {precision!r} is unknown. Give auto, bf16, int8, nf4 or fp32.")
    if device == "mps" and precision in ("int8", "nf4"):
        raise ModelLoadFailed(f"{precision} needs CUDA or a CPU; on Apple's GPU take bf16. {what_fits(free_bytes)}")
    weights = weight_bytes(spec.shape, precision) if spec.shape else 0
    if spec.shape:
        room = context_that_fits(spec.shape, weights, free_bytes, value_bytes(precision))
        if room < min(LEAST_TOKENS, spec.context_tokens):
            raise too_large(spec.name, precision, weights, free_bytes)
    dtype = torch.float32 if precision == "fp32" else torch.bfloat16
    return LoadPlan(precision, _quantisation(precision), dtype, weights, notes)


def _plan_of_stored(spec: ModelSpec, stored: dict[str, Any], precision: str, free_bytes: int) -> LoadPlan:
    """The plan for weights that are quantised on disk already: they are loaded as they are."""
    found = str(stored.get("quant_method") or "bitsandbytes").lower()
    if found == "bitsandbytes":
        found = "int8" if stored.get("load_in_8bit") else str(stored.get("bnb_4bit_quant_type", "nf4"))
    notes = (
        () if precision in ("auto", found) else (f"The weights are stored in {found}; they are loaded as they are.",)
    )
    weights = weight_bytes(spec.shape, found) if spec.shape and found in ("int8", "nf4") else 0
    if spec.shape and weights and context_that_fits(spec.shape, weights, free_bytes) < LEAST_TOKENS:
        raise too_large(spec.name, found, weights, free_bytes)
    return LoadPlan(found, None, torch.bfloat16, weights, notes)


def _quantisation(precision: str) -> Any:
    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    if precision == "nf4":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
    return None
