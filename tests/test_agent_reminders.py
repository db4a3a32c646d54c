import pytest

from agent.reminders import spoke_of_a_call
from model.steps import Called, Step
from model.tool_events import ToolCall

TOOLS = ["search_web", "calculate", "python"]


@pytest.mark.parametrize(
    "answer",
    [
        "I will search for the population of Oslo.",
        "Let me look that up.",
        "I'll use the calculate tool. One moment.",
        "First, I need to run python on it.",
        "Sure! I’m going to search the web now…",
        "I will now call search_web.",
        '<tool_call>\n{"name": "python", "arguments": {"code": "1"}',
    ],
)
def test_an_answer_that_plans_a_call_is_found(answer: str) -> None:
    assert spoke_of_a_call(Step(answer=answer), TOOLS, 0)


@pytest.mark.parametrize(
    "answer",
    [
        "Oslo has 717,710 inhabitants.",
        "I searched the web and found 717,710.",
        "You can use python for that.",
        "Shall I search for it?",
        "I will not search for it.",
        "There is no need to look it up: it is 4.",
        "Let me know if you need more.",
        "I will explain. A search engine looks pages up in an index.",
        "I used the calculate tool. It is 5.",
    ],
)
def test_an_answer_without_such_a_plan_is_let_be(answer: str) -> None:
    assert not spoke_of_a_call(Step(answer=answer), TOOLS, 0)


def test_a_plan_at_the_end_of_the_thinking_counts_only_where_nothing_was_called_before() -> None:
    step = Step(thinking="x", own_thinking="Hm. I'll search for it.", answer="It is 717,710.")
    assert spoke_of_a_call(step, TOOLS, 0) and not spoke_of_a_call(step, TOOLS, 1)


def test_a_plan_that_the_thinking_gave_up_later_does_not_count() -> None:
    thinking = "I could let me search for it. But I know it. Oslo is the capital. It has 717,710 inhabitants."
    assert not spoke_of_a_call(Step(own_thinking=thinking, answer="717,710."), TOOLS, 0)


def test_a_step_with_a_call_or_without_tools_needs_no_reminder() -> None:
    planned = "I will search for it."
    called = Step(answer=planned, calls=(Called(ToolCall("1", "search_web", "{}")),))
    assert not spoke_of_a_call(called, TOOLS, 0) and not spoke_of_a_call(Step(answer=planned), [], 0)
