"""Descriptors 0 to 2 in, Python's standard files on them out, before the lock."""

import io
import os
import sys


def open_standard_files() -> None:
    """`sys.stdin`, `sys.stdout` and `sys.stderr` on the descriptors that this child was given."""
    sys.stdin = sys.__stdin__ = _text_file(0, "r", "surrogateescape")  # type: ignore[misc]
    # Line by line, so that what a program has written is there when it is killed.
    sys.stdout = sys.__stdout__ = _text_file(1, "w", "backslashreplace")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text_file(2, "w", "backslashreplace")  # type: ignore[misc]
    # The C library asks with a call that takes paths too, which the filter refuses.
    known = {number: os.fstat(number) for number in range(3)}
    real = os.fstat
    os.fstat = lambda fd: known[fd] if fd in known else real(fd)


def _text_file(number: int, mode: str, errors: str) -> io.TextIOWrapper:
    file = open(number, mode, buffering=1, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
    assert isinstance(file, io.TextIOWrapper)
    return file
