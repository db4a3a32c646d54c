"""LoRA adapters of a few numbers, as PEFT writes them: for tests of what takes them."""

import json
import struct
from pathlib import Path

import numpy


def write_adapter(folder: Path, module: str, columns: int, rows: int, rank: int = 2) -> Path:
    """A folder with an adapter of one module."""
    numbers = {
        f"{module}.lora_A.weight": numpy.full((rank, columns), 0.5, "<f4"),
        f"{module}.lora_B.weight": numpy.full((rows, rank), 0.25, "<f4"),
    }
    header: dict[str, object] = {}
    written = b""
    for name, values in numbers.items():
        end = len(written) + values.nbytes
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(written), end]}
        written += values.tobytes()
    text = json.dumps(header).encode()
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + written)
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": 2 * rank, "bias": "none"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder
