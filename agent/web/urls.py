"""The text of a URL in, its parts out, with one spelling of the host; what is not plainly a web address is refused.

Hosts are read by the rules that browsers keep (WHATWG's URL standard): `2130706433`, `0x7f.1` and `0177.0.0.1` are
addresses and no names, so that nothing is left for a resolver to interpret.
"""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import idna

from agent.web.addresses import IPAddress
from agent.web.failures import AddressRefused

MAX_URL_CHARACTERS = 2_000
# Where the web is served; others would make of this app a scanner, or a sender of mail.
WEB_PORTS = frozenset({80, 443, 8080, 8443})
DEFAULT_PORTS = {"http": 80, "https": 443}
# Names that no public name server knows.
_LOCAL_SUFFIXES = (".localhost", ".localdomain", ".local", ".internal", ".intranet", ".lan", ".home.arpa", ".onion")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
_NUMBER = re.compile(r"0x[0-9a-f]*\Z|[0-9]+\Z")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
# What may stand in a path or a query as it is; everything else is written as %XX.
_PLAIN = "%/:=&?~+!$,;'@()*[]|"


@dataclass(frozen=True, slots=True)
class WebURL:
    """A web address, taken apart.

    Args:
        host: In small letters, ASCII, without a dot at its end; an IPv6 address without brackets.
        address: The host as an address, if it is one.
        target: Path and query, as they are asked for.
    """

    scheme: str
    host: str
    port: int
    target: str
    address: IPAddress | None = None

    @property
    def authority(self) -> str:
        """Host and port as the Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: of a redirect, all that is told, since its path may say anything."""
        return f"{self.scheme}://{self.authority}"

    def __str__(self) -> str:
        return self.origin + self.target


def read_url(text: str, ports: frozenset[int] = WEB_PORTS) -> WebURL:
    """Take a URL apart. One without a scheme is one of https.

    Raises:
        AddressRefused: If it is not http or https, has a user name in it, another port, or a host that is none.

    >>> str(read_url("HTTP://Example.com.:80/a b?q=ü#top"))
    'http://example.com/a%20b?q=%C3%BC'
    >>> read_url("http://0x7f.1/").host
    '127.0.0.1'
    """
    text = text.strip()
    if len(text) > MAX_URL_CHARACTERS:
        raise AddressRefused(f"The address has {len(text):,} characters; the limit is {MAX_URL_CHARACTERS:,}.")
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text) or re.match(r"[\w.-]+:\d", text):
        text = "https://" + text.removeprefix("//")
    scheme, _, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme not in DEFAULT_PORTS:
        raise AddressRefused(f"Only pages at http and https can be read, not {scheme[:20]!r}.")
    if not rest.startswith("//"):
        raise AddressRefused("That is no address of a page. Give it as https://host/path.")
    host_part = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    if _UNSAFE.search(host_part):
        raise AddressRefused("The host of that address holds a character that no host has.")
    if "@" in host_part:
        raise AddressRefused("Addresses with a user name or a password in them are not read.")
    try:
        parts = urlsplit(f"{scheme}:{rest}")
        port = parts.port if parts.port is not None else DEFAULT_PORTS[scheme]
    except ValueError as error:
        raise AddressRefused("That is no address of a page. Give it as https://host/path.") from error
    if port not in ports:
        known = ", ".join(map(str, sorted(ports)))
        raise AddressRefused(f"Pages are read at the ports {known} only, not at {port}.")
    host, address = _read_host(host_part)
    target = quote(parts.path or "/", safe=_PLAIN) + (f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else "")
    return WebURL(scheme, host, port, target, address)


def redirected(url: WebURL, location: str, ports: frozenset[int] = WEB_PORTS) -> WebURL:
    """Where a redirect leads to.

    Raises:
        AddressRefused: As `read_url`.
    """
    location = location.strip(" ").replace(" ", "%20")
    try:
        if _UNSAFE.search(location):
            raise ValueError("a control character, or a slash that leans back")
        joined = urljoin(str(url), location)
    except ValueError as error:
        raise AddressRefused("The page sends its readers on to something that is no address.") from error
    return read_url(joined, ports)


def _read_host(host_part: str) -> tuple[str, IPAddress | None]:
    """The host of an authority without a user name, in its one spelling."""
    if host_part.startswith("["):
        return _read_v6(host_part[1:].partition("]")[0])
    written = host_part.partition(":")[0]
    host = _in_ascii(written).removesuffix(".")
    labels = host.split(".")
    if _NUMBER.match(labels[-1]):
        address = _read_v4(labels)
        return str(address), address
    if not _HOST.match(host) or len(host) > 253:
        raise AddressRefused("That address names no host. Give it as https://host/path.")
    if len(labels) == 1 or f".{host}".endswith(_LOCAL_SUFFIXES):
        raise AddressRefused(f"{host} is the name of a machine in a local network: only public pages are read.")
    return host, None


def _read_v6(inside: str) -> tuple[str, IPAddress]:
    try:
        if "%" in inside:
            raise ValueError("a zone")
        address = ipaddress.IPv6Address(inside)
    except ValueError as error:
        raise AddressRefused("What stands in brackets is no IPv6 address, or one of a local network.") from error
    return str(address), address


def _in_ascii(host: str) -> str:
    """A host of any script as it is looked up."""
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise AddressRefused("That address names no host. Give it as https://host/path.") from error


def _read_v4(labels: list[str]) -> ipaddress.IPv4Address:
    """One to four numbers, decimal, octal or hexadecimal; the last one fills what is left of the 32 bits."""
    try:
        if len(labels) > 4:
            raise ValueError("too many parts")
        numbers = [_number(label) for label in labels]
        if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
            raise ValueError("too large")
    except ValueError as error:
        raise AddressRefused("The host of that address is a number, but no IPv4 address.") from error
    leading = sum(number << 8 * (3 - place) for place, number in enumerate(numbers[:-1]))
    return ipaddress.IPv4Address(leading + numbers[-1])


def _number(label: str) -> int:
    if len(label) > 40:
        raise ValueError("too long")
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8) if len(label) > 1 and label.startswith("0") else int(label)
