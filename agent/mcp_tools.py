"""What an MCP server says of its tools and gives back in; tools and outputs as the agent has them out.

All of it was written by somebody else: names, descriptions and schemas are made plain and short, results are cut and
marked as untrusted.
"""

import base64
import binascii
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, SchemaError

from agent.shortening import middle_cut
from agent.toolbox import Tool, ToolContext, ToolOutput

if TYPE_CHECKING:
    from mcp import types

MOST_TOOLS = 100
MAX_DESCRIPTION_CHARACTERS = 1_000
MAX_SCHEMA_CHARACTERS = 8_000
MAX_RESULT_CHARACTERS = 20_000
MOST_IMAGES, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS = 4, 4_000_000, 16_000_000

# What the model families' templates and the OpenAI form of a tool allow.
_MAX_NAME_CHARACTERS = 64
_MAX_SCHEMA_DEPTH = 12
_MAX_DEEP_DESCRIPTION_CHARACTERS = 300
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class RemoteTool:
    """A server's tool: the name that the server knows, and what the model is told."""

    name: str
    description: str
    parameters: Mapping[str, Any]


def remote_tools(listed: Iterable["types.Tool"]) -> tuple[RemoteTool, ...]:
    """The tools of a server, as many as are offered, with plain and short descriptions."""
    found: dict[str, RemoteTool] = {}
    for tool in listed:
        if len(found) < MOST_TOOLS and tool.name not in found:
            words = short(tool.description or tool.title or "", MAX_DESCRIPTION_CHARACTERS)
            found[tool.name] = RemoteTool(tool.name, words or f"The tool {tool.name}.", parameters_of(tool.inputSchema))
    return tuple(found.values())


def as_tool(
    remote: RemoteTool, name: str, server: str, call: Callable[[ToolContext, Mapping[str, Any]], ToolOutput]
) -> Tool:
    """A server's tool as the agent has it: each call asks.

    Args:
        name: What the model calls it.
        server: The server's name.
    """
    function = {"name": name, "description": remote.description, "parameters": remote.parameters}
    schema = {"type": "function", "function": function}
    return Tool(name, remote.description, schema, call, policy="ask", reaches_outside=True, origin=server)


def short(text: str, most: int) -> str:
    r"""Text without control characters, cut to `most` characters.

    >>> short("one\x1b[2J two three", 11)
    'one[2J two…'
    """
    plain = "".join(each for each in text if each.isprintable() or each in "\n\t").strip()
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def parameters_of(schema: Any) -> dict[str, Any]:
    """A tool's parameters as a JSON schema that is safe to hand on: no references to elsewhere, not deep, not long.

    Where it is too long its descriptions go first, and then all but the names of its parameters.

    >>> parameters_of({"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1/x"}}})
    {'type': 'object', 'properties': {'a': {}}}
    """
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        return dict(_NO_PARAMETERS)
    plain: dict[str, Any] = _NO_PARAMETERS | _plain(schema, _MAX_SCHEMA_DEPTH)
    try:
        Draft202012Validator.check_schema(plain)
    except SchemaError:
        return {"type": "object", "properties": {str(name): {} for name in list(schema.get("properties") or ())[:100]}}
    if len(json.dumps(plain)) > MAX_SCHEMA_CHARACTERS:
        plain = _without_descriptions(plain)
    if len(json.dumps(plain)) > MAX_SCHEMA_CHARACTERS:
        plain = {"type": "object", "properties": {name: {} for name in list(plain["properties"])[:100]}}
    return plain


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        if depth == 0 or any(not str(value.get(key, "#")).startswith("#") for key in _REFERENCES):
            return {}
        return {short(key, 200): _plain(each, depth - 1) for key, each in value.items() if not _is_left_out(key, each)}
    if isinstance(value, list):
        return [_plain(each, depth) for each in value[:200]]
    return short(value, _MAX_DEEP_DESCRIPTION_CHARACTERS) if isinstance(value, str) else value


