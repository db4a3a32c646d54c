"""A real MCP server on stdio, written with the SDK, that works and that misbehaves in each way that we promise to survive."""

import asyncio
import base64
import json
import os
import sys
import time

import mcp.types as types
from mcp.server.fastmcp import Context, FastMCP
from mcp.server.fastmcp.utilities.types import Image

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)

server = FastMCP("test server")
given_up: list[str] = []


@server.tool()
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return str(a + b)


@server.tool()
def environment() -> str:
    """Every variable of this process."""
    return json.dumps(dict(os.environ))


@server.tool()
def picture():
    """A text and a picture."""
    return ["one pixel", Image(data=PNG, format="png")]


@server.tool()
def fail() -> str:
    """An error of the tool's own."""
    raise ValueError("the cupboard is bare")


@server.tool()
def die() -> str:
    """End the server in mid-call."""
    sys.stderr.write("out of ideas\n")
    os._exit(3)


@server.tool()
async def hang(who: str) -> str:
    """Never answer, and remember who gave up."""
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        given_up.append(who)
        raise
    return "late"


@server.tool()
def who_gave_up() -> str:
    """The calls of `hang` that the client has taken back."""
    return ", ".join(given_up)


@server.tool()
def flood_with_text(characters: int) -> str:
    """A result of so many characters."""
    return "a" * characters


@server.tool()
async def flood_with_notes(notes: int, context: Context) -> str:
    """So many log notifications, then a result."""
    for number in range(notes):
        await context.info(f"note {number}")
    return "after the flood"


@server.tool()
def flood_without_end() -> str:
    """A line that never ends."""
    part = "a" * 2**20
    while True:
        sys.stdout.write(part)


@server.tool()
async def grow(context: Context) -> str:
    """Add a tool, and say that the list has changed."""
    server.add_tool(lambda: "grown", name="grown", description="New. " + "Very. " * 400)
    await context.session.send_tool_list_changed()
    return "done"


@server.tool()
def say_nothing() -> types.CallToolResult:
    """No content at all."""
    return types.CallToolResult(content=[])


if __name__ == "__main__":
    sys.stdout.write("a greeting that is no message\n")
    if "never" in sys.argv:
        time.sleep(3600)
    if "http" in sys.argv:
        server.settings.port = int(sys.argv[-1])
        server.run("streamable-http")
    else:
        server.run()
