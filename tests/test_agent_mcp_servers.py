"""Real MCP servers as processes: one that works, and what happens when one dies, hangs, floods or is not there."""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.mcp_servers import McpServers, ServerState, mcp_servers
from agent.mcp_settings import FILE_NAME, ServerEntry
from agent.scratch import Scratch
from agent.toolbox import Tool, Toolbox, ToolContext, ToolOutput
from model.engine import collect
from model.errors import BadInput
from model.events import Event
from model.scripted import Turn
from model.settings import Settings
from model.tool_events import ApprovalAsked, ToolResult
from tests.conftest import ROOT, free_port
from tests.script_client import is_soon
from tests.scripted_agent import call, scripted_agent

SERVER = str(ROOT / "tests" / "mcp_stdio_server.py")


def entry(name: str, *more: str, **fields: Any) -> ServerEntry:
    return ServerEntry(name, command=sys.executable, arguments=(SERVER, *more), **{"folder": ROOT} | fields)


def own_tool(name: str) -> Tool:
    return Tool(name, "Our own.", {}, lambda *_: ToolOutput("ours"))


class Running:
    """Servers with a toolbox, and what a run does with them."""

    def __init__(self, *entries: ServerEntry, **more: Any) -> None:
        self.toolbox = Toolbox()
        self.toolbox.add(own_tool("add"))
        self.servers = McpServers(self.toolbox, entries, **more)
        self.stop = threading.Event()

    def state(self, name: str) -> ServerState:
        return next(state for state in self.servers.states() if state.name == name)

    def is_settled(self, name: str, phase: str) -> bool:
        return is_soon(lambda: self.state(name).phase == phase)

    def make_ready(self, name: str) -> None:
        if self.state(name).phase == "failed":
            self.servers.restart(name)
        assert self.is_settled(name, "ready")

    def call(self, tool: str, seconds: float = 30, **arguments: Any) -> ToolOutput:
        found = self.toolbox.find(tool)
        assert found, f"there is no {tool}"
        return found.call(ToolContext("run", Scratch(Path()), self.stop, seconds), arguments)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    os.environ["SECRET_OF_THE_APP"] = "do not tell"
    begun = Running(entry("works", environment={"GIVEN": "1"}), entry("dies"), entry("silent", "never"))
    before = time.monotonic()
    begun.servers.start()
    # One of them is given 120 s to start, and never does.
    assert time.monotonic() - before < 60, "the start waits for the servers"
    assert begun.is_settled("works", "ready") and begun.is_settled("dies", "ready")
    yield begun
    begun.servers.close()
    del os.environ["SECRET_OF_THE_APP"]


# A server that works.


def test_a_ready_server_s_tools_are_in_the_toolbox_and_ask(running: Running) -> None:
    tool = running.toolbox.find("works_environment")
    assert tool
    assert (tool.policy, tool.reaches_outside, tool.origin) == ("ask", True, "works")
    assert tool.schema["function"]["description"] == "Every variable of this process."
    assert tool.schema["function"]["name"] == tool.name


def test_tools_of_one_name_have_their_server_in_front(running: Running) -> None:
    assert running.call("add").text == "ours"
    assert running.call("works_add", a=20, b=22).text == "42"
    assert {"works_hang", "dies_hang"} <= {tool.name for tool in running.toolbox.tools()}
    assert "works_add" in running.state("works").tools


def test_results_are_untrusted_and_errors_of_the_tool_are_told(running: Running) -> None:
    output = running.call("works_picture")
    assert output.is_untrusted and output.text.startswith("one pixel") and len(output.images) == 1
    failed = running.call("works_fail")
    assert failed.is_error and failed.is_untrusted and "the cupboard is bare" in failed.text
    assert running.call("works_add", a="x", b=1).is_error


def test_a_program_gets_path_home_and_what_its_entry_names_alone(running: Running) -> None:
    seen = json.loads(running.call("works_environment").text)
    assert seen["GIVEN"] == "1" and seen["PATH"]
    assert "SECRET_OF_THE_APP" not in seen
    assert set(seen) <= {"HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER", "LC_CTYPE", "GIVEN"}


