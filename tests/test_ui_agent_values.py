"""The steps of runs with tools: what cards, status line and thinking pane are handed."""

import json
from typing import Any

import pytest

from model.events import AnswerDelta, Asked, Event, Finished, Notice, PromptRead, Steered, ThinkingDelta
from model.host import HostStatus
from model.steps import steps_of
from model.tool_events import ApprovalAsked, Equipped, OfferedTool, ToolCall, ToolResult
from ui.agent_values import agent_status, call_value, final_answer, panes_of_step, states_of, steps_value
from ui.panes import Panes, update_all
from ui.so_far import SoFar

READY = HostStatus("ready", "qwq-32b", "nf4", "qwq-32b is ready.")
EQUIPPED = Equipped((OfferedTool("python"), OfferedTool("search_web", "ask")))
BEGUN: list[Event] = [
    Asked("Why?"),
    EQUIPPED,
    PromptRead(9, -1, 0.1),
    ThinkingDelta("First ", 2),
    ThinkingDelta("so.", 1),
]
CALL = ToolCall("a", "search_web", '{"query": "tides"}')
ASKED: list[Event] = [*BEGUN, AnswerDelta("I look it up.", 4), CALL, ApprovalAsked("a", 300.0)]
FOUND = ToolResult("a", "High at noon.", seconds=1.25, is_untrusted=True)
ENDED: list[Event] = [
    *ASKED,
    Steered("allow", text="a"),
    FOUND,
    PromptRead(20, -1, 0.1),
    ThinkingDelta("So noon.", 3),
    AnswerDelta("At noon.", 2),
    Finished("stop", 29, 6, 6),
]


def read(events: list[Event]) -> tuple[SoFar, Panes]:
    """The run so far; its events came a second apart, from second 100 on."""
    so_far = SoFar()
    timed = [(100.0 + number, event) for number, event in enumerate(events)]
    for each in timed:
        so_far.add([each])
    return so_far, update_all(Panes(run_id="r"), timed)


def shown(events: list[Event], now: float = 200.0) -> list[dict[str, Any]]:
    so_far, panes = read(events)
    return [json.loads(text) for text in steps_value(so_far, panes, 0, True, now)["steps"]]


def status(events: list[Event], step: int = 0) -> dict[str, Any]:
    so_far, panes = read(events)
    return agent_status(panes, so_far.steps(), step, READY)


def test_steps_so_far_are_the_same_however_often_they_are_asked_for_on_the_way() -> None:
    once, often = SoFar(), SoFar()
    for number, event in enumerate(ENDED):
        once.add([(100.0 + number, event)])
        often.add([(100.0 + number, event)])
        often.steps()
    assert once.steps() == often.steps() == steps_of(ENDED)
    so_far, _ = read(BEGUN)
    assert so_far.steps()[0].thinking == "First so."
    assert so_far.steps()[0].n_thinking_tokens == 3


def test_call_that_waits_shows_its_arguments_and_how_long_it_waits() -> None:
    so_far, panes = read(ASKED)
    value = steps_value(so_far, panes, 0, True, now=106.0 + 240.6)
    (step,) = [json.loads(text) for text in value["steps"]]
    assert step["calls"][0]["state"] == "waiting"
    assert step["calls"][0]["arguments"] == [["query", "tides"]]
    assert value["left"] == {"a": "1:00"}
    assert step["said"] == "I look it up."


def test_status_names_the_call_that_waits_and_then_the_one_that_runs() -> None:
    assert (status(ASKED)["text"], status(ASKED)["tone"]) == ("search_web waits for your word", "paused")
    running = status([*ASKED, Steered("allow", text="a")])
    assert (running["text"], running["tone"]) == ("Running search_web", "busy")
    assert "stop" in running["shows"].split() and "pause" not in running["shows"].split()


def test_result_from_outside_is_marked_and_the_answer_is_that_of_the_last_step() -> None:
    so_far, panes = read(ENDED)
    first, last = shown(ENDED)
    assert first["calls"][0] | {"id": ""} == call_value(so_far.steps()[0].calls[0], "ok") | {
        "id": "",
        "arguments": [["query", "tides"]],
    }
    assert (first["calls"][0]["is_outside"], first["calls"][0]["seconds"]) == (True, "1.2 s")
    assert last["said"] == "" and final_answer(so_far.steps()) == "At noon."
    told = agent_status(panes, so_far.steps(), 1, READY)
    assert (told["text"], told["step"], told["steps"]) == ("Done", "Step 2 of 2", "2 steps · 1 call")
    assert (told["thinking"], told["answer"]) == ("3 tokens", "2 tokens")
    shows = set(told["shows"].split())
    assert {"answer", "new-answer", "edit-thinking", "show-maths"} <= shows and "fold" not in shows


def test_call_without_a_result_was_not_run_when_the_run_has_ended() -> None:
    so_far, _ = read([*ASKED, Steered("stop"), Finished("stopped")])
    assert states_of(so_far.steps()[0], is_live=False) == ["not_run"]
    assert "answer" not in status([*ASKED, Steered("stop"), Finished("stopped")])["shows"].split()


def test_step_that_was_reminded_says_so_beside_its_text_and_not_in_the_status_line() -> None:
    words = "The model spoke of a tool, but wrote no call. It was told so."
    reminded = [*BEGUN, AnswerDelta("I will search.", 4), Notice("reminded", words), PromptRead(9, -1, 0.1)]
    first, _ = shown([*reminded, ThinkingDelta("Now", 1)])
    assert (first["said"], first["told"]) == ("I will search.", words)
    assert status([*reminded, ThinkingDelta("Now", 1)], 1)["notices"] == []


def test_long_texts_are_cut_but_not_those_that_may_be_allowed() -> None:
    code = json.dumps({"code": "x" * 9000})
    begun = [*BEGUN, ToolCall("a", "python", code)]
    assert len(shown([*begun, ApprovalAsked("a", 300.0)])[0]["calls"][0]["arguments"][0][1]) == 9000
    done = shown([*begun, ToolResult("a", "y" * 9000)])[0]["calls"][0]
    assert (len(done["arguments"][0][1]), len(done["text"]), done["is_cut"]) == (3000, 3000, True)


@pytest.mark.parametrize(("step", "thinking", "is_live"), [(0, "First so.", False), (1, "So noon.", True)])
def test_pane_has_the_thinking_of_one_step_which_grows_only_if_it_is_the_last(
    step: int, thinking: str, is_live: bool
) -> None:
    so_far, panes = read(ENDED[:-2])
    of_step = panes_of_step(panes, so_far.steps()[step], step == 1)
    assert (of_step.thinking, of_step.is_live) == (thinking, is_live)
