"""Five tools in, an MCP server over streamable HTTP out: lists them, runs calls, tells meanwhile how far they are.

Gradio has such a server, too. It offers every endpoint, gives results as the repr of a Python dict, tells no more on
the way than "Processing", and lets a run go on when the client that asked for it has gone.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import gradio as gr
import mcp.types as types
from anyio import BrokenResourceError, ClosedResourceError
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from mcp.shared.context import RequestContext
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from model.acting import acting_as
from model.errors import AppError, BadInput
from model.settings import Settings
from ui.access import ACTOR
from ui.deltas import Delta
from ui.served_tools import ServedTool, served_tools

PATH = "/gradio_api/mcp"  # where MCP clients that know Gradio look for it

_NOTE_SECONDS = 1.0
# Clients keep a session open as long as they run, and ask seldom.
_IDLE_SECONDS, _MOST_SESSIONS = 24 * 3600.0, 1_000
_ABOUT = (
    "A reasoning model on its owner's machine, and checks that need no model: solve_math and solve_code work a problem "
    "out and check the answer, think gives a second opinion; verify_math and run_tests check what you have. The first "
    "three can take minutes: give them a long time-out."
)
_HELLO = (
    "This is an MCP server (streamable HTTP). Give this address to an MCP client:\n\n    {url}\n\nIts tools: {names}.\n"
)
# Of a request: set once nothing can be sent to its client any more.
_ANSWERED = "workings.answered"
_LOCAL_NAMES = ("127.0.0.1", "localhost", "[::1]")

log = logging.getLogger(__name__)


class McpServer:
    """The MCP server: routes for the web app, and what must run as long as that does.

    Args:
        tools: What it offers.
        is_local: Whether only this machine is served: then requests that name another host are refused, so that no
            web page can reach the tools through a name of its own.
    """

    def __init__(self, tools: Sequence[ServedTool], *, is_local: bool) -> None:
        self._tools = {tool.name: tool for tool in tools}
        self._server: Server[Any, Any] = Server("Workings", instructions=_ABOUT)
        self._server.request_handlers[types.ListToolsRequest] = self._list
        self._server.request_handlers[types.CallToolRequest] = self._call
        self._working: set[asyncio.Task[str]] = set()
        self._security = _security(is_local)
        self._sessions = self._new_sessions()
        self.routes = [Route(path, self) for path in (PATH, f"{PATH}/")]

    def _new_sessions(self) -> StreamableHTTPSessionManager:
        return StreamableHTTPSessionManager(
            self._server,
            security_settings=self._security,
            session_idle_timeout=_IDLE_SECONDS,
            max_sessions=_MOST_SESSIONS,
        )

    @asynccontextmanager
    async def lifespan(self, _: object) -> AsyncIterator[None]:
        """Serve as long as the web app runs."""
        async with self._sessions.run():
            yield
        self._sessions = self._new_sessions()  # one can run once only

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; a browser that comes by is told what this is."""
        accepted = b"".join(value for name, value in scope["headers"] if name == b"accept")
        if scope["method"] == "GET" and b"text/event-stream" not in accepted:
            host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
            hello = _HELLO.format(url=f"{scope['scheme']}://{host}{PATH}/", names=", ".join(self._tools))
            await PlainTextResponse(hello)(scope, receive, send)
            return
        answered = scope[_ANSWERED] = asyncio.Event()
        try:
            await self._sessions.handle_request(scope, receive, send)
        finally:
            answered.set()

    async def _list(self, _: types.ListToolsRequest) -> types.ServerResult:
        harmless = types.ToolAnnotations(readOnlyHint=True, destructiveHint=False, openWorldHint=False)
        listed = [
            types.Tool(name=tool.name, description=tool.description, inputSchema=tool.schema(), annotations=harmless)
            for tool in self._tools.values()
        ]
        return types.ServerResult(types.ListToolsResult(tools=listed))

    async def _call(self, request: types.CallToolRequest) -> types.ServerResult:
        """Run a tool, tell how far it is, and give back JSON; whatever goes wrong is a sentence and an error."""
        name = request.params.name
        # A task of its own, so that what the tool has started is let go of in its own time when the client cancels.
        working = asyncio.ensure_future(self._last_of(name, request.params.arguments or {}))
        self._working.add(working)
        working.add_done_callback(self._let_go)
        try:
            return _result(await asyncio.shield(working))
        except asyncio.CancelledError:
            working.cancel()
            raise
        except AppError as error:
            return _result(str(error), is_error=True)
        except Exception:  # noqa: BLE001  said without its details, which are in the log
            log.exception("the MCP tool %s failed", name)
            return _result(f"{name} failed in a way that was not foreseen; the server's log says more.", is_error=True)

    def _let_go(self, working: asyncio.Task[str]) -> None:
        self._working.discard(working)
        if not working.cancelled():
            working.exception()  # read, where nobody waits for it any more

    async def _last_of(self, name: str, arguments: dict[str, Any]) -> str:
        """The tool's result as JSON.

        Raises:
            BadInput: If there is no such tool, it refuses its arguments, or its client has gone.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise BadInput(f"There is no tool {name!r}; there are {', '.join(self._tools)}.")
        context = self._server.request_context
        assert context.request
        answered: asyncio.Event = context.request.scope[_ANSWERED]
        progress = Progress(context)
        # A session is served in the context of its first request, so each call says again who acts.
        with acting_as(context.request.scope.get(ACTOR)):
            async with aclosing(tool.run(arguments)) as deltas:
                async for delta in deltas:
                    if delta["type"] == "final":
                        told = {key: each for key, each in delta.items() if key != "type"}
                        return json.dumps(told, ensure_ascii=False)
                    if answered.is_set() or not await progress.tell(delta):
                        raise BadInput("Nobody waits for this call any more.")
        raise BadInput(f"{name} ended without a result.")


class Progress:
    """Tells a client how far its call is, if it has asked for that; once a second at most."""

    def __init__(self, context: RequestContext[Any, Any, Any]) -> None:
        self._context = context
        self._token = context.meta.progressToken if context.meta else None
        self._begun_at = self._told_at = time.monotonic()
        self._tokens = {"thinking": 0, "answer": 0}
        self._has_told = False

    async def tell(self, delta: Delta) -> bool:
        """Take in what has come, and tell it if it is time to. False when the client has gone."""
        words = self._words(delta)
        now = time.monotonic()
        if self._token is None or (self._has_told and now - self._told_at < _NOTE_SECONDS):
            return True
        self._told_at, self._has_told = now, True
        # Seconds, because that number must grow from note to note.
        seconds, request_id = round(now - self._begun_at, 3), str(self._context.request_id)
        try:
            await self._context.session.send_progress_notification(
                self._token, seconds, message=words, related_request_id=request_id
            )
        except (ClosedResourceError, BrokenResourceError):
            return False
        return True

    def _words(self, delta: Delta) -> str:
        kind, text = delta["type"], str(delta.get("text", ""))
        if kind in self._tokens:
            self._tokens[kind] += delta["n_tokens"]
        if kind in self._tokens or (delta.get("kind") == "waiting" and any(self._tokens.values())):
            thought, answered = self._tokens["thinking"], self._tokens["answer"]
            return f"{thought:,} tokens of thinking" + (f", {answered:,} of answer" if answered else "")
        match kind:
            case "notice":
                return text
            case "chain":
                return f"Chain {delta['chain']} answers {text or 'nothing'}"
            case "test_report":
                return f"A program {text}"
            case "program":
                return "A program is written"
            case _:
                return text or "Something new was found out"


def _result(text: str, *, is_error: bool = False) -> types.ServerResult:
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    return types.ServerResult(types.CallToolResult(content=content, isError=is_error))


def _security(is_local: bool) -> TransportSecuritySettings:
    hosts = [each for name in _LOCAL_NAMES for each in (name, f"{name}:*")]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=is_local,
        allowed_hosts=hosts,
        allowed_origins=[f"http://{each}" for each in hosts],
    )


class _LeavingIsNoError(logging.Filter):
    """Drops what the SDK logs as an error each time that a client leaves."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], ClosedResourceError))


def mcp_server(demo: gr.Blocks, settings: Settings) -> McpServer:
    """The MCP server of a page that is built."""
    logging.getLogger("mcp.server.streamable_http").addFilter(_LeavingIsNoError())
    return McpServer(served_tools(demo), is_local=settings.is_loopback and not settings.has_logins)
