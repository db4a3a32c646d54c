"""ZeroGPU's scheduler as `spaces` talks to it, on loopback: who may have a GPU for how long, and what it costs whom."""

import base64
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

RESETS_IN_SECONDS = 11_521  # 3:12:01


def token_of(visitor: str, number: int = 0) -> str:
    """A pass as the host's proxy gives one with each request: another one each time, of the same visitor."""
    claims = {"user": visitor, "exp": 1_900_000_000 + number, "jti": str(number)}
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".signature"


def visitor_in(token: str) -> str:
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(f"{payload}=="))["user"])


@dataclass
class Given:
    """One call of a GPU."""

    visitor: str
    asked_seconds: int
    at: float
    pid: int = 0
    released_at: float = 0.0
    has_failed: bool = False


@dataclass
class ZeroGpuHost:
    """What the scheduler knows and does."""

    url: str = ""
    # Seconds of the day; who is not in here is asked for none.
    left: dict[str, float] = field(default_factory=dict)
    longest_seconds: int = 10_000
    has_gpus: bool = True
    gives_up_waiting: bool = False
    is_pass_expired: bool = False
    has_started: threading.Event = field(default_factory=threading.Event)
    calls: list[Given] = field(default_factory=list)
    refused: list[tuple[str, int]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        with self.lock:
            match path:
                case "/startup-report":
                    self.has_started.set()
                    return 200, {}
                case "/schedule":
                    return self._schedule(query)
                case "/allow":
                    self._call(query).pid = int(query["pid"])
                    return 200, {}
                case "/release":
                    return self._release(query)
            return 404, {}

    def _schedule(self, query: dict[str, str]) -> tuple[int, Any]:
        visitor = visitor_in(query["token"]) if "token" in query else ""
        seconds = int(query["durationSeconds"])
        if self.is_pass_expired:
            return 401, {}
        if not self.has_gpus:
            return 503, {}
        if self.gives_up_waiting:
            return 200, "event: failed\n\n"
        if seconds > self.longest_seconds:
            self.refused.append((visitor, seconds))
            return 429, {"left": 100, "wait": -1}
        if visitor in self.left and self.left[visitor] < seconds:
            self.refused.append((visitor, seconds))
            return 429, {"left": int(self.left[visitor]), "wait": RESETS_IN_SECONDS}
        self.calls.append(Given(visitor, seconds, time.time()))
        number = len(self.calls) - 1
        return 200, {"idle": False, "nvidiaIndex": number, "nvidiaUUID": "GPU", "allowToken": str(number)}

    def _call(self, query: dict[str, str]) -> Given:
        return self.calls[int(query["allowToken"])]

    def _release(self, query: dict[str, str]) -> tuple[int, Any]:
        call = self._call(query)
        call.released_at = time.time()
        call.has_failed = query.get("fail", "").lower() == "true"
        # A worker that has done its work is ended: the next call may be on another GPU.
        if call.pid:
            with suppress(ProcessLookupError):
                os.kill(call.pid, signal.SIGKILL)
        if call.visitor in self.left:
            self.left[call.visitor] -= call.released_at - call.at
        return 200, {}


@contextmanager
def zero_gpu_host() -> Iterator[ZeroGpuHost]:
    """The scheduler, answering."""
    host = ZeroGpuHost()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            url = urlparse(self.path)
            status, said = host.answer(url.path, {name: values[0] for name, values in parse_qs(url.query).items()})
            is_stream = isinstance(said, str)
            body = said.encode() if is_stream else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if is_stream else "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET = answer

        def log_message(self, format: str, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
