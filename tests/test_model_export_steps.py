"""A run with tools as a document: every call, what came back, what the user said to it, and its pictures."""

import pytest

from model.events import AnswerDelta, Asked, Event, Finished, Notice, PromptRead, Steered, ThinkingDelta
from model.export import to_html, to_markdown
from model.export_steps import html_of_steps, markdown_of_steps
from model.steps import steps_of
from model.stored_runs import RunRow
from model.tool_events import ApprovalAsked, Equipped, OfferedTool, ToolCall, ToolResult

PICTURE = "iVBORw0KGgo="
EVENTS: list[Event] = [
    Asked("Draw 2 and look it up"),
    Equipped((OfferedTool("python"), OfferedTool("search_web", "ask"))),
    PromptRead(10, 0, 0.1),
    ThinkingDelta("I'll draw.", 3),
    AnswerDelta("One moment.", 2),
    ToolCall("c1", "python", '{"code": "plot(2)"}'),
    ToolCall("c2", "search_web", '{"query": "2"}'),
    ToolResult("c1", "drawn", seconds=0.31, images=(PICTURE, "<script>"), files=("two.png",)),
    ApprovalAsked("c2", 300),
    Steered("refuse", text="c2"),
    ToolResult("c2", "The user refused.", "refused"),
    PromptRead(30, 0, 0.1),
    ThinkingDelta("So it is drawn.", 4),
    AnswerDelta("Here it is.", 3),
    Finished("stop", 40, 7, 5, 1.0),
]
ROW = RunRow("a", None, "a", "", "T", "Q", "m", 1.0, 1.0, "finished", "stop", False, 14, 7, 5, 1.0)


def test_markdown_shows_each_step_with_its_calls_results_files_and_pictures_in_order() -> None:
    text = to_markdown([(ROW, EVENTS)], True)
    order = (
        "## Step 1\n\n> I'll draw.",
        "One moment.",
        '### Call: python (ok, 0.3 s)\n\n```json\n{"code": "plot(2)"}\n```\n\n```\ndrawn\n```',
        f"![Picture 1](data:image/png;base64,{PICTURE})\n\nFiles: two.png",
        "### Call: search_web (refused)",
        "## Step 2\n\n> So it is drawn.",
        "## Answer\n\nHere it is.",
    )
    assert [part for part in order if part not in text] == []
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert "<script>" not in text and text.count("Here it is.") == 1


def test_html_shows_the_same_and_only_pictures_that_are_some() -> None:
    page = to_html([(ROW, EVENTS)], True)
    assert f'<img src="data:image/png;base64,{PICTURE}" alt="Picture 1">' in page and page.count("<img ") == 1
    assert page.count("<summary>Thinking</summary>") == 2
    assert "<h3>Call: python (ok, 0.3 s)</h3>" in page and "<h3>Call: search_web (refused)</h3>" in page
    assert "img-src data:" in page


@pytest.mark.parametrize("parts_of", [markdown_of_steps, html_of_steps])
def test_parts_of_steps_have_no_thinking_when_it_is_not_wanted(parts_of) -> None:
    text = "\n".join(parts_of(steps_of(EVENTS), False))
    assert "draw." not in text and "Call: python" in text and "Step 2" not in text


def test_markdown_says_of_a_call_that_was_stopped_that_nothing_came_back() -> None:
    events: list[Event] = [Asked("?"), Equipped(), ToolCall("c", "wait", "{}"), Finished("stopped")]
    text = to_markdown([(ROW, events)], True)
    assert "### Call: wait\n\n```json\n{}\n```\n\n*The run was stopped before this call came back.*" in text
    assert "*There is no answer.*" in text


def test_a_run_of_one_step_without_calls_has_no_headings_of_steps() -> None:
    events: list[Event] = [
        Asked("?"),
        ThinkingDelta("Hm.", 1),
        AnswerDelta("4", 1),
        Notice("loop", "!"),
        Finished("stop"),
    ]
    assert markdown_of_steps(steps_of(events), True) == ["## Thinking", "> Hm."]
