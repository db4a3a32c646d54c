"""A request's path in, what it takes to get there out: open to all, for those who are logged in, or closed.

A path that is not listed here needs a login. Add paths that must answer without one to `OPEN`.
"""

import re

# Answered without a login: nothing of any user's is behind them.
OPEN = (
    "/login",
    "/logout",
    "/login/huggingface",
    "/login/callback",
    "/healthz",
    "/readyz",
    "/metrics",  # which has a look of its own
    "/favicon.ico",
    "/robots.txt",
    "/manifest.json",
    "/theme.css",
    "/gradio_api/theme.css",
    "/gradio_api/startup-events",
    "/gradio_api/login_check",
    "/gradio_api/app_id",
)
OPEN_FOLDERS = ("/static/", "/assets/", "/svelte/", "/pwa_icon")

# What Gradio brings along and this page has no use for. Each reads or writes something that has no owner: components of
# any session by a link, addresses of other hosts, the app's source.
CLOSED = re.compile(
    r"/gradio_api/(deep_link|proxy=|dev/|vibe|undo-vibe|custom_component|run-history|runs(/|$)|stream/|token|profiling|process_recording|file=\w+:/)"
    r"|/monitoring|/openapi\.json|/docs|/redoc"
)

COMPONENT_SERVER = "/gradio_api/component_server"
UPLOAD = "/gradio_api/upload"
FILES = re.compile(r"/gradio_api/file(=|/)(?P<path>.*)", re.DOTALL)
# Where a body names the session that it is for.
NAMES_SESSION = re.compile(r"/gradio_api/(queue/join|cancel|reset|component_server|(run|api|call)/.+?)/?")
CALL = re.compile(r"/gradio_api/(run|api)/")
HEARTBEAT = re.compile(r"/gradio_api/heartbeat/(?P<session>[^/]+)/?")
EVENT = re.compile(r"/gradio_api/call/(v2/)?[^/]+/(?P<event>[^/]+)/?")


def plain_path(path: str) -> str:
    """The path as it is looked up: without a last slash, and with single ones.

    >>> plain_path("//login//")
    '/login'
    """
    return re.sub(r"/+", "/", path).rstrip("/") or "/"


def is_open(path: str) -> bool:
    """Whether it is answered without a login.

    >>> is_open("/login"), is_open("/static/a.css"), is_open("/config"), is_open("/static/../config")
    (True, True, False, False)
    """
    return ".." not in path and (path in OPEN or path.startswith(OPEN_FOLDERS))


def is_closed(path: str) -> bool:
    """Whether it is answered for nobody.

    >>> is_closed("/gradio_api/proxy=http://a"), is_closed("/gradio_api/file=http://a"), is_closed("/gradio_api/upload")
    (True, True, False)
    """
    return CLOSED.match(path) is not None
