"""A small GGUF model and a LoRA adapter in, one GGUF file with both out; made once and kept.

llama.cpp can add an adapter while it runs, which costs a model of this size a third of its speed. The matrices that the
adapter changes are written in Q8_0, whatever they were in: finer than the four bits that they mostly come from.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from model.adapter import Adapter, adapter_digest, read_adapter
from model.errors import ModelLoadFailed
from model.gguf_adapter import interleaved, tensor_name
from model.gguf_file import GgufFile
from model.whole_file import written_whole

# Raise this when what is written changes: older files are then made again.
_LAYOUT = 1
_TEXT = "Adding the adapter to the model's weights, once"
_Q8_0 = 7  # of `general.file_type`

Report = Callable[[Literal["download", "convert"], int, int, str], None]


def merged_gguf(
    model: GgufFile, folder: Path, data_folder: Path, report: Report, should_stop: Callable[[], bool]
) -> Path:
    """The file that has both; kept in `data_folder`.

    Raises:
        ModelLoadFailed: If there is no adapter, it is of another model, the disk is full, or it was stopped.
    """
    kept = data_folder / "models" / f"{model.path.stem}-{adapter_digest(folder)[:12]}-{_LAYOUT}.gguf"
    if kept.is_file():
        return kept
    adapter = read_adapter(folder)
    try:
        with written_whole(kept) as part:
            _write(model, adapter, part, report, should_stop)
    except OSError as error:
        raise ModelLoadFailed(
            f"The model with its adapter cannot be written to {str(kept)!r} ({error.strerror or error}). It needs "
            f"{2 * model.file_bytes / 1e6:,.0f} MB: free some space, or point WORKINGS_DATA at another folder."
        ) from error
    except (ValueError, KeyError, IndexError) as error:
        raise ModelLoadFailed(
            f"The weights in {model.path.name!r} cannot be read ({error}). It is cut off or broken: fetch it again."
        ) from error
    return kept


def _write(model: GgufFile, adapter: Adapter, file: Path, report: Report, should_stop: Callable[[], bool]) -> None:
    import gguf

    reader = gguf.GGUFReader(str(model.path))
    changes = {tensor_name(name): pair for name, pair in adapter.pairs.items()}
    strangers = sorted(set(changes) - {tensor.name for tensor in reader.tensors})
    if strangers:
        raise ModelLoadFailed(
            f"The adapter changes {len(strangers)} weights that {model.path.name} does not have, {strangers[0]} first. "
            "It was trained on another model; take --adapter none or auto."
        )
    writer = gguf.GGUFWriter(file, model.architecture)
    _copy_head(reader, writer)
    for done, tensor in enumerate(reader.tensors):
        if should_stop():
            raise ModelLoadFailed("The load was stopped while the adapter was being added.")
        report("convert", done, len(reader.tensors), _TEXT)
        if tensor.name not in changes:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        weights = _changed(tensor, changes[tensor.name], adapter.scale, model)
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(tensor.name, gguf.quantize(weights, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    report("convert", len(reader.tensors), len(reader.tensors), _TEXT)


def _changed(tensor: Any, pair: tuple[Any, Any], scale: float, model: GgufFile) -> Any:
    """The weights of one matrix with the adapter's change."""
    import gguf

    weights = gguf.dequantize(tensor.data, tensor.tensor_type)
    down, up = pair
    if (up.shape[0], down.shape[1]) != weights.shape:
        raise ModelLoadFailed(
            f"The adapter changes {tensor.name} as {up.shape[0]} x {down.shape[1]} and the model has it as "
            f"{weights.shape[0]} x {weights.shape[1]}. It was trained on another model; take --adapter none."
        )
    if model.architecture == "llama" and tensor.name.endswith(("attn_q.weight", "attn_k.weight")):
        up = interleaved(up, model.heads if "attn_q" in tensor.name else model.kv_heads)
    return (weights + scale * (up @ down)).astype("float32")


def _copy_head(reader: Any, writer: Any) -> None:
    """Every entry but those that the writer makes itself."""
    import gguf

    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == gguf.Keys.General.ARCHITECTURE:
            continue
        if field.name == gguf.Keys.General.FILE_TYPE:
            writer.add_file_type(_Q8_0)
            continue
        kind = field.types[0]
        item = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, item)
