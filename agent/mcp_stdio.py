"""A server's command in, a pair of streams for the `mcp` SDK's session out: JSON lines over a child's pipes.

The SDK has a client of this kind. It reads a line of any length, runs as fast as a server that floods it, and does not
say how a server ended; this one holds to limits, and says it.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCMessage

from agent.mcp_settings import ServerEntry

# A result with pictures is one line.
MAX_LINE_BYTES = 16 * 2**20
# After so many lines that nobody waits for there is a pause, in which the pipe fills and the server must wait. Reading
# without one would leave no time for anything else in this loop.
_LINES_AT_ONCE = 200
_PAUSE_SECONDS = 0.2
# A server may take so long to end by itself once nobody writes to it, and so long again once it is told.
_LEAVING_SECONDS, _LOOK_SECONDS = 2.0, 0.02
# Programs end with their error in their last lines.
_N_LAST_LINES, _MAX_LAST_WORDS = 2, 200
_WANTED_NOTIFICATIONS = ("notifications/tools/list_changed",)

Reading = MemoryObjectReceiveStream[SessionMessage | Exception]
Writing = MemoryObjectSendStream[SessionMessage]


class ServerEnded(Exception):
    """The server has ended, or was ended because it broke a limit; the text says which."""


def child_environment(entry: ServerEntry) -> dict[str, str]:
    """All that a server's process gets of the environment: PATH, HOME and such, and what its entry names.

    >>> "APP_TOKEN" in child_environment(ServerEntry("notes", environment={"KEY": "1"}))
    False
    """
    return get_default_environment() | dict(entry.environment)


@asynccontextmanager
async def stdio_streams(entry: ServerEntry) -> AsyncIterator[tuple[Reading, Writing]]:
    """Start the server and talk to it; it is ended at the end.

    Raises:
        OSError: If it cannot be started.
        ServerEnded: Inside of the context, as soon as the server has ended.
    """
    environment = child_environment(entry)
    # On Windows npx is npx.cmd, which only this finds.
    found = shutil.which(entry.command, path=environment.get("PATH")) if sys.platform == "win32" else None
    process = await asyncio.create_subprocess_exec(
        found or entry.command,
        *entry.arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
        cwd=entry.folder,
        limit=MAX_LINE_BYTES,
        start_new_session=True,
    )
    last_words: deque[str] = deque(maxlen=_N_LAST_LINES)
    incoming, reading = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    writing, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
    try:
        async with anyio.create_task_group() as tasks, incoming, reading, writing, outgoing:
            tasks.start_soon(_read_errors, process, last_words)
            tasks.start_soon(_read_messages, process, incoming, last_words)
            tasks.start_soon(_write_messages, process, outgoing)
            tasks.start_soon(_watch, process, last_words)
            yield reading, writing
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)


async def _read_messages(
    process: asyncio.subprocess.Process, incoming: ObjectSendStream[SessionMessage | Exception], last_words: deque[str]
) -> None:
    """Hand on each line that is a message, until the server ends.

    Raises:
        ServerEnded: Then, always.
    """
    assert process.stdout
    throttle = _Throttle()
    while True:
        try:
            line = await process.stdout.readline()
        except ValueError as error:
            raise ServerEnded(f"It sent a line of more than {MAX_LINE_BYTES:,} bytes, and was ended.") from error
        if not line:
            raise ServerEnded(await _how_it_ended(process, last_words))
        read = _read_line(line)
        if read is None:
            last_words.append(_shortened(line))
            await throttle.dropped()
        elif _is_unwanted(read):
            await throttle.dropped()
        else:
            try:
                message = JSONRPCMessage.model_validate(read)
            except ValueError as error:
                await incoming.send(error)
            else:
                await incoming.send(SessionMessage(message))


class _Throttle:
    """Slows a server down that writes a lot that nobody waits for."""

    def __init__(self) -> None:
        self._n_lines = 0

    async def dropped(self) -> None:
        """Count a line; pause after many."""
        self._n_lines += 1
        if self._n_lines % _LINES_AT_ONCE == 0:
            await asyncio.sleep(_PAUSE_SECONDS)


def _read_line(line: bytes) -> Mapping[str, Any] | None:
    """The object of a line, or None for a line that is none, such as a greeting."""
    try:
        read = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _is_unwanted(read: Mapping[str, Any]) -> bool:
    """Whether a message is a notification that nothing here listens to, such as a log line."""
    return "id" not in read and read.get("method") not in _WANTED_NOTIFICATIONS


async def _write_messages(process: asyncio.subprocess.Process, outgoing: ObjectReceiveStream[SessionMessage]) -> None:
    assert process.stdin
    with suppress(ConnectionError):  # the reader says how the server ended
        async for message in outgoing:
            process.stdin.write(message.message.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n")
            await process.stdin.drain()


async def _read_errors(process: asyncio.subprocess.Process, last_words: deque[str]) -> None:
    """Keep the last lines that the server writes to stderr; all of it is read, else a full pipe would hold it up."""
    assert process.stderr
    throttle = _Throttle()
    while True:
        try:
            line = await process.stderr.readline()
        except ValueError:  # a longer line than the limit; asyncio has dropped what there was of it
            continue
        if not line:
            return
        if words := _shortened(line):
            last_words.append(words)
        await throttle.dropped()


def _shortened(line: bytes) -> str:
    return " ".join(line.decode(errors="replace").split())[-_MAX_LAST_WORDS:]


async def _watch(process: asyncio.subprocess.Process, last_words: deque[str]) -> None:
    """Until the server has ended, also where something that it started holds its output open.

    Raises:
        ServerEnded: Then.
    """
    while process.returncode is None:
        await asyncio.sleep(1.0)
    await asyncio.sleep(1.0)  # else the reader has come to its end by now
    raise ServerEnded(await _how_it_ended(process, last_words))


async def _how_it_ended(process: asyncio.subprocess.Process, last_words: deque[str]) -> str:
    code = await _code_of(process)
    if code is None:
        return "It closed its output."
    await asyncio.sleep(0.05)  # what it wrote to stderr at last is read by then
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    said = " ".join(last_words)
    return f"It ended {how}" + (f"; its last words: {said}" if said else ".")


async def _code_of(process: asyncio.subprocess.Process) -> int | None:
    """The exit code, or None if the process has not ended in time.

    Not by `process.wait()`, which waits for whoever else holds the ends of its pipes, too.
    """
    for _ in range(int(_LEAVING_SECONDS / _LOOK_SECONDS)):
        if process.returncode is not None:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return process.returncode


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the server as the protocol asks: close its input, wait, tell it, wait, kill it and what it started."""
    assert process.stdin
    process.stdin.close()
    if await _code_of(process) is None:
        _tell(process, signal.SIGTERM)
        await _code_of(process)
    # What the server had started may have outlived it.
    _tell(process, None)
    await _code_of(process)
    # Closes the pipes even where a grandchild holds their other ends: asyncio has no public way.
    process._transport.close()  # type: ignore[attr-defined]


def _tell(process: asyncio.subprocess.Process, sign: signal.Signals | None) -> None:
    """Send a signal to the server's whole group, or kill it with None."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform != "win32":
            os.killpg(process.pid, sign or signal.SIGKILL)
        elif process.returncode is None:
            process.terminate()
