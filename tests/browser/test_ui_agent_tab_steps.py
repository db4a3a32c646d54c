"""What the Chat tab has for a thinking, of a run with steps: outline, maths, editing, replay. Chromium, scripted engine."""

import pytest
from playwright.sync_api import Page, expect

from model.events import AnswerDelta, Asked, Event, Finished, PromptRead, Steered, ThinkingDelta
from model.store import Store
from model.stored_runs import ImportedRun
from model.tool_events import ApprovalAsked, Equipped, OfferedTool, ToolCall, ToolResult
from tests.chat_page import scripted_app
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

AND_SO_ON = " It is said at such a length that it counts as a step of the thinking, and no part of another one." * 3
FIRST = "\n\n".join(
    words + AND_SO_ON
    for words in (
        "First, I make a plan for the square of \\(7\\).",
        "Let me try $7^2$ with the tool.",
        "Wait, let me check that 7 * 7 = 49 is what is asked.",
    )
)
SECOND = "\n\n".join(
    words + AND_SO_ON
    for words in ("It says 49.", "Let me double-check: 7 * 7 = 49.", "Therefore the final answer is 49.")
)
CALL = '<tool_call>\n{"name": "calculate", "arguments": {"expression": "7**2"}}\n</tool_call>'
TURNS = [
    {"match": "square", "result": "49", "thinking": SECOND, "answer": "It is 49."},
    {"match": "square", "thinking": FIRST, "answer": CALL},
]


def slow_run() -> ImportedRun:
    """A run of 90 s in two steps, its call allowed by hand: even at 4× longer than a machine stands still."""
    call = ToolCall("c1", "calculate", '{"expression": "7**2"}')
    tools = Equipped((OfferedTool("calculate", "ask"),), 12, 0.0, 0, False, "replayed")
    events: list[tuple[int, Event]] = [(0, Asked("slow", model="scripted")), (0, tools), (200, PromptRead(9, -1, 0.2))]

    def add(ms: int, *more: Event) -> None:
        events.extend((events[-1][0] + ms, event) for event in more)

    for number in range(1, 13):
        add(500, ThinkingDelta(f"Step {number} of the first thought.\n\n", 9))
    add(100, call, ApprovalAsked("c1", 300.0))
    add(1900, Steered("allow", text="c1"))
    add(100, ToolResult("c1", "49"), PromptRead(30, -1, 0.1))
    for number in range(1, 161):
        add(500, ThinkingDelta(f"Step {number} of the second thought.\n\n", 9))
    add(100, AnswerDelta("It is 49.", 5))
    add(10, Finished("stop", 30, 1548, 5, 90.0))
    return ImportedRun("replayed", None, "", 1e9, [(int(1e12) + ms, event) for ms, event in events])


@pytest.fixture(scope="module")
def address(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("runs")
    store = Store(folder)
    store.insert([slow_run()])
    store.close()
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, speed=400, data_folder=folder)


def expect_phase(page: Page, phase: str) -> None:
    expect(page.locator(f"#agent[data-phase={phase}]")).to_have_count(1, timeout=60_000)


@pytest.fixture
def asked(page: Page, address: str, errors: list[str]) -> Page:
    """The Agent tab with a run of two steps that is over."""
    page.goto(address)
    page.get_by_role("tab", name="Agent", exact=True).click()
    page.locator("#agent-question textarea").fill("The square of seven?")
    page.locator("#agent-question textarea").press("Enter")
    expect_phase(page, "done")
    expect(page.locator("#agent-answer")).to_contain_text("It is 49.")
    return page


def test_outline_is_that_of_the_step_on_the_page_and_is_gone_on_from(asked: Page) -> None:
    expect(asked.locator("#agent-outline")).to_be_hidden()
    asked.locator("#agent .show-outline").click()
    expect(asked.locator("#agent-outline .step")).to_have_count(3)
    asked.locator(".step-line").first.click()
    expect(asked.locator("#agent-outline .step .words").first).to_contain_text("I make a plan")
    fork = asked.locator("#agent-outline .fork").nth(2)
    fork.focus()
    fork.press("Enter")
    # The run beside it keeps the first two paragraphs of step 1 and writes the rest anew.
    expect(asked.locator("#agent-branch-place")).to_have_text("2 of 2", timeout=60_000)
    expect_phase(asked, "done")
    expect(asked.locator("#agent-steps .call-state")).to_have_text(["ok"])
    asked.locator(".step-line").first.click()
    expect(asked.locator("#agent-thinking .log")).to_contain_text("Let me try $7^2$ with the tool.")


