"""A model and a source in, a local folder with safetensors weights out, with progress and errors in sentences.

Sources: the Hugging Face Hub, ModelScope, a folder that holds one folder per model, or the embedded package. Only
safetensors are taken: the older pickle format can run code when it is read.
"""

import errno
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from model.catalog import EMBEDDED, ModelSpec
from model.embedded import prepare_embedded
from model.errors import ModelLoadFailed, UnsafeModel

Report = Callable[[Literal["download", "convert"], int, int, str], None]

# Weights, config, tokenizer, chat template and licence; never Python files, never pickles.
WANTED_FILES = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "*.model", "merges.txt", "vocab.*"]
UNWANTED_FILES = ["original/*", "consolidated*", "onnx/*", "*.py", "runs/*", "checkpoint-*/*"]


def fetch(
    spec: ModelSpec,
    source: str,
    data_folder: Path,
    report: Report,
    should_stop: Callable[[], bool] | None = None,
    embedded_adapter: Path | None = None,
) -> Path:
    """The folder that `spec` loads from, fetched when it is not there yet.

    Args:
        spec: The model; with a `folder` of its own, `source` does not matter.
        source: "hub", "modelscope", or a folder with one folder per model, named as the model or its hub id.
        data_folder: Where the embedded model is kept.
        report: Told the stage, what is done, the total (bytes, or steps when converting), and a sentence.
        should_stop: Asked now and then; True ends the fetch with `ModelLoadFailed`.
        embedded_adapter: What is merged into the embedded model's weights as they are converted.

    Raises:
        ModelLoadFailed: If the weights are not there and cannot be fetched.
        UnsafeModel: If there are only pickled weights, or the model needs code of its own.
    """
    stop = should_stop or (lambda: False)
    if spec.folder is not None:
        folder = spec.folder
    elif spec.name == EMBEDDED:
        folder = prepare_embedded(data_folder, report, stop, embedded_adapter)
    elif source == "hub":
        folder = from_hub(spec, report, stop)
    elif source == "modelscope":
        folder = _from_modelscope(spec, report)
    else:
        folder = _in_folder(spec, Path(source).expanduser())
    check_folder(folder)
    return folder


