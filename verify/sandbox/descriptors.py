"""Nothing or some bytes in, descriptors out: one end stays here, the other is handed on to a child."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Sequence

_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def pair(
    kind: socket.SocketKind, closing: contextlib.ExitStack, handed_on: contextlib.ExitStack
) -> Sequence[socket.socket]:
    """Our end, which stays here, and theirs, which does not."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    closing.callback(ours.close)
    handed_on.callback(theirs.close)
    return ours, theirs


def pipe(closing: contextlib.ExitStack, handed_on: contextlib.ExitStack) -> tuple[int, int]:
    """Its end for reading, which stays here, and the one for writing, which does not."""
    reading, writing = os.pipe()
    closing.callback(os.close, reading)
    handed_on.callback(os.close, writing)
    os.set_blocking(reading, False)
    return reading, writing


def sealed(content: bytes, closing: contextlib.ExitStack) -> int:
    """A file in memory that nobody can change any more: no pump is needed to fill a pipe, and nothing can block."""
    descriptor = os.memfd_create("given", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    closing.callback(os.close, descriptor)
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    return descriptor
