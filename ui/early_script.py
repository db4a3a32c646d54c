"""The server's answers in, the page's document with a script before Gradio's own out.

What `launch(head=...)` takes reaches the page when Gradio's scripts run already.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio's own scripts begin here.
_FIRST_MODULE = b'<script type="module"'


class EarlyScript:
    """Middleware that writes `script` into the document at "/"; everything else passes as it is."""

    def __init__(self, app: ASGIApp, script: str) -> None:
        self._app = app
        self._script = f"<script>{script}</script>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def send_with_script(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if start is not None:
                # The template comes as one body; its length stands in the start.
                body = message.get("body", b"")
                message["body"] = body.replace(_FIRST_MODULE, self._script + _FIRST_MODULE, 1)
                await send(_longer(start, len(message["body"]) - len(body)))
                start = None
            await send(message)

        await self._app(scope, receive, send_with_script)


def _longer(start: Message, n_bytes: int) -> Message:
    """The start of an answer whose body has become so many bytes longer."""
    headers = [
        (name, str(int(value) + n_bytes).encode() if name.lower() == b"content-length" else value)
        for name, value in start["headers"]
    ]
    return {**start, "headers": headers}
