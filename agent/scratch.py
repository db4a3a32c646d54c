"""A folder in, the files of a run out: what was uploaded, what its tools wrote; nothing beside it can be reached.

The folder is flat, and a name is only ever a name: it is checked before it comes near a path, and nothing that is no
plain file (a link, a folder) is read, listed or written.
"""

import contextlib
import os
import stat
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePath
from tempfile import NamedTemporaryFile

from model.errors import BadInput
from verify.sandbox.inside.files import MAX_FILE_BYTES, MAX_FILES

# What a notebook can hold, so that all files of a run can be given to one: 64 files, 16 MiB.
MAX_SCRATCH_FILES, MAX_SCRATCH_BYTES = MAX_FILES, MAX_FILE_BYTES
MAX_NAME_CHARACTERS = 120
# File systems take this much for a name.
_MAX_NAME_BYTES = 240
# Windows refuses these; a folder of runs may be taken there.
_NOT_IN_NAMES = frozenset('/\\:*?"<>|')
# Two calls of a run may write at once; what there is room for is then asked by one after the other.
_writing = threading.Lock()


@dataclass(frozen=True, slots=True)
class ScratchFile:
    """One file; `written_at` in seconds since 1970."""

    name: str
    n_bytes: int
    written_at: float


class Scratch:
    """The files of one run; names are plain, such as "table.csv". Any thread may call it.

    Args:
        folder: Where they lie; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def files(self) -> tuple[ScratchFile, ...]:
        """All of them, by name."""
        found = []
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False) and is_scratch_name(entry.name):
                        about = entry.stat(follow_symlinks=False)
                        found.append(ScratchFile(entry.name, about.st_size, about.st_mtime))
        return tuple(sorted(found, key=lambda file: file.name))

    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(file.name for file in self.files())

    def path_of(self, name: str) -> Path:
        """Where a file lies.

        Raises:
            BadInput: If there is none of that name; the message says which there are.
        """
        path = self._path(name)
        with contextlib.suppress(OSError):
            if stat.S_ISREG(path.lstat().st_mode):
                return path
        raise BadInput(f"There is no file {name!r}. {self._there_are()}")

    def read(self, name: str) -> bytes:
        """What a file holds; raises what `path_of` does."""
        path = self.path_of(name)
        try:
            with open(
                os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)), "rb"
            ) as file:
                return file.read(MAX_SCRATCH_BYTES + 1)
        except OSError as error:
            raise BadInput(f"The file {name!r} cannot be read ({error.strerror}). {self._there_are()}") from error

    def all_contents(self) -> dict[str, bytes]:
        """All files with what they hold."""
        found = {}
        for name in self.names():
            # It may have been deleted in this moment.
            with contextlib.suppress(BadInput):
                found[name] = self.read(name)
        return found

    def write(self, name: str, held: bytes) -> None:
        """Write a file, whole or not at all; one of the same name is replaced.

        Raises:
            BadInput: If the name is none, there are 64 files already, or they would hold more than 16 MiB together.
        """
        path = self._path(name)
        with _writing:
            others = [file for file in self.files() if file.name != name]
            total = sum(file.n_bytes for file in others) + len(held)
            if len(others) >= MAX_SCRATCH_FILES:
                raise BadInput(f"There are {len(others)} files, and that is the limit. Delete one, or use its name.")
            if total > MAX_SCRATCH_BYTES:
                raise BadInput(
                    f"With {name!r} ({len(held):,} bytes) the files would take {total:,} bytes and the limit is "
                    f"{MAX_SCRATCH_BYTES:,}. Write less, or delete a file first."
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self.folder, prefix=".", delete=False) as file:
                file.write(held)
            try:
                os.replace(file.name, path)
            except OSError as error:
                os.unlink(file.name)
                raise BadInput(f"The file {name!r} cannot be written ({error.strerror}). Use another name.") from error

    def delete(self, name: str) -> None:
        """Delete a file; raises what `path_of` does."""
        self.path_of(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not is_scratch_name(name):
            raise BadInput(
                f"{str(name)[:80]!r} is no name for a file here. Use a plain name such as 'table.csv': no folders, at "
                f"most {MAX_NAME_CHARACTERS} characters, no dot in front."
            )
        return self.folder / name

    def _there_are(self) -> str:
        names = self.names()
        return f"There are: {', '.join(names)}." if names else "There are no files yet."


def is_scratch_name(name: object) -> bool:
    """Whether a file of a run may have this name.

    >>> [is_scratch_name(name) for name in ("a.csv", "über 1.txt", "a/b", "..", ".a", "", "a.", "x" * 300)]
    [True, True, False, False, False, False, False, False]
    """
    return (
        isinstance(name, str)
        and 0 < len(name) <= MAX_NAME_CHARACTERS
        and name.isprintable()
        and len(name.encode()) <= _MAX_NAME_BYTES
        and not _NOT_IN_NAMES & set(name)
        and not name.startswith((".", " "))
        and not name.endswith((".", " "))
    )


def plain_name(name: str) -> str:
    r"""A name that a file of a run may have, made from whatever a file is called elsewhere.

    >>> plain_name("C:\\Users\\me\\my: table.csv"), plain_name("../../.bashrc"), plain_name("\u202e")
    ('my_ table.csv', 'bashrc', 'file')
    """
    last = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    kept = "".join("_" if sign in _NOT_IN_NAMES else sign for sign in last if sign.isprintable()).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    room = 60 - len(ending) if dot and len(ending) <= 12 else 60
    cut = f"{stem[:room]}{dot}{ending}" if dot and len(ending) <= 12 else kept[:room]
    return cut if is_scratch_name(cut) else "file"
