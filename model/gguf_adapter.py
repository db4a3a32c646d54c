"""A folder with a LoRA adapter in, the same as a GGUF file that llama.cpp adds to a model out; made once and kept."""

from pathlib import Path
from typing import Any

from model.adapter import Adapter, adapter_digest, read_adapter
from model.errors import ModelLoadFailed
from model.gguf_file import GgufFile
from model.whole_file import written_whole

# Raise this when what is written changes: older files are then made again.
_LAYOUT = 1
# llama.cpp's names of the matrices of a block, by transformers' ones.
_PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_PREFIX = "model.layers."


def prepare_adapter(folder: Path, model: GgufFile, data_folder: Path) -> Path:
    """The GGUF form of the adapter in `folder`, kept in `data_folder`; a .gguf file is taken as it is.

    Raises:
        ModelLoadFailed: If there is no adapter, it changes what this model has not, or the disk is full.
    """
    if folder.suffix == ".gguf" and folder.is_file():
        return folder
    kept = data_folder / "models" / f"lora-{adapter_digest(folder)[:12]}-{model.architecture}-{_LAYOUT}.gguf"
    if kept.is_file():
        return kept
    adapter = read_adapter(folder)
    try:
        with written_whole(kept) as part:
            _write(adapter, model, part)
    except OSError as error:
        raise ModelLoadFailed(
            f"The adapter cannot be written to {str(kept)!r} ({error.strerror or error}). Free some space, or point "
            "WORKINGS_DATA at another folder."
        ) from error
    return kept


def _write(adapter: Adapter, model: GgufFile, file: Path) -> None:
    import gguf

    writer = gguf.GGUFWriter(file, model.architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    rank = next(iter(adapter.pairs.values()))[0].shape[0] if adapter.pairs else 1
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, adapter.scale * rank)
    for name, (down, up) in adapter.pairs.items():
        target = tensor_name(name)
        if target.endswith(("attn_q.weight", "attn_k.weight")) and model.architecture == "llama":
            up = interleaved(up, model.heads if "attn_q" in target else model.kv_heads)
        writer.add_tensor(f"{target}.lora_a", down)
        writer.add_tensor(f"{target}.lora_b", up)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensor_name(name: str) -> str:
    """Transformers' name of a weight as llama.cpp has it.

    Raises:
        ModelLoadFailed: If it is not one of a block's matrices.

    >>> tensor_name("model.layers.3.mlp.up_proj.weight")
    'blk.3.ffn_up.weight'
    """
    block, _, part = name.removeprefix(_PREFIX).removesuffix(".weight").partition(".")
    if not name.startswith(_PREFIX) or part not in _PARTS:
        raise ModelLoadFailed(
            f"The adapter changes {name}, and only the matrices of attention and MLP are converted for llama.cpp. "
            "Merge it with PEFT and convert the merged model, or take --adapter none."
        )
    return f"blk.{block}.{_PARTS[part]}.weight"


def interleaved(rows: Any, heads: int) -> Any:
    """The order of rows that llama.cpp wants for rotary positions: the two halves of each head, one by one.

    >>> import numpy
    >>> interleaved(numpy.arange(8).reshape(8, 1), 2).ravel().tolist()
    [0, 2, 1, 3, 4, 6, 5, 7]
    """
    count, columns = rows.shape
    return rows.reshape(heads, 2, count // heads // 2, columns).swapaxes(1, 2).reshape(count, columns)
