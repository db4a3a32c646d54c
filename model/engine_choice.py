"""Settings and a model in, which engine is to run it out: torch with transformers, or llama.cpp. Imports neither."""

import importlib.util
import os
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Literal

from model.catalog import EMBEDDED, ModelSpec
from model.errors import ModelLoadFailed
from model.settings import Settings

LocalEngine = Literal["transformers", "llamacpp"]

GET_LLAMACPP = "Install it with 'pip install xllamacpp'."
GET_TORCH = (
    "Install it with 'pip install -r requirements.txt', or take --engine llamacpp, with the embedded model or a GGUF "
    "file."
)


@cache
def is_installed(package: str) -> bool:
    """Whether a package is there; it is not imported."""
    return importlib.util.find_spec(package) is not None


def may_have_gpu() -> bool:
    """Whether torch might find a GPU here: by what the system shows, without its import.

    Linux shows NVIDIA's and AMD's cards as devices; on Windows nothing cheap says it, so torch is asked there.
    """
    if not is_installed("torch"):
        return False
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if os.name == "nt":
        return True
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/nvidia0", "/dev/kfd", "/dev/dxg"))


def needs_torch(what: str) -> None:
    """Raise where torch is not installed.

    Raises:
        ModelLoadFailed: Naming `what` needs it.
    """
    if not is_installed("torch"):
        raise ModelLoadFailed(f"{what} needs torch, which is not installed here. {GET_TORCH}")


def local_engine(settings: Settings, spec: ModelSpec, precision: str = "auto") -> LocalEngine:
    """What is to run `spec`.

    "auto" takes llama.cpp for GGUF files, where torch is not installed, and for the embedded model where there is no
    GPU; a precision that was asked for is one of transformers', and so is everything else.

    Raises:
        ModelLoadFailed: If that is not installed.
    """
    is_gguf = spec.gguf is not None or bool(spec.quant)
    engine = settings.engine
    if engine == "auto":
        wants_llamacpp = spec.name == EMBEDDED and precision == "auto" and not settings.is_zero_gpu
        if is_gguf or not is_installed("torch"):
            engine = "llamacpp"
        elif wants_llamacpp and is_installed("xllamacpp") and not has_gpu():
            engine = "llamacpp"
        else:
            engine = "transformers"
    if engine == "llamacpp":
        if not is_installed("xllamacpp"):
            raise ModelLoadFailed(f"{spec.name} needs llama.cpp's package xllamacpp, which is not here. {GET_LLAMACPP}")
        return "llamacpp"
    if is_gguf:
        raise ModelLoadFailed(f"{spec.name} is a GGUF file, which --engine llamacpp runs. {GET_LLAMACPP}")
    needs_torch(spec.name)
    return "transformers"


def has_gpu() -> bool:
    """Whether torch finds a GPU here; it is imported only where there may be one."""
    if not may_have_gpu():
        return False
    from model.device import device_kind

    return device_kind() != "cpu"
