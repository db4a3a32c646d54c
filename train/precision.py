"""A device in, the numbers that training and asking hold weights in there out.

bfloat16 on a GPU and on a processor that multiplies it; float32 on one that does not, where a training pass of 400
tokens of the embedded model took 5.6 s instead of 89 s.
"""

from typing import Any

import torch

from model.device import has_fast_bf16


def training_dtype(device: str) -> torch.dtype:
    """What the frozen weights are held in on "cuda", "mps" or "cpu"; the LoRA matrices are float32 everywhere."""
    return torch.float32 if device == "cpu" and not has_fast_bf16() else torch.bfloat16


def autocast_for(model: Any) -> torch.autocast:
    """Autocast to bfloat16 for a model that is held in it; for one in float32 a context that does nothing."""
    return torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=model.dtype == torch.bfloat16)
