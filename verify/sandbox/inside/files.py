"""Names and contents in, the same names under `open`, `pathlib` and `os` out: files in memory, in one flat folder.

A locked process can open nothing. Here Python's own functions are given files that exist in this process alone;
whatever is no name in the folder goes to the real function, which the kernel refuses. Nothing is isolated by this: it
gives, it does not take away.
"""

import builtins
import errno
import glob
import io
import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from typing import Any

FOLDER = "/files"
MAX_FILES = 64
MAX_FILE_BYTES = 16 << 20
_MODES = frozenset("rwxabt+")


class Files:
    """Files in memory.

    Attributes:
        contents: By name.
        fixed: By whole path, files of libraries that can be read and nothing else.
        has_folder: Whether there is the folder too.
    """

    def __init__(self) -> None:
        self.contents: dict[str, bytearray] = {}
        self.fixed: dict[str, bytes] = {}
        self.has_folder = False
        self._real_open = builtins.open

    def install(self) -> None:
        """Put the folder under Python's functions."""
        builtins.open = io.open = self.open
        os.stat = os.lstat = self._layered(os.stat, self._stat)
        for name in ("remove", "unlink", "rename", "replace", "listdir", "scandir", "access"):
            setattr(os, name, self._layered(getattr(os, name), getattr(self, "_" + name)))
        # pathlib's globs hold on to the function itself from Python 3.13 on.
        if hasattr(glob, "_StringGlobber"):
            glob._StringGlobber.scandir = staticmethod(os.scandir)
        os.getcwd = lambda: FOLDER
        os.getcwdb = lambda: FOLDER.encode()

    def open(
        self,
        file: Any,
        mode: str = "r",
        buffering: int = -1,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
        closefd: bool = True,
        opener: Any = None,
    ) -> Any:
        """As Python's `open`."""
        name = None if opener else self._name_of(file)
        if name is None:
            fixed = self.fixed.get(_text(file)) if mode in ("r", "rb") else None
            if fixed is None:
                return self._real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
            return _Fixed(fixed, _text(file)) if "b" in mode else io.StringIO(fixed.decode(encoding or "utf-8"))
        raw = self._raw(name, mode, file)
        if "b" in mode:
            return raw if buffering == 0 else _buffered(raw)
        wrapped = io.TextIOWrapper(_buffered(raw), encoding or "utf-8", errors, newline, line_buffering=buffering == 1)
        wrapped.mode = mode  # type: ignore[misc]
        return wrapped

    def _raw(self, name: str, mode: str, file: Any) -> "_Raw":
        (kind,) = [letter for letter in mode if letter in "rwxa"] or [""]
        if not kind or not set(mode) <= _MODES or len(set(mode)) < len(mode) or {"b", "t"} <= set(mode):
            raise ValueError(f"invalid mode: {mode!r}")
        if not name:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), file)
        if kind == "x" and name in self.contents:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), file)
        if kind == "r":
            self.held(name, file)
        elif name not in self.contents and len(self.contents) >= MAX_FILES:
            raise OSError(errno.ENOSPC, f"There can be {MAX_FILES} files, and this is one more", file)
        if kind in "wx":
            self.contents[name] = bytearray()
        return _Raw(self, self.contents.setdefault(name, bytearray()), mode, file)

    def held(self, name: str, file: Any) -> bytearray:
        """The contents under a name.

        Raises:
            FileNotFoundError: If there are none.
        """
        if name not in self.contents:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), file)
        return self.contents[name]

    def room(self) -> int:
        """Bytes that may still be written."""
        return MAX_FILE_BYTES - sum(map(len, self.contents.values()))

    def _layered(self, real: Callable[..., Any], ours: Callable[..., Any]) -> Callable[..., Any]:
        def layered(path: Any = None, *more: Any, **named: Any) -> Any:
            name = self._name_of(path)
            if name is None and not (ours == self._stat and _text(path) in self.fixed):
                return real(path, *more, **named)
            return ours(name, path, *more)

        return layered

    def _name_of(self, path: Any) -> str | None:
        return name_of(path) if self.has_folder else None

    def _stat(self, name: str | None, path: Any, *_: object) -> os.stat_result:
        if name == "":
            return _stat_of(stat.S_IFDIR | 0o755, 0)
        size = len(self.fixed[_text(path)] if name is None else self.held(name, path))
        return _stat_of(stat.S_IFREG | 0o644, size)

    def _access(self, name: str, *_: object) -> bool:
        return not name or name in self.contents

    def _remove(self, name: str, path: Any, *_: object) -> None:
        self.held(name, path)
        del self.contents[name]

    _unlink = _remove

    def _rename(self, name: str, path: Any, target: Any, *_: object) -> None:
        held, new = self.held(name, path), name_of(target)
        if not new:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target)
        del self.contents[name]
        self.contents[new] = held

    _replace = _rename

    def _listdir(self, name: str, path: Any, *_: object) -> list[str]:
        if name:
            self.held(name, path)
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        return sorted(self.contents)

    def _scandir(self, name: str, path: Any, *_: object) -> "_Entries":
        above = "." if path is None else _text(path)
        return _Entries(iter([_Entry(above, held) for held in self._listdir(name, path)]))


