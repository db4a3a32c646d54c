"""The server's answers in, the page's document with what must be there before Gradio's own scripts out.

What `launch(head=...)` takes reaches the page when those run already; and until they have built the page, a second on a
slow machine, it shows nothing.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's own scripts begin here.
_FIRST_MODULE = b'<script type="module"'
_BODY = re.compile(rb"<body\b[^>]*>")

# The query of the address in, what the body begins with out.
FirstMarkup = Callable[[str], Coroutine[Any, Any, str]]


class EarlyDocument:
    """Middleware that writes into the document at "/"; everything else passes as it is.

    Args:
        script: Runs before the first script of Gradio's.
        first_markup: Makes what the body begins with; it has to be safe.
    """

    def __init__(self, app: ASGIApp, script: str, first_markup: FirstMarkup) -> None:
        self._app = app
        self._script = f"<script>{script}</script>".encode()
        self._first_markup = first_markup

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        first = (await self._first_markup(scope["query_string"].decode("latin-1"))).encode()
        start: Message | None = None

        async def send_with_parts(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                # The template comes as one body; its length stands in the start.
                body = message.get("body", b"")
                message["body"] = self._with_parts(body, first)
                await send(_longer(start, len(message["body"]) - len(body)))
                start = None
            await send(message)

        await self._app(scope, receive, send_with_parts)

    def _with_parts(self, document: bytes, first: bytes) -> bytes:
        scripted = document.replace(_FIRST_MODULE, self._script + _FIRST_MODULE, 1)
        return _BODY.sub(lambda body: body[0] + first, scripted, count=1) if first else scripted


def _longer(start: Message, n_bytes: int) -> Message:
    """The start of an answer whose body has become so many bytes longer."""
    headers = [
        (name, str(int(value) + n_bytes).encode() if name.lower() == b"content-length" else value)
        for name, value in start["headers"]
    ]
    return {**start, "headers": headers}
