"""The tools, the MCP servers and the files of a run in, what the page says of them out; what a user changes there."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from agent.agents import Agents
from agent.policy import runs_no_programs, stricter
from agent.scratch import Scratch
from agent.toolbox import Tool
from model.acting import is_governed_by_others
from model.errors import AppError, NotAllowed
from model.tool_events import Policy
from verify.sandbox.levels import REMEDY

Value = dict[str, Any]
Wishes = dict[str, Policy]

_POLICIES: tuple[Policy, ...] = ("free", "ask", "off")
# What the app's own tools say of themselves is written for the model.
_ABOUT = {
    "python": "Runs Python in the sandbox. Variables and files stay for the next call; charts are shown.",
    "calculate": "Exact arithmetic, algebra, calculus, units and equations.",
    "search_web": "Searches the web. Reaches outside.",
    "read_page": "Reads a page or a PDF of the public web. Reaches outside.",
    "read_file": "Reads a file of the task: text, CSV, JSON, PDF.",
    "write_file": "Writes a file of the task, for you to download.",
    "list_files": "Lists the files of the task.",
    "verify_math": "Checks an answer against another one, as the Math tab does.",
    "run_tests": "Runs a program against tests, as the Code tab does.",
}
_NO_PROGRAMS_NOTE = f"Programs are not run here, so python and run_tests are off. {REMEDY}"
_HOSTED_NOTE = "This app is shared: a tool can be made stricter here, for your runs, and not laxer."


class ServerLike(Protocol):
    """As much of an MCP server's state as the page shows."""

    @property
    def name(self) -> str:
        """Its name in the settings file."""

    @property
    def phase(self) -> str:
        """One of "starting", "ready", "failed", "stopped"."""

    @property
    def words(self) -> str:
        """Why, as a sentence."""

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of its tools."""

    @property
    def is_on(self) -> bool:
        """Whether it is to run."""


class ServersLike(Protocol):
    """What the page asks of the MCP servers (`agent.mcp_servers.McpServers`)."""

    def states(self) -> Sequence[ServerLike]:
        """All of them as they are now."""

    def restart(self, name: str) -> None:
        """End one and start it again; returns at once."""

    def switch(self, name: str, on: bool) -> None:
        """Start one or stop it; returns at once."""


class ToolPanel:
    """What the panel shows and does; where the app is shared, what a page wishes is its own.

    Args:
        servers: None where there are none.
        is_hosted: Whether the app is shared: then a page may only tighten, and switches no server.
    """

    def __init__(self, agents: Agents, servers: ServersLike | None, is_hosted: bool) -> None:
        self._agents, self._servers, self._is_hosted = agents, servers, is_hosted

    @property
    def _is_governed(self) -> bool:
        return is_governed_by_others(self._is_hosted)

    def value(self, wishes: Mapping[str, Policy], note: str = "") -> Value:
        """What `agent_views.tools_view` shows."""
        held = {tool.name: (tool, self._agents.policies.of(tool)) for tool in self._agents.toolbox.tools()}
        servers = self._servers.states() if self._servers is not None else ()
        problem = str(getattr(self._servers, "problem", "") or "")
        return {
            "tools": [
                [name, about_of(tool), stricter(stricter(host, _wish(wishes, name)), _wish(wishes, tool.origin)), host]
                + [tool.origin]
                for name, (tool, host) in held.items()
            ],
            "servers": [
                [each.name, each.phase, each.words, each.is_on, len(each.tools), _wish(wishes, each.name) != "off"]
                for each in servers
            ],
            "note": note or problem or self._standing_note(),
            "is_hosted": self._is_governed,
        }

    def _standing_note(self) -> str:
        if runs_no_programs():
            return _NO_PROGRAMS_NOTE
        return _HOSTED_NOTE if self._is_governed else ""

    def change(self, wishes: Wishes, given: Mapping[str, Any]) -> tuple[Wishes, Value]:
        """Do what the panel's script tells: any page may send anything.

        Returns:
            The wishes of the page, and what the panel shows then.
        """
        action, name = str(given.get("action", "")), str(given.get("name", ""))
        note = ""
        try:
            match action:
                case "policy":
                    wishes = self._set(wishes, name, str(given.get("policy", "")))
                case "offer":
                    wishes = self._offer(wishes, name, bool(given.get("is_on")))
                case "switch" | "restart" if is_governed_by_others(False):
                    raise NotAllowed("All users share these servers, so only an admin switches them.")
                case "switch" if self._servers is not None:
                    self._servers.switch(name, bool(given.get("is_on")))
                case "restart" if self._servers is not None:
                    self._servers.restart(name)
                case _:  # look again
                    pass
        except AppError as error:
            note = str(error)
        return wishes, self.value(wishes, note)

    def _set(self, wishes: Wishes, name: str, policy: str) -> Wishes:
        chosen = next((known for known in _POLICIES if known == policy), None)
        if chosen is None or self._agents.toolbox.find(name) is None:
            return wishes
        if not self._is_governed:
            self._agents.policies.set(name, chosen)
            return wishes
        return wishes | {name: chosen}

    def _offer(self, wishes: Wishes, server: str, is_on: bool) -> Wishes:
        """Whether the page's next runs are told of a server's tools; the server itself stays as it is."""
        if server not in {each.name for each in (self._servers.states() if self._servers is not None else ())}:
            return wishes
        others = {name: policy for name, policy in wishes.items() if name != server}
        return others if is_on else others | {server: "off"}

    def known(self, wishes: Mapping[str, Policy]) -> Wishes:
        """The wishes about tools that there still are: a server may have gone meanwhile."""
        tools = self._agents.toolbox.tools()
        names = {tool.name for tool in tools} | {tool.origin for tool in tools}
        return {name: policy for name, policy in wishes.items() if name in names}


def _wish(wishes: Mapping[str, Policy], name: str) -> Policy:
    return wishes.get(name, "free")


def about_of(tool: Tool) -> str:
    """One line for people about a tool: of one from elsewhere the first sentence of what it says of itself.

    >>> from agent.toolbox import ToolOutput
    >>> about_of(Tool("add", "Add two numbers. Exactly.", {}, lambda context, given: ToolOutput("")))
    'Add two numbers.'
    """
    if not tool.origin and tool.name in _ABOUT:
        return _ABOUT[tool.name]
    first = " ".join(tool.description.split("\n\n")[0].split())
    end = first.find(". ")
    return first if end < 0 else first[: end + 1]


def files_value(scratch: Scratch, uploads: Sequence[str] = ()) -> Value:
    """What `agent_views.files_view` shows of a run's files."""
    return {
        "files": [
            [file.name, size_words(file.n_bytes), "uploaded" if file.name in uploads else ""]
            for file in scratch.files()
        ]
    }


def size_words(n_bytes: int) -> str:
    """A file's size.

    >>> size_words(312), size_words(20_480), size_words(3_400_000)
    ('312 bytes', '20 kB', '3.4 MB')
    """
    if n_bytes < 1000:
        return f"{n_bytes} byte{'' if n_bytes == 1 else 's'}"
    return f"{n_bytes / 1000:.0f} kB" if n_bytes < 1_000_000 else f"{n_bytes / 1_000_000:.1f} MB"
