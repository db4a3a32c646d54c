"""Runs with tools that end: by their limits, by reminders, by their users."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent.calling
from agent.tools import tool_from_function
from model.engine import collect
from model.events import Event, ThinkingDelta
from model.scripted import Turn
from model.steps import CALL_IS_BROKEN, CALL_IS_MISSING, LAST_REQUEST, steps_of
from model.tool_events import ApprovalAsked
from tests.scripted_agent import (
    MakeAgent,
    add,
    agent_maker,
    call,
    finish_of,
    first,
    notices,
    results,
    wait_for,
    waiting_tool,
)


@pytest.fixture
def agent_with(tmp_path: Path) -> Iterator[MakeAgent]:
    """An agent whose model writes the turns that are given."""
    with agent_maker(tmp_path) as make:
        yield make


# ---------------------------------------------------------------------------------------------------- ends


def test_the_step_limit_ends_with_a_last_request_without_tools(agent_with: MakeAgent):
    once, more = (Turn("", call("add", a=n, b=n), match="go", times=1) for n in (1, 2))
    agent = agent_with(once, more, Turn("", "About 4.", system="No more tools"))
    events = agent.events("go", max_steps=3, system="Be brief.")
    assert [len(step.calls) for step in steps_of(events)] == [1, 1, 0]
    assert notices(events) == ["step_limit"] and collect(events).answer == "About 4."
    last = agent.requests[-1]
    assert last.tools == () and last.messages[0].content == f"Be brief.\n\n{LAST_REQUEST}"
    assert [message.role for message in last.messages[1:]] == ["user", "assistant", "tool", "assistant", "tool"]


def test_a_call_that_is_written_in_the_last_step_is_left_out_and_an_answer_asked_for(agent_with: MakeAgent):
    agent = agent_with(
        first(call("add", a=1, b=1), match="go"), Turn("", call("add", a=9, b=9), times=1), Turn("", "Two, then.")
    )
    events = agent.events("go", max_steps=2)
    assert results(events) == ["ok: 2"]
    assert "Two, then." in collect(events).answer and "<tool_call>" not in collect(events).answer


def test_one_step_has_no_tools_at_all(agent_with: MakeAgent):
    agent = agent_with(Turn("", "Hello."))
    assert notices(agent.events(max_steps=1)) == [] and agent.requests[0].tools == ()


def test_the_token_limit_ends_the_thinking_and_the_answer_comes_from_it(agent_with: MakeAgent):
    agent = agent_with(Turn("On and on, number {n}.\n\n", "Enough.", repeat=4000), rate=2000)
    events = agent.events(max_tokens=100)
    assert notices(events) == ["step_limit"] and collect(events).answer == "Enough."
    last = agent.requests[-1]
    assert last.tools == () and last.is_thinking_closed and "number 1" in last.thinking_so_far
    assert len(steps_of(events)) == 1 and 100 <= finish_of(events).thinking_tokens < 4000


def test_the_time_limit_ends_the_thinking_and_the_answer_comes_from_it(agent_with: MakeAgent):
    agent = agent_with(Turn("On and on, number {n}.\n\n", "Enough.", repeat=4000), rate=100)
    events = agent.events(max_seconds=0.3)
    assert notices(events) == ["step_limit"] and collect(events).answer.endswith("Enough.")


def test_the_time_limit_ends_a_tool_that_works_and_the_answer_still_comes(
    agent_with: MakeAgent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(agent.calling, "_GRACE_SECONDS", 0.0)
    made = agent_with(Turn("", "Unknown.", system="No more"), first(call("wait")), tools=[waiting_tool()])
    events = made.events(max_seconds=0.3)
    assert [text.split()[0] for text in results(events)] == ["failed:"] and notices(events) == ["step_limit"]
    assert collect(events).answer == "Unknown."


def test_the_same_call_is_not_run_a_third_time_and_the_model_is_told(agent_with: MakeAgent):
    counted: list[int] = []

    def count(n: int) -> int:
        """Count.

        Args:
            n: A number.
        """
        counted.append(n)
        return n

    spaced = '<tool_call>\n{"name": "count", "arguments": {"n":   7}}\n</tool_call>'
    written = [call("count", n=7), spaced, call("count", n=7)]
    agent = agent_with(
        *(Turn("", text, times=1) for text in written), Turn("", "7.", result="not run again"),
        tools=[tool_from_function(count)],
    )  # fmt: skip
    events = agent.events()
    assert counted == [7, 7] and notices(events) == ["repeated_call"]
    assert results(events)[2].startswith(
        "failed: You have made this same call 2 times before, so it was not run again."
    )
    assert collect(events).answer == "7."


def test_a_planned_call_that_was_never_written_gets_one_reminder(agent_with: MakeAgent):
    claim = "I will search for it now."
    agent = agent_with(Turn("", claim, match="capital"), Turn("", claim, match="You spoke of"))
    events = agent.events("capital?")
    assert notices(events) == ["reminded"] and agent.requests[1].messages[-1].content == CALL_IS_MISSING
    assert collect(events).answer == claim and len(agent.requests) == 2


def test_a_plan_at_the_end_of_the_thinking_without_a_call_gets_a_reminder(agent_with: MakeAgent):
    agent = agent_with(
        Turn("I don't know. I'll use add for it.", "It is 7.", match="sum"),
        first(call("add", a=3, b=4), match="You spoke of"),
        Turn("", "It is 7, added.", result="7"),
    )
    events = agent.events("sum?")
    assert notices(events) == ["reminded"] and collect(events).answer == "It is 7, added."


def test_a_call_that_cannot_be_read_is_told_so(agent_with: MakeAgent):
    broken = '<tool_call>\n{"name": "add", "arguments": {"a": 1, }\n</tool_call>'
    agent = agent_with(Turn("", broken, match="sum"), Turn("", "Two.", match="could not be read"))
    events = agent.events("sum?")
    assert agent.requests[1].messages[-1].content == CALL_IS_BROKEN and collect(events).answer == "Two."


# ---------------------------------------------------------------------------------------------------- stop and steering


def test_stop_ends_the_wait_for_the_users_word_at_once(agent_with: MakeAgent):
    agent = agent_with(first(call("add", a=1, b=1)), tools=[tool_from_function(add, policy="ask")])
    run_id = agent.agents.start("?")
    wait_for(agent, run_id, ApprovalAsked)
    agent.runs.stop(run_id)
    events = agent.read(run_id)
    assert finish_of(events).reason == "stopped" and results(events) == []


def test_stop_does_not_wait_for_a_tool(agent_with: MakeAgent):
    began = threading.Event()
    agent = agent_with(first(call("wait")), tools=[waiting_tool(began)])
    run_id = agent.agents.start("?")
    assert began.wait(30)
    agent.runs.stop(run_id)
    events = agent.read(run_id)
    assert finish_of(events).reason == "stopped" and results(events) == []
    assert notices(events) == ["stopped"]


@pytest.mark.parametrize("step", [0, 1])
def test_stop_frees_the_device_in_whatever_step_the_model_writes(agent_with: MakeAgent, step: int):
    slow = Turn("On and on, number {n}.\n\n", "?", repeat=4000)
    turns = [slow] if step == 0 else [first(call("add", a=1, b=1)), slow]
    agent = agent_with(*turns, rate=500)
    run_id = agent.agents.start("?")
    follower = agent.runs.attach(run_id)
    seen: list[Event] = []
    for events in follower:
        seen += events
        if len(steps_of(seen)) == step + 1 and "number 1" in steps_of(seen)[-1].thinking:
            break
    follower.close()
    agent.runs.stop(run_id)
    assert finish_of(agent.read(run_id)).reason == "stopped"
    assert agent.engine.live_requests() == 0


def test_answer_now_leaves_a_tool_behind_and_asks_for_the_answer(agent_with: MakeAgent):
    began = threading.Event()
    turns = Turn("", "As far as I know.", system="No more tools"), first(call("wait"))
    agent = agent_with(*turns, tools=[waiting_tool(began)])
    run_id = agent.agents.start("?")
    assert began.wait(30)
    agent.runs.answer_now(run_id)
    events = agent.read(run_id)
    assert results(events) == ["failed: The user wants the answer now, so this was not waited for."]
    assert collect(events).answer == "As far as I know." and agent.requests[-1].tools == ()


def test_answer_now_in_the_thinking_runs_no_more_calls(agent_with: MakeAgent):
    slow = Turn("On and on, number {n}.\n\n", call("add", a=1, b=1), repeat=4000, match="go")
    agent = agent_with(Turn("", "Two, I guess.", system="No more tools"), slow, rate=500)
    run_id = agent.agents.start("go")
    wait_for(agent, run_id, ThinkingDelta)
    agent.runs.answer_now(run_id)
    events = agent.read(run_id)
    assert collect(events).answer == "Two, I guess." and results(events)[0].startswith("failed: The user wants")


def test_a_hint_given_while_a_tool_works_goes_into_the_next_thinking(agent_with: MakeAgent):
    began, may_end = threading.Event(), threading.Event()

    def wait() -> str:
        """Wait."""
        began.set()
        may_end.wait(60)
        return "ready"

    slow = Turn("On and on, number {n}.\n\n", "Yes.", repeat=200, result="ready")
    agent = agent_with(first(f"Wait. {call('wait')}"), slow, tools=[tool_from_function(wait)])
    run_id = agent.agents.start("?")
    assert began.wait(30)
    agent.runs.go_on(run_id, "Think of Bern.")
    may_end.set()
    agent_events = agent.read(run_id)
    hints = [event.text.strip() for event in agent_events if isinstance(event, ThinkingDelta) and event.by_user]
    assert hints == ["Think of Bern."] and "Think of Bern." in steps_of(agent_events)[1].thinking
