"""An error of SQLite in; the sentence that says what is wrong with the disk or the file, and what to do, out."""

import os
import shutil
import sqlite3
import time
from pathlib import Path

# Checking a larger file would hold up the start; what is wrong with it is then said when it is read.
_MOST_CHECKED_BYTES = 64 * 2**20
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_KEPT = (
    "Nothing that is stored is lost; runs that go on are kept in memory and written as soon as that is possible again"
)


def fault_sentence(error: sqlite3.Error, path: Path) -> str:
    """What a user is told when the store cannot be written or read."""
    name, code = repr(str(path)), _code(error)
    if code == sqlite3.SQLITE_FULL or _free_bytes(path) == 0:
        free = (_free_bytes(path) or 0) / 2**20
        return f"The disk that holds {name} is full ({free:.0f} MiB free). {_KEPT}. Check the disk's free space."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"Another program holds {name} locked. {_KEPT}. Close the program that has the file open."
    if code == sqlite3.SQLITE_READONLY or (code == sqlite3.SQLITE_CANTOPEN and path.exists()):
        return (
            f"The store {name} cannot be written: its disk or its file is read-only. {_KEPT}. Make it writable, or set "
            "WORKINGS_DATA to another folder."
        )
    if code in _DAMAGED:
        return (
            f"The store {name} is damaged ({error}). Start the app again: the damaged file is then kept aside, and a "
            "new one begun."
        )
    return (
        f"The store {name} failed: {error}. Check the disk's free space and rights; if the file is damaged, move it "
        "away and start again, or set WORKINGS_DATA to another folder."
    )


def is_damaged(error: BaseException) -> bool:
    """Whether the file itself is broken, or never was a database."""
    return isinstance(error, sqlite3.Error) and _code(error) in _DAMAGED


def check_whole(db: sqlite3.Connection, path: Path) -> None:
    """Look through a file that is not too large.

    Raises:
        sqlite3.DatabaseError: If it is damaged.
    """
    if path.stat().st_size > _MOST_CHECKED_BYTES:
        return
    found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    if found != "ok":
        error = sqlite3.DatabaseError(found.splitlines()[0])
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def put_aside(path: Path, error: BaseException) -> str:
    """Give a damaged file, and what belongs to it, another name; the sentence that says so."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"runs.damaged-{stamp}-{os.getpid()}.sqlite3")
    for end in ("", "-wal", "-shm"):
        part = path.with_name(path.name + end)
        if part.exists():
            part.rename(aside.with_name(aside.name + end))
    return (
        f"The store {str(path)!r} was damaged ({error}). It is kept aside as {aside.name!r}, and a new one was begun: "
        "the runs in it are not shown any more."
    )


def _code(error: sqlite3.Error) -> int:
    # An extended code has more in its upper bytes; errors of the module itself have none.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _free_bytes(path: Path) -> int | None:
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return None
