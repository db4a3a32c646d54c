"""What tests of the app as an MCP server do with the SDK's own client: a session, a call with its notes, a result's text."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult

from tests.conftest import RunningApp

T = TypeVar("T")
Notes = list[tuple[float, str]]

PATH = "/gradio_api/mcp"


def in_session(app: RunningApp, act: Callable[[ClientSession], Awaitable[T]]) -> T:
    """What `act` gives back in a session of a client of its own."""

    async def run() -> T:
        async with streamable_http_client(f"{app.url}{PATH}/") as (reading, writing, _):
            async with ClientSession(reading, writing) as session:
                await session.initialize()
                return await act(session)

    return asyncio.run(run())


def called(app: RunningApp, name: str, **arguments: Any) -> tuple[CallToolResult, Notes]:
    """The result of one call, and the notes that came before it."""
    notes: Notes = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        notes.append((progress, message or ""))

    return in_session(app, lambda session: session.call_tool(name, arguments, progress_callback=note)), notes


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert content.type == "text"
    return content.text
