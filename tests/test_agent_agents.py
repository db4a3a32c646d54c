"""What a request can wish for, what the host holds, and what a run from elsewhere can claim."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.policy import Policies, policies_from_environment
from agent.tools import tool_from_function
from model.branching import Branch
from model.engine import collect
from model.errors import BadInput
from model.events import Event, ThinkingDelta
from model.export import export
from model.importing import import_json_lines
from model.scripted import Turn
from model.steps import steps_of
from model.tool_events import ApprovalAsked, Equipped, OfferedTool
from tests.scripted_agent import ScriptedAgent, add, call, fail, results, scripted_agent

TURNS = (
    Turn("I'll add.", call("add", a=2, b=3), result=r"\A\Z"),
    Turn("So it is 5.\n\nYes.", "Five.", result="5"),
    Turn("Refused.", "No sum.", result="refused"),
)
TOOLS = (tool_from_function(add, policy="ask"), tool_from_function(fail))


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[ScriptedAgent]:
    with scripted_agent(tmp_path, TURNS, TOOLS, policies=Policies({"add": "free"})) as made:
        yield made


def equipped_of(events: list[Event]) -> Equipped:
    return next(event for event in events if isinstance(event, Equipped))


# ---------------------------------------------------------------------------------------------------- policies


@pytest.mark.parametrize(
    ("host", "wishes", "offered"),
    [
        pytest.param({}, None, {"add": "ask", "fail": "free"}, id="the tools' own"),
        pytest.param({"add": "free"}, None, {"add": "free", "fail": "free"}, id="the host allows"),
        pytest.param({"add": "off"}, None, {"fail": "free"}, id="the host forbids"),
        pytest.param({}, {"add": "free"}, {"add": "ask", "fail": "free"}, id="a wish widens nothing"),
        pytest.param({}, {"fail": "ask"}, {"add": "ask", "fail": "ask"}, id="a wish tightens"),
        pytest.param({}, {"fail": "off"}, {"add": "ask"}, id="a wish leaves out"),
        pytest.param({"add": "off"}, {"add": "free"}, {"fail": "free"}, id="a wish brings nothing back"),
        pytest.param({}, ["fail"], {"fail": "free"}, id="these only"),
        pytest.param({}, [], {}, id="none"),
    ],
)
def test_a_request_can_only_tighten_what_the_host_allows(
    tmp_path: Path, host: Any, wishes: Any, offered: dict[str, str]
) -> None:
    with scripted_agent(tmp_path, TURNS, TOOLS, policies=Policies(host)) as agent:
        assert {tool.name: tool.policy for tool in agent.agents.offered(wishes)} == offered


@pytest.mark.parametrize(
    ("wishes", "offered"),
    [
        pytest.param({"tides": "off"}, {"add": "free"}, id="all of a server are left out"),
        pytest.param(
            {"tides": "ask"}, {"add": "free", "look": "ask", "tell": "ask"}, id="all of a server are tightened"
        ),
        pytest.param(
            {"tides": "ask", "look": "off"}, {"add": "free", "tell": "ask"}, id="one tool more than its server"
        ),
        pytest.param({"tides": "ask", "look": "free"}, {"add": "free", "look": "ask", "tell": "ask"}, id="not less"),
        pytest.param(["tides"], {"look": "free", "tell": "free"}, id="a server's only"),
        pytest.param(["tides", "add"], {"look": "free", "tell": "free", "add": "free"}, id="a server's and another"),
    ],
)
def test_name_of_a_server_stands_for_all_of_its_tools(tmp_path: Path, wishes: Any, offered: dict[str, str]) -> None:
    added, *_ = TOOLS
    tools = [
        replace(added, policy="free"),
        *(replace(added, name=name, policy="free", origin="tides") for name in ("look", "tell")),
    ]
    with scripted_agent(tmp_path, TURNS, tools) as agent:
        assert {tool.name: tool.policy for tool in agent.agents.offered(wishes)} == offered


@pytest.mark.parametrize(
    ("wishes", "why"),
    [
        (["ad"], "There is no tool 'ad'. The tools are: add, fail."),
        ({"ad": "ask"}, "There is no tool 'ad'"),
        ({"add": "always"}, "The policy of the tool 'add' is 'always'. Give one of free, ask, off."),
    ],
)
def test_wishes_that_cannot_be_met_are_refused_with_the_reason(agent: ScriptedAgent, wishes: Any, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        agent.agents.offered(wishes)


def test_a_tool_that_the_host_has_switched_off_cannot_be_named_alone(agent: ScriptedAgent) -> None:
    agent.agents.policies.set("fail", "off")
    with pytest.raises(BadInput, match="'fail' is switched off here"):
        agent.agents.offered(["fail"])


@pytest.mark.parametrize("text", ["python", "=off", "python=maybe", "a=ask, b"])
def test_policies_from_the_environment_refuse_what_they_cannot_read(text: str) -> None:
    with pytest.raises(BadInput):
        policies_from_environment({"WORKINGS_TOOLS": text})


@pytest.mark.parametrize(
    "limits",
    [
        {"max_steps": 0}, {"max_steps": 101}, {"max_steps": True}, {"max_seconds": -1}, {"max_seconds": float("nan")},
        {"max_tokens": -1}, {"max_tokens": 1.5},
    ],
)  # fmt: skip
def test_limits_out_of_range_are_refused(agent: ScriptedAgent, limits: Any) -> None:
    with pytest.raises(BadInput, match=next(iter(limits))):
        agent.agents.start("?", **limits)


# ---------------------------------------------------------------------------------------------------- from elsewhere


def imported(agent: ScriptedAgent, run_id: str, change: Any) -> str:
    """The run again, as somebody has changed its export."""
    lines = export(agent.runs.store, run_id, "json_lines").splitlines()
    changed = [json.dumps(change(json.loads(line))) for line in lines]
    (new_id,) = import_json_lines(agent.runs.store, "\n".join(changed))
    return new_id


def test_an_imported_run_cannot_widen_what_the_host_allows(tmp_path: Path) -> None:
    with scripted_agent(tmp_path, TURNS, TOOLS, approval_seconds=0.05) as agent:
        first = agent.agents.start("2 + 3?")
        assert sum(isinstance(event, ApprovalAsked) for event in agent.read(first)) == 1

        def widened(line: dict[str, Any]) -> dict[str, Any]:
            if line.get("type") == "equipped":
                line |= {"tools": [{"name": "add", "policy": "free"}], "scratch": "../../etc"}
            return line

        again = agent.runs.branch(imported(agent, first, widened), Branch())
        events = agent.read(again)
        assert equipped_of(events).tools == (OfferedTool("add", "free"),)
        assert sum(isinstance(event, ApprovalAsked) for event in events) == 1 and "refused" in results(events)[0]
        assert agent.agents.scratch(again).folder.parent == tmp_path / "scratch"


def test_an_imported_run_names_no_folder(agent: ScriptedAgent) -> None:
    first = agent.agents.start("?", uploads={"a.txt": b"secret"})
    agent.read(first)
    run_id = imported(agent, first, lambda line: line)
    assert equipped_of(agent.runs.store.events(run_id)).scratch == ""
    assert agent.agents.scratch(run_id).names() == ()


def test_scratch_of_a_run_without_tools_is_refused(agent: ScriptedAgent) -> None:
    run_id = agent.runs.start("?")
    agent.read(run_id)
    with pytest.raises(BadInput, match="has no tools"):
        agent.agents.scratch(run_id)


def test_folders_that_no_run_names_are_removed_when_they_are_old(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * 86_400
    with scripted_agent(tmp_path, TURNS, TOOLS) as agent:
        first = agent.agents.start("?", uploads={"a.txt": b"1"}, tools=[])
        agent.read(first)
        kept = agent.agents.scratch(first).folder
        (kept.parent / "nobodys").mkdir()
        (kept.parent / "new").mkdir()
        os.utime(kept, (long_ago, long_ago))
        os.utime(kept.parent / "nobodys", (long_ago, long_ago))
    with scripted_agent(tmp_path, TURNS, TOOLS):
        assert {folder.name for folder in kept.parent.iterdir()} == {kept.name, "new"}


def test_a_run_without_tools_can_be_followed_up_by_one_with_tools(agent: ScriptedAgent) -> None:
    first = agent.runs.start("2 + 3?")
    agent.read(first)
    events = agent.events("2 + 3?", parent_id=first)
    assert results(events) == ["ok: 5"] and len(agent.requests[-1].messages) == 5


# ---------------------------------------------------------------------------------------------------- branches


def test_a_run_asked_again_has_its_tools_and_a_copy_of_its_files(agent: ScriptedAgent) -> None:
    first = agent.agents.start("2 + 3?", uploads={"a.txt": b"1"}, max_steps=5)
    agent.read(first)
    second = agent.runs.branch(first, Branch())
    events = agent.read(second)
    assert results(events) == ["ok: 5"] and collect(events).answer == "Five."
    assert equipped_of(events).max_steps == 5
    agent.agents.scratch(second).write("a.txt", b"2")
    assert agent.agents.scratch(first).read("a.txt") == b"1"


def test_a_branch_at_a_later_step_keeps_the_steps_before_it_and_runs_nothing_again(agent: ScriptedAgent) -> None:
    first = agent.agents.start("2 + 3?")
    agent.read(first)
    place = len("So it is 5.\n\n")
    events = agent.read(agent.runs.branch(first, Branch(step=2, keep_characters=place)))
    steps = steps_of(events)
    assert [len(step.calls) for step in steps] == [1, 0] and results(events) == ["ok: 5"]
    assert steps[1].thinking.startswith("So it is 5.\n\n") and collect(events).answer == "Five."
    assert agent.requests[-1].thinking_so_far == "So it is 5.\n\n"
    # What was kept was written elsewhere, so it costs this run nothing.
    assert [event.n_tokens for event in events if isinstance(event, ThinkingDelta)][:2] == [0, 0]


def test_a_place_counts_through_the_steps_when_none_is_named(agent: ScriptedAgent) -> None:
    first = agent.agents.start("2 + 3?")
    place = len(steps_of(agent.read(first))[0].thinking) + len("So it is 5.\n\n")
    events = agent.read(agent.runs.branch(first, Branch(keep_characters=place)))
    assert steps_of(events)[1].thinking.startswith("So it is 5.\n\n") and results(events) == ["ok: 5"]


def test_a_new_answer_keeps_every_step(agent: ScriptedAgent) -> None:
    first = agent.agents.start("2 + 3?")
    agent.read(first)
    events = agent.read(agent.runs.branch(first, Branch(answers_now=True)))
    assert results(events) == ["ok: 5"] and collect(events).answer == "Five."
    assert agent.requests[-1].is_thinking_closed and len(agent.requests[-1].messages) == 3


def test_an_edited_thinking_of_a_run_with_steps_needs_the_number_of_its_step(agent: ScriptedAgent) -> None:
    first = agent.agents.start("2 + 3?")
    agent.read(first)
    with pytest.raises(BadInput, match="This run thought in 2 steps"):
        agent.runs.branch(first, Branch(thinking="Hm."))
    with pytest.raises(BadInput, match="The step is 3 and the run has 2"):
        agent.runs.branch(first, Branch(thinking="Hm.", step=3))
    events = agent.read(agent.runs.branch(first, Branch(thinking="It is", step=2, answers_now=True)))
    assert steps_of(events)[1].thinking == "It is" and collect(events).answer == "Five."