def read_config(folder: Path) -> dict[str, Any]:
    """The model's `config.json`.

    Raises:
        ModelLoadFailed: If it is missing or broken.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelLoadFailed(
            f"The folder {str(folder)!r} has no readable config.json ({error}). Give the folder that the model was "
            "saved to: config.json, tokenizer.json and *.safetensors."
        ) from error
    if not isinstance(config, dict):
        raise ModelLoadFailed(f"The file {str(folder / 'config.json')!r} does not hold a JSON object.")
    return config


def check_folder(folder: Path) -> None:
    """Raise unless `folder` holds safetensors weights that load without code from the model's author.

    Raises:
        ModelLoadFailed: If config, weights or a part of them are missing.
        UnsafeModel: If there are only pickled weights.
    """
    read_config(folder)
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        parts = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
        missing = [part for part in parts if not (folder / part).is_file()]
        if missing:
            raise ModelLoadFailed(
                f"{len(missing)} of {len(parts)} weight files are missing in {str(folder)!r}, {missing[0]} first. "
                "Start the load again to fetch the rest."
            )
        return
    if any(folder.glob("*.safetensors")):
        return
    pickles = [path.name for pattern in ("*.bin", "*.pt", "*.pth") for path in folder.glob(pattern)]
    if pickles:
        raise UnsafeModel(
            f"The weights in {str(folder)!r} are pickled ({pickles[0]}); reading them could run code, so they are not "
            "read. Take a safetensors version of the model."
        )
    raise ModelLoadFailed(
        f"The folder {str(folder)!r} holds no *.safetensors weights. If it is a LoRA adapter, give it with --adapter."
    )


def _in_folder(spec: ModelSpec, parent: Path) -> Path:
    owner_and_name = spec.hub_id or spec.name
    tried = [parent / owner_and_name, parent / owner_and_name.split("/")[-1], parent / spec.name, parent]
    for folder in tried:
        if (folder / "config.json").is_file():
            return folder
    raise ModelLoadFailed(
        f"{spec.name} is not under {str(parent)!r}: looked for {', '.join(str(folder) for folder in tried[:3])}. "
        "--source takes 'hub', 'modelscope', or a folder that holds one folder per model."
    )


def from_hub(
    spec: ModelSpec, report: Report, should_stop: Callable[[], bool], wanted_files: Sequence[str] = tuple(WANTED_FILES)
) -> Path:
    """The folder of a repository on the Hugging Face Hub, its wanted files fetched.

    Raises:
        ModelLoadFailed: If it cannot be had.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    text = f"Fetching {spec.name} from the Hugging Face Hub"
    try:
        folder = snapshot_download(
            spec.hub_id,
            revision=spec.revision,
            allow_patterns=list(wanted_files),
            ignore_patterns=UNWANTED_FILES,
            tqdm_class=_progress_bar(text, report, should_stop),
        )
    except GatedRepoError as error:
        raise ModelLoadFailed(
            f"{spec.hub_id} is gated: accept its terms on its page at the Hugging Face Hub, then set HF_TOKEN (or run "
            "'hf auth login') and load again."
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelLoadFailed(
            f"The Hugging Face Hub has no {spec.hub_id}, or it is private. Check the spelling; for a private one set "
            "HF_TOKEN."
        ) from error
    except LocalEntryNotFoundError as error:
        raise ModelLoadFailed(
            f"{spec.hub_id} is not on this machine and the Hugging Face Hub cannot be reached"
            f"{' (HF_HUB_OFFLINE is set)' if os.environ.get('HF_HUB_OFFLINE') else ''}. Check the connection, try "
            f"--source modelscope, or give a folder with the weights as --model."
        ) from error
    except HfHubHTTPError as error:
        raise ModelLoadFailed(f"The Hugging Face Hub refused {spec.hub_id}: {error}. Try again later.") from error
    except OSError as error:
        raise disk_error(error, spec.name) from error
    return Path(folder)


def _progress_bar(text: str, report: Report, should_stop: Callable[[], bool]) -> type[Any]:
    """A silent bar class for `snapshot_download` that hands the bytes on disk to `report`."""
    from tqdm import tqdm  # type: ignore[import-untyped]

    class Bar(tqdm):  # type: ignore[misc]  # untyped
        def __init__(self, *args: Any, **options: Any) -> None:
            # The Hub makes two bars of bytes: received, and written to disk. The user waits for the second.
            self._counts_bytes = options.get("unit") == "B" and "Downloading" not in str(options.get("desc"))
            super().__init__(*args, **{**options, "disable": False, "file": _Silence()})

        def update(self, n: float | None = 1) -> bool | None:
            if should_stop():
                raise ModelLoadFailed("The load was stopped while the weights were being fetched.")
            shown = super().update(n)
            if self._counts_bytes:
                report("download", int(self.n), int(self.total or 0), text)
            return bool(shown)

    return Bar


class _Silence:
    """A file that keeps nothing."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...


def _from_modelscope(spec: ModelSpec, report: Report) -> Path:
    try:
        from modelscope import snapshot_download
    except ImportError as error:
        raise ModelLoadFailed(
            "ModelScope needs its package: run 'pip install modelscope', then load again. Without it, --source takes "
            "'hub' or a folder."
        ) from error
    # ModelScope carries DeepSeek's and Qwen's models under the same names as the Hub.
    report("download", 0, 0, f"Fetching {spec.name} from ModelScope; its own progress is in the terminal")
    try:
        return Path(
            snapshot_download(
                spec.hub_id,
                revision="master" if spec.revision == "main" else spec.revision,
                allow_patterns=WANTED_FILES,
                ignore_patterns=UNWANTED_FILES,
            )
        )
    except OSError as error:
        raise disk_error(error, spec.name) from error
    except (ValueError, RuntimeError) as error:
        raise ModelLoadFailed(f"ModelScope did not give {spec.hub_id}: {error}.") from error


def disk_error(error: OSError, name: str) -> ModelLoadFailed:
    """What an `OSError` during a load means to the user."""
    if error.errno == errno.ENOSPC:
        return ModelLoadFailed(
            f"The disk filled up while {name} was being fetched. What came so far is kept: free some space (or set "
            "HF_HOME to a larger disk) and load again."
        )
    return ModelLoadFailed(f"{name} could not be fetched: {error}. Check the connection and the disk, then load again.")
