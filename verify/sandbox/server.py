"""A fork server as the app sees it: started at a level of isolation, handed requests, closed."""

import array
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from verify.sandbox import bubblewrap
from verify.sandbox.ended import StartFailed
from verify.sandbox.levels import Loads
from verify.sandbox.limits import Limits

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 20.0

# All that programs find in `os.environ`.
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
# What a child with the libraries takes before a program begins, in MiB: private, and of address space.
_LIBRARIES_MIB = (320, 1024)


class Server:
    """One fork server; any thread may submit to it.

    Args:
        level: One of `verify.sandbox.levels.LEVELS`.
        folders: Where installed packages lie that its children may import; None for the standard library alone, and
            a quick start.
        loads: What it imports for them.

    Raises:
        StartFailed: If it did not come up.
    """

    def __init__(self, level: str, folders: Sequence[str] | None = None, loads: Loads = "judge") -> None:
        self.level = level
        self._loads = loads
        self._folders = folders
        self._lock = threading.Lock()
        self._errors = open(os.memfd_create("errors"), "w+b")  # noqa: SIM115
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._process = self._started(theirs.fileno())
            self.landlock_abi = self._greeting()["landlock"]
        except BaseException:
            self.close()
            raise
        if level != "seccomp-only" and not self.landlock_abi:
            self.close()
            raise StartFailed("this kernel has no Landlock, or it is off")

    def _started(self, requests: int) -> subprocess.Popen[bytes]:
        with contextlib.ExitStack() as closing:
            app = _pidfd()
            if app >= 0:
                closing.callback(os.close, app)
            return subprocess.Popen(
                self._command(requests, app),
                env=ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=[descriptor for descriptor in (requests, app) if descriptor >= 0],
                start_new_session=True,
            )

    def _command(self, requests: int, app: int) -> list[str]:
        config = {
            "socket": requests,
            "app": app,
            "root": str(ROOT),
            "with_landlock": self.level != "seccomp-only",
            "folders": self._folders,
            "loads": self._loads,
        }
        # Not -I, which would ignore the hash seed.
        program = ["-P", "-s", "-S", "-B", "-c", _START.format(root=str(ROOT)), json.dumps(config)]
        command = [os.path.realpath(sys.executable), *program]
        if self.level != "namespaces":
            return command
        bwrap = bubblewrap.found()
        if bwrap is None:
            raise StartFailed("bubblewrap is not installed")
        return bubblewrap.command(bwrap, command, ENVIRONMENT, self._folders or ())

    def _greeting(self) -> dict[str, Any]:
        self._requests.settimeout(START_SECONDS)
        try:
            greeting = self._requests.recv(65536)
        except OSError:
            greeting = b""
        self._requests.settimeout(None)
        if not greeting:
            raise StartFailed(f"the fork server did not start: {self.last_words()}")
        told: dict[str, Any] = json.loads(greeting)
        return told

    @property
    def is_alive(self) -> bool:
        """Whether it can be handed requests."""
        return self._requests.fileno() >= 0 and self._process.poll() is None

    def resources(self, limits: Limits, n_calls: int) -> dict[str, int]:
        """The kernel's limits for a child, by name, in bytes and seconds."""
        return limits.resources(n_calls, _LIBRARIES_MIB) if self._loads == "notebook" else limits.resources(n_calls)

    def submit(self, message: dict[str, Any], descriptors: Sequence[int]) -> None:
        """Have a program run; see `verify.sandbox.inside.fork_server` for the descriptors.

        Raises:
            OSError: If the server is gone.
        """
        carried = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        with self._lock:
            self._requests.sendmsg([json.dumps(message).encode()], carried)

    def last_words(self) -> str:
        """The end of what it wrote on its standard error."""
        size = os.fstat(self._errors.fileno()).st_size
        said = os.pread(self._errors.fileno(), 300, max(0, size - 300))
        return said.decode("utf-8", "replace").strip() or "it said nothing"

    def close(self) -> None:
        """End it, and every program that it runs, at once."""
        with self._lock:
            self._requests.close()
        process = getattr(self, "_process", None)
        if process is not None and process.returncode is None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._errors.close()


_START = """
import sys
sys.path.insert(0, {root!r})
from verify.sandbox.inside.fork_server import main
main()
"""


def _pidfd() -> int:
    """A descriptor that tells when this process has ended, whichever thread started the server; -1 where there is none.

    PR_SET_PDEATHSIG would fire when the *thread* ends that started it. And the socket's end alone does not tell: a
    process that the app has forked may still hold it.
    """
    try:
        return os.pidfd_open(os.getpid())
    except OSError:
        return -1
