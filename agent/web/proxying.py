"""The proxy that a user has set for the web on purpose in, a way to connect through it out.

The proxy is asked for the address that was checked, never for a name: what it would make of a name, nobody here could
check.
"""

import base64
import socket
import time
from urllib.parse import unquote, urlsplit

from agent.web.addresses import IPAddress
from agent.web.connecting import Dial
from model.errors import BadInput

_MAX_HEAD_BYTES = 8_192


def dial_through(proxy: str) -> Dial:
    """Connects to addresses through an HTTP proxy, by its CONNECT.

    Args:
        proxy: As in http://host:3128 or http://user:password@host:3128.

    Raises:
        BadInput: If it is none.
    """
    try:
        parts = urlsplit(proxy)
        port = parts.port or 0
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname or not port or parts.path not in ("", "/"):
        # It may hold a password, so it is not repeated.
        raise BadInput(
            "WORKINGS_WEB_PROXY is no HTTP proxy. Give it as http://host:port, for example http://10.0.0.5:3128."
        )
    host, login = str(parts.hostname), _login(parts.username, parts.password)

    def dial(address: IPAddress, port_there: int, seconds: float) -> socket.socket:
        deadline = time.monotonic() + seconds
        connection = socket.create_connection((host, port), timeout=seconds)
        try:
            there = f"[{address}]:{port_there}" if address.version == 6 else f"{address}:{port_there}"
            connection.sendall(f"CONNECT {there} HTTP/1.1\r\nHost: {there}\r\n{login}\r\n".encode("ascii"))
            _check_opened(connection, deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    return dial


def _login(user: str | None, password: str | None) -> str:
    if user is None:
        return ""
    both = f"{unquote(user)}:{unquote(password or '')}".encode()
    return f"Proxy-Authorization: Basic {base64.b64encode(both).decode('ascii')}\r\n"


def _check_opened(connection: socket.socket, deadline: float) -> None:
    """Read the proxy's answer and not a byte more: what follows is the page's.

    Raises:
        OSError: If it does not open the way, or says nothing in time.
    """
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        byte = connection.recv(1)
        head += byte
        if not byte or len(head) > _MAX_HEAD_BYTES:
            raise ConnectionError("the proxy hung up")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ConnectionRefusedError("the proxy refuses")
