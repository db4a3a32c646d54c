import warnings
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.engine import collect
from model.errors import BadInput
from model.events import (
    Action,
    AnswerDelta,
    Asked,
    Event,
    Finished,
    FinishReason,
    Notice,
    PromptRead,
    Steered,
    ThinkingDelta,
)
from model.resuming import resumable
from model.tool_events import ToolCall, ToolResult
from ui.panes import Pace, Panes, flush_seconds, pace_text, update, update_all
from ui.parts import thinking_pane

ASKED = Asked("2 + 2?", model="qwq-32b", precision="nf4")
WHOLE: list[tuple[float, Event]] = [
    (100.0, ASKED),
    (100.5, PromptRead(12, 0, 0.5)),
    (101.0, ThinkingDelta("Two and ", 10)),
    (103.0, ThinkingDelta("two.", 20)),
    (103.5, AnswerDelta("4", 1)),
    (104.5, AnswerDelta(".", 5)),
]


def panes_after(*events: Event) -> Panes:
    return update_all(Panes(), ((float(number), event) for number, event in enumerate(events)))


def test_update_fills_panes_and_moves_through_the_phases() -> None:
    panes, phases = Panes(), []
    for at, event in [*WHOLE, (105.0, Finished("stop", 12, 30, 6, 5.0, 2.5, 1.5))]:
        panes = update(panes, event, at)
        phases.append(panes.phase)
    assert phases == ["waiting", "reading", "thinking", "thinking", "answering", "answering", "done"]
    assert (panes.question, panes.thinking, panes.answer) == ("2 + 2?", "Two and two.", "4.")
    assert (panes.prompt_tokens, panes.model, panes.precision) == (12, "qwq-32b", "nf4")
    assert pace_text(panes.thinking_pace) == "30 tokens · 2.5 s · 12.0 tokens/s"


def test_pace_is_measured_between_the_first_piece_and_the_last_while_a_run_goes_on() -> None:
    panes = update_all(Panes(), WHOLE)
    assert panes.thinking_pace.seconds == 2.0
    assert panes.thinking_pace.tokens_per_second == 10.0
    assert panes.answer_pace.tokens == 6


def test_pace_adds_up_over_a_continued_run() -> None:
    panes = panes_after(
        ASKED,
        ThinkingDelta("a", 100),
        Finished("stopped", thinking_tokens=100, thinking_seconds=10.0),
        Steered("continue"),
        ThinkingDelta("b", 100),
        Finished("stop", thinking_tokens=100, thinking_seconds=30.0),
    )
    assert (panes.thinking_pace.tokens, panes.thinking_pace.seconds) == (200, 40.0)
    assert panes.thinking_pace.tokens_per_second == 5.0


def test_pace_keeps_what_was_seen_when_the_engine_could_not_say() -> None:
    panes = update_all(Panes(), [*WHOLE, (110.0, Finished("error"))])
    assert panes.thinking_pace.seconds == 2.0


@given(st.lists(st.sampled_from([event for _, event in WHOLE[2:]] + [Notice("loop", "In circles.")]), max_size=12))
def test_update_all_comes_to_the_same_as_one_update_after_the_other(events: list[Event]) -> None:
    one_by_one = Panes()
    for at, event in enumerate(events):
        one_by_one = update(one_by_one, event, float(at))
    assert panes_after(*events) == one_by_one


TEXT: st.SearchStrategy[list[Event]] = st.lists(
    st.sampled_from([ThinkingDelta("t", 1), AnswerDelta("a", 1), Notice("budget", "n")]), max_size=4
)
STRETCHES = st.lists(st.tuples(TEXT, st.sampled_from(["continue", "think_longer"])), min_size=1, max_size=4)


@given(STRETCHES)
def test_update_agrees_with_collect_however_often_a_run_is_taken_further(
    stretches: list[tuple[list[Event], Action]],
) -> None:
    events: list[Event] = []
    for text, action in stretches:
        events += [*text, Finished("length"), Steered(action)]
    whole, panes = collect(events), panes_after(*events)
    assert (panes.thinking, panes.answer) == (whole.thinking, whole.answer)


STEPS = st.lists(
    st.tuples(TEXT, st.sampled_from(["call", "two calls", "reminded"]), TEXT), min_size=1, max_size=4
)  # fmt: skip


