"""A GGUF file, a folder with one, or `owner/name:quant` in, all that is known of the model before it is loaded out."""

import re
from dataclasses import replace
from pathlib import Path

from model.catalog import CATALOG, ModelSpec
from model.errors import ModelLoadFailed, UnknownModel
from model.families import family_of
from model.gguf_file import GgufFile, read_gguf

_HUB_FILE = re.compile(r"([\w.-]+/[\w.-]+):([\w.-]+)")
_LATER_PART = re.compile(r"-(?!00001-)\d{5}-of-\d{5}\.gguf$")


def spec_of_gguf(wanted: str, path: Path) -> ModelSpec | None:
    """What such a name means; None for other names.

    Raises:
        UnknownModel: If it names a file that is not there or cannot be read, or a folder with several models.

    >>> spec = spec_of_gguf("Qwen/QwQ-32B-GGUF:Q4_K_M", Path("Qwen/QwQ-32B-GGUF:Q4_K_M"))
    >>> spec.hub_id, spec.quant, spec.family.name
    ('Qwen/QwQ-32B-GGUF', 'Q4_K_M', 'qwq')
    >>> spec_of_gguf("qwq-32b", Path("qwq-32b")) is None
    True
    """
    if wanted.lower().endswith(".gguf"):
        return _spec_of_file(path, wanted)
    if path.is_dir() and not (path / "config.json").is_file():
        found = gguf_files(path)
        return _spec_of_file(the_only_one(found, path), wanted) if found else None
    named = _HUB_FILE.fullmatch(wanted)
    if named is None or path.exists():
        return None
    hub_id, quant = named.groups()
    known = _in_catalog(hub_id.split("/")[-1].removesuffix("-GGUF").removesuffix("-gguf"))
    if known is None:
        return ModelSpec(wanted, wanted, hub_id, "see its model card", family_of("", hub_id), 0, quant=quant)
    return replace(known, name=wanted, title=wanted, hub_id=hub_id, quant=quant, yarn=None, revision="main")


def gguf_files(folder: Path) -> list[Path]:
    """The models in a folder: of a split one its first part only, and no projectors of images."""
    found = (path for path in sorted(folder.glob("*.[gG][gG][uU][fF]")) if not _LATER_PART.search(path.name))
    return [path for path in found if "mmproj" not in path.name.lower()]


def the_only_one(files: list[Path], folder: Path) -> Path:
    """The file, where there is one.

    Raises:
        UnknownModel: If there are several.
    """
    if len(files) > 1:
        names = ", ".join(path.name for path in files[:5])
        raise UnknownModel(f"The folder {str(folder)!r} holds {len(files)} models: {names}. Give one of the files.")
    return files[0]


def _spec_of_file(path: Path, wanted: str) -> ModelSpec:
    path = path.resolve()
    if not path.is_file():
        raise UnknownModel(f"There is no file {wanted!r}. Check its name; a GGUF file ends in .gguf.")
    try:
        return spec_of_head(read_gguf(path), wanted)
    except ModelLoadFailed as error:
        raise UnknownModel(str(error)) from error


def spec_of_head(head: GgufFile, name: str) -> ModelSpec:
    """The model in a file: as the catalog has it where it is one of those, else by its template and its name."""
    own_name = str(head.values.get("general.name") or head.path.stem)
    known = _in_catalog(own_name) or _in_catalog(head.path.stem)
    context_tokens = head.context_tokens
    if known is None:
        family = family_of(head.template, f"{own_name} {head.path.stem}")
        licence = str(head.values.get("general.license") or "see its model card")
        return ModelSpec(name, own_name, "", licence, family, context_tokens, shape=head.shape, gguf=head.path)
    context_tokens = min(context_tokens or known.context_tokens, known.context_tokens)
    return replace(
        known,
        name=name,
        title=f"{known.title} ({head.precision})",
        hub_id="",
        context_tokens=context_tokens,
        shape=head.shape or known.shape,
        yarn=None,
        gguf=head.path,
    )


def _in_catalog(name: str) -> ModelSpec | None:
    """The catalog's model that is downloaded under this name, or a file of it such as `QwQ-32B-Q4_K_M`."""
    wanted = re.sub(r"[\s_]+", "-", name.strip().lower())
    models = [spec for spec in CATALOG.values() if spec.hub_id]
    for spec in sorted(models, key=lambda spec: -len(spec.hub_id)):
        own = spec.hub_id.split("/")[-1].lower()
        if wanted == own or re.fullmatch(re.escape(own) + r"[-.](i?q\d|f16|bf16|f32|mxfp4|ud-).*", wanted):
            return spec
    return None
