"""The sums of a thinking on the page: marks in the pane, counts, slips, whatever way the run came there."""

import re
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import allow_long_thinking, ask, ask_and_wait, expect_phase, scripted_app, thinking

pytestmark = pytest.mark.browser

SUMS = "🙂 Step {n}: 17*23 = 391, and x + 3 = 5 is for later.\n\n"
SLIP = "Then 12 + 9 = 22, it seems.\n\n"
LAST_SLIP = "So 𝑥 is 340 + 68 = 407"


def steps(first: int, end: int) -> str:
    return "".join(
        SUMS.replace("{n}", str(n)) + f"What we have in step {n} is kept in mind.\n\n" for n in range(first, end)
    )


SHORT = steps(0, 2) + SLIP + steps(2, 40) + SLIP.replace("22", "23") + steps(40, 60) + LAST_SLIP
TURNS = [
    {"match": "slow", "thinking": steps(0, 2) + SLIP + steps(2, 900), "answer": "Slow answer."},
    {"match": "right", "thinking": "So 2 + 2 = 4. Also 3*3 = 9.\n\n" + steps(0, 30), "answer": "All is right."},
    {"match": "long", "thinking": steps(0, 900) + SLIP, "answer": "It was long."},
    {"match": "none", "thinking": "Nothing to work out here.", "answer": "Nothing."},
    {"match": "", "thinking": SHORT, "answer": "It is 408."},
]
# The text of what the page's highlights of a name mark.
MARKED = """(name) => [...(CSS.highlights.get(name) || [])].map((each) => {
  const range = document.createRange();
  range.setStart(each.startContainer, each.startOffset);
  range.setEnd(each.endContainer, each.endOffset);
  return range.toString();
})"""
# Whether what a highlight marks can be seen: in its pane, in the window, and nothing lies over it.
IS_SEEN = """(name) => [...CSS.highlights.get(name)].every((each) => {
  const range = document.createRange();
  range.setStart(each.startContainer, each.startOffset);
  range.setEnd(each.endContainer, each.endOffset);
  const box = range.getBoundingClientRect();
  const pane = each.startContainer.parentElement.closest(".log").getBoundingClientRect();
  const top = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
  return box.height > 0 && box.top >= pane.top && box.bottom <= pane.bottom && Boolean(top && top.closest(".log"));
})"""


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, 300)


def marked(page: Page, name: str) -> list[str]:
    found: list[str] = page.evaluate(MARKED, name)
    return found


def expect_marked(page: Page, name: str, *texts: str) -> None:
    """Wait until these are marked, and nothing else is."""
    page.wait_for_function(
        f"([name, texts]) => {{ const found = ({MARKED})(name).map((each) => each.trim());"
        " return found.length && found.every((each) => texts.includes(each)) || !texts.length && !found.length; }",
        arg=[name, list(texts)],
    )


def expect_here(page: Page, text: str) -> None:
    """Wait until this is what was gone to, and is to be seen."""
    expect_marked(page, "workings-here", text)
    page.wait_for_function(IS_SEEN, arg="workings-here")


def counts(page: Page) -> Any:
    return page.locator("#arithmetic .counts")


def test_sums_are_marked_and_counted_while_the_thinking_goes_on_and_its_text_is_left_as_it_is(chat: Page) -> None:
    allow_long_thinking(chat)
    ask(chat, "slow")
    expect(counts(chat)).to_have_text(re.compile(r"^\d+ sums hold · 1 slip$"))
    expect_phase(chat, "thinking")
    # Marks are only where the pane is: there it stays, while the end of the text may be past a mark before it is drawn.
    counts(chat).click()
    expect_here(chat, "12 + 9 = 22")
    expect_marked(chat, "workings-slip", "12 + 9 = 22")
    expect_marked(chat, "workings-holds", "17*23 = 391")
    expect(chat.locator("#arithmetic .tip")).to_have_text("should be 21")
    before = counts(chat).text_content()
    chat.wait_for_function("words => document.querySelector('#arithmetic .counts').textContent !== words", arg=before)
    # More text came, and the reader is left where they are.
    expect_here(chat, "12 + 9 = 22")
    expect_phase(chat, "thinking")
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")
    (whole,) = [turn["thinking"] for turn in TURNS if turn["match"] == "slow"]
    assert whole.startswith(thinking(chat))
    assert chat.locator("#thinking .log *:not(div)").count() == 0


