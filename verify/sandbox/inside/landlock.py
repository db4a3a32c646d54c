"""Landlock: the calling process loses every right that the kernel's Landlock knows; out comes its version.

No path, no TCP, no abstract socket, no signal to the outside. It says nothing about stat, chmod, utime and UDP: those
are the seccomp filter's.
"""

import ctypes
import os
import struct

_CREATE_RULESET, _RESTRICT_SELF = 444, 446


def version(libc: ctypes.CDLL) -> int:
    """The kernel's Landlock ABI, from 1; 0 where there is none."""
    asks_version = 1
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), asks_version)))


def rights(abi: int) -> bytes:
    """`struct landlock_ruleset_attr` that handles every right of an ABI: file system, TCP, scopes.

    >>> [len(rights(abi)) for abi in (1, 4, 6, 7)]
    [8, 16, 24, 24]
    """
    files = (1 << 13) - 1
    # REFER, TRUNCATE, IOCTL_DEV
    files |= sum(1 << bit for bit, since in ((13, 2), (14, 3), (15, 5)) if abi >= since)
    tcp = 0b11  # bind, connect
    scopes = 0b11  # abstract sockets, signals
    return struct.pack("QQQ", files, tcp, scopes)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]


def deny_all(libc: ctypes.CDLL) -> None:
    """Handle all rights and allow none. `no_new_privs` must be set.

    Raises:
        OSError: If the kernel has no Landlock, or does not take the rules.
    """
    abi = version(libc)
    if not abi:
        raise OSError("Landlock is not in this kernel, or is off")
    attributes = rights(abi)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock: " + os.strerror(ctypes.get_errno()))
    try:
        if libc.syscall(_RESTRICT_SELF, ruleset, 0):
            raise OSError(ctypes.get_errno(), "Landlock: " + os.strerror(ctypes.get_errno()))
    finally:
        os.close(ruleset)
