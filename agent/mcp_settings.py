"""A settings file in the common `mcpServers` form in, the MCP servers that it names out, each with what is wrong.

{"mcpServers": {
  "files":  {"command": "npx", "args": ["-y", "a-server", "/home/me/notes"], "env": {"KEY": "${MY_KEY}"}},
  "papers": {"url": "https://example.org/mcp", "headers": {"Authorization": "Bearer ${PAPERS_TOKEN}"}}}}
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from model.errors import BadInput

FILE_NAME = "mcp.json"
_MOST_SERVERS = 32
_MAX_NAME_CHARACTERS = 40
_MAX_FILE_BYTES = 1_000_000
_HTTP_TYPES = ("http", "streamable-http", "streamableHttp", "streamable_http")
_EXAMPLE = '{"mcpServers": {"notes": {"command": "npx", "args": ["-y", "some-server"]}}}'
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """One server of the file.

    Args:
        kind: "stdio" for a program that is started here, "http" for an address.
        environment: What the program gets beside the names in `connection.plain_environment`.
        folder: Where the program starts: the settings file's own folder, unless it says otherwise.
        headers: Sent with each request to `url`.
        call_seconds: The most that one call may take; 0 for no limit of its own.
        is_on: Whether it starts with the app.
        problem: What is wrong with the entry, as a sentence; such a server is never started.
    """

    name: str
    kind: Literal["stdio", "http"] = "stdio"
    command: str = ""
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    call_seconds: float = 0.0
    is_on: bool = True
    problem: str = ""


def read_servers(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[ServerEntry, ...]:
    """The servers of a file, in its order.

    Args:
        path: The file.
        environment: Where `${NAME}` is looked up; only values that an entry names in this way reach its server.

    Returns:
        One entry each. A wrong one has a `problem`, so that it does not keep the others from running.

    Raises:
        BadInput: If the file cannot be read, or is not of this form.
    """
    try:
        if path.stat().st_size > _MAX_FILE_BYTES:
            raise BadInput(f"{path} has more than {_MAX_FILE_BYTES:,} bytes; settings of MCP servers are shorter.")
        written = json.loads(path.read_text("utf-8-sig"), object_pairs_hook=_without_doubles)
    except OSError as error:
        raise BadInput(f"The MCP servers' file {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is no UTF-8 text (byte {error.start}). Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadInput(f"{path} is no JSON: {error.msg} at {where}. It should look like {_EXAMPLE}.") from error
    except RecursionError as error:
        raise BadInput(f"{path} is nested too deeply. It should look like {_EXAMPLE}.") from error
    named = written.get("mcpServers") if isinstance(written, dict) else None
    if not isinstance(named, dict):
        raise BadInput(f"{path} has no object mcpServers, but {_shown(written)}. It should look like {_EXAMPLE}.")
    if len(named) > _MOST_SERVERS:
        raise BadInput(f"{path} names {len(named)} servers and the limit is {_MOST_SERVERS}. Take some out.")
    return tuple(_entry(name, value, path.absolute().parent, environment) for name, value in named.items())


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different: of two servers of one name the first would vanish without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise BadInput(f"The name {double!r} stands twice in the same object of the MCP servers' file. Rename one.")
    return found


def _entry(name: str, value: Any, folder: Path, environment: Mapping[str, str]) -> ServerEntry:
    """An entry as it is written, or one whose `problem` says what is wrong with it."""
    try:
        if not name.strip() or len(name) > _MAX_NAME_CHARACTERS or not name.isprintable():
            raise BadInput(f"A server's name has 1 to {_MAX_NAME_CHARACTERS} characters that can be printed.")
        if not isinstance(value, dict):
            raise BadInput(f"It is {_shown(value)}; give an object with a command or a url.")
        read = _Reader(value, environment)
        is_on, call_seconds = not read.flag("disabled"), read.seconds("timeout")
        if _is_http(value):
            url = read.text("url")
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise BadInput(f"url is {url!r}; give an address such as http://127.0.0.1:9000/mcp.")
            return ServerEntry(
                name, "http", url=url, headers=read.texts("headers"), call_seconds=call_seconds, is_on=is_on
            )
        return ServerEntry(
            name,
            "stdio",
            command=read.text("command"),
            arguments=read.listed("args"),
            environment=read.texts("env"),
            folder=folder / read.text("cwd", ""),
            call_seconds=call_seconds,
            is_on=is_on,
        )
    except BadInput as error:
        return ServerEntry(name[:_MAX_NAME_CHARACTERS], problem=str(error))


def _is_http(value: dict[str, Any]) -> bool:
    """Whether an entry is an address.

    Raises:
        BadInput: If it is neither that nor a program, or both, or of a kind that there is not.
    """
    kind = value.get("type")
    if kind == "sse":
        raise BadInput("Its type is sse, the older transport, which is not supported; use the server's http address.")
    if kind not in (None, "stdio", *_HTTP_TYPES):
        raise BadInput(f"type is {_shown(kind)}; give stdio or http, or leave it out.")
    if ("command" in value) == ("url" in value):
        both = "both a command and a url" if "url" in value else f"neither a command nor a url, but {_names(value)}"
        raise BadInput(f"It has {both}; give one of them.")
    return "url" in value


class _Reader:
    """Checked values out of one entry, `${NAME}` replaced."""

    def __init__(self, value: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        self._value, self._environment = value, environment

    def text(self, key: str, default: str | None = None) -> str:
        """A string; without a default it must be there and not empty.

        Raises:
            BadInput: If it is anything else.
        """
        given = self._value.get(key, default)
        if not isinstance(given, str) or (default is None and not given.strip()):
            raise BadInput(f"{key} is {_shown(given)}; give a string.")
        return self._filled(given, key)

    def listed(self, key: str) -> tuple[str, ...]:
        """A list of strings, empty where it is left out.

        Raises:
            BadInput: If it is anything else.
        """
        given = self._value.get(key, [])
        if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
            raise BadInput(f'{key} is {_shown(given)}; give a list of strings, such as ["-y", "some-server"].')
        return tuple(self._filled(each, key) for each in given)

    def texts(self, key: str) -> dict[str, str]:
        """An object of strings, empty where it is left out.

        Raises:
            BadInput: If it is anything else; the value is not quoted, since it may be a secret.
        """
        given = self._value.get(key, {})
        if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
            raise BadInput(f'{key} must be an object of strings, such as {{"NAME": "value"}}.')
        return {name: self._filled(each, f"{key}.{name}") for name, each in given.items()}

    def flag(self, key: str) -> bool:
        """True or false, false where it is left out.

        Raises:
            BadInput: If it is anything else.
        """
        given = self._value.get(key, False)
        if not isinstance(given, bool):
            raise BadInput(f"{key} is {_shown(given)}; give true or false.")
        return given

    def seconds(self, key: str) -> float:
        """A number of seconds above 0; 0 where it is left out.

        Raises:
            BadInput: If it is anything else.
        """
        given = self._value.get(key, 0)
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if not is_number or (key in self._value and not 0 < given <= 86_400):
            raise BadInput(f"{key} is {_shown(given)}; give seconds, such as 60.")
        return float(given)

    def _filled(self, text: str, where: str) -> str:
        def value_of(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._environment:
                raise BadInput(f"{where} asks for ${{{name}}}, and the app's environment has no {name}. Set it.")
            return self._environment[name]

        return _replaced(text, value_of)


def _replaced(text: str, value_of: Callable[[re.Match[str]], str]) -> str:
    return _VARIABLE.sub(value_of, text)


def _names(value: Mapping[str, Any]) -> str:
    return ", ".join(list(value)[:6]) or "nothing"


def _shown(value: Any) -> str:
    """A value as an error quotes it: never the values of an object, which may be secrets."""
    if isinstance(value, dict):
        return f"an object with {_names(value)}"
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:60] + "..."
