"""A small internet on loopback for the tests of agent/web: a name server, web servers, and the ways to them.

The addresses that the tests call public are ones of the public internet, so what the app checks is checked as it is
in use; only the last step, the connection to an address that has passed, is led to a server of the test.
"""

import contextlib
import itertools
import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.web.addresses import IPAddress

PUBLIC = "93.184.216.34"
OTHER_PUBLIC = "151.101.1.69"
PUBLIC_V6 = "2606:2800:220:1:248:1893:25c8:1946"
_A, _AAAA = 1, 28


class NameServer:
    """Answers DNS questions on a UDP port of loopback.

    Args:
        names: By name, what each question about it is answered with, in turn; the last answer stays.
    """

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self.names = dict(names)
        self.asked: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, sender = self._socket.recvfrom(4096)
                self._socket.sendto(self._answer(question), sender)

    def _answer(self, question: bytes) -> bytes:
        name, end = _read_name(question, 12)
        (kind,) = struct.unpack_from("!H", question, end)
        if kind == _A:  # A host is asked for both kinds; the first of the two turns the page.
            self.asked[name] += 1
        turns = self.names.get(name, [])
        addresses = turns[min(self.asked[name], len(turns)) - 1] if turns else ()
        records = [_packed(address) for address in addresses if (":" in address) == (kind == _AAAA)]
        # No such name: 3. Otherwise: no error.
        head = question[:2] + struct.pack("!HHHHH", 0x8180 | (0 if turns else 3), 1, len(records), 0, 0)
        rows = (b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 0, len(record)) + record for record in records)
        return head + question[12 : end + 4] + b"".join(rows)

    def resolve(self, name: str, port: int) -> list[str]:
        """A resolver that asks this server."""
        found = [address for kind in (_A, _AAAA) for address in self._ask(name, kind)]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found

    def _ask(self, name: str, kind: int) -> Iterator[str]:
        labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
        question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\x00" + struct.pack("!HH", kind, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(30)
            asking.sendto(question, ("127.0.0.1", self.port))
            answer = asking.recv(4096)
        (n_records,) = struct.unpack_from("!H", answer, 6)
        place = len(question)
        for _ in range(n_records):
            (length,) = struct.unpack_from("!H", answer, place + 10)
            record = answer[place + 12 : place + 12 + length]
            yield socket.inet_ntop(socket.AF_INET6 if kind == _AAAA else socket.AF_INET, record)
            place += 12 + length

    def close(self) -> None:
        self._socket.close()


def _read_name(message: bytes, place: int) -> tuple[str, int]:
    labels = []
    while length := message[place]:
        labels.append(message[place + 1 : place + 1 + length].decode())
        place += 1 + length
    return ".".join(labels).lower(), place + 1


def _packed(address: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def response(body: bytes = b"", media_type: str = "text/html", status: str = "200 OK", **headers: str) -> bytes:
    """A whole response; `Content_Encoding="gzip"` is a header."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {media_type}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body


def sent_on(location: str, status: str = "302 Found") -> bytes:
    return response(b"", status=status, Location=location)


Respond = bytes | Callable[[socket.socket], None]


def head_from(connection: socket.socket) -> str:
    """A request's head; empty if the other side goes before it is whole."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(4096)
        if not piece:
            return ""
        head += piece
    return head.decode("ascii")


class Site:
    """A web server on loopback; what it says to each path is a whole response, or a function that writes one."""

    def __init__(self, pages: Mapping[str, Respond] | None = None, family: int = socket.AF_INET) -> None:
        self.pages = dict(pages or {})
        # What it says to every path, if it says the same to all.
        self.to_all: Respond | None = None
        self.requests: list[str] = []
        self.n_connections = 0
        site = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                site.n_connections += 1
                with contextlib.suppress(OSError):
                    site.serve(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            block_on_close = False
            address_family = family

        self._server = Server(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0), Handler)
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        head = head_from(connection)
        if not head:
            return
        self.requests.append(head)
        path = self.requests[-1].split(" ")[1]
        answer = self.to_all or self.pages.get(path, response(b"nothing here", status="404 Not Found"))
        if isinstance(answer, bytes):
            connection.sendall(answer)
        else:
            answer(connection)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Internet:
    """Where connections to public addresses are led to.

    Args:
        sites: By address, the server that stands there.
        dialled: Every address that was connected to.
    """

    sites: dict[str, Site] = field(default_factory=dict)
    dialled: list[tuple[str, int]] = field(default_factory=list)

    def dial(self, address: IPAddress, port: int, seconds: float) -> socket.socket:
        self.dialled.append((str(address), port))
        if str(address) not in self.sites:
            raise ConnectionRefusedError(f"nobody is at {address}")
        return socket.create_connection(("127.0.0.1", self.sites[str(address)].port), timeout=30)


def forever(head: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    """A server that does not stop sending."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in itertools.count():
            connection.sendall(piece)

    return serve


def silent_after(head: bytes) -> Callable[[socket.socket], None]:
    """A server that says something and then nothing any more, until it is hung up on."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(head)
        connection.recv(1)

    return serve
