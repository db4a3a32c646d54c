"""Runs with tools that go on: after a stop, after their end, with a follow-up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.tools import tool_from_function
from model.engine import collect
from model.events import Event
from model.scripted import Turn
from model.steps import steps_of
from model.tool_events import ApprovalAsked, Equipped, ToolCall
from tests.scripted_agent import MakeAgent, add, agent_maker, call, first, results, wait_for


@pytest.fixture
def agent_with(tmp_path: Path) -> Iterator[MakeAgent]:
    """An agent whose model writes the turns that are given."""
    with agent_maker(tmp_path) as make:
        yield make


def test_continue_goes_on_within_the_step_that_was_cut(agent_with: MakeAgent):
    slow = Turn("On and on, number {n}.\n\n", "Done.", repeat=40, result="2")
    agent = agent_with(first(call("add", a=1, b=1)), slow, rate=300)
    run_id = agent.agents.start("?")
    follower = agent.runs.attach(run_id)
    seen: list[Event] = []
    for events in follower:
        seen += events
        if "number 2" in steps_of(seen)[-1].thinking:
            break
    follower.close()
    agent.runs.stop(run_id)
    agent.read(run_id)
    agent.runs.resume(run_id)
    events = agent.read(run_id)
    assert [len(step.calls) for step in steps_of(events)] == [1, 0]
    assert steps_of(events)[1].thinking.count("number 1.") == 1 and collect(events).answer == "Done."
    assert agent.requests[-1].messages[-1].content == "2" and "number 1" in agent.requests[-1].thinking_so_far


def test_continue_runs_the_call_that_was_cut(agent_with: MakeAgent):
    agent = agent_with(
        first(call("add", a=1, b=1)), Turn("", "Two.", result="2"), tools=[tool_from_function(add, policy="ask")]
    )
    run_id = agent.agents.start("?")
    wait_for(agent, run_id, ApprovalAsked)
    agent.runs.stop(run_id)
    agent.read(run_id)
    n_before = len(agent.runs.store.events(run_id))
    agent.runs.resume(run_id)
    follower = agent.runs.attach(run_id, n_before)
    asked = next(event for events in follower for event in events if isinstance(event, ApprovalAsked))
    follower.close()
    agent.runs.decide(run_id, asked.call_id, "allow")
    events = agent.read(run_id)
    assert results(events) == ["ok: 2"] and collect(events).answer == "Two."
    assert sum(isinstance(event, ToolCall) for event in events) == 1


def test_think_longer_reopens_the_last_step_only(agent_with: MakeAgent):
    turns = first(call("add", a=1, b=1)), Turn("It is 2.", "Two.", result="2")
    agent = agent_with(*turns)
    run_id = agent.agents.start("?")
    agent.read(run_id)
    agent.runs.resume(run_id, think_longer=True)
    events = agent.read(run_id)
    assert [len(step.calls) for step in steps_of(events)] == [1, 0] and agent.requests[-1].thinking_so_far
    assert collect(events).answer == "Two."


def test_a_follow_up_sees_what_was_found(agent_with: MakeAgent):
    agent = agent_with(
        Turn("", "It was 5.", match="again"), first(call("add", a=2, b=3), "Plan."), Turn("", "Five.", result="5")
    )
    run_id = agent.agents.start("2 + 3?", keeps_thinking=True)
    agent.read(run_id)
    events = agent.events("And again?", parent_id=run_id)
    sent = agent.requests[-1]
    assert [(message.role, message.content) for message in sent.messages] == [
        ("user", "2 + 3?"),
        ("assistant", ""),
        ("tool", "5"),
        ("assistant", "Five."),
        ("user", "And again?"),
    ]
    assert sent.messages[1].tool_calls[0].name == "add" and collect(events).answer == "It was 5."
    # What the engine's prompt may show of the thinking begins with this turn.
    assert sent.shows_thinking_from is None
    folders = {each.scratch for each in events if isinstance(each, Equipped)}
    assert folders == {agent.agents.scratch(run_id).folder.name}


@pytest.mark.parametrize("keeps_thinking", [True, False])
def test_thinking_between_the_steps_is_kept_or_dropped_by_the_setting(agent_with: MakeAgent, keeps_thinking: bool):
    agent = agent_with(first(call("add", a=1, b=1), "My plan."), Turn("", "Two.", result="2"))
    agent.events(keeps_thinking=keeps_thinking)
    sent = agent.requests[1]
    assert sent.messages[1].thinking.strip() == ("My plan." if keeps_thinking else "")
    assert sent.shows_thinking_from == (0 if keeps_thinking else None)


def test_an_upload_lies_in_the_runs_folder_before_the_model_begins(agent_with: MakeAgent):
    agent = agent_with(Turn("", "Seen."))
    run_id = agent.agents.start("?", uploads={"a.csv": b"1,2"})
    events = agent.read(run_id)
    assert agent.agents.scratch(run_id).read("a.csv") == b"1,2"
    assert [each.uploads for each in events if isinstance(each, Equipped)] == [("a.csv",)]
