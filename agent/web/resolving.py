"""The host of a URL in, the addresses that may be connected to out: all of them of the public internet, or an error."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence

from agent.web.addresses import IPAddress, behind_nat64, own_addresses, why_refused
from agent.web.failures import AddressRefused, WebFailed
from agent.web.patience import Patience
from agent.web.urls import WebURL

# Name and port to addresses; raises OSError if there is no such name, or nobody who could tell.
Resolver = Callable[[str, int], Sequence[str]]
RESOLVE_SECONDS = 5.0
MAX_ADDRESSES = 16
# A resolver that hangs keeps its thread: so many at once, and no more.
_looking_up = threading.BoundedSemaphore(16)
NO_NETWORK = "This machine has no network: neither web searches nor pages can be had. Answer without them."


def system_resolver(name: str, port: int) -> list[str]:
    """What the system's resolver says: hosts file, name servers and all."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def checked_addresses(url: WebURL, resolve: Resolver, patience: Patience) -> list[IPAddress]:
    """Look a host up and check every address that it has.

    Raises:
        AddressRefused: If one of them is not of the public internet, or this machine's own.
        WebFailed: If there is none, or the look-up takes too long.
    """
    addresses = [url.address] if url.address else _looked_up(url, resolve, patience)
    own = own_addresses()
    for address in addresses:
        is_own = address in own or behind_nat64(address) in own
        kind = why_refused(address) or ("this machine's own" if is_own else "")
        if kind:
            raise AddressRefused(
                f"{url.host} is at an address that is {kind}. Only pages of the public internet are read."
            )
    return addresses


def _looked_up(url: WebURL, resolve: Resolver, patience: Patience) -> list[IPAddress]:
    def look_up() -> Sequence[str]:
        if not _looking_up.acquire(timeout=RESOLVE_SECONDS):
            raise TimeoutError("every look-up that may go on at once hangs")
        try:
            return resolve(url.host, url.port)
        finally:
            _looking_up.release()

    part = patience.part(RESOLVE_SECONDS, "Looking up the host")
    try:
        found = part.get(look_up)
    except OSError as error:
        raise WebFailed(_no_such_name(url.host)) from error
    except UnicodeError as error:
        raise AddressRefused("That address names no host. Give it as https://host/path.") from error
    except WebFailed as error:
        patience.left()
        raise WebFailed(f"No name server answered within {RESOLVE_SECONDS:.0f} s. Is there a network?") from error
    addresses = list(dict.fromkeys(map(_address, found)))
    if not addresses:
        raise WebFailed(_no_such_name(url.host))
    # Of very many, those that are left out are not connected to either.
    return addresses[:MAX_ADDRESSES]


def _address(text: str) -> IPAddress:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise AddressRefused("The name server's answer is no address.") from error


def _no_such_name(host: str) -> str:
    return f"{host} was not found: no such host, or no network on this machine." if has_route() else NO_NETWORK


def has_route() -> bool:
    """Whether this machine has a way to the internet at all. Nothing is sent."""
    for family, anywhere in ((socket.AF_INET, "1.1.1.1"), (socket.AF_INET6, "2001:4860:4860::8888")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((anywhere, 53))
                return True
        except OSError:
            continue
    return False
