"""A request in, why it is refused before anybody looks at it out: another site's, another host's, or too long."""

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

from starlette.types import Message, Receive, Scope, Send

from model.settings import LOOPBACK_NAMES, Settings
from ui.access_identity import header

_READING = ("GET", "HEAD", "OPTIONS")
# An answer may name a picture anywhere in the world, or be a form that looks like a login; fetching the one would tell
# its host what the answer says, sending the other what the reader types.
PAGE_POLICY = (
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' data: blob:; "
    "frame-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'"
)
# What Gradio's launch takes for one file (100 MB), with the form around it.
MAX_UPLOAD_BYTES = 105_000_000


class TooLong(Exception):
    """The body of a request has grown past its limit."""


def host_refusal(scope: Scope, settings: Settings) -> str:
    """Why a request that names this host is not answered; "" where it is.

    An app on loopback without logins is safe because only this machine reaches it. A web page elsewhere can point a
    name of its own at 127.0.0.1 and have its reader's browser ask; such a request names that host.
    """
    if settings.has_logins or settings.is_hosted or not settings.is_loopback:
        return ""
    host = header(scope, b"host")
    try:
        name = (urlsplit(f"//{host}").hostname or "") if host.isascii() and " " not in host else "?"
    except ValueError:
        name = "?"
    known = {*LOOPBACK_NAMES, "", *(each.strip().lower() for each in settings.hosts.split(","))}
    if name in known or name.endswith(".localhost"):
        return ""
    return (
        "This app answers to this machine only, and the request names another host. Open it as http://localhost, or "
        "name the host in WORKINGS_HOSTS."
    )


def site_refusal(scope: Scope, path: str, settings: Settings) -> str:
    """Why a request that changes something is not done; "" where it is: it must come from our own page, or no page."""
    if scope["method"] in _READING and path != "/logout":
        return ""
    site = header(scope, b"sec-fetch-site")
    if site in ("same-origin", "none"):
        return ""
    origin = header(scope, b"origin")
    if not site and not origin:  # no browser
        return ""
    if site in ("", "same-site") and _is_own(scope, origin, settings):
        return ""
    if path == "/logout" and scope["method"] in _READING and not origin and site != "cross-site":
        return ""
    return "This request comes from another site's page, so nothing was done."


def is_of_another_page(scope: Scope, settings: Settings) -> bool:
    """Whether another site's page asks for something to read: then it asks as nobody, whatever cookies come along.

    Gradio lets pages of all sites read its answers. A link to here is no such request: what it opens is our own page.
    """
    origin, site = header(scope, b"origin"), header(scope, b"sec-fetch-site")
    if site in ("same-origin", "none"):
        return False
    is_link = header(scope, b"sec-fetch-mode") == "navigate"
    return (bool(origin) and not _is_own(scope, origin, settings)) or (bool(site) and not is_link)


def _is_own(scope: Scope, origin: str, settings: Settings) -> bool:
    """Whether an Origin names the host that was asked; a proxy that we trust says which that was."""
    scheme, _, host = origin.lower().partition("://")
    named = [b"host", b"x-forwarded-host"] if settings.trusted_proxy else [b"host"]
    return scheme in ("http", "https") and host in {header(scope, name).lower() for name in named} - {""}


def length_refusal(scope: Scope, limit: int) -> bool:
    """Whether a request says itself that it is too long, or says nothing that can be read."""
    said = header(scope, b"content-length")
    return bool(said) and (not said.isdigit() or int(said) > limit)


def counted(receive: Receive, limit: int) -> Receive:
    """The same body, but no more of it than so many bytes; then `TooLong`."""
    taken = 0

    async def receive_counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise TooLong
        return message

    return receive_counted


async def whole_body(receive: Receive) -> tuple[bytes, Receive]:
    """A body read to its end, and a `receive` that gives it once more."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b"".join(pieces), _once(message, receive)
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            body = b"".join(pieces)
            return body, _once({"type": "http.request", "body": body, "more_body": False}, receive)


def _once(first: Message, then: Receive) -> Receive:
    held: list[Message] = [first]

    async def receive() -> Message:
        return held.pop() if held else await then()

    return receive


def with_headers(
    send: Send,
    added: list[tuple[bytes, bytes]],
    seen: Callable[[Message], Awaitable[None]],
    statuses: Mapping[int, int] | None = None,
) -> Send:
    """`send` that adds headers where an answer has none of that name (cookies always), and shows each message first.

    Args:
        statuses: Those to be said instead of others.
    """

    async def send_more(message: Message) -> None:
        await seen(message)
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            more = [each for each in added if each[0] == b"set-cookie" or each[0] not in there]
            status = (statuses or {}).get(message["status"], message["status"])
            message = {**message, "status": status, "headers": [*message["headers"], *more]}
        await send(message)

    return send_more


def security_headers(settings: Settings, path: str) -> list[tuple[bytes, bytes]]:
    """What every answer says to browsers. A Space stands in a frame of huggingface.co, so that one may be framed."""
    policies = [*([PAGE_POLICY] if path == "/" else []), *([] if settings.is_hosted else ["frame-ancestors 'self'"])]
    policy = [(b"content-security-policy", "; ".join(policies).encode())] if policies else []
    return [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin"), *policy]
