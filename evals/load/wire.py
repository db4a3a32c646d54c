"""Paths and JSON in, answers and server-sent events out: HTTP/1.1 over asyncio for hundreds of readers in one process.

A client library spends milliseconds on each request; the readers of a load test must cost less than what they measure.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 120.0


class WireError(Exception):
    """The server has refused, or the connection has broken."""


class _HungUp(WireError):
    """The connection was closed before a word of an answer."""


class Wire:
    """One kept connection for requests that follow each other; event streams have connections of their own.

    Args:
        address: As `http://127.0.0.1:7860`.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname is not None
        self._host, self._port = parts.hostname, parts.port or 80
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Any:
        return json.loads(await self._asked("GET", path, b""))

    async def text(self, path: str) -> bytes:
        return await self._asked("GET", path, b"")

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        return json.loads(await self._asked("POST", path, json.dumps(body).encode()))

    async def _asked(self, method: str, path: str, body: bytes) -> bytes:
        """As browsers do: on the kept connection, and once more on a new one where the server has let that go."""
        was_kept = self._connection is not None
        try:
            return await self._asked_once(method, path, body)
        except (_HungUp, ConnectionError):
            if not was_kept:
                raise
        return await self._asked_once(method, path, body)

    async def _asked_once(self, method: str, path: str, body: bytes) -> bytes:
        if self._connection is None:
            self._connection = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._connection
        try:
            writer.write(self._head(method, path, body) + body)
            async with asyncio.timeout(_PATIENCE_SECONDS):
                status, fields = await _read_head(reader)
                answer = b"".join([piece async for piece in _pieces(reader, fields)])
        except BaseException:
            self.close()
            raise
        if fields.get("connection", "").lower() == "close":
            self.close()
        if status != 200:
            raise WireError(f"{method} {path} gave {status}: {answer[:300]!r}")
        return answer

    async def events(self, path: str) -> AsyncIterator[dict[str, Any]]:
        """The messages of an event stream until the server ends it."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(self._head("GET", path, b""))
            status, fields = await _read_head(reader)
            if status != 200:
                raise WireError(f"GET {path} gave {status}")
            left = b""
            async for piece in _pieces(reader, fields):
                *lines, left = (left + piece).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        yield json.loads(line[5:])
        finally:
            writer.close()

    async def open_unread(self, path: str) -> asyncio.StreamWriter:
        """A stream of events of which next to nothing is taken from the server: small buffers, and nobody reads."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, (self._host, self._port))
        reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(self._head("GET", path, b""))
        return writer

    def _head(self, method: str, path: str, body: bytes) -> bytes:
        fields = f"Host: {self._host}:{self._port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return f"{method} {path} HTTP/1.1\r\n{fields}\r\n\r\n".encode()

    def close(self) -> None:
        """Let go of the kept connection."""
        if self._connection is not None:
            self._connection[1].close()
            self._connection = None


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as error:
        raise (WireError if error.partial else _HungUp)("the server has closed the connection") from error
    first, *lines = head.strip().split("\r\n")
    return int(first.split()[1]), {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }


async def _pieces(reader: asyncio.StreamReader, fields: dict[str, str]) -> AsyncIterator[bytes]:
    if "content-length" in fields:
        yield await reader.readexactly(int(fields["content-length"]))
        return
    while size := int((await reader.readline()).strip() or b"0", 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readline()
