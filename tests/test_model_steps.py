"""Events in, steps out: of runs that go on, that were stopped anywhere, that were taken further."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine import collect
from model.events import (
    AnswerDelta,
    Asked,
    Attachment,
    Event,
    Finished,
    Message,
    Notice,
    PromptRead,
    Steered,
    ThinkingDelta,
)
from model.resuming import Resumable, resumable
from model.steps import NO_RESULT, Called, Step, steps_of, told, turn_messages
from model.tool_events import ApprovalAsked, Equipped, ToolCall, ToolResult

ASKED = Asked("Sum?", attachments=(Attachment("a.txt", "1 2"),))
CALL, OTHER = ToolCall("a", "add", '{"a": 1}'), ToolCall("b", "look", "{}")
READ = PromptRead(9, 0, 0.1)
WHOLE: list[Event] = [
    ASKED,
    Equipped(),
    READ,
    ThinkingDelta("I'll add.", 3),
    AnswerDelta("Wait.", 2),
    CALL,
    OTHER,
    ApprovalAsked("b", 300),
    ToolResult("a", "3"),
    Steered("allow", text="b"),
    ToolResult("b", "seen"),
    READ,
    ThinkingDelta("So 3.", 3),
    ThinkingDelta("\n\nEnough.", 0, forced=True),
    AnswerDelta("Three.", 2),
    Finished("stop"),
]


def test_steps_of_a_run_have_their_thinking_calls_results_and_counts() -> None:
    first, second = steps_of(WHOLE)
    results = Called(CALL, ToolResult("a", "3")), Called(OTHER, ToolResult("b", "seen"), "allowed")
    assert first == Step("I'll add.", "Wait.", results, 3, 2, "results", "I'll add.")
    assert second == Step("So 3.\n\nEnough.", "Three.", (), 3, 2, "finished", "So 3.")
    assert (first.is_over, first.is_answer, second.is_answer) == (True, False, True)


@given(st.integers(0, len(WHOLE)))
def test_steps_only_grow_while_a_run_goes_on(length: int) -> None:
    now, later = steps_of(WHOLE[:length]), steps_of(WHOLE)
    assert len(now) <= len(later)
    for one, other in zip(now, later, strict=False):
        assert other.thinking.startswith(one.thinking) and other.answer.startswith(one.answer)
        assert [each.call for each in one.calls] == [each.call for each in other.calls][: len(one.calls)]


@given(st.lists(st.sampled_from([ThinkingDelta("t", 1), AnswerDelta("a", 1), Notice("budget", "n"), READ]), max_size=9))
def test_a_run_without_tools_is_one_step(events: list[Event]) -> None:
    (step,) = steps_of(events)
    whole = collect(events)
    assert (step.thinking, step.answer) == (whole.thinking, whole.answer)


def test_a_step_that_was_stopped_goes_on_in_the_same_step() -> None:
    events = [*WHOLE[:13], Finished("stopped"), Steered("continue"), READ, ThinkingDelta(" Yes.", 1)]
    assert [step.thinking for step in steps_of(events)] == ["I'll add.", "So 3. Yes."]
    assert not steps_of(events)[-1].is_over


def test_think_longer_makes_the_last_answer_void_and_leaves_earlier_steps_alone() -> None:
    events = [*WHOLE, Steered("think_longer")]
    assert [step.answer for step in steps_of(events)] == ["Wait.", ""]


@pytest.mark.parametrize(
    ("n_events", "where"),
    [
        pytest.param(4, Resumable("continue", "I'll add.", False, ""), id="in the first thinking"),
        pytest.param(5, Resumable("continue", "I'll add.", True, "Wait."), id="in the text beside a call"),
        pytest.param(6, Resumable("continue", "", False, ""), id="in the calls"),
        pytest.param(9, Resumable("continue", "", False, ""), id="between two results"),
        pytest.param(11, Resumable("continue", "", False, ""), id="between two steps"),
        pytest.param(13, Resumable("continue", "So 3.", False, ""), id="in the last thinking"),
        pytest.param(15, Resumable("continue", "So 3.\n\nEnough.", True, "Three."), id="in the answer"),
    ],
)
def test_a_run_with_tools_goes_on_where_it_was_cut(n_events: int, where: Resumable) -> None:
    assert resumable([*WHOLE[:n_events], Finished("stopped")]) == where


def test_a_call_that_was_cut_in_its_middle_is_written_anew() -> None:
    cut: list[Event] = [ASKED, Equipped(), AnswerDelta('Hm.\n<tool_call>\n{"na', 5), Finished("stopped")]
    assert resumable(cut).answer == "Hm."
    assert collect([*cut, Steered("continue"), AnswerDelta(" Four.", 1)]).answer == "Hm. Four."
    # Without tools it is text like any other.
    assert resumable([ASKED, *cut[2:]]).answer == 'Hm.\n<tool_call>\n{"na'


# ---------------------------------------------------------------------------------------------------- messages


def test_a_turn_as_messages_has_calls_results_and_the_answer() -> None:
    asked, first, one, other, last = turn_messages(WHOLE)
    assert asked.role == "user" and "Sum?" in asked.content and "1 2" in asked.content
    assert first == Message("assistant", "Wait.", "I'll add.", (CALL, OTHER))
    assert (one, other) == (Message("tool", "3"), Message("tool", "seen"))
    assert last == Message("assistant", "Three.", "So 3.\n\nEnough.")


@pytest.mark.parametrize("n_events", range(1, len(WHOLE) + 1))
def test_a_turn_ends_with_an_answer_and_has_a_result_for_each_call_wherever_it_was_stopped(n_events: int) -> None:
    messages = turn_messages([*WHOLE[:n_events], Finished("stopped")])
    assert messages[-1].role == "assistant" and not messages[-1].tool_calls
    n_calls = sum(len(message.tool_calls) for message in messages)
    assert n_calls == sum(message.role == "tool" for message in messages)
    # Chat templates want users and assistants to take turns.
    assert ("assistant", "assistant") not in pairwise(message.role for message in messages)


def test_a_call_without_a_result_is_told_as_such() -> None:
    assert turn_messages([*WHOLE[:6], Finished("stopped")])[2] == Message("tool", NO_RESULT)


def test_a_step_whose_call_was_missing_is_no_part_of_the_history() -> None:
    events: list[Event] = [ASKED, Equipped(), AnswerDelta("I will search.", 3), Notice("reminded", "!"), *WHOLE[2:]]
    assert turn_messages(events) == turn_messages(WHOLE)


def test_told_marks_errors_once_and_says_how_many_pictures_there_are() -> None:
    assert told(ToolResult("a", "no", "failed")) == "Error: no"
    assert told(ToolResult("a", "Error: no", "failed")) == "Error: no"
    assert told(ToolResult("a", "x", images=("p", "q"))) == "x\n(2 pictures, shown to the user.)"
