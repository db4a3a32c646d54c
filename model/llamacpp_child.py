"""What llama.cpp's server is to serve in, a child process that serves it out: started, watched, started again, ended.

It listens on a socket in a folder that nobody else may enter (on Windows on a loopback port), and wants a key besides.
"""

import http.client
import json
import logging
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from model.errors import EngineError, ModelLoadFailed

_log = logging.getLogger(__name__)

_ROOT = Path(__file__).resolve().parent.parent
# llama.cpp knows a socket's path by its end.
_SOCKET = "llama.sock"
# A socket's path may be so long on macOS; Linux allows a few more.
_LONGEST_SOCKET_PATH = 100
_POLL_SECONDS = 0.05
_END_SECONDS = 5.0
# What the server has no use for.
_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|(^|_)KEY|CREDENTIAL", re.IGNORECASE)
# Of the server's own log: what is told of it, and how much is read for that.
_LOG_BYTES = 4096

# What llama.cpp writes of a file that it cannot load, and what a user can do then.
_KNOWN_FAILURES = (
    ("unknown model architecture", "Update it with 'pip install --upgrade xllamacpp', or take another model."),
    ("not within the file bounds", "The file is cut off: fetch it again."),
    ("corrupted or incomplete", "The file is cut off or broken: fetch it again."),
    ("failed to allocate", "Close what else uses the memory, or load it with a smaller context."),
    ("lora", "The adapter was trained on another model; take --adapter none."),
)


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What one server is started with.

    Args:
        model: The GGUF file; of a split one its first part.
        adapters: LoRA adapters in GGUF form.
        cache_tokens: Tokens, of all requests together, that it holds keys and values of.
        step_tokens: Most tokens of one step: a long prompt is read in such pieces.
        kept_prompts_mib: Memory for keys and values of ended requests, beside the cache.
        gpu_layers: Layers on a GPU, where the installed xllamacpp can use one; -1 leaves it to llama.cpp.
    """

    model: str
    adapters: tuple[str, ...]
    slots: int
    cache_tokens: int
    threads: int
    step_tokens: int
    http_threads: int
    kept_prompts_mib: int
    gpu_layers: int


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket file."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class LlamaChild:
    """The server's process. Every method may be called from any thread.

    Args:
        options: What it serves.
        uses_socket: False listens on a loopback port.
    """

    def __init__(self, options: ServerOptions, *, uses_socket: bool = hasattr(socket, "AF_UNIX")) -> None:
        self._options = options
        self._key = secrets.token_urlsafe(32)
        self._folder = _private_folder()
        self._uses_socket = uses_socket and len(str(self._folder / _SOCKET)) < _LONGEST_SOCKET_PATH
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        self._is_closed = False
        self._end = weakref.finalize(self, _end_process, None, self._folder)

    @property
    def process_id(self) -> int:
        """Of the process that serves now; 0 when none does."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else 0

    def start(self, should_stop: Callable[[], bool] | None = None) -> None:
        """Start it where it does not run, and wait until the model is loaded.

        Raises:
            ModelLoadFailed: If it cannot load the model, or was stopped.
            EngineError: If it was closed.
        """
        with self._lock:
            if self._is_closed:
                raise EngineError("The engine was closed.")
            if not self.process_id:
                self._start(lambda: self._is_closed or (should_stop is not None and should_stop()))

    def _start(self, should_stop: Callable[[], bool]) -> None:
        socket_path = self._folder / _SOCKET
        socket_path.unlink(missing_ok=True)
        log_path = self._folder / "log"
        options = asdict(self._options) | {
            "address": str(socket_path) if self._uses_socket else "127.0.0.1",
            "port": 8080 if self._uses_socket else 0,
            "api_key": self._key,
            "parent": os.getpid(),
        }
        with log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "model.llamacpp_server"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not _SECRET_NAME.search(name)},
                start_new_session=True,  # Ctrl-C in the terminal is for the app, which ends this one
            )
        self._end.detach()
        if self._process is not None:
            _kill(self._process)  # it has died, but holds its pipes
        self._process = process
        self._end = weakref.finalize(self, _end_process, process, self._folder)
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(options).encode() + b"\n")
            process.stdin.flush()
            said = _first_line(process, process.stdout, should_stop)
        except (OSError, ValueError):
            said = {}
        except BaseException:
            _kill(process)
            raise
        if "listening" not in said:
            _kill(process)
            raise self._failure(log_path, process.returncode)
        if not self._uses_socket:
            self._port = int(str(said["listening"]).rpartition(":")[2])

    def _failure(self, log_path: Path, returncode: int | None) -> ModelLoadFailed:
        lines = _tail(log_path)
        name = Path(self._options.model).name
        what = next((line for line in lines for mark, _ in _KNOWN_FAILURES if mark in line.lower()), "")
        advice = next((text for mark, text in _KNOWN_FAILURES if mark in what.lower()), "")
        if not what and returncode is not None and returncode < 0:
            what = f"its process was ended by signal {-returncode}"
            advice = "When that is 9, the memory ran out: load it with a smaller context."
        what = what or next((line for line in reversed(lines) if line), "its process ended without a word")
        return ModelLoadFailed(f"llama.cpp cannot load {name!r}: {what.rstrip('. ')}. {advice}".rstrip())

    def connection(self) -> http.client.HTTPConnection:
        """A new connection to the server, which is started again where it has died.

        Raises:
            EngineError: If it was closed, or does not start again.
        """
        try:
            self.start()
        except ModelLoadFailed as error:
            raise EngineError(f"llama.cpp's process had ended and does not start again. {error}") from error
        return _Connection(str(self._folder / _SOCKET)) if self._uses_socket else self._over_port()

    def _over_port(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port)

    def headers(self) -> dict[str, str]:
        """What each request must carry."""
        return {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}

    def get(self, path: str, timeout_seconds: float) -> Any:
        """What the server says there, as JSON.

        Raises:
            EngineError: If it was closed or does not start.
            OSError: If it does not answer in time.
            ValueError: If that is no JSON.
        """
        return self._ask("GET", path, None, timeout_seconds)

    def post(self, path: str, body: dict[str, Any], timeout_seconds: float | None) -> Any:
        """As `get`, with something to say."""
        return self._ask("POST", path, json.dumps(body).encode(), timeout_seconds)

    def _ask(self, method: str, path: str, body: bytes | None, timeout_seconds: float | None) -> Any:
        connection = self.connection()
        connection.timeout = timeout_seconds
        try:
            connection.request(method, path, body, self.headers())
            return json.loads(connection.getresponse().read())
        except http.client.HTTPException as error:
            raise OSError(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def death(self) -> str:
        """Why the process is gone, in a clause; empty while it runs."""
        process = self._process
        if process is None or process.poll() is None:
            return ""
        code = process.returncode
        if code == -9:
            return "its process was killed, perhaps because the machine's memory ran out"
        last = next((line for line in reversed(_tail(self._folder / "log")) if line), "")
        return f"its process ended with {'signal' if code < 0 else 'exit code'} {abs(code)}" + (last and f" ({last})")

    def close(self) -> None:
        """End it; harmless when repeated."""
        self._is_closed = True  # which ends a start that is under way, and so gives the lock back
        with self._lock:
            self._end()


def _private_folder() -> Path:
    """A new folder for the socket and the log, mode 700; in /tmp where the usual place has too long a name."""
    folder = Path(tempfile.mkdtemp(prefix="workings-llamacpp-"))
    if len(str(folder / _SOCKET)) < _LONGEST_SOCKET_PATH or not os.path.isdir("/tmp"):
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="workings-llamacpp-", dir="/tmp"))


def _first_line(process: subprocess.Popen[bytes], stdout: IO[bytes], should_stop: Callable[[], bool]) -> dict[str, Any]:
    """What the process says first, once the model is loaded; nothing when it ended without a word."""
    lines: list[bytes] = []
    reader = threading.Thread(target=lambda: lines.append(stdout.readline()), daemon=True)
    reader.start()
    while reader.is_alive():
        if should_stop():
            raise ModelLoadFailed("The load was stopped.")
        reader.join(_POLL_SECONDS)
    said = json.loads(lines[0]) if lines and lines[0].strip() else {}
    if "listening" not in said:
        process.wait(_END_SECONDS)
    return dict(said)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was still to be written has no reader any more
                continue


def _end_process(process: subprocess.Popen[bytes] | None, folder: Path) -> None:
    if process is not None:
        _kill(process)
    shutil.rmtree(folder, ignore_errors=True)


def _tail(log: Path) -> Sequence[str]:
    """The last lines of the server's log, without its clock and its level."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LOG_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line.split(" E ", 1)[-1].strip() for line in text.splitlines()]
