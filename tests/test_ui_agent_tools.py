"""The tool panel: policies at home and where the app is shared, MCP servers, files of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.agents import Agents
from agent.policy import Policies
from agent.scratch import Scratch
from agent.toolbox import Tool, Toolbox, ToolOutput
from model.errors import BadInput
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine
from model.settings import Settings
from model.store import Store
from ui.agent_tools import ToolPanel, files_value


def tool(name: str, origin: str = "") -> Tool:
    return Tool(name, f"Does {name}. And more.", {}, lambda context, given: ToolOutput(""), origin=origin)


@pytest.fixture
def agents(settings: Settings) -> Iterator[Agents]:
    host = ModelHost(settings, ScriptedEngine([]))
    runs = Runs(Store(settings.data_folder), host, settings)
    toolbox = Toolbox()
    toolbox.add(tool("calculate"), tool("look", origin="tides"))
    yield Agents(runs, toolbox, Policies({"look": "ask"}), settings.data_folder / "scratch")
    runs.close()
    host.close()
    runs.store.close()


@dataclass(frozen=True)
class State:
    name: str = "tides"
    phase: str = "failed"
    words: str = "It ended with code 1."
    tools: tuple[str, ...] = ("look",)
    is_on: bool = True


@dataclass
class Servers:
    done: list[tuple[str, object]] = field(default_factory=list)

    def states(self) -> tuple[State, ...]:
        return (State(),)

    def restart(self, name: str) -> None:
        self.done.append((name, "restart"))

    def switch(self, name: str, on: bool) -> None:
        if name != "tides":
            raise BadInput(f"There is no MCP server {name!r}.")
        self.done.append((name, on))


def test_panel_shows_each_tool_with_one_line_its_policy_and_where_it_comes_from(agents: Agents) -> None:
    value = ToolPanel(agents, Servers(), False).value({})
    assert value["tools"] == [
        ["calculate", "Exact arithmetic, algebra, calculus, units and equations.", "free", "free", ""],
        ["look", "Does look.", "ask", "ask", "tides"],
    ]
    assert value["servers"] == [["tides", "failed", "It ended with code 1.", True, 1, True]]


def test_policy_set_at_home_holds_for_all_runs(agents: Agents) -> None:
    wishes, value = ToolPanel(agents, None, False).change({}, {"action": "policy", "name": "look", "policy": "free"})
    assert (wishes, value["tools"][1][2:4]) == ({}, ["free", "free"])
    assert [(each.name, each.policy) for each in agents.offered()] == [("calculate", "free"), ("look", "free")]


def test_policy_set_where_the_app_is_shared_is_the_pages_own_and_never_laxer(agents: Agents) -> None:
    panel = ToolPanel(agents, None, True)
    wishes, value = panel.change({}, {"action": "policy", "name": "look", "policy": "free"})
    assert value["tools"][1][2:4] == ["ask", "ask"]
    wishes, value = panel.change(wishes, {"action": "policy", "name": "calculate", "policy": "off"})
    assert value["tools"][0][2:4] == ["off", "free"]
    assert [each.name for each in agents.offered(panel.known(wishes))] == ["look"]
    assert len(agents.offered()) == 2


@pytest.mark.parametrize("given", [{}, {"action": "policy", "name": "nothing", "policy": "free"}, {"action": "policy"}])
def test_panel_changes_nothing_for_what_a_page_made_up(agents: Agents, given: dict[str, object]) -> None:
    wishes, value = ToolPanel(agents, None, False).change({}, given)
    assert wishes == {} and [row[2] for row in value["tools"]] == ["free", "ask"]


def test_servers_are_switched_and_restarted_and_a_refusal_is_said(agents: Agents) -> None:
    servers = Servers()
    panel = ToolPanel(agents, servers, False)
    panel.change({}, {"action": "restart", "name": "tides"})
    panel.change({}, {"action": "switch", "name": "tides", "is_on": False})
    assert servers.done == [("tides", "restart"), ("tides", False)]
    _, value = panel.change({}, {"action": "switch", "name": "gone", "is_on": True})
    assert value["note"] == "There is no MCP server 'gone'."


@pytest.mark.parametrize("is_hosted", [False, True])
def test_server_is_left_out_of_the_pages_own_runs_and_goes_on_running(agents: Agents, is_hosted: bool) -> None:
    servers = Servers()
    panel = ToolPanel(agents, servers, is_hosted)
    wishes, value = panel.change({}, {"action": "offer", "name": "tides", "is_on": False})
    assert (value["servers"][0][5], value["tools"][1][2:4]) == (False, ["off", "ask"])
    assert [each.name for each in agents.offered(panel.known(wishes))] == ["calculate"]
    assert servers.done == [] and len(agents.offered()) == 2
    wishes, value = panel.change(wishes, {"action": "offer", "name": "tides", "is_on": True})
    assert (wishes, value["servers"][0][5]) == ({}, True)
    assert panel.change({}, {"action": "offer", "name": "gone", "is_on": False})[0] == {}


def test_files_are_listed_with_their_size_and_whether_the_user_brought_them(tmp_path: Path) -> None:
    scratch = Scratch(tmp_path)
    scratch.write("a.csv", b"1,2")
    scratch.write("b.txt", b"x" * 20_000)
    assert files_value(scratch, ["a.csv"]) == {"files": [["a.csv", "3 bytes", "uploaded"], ["b.txt", "20 kB", ""]]}
