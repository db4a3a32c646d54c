"""Whatever went wrong with a server in, a sentence that says what, and what to do, out."""

from collections.abc import Iterator

import httpx
from anyio import BrokenResourceError, ClosedResourceError, EndOfStream
from mcp.shared.exceptions import McpError

from agent.mcp_settings import ServerEntry
from agent.mcp_stdio import ServerEnded

_MAX_CHARACTERS = 400
# What the SDK answers in the place of a server that has answered with 404: it knows no such session, or no such path.
_SESSION_GONE = (32600, "Session terminated")


def reason_of(error: BaseException, entry: ServerEntry) -> str:
    """Why a server cannot be used; never quotes its headers or its environment, which may hold secrets."""
    leaves = list(_leaves(error))
    # One cause brings others along, such as a connection that closes when its server has ended.
    first = next((each for each in leaves if isinstance(each, ServerEnded | OSError | httpx.HTTPError)), leaves[0])
    return _words(first, entry)[:_MAX_CHARACTERS]


def is_session_gone(error: McpError) -> bool:
    """Whether an address no longer knows us, or never has."""
    return (error.error.code, error.error.message) == _SESSION_GONE


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _words(error: BaseException, entry: ServerEntry) -> str:
    match error:
        case ServerEnded():
            return str(error)
        case httpx.HTTPStatusError():
            return _of_status(error, entry)
        case httpx.TimeoutException():
            return f"{_host(entry)} did not answer in time."
        case httpx.HTTPError() | httpx.InvalidURL():
            return f"{_host(entry)} cannot be reached: {error or type(error).__name__}. Is the server running?"
        case FileNotFoundError() if not entry.folder.is_dir():
            return f"Its folder {entry.folder} does not exist. Correct cwd."
        case FileNotFoundError():
            return f"The program {entry.command!r} was not found. Install it, or give its whole path as command."
        case OSError():
            return f"The program {entry.command!r} cannot be started: {error.strerror or error}."
        case McpError() if is_session_gone(error):
            return f"{_host(entry)} answered with 404 Not Found. Is the url right?"
        case ClosedResourceError() | BrokenResourceError() | EndOfStream():
            return "The connection closed."
        case McpError():
            return f"It answered with an error: {error.error.message}"
        case _:
            return f"It does not speak the protocol: {error}" if str(error) else "It does not speak the protocol."


def _of_status(error: httpx.HTTPStatusError, entry: ServerEntry) -> str:
    status = error.response.status_code
    if status in (401, 403):
        return f"{_host(entry)} refuses us ({status}). Give its key in the entry's headers."
    if error.response.is_redirect:
        return f"{_host(entry)} sends us elsewhere. {str(error).splitlines()[0]}"
    return f"{_host(entry)} answered with {status} {error.response.reason_phrase}. Is the url right?"


def _host(entry: ServerEntry) -> str:
    """The address without its query and user, where keys may stand."""
    url = httpx.URL(entry.url)
    return str(url.copy_with(query=None, fragment=None, userinfo=b""))
