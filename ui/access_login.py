"""Requests to log in and out in, the page for it and its answers out: a form for people, JSON for scripts."""

import asyncio
import html
import os
import re
import sys
from urllib.parse import parse_qs, quote, urlsplit

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope

from model.acting import Actor
from model.settings import Settings
from ui.access_identity import HubLogins, Identity, UserLogins, cookies, header, known_name
from ui.access_requests import whole_body
from ui.access_sessions import SESSION_SECONDS, VISITOR_SECONDS
from ui.access_throttle import Throttle
from ui.parts import ASSETS
from ui.user_file import User
from ui.words import CHINESE

_MOST_FORM_BYTES = 20_000
# What the page says; it names them in double brackets.
_WORDS = (
    "A reasoning model that shows its working. Log in to go on.",
    "Log in",
    "Name",
    "Password",
    "Sign in with Hugging Face",
)
_WRONG = "This name and password do not belong together."
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none'"


class LoginPages:
    """What is answered at `/login` and `/logout`, and how passwords are checked: with patience for nobody.

    Args:
        identity: Who may log in; None where there are no logins.
    """

    def __init__(self, settings: Settings, identity: Identity | None) -> None:
        self._settings, self._identity = settings, identity
        self._throttle = Throttle()
        # Where a reverse proxy has put the app, as Gradio is told.
        self.root = urlsplit(os.environ.get("GRADIO_ROOT_PATH", "")).path.rstrip("/")
        self._markup = (ASSETS / "login.html").read_text("utf-8")

    async def response(self, scope: Scope, path: str, receive: Receive, actor: Actor | None) -> Response | None:
        """The answer, if the request is for here."""
        users = self._identity if isinstance(self._identity, UserLogins) else None
        if path == "/logout" and users is not None:
            return await asyncio.to_thread(self._log_out, scope, users)
        if path != "/login" or not self._identity or not self._identity.needs_login:
            return None
        if scope["method"] == "POST" and users is not None:
            return await self._log_in(scope, receive, users)
        if scope["method"] in ("GET", "HEAD"):
            return self._page(scope, target=_target(_first(parse_qs(scope["query_string"].decode("latin-1")), "next")))
        return JSONResponse({"detail": "Method Not Allowed"}, 405)

    async def by_password(self, basic: str, name: str, password: str, scope: Scope) -> Actor | None:
        """Who sends name and password with every request; a wrong one counts like a failed login."""
        assert isinstance(self._identity, UserLogins)
        if (known := self._identity.remembered(basic, name)) is not None:
            return known
        user, _ = await self._checked(self._identity, name, password, scope)
        if user is None:
            return None
        self._identity.remember(basic, user)
        return self._identity.remembered(basic, name)

    def cookie(self, scope: Scope, name: str, token: str) -> tuple[bytes, bytes]:
        """The header that gives a browser a cookie; an empty token takes it away."""
        seconds = (VISITOR_SECONDS if "visitor" in name else SESSION_SECONDS) if token else 0
        parts = [f"{name}={token}", "HttpOnly", f"Path={self.root or '/'}", f"Max-Age={seconds}"]
        if self._settings.is_hosted:
            # A Space stands in a frame of another site; the cookie is kept apart for it.
            parts += ["SameSite=None", "Secure", "Partitioned"]
        else:
            parts += ["SameSite=Lax", *(["Secure"] if _is_https(scope) else [])]
        return b"set-cookie", "; ".join(parts).encode()

    async def _checked(self, users: UserLogins, name: str, password: str, scope: Scope) -> tuple[User | None, float]:
        """The user whose password it is, or None; and how long the next try has to wait, if this one was not made."""
        address, by_name = _address(scope, self._settings), known_name(name)
        wait = self._throttle.wait_seconds(by_name, address)
        if wait > 0:
            return None, wait
        user = await asyncio.to_thread(users.users.check, name, password)
        if user is not None:
            self._throttle.forgive(by_name, address)
        else:
            sys.stderr.write(f"Failed login: {by_name!r} from {address}\n")
        return user, 0.0

    async def _log_in(self, scope: Scope, receive: Receive, users: UserLogins) -> Response:
        body, _ = await whole_body(receive)
        form = parse_qs(body[:_MOST_FORM_BYTES].decode("utf-8", "replace"), keep_blank_values=True)
        name, password, target = (_first(form, each) for each in ("username", "password", "next"))
        user, wait = await self._checked(users, name, password, scope)
        is_page = "text/html" in header(scope, b"accept")
        if user is None:
            minutes = max(1, round(wait / 60))
            words = f"Too many failed logins. Try again in {minutes} min." if wait else _WRONG
            status = 429 if wait else 401
            more = {"retry-after": str(int(wait) + 1)} if wait else {}
            if not is_page:
                return JSONResponse({"detail": words}, status, headers=more)
            return self._page(scope, target=_target(target), problem=words, name=name, status=status, more=more)
        answer: Response = JSONResponse({"success": True})
        if is_page:
            answer = RedirectResponse(self.root + _target(target), 303)
        answer.raw_headers.append(self.cookie(scope, users.cookie, users.new_token(user)))
        return answer

    def _log_out(self, scope: Scope, users: UserLogins) -> Response:
        if token := cookies(scope).get(users.cookie):
            users.sessions.end(token)
        answer = RedirectResponse(f"{self.root}/login", 303)
        answer.raw_headers.append(self.cookie(scope, users.cookie, ""))
        return answer

    def _page(
        self,
        scope: Scope,
        *,
        target: str,
        problem: str = "",
        name: str = "",
        status: int = 200,
        more: dict[str, str] | None = None,
    ) -> Response:
        is_hub = isinstance(self._identity, HubLogins)
        if isinstance(self._identity, HubLogins) and (about := self._identity.signed_in(scope)):
            signed_in = str(about.get("preferred_username"))
            problem = f"{signed_in} is not on the list of those who may use this app. Ask whoever runs it."
        page = self._markup
        for words in _WORDS:
            page = page.replace(f"[[{words}]]", html.escape(_said(words, scope)))
        values = {
            "kind": "hub" if is_hub else "users",
            "action": f"{self.root}/login",
            "sign-in": f"{self.root}/login/huggingface?_target_url={quote(target, safe='')}",
            "next": target,
            "name": name,
            "focus-name": "" if name else "autofocus",
            "focus-password": "autofocus" if name else "",
            "problem": _said(problem, scope),
            "language": "zh" if _is_chinese(scope) else "en",
        }
        for key, value in values.items():
            page = page.replace("{{" + key + "}}", html.escape(value))
        headers = {"content-security-policy": f"{_POLICY}; frame-ancestors 'self'", "cache-control": "no-store"}
        if self._settings.is_hosted:
            headers["content-security-policy"] = _POLICY
        return HTMLResponse(page, status, headers=headers | (more or {}))


