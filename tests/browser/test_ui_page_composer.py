"""What goes along with a question, how a thinking is shown, keys, and a lost connection, in Chromium on a script."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import allow_long_thinking, another, ask, expect_phase, scripted_app

pytestmark = pytest.mark.browser

TURNS = [
    {"match": "slow", "repeat": 2000, "thinking": "Step {n} of a long thought.\n\n", "answer": "Slow answer."},
    {"match": "sum", "thinking": "First \\(x^2 + 1\\) and then $y_1$.", "answer": "It is $x$."},
    {"match": "", "repeat": 3, "thinking": "Part {n} of the thought.\n\n", "answer": "The answer to {question}."},
]


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS)


def attach(page: Page, *paths: Path) -> None:
    page.locator("#composer input[type=file]").first.set_input_files([str(path) for path in paths])


def test_refusal_goes_once_the_question_is_typed_in_and_nothing_of_it_is_lost(chat: Page) -> None:
    chat.locator("#ask").click()
    status = chat.locator("#status .text")
    expect(status).to_contain_text("is empty")
    chat.locator("#question textarea").press_sequentially("Why")
    expect(status).to_have_text("")
    expect(chat.locator("#question textarea")).to_have_value("Why")
    ask(chat, "Why?")
    expect_phase(chat, "done")


def test_attached_files_are_chips_that_can_be_taken_away_and_go_to_the_model(chat: Page, tmp_path: Path) -> None:
    notes, table = tmp_path / "notes.md", tmp_path / "table.csv"
    notes.write_text("Never mind these.")
    table.write_text("x,y\n1,2")
    attach(chat, notes, table)
    expect(chat.locator("#attached li")).to_have_count(2)
    chat.get_by_label("Remove notes.md").click()
    expect(chat.locator("#attached li")).to_have_count(1)
    expect(chat.locator("#attached li")).to_contain_text("7 characters")
    ask(chat, "What is y?")
    expect_phase(chat, "done")
    expect(chat.locator("#asked")).to_contain_text("Attached: table.csv (7 characters)")
    expect(chat.locator("#answer")).to_contain_text("x,y")
    expect(chat.locator("#answer")).not_to_contain_text("Never mind")
    expect(chat.locator("#attached li")).to_have_count(0)


def test_file_without_text_is_refused_and_what_was_typed_and_attached_stays(chat: Page, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.txt", tmp_path / "bad.bin"
    good.write_text("fine")
    bad.write_bytes(b"\x00\x01")
    chat.locator("#question textarea").fill("half a question")
    attach(chat, good)
    expect(chat.locator("#attached li")).to_have_count(1)
    attach(chat, bad)
    expect(chat.locator("#status .text")).to_contain_text("bad.bin")
    expect(chat.locator("#attached li")).to_have_count(1)
    expect(chat.locator("#question textarea")).to_have_value("half a question")


def test_opening_another_conversation_brings_its_settings_back(chat: Page) -> None:
    one, two = another("settings one"), another("settings two")
    chat.locator("#system-drawer > button").click()
    chat.locator("#system textarea").fill("Answer in French.")
    chat.locator("#budget label", has_text="low").click()
    ask(chat, one)
    expect_phase(chat, "done")
    chat.locator("#new-chat").click()
    # Only then is what is asked next another conversation.
    expect_phase(chat, "empty")
    chat.locator("#system textarea").fill("")
    chat.locator("#budget label", has_text="medium").click()
    ask(chat, two)
    expect_phase(chat, "done")
    chat.get_by_role("tab", name="Past runs").click()
    chat.locator("#runs-list .open", has_text=one).click()
    expect(chat.locator("#asked")).to_contain_text(one)
    expect(chat.locator("#system textarea")).to_have_value("Answer in French.")
    expect(chat.get_by_label("low", exact=True)).to_be_checked()


def test_maths_of_a_finished_thinking_is_set_on_demand(chat: Page) -> None:
    ask(chat, "sum")
    expect_phase(chat, "done")
    expect(chat.locator("#thinking-set .katex")).to_have_count(0)
    chat.locator("#show-maths").click()
    expect(chat.locator("#thinking-set .katex")).to_have_count(2)
    expect(chat.locator("#thinking .log")).to_be_hidden()
    chat.locator("#show-maths").click()
    expect(chat.locator("#thinking .log")).to_be_visible()


def test_folded_thinking_leaves_its_figures_and_the_next_one_folds_when_its_answer_begins(chat: Page) -> None:
    ask(chat, "one")
    expect_phase(chat, "done")
    chat.locator("#fold").click()
    expect(chat.locator("#thinking")).to_be_hidden()
    expect(chat.locator("#thinking-figures")).to_contain_text("tokens")
    chat.locator("#new-chat").click()
    expect_phase(chat, "empty")
    allow_long_thinking(chat)
    ask(chat, "slow")
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2")
    expect(chat.locator("#thinking")).to_be_visible()
    chat.locator("#answer-now").click()
    expect_phase(chat, "done")
    expect(chat.locator("#thinking")).to_be_hidden()
    chat.locator("#fold").click()
    expect(chat.locator("#thinking")).to_be_visible()


def test_keys_are_listed_under_the_question_mark_and_work_outside_of_fields(chat: Page) -> None:
    allow_long_thinking(chat)
    ask(chat, "slow")
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2")
    chat.locator("#question textarea").press("?")
    expect(chat.locator("#keys")).to_have_count(0)
    chat.locator("#question textarea").fill("")
    chat.locator("#question textarea").evaluate("field => field.blur()")
    chat.keyboard.press("?")
    expect(chat.locator("#keys")).to_be_visible()
    expect(chat.locator("#keys dt")).to_have_count(22)
    chat.keyboard.press("Escape")
    expect(chat.locator("#keys")).to_be_hidden()
    expect(chat.locator("#stop")).to_be_visible()
    chat.keyboard.press("o")
    expect(chat.locator("#show-outline")).to_have_attribute("aria-pressed", "true")
    chat.keyboard.press("o")
    chat.keyboard.press("p")
    expect(chat.locator("#status .text")).to_have_text("Paused")
    chat.keyboard.press("Escape")
    expect_phase(chat, "stopped")
    chat.keyboard.press("/")
    expect(chat.locator("#question textarea")).to_be_focused()


def test_lost_connection_is_told_and_the_page_comes_back_with_the_run_and_the_draft(chat: Page) -> None:
    allow_long_thinking(chat)
    ask(chat, "slow")
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2")
    chat.locator("#question textarea").fill("half a question")
    chat.context.set_offline(True)
    expect(chat.locator("#connection")).to_contain_text("Connection lost")
    chat.context.set_offline(False)
    expect(chat.locator("#thinking .log")).to_contain_text("Step 60")
    expect(chat.locator("#question textarea")).to_have_value("half a question")
    expect(chat.locator("#connection")).to_be_hidden()
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")


def test_first_visit_is_told_of_the_two_panes_once(chat: Page) -> None:
    line = chat.locator("#first-visit")
    expect(line).to_contain_text("thinks on the left")
    line.get_by_role("button", name="Got it").click()
    expect(line).to_be_hidden()
    chat.reload()
    expect(chat.locator("#ask")).to_be_visible()
    expect(line).to_be_hidden()


def test_footer_and_its_key_button_are_there_on_a_phone(chat: Page) -> None:
    chat.set_viewport_size({"width": 360, "height": 740})
    expect(chat.locator("#foot")).to_contain_text("scripted")
    chat.locator("#show-keys").click()
    expect(chat.locator("#keys")).to_be_visible()
    box = chat.locator("#keys").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert chat.evaluate("document.documentElement.scrollWidth") <= 360


def test_chinese_browser_gets_chinese_words_and_the_text_of_model_and_user_stays(browser: Browser, url: str) -> None:
    context = browser.new_context(locale="zh-CN")
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#ask")).to_have_text("提问")
    expect(page.get_by_role("tab", name="历史记录")).to_be_visible()
    expect(page.locator("#question textarea")).to_have_attribute("placeholder", "请输入问题")
    ask(page, "Answer now")
    expect_phase(page, "done")
    expect(page.locator("#status .text")).to_have_text("完成")
    expect(page.locator("#show-outline")).to_have_text("大纲")
    expect(page.locator("#thinking-figures")).to_contain_text("个词元")
    expect(page.locator("#asked")).to_have_text("Answer now")
    expect(page.locator("#answer")).to_contain_text("The answer to Answer now.")
    context.close()


def test_buttons_that_steer_a_run_stay_inside_the_window_of_a_phone(chat: Page) -> None:
    chat.set_viewport_size({"width": 360, "height": 780})
    allow_long_thinking(chat)
    ask(chat, "slow")
    expect_phase(chat, "thinking")
    expect(chat.locator("#pause")).to_be_visible()
    expect(chat.locator("#steering button:visible")).to_have_count(3)
    boxes = [button.bounding_box() for button in chat.locator("#steering button:visible").all()]
    assert len(boxes) == 3 and all(box and box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
    chat.locator("#stop").click()
