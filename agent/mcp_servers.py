"""A settings file and a toolbox in, MCP servers that run beside the app and their tools in the toolbox out.

Everything that waits for a server runs in an event loop in a thread of its own: the app starts without them, and
goes on when one of them hangs, dies or floods.
"""

import asyncio
import atexit
import concurrent.futures
import logging
import threading
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent.mcp_settings import FILE_NAME, ServerEntry, read_servers
from agent.mcp_tools import RemoteTool, model_names, output_of, remote_tools
from agent.toolbox import Tool, Toolbox, ToolContext, ToolOutput
from model.errors import BadInput
from model.settings import Settings

if TYPE_CHECKING:
    from mcp import types

    from agent.mcp_connection import Connection

log = logging.getLogger(__name__)

Phase = Literal["starting", "ready", "failed", "stopped"]

_LOOK_SECONDS = 0.1
_CLOSING_SECONDS = 10.0
# An address that was reached before is tried again once; a program that ends is not: it may have reasons.
_AGAIN_AFTER_SECONDS = 2.0
_NO_PROGRAMS = (
    "This app is shared with others, so it starts no programs on its machine for the agent. "
    "Servers with an address (url) run."
)
_NO_SWITCHING = "This app is shared with others: which MCP servers run is decided by its host, in their file."


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server as it is now.

    Args:
        words: What there is to say of it, as a sentence: why it failed, or cannot run.
        tools: The names under which the model calls its tools; empty unless it is ready.
        is_on: Whether it is to run; also a server that failed is on.
    """

    name: str
    kind: Literal["stdio", "http"]
    phase: Phase
    words: str = ""
    tools: tuple[str, ...] = ()
    is_on: bool = True


@dataclass(slots=True)
class _Server:
    entry: ServerEntry
    phase: Phase = "stopped"
    words: str = ""
    is_on: bool = True
    connection: "Connection | None" = None
    task: "asyncio.Task[None] | None" = None
    # What it offered when it was ready last: kept while it is not, so that no tool's name changes meanwhile.
    tools: tuple[RemoteTool, ...] = ()


class McpServers:
    """The servers of one settings file. Safe to use from any thread.

    Args:
        toolbox: Gets the tools of the servers that are ready, with the server's name as their origin.
        entries: The servers.
        is_hosted: Whether the app is shared with others: then no program is started, and nobody switches.
        problem: What is wrong with the whole file, as a sentence.
    """

    def __init__(
        self, toolbox: Toolbox, entries: tuple[ServerEntry, ...] = (), *, is_hosted: bool = False, problem: str = ""
    ) -> None:
        self.problem = problem
        self._toolbox, self._is_hosted = toolbox, is_hosted
        self._servers = {entry.name: _at_first(entry, is_hosted) for entry in entries}
        self._offered: dict[str, tuple[Tool, ...]] = {}
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------ for the page and the app

    def start(self) -> None:
        """Start every server that is on, and return at once."""
        for server in self._servers.values():
            if server.is_on and self._can_run(server):
                self._begin(server)

    def states(self) -> tuple[ServerState, ...]:
        """All servers as they are now, in the file's order."""
        with self._lock:
            return tuple(
                ServerState(
                    name,
                    server.entry.kind,
                    server.phase,
                    server.words,
                    tuple(tool.name for tool in self._offered.get(name, ())),
                    server.is_on,
                )
                for name, server in self._servers.items()
            )

    def restart(self, name: str) -> None:
        """End a server, if it runs, and start it again; returns at once.

        Raises:
            BadInput: If there is no such server, it cannot run, or the app is shared with others.
        """
        self.switch(name, True, again=True)

    def switch(self, name: str, on: bool, *, again: bool = False) -> None:
        """Start a server or stop it; returns at once. Holds until the app ends: the file is the host's.

        Args:
            again: Start it anew where it runs already.

        Raises:
            BadInput: If there is no such server, it cannot run, or the app is shared with others.
        """
        server = self._servers.get(name)
        if server is None:
            raise BadInput(f"There is no MCP server {name!r}; there are {', '.join(self._servers) or 'none'}.")
        if self._is_hosted:
            raise BadInput(_NO_SWITCHING)
        if on and not self._can_run(server):
            raise BadInput(f"The MCP server {name!r} cannot run. {server.words}")
        with self._lock:
            was_on, server.is_on = server.is_on, on
            runs = server.task is not None
        if not on:
            self._in_loop(self._stop(server))
        elif again or not (was_on and runs):
            self._begin(server)

    def close(self) -> None:
        """End all servers and the thread; waits for them, a few seconds at most."""
        atexit.unregister(self.close)
        with self._lock:
            loop, thread, self._loop = self._loop, self._thread, None
        if loop is None or thread is None:
            return
        ending = asyncio.run_coroutine_threadsafe(self._stop_all(), loop)
        with suppress(concurrent.futures.TimeoutError):
            ending.result(_CLOSING_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSING_SECONDS)

    # ------------------------------------------------------------------ for the tools

    def call(self, server: str, tool: str, context: ToolContext, arguments: Mapping[str, Any]) -> ToolOutput:
        """Call a server's tool and wait; ends when the run is stopped or the time is over.

        Returns:
            What came back; for everything that went wrong an error that says what.
        """
        from agent.mcp_connection import CallFailed  # brings the SDK in

        found = self._servers[server]
        with self._lock:
            connection, loop = found.connection, self._loop
            if connection is None or loop is None or found.phase != "ready":
                return _failed(f"The server {server} does not run. {found.words}".rstrip())
        limit = min(context.seconds, found.entry.call_seconds or context.seconds)
        asked = asyncio.run_coroutine_threadsafe(connection.call(tool, arguments), loop)
        until = time.monotonic() + limit
        while not asked.done():
            if context.stop.is_set() or time.monotonic() > until:
                asked.cancel()
                why = "The run was stopped." if context.stop.is_set() else f"No result came within {limit:g} s."
                return _failed(f"The call of {tool} on the server {server} was given up. {why}")
            concurrent.futures.wait([asked], timeout=_LOOK_SECONDS)
        try:
            return output_of(asked.result())
        except CallFailed as error:
            return _failed(f"The server {server} gave no result. {error}")
        except concurrent.futures.CancelledError:
            return _failed(f"The server {server} was stopped before it gave a result.")

    # ------------------------------------------------------------------ in the thread

    def _can_run(self, server: _Server) -> bool:
        return not server.entry.problem and not (self._is_hosted and server.entry.kind == "stdio")

    def _begin(self, server: _Server) -> None:
        with self._lock:
            server.phase, server.words = "starting", ""
        self._offer()
        self._in_loop(self._start(server))

    def _in_loop(self, work: Coroutine[Any, Any, None]) -> None:
        """Have something done in the loop, whose thread starts with the first of it."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run_loop, args=(self._loop,), name="mcp-servers", daemon=True)
                self._thread.start()
                # The programs end with the app, whoever forgets to close it.
                atexit.register(self.close)
            loop = self._loop
        asyncio.run_coroutine_threadsafe(work, loop)

    async def _start(self, server: _Server) -> None:
        await self._stop(server, "starting")
        # Another restart, or a stop, may have come in between.
        if server.task is None and server.is_on:
            server.task = asyncio.ensure_future(self._stay(server))

    async def _stop(self, server: _Server, phase: Phase = "stopped") -> None:
        task, server.task = server.task, None
        if task:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tell(server, phase, "")

    async def _stop_all(self) -> None:
        await asyncio.gather(*(self._stop(server) for server in self._servers.values()))

    async def _stay(self, server: _Server) -> None:
        """One server, until it has ended."""
        from agent.mcp_connection import Connection  # brings the SDK in, in this thread

        while True:
            connection = Connection(server.entry, partial(self._has_tools, server))
            server.connection = connection
            try:
                reason = await connection.run()
            finally:
                server.connection = None
            log.warning("the MCP server %s has ended: %s", server.entry.name, reason)
            if server.entry.kind != "http" or not connection.was_ready:
                break
            self._tell(server, "starting", f"{reason} It is tried again.")
            await asyncio.sleep(_AGAIN_AFTER_SECONDS)
        server.task = None
        self._tell(server, "failed", reason)

    def _has_tools(self, server: _Server, listed: "list[types.Tool]") -> None:
        with self._lock:
            server.tools = remote_tools(listed)
        self._tell(server, "ready", "")

    def _tell(self, server: _Server, phase: Phase, words: str) -> None:
        with self._lock:
            server.phase, server.words = phase, words
        self._offer()

    def _offer(self) -> None:
        """Bring the toolbox in line with the servers that are ready; those whose tools are the same are left alone."""
        with self._lock:
            taken = {tool.name for tool in self._toolbox.tools() if tool.origin not in self._servers}
            known = {name: [tool.name for tool in server.tools] for name, server in self._servers.items()}
            names = model_names(known, taken)
            for name, server in self._servers.items():
                ready = server.tools if server.phase == "ready" else ()
                tools = tuple(self._tool(name, names[name, tool.name], tool) for tool in ready)
                if [(each.name, each.schema) for each in tools] != [
                    (each.name, each.schema) for each in self._offered.get(name, ())
                ]:
                    self._toolbox.remove(name)
                    self._toolbox.add(*tools)
                    self._offered[name] = tools

    def _tool(self, server: str, name: str, remote: RemoteTool) -> Tool:
        function = {"name": name, "description": remote.description, "parameters": remote.parameters}
        return Tool(
            name,
            remote.description,
            {"type": "function", "function": function},
            partial(self.call, server, remote.name),
            policy="ask",
            reaches_outside=True,
            origin=server,
        )


def _at_first(entry: ServerEntry, is_hosted: bool) -> _Server:
    if entry.problem:
        return _Server(entry, "failed", entry.problem)
    if is_hosted and entry.kind == "stdio":
        return _Server(entry, "stopped", _NO_PROGRAMS, is_on=False)
    return _Server(entry, is_on=entry.is_on)


def _failed(text: str) -> ToolOutput:
    # Its reason may quote the server.
    return ToolOutput(text, is_error=True, is_untrusted=True)


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def mcp_servers(settings: Settings, toolbox: Toolbox) -> McpServers:
    """The servers of the settings' file, or of mcp.json in the data folder, not started yet.

    What is wrong with the file is in `problem`, and logged: it does not keep the app from starting.
    """
    path: Path = settings.mcp_servers or settings.data_folder / FILE_NAME
    is_hosted = settings.is_hosted or settings.is_zero_gpu
    if settings.mcp_servers is None and not path.exists():
        return McpServers(toolbox, is_hosted=is_hosted)
    try:
        entries = read_servers(path)
    except BadInput as error:
        log.error("%s", error)
        return McpServers(toolbox, is_hosted=is_hosted, problem=str(error))
    for entry in entries:
        if entry.problem:
            log.error("the MCP server %s in %s cannot run: %s", entry.name, path, entry.problem)
    return McpServers(toolbox, entries, is_hosted=is_hosted)