def _is_left_out(key: str, value: Any) -> bool:
    """Whether a keyword is none that the model needs; under the same name a parameter has an object, and is kept.

    A pattern of somebody else's could keep whoever checks the arguments busy for ever.
    """
    return key == "patternProperties" or (
        key in ("$schema", "$id", "pattern", "examples") and not isinstance(value, dict)
    )


def _without_descriptions(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_descriptions(each)
            for key, each in value.items()
            if not (key in ("description", "title") and isinstance(each, str))
        }
    return [_without_descriptions(each) for each in value] if isinstance(value, list) else value


def model_names(by_server: Mapping[str, Iterable[str]], taken: Iterable[str]) -> dict[tuple[str, str], str]:
    """What the model calls each tool: its own name; with its server's in front where another tool has that name.

    Args:
        by_server: Names of the tools of each server, those that are off included, so that a name does not change
            when another server comes or goes.
        taken: Names that are no server's.

    Returns:
        By server and tool, names of letters, digits, "_" and "-", all different.

    >>> model_names({"notes": ["search", "add"], "web": ["search"]}, ["python"])[("web", "search")]
    'web_search'
    """
    plain = {(server, name): plain_name(name) for server, names in by_server.items() for name in names}
    counts = Counter(plain.values())
    used, found = set(taken), {}
    for (server, name), own in plain.items():
        wanted = own if counts[own] == 1 and own not in used else plain_name(f"{server}_{name}")
        number, free = 2, wanted
        while free in used or (free != own and free in counts):
            tail = f"_{number}"
            free, number = wanted[: _MAX_NAME_CHARACTERS - len(tail)] + tail, number + 1
        used.add(free)
        found[server, name] = free
    return found


def plain_name(name: str) -> str:
    """A name that every model's template takes.

    >>> plain_name("files/read.text")
    'files_read_text'
    """
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:_MAX_NAME_CHARACTERS] or "tool"


def output_of(result: "types.CallToolResult") -> ToolOutput:
    """What a call gave back, cut to what a model can read."""
    texts: list[str] = []
    images: list[str] = []
    for part in result.content:
        match part.type:
            case "text":
                texts.append(part.text)
            case "image":
                image = png_of(part.data) if len(images) < MOST_IMAGES else None
                texts.append("[an image, which the user sees]" if image else "[an image that cannot be shown]")
                images += [image] if image else []
            case "audio":
                texts.append(f"[audio, {part.mimeType}, left out]")
            case "resource_link":
                texts.append(f"[{part.name}: {part.uri}]")
            case "resource":
                inside = getattr(part.resource, "text", None)
                texts.append(f"[{part.resource.uri}, not a text]" if inside is None else inside)
    text = "\n".join(texts)
    if not text.strip() and result.structuredContent is not None:
        text = json.dumps(result.structuredContent, ensure_ascii=False)
    is_error = bool(result.isError)
    nothing = "The call failed, and the server does not say why." if is_error else "The call gave nothing back."
    return ToolOutput(
        middle_cut(text, MAX_RESULT_CHARACTERS) or nothing, tuple(images), is_error=is_error, is_untrusted=True
    )


def png_of(data: str) -> str | None:
    """A picture in base64 as a PNG in base64, or None if it is none, or too large.

    Args:
        data: A PNG, JPEG, WebP or GIF.
    """
    from PIL import Image, UnidentifiedImageError  # only where a server sends pictures

    if len(data) > MAX_IMAGE_BYTES * 4 // 3 + 4:
        return None
    try:
        with Image.open(io.BytesIO(base64.b64decode(data, validate=True)), formats=_IMAGE_FORMATS) as image:
            if image.width * image.height > MAX_IMAGE_PIXELS:
                return None
            if image.format == "PNG":
                image.verify()
                return data
            written = io.BytesIO()
            image.convert("RGBA").save(written, "PNG")
    except (binascii.Error, UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return None
    return base64.b64encode(written.getvalue()).decode()
