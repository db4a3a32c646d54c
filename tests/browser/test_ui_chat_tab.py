"""The Chat tab in Chromium, over a scripted engine: what a user does, and what the page then shows."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import (
    allow_long_thinking,
    another,
    ask,
    ask_and_wait,
    expect_phase,
    expect_thinking,
    scripted_app,
    thinking,
)

pytestmark = pytest.mark.browser

TURNS = [
    {
        "match": "slow",
        "repeat": 3000,
        "thinking": "Step {n} of a long thought that goes on.\n\n",
        "answer": "Slow answer.",
    },
    {
        "match": "maths",
        "thinking": "Is <b>bold</b> or <script>alert(1)</script> markup? No.",
        "answer": "So $x^2$ costs $5 and \\(y\\).\n\n\\[ z = 1 \\]\n\n`$code$` <img src=x onerror=alert(1)>",
    },
    {
        "match": "",
        "repeat": 4,
        "thinking": "Part {n} of the thought.\n\n",
        "answer": "The answer to {question} is **42**.",
    },
]


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS)


@pytest.fixture
def errors(page: Page) -> Iterator[list[str]]:
    """Errors of the page's scripts and requests to elsewhere; there must be none."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda request: found.append(request.url) if is_foreign(request.url) else None)
    yield found
    assert found == []


def is_foreign(address: str) -> bool:
    return not re.match(r"http://127\.0\.0\.1:\d+/|data:|blob:", address)


def ask_slowly(page: Page, question: str = "slow") -> None:
    """Ask what is thought about for two minutes and more."""
    allow_long_thinking(page)
    ask(page, question)


def test_ask_fills_both_panes_with_figures_and_clears_the_box(chat: Page) -> None:
    ask(chat, "Why?")
    expect_phase(chat, "done")
    expect(chat.locator("#answer")).to_contain_text("The answer to Why? is 42.")
    assert thinking(chat).startswith("Part 1 of the thought.\n\nPart 2")
    expect(chat.locator("#thinking-figures")).to_have_text(re.compile(r"^\d+ tokens · \d+\.\d s · \d+\.\d tokens/s$"))
    expect(chat.locator("#answer-figures")).to_have_text(re.compile(r"^\d+ tokens"))
    expect(chat.locator("#status .text")).to_have_text("Done")
    expect(chat.locator("#question textarea")).to_have_value("")
    expect(chat.locator("#ask")).to_be_visible()
    expect(chat.locator("#stop")).to_be_hidden()


def test_model_text_is_never_markup_and_its_maths_is_set(chat: Page) -> None:
    ask(chat, "maths")
    expect_phase(chat, "done")
    expect_thinking(chat, "Is <b>bold</b> or <script>alert(1)</script> markup? No.")
    expect(chat.locator("#answer .katex-html")).to_have_count(3)
    expect(chat.locator("#answer .katex-display")).to_have_count(1)
    expect(chat.locator("#answer code")).to_have_text("$code$")
    expect(chat.locator("#answer")).to_contain_text("costs $5 and")
    assert chat.locator("#answer [onerror]").count() == 0


def test_escape_stops_and_continue_goes_on_from_there(chat: Page) -> None:
    ask_slowly(chat)
    expect(chat.locator("#thinking .log")).to_contain_text("Step 3 ")
    chat.keyboard.press("Escape")
    expect_phase(chat, "stopped")
    stopped = thinking(chat)
    chat.wait_for_timeout(700)
    assert thinking(chat) == stopped
    chat.locator("#continue").click()
    expect_phase(chat, "thinking")
    expect(chat.locator("#thinking .log")).to_contain_text("Step 12 ")
    assert thinking(chat).startswith(stopped)
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")


def test_answer_now_ends_the_thinking_and_gets_the_answer(chat: Page) -> None:
    ask_slowly(chat)
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2 ")
    chat.locator("#answer-now").click()
    expect(chat.locator("#answer")).to_contain_text("Slow answer.")
    expect_phase(chat, "done")
    expect(chat.locator("#think-again")).to_be_visible()