def test_counts_go_to_one_slip_after_the_other_by_mouse_and_by_keyboard(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    expect(counts(chat)).to_have_text("60 sums hold · 3 slips")
    counts(chat).click()
    expect_here(chat, "12 + 9 = 22")
    chat.keyboard.press("Enter")
    expect_here(chat, "12 + 9 = 23")
    expect(chat.locator("#arithmetic .said")).to_have_text("12 + 9 = 23: should be 21")
    chat.keyboard.press("s")
    # The last sentence has no end: it is read when the thinking has one.
    expect_here(chat, "340 + 68 = 407")
    expect(chat.locator("#arithmetic .tip")).to_have_text("should be 408")
    chat.keyboard.press("Enter")
    expect_here(chat, "12 + 9 = 22")


def test_list_of_slips_says_what_would_be_right_and_leads_there(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#arithmetic .details").click()
    rows = chat.locator("#arithmetic .slips li")
    expect(rows).to_have_text(["12 + 9 = 22should be 21", "12 + 9 = 23should be 21", "340 + 68 = 407should be 408"])
    expect(chat.locator("#arithmetic .unchecked")).to_have_text(re.compile("^60 could not be checked"))
    rows.nth(1).get_by_role("button").click()
    expect_here(chat, "12 + 9 = 23")
    chat.keyboard.press("Escape")
    expect(rows.first).to_be_hidden()
    expect(chat.locator("#arithmetic .details")).to_be_focused()


def test_slip_under_the_pointer_or_a_finger_says_what_would_be_right(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    counts(chat).click()
    expect_here(chat, "12 + 9 = 22")
    tip = chat.locator("#arithmetic .tip")
    expect(tip).to_be_visible()
    # Where it stands once the page has come to rest: a pointer is brought there.
    x, y = chat.evaluate(
        """async () => {
          const [each] = CSS.highlights.get("workings-here");
          let at = each.getBoundingClientRect();
          for (let still = 0; still < 30; still += 1) {
            await new Promise(requestAnimationFrame);
            const now = each.getBoundingClientRect();
            if (now.x !== at.x || now.y !== at.y) still = -1;
            at = now;
          }
          return [at.x + 8, at.y + 8];
        }"""
    )
    chat.mouse.move(x + 400, y + 80)
    expect(tip).to_be_hidden()
    chat.mouse.move(x, y)
    expect(tip).to_be_visible()
    expect(tip).to_have_text("should be 21")
    chat.mouse.move(x + 400, y + 80)
    expect(tip).to_be_hidden()
    chat.mouse.click(x, y)
    expect(tip).to_be_visible()


def test_reload_in_mid_run_marks_what_was_and_what_comes(chat: Page) -> None:
    allow_long_thinking(chat)
    ask(chat, "slow")
    expect(counts(chat)).to_have_text(re.compile(r"\d+ sums hold · 1 slip"))
    chat.reload()
    expect(counts(chat)).to_have_text(re.compile(r"\d+ sums hold · 1 slip"))
    expect_phase(chat, "thinking")
    before = counts(chat).text_content()
    chat.wait_for_function("words => document.querySelector('#arithmetic .counts').textContent !== words", arg=before)
    counts(chat).click()
    expect_here(chat, "12 + 9 = 22")
    expect_marked(chat, "workings-slip", "12 + 9 = 22")
    expect_marked(chat, "workings-holds", "17*23 = 391")
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")


def test_stored_run_and_the_next_one_opened_have_their_own_marks_and_a_new_chat_none(chat: Page) -> None:
    ask_and_wait(chat, "Why was it?")
    chat.locator("#new-chat").click()
    expect_phase(chat, "empty")
    expect(counts(chat)).to_be_hidden()
    for name in ("workings-holds", "workings-slip", "workings-here"):
        expect_marked(chat, name)
    ask_and_wait(chat, "right")
    # All of it holds: what was checked is gone through.
    expect(counts(chat)).to_have_text("32 sums hold")
    expect_marked(chat, "workings-slip")
    counts(chat).click()
    expect_here(chat, "2 + 2 = 4")
    chat.locator("#arithmetic .details").click()
    expect(chat.locator("#arithmetic .slips")).to_contain_text("No slip was found.")
    chat.get_by_role("tab", name="Past runs").click()
    chat.get_by_role("button", name="Why was it?", exact=True).first.click()
    expect(counts(chat)).to_have_text("60 sums hold · 3 slips")
    expect_marked(chat, "workings-here")
    counts(chat).click()
    expect_here(chat, "12 + 9 = 22")
    expect_marked(chat, "workings-holds", "17*23 = 391")


def test_follow_up_without_a_sum_shows_no_counts(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    expect(counts(chat)).to_be_visible()
    ask(chat, "none")
    expect(chat.locator("#thinking .log")).to_have_text(re.compile("^Nothing to work out here."))
    expect_phase(chat, "done")
    expect(counts(chat)).to_be_hidden()
    expect_marked(chat, "workings-holds")
    expect_marked(chat, "workings-slip")


def test_replay_marks_the_sums_again_as_they_come(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    expect(counts(chat)).to_have_text("60 sums hold · 3 slips")
    # Whatever the counts say on the way, however short a time.
    chat.evaluate(
        """() => {
          window.counted = new Set();
          const look = () => counted.add(document.querySelector('#arithmetic .counts').textContent);
          new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )

    def counts_again() -> bool:
        chat.locator("#replay").click()
        chat.wait_for_function(
            "whole => counted.size > 1 && document.querySelector('#arithmetic .counts').textContent === whole",
            arg="60 sums hold · 3 slips",
        )
        expect_marked(chat, "workings-holds", "17*23 = 391")
        return any(re.match(r"[1-9]\d? sums hold|1 sum holds", each) for each in chat.evaluate("[...counted]"))

    assert counts_again()
    expect(counts(chat)).to_have_text("60 sums hold · 3 slips")


def test_marks_of_a_long_thinking_are_only_those_that_can_nearly_be_seen(chat: Page) -> None:
    ask(chat, "long")
    expect(chat.locator("#thinking .log")).to_contain_text("Step 60:")
    chat.locator("#answer-now").click()
    expect_phase(chat, "done")
    # Where the first one stands that is marked, out of a few: near the end, then near the beginning.
    first = """() => {
      const all = [...CSS.highlights.get("workings-holds") || []];
      if (all.length < 3 || all.length >= 40) return null;
      const range = document.createRange();
      range.setStart(document.querySelector("#thinking .log"), 0);
      range.setEnd(all[0].startContainer, all[0].startOffset);
      return String(range).length;
    }"""
    chat.wait_for_function(f"({first})() > 1000")
    chat.locator("#thinking .log").evaluate("log => { log.scrollTop = 0 }")
    chat.wait_for_function(f"({first})() < 100")
    expect_marked(chat, "workings-holds", "17*23 = 391")


def test_going_to_a_slip_unfolds_the_thinking(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#fold").click()
    expect(chat.locator("#thinking .log")).to_be_hidden()
    counts(chat).click()
    expect_here(chat, "12 + 9 = 22")


def test_two_panes_have_marks_of_one_name_and_none_takes_those_of_the_other(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    counts(chat).click()
    expect_here(chat, "12 + 9 = 22")
    ask(chat, "right")
    expect(counts(chat)).to_have_text("32 sums hold")
    expect_phase(chat, "done")
    counts(chat).click()
    expect_here(chat, "2 + 2 = 4")
    chat.get_by_role("button", name="Why?").click()
    chat.get_by_role("button", name=re.compile("^Thought")).click()
    earlier = chat.locator(".thought .log")
    expect(earlier).to_contain_text("340 + 68 = 407")
    earlier.evaluate("log => log.workingsPane.goTo(3, 7)")
    both = f"name => ({MARKED})(name).map((each) => each.trim()).sort().join()"
    chat.wait_for_function(f"({both})('workings-here') === '2 + 2 = 4,Step 0:'")
    earlier.evaluate("log => workingsMark(log, 'workings-here', [])")
    chat.wait_for_function(f"({both})('workings-here') === '2 + 2 = 4'")
    expect_marked(chat, "workings-holds", "2 + 2 = 4", "3*3 = 9", "17*23 = 391")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_counts_and_slips_on_a_phone_fit_and_have_no_accessibility_violation(
    page: Page, url: str, scheme: Literal["light", "dark"]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)
    page.goto(url)
    ask_and_wait(page, "Why?")
    page.locator("#arithmetic .details").click()
    for text in ("12 + 9 = 22", "12 + 9 = 23", "340 + 68 = 407"):
        counts(page).click()
        expect_here(page, text)
        expect(page.locator("#arithmetic .tip")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    results = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [(each["id"], node["html"][:160]) for each in results for node in each["nodes"]] == []


def test_page_in_chinese_says_the_counts_and_the_right_values_in_chinese(browser: Browser, url: str) -> None:
    context = browser.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(url)
    ask_and_wait(page, "Why?")
    expect(counts(page)).to_have_text("60 处算式成立 · 3 处算错")
    page.locator("#arithmetic .details").click()
    expect(page.locator("#arithmetic .slips li").first).to_contain_text("应为 21")
    expect(page.locator("#arithmetic .unchecked")).to_have_text("60 处无法验算：含字母，或不止一种读法")
    context.close()
