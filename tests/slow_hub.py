"""A hub with one model on loopback that sends it slowly, or not at all: what a Space's start has to live with."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlparse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
_PIECE_BYTES = 65_536


@dataclass
class SlowHub:
    """One model, and how it is sent.

    Attributes:
        bytes_per_second: Of each file; as fast as it goes when 0.
        is_down: Answers everything with an error of its own.
    """

    folder: Path
    model: str = "somebody/tiny"
    bytes_per_second: float = 0.0
    is_down: bool = False
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file()}

    def told(self) -> dict[str, object]:
        """What the hub's API says of the model."""
        entries = [{"rfilename": name, "size": len(data)} for name, data in self.files().items()]
        return {"id": self.model, "modelId": self.model, "sha": COMMIT, "siblings": entries, "tags": []}

    def listed(self) -> list[dict[str, object]]:
        """What it says of the files."""
        return [
            {"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for name, data in self.files().items()
        ]


@contextmanager
def slow_hub(folder: Path) -> Iterator[SlowHub]:  # noqa: C901 - a handler of four paths
    """The hub, answering; `folder` holds the model's files."""
    hub = SlowHub(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, with_body: bool) -> None:
            path = urlparse(self.path).path
            hub.asked.append(path)
            if hub.is_down:
                self.give(503, b"down for repairs", {}, with_body)
            elif path.startswith(f"/api/models/{hub.model}"):
                told = json.dumps(hub.listed() if "/tree/" in path else hub.told()).encode()
                self.give(200, told, {"Content-Type": "application/json"}, with_body)
            elif path.startswith(f"/{hub.model}/resolve/"):
                self.give_file(path.rsplit("/", 1)[1], with_body)
            else:
                self.give(404, b"", {}, with_body)

        def give_file(self, name: str, with_body: bool) -> None:
            data = hub.files().get(name)
            if data is None:
                self.give(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, with_body)
                return
            headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
            self.give(200, data, headers, with_body)

        def give(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                for start in range(0, len(body) if with_body else 0, _PIECE_BYTES):
                    self.wfile.write(body[start : start + _PIECE_BYTES])
                    if hub.bytes_per_second:
                        time.sleep(_PIECE_BYTES / hub.bytes_per_second)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
