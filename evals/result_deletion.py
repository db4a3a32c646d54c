"""A result's file in; it and its curve out of the way out, where the last deletion is kept, which can be undone."""

import shutil
from pathlib import Path

from evals.curve_file import curve_path
from evals.result_file import is_being_written
from model.errors import BadInput

FOLDER = "deleted"


def delete_result(path: Path) -> None:
    """Delete a result with its curve. What was deleted before it is gone for good then.

    Raises:
        BadInput: If one of the two is being written, or they cannot be moved.
    """
    curve = curve_path(path)
    if is_being_written(path):
        raise BadInput(f"{path.stem} goes on in another process. Stop that, then delete it.")
    if is_being_written(curve):
        raise BadInput("Accuracy against budget is being measured from it. Stop that, then delete it.")
    kept = path.parent / FOLDER
    try:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(exist_ok=True)
        if curve.exists():  # first: a curve alone would be found by nobody
            curve.rename(kept / curve.name)
        path.rename(kept / path.name)
    except OSError as error:
        raise BadInput(f"{path.stem} cannot be deleted: {error.strerror}.") from error


def restore_result(folder: Path, name: str) -> None:
    """Put back what was deleted last.

    Raises:
        BadInput: If that was no result of this name, there is a new one, or it cannot be moved.
    """
    path = folder / f"{name}.jsonl"
    kept = folder / FOLDER / path.name
    # By its name, never by a path that a page sends.
    if kept not in (folder / FOLDER).glob("*.jsonl"):
        raise BadInput(f"{name} is gone: only the last deletion can be undone.")
    if path.exists():
        raise BadInput(f"There is a result {name!r} again.")
    try:
        if curve_path(kept).exists():
            curve_path(kept).rename(curve_path(path))
        kept.rename(path)
    except OSError as error:
        raise BadInput(f"{name} cannot be put back: {error.strerror}.") from error
