"""A program run as in a container: a plain root file system, uid 1000, no privileges, an empty HOME; run as root, on Linux.

Nothing is installed and nothing left behind: the root is made of mounts that only this process and its children see.

Usage: python plain_root.py FOLDER APP FORBIDS_USER_NAMESPACES HOLDS_FILTERS VARIABLES COMMAND...
FOLDER becomes the root, APP is shown as /app, VARIABLES is a JSON object, and the flags are 0 or 1.
"""

import ctypes
import json
import os
import struct
import sys
from pathlib import Path

UID = 1000
# What a container of Debian has of the machine's own, read only here. The virtual environment is added to it.
SYSTEM = ("usr", "sys", "etc/ssl", "etc/ld.so.cache", "etc/ld.so.conf.d", "etc/mime.types", "etc/alternatives")
LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "sbin": "usr/sbin"}
DEVICES = ("null", "zero", "full", "random", "urandom")

_NEW_MOUNTS, _NEW_PROCESSES = 0x0002_0000, 0x2000_0000
_READ_ONLY, _NO_SUID, _REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 1, 2, 32, 4096, 16384, 1 << 18

# Docker's own profile without CAP_SYS_ADMIN: no new namespaces, no mounts, no tracing of others; clone3 is not there.
_CLONE, _CLONE3, _UNSHARE, _SETNS, _SECCOMP, _PRCTL = 56, 435, 272, 308, 317, 157
_REFUSED = (_UNSHARE, _SETNS, 165, 166, 155, 161, 175, 246, 250, 321)
_PIVOT_ROOT, _DETACH = 155, 2
_ALLOW, _EPERM, _ENOSYS = 0x7FFF_0000, 0x0005_0001, 0x0005_0026
_NEW_NAMESPACES = 0x7E02_0000
_SET_SECCOMP_OPTION = 22

libc = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    said = [text.encode() if text else None for text in (source, str(target), kind)]
    check(libc.mount(*said, ctypes.c_ulong(flags), options.encode() or None), f"mount {source} on {target}")


def show(path: Path, root: Path, at: str = "") -> None:
    """A folder or file of this machine under the root, read only."""
    target = root / (at or str(path)).lstrip("/")
    if path.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    mount(str(path), target, flags=_BIND | _RECURSIVE)
    mount("", target, flags=_REMOUNT | _BIND | _READ_ONLY | _NO_SUID)


def make_root(root: Path, app: Path) -> None:
    """Everything that a container starts with, and nothing else."""
    check(libc.unshare(_NEW_MOUNTS | _NEW_PROCESSES), "unshare")
    mount("", Path("/"), flags=_RECURSIVE | _PRIVATE)
    mount("none", root, "tmpfs", _NO_SUID, "mode=755,size=2g")
    for name in SYSTEM:
        if (Path("/") / name).exists():
            show(Path("/") / name, root)
    for link, to in LINKS.items():
        (root / link).symlink_to(to)
    (root / "dev").mkdir()
    for name in DEVICES:
        show_device = root / "dev" / name
        show_device.touch()
        mount(f"/dev/{name}", show_device, flags=_BIND)
    (root / "dev" / "shm").mkdir()
    for writable in ("tmp", "dev/shm", "home/workings", "data", "var/tmp"):
        (root / writable).mkdir(parents=True, exist_ok=True)
        os.chown(root / writable, UID, UID)
    for shared in ("tmp", "dev/shm", "var/tmp"):
        (root / shared).chmod(0o1777)
    (root / "etc" / "passwd").write_text(f"root:x:0:0::/root:/bin/sh\nworkings:x:{UID}:{UID}::/home/workings:/bin/sh\n")
    (root / "etc" / "group").write_text(f"root:x:0:\nworkings:x:{UID}:\n")
    (root / "etc" / "hosts").write_text("127.0.0.1 localhost\n")
    (root / "etc" / "resolv.conf").write_text("")
    show(app, root, "/app")
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix, sys.exec_prefix)):
        if not prefix.startswith("/usr/") and prefix != "/usr":
            show(Path(prefix), root)


def enter(root: Path) -> None:
    """Not by chroot: whoever is in one gets no user namespace, forbidden or not."""
    os.chdir(root)
    check(libc.syscall(_PIVOT_ROOT, b".", b"."), "pivot_root")
    check(libc.umount2(b".", _DETACH), "umount")


def forbid(namespaces: bool, filters: bool) -> None:
    """Docker's default profile as far as namespaces go; `filters` refuses filters of its own to a process, too."""

    def answer(value: int) -> bytes:
        return struct.pack("HBBI", 0x06, 0, 0, value)

    def if_call(number: int, then: bytes) -> bytes:
        return struct.pack("HBBI", 0x15, 0, len(then) // 8, number) + then

    load_call = struct.pack("HBBI", 0x20, 0, 0, 0)
    load_argument = struct.pack("HBBI", 0x20, 0, 0, 16)
    program = load_call
    if namespaces:
        for number in _REFUSED:
            program += if_call(number, answer(_EPERM))
        program += if_call(_CLONE3, answer(_ENOSYS))
        has_namespaces = struct.pack("HBBI", 0x45, 0, 1, _NEW_NAMESPACES) + answer(_EPERM)
        program += if_call(_CLONE, load_argument + has_namespaces + answer(_ALLOW))
    if filters:
        program += if_call(_SECCOMP, answer(_EPERM))
        is_filter = struct.pack("HBBI", 0x15, 0, 1, _SET_SECCOMP_OPTION) + answer(_EPERM)
        program += if_call(_PRCTL, load_argument + is_filter + answer(_ALLOW))
    program += answer(_ALLOW)
    kept = ctypes.create_string_buffer(program)

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))

    given = Program(len(program) // 8, ctypes.cast(kept, ctypes.c_void_p))
    check(libc.prctl(38, 1, 0, 0, 0), "no_new_privs")
    check(libc.prctl(_SET_SECCOMP_OPTION, 2, ctypes.byref(given), 0, 0), "seccomp")


def main(arguments: list[str]) -> None:
    folder, app, no_namespaces, no_filters, variables, *command = arguments
    root = Path(folder)
    make_root(root, Path(app))
    # The first process of its own numbers: when it ends, so does everything in there.
    if child := os.fork():
        _, status = os.waitpid(child, 0)
        sys.exit(os.waitstatus_to_exitcode(status))
    (root / "proc").mkdir()
    mount("proc", root / "proc", "proc", _NO_SUID)
    enter(root)
    os.chdir("/app")
    os.setgroups([])
    os.setresgid(UID, UID, UID)
    os.setresuid(UID, UID, UID)
    if no_namespaces == "1" or no_filters == "1":
        forbid(no_namespaces == "1", no_filters == "1")
    os.execve(command[0], command, json.loads(variables))


if __name__ == "__main__":
    main(sys.argv[1:])
