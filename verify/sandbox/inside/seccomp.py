"""The list of allowed system calls in, a seccomp filter (classic BPF) out, and the calling process put under it.

Everything that is not named here is refused with EPERM: there is no open, socket, fork, exec, kill or ioctl on devices.
What stays is memory, threads, time, own signals, and reading and writing descriptors that are already there.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verify.sandbox.inside.syscalls import numbers

# The ones that programs call most stand first: the filter is read from the top.
ALLOWED = """
read write futex mmap munmap mremap mprotect brk madvise clock_gettime clock_nanosleep nanosleep gettimeofday time
getpid gettid readv writev pread64 pwrite64 lseek close close_range fstat dup dup2 dup3 pipe pipe2
poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2
futex_waitv set_robust_list set_tid_address rseq sched_yield sched_getaffinity sched_getparam sched_getscheduler
getppid getuid geteuid getgid getegid getresuid getresgid getpgrp getgroups
uname sysinfo getrusage times getcpu clock_getres
setitimer getitimer alarm timer_create timer_settime timer_gettime timer_delete
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack restart_syscall pause
exit exit_group getrandom recvfrom recvmsg shutdown getsockopt getsockname getrlimit
""".split()

# Calls with a path answer EACCES: Python then says PermissionError, and that a module is not found, as it should.
NO_ACCESS = """
open openat creat stat lstat newfstatat statx access faccessat faccessat2 readlink readlinkat
getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
truncate ftruncate chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat statfs fstatfs
getdents getdents64 mknod mknodat execve execveat
""".split()

# "Not in this kernel": libraries then use the older call, which the filter can look into.
NOT_THERE = "clone3 openat2 membarrier io_uring_setup".split()


@dataclass(frozen=True, slots=True)
class Word:
    """One argument's lower 32 bits, under a mask, have this value; `is_pointer` wants the upper 32 bits zero too."""

    argument: int
    value: int
    mask: int = 0xFFFF_FFFF
    is_pointer: bool = False


_CLONE_THREAD = 0x0001_0000
# Any of CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}.
_NEW_NAMESPACE = 0x7E02_0000
_ALLOW = 0x7FFF_0000
_KILL_PROCESS = 0x8000_0000


def refusal(number: int) -> int:
    """The filter's answer that makes a call fail with this `errno`."""
    return 0x0005_0000 | number


# What is allowed only with certain arguments: each row is a call, all of whose words must hold, and the answer then.
CONDITIONAL: tuple[tuple[str, tuple[Word, ...], int], ...] = (
    # Threads, no processes.
    ("clone", (Word(0, _CLONE_THREAD, _CLONE_THREAD | _NEW_NAMESPACE),), _ALLOW),
    # Its own limits, read only.
    ("prlimit64", (Word(0, 0), Word(2, 0, is_pointer=True)), _ALLOW),
    # F_DUPFD, F_{GET,SET}FD, F_{GET,SET}FL, F_DUPFD_CLOEXEC, F_GETPIPE_SZ; no F_SETOWN, which sends signals.
    *(("fcntl", (Word(1, command),), _ALLOW) for command in (0, 1, 2, 3, 4, 1030, 1032)),
    # FIONBIO, FIONREAD, FIONCLEX, FIOCLEX; is it a terminal (TCGETS, TIOCGWINSZ)? No.
    *(("ioctl", (Word(1, request),), _ALLOW) for request in (0x5421, 0x541B, 0x5450, 0x5451)),
    *(("ioctl", (Word(1, request),), refusal(errno.ENOTTY)) for request in (0x5401, 0x5413)),
    # PR_SET_NAME, PR_GET_NAME, PR_SET_VMA.
    *(("prctl", (Word(0, option),), _ALLOW) for option in (15, 16, 0x53564D41)),
    # asyncio's pipe to itself: a connected pair of streams, and sends without an address.
    ("socketpair", (Word(0, 1), Word(1, 1, 0xF)), _ALLOW),
    ("sendto", (Word(4, 0, is_pointer=True),), _ALLOW),
)

_LOAD, _AND, _JUMP, _IF_EQUAL, _IF_AT_LEAST, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x06
_ARCHITECTURES = {"x86_64": 0xC000_003E, "aarch64": 0xC000_00B7}
# From here on the numbers of x86_64 are those of its 32-bit dialect x32.
_X32 = 0x4000_0000

Instruction = tuple[int, int, int, int]


def instructions(machine: str) -> list[Instruction]:
    """The filter for a machine: (code, jump if true, jump if false, constant) each.

    Raises:
        KeyError: If there is no table of calls for this machine.
    """
    known = numbers(machine)
    whole: list[Instruction] = [
        (_LOAD, 0, 0, 4),
        (_IF_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, 0),
    ]
    if machine == "x86_64":
        whole += [(_IF_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL_PROCESS)]
    for names, answer in (
        (ALLOWED, _ALLOW),
        (NO_ACCESS, refusal(errno.EACCES)),
        (NOT_THERE, refusal(errno.ENOSYS)),
    ):
        whole += _one_answer([known[name] for name in names if name in known], answer)
    for name in dict.fromkeys(row[0] for row in CONDITIONAL):
        whole += _by_argument(known[name], [row[1:] for row in CONDITIONAL if row[0] == name])
    return [*whole, (_RETURN, 0, 0, refusal(errno.EPERM))]


def _one_answer(calls: Sequence[int], answer: int) -> Iterator[Instruction]:
    """The same answer to each of these calls; else on to what follows."""
    for at, number in enumerate(calls):
        yield _IF_EQUAL, len(calls) - at, 0, number
    yield _JUMP, 0, 0, 1
    yield _RETURN, 0, 0, answer


def _by_argument(call: int, rows: Sequence[tuple[tuple[Word, ...], int]]) -> list[Instruction]:
    """The answer of the first row whose words hold, EPERM if none does; else on to what follows."""
    body: list[Instruction] = []
    for words, answer in rows:
        row: list[Instruction] = [(_RETURN, 0, 0, answer)]
        for word in reversed(words):
            row = _if_word(word, len(row)) + row
        body += row
    body.append((_RETURN, 0, 0, refusal(errno.EPERM)))
    return [(_IF_EQUAL, 0, len(body), call), *body]


def _if_word(word: Word, skipped: int) -> list[Instruction]:
    """Go on if a word holds, else jump over that many instructions behind this test."""
    lower = 16 + 8 * word.argument  # struct seccomp_data, little-endian
    test = [(_LOAD, 0, 0, lower), (_AND, 0, 0, word.mask), (_IF_EQUAL, 0, skipped, word.value)]
    if word.is_pointer:
        test = [(_LOAD, 0, 0, lower + 4), (_IF_EQUAL, 0, skipped + len(test), 0), *test]
    return test


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


class Filter:
    """The filter of this machine, compiled once; `apply` puts the calling thread and all later ones under it."""

    def __init__(self) -> None:
        lines = instructions(os.uname().machine)
        packed = b"".join(struct.pack("=HBBI", *line) for line in lines)
        self._held = ctypes.create_string_buffer(packed, len(packed))
        self._program = _Program(len(lines), ctypes.addressof(self._held))

    def apply(self, libc: ctypes.CDLL) -> None:
        """From here on, for ever. `no_new_privs` must be set.

        Raises:
            OSError: If the kernel does not take it.
        """
        set_seccomp, mode_filter = 22, 2
        if libc.prctl(set_seccomp, mode_filter, ctypes.byref(self._program), 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp: " + os.strerror(ctypes.get_errno()))
