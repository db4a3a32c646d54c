"""A request's cookies and headers in, who sends it out: a user of the user file, of the Hub, or a visitor."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from typing import Any, Protocol

from starlette.requests import cookie_parser
from starlette.types import Scope

from model.acting import Actor
from model.errors import BadInput
from model.settings import Settings
from ui.access_sessions import VISITOR_SECONDS, Sessions
from ui.user_file import User, Users, plain_user_name

# A password that came with a request (curl -u) is hashed once in so many seconds.
_KNOWN_SECONDS, _MOST_KNOWN = 60.0, 200


def header(scope: Scope, name: bytes) -> str:
    """A header of a request; "" where it has none. Several are one, apart by commas."""
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def cookies(scope: Scope) -> dict[str, str]:
    """The cookies of a request."""
    return cookie_parser("; ".join(v.decode("latin-1") for key, v in scope["headers"] if key == b"cookie"))


class Identity(Protocol):
    """Tells who sends a request."""

    needs_login: bool

    def actor(self, scope: Scope) -> Actor | None:
        """Who it is; None where that is not known. May hash a password: call it in a thread."""
        ...


class UserLogins:
    """The users of a user file: by the cookie that a login gave, or name and password in every request (HTTP Basic)."""

    needs_login = True

    def __init__(self, users: Users, sessions: Sessions) -> None:
        self.users, self.sessions = users, sessions
        self.cookie = f"workings-login-{sessions.suffix}"
        self._salt = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, tuple[str, float]] = OrderedDict()

    def actor(self, scope: Scope) -> Actor | None:
        token = cookies(scope).get(self.cookie, "")
        user = self.users.find(self.sessions.name_of(token)) if token else None
        if user is not None and self.sessions.is_valid(token, str(user.password)):
            return _actor_of(user)
        return None

    def new_token(self, user: User) -> str:
        """A session of somebody who has logged in; a new password ends it."""
        return self.sessions.token(user.name, str(user.password))

    def remember(self, basic: str, user: User) -> None:
        """This header holds their name and password."""
        with self._lock:
            self._known[self._mark(basic, user)] = (user.name, time.monotonic() + _KNOWN_SECONDS)
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)

    def remembered(self, basic: str, name: str) -> Actor | None:
        """Whose name and password a header holds that came lately."""
        user = self.users.find(name)
        if user is None:
            return None
        with self._lock:
            _, until = self._known.get(self._mark(basic, user), ("", 0.0))
        return _actor_of(user) if time.monotonic() < until else None

    def _mark(self, basic: str, user: User) -> bytes:
        return hmac.new(self._salt, f"{basic}\0{user.password}".encode(), hashlib.sha256).digest()


def _actor_of(user: User) -> Actor:
    return Actor(f"user:{user.name}", user.is_admin)


def name_and_password(basic: str) -> tuple[str, str] | None:
    """What an `Authorization: Basic` header holds; None where it is none."""
    kind, _, written = basic.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(written, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


class HubLogins:
    """Hugging Face users, by the session that Gradio's sign-in (`gr.LoginButton`) keeps in a signed cookie.

    Args:
        allowed: Users and organisations who may sign in, apart by commas; empty for all.
        admins: Users who may do what concerns all.
    """

    def __init__(self, allowed: str = "", admins: str = "", *, needs_login: bool = True) -> None:
        self.needs_login = needs_login
        self._allowed, self._admins = _names(allowed), _names(admins)

    def actor(self, scope: Scope) -> Actor | None:
        about = self.signed_in(scope)
        name = str(about.get("preferred_username") or "")
        if not name or not self._is_allowed(about):
            return None
        return Actor(f"hf:{name}", name.casefold() in self._admins)

    def signed_in(self, scope: Scope) -> dict[str, Any]:
        """What the Hub says of whoever has signed in, allowed or not; empty where nobody has."""
        kept = scope.get("session", {}).get("oauth_info")
        if not isinstance(kept, dict) or not isinstance(kept.get("userinfo"), dict):
            return {}
        ends_at = kept.get("expires_at")
        is_over = isinstance(ends_at, int | float) and ends_at < time.time()
        return {} if is_over else kept["userinfo"]

    def _is_allowed(self, about: dict[str, Any]) -> bool:
        groups = about.get("orgs")
        orgs = [each for each in groups if isinstance(each, dict)] if isinstance(groups, list) else []
        names = {str(about.get("preferred_username")).casefold()}
        names |= {
            str(each.get(key)).casefold() for each in orgs for key in ("preferred_username", "name") if each.get(key)
        }
        return not self._allowed or bool(names & self._allowed)


def hub_token(scope: Scope, actor: Actor | None) -> str:
    """The Hub's token of whoever has signed in there, for inference providers asked in their name; else empty."""
    if actor is None or not actor.owner.startswith("hf:"):
        return ""
    kept = scope.get("session", {}).get("oauth_info")
    return str(kept.get("access_token") or "") if isinstance(kept, dict) else ""


def _names(listed: str) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in listed.split(",") if name.strip())


class Visitors:
    """Visitors without a login: browsers are told apart by a signed cookie, who has signed in at the Hub by name."""

    needs_login = False

    def __init__(self, sessions: Sessions, hub: HubLogins) -> None:
        self.sessions, self._hub = sessions, hub
        self.cookie = f"workings-visitor-{sessions.suffix}"

    def actor(self, scope: Scope) -> Actor | None:
        signed_in = self._hub.actor(scope)
        if signed_in is not None:
            return signed_in
        token = cookies(scope).get(self.cookie, "")
        return Actor(f"visitor:{self.sessions.name_of(token)}") if self.sessions.is_valid(token) else None

    def new_token(self) -> str:
        """A cookie for a browser that has none."""
        return self.sessions.token(secrets.token_urlsafe(16), seconds=VISITOR_SECONDS)


def visitor_of_session(session_hash: str) -> Actor:
    """A visitor whose browser keeps no cookies (the app stands in another site's frame): this page's own.

    The hash is made by the page and known to it alone.
    """
    return Actor(f"visitor:page-{hashlib.sha256(session_hash.encode('utf-8', 'replace')).hexdigest()[:32]}")


def identity_of(settings: Settings, has_sign_in: bool) -> Identity | None:
    """How those who use an app are told apart; None where they are not.

    Args:
        has_sign_in: Whether the Hub's sign-in is to be had (a Space with `hf_oauth: true`).

    Raises:
        BadInput: If logins are asked for that cannot be.
    """
    match settings.auth:
        case "users":
            if settings.users_file is None:
                raise BadInput(
                    "Logins by a user file were asked for, and no file was named. Give --users FILE or WORKINGS_USERS."
                )
            return UserLogins(Users(settings.users_file), Sessions(settings.data_folder))
        case "huggingface":
            if not settings.is_hosted:
                raise BadInput(
                    "Sign-in with Hugging Face works on a Space only, and this is none. Use --users FILE here."
                )
            if not has_sign_in:
                raise BadInput(
                    "This Space has no sign-in with Hugging Face. Add `hf_oauth: true` to the block at the top of "
                    "README.md, or leave WORKINGS_AUTH out."
                )
            return HubLogins(settings.allowed, settings.admins)
    if settings.is_hosted:
        return Visitors(Sessions(settings.data_folder), HubLogins(admins=settings.admins, needs_login=False))
    return None


def known_name(name: str) -> str:
    """A user name as throttling counts it."""
    try:
        return plain_user_name(name)
    except BadInput:
        return name[:64]
