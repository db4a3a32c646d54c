"""The text of a URL in, a page's bytes with what they are out: fetched within limits, from checked addresses only.

Nothing is kept between requests and nothing of the user is told: no cookies, no Referer, no login.
"""

import http.client
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from agent.web.connecting import CountedSocket, Dial, connect, dial, tls_context
from agent.web.failures import WebFailed
from agent.web.patience import Patience
from agent.web.resolving import Resolver, checked_addresses, system_resolver
from agent.web.unpacking import ACCEPTED, unpacked
from agent.web.urls import WEB_PORTS, WebURL, read_url, redirected

Kind = Literal["html", "text", "pdf"]

FETCH_SECONDS = 20.0
MAX_REDIRECTS = 5
# Of the body after unpacking, and as much again on the wire; a PDF is mostly pictures.
MAX_TEXT_BYTES = 4_000_000
MAX_PDF_BYTES = 20_000_000
_MAX_HEAD_BYTES = 256_000
_PIECE_BYTES = 1 << 16
_USER_AGENT = "Workings/0.1 (a reasoning app; reads pages that its user asks about)"
_REDIRECTS = (301, 302, 303, 307, 308)
_HTML_TYPES = ("text/html", "application/xhtml+xml")
_TEXT_TYPE = re.compile(
    r"text/[\w.+-]+|application/(?:[\w.-]+\+)?(?:json|xml|yaml)|"
    r"application/(?:x-)?(?:ndjson|jsonlines|yaml|toml|javascript|ecmascript|sql|sh|tex|latex|csv)"
)
# Servers that do not know what they have say one of these.
_UNKNOWN_TYPES = ("", "application/octet-stream", "binary/octet-stream")
_PDF_TYPES = ("application/pdf", "application/x-pdf")
_LOOKS_LIKE_HTML = re.compile(rb"\s*(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_STATUS_WORDS = {
    401: "asks for a login",
    402: "asks for money",
    403: "lets nobody in who asks like this",
    404: "does not exist",
    410: "does not exist any more",
    429: "has been asked too often; wait, or read another one",
    451: "may not be shown for legal reasons",
}


