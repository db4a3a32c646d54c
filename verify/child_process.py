"""A module of ours in, a process of it that can be killed out: a JSON line is asked, a JSON line comes back, in time.

The module says `ready` once it is warm, and answers line by line, as `verify.child` and `agent.calculating.child` do.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
# What it is told of the app's environment: nothing that is secret.
_ENVIRONMENT = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "TMPDIR", "TEMP")
_QUIET = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
_START_SECONDS = 60.0
# How often a child that is still at work is looked at for its size.
_LOOK_SECONDS = 0.2
# What a question may take is the processor's time, so that nothing is given up because the machine is busy with other
# work; by the clock it may take this many times as long.
_PATIENCE = 1.4


class ChildProcess:
    """One process, started when it is first needed and again after it was killed. One thread at a time may use it.

    Args:
        module: What it runs, as `python -m` names it.
        max_bytes: Resident memory at which it is given up, also where no limit holds it down.
    """

    def __init__(self, module: str, max_bytes: int) -> None:
        self._module = module
        self._max_bytes = max_bytes
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()
        self._is_ready = False

    def start(self) -> None:
        """Start it without waiting until it is warm."""
        if self._process is not None and self._process.poll() is None:
            return
        self.kill()
        self._lines, self._is_ready = queue.Queue(), False
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            # It finds what this process finds, wherever that comes from.
            env=kept | _QUIET | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            text=True,
            encoding="utf-8",
            # Ctrl-C and `timeout` signal a whole group: what is being judged would seem to have killed its judge.
            start_new_session=True,
        )
        threading.Thread(target=_read, args=(self._process.stdout, self._lines), daemon=True).start()

    def ask(self, asked: dict[str, Any], seconds: float, stop: threading.Event | None = None) -> dict[str, Any] | None:
        """Its answer; `None` if it took too long or died, and is being started again.

        Args:
            seconds: Processor time that it may take.
            stop: Once this is set, it takes too long.
        """
        self.start()
        process = self._process
        if process is None or process.stdin is None:
            return None
        try:
            if not self._is_ready:
                self._is_ready = self._lines.get(timeout=_START_SECONDS) == "ready\n"
            watched = psutil.Process(process.pid)
            until = _processor_seconds(watched) + seconds
            process.stdin.write(json.dumps(asked) + "\n")
            process.stdin.flush()
            line = self._line_until(until, time.monotonic() + _PATIENCE * seconds, watched, stop)
            if line:
                told: dict[str, Any] = json.loads(line)
                return told
        except (queue.Empty, OSError, ValueError, psutil.Error):
            pass
        self.kill()
        self.start()
        return None

    def _line_until(
        self, seconds: float, deadline: float, process: psutil.Process, stop: threading.Event | None
    ) -> str:
        """Its next line; where the system holds no process down by itself, one that has grown too large is given up.

        Args:
            seconds: Its processor time at which it is given up.
            deadline: The monotonic clock's time at which it is.

        Raises:
            queue.Empty: If it takes too long, or too much memory.
        """
        while True:
            try:
                return self._lines.get(timeout=min(_LOOK_SECONDS, max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                is_late = _processor_seconds(process) >= seconds or time.monotonic() >= deadline
                is_stopped = stop is not None and stop.is_set()
                if is_stopped or is_late or process.memory_info().rss > self._max_bytes:
                    raise

    def kill(self) -> None:
        """End it at once."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _processor_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _read(pipe: IO[str], lines: "queue.Queue[str]") -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in pipe:
            lines.put(line)
    lines.put("")