def test_new_tools_are_there_as_soon_as_the_server_says_so(running: Running) -> None:
    running.call("works_grow")
    assert is_soon(lambda: running.toolbox.find("grown"))
    assert running.call("grown").text == "grown"


# Servers that misbehave.


def test_a_call_that_hangs_is_given_up_in_time_and_the_server_is_told(running: Running) -> None:
    output = running.call("works_hang", seconds=0.5, who="slow")
    assert output.is_error and "No result came within 0.5 s" in output.text
    assert is_soon(lambda: running.call("works_who_gave_up").text == "slow")


def test_a_call_ends_when_its_run_is_stopped(running: Running) -> None:
    threading.Timer(0.3, running.stop.set).start()
    try:
        output = running.call("works_hang", seconds=600, who="stopped")
    finally:
        running.stop.clear()
    assert output.is_error and "The run was stopped" in output.text


def test_a_server_that_dies_in_mid_call_fails_the_call_and_can_be_restarted(running: Running) -> None:
    running.make_ready("dies")
    output = running.call("dies_die", seconds=600)
    assert output.is_error
    assert "It ended with exit code 3; its last words:" in output.text and "out of ideas" in output.text
    assert running.is_settled("dies", "failed")
    assert "exit code 3" in running.state("dies").words
    assert {tool.origin for tool in running.toolbox.tools()} == {"", "works"}
    assert running.call("works_add", a=2, b=2).text == "4", "names are kept while the other server is gone"
    running.servers.restart("dies")
    assert running.is_settled("dies", "ready")
    assert running.call("dies_add", a=3, b=3).text == "6"


def test_a_large_result_is_cut_and_a_flood_of_notes_holds_nobody_up(running: Running) -> None:
    running.make_ready("dies")
    output = running.call("works_flood_with_text", characters=3_000_000)
    assert len(output.text) < 21_000 and "characters left out" in output.text
    threads = [threading.Thread(target=running.call, args=("works_flood_with_notes",), kwargs={"notes": 500})]
    threads[0].start()
    assert running.call("dies_add", a=1, b=2).text == "3"
    threads[0].join(30)
    assert not threads[0].is_alive()


def test_a_server_that_floods_without_end_is_ended(running: Running) -> None:
    running.make_ready("dies")
    output = running.call("dies_flood_without_end", seconds=600)
    assert output.is_error and "a line of more than 16,777,216 bytes" in output.text
    assert running.is_settled("dies", "failed")


def test_a_server_that_never_answers_is_starting_and_can_be_switched_off(running: Running) -> None:
    assert running.state("silent").phase == "starting"
    running.servers.switch("silent", False)
    assert running.is_settled("silent", "stopped")
    assert not running.state("silent").is_on


# In a run of the agent.


def test_a_run_asks_before_each_call_and_goes_on_when_the_server_has_died(running: Running, tmp_path: Path) -> None:
    running.make_ready("dies")
    turns = [
        Turn("First.", call("dies_add", a=20, b=22), times=1),
        Turn("So.", "It is 42.", result="exit code 3"),
        Turn("Next.", call("dies_die"), result="42"),
    ]
    with scripted_agent(tmp_path, turns, running.toolbox.tools()) as agent:
        run_id = agent.agents.start("What is 20 + 22?", tools=["dies_add", "dies_die"])
        for number in (1, 2):
            assert is_soon(lambda n=number: len(asked_in(agent.runs.events_so_far(run_id, 0))) == n)  # type: ignore[misc]
            agent.runs.decide(run_id, asked_in(agent.runs.events_so_far(run_id, 0))[-1].call_id, "allow")
        events = agent.read(run_id)
    sums, died = (event for event in events if isinstance(event, ToolResult))
    assert (sums.text, sums.outcome, sums.is_untrusted) == ("42", "ok", True)
    assert died.outcome == "failed" and "exit code 3" in died.text
    assert collect(events).answer.strip() == "It is 42."


def asked_in(events: Sequence[Event] | None) -> list[ApprovalAsked]:
    return [event for event in events or () if isinstance(event, ApprovalAsked)]


# Servers that are not there, and addresses.


