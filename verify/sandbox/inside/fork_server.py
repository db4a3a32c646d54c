"""The trusted fork server: requests with descriptors in, a forked and locked child for each, and how it ended out.

Started by `verify.sandbox.server` with an environment of fixed names. It holds no secret, no expected value, and never
reads a program. It ends when its socket closes or the app's process is gone; its children with it.

On the socket that it is started with comes a JSON message for each child, with six descriptors: request, standard
input, output, error, a stream for lines, and a socket for this one run. On the latter comes `b"next"` (a new piece of
work began; maybe with the CPU seconds that it has), and anything else or its end means *kill*; back goes one message
when the child has ended.
"""

import array
import contextlib
import ctypes
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from verify.sandbox.inside import landlock
from verify.sandbox.inside.child import PROFILES, run_child
from verify.sandbox.inside.imports import import_warm
from verify.sandbox.inside.lock import LIBC, Lock, bound_capabilities, hide

NEXT = b"next"
N_DESCRIPTORS = 6
# How often the children's CPU time is looked at.
_LOOK_MILLISECONDS = 50


@dataclass(slots=True)
class _Run:
    """A child that goes on, with its limits as in `verify.sandbox.child.Times`, and the one that it has reached."""

    pid: int
    control: socket.socket
    piece_seconds: float
    all_seconds: float
    idle_seconds: float = 0.0
    life_seconds: float = 0.0
    piece_began: float = 0.0
    born: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    over: str = ""

    def cpu_seconds(self) -> float:
        """CPU time of the whole process so far, by its clock: no /proc is needed. 0 when it has just ended."""
        with contextlib.suppress(OSError):
            return time.clock_gettime((~self.pid << 3) | 2)
        return 0.0

    def begin_piece(self, seconds: float) -> None:
        """From here on it has so much CPU time."""
        self.piece_began, self.piece_seconds, self.heard = self.cpu_seconds(), seconds, time.monotonic()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def look(self) -> None:
        """Kill it if it has had its time."""
        used, now = self.cpu_seconds(), time.monotonic()
        if used > self.all_seconds or used - self.piece_began > self.piece_seconds:
            self.over = "cpu"
        elif self.idle_seconds and now > self.heard + self.idle_seconds:
            self.over = "idle"
        elif self.life_seconds and now > self.born + self.life_seconds:
            self.over = "life"
        if self.over:
            self.kill()


class ForkServer:
    """Waits for requests, children's ends, and the app's end, in one thread."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._requests = socket.socket(fileno=config["socket"])
        self._app = config["app"]
        self._lock = Lock(config["with_landlock"])
        self._pid = os.getpid()
        self._runs: dict[int, _Run] = {}
        self._ended, self._wake = os.pipe()
        for end in (self._ended, self._wake):
            os.set_blocking(end, False)

    def serve(self) -> None:
        """Serve until the app is gone."""
        signal.set_wakeup_fd(self._wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        waiting = select.poll()
        for descriptor in (self._requests.fileno(), self._ended, self._app):
            if descriptor >= 0:
                waiting.register(descriptor, select.POLLIN)
        self._requests.send(json.dumps({"landlock": landlock.version(LIBC), "uid": os.getuid()}).encode())
        while True:
            ready = {descriptor for descriptor, _ in waiting.poll(_LOOK_MILLISECONDS if self._runs else None)}
            if self._app in ready:
                return
            self._reap(waiting)
            for run in list(self._runs.values()):
                if run.control.fileno() in ready:
                    self._obey(run)
                run.look()
            if self._requests.fileno() in ready and not self._accept(waiting):
                return

    def _reap(self, waiting: select.poll) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._ended, 512)
        while self._runs:
            pid, status, used = os.wait4(-1, os.WNOHANG)
            if not pid:
                return
            run = self._runs.pop(pid)
            waiting.unregister(run.control)
            told = {
                "code": os.waitstatus_to_exitcode(status),
                "over": run.over,
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "peak_kib": used.ru_maxrss,
            }
            with contextlib.suppress(OSError):
                run.control.send(json.dumps(told).encode())
            run.control.close()

    def _obey(self, run: _Run) -> None:
        try:
            order = run.control.recv(64)
        except OSError:
            order = b""
        begins, _, seconds = order.partition(b" ")
        if begins == NEXT:
            run.begin_piece(float(seconds) if seconds else run.piece_seconds)
        else:
            run.kill()

    def _accept(self, waiting: select.poll) -> bool:
        """Fork a child for the next request; False when there will be none any more."""
        message, held, _, _ = self._requests.recvmsg(65536, socket.CMSG_SPACE(N_DESCRIPTORS * 4))
        if not message:
            return False
        descriptors = array.array("i")
        for level, kind, body in held:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(body)
        asked = json.loads(message)
        pid = os.fork()
        if not pid:
            self._become_child(list(descriptors))
        *given, control = descriptors
        for descriptor in given:
            os.close(descriptor)
        run = _Run(pid, socket.socket(fileno=control), **asked)
        self._runs[pid] = run
        waiting.register(run.control, select.POLLIN)
        return True

    def _become_child(self, descriptors: list[int]) -> None:
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Clear of 0 to 3, where they will be put.
            given = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, 32) for descriptor in descriptors[:-1]]
            run_child(given, self._lock, self._pid)
        finally:
            os._exit(1)


def _forget_ourselves(unwanted: list[str]) -> None:
    """Programs find the standard library, and nothing of ours."""
    sys.path[:] = [folder for folder in sys.path if folder and folder not in unwanted]
    for name in [name for name in sys.modules if name.split(".")[0] in ("verify", "__mp_main__")]:
        del sys.modules[name]


def _load(loads: str, folders: list[str]) -> None:
    """Import what the children will find. What only some servers need is not read by those that judge."""
    if loads == "notebook":
        from verify.sandbox.inside import libraries, notebook

        PROFILES["notebook"] = notebook.run
        notebook.FILES.install()
        libraries.load(folders, notebook.FILES)
    import_warm()
    if loads != "judge":
        from verify.sandbox.inside import testing

        testing.load(folders)


def main() -> None:
    """Warm up, then serve."""
    config = json.loads(sys.argv[1])
    hide()
    bound_capabilities()
    # pthread_exit loads it when it is first called, and after the lock nothing can be loaded.
    with contextlib.suppress(OSError):
        ctypes.CDLL("libgcc_s.so.1")
    server = ForkServer(config)
    _load(config["loads"], config["folders"])
    _forget_ourselves([config["root"], *(config["folders"] or [])])
    gc.collect()
    gc.freeze()
    server.serve()
    # Children die with their parent.
    os._exit(0)


if __name__ == "__main__":
    main()
