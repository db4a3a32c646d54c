"""A program for the sandbox and what must come of it: the form of the battery's entries."""

from dataclasses import dataclass
from typing import Any

from verify.sandbox.cases import Case
from verify.sandbox.limits import Limits

SECRET = "sk-battery-9f31c7"
QUICK = Limits(cpu_seconds=0.6, memory_mib=256, wall_seconds=1.5)
# For programs that fill their memory, which a busy machine does slowly.
ROOMY = Limits(cpu_seconds=4, memory_mib=256, wall_seconds=60)

# Words that attacks share: `refused(f)` prints BROKEN unless f fails with OSError; `call(n, ...)` is a system call,
# and says BROKEN unless the kernel refuses it.
PRELUDE = """
import ctypes, errno, os
_libc = ctypes.CDLL(None, use_errno=True)
def refused(*attempts):
    for number, attempt in enumerate(attempts):
        try:
            got = attempt()
        except OSError as error:
            print("held", error.errno)
        else:
            print("BROKEN", number, got)
def call(number, *arguments):
    ctypes.set_errno(0)
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    got = _libc.syscall(ctypes.c_long(number), *wide)
    error = ctypes.get_errno()
    print("held" if got == -1 and error in (errno.EPERM, errno.EACCES, errno.ENOSYS) else "BROKEN", number, got, error)
"""


@dataclass(frozen=True)
class Program:
    """A program and what must come of it.

    Attributes:
        statuses: Any of these will do.
        passed: How many of the cases must pass; no more and no fewer.
        prints: Exactly this, apart from white space at the ends; None for whatever it is.
    """

    name: str
    source: str
    statuses: tuple[str, ...] = ("ok",)
    cases: tuple[Case, ...] = ()
    passed: int = 0
    prints: str | None = None
    stdin: str = ""
    limits: Limits = QUICK
    outcomes: tuple[str, ...] = ()


def attack(name: str, source: str, *statuses: str, **more: Any) -> Program:
    return Program(name, PRELUDE + source, statuses or ("ok",), **more)