def _stat_of(mode: int, size: int) -> os.stat_result:
    return os.stat_result((mode, 0, 0, 1, 0, 0, size, 0, 0, 0))


def name_of(path: Any) -> str | None:
    """The name in the folder; empty for the folder itself; None for what is elsewhere.

    >>> name_of("a.txt"), name_of("./a.txt"), name_of("/files/a.txt"), name_of("."), name_of("/etc/passwd"), name_of(3)
    ('a.txt', 'a.txt', 'a.txt', '', None, None)
    """
    text = _text(path)
    if not text:
        return None
    whole = posixpath.normpath(posixpath.join(FOLDER, text))
    if whole == FOLDER:
        return ""
    above, name = posixpath.split(whole)
    return name if above == FOLDER else None


def _text(path: Any) -> str:
    if path is None:
        return FOLDER
    # matplotlib's paths are texts with a hash of their own.
    return "" if isinstance(path, int) else str(os.fsdecode(path))


class _Fixed(io.BytesIO):
    """A library's file, opened."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


class _Raw(io.RawIOBase):
    """One opened file."""

    def __init__(self, files: Files, held: bytearray, mode: str, name: Any) -> None:
        self._files, self._held, self.mode, self.name = files, held, mode, name
        self._at = 0
        if "a" in mode:
            self._at = len(held)

    def readable(self) -> bool:
        return "r" in self.mode or "+" in self.mode

    def writable(self) -> bool:
        return self.mode.strip("bt") != "r"

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.readable():
            raise io.UnsupportedOperation("not readable")
        piece = self._held[self._at : self._at + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def write(self, piece: Any) -> int:
        if not self.writable():
            raise io.UnsupportedOperation("not writable")
        at, end = (len(self._held) if "a" in self.mode else self._at), 0
        with memoryview(piece) as view:
            end = at + view.nbytes
            if end - len(self._held) > self._files.room():
                raise OSError(errno.ENOSPC, f"The files here may take {MAX_FILE_BYTES >> 20} MiB together", self.name)
            self._held.extend(bytes(max(0, at - len(self._held))))
            self._held[at:end] = view.cast("B")
        self._at = end
        return end - at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = (0, self._at, len(self._held))[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._at = start + offset
        return self._at

    def truncate(self, size: int | None = None) -> int:
        size = self._at if size is None else size
        if size - len(self._held) > self._files.room():
            raise OSError(errno.ENOSPC, f"The files here may take {MAX_FILE_BYTES >> 20} MiB together", self.name)
        self._held[size:] = bytes(max(0, size - len(self._held)))
        return size


def _buffered(raw: _Raw) -> Any:
    if raw.readable() and raw.writable():
        return io.BufferedRandom(raw)
    return io.BufferedReader(raw) if raw.readable() else io.BufferedWriter(raw)


class _Entry:
    """As `os.DirEntry`."""

    def __init__(self, above: str, name: str) -> None:
        self.name = name
        self.path = posixpath.join(above, name)

    def __fspath__(self) -> str:
        return self.path

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        return True

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        return False

    def is_symlink(self) -> bool:
        return False

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat(self.path)


class _Entries:
    """As what `os.scandir` returns."""

    def __init__(self, entries: Iterator[_Entry]) -> None:
        self._entries = entries

    def __iter__(self) -> Iterator[_Entry]:
        return self._entries

    def __next__(self) -> _Entry:
        return next(self._entries)

    def __enter__(self) -> "_Entries":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        """Nothing is open."""
