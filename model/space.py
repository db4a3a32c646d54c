"""A Space's environment in, where it keeps things and whether those outlive a restart out.

A Space restarts at any time: when its machine is exchanged, when it has slept, with each change of its files. All that
is kept is what lies on storage that is mounted beside its own disk, at /data by custom.
"""

import os
from collections.abc import Mapping
from pathlib import Path

STORAGE = Path("/data")


def storage_variables(environment: Mapping[str, str] = os.environ, storage: Path = STORAGE) -> dict[str, str]:
    """Variables that put runs and downloads onto a Space's storage, where it has some and nobody says otherwise.

    They must be set before anything imports `huggingface_hub`.
    """
    if not environment.get("SPACE_ID") or not _is_storage(storage):
        return {}
    chosen = {"HF_HOME": str(storage / "huggingface"), "WORKINGS_DATA": str(storage / "workings")}
    return {name: value for name, value in chosen.items() if not environment.get(name)}


def is_kept(folder: Path) -> bool:
    """Whether a folder of a Space outlives it: it lies on a disk of its own, not on the container's."""
    existing = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    return _device(existing) != _device(Path("/"))


def _is_storage(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK) and is_kept(folder)


def _device(path: Path) -> int:
    return path.stat().st_dev