def _target(asked: str) -> str:
    r"""Where to go after the login: a place of ours, whatever was asked for.

    >>> _target("/?run=a"), _target("//evil.example"), _target("https://evil.example/"), _target("/\\evil.example")
    ('/?run=a', '/', '/', '/')
    """
    is_ours = asked.startswith("/?") and asked.isprintable() and "\\" not in asked
    return asked if is_ours else "/"


def _first(form: dict[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


def _is_https(scope: Scope) -> bool:
    return scope["scheme"] == "https" or header(scope, b"x-forwarded-proto").split(",")[-1].strip() == "https"


def _address(scope: Scope, settings: Settings) -> str:
    """Who asks, for counting: the peer; on a Space, and behind a trusted proxy, whoever that one names."""
    if settings.is_hosted and (forwarded := header(scope, b"x-forwarded-for")):
        return forwarded.split(",")[-1].strip()[:64]
    return scope["client"][0] if scope.get("client") else "unknown"


def _is_chinese(scope: Scope) -> bool:
    return header(scope, b"accept-language").lower().startswith("zh")


def _said(words: str, scope: Scope) -> str:
    """Words in the reader's language."""
    if not _is_chinese(scope):
        return words
    if found := re.fullmatch(r"Too many failed logins\. Try again in (\d+) min\.", words):
        return f"登录失败次数过多，请在 {found[1]} 分钟后再试。"
    return CHINESE.get(words, words)
