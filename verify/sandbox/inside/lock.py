"""A forked child in, the same child out with everything taken away that a program could do harm with.

The order is part of it: privileges, then Landlock, then seccomp, after which nothing more can be taken or given.
"""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import struct
from collections.abc import Mapping

from verify.sandbox.inside import landlock
from verify.sandbox.inside.seccomp import Filter

LIBC = ctypes.CDLL(None, use_errno=True)
_NOBODY = 65534
_SET_PDEATHSIG, _SET_DUMPABLE, _CAPBSET_DROP, _SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPGET = {"x86_64": 125, "aarch64": 90}
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAP_KILL, _CAP_SETGID, _CAP_SETUID = 5, 6, 7
_CAPABILITY_VERSION_3 = 0x2008_0522


def hide() -> None:
    """Nobody of the same user may read this process's memory, environment and descriptors, or trace it."""
    LIBC.prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def die_with(parent_pid: int) -> None:
    """This process is killed when its parent ends, and now if that has happened. Forgotten when the user changes."""
    LIBC.prctl(_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent_pid:
        os._exit(1)


def limit(limits: Mapping[str, int]) -> None:
    """Set resource limits, soft and hard, by name: `AS` and `DATA` in bytes, `CPU` in seconds ..."""
    for name, value in limits.items():
        resource.setrlimit(getattr(resource, "RLIMIT_" + name), (value, value))


class Lock:
    """All that a child is put under, prepared in the fork server so that a child only applies it.

    Args:
        with_landlock: Whether Landlock is part of it; if so, a kernel without it makes `close` fail.
    """

    def __init__(self, with_landlock: bool) -> None:
        self._with_landlock = with_landlock
        self._filter = Filter()
        # Without CAP_KILL the fork server could not end a child that is nobody's.
        needed = (_CAP_KILL, _CAP_SETGID, _CAP_SETUID)
        self._becomes_nobody = os.getuid() == 0 and all(_effective_capabilities() >> bit & 1 for bit in needed)
        self._no_capabilities = struct.pack("Ii", _CAPABILITY_VERSION_3, 0), bytes(24)

    def close(self, parent_pid: int) -> None:
        """Lock the calling process.

        Raises:
            OSError: If any part of it fails: no program may be run then.
        """
        if LIBC.prctl(_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs: " + os.strerror(ctypes.get_errno()))
        self._give_up_privileges()
        hide()
        die_with(parent_pid)
        if self._with_landlock:
            landlock.deny_all(LIBC)
        self._filter.apply(LIBC)

    def _give_up_privileges(self) -> None:
        if self._becomes_nobody:
            # In a user namespace there may be nobody to become.
            with contextlib.suppress(OSError):
                os.setgroups([])
                os.setresgid(_NOBODY, _NOBODY, _NOBODY)
                os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        if LIBC.syscall(_CAPSET[os.uname().machine], *self._no_capabilities):
            raise OSError(ctypes.get_errno(), "capset: " + os.strerror(ctypes.get_errno()))


def bound_capabilities() -> None:
    """Nothing that this process or its children run can gain a capability; what the process holds now, it keeps."""
    for capability in range(64):
        if LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0) and ctypes.get_errno() == errno.EINVAL:
            return


def _effective_capabilities() -> int:
    """The first 32 capabilities in force, a bit each."""
    header, held = struct.pack("Ii", _CAPABILITY_VERSION_3, 0), ctypes.create_string_buffer(24)
    if LIBC.syscall(_CAPGET[os.uname().machine], header, held):
        return 0
    effective: int = struct.unpack("6I", held.raw)[0]
    return effective