def test_outline_that_is_shown_in_one_tab_is_shown_in_the_other_and_after_a_reload(asked: Page) -> None:
    asked.locator("#agent .show-outline").click()
    asked.reload()
    expect(asked.locator("#agent-outline .step")).to_have_count(3, timeout=60_000)
    expect(asked.locator("#agent .show-outline")).to_have_attribute("aria-pressed", "true")
    expect(asked.locator("#show-outline")).to_have_attribute("aria-pressed", "true")


def test_maths_of_a_step_is_set_and_is_plain_again_for_another_step(asked: Page) -> None:
    asked.locator(".step-line").first.click()
    expect(asked.locator("#agent-thinking .log")).to_contain_text("First, I make a plan")
    asked.locator("#agent .show-maths").click()
    expect(asked.locator("#agent-thinking-set .katex-html")).to_have_count(2)
    expect(asked.locator("#agent-thinking")).to_be_hidden()
    asked.locator("#agent-live").click()
    expect(asked.locator("#agent-thinking .log")).to_contain_text("It says 49.")
    expect(asked.locator("#agent-thinking-set")).to_be_hidden()
    expect(asked.locator("#agent .show-maths")).to_have_attribute("aria-pressed", "false")


def test_thinking_of_a_step_is_edited_and_the_steps_before_it_are_kept(asked: Page) -> None:
    asked.locator("#agent-edit-thinking").click()
    field = asked.locator("#agent-thinking-text textarea")
    expect(field).to_have_value(SECOND)
    field.fill("It says 49, and I believe it.")
    asked.locator("#agent-answer-from").click()
    expect(asked.locator("#agent-branch-place")).to_have_text("2 of 2", timeout=60_000)
    expect_phase(asked, "done")
    expect(asked.locator("#agent-thinking .log")).to_contain_text("It says 49, and I believe it.")
    expect(asked.locator("#agent-steps .call-state")).to_have_text(["ok"])
    expect(asked.locator("#agent-steps-figures")).to_have_text("2 steps · 1 call")
    # Of another step: what follows it is written anew.
    asked.locator(".step-line").first.click()
    expect(asked.locator("#agent-step")).to_have_text("Step 1 of 2")
    asked.locator("#agent-edit-thinking").click()
    expect(field).to_have_value(FIRST)
    asked.locator("#agent-cancel-thinking").click()
    expect(field).to_be_hidden()


def test_answer_of_a_run_with_steps_is_written_anew_from_its_last_thinking(asked: Page) -> None:
    asked.locator("#agent-new-answer").click()
    expect(asked.locator("#agent-branch-place")).to_have_text("2 of 2", timeout=60_000)
    expect_phase(asked, "done")
    expect(asked.locator("#agent-answer")).to_contain_text("It is 49.")
    expect(asked.locator("#agent-steps .call")).to_have_count(1)


def test_task_is_asked_several_times_at_once_each_with_its_own_calls(asked: Page) -> None:
    asked.locator("#agent-ask-several").click()
    expect(asked.locator("#agent-branch-place")).to_have_text("2 of 4", timeout=60_000)
    for place in ("3 of 4", "4 of 4", "1 of 4"):
        asked.locator("#agent-branch-after").click()
        expect(asked.locator("#agent-branch-place")).to_have_text(place, timeout=60_000)
        expect_phase(asked, "done")
        expect(asked.locator("#agent-steps .call-state")).to_have_text(["ok"])
        expect(asked.locator("#agent-answer")).to_contain_text("It is 49.")
    expect(asked.locator("#agent-branches-going-on .plain")).to_have_text("", timeout=60_000)


def test_run_with_calls_is_replayed_and_asks_for_nothing(page: Page, address: str, errors: list[str]) -> None:
    page.goto(f"{address}?run=replayed")
    expect(page.locator("#agent-answer")).to_contain_text("It is 49.", timeout=60_000)
    page.evaluate(
        """() => {
          window.asked = 0;
          new MutationObserver(() => {
            window.asked += document.querySelectorAll('#agent-steps .asking').length;
          }).observe(document.querySelector('#agent-steps'), {childList: true, subtree: true});
        }"""
    )
    page.locator("#agent-replay").click()
    expect(page.locator("#agent-replay-pause")).to_be_visible()
    log = page.locator("#agent-thinking .log")
    expect(page.locator("#agent-status .notices")).to_have_text("0:08 Allow calculate", timeout=60_000)
    page.locator("#agent-replay-pause").click()
    expect(page.locator("#agent-replay-go-on")).to_be_visible()
    expect(page.locator("#agent-status [role=status]")).to_have_text("Replay paused")
    page.locator("#agent-replay-stop").click()
    expect(log).to_contain_text("Step 160 of the second thought", timeout=60_000)
    expect(page.locator("#agent-replay")).to_be_visible()
    assert page.evaluate("window.asked") == 0