def test_think_longer_after_the_end_drops_the_answer_and_thinks_on(chat: Page) -> None:
    ask_slowly(chat)
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2 ")
    chat.locator("#answer-now").click()
    expect_phase(chat, "done")
    before = thinking(chat)
    chat.locator("#think-again").click()
    expect_phase(chat, "thinking")
    expect(chat.locator("#answer")).to_have_text("")
    longer = "length => document.querySelector('#thinking .log').textContent.length > length"
    chat.wait_for_function(longer, arg=len(before))
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")


def test_reload_in_mid_run_and_a_second_page_miss_nothing(chat: Page, browser: Browser) -> None:
    question = another("slow one")
    ask_slowly(chat, question)
    expect(chat.locator("#thinking .log")).to_contain_text("Step 4 ")
    expect(chat).to_have_url(re.compile(r"\?run=[\w-]+$"))
    chat.reload()
    expect(chat.locator("#thinking .log")).to_contain_text("Step 8 ")
    other = browser.new_context().new_page()
    other.goto(chat.url)
    expect(other.locator("#thinking .log")).to_contain_text("Step 12 ")
    other.locator("#stop").click()
    expect_phase(chat, "stopped")
    expect_phase(other, "stopped")
    steps = re.findall(r"Step (\d+) ", thinking(chat))
    assert steps == [str(number + 1) for number in range(len(steps))]
    expect_thinking(other, thinking(chat))
    expect(chat.locator("#asked")).to_have_text(question)
    other.context.close()


def test_follow_up_folds_the_turn_before_it(chat: Page) -> None:
    ask(chat, "First question")
    expect_phase(chat, "done")
    ask(chat, "Second question")
    expect(chat.locator("#answer")).to_contain_text("The answer to Second question")
    expect_phase(chat, "done")
    turn = chat.get_by_role("button", name="First question")
    expect(turn).to_be_visible()
    turn.click()
    expect(chat.locator(".turn")).to_contain_text("The answer to First question is 42.")
    chat.get_by_role("button", name=re.compile("^Thought")).click()
    expect(chat.locator(".thought .log")).to_contain_text("Part 4 of the thought.")


def test_new_chat_empties_page_and_address(chat: Page) -> None:
    ask(chat, "Why?")
    expect_phase(chat, "done")
    chat.locator("#new-chat").click()
    expect_phase(chat, "empty")
    expect(chat.locator("#asked .plain")).to_have_text("")
    assert "run=" not in chat.url
    expect(chat.locator("#examples")).to_be_visible()


def test_new_chat_in_mid_run_leaves_the_run_alone_and_it_can_be_opened_again(chat: Page) -> None:
    question = another("slow and left alone")
    ask_slowly(chat, question)
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2 ")
    chat.locator("#new-chat").click()
    expect_phase(chat, "empty")
    chat.wait_for_timeout(700)
    assert thinking(chat) == ""
    chat.get_by_role("tab", name="Past runs").click()
    expect(chat.locator("#runs-list .run", has_text=question).locator(".when")).to_contain_text("going on")
    chat.locator("#runs-list").get_by_role("button", name=question, exact=True).click()
    expect(chat.locator("#thinking .log")).to_contain_text("Step 8 ")
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")


def test_refusal_is_a_sentence_and_keeps_what_was_typed(chat: Page) -> None:
    chat.get_by_text("custom", exact=True).click()
    chat.locator("#budget-custom input, #budget-custom textarea").fill("plenty")
    ask(chat, "Keep me")
    expect(chat.locator("#status .text")).to_contain_text("The thinking budget is 'plenty'.")
    expect(chat.locator("#question textarea")).to_have_value("Keep me")
    expect(chat.locator("#ask")).to_be_visible()


def test_unknown_run_in_the_address_is_a_sentence(page: Page, url: str, errors: list[str]) -> None:
    page.goto(f"{url}?run=nosuchrun")
    expect(page.locator("#status .text")).to_contain_text("There is no run 'nosuchrun'")
    expect(page.locator("#ask")).to_be_visible()


