"""A server's address in, a pair of streams for the `mcp` SDK's session out: streamable HTTP with limits.

The address is the host's own choice in the host's own file, so it may be on this machine or in its network.
"""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from mcp.client.streamable_http import streamable_http_client

from agent.mcp_settings import ServerEntry
from agent.mcp_stdio import Reading, Writing

# It logs what fails with a whole traceback; the reason is told, and logged, by whoever uses the connection.
logging.getLogger("mcp.client.streamable_http").setLevel(logging.CRITICAL)

MAX_ANSWER_BYTES = 16 * 2**20
# A call may be silent for long; its own time-out ends it.
_CONNECT_SECONDS, _QUIET_SECONDS = 15.0, 600.0


@asynccontextmanager
async def http_streams(entry: ServerEntry, on_flood: Callable[[str], None]) -> AsyncIterator[tuple[Reading, Writing]]:
    """Talk to the server at `entry.url`; redirects are followed on the same host only, so headers go nowhere else.

    Args:
        on_flood: Is told why, when one answer is larger than `MAX_ANSWER_BYTES`.

    Raises:
        httpx.HTTPError: Inside of the context, when a request fails.
    """

    async def limit(response: httpx.Response) -> None:
        # What a GET brings is the server's own messages, for as long as the connection lasts.
        if response.request.method == "POST" and isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = _Limited(response.stream, on_flood)

    async with httpx.AsyncClient(
        headers=dict(entry.headers),
        timeout=httpx.Timeout(_CONNECT_SECONDS, read=_QUIET_SECONDS),
        event_hooks={"response": [limit]},
    ) as client:
        async with streamable_http_client(entry.url, http_client=client) as (reading, writing, _):
            yield reading, writing


class _Limited(httpx.AsyncByteStream):
    """The bytes of an answer, up to the limit."""

    def __init__(self, stream: httpx.AsyncByteStream, on_flood: Callable[[str], None]) -> None:
        self._stream, self._on_flood = stream, on_flood

    async def __aiter__(self) -> AsyncIterator[bytes]:
        n_bytes = 0
        async for part in self._stream:
            n_bytes += len(part)
            if n_bytes > MAX_ANSWER_BYTES:
                self._on_flood(f"It sent more than {MAX_ANSWER_BYTES:,} bytes in one answer, and was let go.")
                return
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
