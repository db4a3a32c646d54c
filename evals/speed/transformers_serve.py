"""A model's folder in, the address of `transformers serve --continuous-batching` with it out, ended afterwards."""

import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import httpx

from evals.speed.bench import PRESET
from model.errors import EngineError

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDED = ("fastapi", "uvicorn", "openai")
_QUANTISATIONS = {"nf4": "bnb-4bit", "int8": "bnb-8bit"}
_OURS = "evals.speed.random_weights"
_QUIET = {"HF_HUB_DISABLE_UPDATE_CHECK": "1"}  # its command line asks the package index for a newer release
# Once told to end, it waits for readers that are still there.
_END_SECONDS = 10.0
_SAID_CHARACTERS = 1500
_BLOCK_TOKENS = 256  # the library's own
# Tokens of one step: its attention mask is this by all that the cache holds, and its own 8,192 need gigabytes for that.
_STEP_TOKENS = 2048


@dataclass(frozen=True, slots=True)
class Served:
    """What to serve.

    Args:
        folder: Of the weights; nothing is written there.
        template: The chat template that the model is to be asked with.
        precision: As our loader calls it.
        is_random: The folder is one of `write_random_folder`.
        cache_tokens: Tokens, of all requests together, to keep keys and values of; 0 leaves it to the server, which on
            a CPU takes nine tenths of the machine's memory, whoever else uses it.
        options: More arguments of `transformers serve`.
        ends_turns: Its turns end where the model ends them; else each is as long as it was asked to be, as for timing.
    """

    folder: Path
    template: str
    precision: str
    is_random: bool = False
    cache_tokens: int = 0
    options: tuple[str, ...] = ()
    ends_turns: bool = False


def missing_packages() -> list[str]:
    """What `transformers serve` needs and is not installed; the extra `transformers[serving]` brings it."""
    return [name for name in NEEDED if find_spec(name) is None]


def serve_command(folder: Path, served: Served, port: int) -> list[str]:
    """The command line; through our wrapper where the folder's weights are random.

    >>> " ".join(serve_command(Path("m"), Served(Path("m"), "", "nf4"), 8000)[2:])
    'transformers.cli.transformers serve m --continuous-batching --port 8000 --quantization bnb-4bit'
    """
    program = ["-m", _OURS, "transformers"] if served.is_random else ["-m", "transformers.cli.transformers"]
    command = [sys.executable, *program, "serve", str(folder), "--continuous-batching", "--port", str(port)]
    if served.precision in _QUANTISATIONS:
        command += ["--quantization", _QUANTISATIONS[served.precision]]
    elif served.precision == "fp32":
        command += ["--dtype", "float32"]
    if served.cache_tokens:
        blocks = math.ceil(served.cache_tokens / _BLOCK_TOKENS)
        command += ["--cb-num-blocks", str(blocks), "--cb-max-batch-tokens", str(_STEP_TOKENS)]
    return [*command, *served.options]


def write_served_folder(target: Path, served: Served) -> Path:
    """Links to the same weights, with what the server takes from a folder only: the chat template, the sampling, and
    for timing that no token ends a turn, so that it writes as many tokens as it is asked for, like the others.
    """
    target.mkdir(parents=True)
    for path in served.folder.iterdir():
        (target / path.name).symlink_to(path.resolve())
    own = target / "generation_config.json"
    sampling = json.loads(own.read_text("utf-8")) if own.exists() else {}
    sampling |= {"do_sample": True, "temperature": PRESET.temperature, "top_p": PRESET.top_p, "top_k": PRESET.top_k}
    never = {} if served.ends_turns else {"eos_token_id": -1}
    for name, text in (
        ("generation_config.json", json.dumps(sampling | never)),
        ("chat_template.jinja", served.template),
    ):
        (target / name).unlink(missing_ok=True)
        (target / name).write_text(text, "utf-8")
    return target


@contextlib.contextmanager
def transformers_serving(served: Served, start_seconds: float = 600.0) -> Iterator[tuple[str, str]]:
    """The server in a process of its own; yields its address, as it ends in /v1, and the name of its model.

    Raises:
        EngineError: If a package is missing, it ends, or is not there in time; with the last lines that it wrote.
    """
    if missing := missing_packages():
        raise EngineError(
            f"transformers serve needs {', '.join(missing)}, which is not installed: run "
            "'pip install \"transformers[serving]\"'."
        )
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        folder = write_served_folder(Path(scratch) / served.folder.name, served)
        port = _free_port()
        try:
            with _running(serve_command(folder, served, port), said) as process:
                _wait_until_healthy(process, f"http://localhost:{port}", start_seconds)
                yield f"http://localhost:{port}/v1", str(folder)
        except EngineError as error:
            # It has ended: what it says of a request that failed comes after the answer.
            said.seek(0)
            raise EngineError(f"{error} It said: {said.read()[-_SAID_CHARACTERS:]}") from error


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], said: IO[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process and whatever it starts; a Ctrl-C reaches us alone, and we end them all."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=os.environ | _QUIET, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=_END_SECONDS)
        except BaseException:  # noqa: BLE001  a second Ctrl-C, too, must leave nothing behind
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_healthy(process: "subprocess.Popen[bytes]", address: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/health", timeout=5.0).status_code == 200:
                return
        time.sleep(0.3)
    raise EngineError(f"transformers serve was not there within {seconds:.0f} s (exit status {process.poll()}).")
