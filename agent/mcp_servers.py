"""A settings file and a toolbox in, MCP servers that run beside the app and their tools in the toolbox out.

Everything that waits for a server runs in an event loop in a thread of its own: the app starts without them, and
goes on when one of them hangs, dies or floods.
"""

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent.loop_thread import LoopThread
from agent.mcp_settings import FILE_NAME, ServerEntry, read_servers
from agent.mcp_tools import RemoteTool, as_tool, model_names, output_of, remote_tools
from agent.toolbox import Tool, Toolbox, ToolContext, ToolOutput
from model.errors import BadInput
from model.settings import Settings

if TYPE_CHECKING:
    from mcp import types

    from agent.mcp_connection import Connection

log = logging.getLogger(__name__)

Phase = Literal["starting", "ready", "failed", "stopped"]

_LOOK_SECONDS = 0.1
# An address that was there for a while is tried again once; a program that ends is not: it may have reasons.
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
        path: The file, which a restart looks into again.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        entries: tuple[ServerEntry, ...] = (),
        *,
        is_hosted: bool = False,
        problem: str = "",
        path: Path | None = None,
    ) -> None:
        self.problem, self._path = problem, path
        self._toolbox, self._is_hosted = toolbox, is_hosted
        self._servers = {entry.name: _at_first(entry, is_hosted) for entry in entries}
        self._offered: dict[str, tuple[Tool, ...]] = {}
        self._lock = threading.RLock()
        self._loop = LoopThread("mcp-servers", self._stop_all)

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
        """End a server, if it runs, and start it again as the file has it now; returns at once.

        Raises:
            BadInput: If there is no such server, it cannot run, or the app is shared with others.
        """
        server = self._found(name)
        if self._path:
            entry = next((each for each in read_servers(self._path) if each.name == name), None)
            if entry is None:
                raise BadInput(f"{self._path} names no MCP server {name!r} any more. Switch it off, or put it back.")
            with self._lock:
                server.entry = entry
        self._switch_on(server)

    def switch(self, name: str, on: bool) -> None:
        """Start a server or stop it; returns at once. Holds until the app ends: the file is the host's.

        Raises:
            BadInput: If there is no such server, it cannot run, or the app is shared with others.
        """
        server = self._found(name)
        if not on:
            server.is_on = False
            self._loop.submit(self._stop(server))
        elif not (server.is_on and server.task):
            self._switch_on(server)

    def _found(self, name: str) -> _Server:
        server = self._servers.get(name)
        if server is None:
            raise BadInput(f"There is no MCP server {name!r}; there are {', '.join(self._servers) or 'none'}.")
        if self._is_hosted:
            raise BadInput(_NO_SWITCHING)
        return server

    def _switch_on(self, server: _Server) -> None:
        if server.entry.problem:
            self._tell(server, "failed", server.entry.problem)
            raise BadInput(f"The MCP server {server.entry.name!r} cannot run. {server.entry.problem}")
        server.is_on = True
        self._begin(server)

    def close(self) -> None:
        """End all servers and the thread; waits for them, some seconds at most."""
        self._loop.close()

    # ------------------------------------------------------------------ for the tools

    def call(self, server: str, tool: str, context: ToolContext, arguments: Mapping[str, Any]) -> ToolOutput:
        """Call a server's tool and wait; ends when the run is stopped or the time is over.

        Returns:
            What came back; for everything that went wrong an error that says what.
        """
        from agent.mcp_connection import CallFailed  # brings the SDK in

        found = self._servers[server]
        with self._lock:
            connection = found.connection
            if connection is None or found.phase != "ready":
                return _failed(f"The server {server} does not run. {found.words}".rstrip())
        limit = min(context.seconds, found.entry.call_seconds or context.seconds)
        asked = self._loop.submit(connection.call(tool, arguments))
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
        self._loop.submit(self._start(server))

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
            if server.entry.kind != "http" or not connection.has_lasted:
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
                tools = tuple(
                    as_tool(tool, names[name, tool.name], name, partial(self.call, name, tool.name)) for tool in ready
                )
                if [(each.name, each.schema) for each in tools] != [
                    (each.name, each.schema) for each in self._offered.get(name, ())
                ]:
                    self._toolbox.remove(name)
                    self._toolbox.add(*tools)
                    self._offered[name] = tools


def _at_first(entry: ServerEntry, is_hosted: bool) -> _Server:
    if entry.problem:
        return _Server(entry, "failed", entry.problem)
    if is_hosted and entry.kind == "stdio":
        return _Server(entry, "stopped", _NO_PROGRAMS, is_on=False)
    return _Server(entry, is_on=entry.is_on)


def _failed(text: str) -> ToolOutput:
    # Its reason may quote the server.
    return ToolOutput(text, is_error=True, is_untrusted=True)


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
    return McpServers(toolbox, entries, is_hosted=is_hosted, path=path)
