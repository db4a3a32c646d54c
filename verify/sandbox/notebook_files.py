"""What a notebook is given or says of its files and figures in, what the app takes over out. Nobody is trusted."""

import base64
import binascii
from collections.abc import Mapping

from model.errors import BadInput
from verify.sandbox.inside.figures import MAX_FIGURES
from verify.sandbox.inside.files import MAX_FILE_BYTES, MAX_FILES

MAX_NAME_CHARACTERS = 255
_PNG = b"\x89PNG\r\n\x1a\n"


def check_files(files: Mapping[str, bytes]) -> None:
    """Whether a notebook can be given these.

    Raises:
        BadInput: If not.
    """
    for name in files:
        if not is_file_name(name):
            raise BadInput(
                f"{name[:80]!r} is no name for a notebook's file: 1 to {MAX_NAME_CHARACTERS} characters, no '/'."
            )
    total = sum(map(len, files.values()))
    if len(files) > MAX_FILES or total > MAX_FILE_BYTES:
        raise BadInput(
            f"{len(files):,} files with {total:,} bytes are too much for a notebook, which holds {MAX_FILES} files "
            f"and {MAX_FILE_BYTES >> 20} MiB. Give it fewer or smaller ones."
        )


def is_file_name(name: object) -> bool:
    """Whether a file of a notebook may have this name.

    >>> [is_file_name(name) for name in ("a.csv", "a/b", "..", "", "x" * 300)]
    [True, False, False, False, False]
    """
    return (
        isinstance(name, str)
        and 0 < len(name) <= MAX_NAME_CHARACTERS
        and name not in (".", "..")
        and name.isprintable()
        and "/" not in name
    )


def files_after(before: Mapping[str, bytes], told: object) -> dict[str, bytes]:
    """The files with what a cell says it has changed; those of before if that is more than a notebook may hold."""
    after = dict(before)
    for name, held in told.items() if isinstance(told, dict) else ():
        if held is None:
            after.pop(name, None)
        elif is_file_name(name) and isinstance(held, str):
            after[name] = _from_base64(held) or b""
    if len(after) > MAX_FILES or sum(map(len, after.values())) > MAX_FILE_BYTES:
        return dict(before)
    return after


def figures_of(told: object) -> tuple[bytes, ...]:
    """The images among what a cell says that it has shown."""
    held = (
        [_from_base64(image) for image in told[:MAX_FIGURES] if isinstance(image, str)]
        if isinstance(told, list)
        else []
    )
    return tuple(image for image in held if image is not None and image.startswith(_PNG))


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
