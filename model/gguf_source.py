"""A model and a source in, its GGUF file on this machine out: the package's, the Hub's, or one that is here."""

from collections.abc import Callable
from pathlib import Path

from model.catalog import EMBEDDED, ModelSpec
from model.embedded import prepare_gguf
from model.errors import ModelLoadFailed
from model.fetching import Report, from_hub
from model.gguf_models import gguf_files, the_only_one


def gguf_of(spec: ModelSpec, source: str, data_folder: Path, report: Report, should_stop: Callable[[], bool]) -> Path:
    """The file that `spec` is loaded from, fetched when it is not there yet.

    Args:
        source: "hub", or a folder with one folder per model, named as the model or its hub id.

    Raises:
        ModelLoadFailed: If there is none, or it cannot be fetched.
        UnknownModel: If a folder holds several.
    """
    if spec.gguf is not None:
        return spec.gguf
    if spec.folder is not None:
        return _in_folder(spec, spec.folder)
    if spec.name == EMBEDDED:
        return prepare_gguf(data_folder, report, should_stop)
    if source not in ("hub", "modelscope"):
        return _under(spec, Path(source).expanduser())
    if source == "modelscope":
        raise ModelLoadFailed("GGUF files are fetched from the Hugging Face Hub only; take --source hub, or a folder.")
    if not spec.quant:
        raise ModelLoadFailed(
            f"{spec.name} is not a GGUF model, which is what llama.cpp runs. Name a GGUF repository and one of its "
            "files, such as 'Qwen/QwQ-32B-GGUF:Q4_K_M', or give a .gguf file; --engine transformers loads "
            f"{spec.name} itself."
        )
    patterns = sorted({f"*{form}*.gguf" for form in (spec.quant, spec.quant.lower(), spec.quant.upper())})
    return _chosen(spec, from_hub(spec, report, should_stop, patterns))


def _under(spec: ModelSpec, parent: Path) -> Path:
    """In the folder of this model below `parent`."""
    owner_and_name = spec.hub_id or spec.name
    tried = [parent / owner_and_name, parent / owner_and_name.split("/")[-1], parent / spec.name.split("/")[-1], parent]
    for folder in tried:
        if folder.is_dir() and gguf_files(folder):
            return _chosen(spec, folder)
    raise ModelLoadFailed(
        f"No GGUF file of {spec.name} is under {str(parent)!r}: looked in {', '.join(str(one) for one in tried[:3])}."
    )


def _chosen(spec: ModelSpec, folder: Path) -> Path:
    """The file of a folder that the quantisation names."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_dir()]
    files = [file for place in (folder, *found) for file in gguf_files(place)]
    fitting = [file for file in files if _is_of(file.name, spec.quant)] if spec.quant else files
    if not fitting:
        names = ", ".join(file.name for file in files[:5]) or "none"
        raise ModelLoadFailed(
            f"{spec.hub_id or spec.name} has no GGUF file of the quantisation {spec.quant!r}. It has: {names}."
        )
    return the_only_one(fitting, folder)


def _is_of(name: str, quant: str) -> bool:
    """Whether a file's name says this quantisation, and not only one that begins alike.

    >>> _is_of("qwq-32b-q4_k_m.gguf", "Q4_K_M"), _is_of("QwQ-32B-Q4_K_M-00001-of-00002.gguf", "Q4_K")
    (True, False)
    """
    lowered, wanted = name.lower(), quant.lower()
    at = lowered.find(wanted)
    return at >= 0 and (lowered[at + len(wanted)] in ".-") and (at == 0 or lowered[at - 1] in ".-_")


def _in_folder(spec: ModelSpec, folder: Path) -> Path:
    found = gguf_files(folder)
    if not found:
        raise ModelLoadFailed(
            f"The folder {str(folder)!r} holds no *.gguf file, which is what llama.cpp runs. Convert the model with "
            "llama.cpp's convert_hf_to_gguf.py, or take --engine transformers."
        )
    return _chosen(spec, folder)
