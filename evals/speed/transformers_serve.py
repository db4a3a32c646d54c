"""A model's folder in, the address of `transformers serve --continuous-batching` with it out, ended afterwards."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx

from model.errors import EngineError

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = ("fastapi", "uvicorn", "openai")
_QUANTISATIONS = {"nf4": "bnb-4bit", "int8": "bnb-8bit"}
_OURS = "evals.speed.random_weights"
_QUIET = {"HF_HUB_DISABLE_UPDATE_CHECK": "1"}  # its command line asks the package index for a newer release


def missing_packages() -> list[str]:
    """What `transformers serve` needs and is not installed; the extra `transformers[serving]` brings it."""
    return [name for name in NEEDED if find_spec(name) is None]


def serve_command(folder: Path, precision: str, port: int, is_random: bool, options: tuple[str, ...] = ()) -> list[str]:
    """The command line; through our wrapper where the folder's weights are random.

    >>> " ".join(serve_command(Path("m"), "nf4", 8000, False)[2:])
    'transformers.cli.transformers serve m --continuous-batching --port 8000 --quantization bnb-4bit'
    """
    program = ["-m", _OURS, "transformers"] if is_random else ["-m", "transformers.cli.transformers"]
    command = [sys.executable, *program, "serve", str(folder), "--continuous-batching", "--port", str(port)]
    if precision in _QUANTISATIONS:
        command += ["--quantization", _QUANTISATIONS[precision]]
    elif precision == "fp32":
        command += ["--dtype", "float32"]
    return [*command, *options]


@contextlib.contextmanager
def transformers_serving(
    folder: Path, precision: str, *, is_random: bool, options: tuple[str, ...] = (), start_seconds: float = 600.0
) -> Iterator[str]:
    """The server in a process of its own; yields its address, as it ends in /v1.

    Raises:
        EngineError: If a package is missing, it ends, or is not there in time; with the last lines that it wrote.
    """
    if missing := missing_packages():
        raise EngineError(
            f"transformers serve needs {', '.join(missing)}, which is not installed: run "
            "'pip install \"transformers[serving]\"'."
        )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = serve_command(folder, precision, port, is_random, options)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | _QUIET, stdout=said, stderr=subprocess.STDOUT)
        try:
            _wait_until_healthy(process, f"http://localhost:{port}", start_seconds)
            yield f"http://localhost:{port}/v1"
        except EngineError as error:
            said.seek(0)
            raise EngineError(f"{error} It said: {said.read()[-800:]}") from error
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(process: "subprocess.Popen[bytes]", address: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/health", timeout=5.0).status_code == 200:
                return
        time.sleep(0.3)
    raise EngineError(f"transformers serve was not there within {seconds:.0f} s (exit status {process.poll()}).")