@dataclass(frozen=True, slots=True)
class Page:
    """What came of a URL.

    Args:
        url: Where it was found in the end.
        charset: As the server says; empty if it does not.
        content: Unpacked.
        is_cut: Whether there was more than the limit.
    """

    url: WebURL
    kind: Kind
    charset: str
    content: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches pages; any thread may call it.

    Args:
        resolve: Looks names up. What it says is checked, whatever it is.
        dialled: Connects to an address that was checked.
        ports: That may be connected to.
    """

    resolve: Resolver = system_resolver
    dialled: Dial = dial
    context: Callable[[], ssl.SSLContext] = tls_context
    ports: frozenset[int] = WEB_PORTS

    def fetch(self, text: str, patience: Patience) -> Page:
        """Fetch a page, following its redirects.

        Raises:
            AddressRefused: If it, or where it leads to, is not of the public web.
            WebFailed: If it cannot be had within the limits, or is no text.
        """
        url = read_url(text, self.ports)
        for _ in range(MAX_REDIRECTS + 1):
            found = self._fetch_once(url, patience)
            if isinstance(found, Page):
                return found
            url = found
        raise WebFailed(f"The page sends its readers on more than {MAX_REDIRECTS} times.")

    def _fetch_once(self, url: WebURL, patience: Patience) -> "Page | WebURL":
        """A page, or where it sends its readers on to."""
        addresses = checked_addresses(url, self.resolve, patience)
        connection = connect(url, addresses, self.dialled, self.context(), patience)
        counted = CountedSocket(connection, patience, MAX_PDF_BYTES + _MAX_HEAD_BYTES)
        try:
            counted.sendall(_request(url))
            response = http.client.HTTPResponse(counted, method="GET")  # type: ignore[arg-type]
            response.begin()
            location = response.headers.get("Location", "")
            if response.status in _REDIRECTS and location:
                return redirected(url, _as_written(location), self.ports)
            return _read_page(url, response)
        except http.client.HTTPException as error:
            raise WebFailed(f"What {url.origin} sends is no HTTP.") from error
        except OSError as error:
            raise WebFailed(f"The connection to {url.origin} broke off.") from error
        finally:
            counted.close()


def _request(url: WebURL) -> bytes:
    headers = {
        "Host": url.authority,
        "User-Agent": _USER_AGENT,
        "Accept": "text/html,application/xhtml+xml,text/*;q=0.9,application/json;q=0.9,application/pdf;q=0.8,*/*;q=0.1",
        "Accept-Encoding": ACCEPTED,
        "Accept-Language": "en,*;q=0.5",
        "Connection": "close",
    }
    lines = [f"GET {url.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


def _as_written(location: str) -> str:
    """A header in UTF-8, which `http.client` reads as if it were in Latin-1."""
    try:
        return location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return location


def _read_page(url: WebURL, response: http.client.HTTPResponse) -> Page:
    status = response.status
    if not 200 <= status < 300:
        words = _STATUS_WORDS.get(status, "cannot be had now" if status >= 500 else "cannot be had")
        raise WebFailed(f"The page {words} (HTTP status {status}).")
    media_type = response.headers.get_content_type() if "Content-Type" in response.headers else ""
    charset = response.headers.get_content_charset("") or ""
    if not _may_be_text(media_type):
        raise WebFailed(f"The page is {_shown_type(media_type)} and no text: only text and PDF files can be read.")
    is_pdf = media_type in _PDF_TYPES or media_type in _UNKNOWN_TYPES
    encoding = response.headers.get("Content-Encoding", "")
    body = _Body(response)
    content, is_cut = unpacked(body, encoding, MAX_PDF_BYTES if is_pdf else MAX_TEXT_BYTES)
    page = Page(url, _kind(media_type, content), charset, content, is_cut or body.broke_off)
    if page.kind != "pdf":
        return replace(page, content=content[:MAX_TEXT_BYTES], is_cut=page.is_cut or len(content) > MAX_TEXT_BYTES)
    if page.is_cut:
        raise WebFailed(f"The PDF file broke off, or is larger than {MAX_PDF_BYTES / 1e6:.0f} MB: it cannot be read.")
    return page


class _Body:
    """The body of a response, in pieces as they come; one that breaks off ends there."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.broke_off = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            while piece := self._response.read(_PIECE_BYTES):
                yield piece
            # What is left of the announced length.
            self.broke_off = bool(self._response.length)
        except http.client.IncompleteRead as error:
            self.broke_off = True
            yield error.partial


def _may_be_text(media_type: str) -> bool:
    known = _TEXT_TYPE.fullmatch(media_type) is not None
    return known or media_type in (*_HTML_TYPES, *_UNKNOWN_TYPES, *_PDF_TYPES)


def _shown_type(media_type: str) -> str:
    """What a server calls its file, in words of ours."""
    names = {"image": "a picture", "audio": "a sound", "video": "a video", "font": "a font"}
    return names.get(media_type.partition("/")[0], "a file of data")


def _kind(media_type: str, content: bytes) -> Kind:
    """What the bytes are, as they begin; the server's word for it where they may be more than one thing.

    Raises:
        WebFailed: If they are neither text nor PDF.
    """
    if b"%PDF-" in content[:1024] and media_type in (*_PDF_TYPES, *_UNKNOWN_TYPES):
        return "pdf"
    if media_type in _PDF_TYPES:
        raise WebFailed("The file is called a PDF, and is none.")
    is_wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if b"\x00" in content[:4096] and not is_wide:
        raise WebFailed("The page is a file of data and no text: only text and PDF files can be read.")
    if media_type in _HTML_TYPES or (media_type in _UNKNOWN_TYPES and _LOOKS_LIKE_HTML.match(content)):
        return "html"
    return "text"