@given(STEPS, TEXT, st.integers(0, 3))
def test_update_agrees_with_collect_wherever_a_run_with_tools_is_stopped(
    steps: list[tuple[list[Event], str, list[Event]]], last: list[Event], n_left_out: int
) -> None:
    events: list[Event] = []
    for number, (text, end, beside) in enumerate(steps):
        if end == "reminded":
            events += [*text, Notice("reminded", "!")]
        else:
            ids = [f"{number}{letter}" for letter in ("ab" if end == "two calls" else "a")]
            events += [*text, *(ToolCall(each, "f", "{}") for each in ids), *beside]
            events += [ToolResult(each, "4") for each in ids]
    events = [*events, *last][: len(events) + len(last) - n_left_out]
    events.append(Finished("stopped"))
    whole, panes = collect(events), panes_after(*events)
    assert (panes.thinking, panes.answer) == (whole.thinking, whole.answer)


def test_pace_does_not_count_the_time_in_which_tools_work() -> None:
    call, result = ToolCall("1", "python", "{}"), ToolResult("1", "4", seconds=90)
    timed: list[tuple[float, Event]] = [(0, ASKED), (1, ThinkingDelta("a", 1)), (3, ThinkingDelta("b", 20))]
    timed += [(3, call), (93, result), (94, ThinkingDelta("c", 1)), (96, ThinkingDelta("d", 20))]
    panes = update_all(Panes(), timed)
    assert (panes.thinking_pace.seconds, panes.thinking_pace.tokens_per_second) == (4.0, 10.0)
    panes = update(panes, Finished("stop", thinking_tokens=42, thinking_seconds=4.5), 97.0)
    assert (panes.thinking_pace.seconds, panes.thinking_pace.tokens) == (4.5, 42)


def test_think_longer_after_the_end_clears_the_answer_and_continue_does_not() -> None:
    ended = panes_after(ASKED, ThinkingDelta("a", 1), AnswerDelta("b", 1), Finished("length"))
    longer = update(ended, Steered("think_longer"), 9.0)
    assert (longer.answer, longer.answer_pace, longer.thinking, longer.phase) == ("", Pace(), "a", "waiting")
    assert update(ended, Steered("continue"), 9.0).answer == "b"


def test_think_longer_in_mid_run_clears_nothing() -> None:
    panes = panes_after(ASKED, ThinkingDelta("a", 1), Steered("think_longer", 1024))
    assert (panes.thinking, panes.phase) == ("a", "thinking")


@pytest.mark.parametrize("reason", ["stop", "length", "thinking_cut", "loop", "stopped", "time_limit", "error"])
@pytest.mark.parametrize("answer", ["", "4"])
def test_is_cut_where_continue_would_write_on(reason: FinishReason, answer: str) -> None:
    events: list[Event] = [
        ASKED,
        ThinkingDelta("t", 1),
        *([AnswerDelta(answer, 1)] if answer else []),
        Finished(reason),
    ]
    try:
        goes_on = resumable(events).action == "continue"
    except BadInput:
        goes_on = False
    assert panes_after(*events).is_cut == goes_on


def test_notices_are_kept_but_for_the_one_that_says_a_run_has_begun() -> None:
    panes = panes_after(ASKED, Notice("started", "Started."), Notice("loop", "In circles."))
    assert [notice.text for notice in panes.notices] == ["In circles."]
    assert update(replace(panes, finish_reason="loop"), Steered("continue"), 1.0).notices == ()


def test_tool_calls_are_kept_in_order() -> None:
    call, result = ToolCall("1", "python", "{}"), ToolResult("1", "4")
    assert panes_after(ASKED, call, result).steps == (call, result)


def test_flush_is_slower_the_longer_the_answer_is() -> None:
    waits = [flush_seconds(Panes(answer="x" * n)) for n in (0, 15_999, 16_000, 40_000)]
    assert waits == [0.085, 0.085, 0.2, 0.5]


def test_thinking_pane_takes_any_text_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (
            thinking_pane("Hint").postprocess("<script>alert(1)</script>${1}{{2}}")
            == "<script>alert(1)</script>${1}{{2}}"
        )
    assert "value" not in thinking_pane("Hint").html_template
