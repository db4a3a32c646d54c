"""The Agent tab in Chromium, over a scripted engine and the real tools: calls, approvals, steps, files, policies."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.chat_page import allow_long_thinking, another, scripted_app
from tests.conftest import StartApp

pytestmark = pytest.mark.browser


def call(tool: str, **arguments: str) -> str:
    return f"<tool_call>\n{json.dumps({'name': tool, 'arguments': arguments})}\n</tool_call>"


CHART = "import matplotlib.pyplot as plt\nplt.plot([1, 4, 9])\nplt.show()\nprint('<b>drawn</b>')"
LONG = "So it goes on.\n" * 400
TURNS = [
    {"match": "two files", "result": "refused", "thinking": "One is written.", "answer": "Only **one.txt** is there."},
    {"match": "two files", "result": "two.txt written", "thinking": "Both.", "answer": "Both are there."},
    {
        "match": "two files",
        "result": "one.txt written",
        "thinking": "Now the second.",
        "answer": "One more." + call("write_file", name="two.txt", text=LONG),
    },
    {
        "match": "two files",
        "thinking": "Two files: 12 × 12 = 144. First the first.",
        "answer": call("write_file", name="one.txt", text="The first.\n"),
    },
    {"match": "chart", "result": "drawn", "thinking": "It is drawn.", "answer": "The squares grow: $n^2$."},
    {"match": "chart", "thinking": "I draw.", "answer": call("python", code=CHART)},
    {"match": "upload", "result": "fails|missing|no argument", "thinking": "So.", "answer": "It holds a table."},
    {
        "match": "upload",
        "thinking": "I read it twice, the second time wrongly.",
        "answer": call("read_file", name="table.csv") + call("read_file", path="table.csv"),
    },
    {"match": "slow", "result": "6", "thinking": "Second thought {n} of many.\n\n", "repeat": 4000, "answer": "Late."},
    {"match": "slow", "thinking": "First thought.", "answer": call("calculate", expression="2*3")},
    {"match": "", "thinking": "No tool is needed.", "answer": "Fine."},
]


@pytest.fixture(scope="module")
def address(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> str:
    policies = {"WORKINGS_TOOLS": "write_file=ask"}
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, speed=400, environment=policies)


@pytest.fixture
def agent(page: Page, address: str, errors: list[str]) -> Page:
    page.goto(address)
    return opened(page)


def opened(page: Page, name: str = "Agent") -> Page:
    page.get_by_role("tab", name=name, exact=True).click()
    expect(page.locator("#agent-ask")).to_be_visible()
    return page


def ask(page: Page, task: str) -> None:
    page.locator("#agent-question textarea").fill(task)
    page.locator("#agent-question textarea").press("Enter")


def expect_phase(page: Page, phase: str) -> None:
    expect(page.locator(f"#agent[data-phase={phase}]")).to_have_count(1, timeout=60_000)


def expect_states(page: Page, *states: str) -> None:
    expect(page.locator("#agent-steps .call-state")).to_have_text(states)


def test_run_with_two_calls_waits_for_a_word_on_each_and_tells_what_was_refused(agent: Page) -> None:
    ask(agent, "Write two files")
    expect(agent.locator(".asking")).to_be_visible(timeout=60_000)
    # What would run is in sight, and spoken of in the live region.
    expect(agent.locator(".call.waiting .given dt")).to_have_text(["name", "text"])
    expect(agent.locator(".call.waiting .given dd").last).to_have_text("The first.\n")
    expect(agent.locator("#agent-status [role=status]")).to_have_text("write_file waits for your word")
    expect(agent.locator(".asking .left")).to_have_text(re.compile(r"^[0-4]:\d\d left, then it counts as refused$"))
    agent.locator(".asking .allow").click()
    expect(agent.locator("#agent-steps .call")).to_have_count(2, timeout=60_000)
    expect(agent.locator(".call.waiting .given dd").last).to_have_text(LONG)
    agent.locator(".asking .refuse").click()
    expect_phase(agent, "done")
    expect_states(agent, "ok", "refused")
    expect(agent.locator("#agent-answer")).to_contain_text("Only one.txt is there.")
    expect(agent.locator("#agent-answer strong")).to_have_text("one.txt")
    expect(agent.locator("#agent-steps .step-said")).to_have_text("One more.")
    expect(agent.locator("#agent-steps-figures")).to_have_text("3 steps · 2 calls")
    # The thinking of the newest step, of the first, and back.
    log = agent.locator("#agent-thinking .log")
    expect(log).to_have_text("One is written.\n")
    agent.locator(".step-line").first.click()
    expect(log).to_contain_text("12 × 12 = 144")
    expect(agent.locator("#agent-step")).to_have_text("Step 1 of 3")
    expect(agent.locator("#agent-arithmetic .counts")).to_have_text("1 sum holds")
    expect(agent.locator("#agent-live")).to_have_attribute("aria-pressed", "false")
    agent.locator("#agent-live").click()
    expect(log).to_have_text("One is written.\n")
    # The file can be had.
    with agent.expect_download() as taken:
        agent.locator("#agent-files .file").click()
    assert taken.value.suggested_filename == "one.txt"
    assert Path(taken.value.path()).read_text() == "The first.\n"


def test_word_is_given_by_keyboard_alone_and_a_reload_meanwhile_misses_nothing(agent: Page) -> None:
    ask(agent, "Write two files")
    expect(agent.locator(".asking")).to_be_visible(timeout=60_000)
    agent.reload()
    expect(agent.get_by_role("tab", name="Agent", exact=True)).to_have_attribute("aria-selected", "true")
    expect(agent.locator(".asking")).to_be_visible(timeout=60_000)
    expect(agent.locator("#agent-asked")).to_have_text("Write two files")
    agent.locator("#agent-live").focus()
    agent.keyboard.press("w")
    expect(agent.locator(".asking .allow")).to_be_focused()
    agent.keyboard.press("Tab")
    expect(agent.locator(".asking .allow_always")).to_be_focused()
    agent.keyboard.press("Enter")
    expect_phase(agent, "done")
    # The second call of the same tool did not ask.
    expect_states(agent, "ok", "ok")
    expect(agent.locator("#agent-answer")).to_contain_text("Both are there.")
    expect(agent.locator("#agent-files .file")).to_have_text(["one.txt", "two.txt"])
    # A card unfolds to all that it holds.
    card = agent.locator("#agent-steps .call").nth(1)
    card.locator(".call-head").press("Enter")
    expect(card.locator(".whole")).to_be_visible()
    card.locator(".whole").press("Enter")
    expect(card.locator(".given dd").last).to_have_text(LONG)


def test_picture_of_a_result_is_shown_and_text_of_tools_is_never_markup(agent: Page) -> None:
    ask(agent, "Draw a chart")
    expect_phase(agent, "done")
    picture = agent.locator("#agent-steps .pictures img")
    expect(picture).to_have_attribute("alt", "Picture 1, made by python")
    agent.wait_for_function("document.querySelector('#agent-steps .pictures img').naturalWidth > 100")
    card = agent.locator("#agent-steps .call")
    expect(card.locator(".call-came")).to_contain_text("<b>drawn</b>")
    card.locator(".call-head").click()
    expect(card.locator(".given dt")).to_have_text("code")
    expect(card.locator(".given dd")).to_have_text(CHART)
    assert card.locator("b:not(.call-name)").count() == 0
    expect(agent.locator("#agent-answer .katex-html")).to_have_count(1)


def test_uploaded_file_is_read_by_the_tools_and_a_failed_call_says_why(agent: Page, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("month,mm\nJanuary,82\n")
    agent.locator("#agent-attach input[type=file], #agent-composer input[type=file]").first.set_input_files(table)
    expect(agent.locator("#agent-attached .chip .name")).to_have_text("table.csv")
    ask(agent, "What does the upload hold?")
    expect_phase(agent, "done")
    expect_states(agent, "ok", "failed")
    came = agent.locator("#agent-steps .call-came")
    expect(came.first).to_contain_text("January")
    expect(came.last).to_contain_text("path")
    expect(agent.locator("#agent-files li")).to_have_text(re.compile(r"table\.csv20 bytesuploaded"))
    expect(agent.locator("#agent-attached .chip")).to_have_count(0)


def test_stop_in_mid_run_and_continue_goes_on_in_the_same_step(agent: Page) -> None:
    allow_long_thinking(agent, "agent-")
    ask(agent, "slow")
    log = agent.locator("#agent-thinking .log")
    expect(log).to_contain_text("Second thought 3 ", timeout=60_000)
    # A step that is chosen stays, however the run goes on; the text of the newest one is not put under it.
    agent.locator(".step-line").first.click()
    expect(log).to_have_text("First thought.\n")
    expect(agent.locator("#agent-step")).to_have_text("Step 1 of 2")
    agent.reload()
    expect(log).to_contain_text("Second thought 9 ", timeout=60_000)
    agent.keyboard.press("Escape")
    expect_phase(agent, "stopped")
    stopped = log.text_content() or ""
    assert stopped.startswith("Second thought 1 ")
    agent.locator("#agent-continue").click()
    expect_phase(agent, "thinking")
    number = stopped.count("Second thought") + 3
    expect(log).to_contain_text(f"Second thought {number} ", timeout=60_000)
    expect(agent.locator("#agent-steps .call")).to_have_count(1)
    assert (log.text_content() or "").startswith(stopped.rstrip())
    agent.locator("#agent-answer-now").click()
    expect(agent.locator("#agent-answer")).to_contain_text("Late.", timeout=60_000)


def test_panel_sets_the_policy_of_a_tool_for_the_next_run(agent: Page) -> None:
    agent.locator("#agent-tools-drawer > button").click()
    tool = agent.locator("#agent-tools .tools li").filter(has_text="write_file")
    expect(tool.locator("input:checked")).to_have_attribute("data-key", "write_file/ask")
    tool.get_by_role("radio", name="free").check(force=True)
    expect(tool.locator("input:checked")).to_have_attribute("data-key", "write_file/free")
    ask(agent, "Write two files")
    expect_phase(agent, "done")
    expect_states(agent, "ok", "ok")
    tool.get_by_role("radio", name="ask").check(force=True)
    expect(tool.locator("input:checked")).to_have_attribute("data-key", "write_file/ask")


def test_follow_up_branch_and_list_of_past_runs_work_as_in_the_chat(agent: Page) -> None:
    task = another("Draw a chart")
    ask(agent, task)
    expect_phase(agent, "done")
    ask(agent, "Thank you")
    expect(agent.locator("#agent-answer")).to_contain_text("Fine.", timeout=60_000)
    expect_phase(agent, "done")
    expect(agent.locator("#agent-steps .call")).to_have_count(0)
    agent.locator("#agent .turn > button").click()
    expect(agent.locator("#agent .turn .call-name")).to_have_text("python")
    expect(agent.locator("#agent .turn")).to_contain_text("The squares grow")
    agent.locator("#agent-again").click()
    expect(agent.locator("#agent-branch-place")).to_have_text("2 of 2", timeout=60_000)
    expect_phase(agent, "done")
    agent.locator("#agent-compare-runs").click()
    expect(agent.locator("#agent-compare .answer-words")).to_have_text("The same text: 5 characters.")
    expect(agent.locator("#agent-panes")).to_be_hidden()
    agent.keyboard.press("Escape")
    expect(agent.locator("#agent-panes")).to_be_visible()
    agent.locator("#agent-new-chat").click()
    expect(agent.locator("#agent-about")).to_be_visible()
    agent.get_by_role("tab", name="Past runs").click()
    agent.locator("#runs-list .run .open").filter(has_text=task).click()
    expect(agent.get_by_role("tab", name="Agent", exact=True)).to_have_attribute("aria-selected", "true")
    expect(agent.locator("#agent-answer")).to_contain_text("Fine.", timeout=60_000)


@pytest.mark.parametrize(("scheme", "width", "locale"), [("light", 1280, "en-US"), ("dark", 360, "zh-CN")])
def test_call_that_waits_can_be_used_by_all(
    browser: Browser, address: str, scheme: str, width: int, locale: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme, locale=locale)
    page = waiting_page(context, address, "Agent" if locale == "en-US" else "智能体")
    words = {"en-US": "Always allow in this run", "zh-CN": "本次运行一律允许"}
    expect(page.locator(".asking .allow_always")).to_have_text(words[locale])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # The question is above the composer, which covers the end of the window.
    page.wait_for_function(
        "document.querySelector('.asking').getBoundingClientRect().bottom <="
        " document.querySelector('#agent-composer').getBoundingClientRect().top"
    )
    page.locator("#agent-tools-drawer > button").click()
    expect(page.locator("#agent-tools .tools li")).not_to_have_count(0)
    results = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [(each["id"], node["html"][:160]) for each in results for node in each["nodes"]] == []
    page.locator(".asking .refuse").click()
    expect_phase(page, "done")
    context.close()


def waiting_page(context: BrowserContext, address: str, tab: str) -> Page:
    page = context.new_page()
    page.goto(address)
    opened(page, tab)
    ask(page, "Write two files")
    expect(page.locator(".asking")).to_be_visible(timeout=60_000)
    return page
