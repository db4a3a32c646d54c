import pytest
from pydantic import ValidationError

from model.code_events import Program, Task, TestCase, TestReport
from model.events import (
    EVENT_CLASSES,
    AnswerDelta,
    Asked,
    Branched,
    Event,
    Evidence,
    FinalAnswer,
    Finished,
    Message,
    Notice,
    Problem,
    PromptRead,
    Queued,
    Sampling,
    Steered,
    ThinkingDelta,
    Verdict,
    from_json,
    to_json,
)
from model.tool_events import ApprovalAsked, Equipped, OfferedTool, ToolCall, ToolResult

ONE_OF_EACH: list[Event] = [
    Asked(
        "2+2?\x00 \U0001f9ed",
        (Message("assistant", "4", "two and two", (ToolCall("c1", "python", '{"code": "2+2"}'),)),),
        "Be brief.",
        "qwq-32b",
        "nf4",
        512,
        Sampling(0.6, 0.95, 40, 1000, 7),
    ),
    PromptRead(940, 928, 0.07),
    ThinkingDelta("hm", 2, (-0.5, 0.0), forced=True),
    AnswerDelta("\\boxed{4}", 3, (-0.1, -0.2, -0.3)),
    Equipped((OfferedTool("search", "ask"),), 6, 60.0, 9000, True, "r1", ("table.csv",)),
    ToolCall("c2", "search", "{}"),
    ApprovalAsked("c2", 300.0),
    ToolResult("c2", "nothing", outcome="failed"),
    Notice("loop", "The thinking went in circles."),
    Steered("think_longer", 1024),
    Queued(before=2, seconds=41.5),
    Finished("thinking_cut", 940, 512, 30, 12.5, 10.0, 2.0),
    Branched("run-1", "edited_thinking"),
    Problem("run-1", "Box it.", r"\frac12", 2, 5, 3),
    FinalAnswer("0.5", r"\frac12"),
    Verdict("correct", "0.5 equals 1/2", "0.5", r"\frac{1}{2}", "0.5", 0.003, r"\frac12"),
    Evidence("substitution", "strong", "x = 4 does not satisfy 2x = 6.", is_for=False),
    Task(
        "run-1",
        "Add two numbers.",
        "assert add(1, 2) == 3",
        "asserts",
        "add(5, 5)",
        "calls",
        "add",
        2,
        4,
        3,
        5,
        "tests",
    ),
    Program("def add(a, b):\n    return a + b\n", "the last block of code", by_user=True),
    TestReport(
        "timeout",
        (TestCase("1", "wrong", 0.001, "add(1, 2)", "3", "4", "line 2"),),
        "asserts",
        "hidden",
        is_forgeable=True,
        level="filter",
        seconds=0.2,
        stdout="out",
        stderr="err",
        message="it took too much time",
        smallest=TestCase("1", "error", given="add(0, 0)", expected="0"),
    ),
]


def test_every_event_class_has_an_example_here():
    assert {type(event) for event in ONE_OF_EACH} == set(EVENT_CLASSES)


@pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: event.type)
def test_event_comes_back_equal_from_its_json(event: Event):
    assert from_json(to_json(event)) == event


@pytest.mark.parametrize("line", ["", "{}", '{"type": "unheard_of"}', '{"type": "answer", "text": 3, "n_tokens": "x"}'])
def test_from_json_refuses_what_is_no_event(line: str):
    with pytest.raises(ValidationError):
        from_json(line)