def test_a_server_that_cannot_start_says_why() -> None:
    gone = ServerEntry("gone", command="no-such-program", folder=ROOT)
    nowhere = ServerEntry("nowhere", "http", url=f"http://127.0.0.1:{free_port()}/mcp?key=s3cret")
    wrong = ServerEntry("wrong", problem="args is 7; give a list of strings.")
    running = Running(gone, nowhere, wrong, entry("lost", folder=ROOT / "no-such-folder"))
    running.servers.start()
    try:
        assert running.is_settled("gone", "failed") and running.is_settled("nowhere", "failed")
        assert "'no-such-program' was not found" in running.state("gone").words
        assert "cannot be reached" in running.state("nowhere").words
        assert "s3cret" not in running.state("nowhere").words
        assert running.state("wrong").words == "args is 7; give a list of strings."
        assert running.is_settled("lost", "failed") and "no-such-folder does not exist" in running.state("lost").words
        with pytest.raises(BadInput, match="give a list of strings"):
            running.servers.restart("wrong")
        with pytest.raises(BadInput, match="no MCP server 'other'; there are gone, nowhere, wrong, lost"):
            running.servers.restart("other")
    finally:
        running.servers.close()


def test_servers_with_an_address_are_called_alike_and_programs_do_not_run_on_a_shared_app(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agent.mcp_connection._LASTING_SECONDS", 0.0)
    monkeypatch.setattr("agent.mcp_servers._AGAIN_AFTER_SECONDS", 0.1)
    port = free_port()
    host = Running(entry("host", "http", str(port)))
    shared = Running(
        ServerEntry("remote", "http", url=f"http://127.0.0.1:{port}/mcp"), entry("program"), is_hosted=True
    )
    host.servers.start()  # a program that speaks HTTP alone: as a program it stays "starting"
    try:
        assert is_soon(lambda: is_listening(port))
        shared.servers.start()
        assert shared.is_settled("remote", "ready")
        assert shared.call("remote_add", a=4, b=5).text == "9"
        assert "No result came" in shared.call("hang", seconds=0.5, who="slow").text
        assert shared.state("program").phase == "stopped" and "starts no programs" in shared.state("program").words
        for name in ("program", "remote"):
            with pytest.raises(BadInput, match="shared with others"):
                shared.servers.switch(name, True)
        host.servers.close()
        failed = shared.call("remote_add", a=1, b=1)
        assert failed.is_error and "cannot be reached" in failed.text
        assert shared.is_settled("remote", "failed")
        assert caplog.text.count("the MCP server remote has ended") == 2, "it is tried once more"
        assert not shared.toolbox.find("remote_add")
    finally:
        host.servers.close()
        shared.servers.close()


def is_listening(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


# The file.


def test_mcp_servers_reads_the_data_folder_s_file_or_the_one_that_is_named(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    assert mcp_servers(settings, Toolbox()).states() == ()
    (tmp_path / FILE_NAME).write_text('{"mcpServers": {"a": {"command": "a", "disabled": true}}}')
    [state] = mcp_servers(settings, Toolbox()).states()
    assert (state.name, state.phase, state.is_on) == ("a", "stopped", False)
    named = tmp_path / "other.json"
    named.write_text("{")
    broken = mcp_servers(Settings(tmp_path, mcp_servers=named), Toolbox())
    assert "other.json is no JSON" in broken.problem and broken.states() == ()
    assert "cannot be read" in mcp_servers(Settings(tmp_path, mcp_servers=tmp_path / "none"), Toolbox()).problem


def test_a_restart_looks_into_the_file_again(tmp_path: Path) -> None:
    def write(**fields: Any) -> None:
        (tmp_path / FILE_NAME).write_text(json.dumps({"mcpServers": {"a": fields}}))

    write(comand="no-such-program")
    servers = mcp_servers(Settings(tmp_path), Toolbox())
    servers.start()
    try:
        assert servers.states()[0].words.startswith("It has neither a command nor a url")
        write(command=7)
        with pytest.raises(BadInput, match="command is 7; give a string"):
            servers.restart("a")
        assert servers.states()[0].words == "command is 7; give a string."
        write(command="no-such-program")
        servers.restart("a")
        assert is_soon(lambda: "'no-such-program' was not found" in servers.states()[0].words)
        (tmp_path / FILE_NAME).write_text("{")
        with pytest.raises(BadInput, match="is no JSON"):
            servers.restart("a")
    finally:
        servers.close()
