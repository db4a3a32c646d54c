"""Every request to the app in; refused, led to the login, or handed on in the name of whoever sends it, out.

One middleware before all routes, Gradio's and ours: what it does not know to be open takes a login, so a route that is
added later is closed until it is listed. It says who acts (`model.acting`) for as long as the request lasts; what
Gradio's queue runs later is done in the same name by `ui.access_page`.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from urllib.parse import parse_qs, quote

from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.acting import NOBODY, Actor, acting_as
from model.settings import Settings
from ui import access_paths as paths
from ui.access_claims import Claims, plain_file
from ui.access_identity import Identity, UserLogins, Visitors, header, name_and_password, visitor_of_session
from ui.access_login import LoginPages
from ui.access_requests import (
    MAX_UPLOAD_BYTES,
    TooLong,
    counted,
    host_refusal,
    is_of_another_page,
    length_refusal,
    security_headers,
    site_refusal,
    whole_body,
    with_headers,
)

# Of a scope: who sends the request, for whoever handles it later.
ACTOR = "workings.actor"
_NOT_YOURS = "There is no such session, event or file. It is over, or it is another user's."

_NOT_UNDERSTOOD = (LookupError, TypeError, ValueError, AttributeError, RecursionError)

log = logging.getLogger(__name__)


class Access:
    """The middleware.

    Args:
        identity: Tells who sends a request; None where nobody is told apart.
        claims: Whose sessions, events and files are whose; shared with the page.
        session_of: The queue's session of an event that it knows.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        identity: Identity | None,
        claims: Claims,
        session_of: Callable[[str], str],
    ) -> None:
        self._app, self._settings, self._identity, self._claims = app, settings, identity, claims
        self._session_of = session_of
        self._pages = LoginPages(settings, identity)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            # What is started with the app acts for nobody, where somebody has to act. There are no websockets here.
            if scope["type"] == "lifespan":
                with acting_as(NOBODY if self._identity else None):
                    await self._app(scope, receive, send)
            return
        path = paths.plain_path(scope["path"])
        scope["path"] = "/" + scope["path"].lstrip("/")
        limit = MAX_UPLOAD_BYTES if path == paths.UPLOAD else self._settings.max_body_bytes
        has_begun = False

        async def seen(message: Message) -> None:
            nonlocal has_begun
            has_begun = True

        # Gradio says 500 to every error of a function that is called without the queue, be it a wrong argument.
        is_call = paths.CALL.match(path) is not None
        told = with_headers(send, security_headers(self._settings, path), seen, {500: 422} if is_call else {})
        try:
            refused = self._refusal(scope, path, limit)
            if refused is not None:
                await refused(scope, receive, told)
                return
            await self._answer(scope, path, counted(receive, limit), told)
        except TooLong:
            if not has_begun:
                await _too_long(limit)(scope, receive, told)
        except _NOT_UNDERSTOOD as error:
            # Gradio's routes take what they are sent on trust: an unknown name or a list for a text ends there.
            if has_begun:
                raise
            log.warning("%s %s could not be understood: %s", scope["method"], path, type(error).__name__)
            words = "The request cannot be understood: what it names is not there, or has another form."
            is_asking = scope["method"] in ("GET", "HEAD")
            await JSONResponse({"detail": words}, 404 if is_asking else 422)(scope, receive, told)

    def _refusal(self, scope: Scope, path: str, limit: int) -> Response | None:
        if words := host_refusal(scope, self._settings):
            return PlainTextResponse(words, 421)
        if paths.is_closed(path) or "\0" in path:
            return JSONResponse({"detail": "Not Found"}, 404)
        if words := site_refusal(scope, path, self._settings):
            return JSONResponse({"detail": words}, 403)
        if path == paths.COMPONENT_SERVER and header(scope, b"content-type").startswith("multipart/"):
            # No part of the page sends forms there, and whose session they name would have to be read out of them.
            return JSONResponse({"detail": "Send JSON."}, 415)
        return _too_long(limit) if length_refusal(scope, limit) else None

    async def _answer(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        """Hand the request on in the name of whoever sends it."""
        actor = await self._actor(scope)
        if self._identity is None:
            await self._app(scope, receive, send)
            return
        response = await self._pages.response(scope, path, receive, actor)
        if response is not None:
            await response(scope, receive, send)
            return
        if actor is None and self._identity.needs_login:
            if not paths.is_open(path):
                await self._not_logged_in(scope, path)(scope, receive, send)
                return
            actor = NOBODY
        if isinstance(self._identity, Visitors) and actor is None and path == "/":
            token = self._identity.new_token()
            send = with_headers(send, [self._pages.cookie(scope, self._identity.cookie, token)], _unseen)
        await self._as(actor, scope, path, receive, send)

    async def _as(self, actor: Actor | None, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        """Let the request through, if the session, event or file that it names is theirs.

        Args:
            actor: None for a visitor whose browser keeps no cookies: then the session that it names says who it is.
        """
        session, event, receive = await _named_session(scope, path, receive)
        if actor is None and session:
            actor = visitor_of_session(session)
        if actor != NOBODY and not self._may(actor, scope, path, session, event):
            await JSONResponse({"detail": _NOT_YOURS}, 404)(scope, receive, send)
            return
        scope[ACTOR] = actor or NOBODY

        if path == paths.UPLOAD and actor is not None:
            send = self._claiming_uploads(send, actor)
        if (upload := _query(scope, "upload_id")) and actor is not None and path == paths.UPLOAD:
            self._claims.claim("upload", upload, actor.owner)

        async def seen(message: Message) -> None:
            if message["type"] == "http.response.start" and actor is not None:
                for name, value in message["headers"]:
                    if name.lower() == b"mcp-session-id":
                        self._claims.claim("mcp", value.decode("latin-1"), actor.owner)

        with acting_as(actor or NOBODY):
            await self._app(scope, receive, with_headers(send, [], seen))

    def _may(self, actor: Actor | None, scope: Scope, path: str, session: str, event: str) -> bool:
        owner = actor.owner if actor else ""
        if session and actor and not self._claims.claim("session", session, owner):
            return False
        if (found := paths.EVENT.fullmatch(path)) and scope["method"] == "GET":
            event = found["event"]
            if not self._claims.is_open_to("session", self._session_of(event), owner):
                return False
        if event and not self._claims.is_open_to("event", event, owner):
            return False
        if (asked := paths.FILES.fullmatch(scope["path"])) and actor is not None and self._is_held(asked["path"]):
            return self._claims.is_open_to("file", plain_file(asked["path"]), owner)
        if path == "/gradio_api/upload_progress":
            return self._claims.is_open_to("upload", _query(scope, "upload_id"), owner)
        return self._claims.is_open_to("mcp", header(scope, b"mcp-session-id") or "-", owner)

    def _is_held(self, path: str) -> bool:
        """Whether a path lies where uploads and downloads are kept; others are Gradio's to refuse."""
        from gradio.utils import get_upload_folder

        return plain_file(path).startswith(plain_file(get_upload_folder()))

    def _claiming_uploads(self, send: Send, actor: Actor) -> Send:
        """`send` that notes whose files an answer to an upload names."""
        pieces: list[bytes] = []

        async def claiming(message: Message) -> None:
            if message["type"] == "http.response.body":
                pieces.append(message.get("body", b""))
                if not message.get("more_body"):
                    for path in _listed(b"".join(pieces)):
                        self._claims.claim("file", plain_file(path), actor.owner)
            await send(message)

        return claiming

    async def _actor(self, scope: Scope) -> Actor | None:
        if self._identity is None or is_of_another_page(scope, self._settings):
            return None
        actor = await asyncio.to_thread(self._identity.actor, scope)
        basic = header(scope, b"authorization") or header(scope, b"x-hf-authorization")
        if actor is None and basic and isinstance(self._identity, UserLogins):
            given = name_and_password(basic)
            return await self._pages.by_password(basic, *given, scope) if given else None
        return actor

    def _not_logged_in(self, scope: Scope, path: str) -> Response:
        if scope["method"] in ("GET", "HEAD") and path == "/" and "text/html" in header(scope, b"accept"):
            query = scope["query_string"].decode("latin-1")
            back = f"?next={quote('/?' + query, safe='')}" if query else ""
            return RedirectResponse(f"{self._pages.root}/login{back}", 303)
        words = "Log in first: this app is for its users. Scripts: Client(address, auth=(name, password))."
        return JSONResponse({"detail": words}, 401)


async def _unseen(_: Message) -> None:
    return None


def _too_long(limit: int) -> Response:
    words = f"The request is longer than {limit:,} bytes, the limit. Send less, or raise WORKINGS_BODY_BYTES."
    return JSONResponse({"detail": words}, 413, headers={"connection": "close"})


def _query(scope: Scope, name: str) -> str:
    query: str = scope["query_string"].decode("latin-1")
    return parse_qs(query).get(name, [""])[-1]


async def _named_session(scope: Scope, path: str, receive: Receive) -> tuple[str, str, Receive]:
    """The queue's session, and its event, that a request names in its path, query or body; "" where it names none."""
    if found := paths.HEARTBEAT.fullmatch(path):
        return found["session"], "", receive
    if scope["method"] != "POST" or not paths.NAMES_SESSION.fullmatch(path):
        return _query(scope, "session_hash"), "", receive
    body, receive = await whole_body(receive)
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return "", "", receive
    named = [given.get(name) if isinstance(given, dict) else None for name in ("session_hash", "event_id")]
    session, event = (each if isinstance(each, str) else "" for each in named)
    return session, event, receive


def _listed(body: bytes) -> list[str]:
    try:
        found = json.loads(body)
    except ValueError:
        return []
    return [path for path in found if isinstance(path, str)] if isinstance(found, list) else []
