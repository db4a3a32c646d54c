"""A folder with a LoRA adapter in, its matrices out, ready to be added to weights. Needs neither torch nor peft."""

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import ModelLoadFailed

_WEIGHTS = "adapter_model.safetensors"
_CONFIG = "adapter_config.json"
_PREFIX = "base_model.model."


@dataclass(frozen=True, slots=True)
class Adapter:
    """LoRA matrices by the name of the weight that they change.

    Attributes:
        scale: What the product of the matrices is multiplied with: alpha over rank.
        pairs: A of shape (rank, columns) and B of shape (rows, rank), float32.
    """

    scale: float
    pairs: Mapping[str, tuple[Any, Any]]

    def merged(self, name: str, weights: Any) -> Any:
        """`weights` of shape (rows, columns) with this adapter's change; as they are where it has none.

        Raises:
            ModelLoadFailed: If the matrices are not of the shape of the weights.
        """
        if name not in self.pairs:
            return weights
        down, up = self.pairs[name]
        if (up.shape[0], down.shape[1]) != tuple(weights.shape):
            raise ModelLoadFailed(
                f"The adapter changes {name} as {up.shape[0]} x {down.shape[1]} and the model has it as "
                f"{weights.shape[0]} x {weights.shape[1]}. It was trained on another model; take --adapter none."
            )
        return weights + self.scale * (up @ down)


def has_adapter(folder: Path) -> bool:
    """Whether there is an adapter in `folder`."""
    return (folder / _WEIGHTS).is_file() and (folder / _CONFIG).is_file()


def adapter_digest(folder: Path) -> str:
    """SHA-256 of the weights' file, as hexadecimal text: what a merged model is known by, without reading the matrices.

    Raises:
        ModelLoadFailed: If there is no adapter in `folder`, or it cannot be read.
    """
    _check_is_there(folder)
    try:
        with (folder / _WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(folder, error) from error


def _check_is_there(folder: Path) -> None:
    if not has_adapter(folder):
        raise ModelLoadFailed(
            f"The folder {str(folder)!r} holds no LoRA adapter: it needs {_CONFIG} and {_WEIGHTS}. "
            "Give the folder that PEFT saved to, or --adapter none."
        )


def _unreadable(folder: Path, error: Exception) -> ModelLoadFailed:
    return ModelLoadFailed(
        f"The adapter in {str(folder)!r} cannot be read ({error}). Copy it again, or take --adapter none."
    )


def read_adapter(folder: Path) -> Adapter:
    """The plain LoRA adapter that PEFT wrote to `folder`.

    Raises:
        ModelLoadFailed: If there is none, its files are broken, or it is of a kind that cannot simply be added.
    """
    _check_is_there(folder)
    try:
        config = json.loads((folder / _CONFIG).read_text("utf-8"))
        special = [
            key
            for key in ("use_dora", "use_rslora", "modules_to_save", "rank_pattern", "alpha_pattern")
            if config.get(key)
        ]
        kind = config.get("peft_type")
        if kind != "LORA" or special or config.get("bias", "none") != "none":
            raise ModelLoadFailed(
                f"The adapter in {str(folder)!r} is not a plain LoRA ({', '.join(special) or kind or 'no type'}), "
                "which is all that the embedded model takes. Merge it with PEFT, then load the merged folder."
            )
        tensors = _tensors((folder / _WEIGHTS).read_bytes())
        pairs = {
            name.removeprefix(_PREFIX).replace(".lora_A.", "."): (down, tensors[name.replace(".lora_A.", ".lora_B.")])
            for name, down in tensors.items()
            if ".lora_A." in name
        }
        return Adapter(float(config["lora_alpha"]) / int(config["r"]), pairs)
    except (OSError, ValueError, KeyError, TypeError, struct.error) as error:
        raise _unreadable(folder, error) from error


def _tensors(numbers: bytes) -> dict[str, Any]:
    """A safetensors file as float32 arrays; numpy itself has no bfloat16.

    Source:
        The format's description in huggingface/safetensors, README.md.
    """
    import numpy

    (header_bytes,) = struct.unpack_from("<Q", numbers)
    header = json.loads(numbers[8 : 8 + header_bytes])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + header_bytes + offset for offset in entry["data_offsets"])
        if entry["dtype"] == "BF16":
            halves = numpy.frombuffer(numbers[start:end], "<u2").astype("<u4") << 16
            values = halves.view("<f4")
        else:
            values = numpy.frombuffer(numbers[start:end], {"F32": "<f4", "F16": "<f2"}[entry["dtype"]]).astype("<f4")
        tensors[name] = values.reshape(entry["shape"])
    return tensors
