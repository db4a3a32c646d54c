"""Nothing in; what models can run on here, by what name, in what precision, with how much free memory, out.

Without torch it is the CPU.
"""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from model.machine import free_machine_bytes, usable_cores
from model.memory import PRECISIONS

try:
    import torch
except ImportError:  # llama.cpp does without
    torch = None

# Instructions that multiply bfloat16 numbers, as both torch and Linux call them: of x86, of its matrix unit, of ARM.
_BF16_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


def device_kind() -> Literal["cuda", "mps", "cpu"]:
    """The best device that torch can use here."""
    if torch is None:
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def device_name() -> str:
    """The device in words, such as "NVIDIA H100 80GB HBM3" or "CPU, 8 threads"."""
    match device_kind():
        case "cuda":
            return str(torch.cuda.get_device_name(0))
        case "mps":
            return "Apple GPU (MPS)"
        case _:
            threads = torch.get_num_threads() if torch is not None else usable_cores()
            return f"CPU, {threads} thread{'' if threads == 1 else 's'}"


@cache
def has_fast_bf16() -> bool:
    """Whether this processor multiplies bfloat16 numbers itself: by AVX512-bf16 or AMX, on ARM by its bf16 extension.

    Where it does not, each number becomes a float32 on its way to every product.
    """
    return bool(_processor_features() & _BF16_INSTRUCTIONS)


def auto_precisions() -> tuple[str, ...]:
    """What "auto" may take on the device, best first; fp32 before all on a processor that has no fast bfloat16."""
    match device_kind():
        case "mps":
            return ("bf16",)
        case "cpu" if not has_fast_bf16():
            return ("fp32", *PRECISIONS)
        case _:
            return PRECISIONS


def _processor_features(cpuinfo: Path = Path("/proc/cpuinfo")) -> set[str]:
    """The processor's instruction sets, as torch or else Linux knows them."""
    # torch.cpu.get_capabilities is younger than 2.8.
    if torch is not None and hasattr(torch.cpu, "get_capabilities"):
        return {name for name, has_it in torch.cpu.get_capabilities().items() if has_it}
    try:
        lines = cpuinfo.read_text("utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        return {"avx512_bf16"} if torch is not None and torch.cpu._is_avx512_bf16_supported() else set()
    return {word for line in lines if line.startswith(("flags", "Features")) for word in line.split()}


def free_device_bytes() -> int:
    """Memory for a model on the device: what nothing else uses, torch's own idle blocks included.

    On a CPU it is the machine's available memory, or what the container's limit leaves of it.
    """
    match device_kind():
        case "cuda":
            idle = torch.cuda.memory_reserved(0) - torch.cuda.memory_allocated(0)
            return int(torch.cuda.mem_get_info(0)[0] + idle)
        case "mps":
            return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
        case _:
            return free_machine_bytes()


def leave_a_core() -> None:
    """On a CPU, one core stays free for the page and the store; `OMP_NUM_THREADS` wins.

    Torch's threads wait for each other after every layer: with one of them held up by another process, two on two
    cores decode four times slower than one (5 against 20 tokens per second with the embedded model).
    """
    cores = usable_cores()
    if torch is not None and device_kind() == "cpu" and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, min(torch.get_num_threads(), cores - 1)))
