"""Tools and a policy in, what the model is offered and how a call is run out."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.scratch import Scratch
from model.tool_events import Policy

# How long a call may take unless its tool says otherwise.
CALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What a call gets besides its arguments.

    Args:
        run_id: The run that calls.
        scratch: The run's files.
        stop: Set when nobody waits for the call any more, because the run was stopped or the time is up: a tool that
            takes long looks at it.
        seconds: How long the call may take.
        most_characters: What the model's context has room for; a longer text is cut at its end.
    """

    run_id: str
    scratch: Scratch
    stop: threading.Event
    seconds: float
    most_characters: int = 16_000


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What a tool gives back; fields as in `model.tool_events.ToolResult`. A plain string is one with only a text."""

    text: str
    images: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    is_error: bool = False
    is_untrusted: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Args:
        schema: The JSON schema of the function as `apply_chat_template(tools=...)` takes it:
            {"type": "function", "function": {"name", "description", "parameters"}}.
        call: Takes the context and the arguments, which fit the schema.
        policy: What holds unless the host or the request says otherwise.
        reaches_outside: Whether a call goes out to the network or to another program.
        is_independent: Whether it may run beside other calls of the same turn.
        origin: "" for the app's own; the name of the MCP server or the file that it comes from.
        seconds: How long a call may take; then it counts as failed, and the run goes on.
        prepare: Called when a run that is offered the tool begins, so that its first call need not wait for a start.
            It returns at once.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    call: Callable[[ToolContext, Mapping[str, Any]], ToolOutput]
    policy: Policy = "free"
    reaches_outside: bool = False
    is_independent: bool = False
    origin: str = ""
    seconds: float = CALL_SECONDS
    prepare: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Toolbox:
    """The tools that there are. Safe to use from any thread."""

    _tools: dict[str, Tool] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *tools: Tool) -> None:
        """Add tools; one of the same name is replaced."""
        with self._lock:
            self._tools |= {tool.name: tool for tool in tools}

    def remove(self, origin: str) -> None:
        """Take away what came from `origin`."""
        with self._lock:
            self._tools = {name: tool for name, tool in self._tools.items() if tool.origin != origin}

    def tools(self) -> tuple[Tool, ...]:
        """All of them, in the order in which they were added."""
        with self._lock:
            return tuple(self._tools.values())

    def find(self, name: str) -> Tool | None:
        """The tool of that name, if there is one."""
        with self._lock:
            return self._tools.get(name)
