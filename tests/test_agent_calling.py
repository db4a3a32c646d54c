"""Calls that wait for the user's word."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.policy import Policies
from agent.toolbox import Tool
from agent.tools import tool_from_function
from model.engine import collect
from model.errors import BadInput
from model.events import Steered
from model.scripted import Turn
from model.steps import steps_of
from model.tool_events import ApprovalAsked
from tests.scripted_agent import MakeAgent, add, agent_maker, call, first, results, wait_for


@pytest.fixture
def agent_with(tmp_path: Path) -> Iterator[MakeAgent]:
    """An agent whose model writes the turns that are given."""
    with agent_maker(tmp_path) as make:
        yield make


def asking(**options: Any) -> list[Tool]:
    return [tool_from_function(add, policy="ask", **options)]


def test_a_call_waits_until_it_is_allowed(agent_with: MakeAgent):
    agent = agent_with(first(call("add", a=1, b=1)), Turn("", "Two.", result="^2$"), tools=asking())
    run_id = agent.agents.start("?")
    asked = wait_for(agent, run_id, ApprovalAsked)
    (step,) = steps_of(agent.runs.events_so_far(run_id, 0) or [])
    assert (step.calls[0].approval, step.calls[0].result) == ("asked", None) and asked.seconds == 300
    assert agent.runs.decide(run_id, asked.call_id, "allow")
    events = agent.read(run_id)
    assert results(events) == ["ok: 2"] and steps_of(events)[0].calls[0].approval == "allowed"


def test_a_refusal_is_told_to_the_model(agent_with: MakeAgent):
    agent = agent_with(first(call("add", a=1, b=1)), Turn("", "Well then.", result="refused"), tools=asking())
    run_id = agent.agents.start("?")
    agent.runs.decide(run_id, wait_for(agent, run_id, ApprovalAsked).call_id, "refuse")
    events = agent.read(run_id)
    assert results(events)[0].startswith("refused: The user refused this call")
    assert steps_of(events)[0].calls[0].approval == "refused" and collect(events).answer == "Well then."


def test_no_answer_in_time_is_a_refusal(agent_with: MakeAgent):
    agent = agent_with(first(call("add", a=1, b=1)), Turn("", "Alone."), tools=asking(), approval_seconds=0.05)
    events = agent.events()
    assert results(events)[0].startswith("refused: Nobody allowed this call") and collect(events).answer == "Alone."


def test_allow_always_holds_for_the_tool_until_the_run_ends(agent_with: MakeAgent):
    written = call("add", a=1, b=1) + "\n" + call("add", a=2, b=2)
    agent = agent_with(first(written), Turn("", "Both.", result="2\n4"), tools=asking(is_independent=True))
    run_id = agent.agents.start("?")
    agent.runs.decide(run_id, wait_for(agent, run_id, ApprovalAsked).call_id, "allow_always")
    events = agent.read(run_id)
    assert sum(isinstance(event, ApprovalAsked) for event in events) == 1
    assert sorted(results(events)) == ["ok: 2", "ok: 4"]


def test_a_decision_counts_once_and_only_for_a_call_that_waits(agent_with: MakeAgent):
    agent = agent_with(first(call("add", a=1, b=1)), Turn("", "Two."), tools=asking())
    run_id = agent.agents.start("?")
    asked = wait_for(agent, run_id, ApprovalAsked)
    with pytest.raises(BadInput, match="no tool call 'other'"):
        agent.runs.decide(run_id, "other", "allow")
    with pytest.raises(BadInput, match="allow, allow_always, refuse"):
        agent.runs.decide(run_id, asked.call_id, "maybe")  # type: ignore[arg-type]
    assert agent.runs.decide(run_id, asked.call_id, "allow")
    events = agent.read(run_id)
    assert not agent.runs.decide(run_id, asked.call_id, "allow")
    assert [event.action for event in events if isinstance(event, Steered)] == ["allow"]


def test_a_tool_that_the_host_switches_off_in_mid_run_is_refused(agent_with: MakeAgent):
    policies = Policies()
    agent = agent_with(first(call("add", a=1, b=1)), Turn("", "Off."), tools=asking(), policies=policies)
    run_id = agent.agents.start("?")
    asked = wait_for(agent, run_id, ApprovalAsked)
    agent.runs.decide(run_id, asked.call_id, "refuse")
    agent.read(run_id)
    policies.set("add", "off")
    assert agent.agents.offered() == ()
