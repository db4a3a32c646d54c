"""A checked address in, a connection to exactly that address out, whose every wait and byte is counted."""

import io
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import certifi

from agent.web.addresses import IPAddress
from agent.web.failures import Stopped, WebFailed
from agent.web.patience import Patience
from agent.web.urls import WebURL

# Address, port and seconds to a connected socket; raises OSError.
Dial = Callable[[IPAddress, int, float], socket.socket]
CONNECT_SECONDS = 5.0
# A page that sends nothing for so long is given up.
SILENCE_SECONDS = 10.0
_MAX_ATTEMPTS = 4
_LOOK_SECONDS = 0.25


def dial(address: IPAddress, port: int, seconds: float) -> socket.socket:
    """Connect to an address, which is not looked up again. Proxies of the environment have no say here."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect((str(address), port))
    except BaseException:
        connection.close()
        raise
    return connection


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates are checked against the system's authorities and those that come with certifi."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def connect(
    url: WebURL, addresses: Sequence[IPAddress], dialled: Dial, context: ssl.SSLContext, patience: Patience
) -> socket.socket:
    """A connection to the first address that takes one; with https, to one that has proven to be the URL's host.

    Raises:
        WebFailed: If none answers in time, or the certificate is not the host's.
    """
    for address in addresses[:_MAX_ATTEMPTS]:
        try:
            plain = dialled(address, url.port, patience.left(CONNECT_SECONDS))
        except OSError:
            continue
        return plain if url.scheme == "http" else _secured(plain, url, context, patience)
    raise WebFailed(f"{url.origin} does not answer. The host may be down, or this machine without a network.")


def _secured(plain: socket.socket, url: WebURL, context: ssl.SSLContext, patience: Patience) -> socket.socket:
    try:
        plain.settimeout(patience.left(CONNECT_SECONDS))
        return context.wrap_socket(plain, server_hostname=url.host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        raise WebFailed(f"{url.origin} cannot prove to be that host: its certificate is not valid.") from error
    except OSError as error:
        plain.close()
        raise WebFailed(f"No secure connection to {url.origin} could be made.") from error
    except BaseException:
        plain.close()
        raise


class CountedSocket:
    """A socket for `http.client`: it ends when the time or the bytes are used up, or the run is stopped.

    Args:
        max_bytes: That may come in all: head and body, as they are on the wire.
    """

    def __init__(self, connection: socket.socket, patience: Patience, max_bytes: int) -> None:
        self._connection = connection
        self._patience = patience
        self._bytes_left = max_bytes

    def sendall(self, sent: bytes) -> None:
        self._connection.settimeout(self._patience.left(SILENCE_SECONDS))
        self._connection.sendall(sent)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self), 1 << 16)

    def close(self) -> None:
        self._connection.close()

    def receive_into(self, buffer: Any) -> int:
        """How many bytes came; 0 at their end.

        Raises:
            WebFailed: If the time or the bytes are used up.
            Stopped: If the run was stopped.
        """
        if not self._bytes_left:
            raise WebFailed("The page is larger than what is read of one.")
        view = memoryview(buffer)[: self._bytes_left]
        silence = self._patience.part(SILENCE_SECONDS, "A silence of the page")
        while True:
            try:
                self._connection.settimeout(silence.left(_LOOK_SECONDS))
                n_bytes = self._connection.recv_into(view)
            except TimeoutError:
                continue
            except Stopped:
                raise
            except WebFailed as error:
                self._patience.left()
                raise WebFailed(f"The page sent nothing for {SILENCE_SECONDS:.0f} s.") from error
            self._bytes_left -= n_bytes
            return n_bytes


class _Incoming(io.RawIOBase):
    """What comes in through a counted socket, as a file."""

    def __init__(self, counted: CountedSocket) -> None:
        super().__init__()
        self._counted = counted

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._counted.receive_into(buffer)