def test_past_run_is_found_renamed_deleted_restored_and_opened(chat: Page) -> None:
    question, title = another("Zebra question"), another("Striped")
    ask(chat, question)
    expect_phase(chat, "done")
    chat.locator("#new-chat").click()
    expect_phase(chat, "empty")
    chat.get_by_role("tab", name="Past runs").click()
    chat.locator("#search input, #search textarea").fill(question.lower())
    expect(chat.locator(".run")).to_have_count(1)
    chat.get_by_role("button", name=f"Rename: {question}").click()
    chat.get_by_label("New title").fill(title)
    chat.get_by_label("New title").press("Enter")
    expect(chat.locator(".run .open")).to_have_text(title)
    chat.get_by_role("button", name=f"Delete: {title}").click()
    expect(chat.locator(".run")).to_have_count(0)
    chat.get_by_role("button", name="Undo").click()
    chat.get_by_role("button", name=title, exact=True).click()
    expect(chat.locator("#answer")).to_contain_text(f"The answer to {question} is 42.")
    expect_phase(chat, "done")


def test_download_and_copy_hand_out_what_the_model_wrote(chat: Page) -> None:
    chat.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(chat, "maths please")
    expect_phase(chat, "done")
    chat.locator("#copy-answer").click()
    chat.wait_for_function("navigator.clipboard.readText().then((text) => text.includes('So $x^2$ costs'))")
    with chat.expect_download() as download:
        chat.locator("#download").click()
    assert download.value.suggested_filename == "maths-please.md"
    assert "So $x^2$ costs $5" in Path(download.value.path()).read_text("utf-8")


def test_jump_to_latest_comes_when_the_reader_scrolls_back(chat: Page) -> None:
    ask_slowly(chat)
    log = chat.locator("#thinking .log")
    expect(log).to_contain_text("Step 20 ")
    at_end = "e => e.scrollHeight - e.scrollTop - e.clientHeight < 40"
    chat.wait_for_function(f"() => ({at_end})(document.querySelector('#thinking .log'))")
    log.evaluate("e => { e.scrollTop = 0 }")
    jump = chat.get_by_role("button", name="Jump to latest")
    expect(jump).to_be_visible()
    chat.wait_for_timeout(400)
    assert log.evaluate("e => e.scrollTop") == 0
    jump.click()
    expect(jump).to_be_hidden()
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_has_no_accessibility_violation_and_fits_its_window(
    page: Page, url: str, scheme: Literal["light", "dark"], width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto(url)
    found = []
    ask(page, "Why?")
    expect_phase(page, "done")
    for tab in ("Past runs", "Model", "Chat"):
        page.get_by_role("tab", name=tab).click()
        expect(
            page.locator("table.fit" if tab == "Model" else "#runs-list .runs" if tab == "Past runs" else "#asked")
        ).to_be_visible(timeout=60_000)
        page.wait_for_timeout(300)
        results = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        found += [(tab, each["id"], node["html"][:160]) for each in results for node in each["nodes"]]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab
    assert found == []


# A function that hands the thinking pane a value, as Gradio does.
HAND_OVER = """const make = window.Function;
window.Function = new Proxy(make, { apply(target, self, args) {
  const made = Reflect.apply(target, self, args);
  if (args[0] !== "element") return made;
  return (element, trigger, props, server, upload, watch) => {
    const watched = [];
    const watching = (name, heed) => { watched.push(heed); watch(name, heed); };
    if (element.closest("#thinking")) window.handOver = (value) => { props.value = value; watched.forEach((heed) => heed()); };
    return made(element, trigger, props, server, upload, watching);
  };
} });"""


def test_pane_that_has_missed_a_stretch_asks_for_all_of_the_thinking_and_shows_nothing_wrong(
    page: Page, url: str, errors: list[str]
) -> None:
    page.add_init_script(HAND_OVER)
    page.goto(url)
    ask_and_wait(page, "What is 17 * 24?")
    whole = thinking(page)
    page.evaluate("handOver({ key: 'other', before: 0, text: 'The beginning of another thought.' })")
    expect(page.locator("#thinking .log")).to_have_text("The beginning of another thought.")
    page.evaluate("handOver({ key: 'third', before: 9000, text: 'its end' })")
    expect(page.locator("#thinking .log")).to_have_text(whole)
