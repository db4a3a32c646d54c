"""Arguments of `app.py` in, its address out, once the model is ready: the real app, as its users start it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from gradio_client import Client

ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 180
_END_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RunningApp:
    """The app in a process of its own."""

    address: str
    process: subprocess.Popen[bytes]

    def models(self) -> dict[str, Any]:
        """What `/models` says."""
        told: dict[str, Any] = Client(self.address, verbose=False).predict(api_name="/models")
        return told


@contextlib.contextmanager
def running_app(
    *arguments: str,
    variables: dict[str, str] | None = None,
    program: Sequence[str] = ("app.py",),
    start_seconds: float = _START_SECONDS,
) -> Iterator[RunningApp]:
    """The app on a free port of this machine, ended afterwards.

    Args:
        program: What Python is to run: the app, or a module that runs it.
        start_seconds: How long its model may take.

    Raises:
        SystemExit: If it ends, or has no model in time.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, *program, "--no-browser", "--port", str(port), *arguments]
    quiet = {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_SERVER_NAME": "127.0.0.1"}
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | quiet | (variables or {}), stdout=subprocess.DEVNULL)
    app = RunningApp(f"http://127.0.0.1:{port}", process)
    try:
        _wait_until_ready(app, start_seconds)
        yield app
    finally:
        process.terminate()
        try:
            process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            # On a machine that is very busy; what was measured is there, and must not be lost for that.
            process.kill()
            process.wait()


def _wait_until_ready(app: RunningApp, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and app.process.poll() is None:
        with contextlib.suppress(httpx.HTTPError, OSError):
            if httpx.get(f"{app.address}/readyz", timeout=30).is_success:
                return
        time.sleep(0.3)
    raise SystemExit(f"app.py was not ready within {seconds:.0f} s (exit status {app.process.poll()}).")
