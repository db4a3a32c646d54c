"""One entry of the settings file in, a server that answers calls out, until it ends or is told to; and the reason."""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

from anyio import BrokenResourceError, ClosedResourceError
from mcp import ClientSession, types
from mcp.shared.exceptions import McpError

from agent.mcp_http import http_streams
from agent.mcp_reasons import is_session_gone, reason_of
from agent.mcp_settings import ServerEntry
from agent.mcp_stdio import stdio_streams

# npx and uvx fetch a program before they start it, the first time.
START_SECONDS = {"stdio": 120.0, "http": 30.0}
# An address is asked so often whether it is still there; a program's end is seen at once.
_PING_EVERY_SECONDS = 60.0
_LETTING_GO_SECONDS = 5.0
_LASTING_SECONDS = 10.0
_MOST_PAGES = 20
_SELF = types.Implementation(name="workings", version="1")


class CallFailed(Exception):
    """A call that got no result; the text says why."""


class Connection:
    """A server from its start to its end. All of it runs in one event loop.

    Args:
        entry: The server.
        on_tools: Is given the server's tools once it is ready, and again whenever they have changed.
    """

    def __init__(self, entry: ServerEntry, on_tools: Callable[[list[types.Tool]], None]) -> None:
        self.entry = entry
        self._ready_at = math.inf
        self._on_tools = on_tools
        self._session: ClientSession | None = None
        self._task: asyncio.Task[Any] | None = None
        self._reason, self._is_broken = "It was stopped.", False
        self._over, self._must_list = asyncio.Event(), asyncio.Event()

    async def run(self) -> str:
        """Start the server and stay until it has ended; cancel it to stop the server.

        Returns:
            Why it ended, as a sentence.
        """
        self._task = asyncio.current_task()
        limit = START_SECONDS[self.entry.kind]
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(limit):
                    session = await self._connect(stack)
                    self._on_tools(await _all_tools(session))
                self._session, self._ready_at = session, time.monotonic()
                await self._keep(session)
        except asyncio.CancelledError:
            if not self._is_broken:
                raise
            assert self._task
            self._task.uncancel()
        except TimeoutError:
            self._reason = f"It did not answer within {limit:g} s of its start."
        except Exception as error:  # noqa: BLE001  it may fail in any way, and none may end the others
            self._reason = self._reason if self._is_broken else reason_of(error, self.entry)
        finally:
            self._session = None
            self._over.set()
        return self._reason

    @property
    def has_lasted(self) -> bool:
        """Whether the server was ready for a while, so that it is worth another try when it has gone."""
        return time.monotonic() - self._ready_at > _LASTING_SECONDS

    def _break(self, reason: str) -> None:
        """End the connection: what comes is not of the protocol, or nothing comes any more."""
        if not self._is_broken and self._task and not self._over.is_set():
            self._is_broken, self._reason = True, reason
            self._task.cancel()

    async def _connect(self, stack: AsyncExitStack) -> ClientSession:
        is_http = self.entry.kind == "http"
        streams = http_streams(self.entry, self._break) if is_http else stdio_streams(self.entry)
        reading, writing = await stack.enter_async_context(streams)
        session = ClientSession(reading, writing, message_handler=self._on_message, client_info=_SELF)
        await stack.enter_async_context(session)
        await session.initialize()
        return session

    async def _keep(self, session: ClientSession) -> None:
        """Until the connection ends: list the tools again when the server says so, and ask addresses for a sign."""
        while True:
            try:
                async with asyncio.timeout(_PING_EVERY_SECONDS):
                    await self._must_list.wait()
            except TimeoutError:
                if self.entry.kind == "http":
                    async with asyncio.timeout(START_SECONDS["http"]):
                        await session.send_ping()
                continue
            self._must_list.clear()
            with suppress(McpError):
                self._on_tools(await _all_tools(session))
            await asyncio.sleep(0.5)  # one that says so all the time is asked twice a second

    async def _on_message(self, message: Any) -> None:
        if isinstance(message, Exception):
            # A late result of a call that was taken back is a RuntimeError. A program may print what it likes between
            # its messages; behind an address that sends such things there is no MCP server.
            if self.entry.kind == "http" and not isinstance(message, RuntimeError):
                self._break(reason_of(message, self.entry))
        elif isinstance(getattr(message, "root", None), types.ToolListChangedNotification):
            self._must_list.set()

    async def call(self, name: str, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Call a tool, without a limit of time: who cancels this gives the call up, and the server is told.

        Raises:
            CallFailed: If no result came.
        """
        session = self._session
        if session is None:
            raise CallFailed(self._reason)
        numbers: list[int] = []
        asking = asyncio.ensure_future(_ask(session, name, arguments, numbers))
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({asking, over}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise CallFailed(self._reason)
            return asking.result()
        except asyncio.CancelledError:
            for number in numbers:
                await _take_back(session, number)
            raise
        except (McpError, ClosedResourceError, BrokenResourceError) as error:
            raise CallFailed(await self._words_of(error)) from error
        except ValueError as error:
            raise CallFailed("The server's result is not of the protocol's form.") from error
        finally:
            asking.cancel()
            over.cancel()

    async def _words_of(self, error: Exception) -> str:
        """Why a call failed; where its connection has broken, the reason for that."""
        if isinstance(error, McpError):
            if is_session_gone(error):
                self._break("The server at this address no longer knows us: it was started anew.")
            elif error.error.code != types.CONNECTION_CLOSED:
                return error.error.message
        try:
            async with asyncio.timeout(_LETTING_GO_SECONDS):
                await self._over.wait()
        except TimeoutError:
            self._break("The connection closed.")
        return self._reason


async def _ask(
    session: ClientSession, name: str, arguments: Mapping[str, Any], numbers: list[int]
) -> types.CallToolResult:
    """Send a call and wait for its result; its number in the session is put into `numbers`."""
    request = types.CallToolRequest(params=types.CallToolRequestParams(name=name, arguments=dict(arguments)))
    # The SDK has no way to ask for it. Nothing else runs in this loop before the request has taken the number.
    numbers.append(session._request_id)
    # Not `session.call_tool`, which may list all tools again, without a limit, to check the result against a schema.
    return await session.send_request(types.ClientRequest(request), types.CallToolResult)


async def _take_back(session: ClientSession, number: int) -> None:
    """Tell the server that nobody waits for a call any more; whether it listens is its own affair."""
    cancelled = types.CancelledNotificationParams(requestId=number, reason="nobody waits for it any more")
    notification = types.ClientNotification(types.CancelledNotification(params=cancelled))
    with suppress(Exception):
        async with asyncio.timeout(1.0):
            await session.send_notification(notification)


async def _all_tools(session: ClientSession) -> list[types.Tool]:
    """The server's tools, page by page."""
    found: list[types.Tool] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = await session.list_tools(params=types.PaginatedRequestParams(cursor=cursor))
        found += page.tools
        cursor = page.nextCursor
        if not cursor:
            break
    return found
