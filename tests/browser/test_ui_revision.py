"""Pause, hint, and another run out of one that has ended, in Chromium over a scripted engine."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chat_page import allow_long_thinking, ask, ask_and_wait, scripted_app, thinking

pytestmark = pytest.mark.browser

TURNS = [
    {"match": "slow", "repeat": 2000, "thinking": "Step {n} of a long thought.\n\n", "answer": "Slow answer."},
    {"match": "", "repeat": 3, "thinking": "Part {n} of the thought.\n\n", "answer": "The answer to {question}."},
]


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS)


@pytest.fixture(scope="module")
def outlined(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app whose model thinks what DeepSeek-R1 once thought."""
    thought = Path(__file__).parent.parent / "data" / "thinking" / "deepseek_r1_grid_order.txt"
    turns = [{"match": "", "thinking": thought.read_text("utf-8"), "answer": "Done."}]
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), turns, 2000)


def pause_in_the_thinking(page: Page) -> None:
    allow_long_thinking(page)
    ask(page, "slow")
    expect(page.locator("#thinking .log")).to_contain_text("Step 2")
    page.locator("#pause").click()
    expect(page.locator("#status .text")).to_have_text("Paused")


def test_paused_run_writes_nothing_until_it_goes_on(chat: Page) -> None:
    pause_in_the_thinking(chat)
    # A page that stands still meanwhile shows later what came before the pause.
    deadline, before = time.monotonic() + 60, ""
    while before != (before := thinking(chat)):
        assert time.monotonic() < deadline
        chat.wait_for_timeout(800)
    expect(chat.locator("#pause")).to_be_hidden()
    chat.locator("#unpause").click()
    expect(chat.locator("#thinking .log")).to_contain_text("Step 40")
    chat.locator("#stop").click()


def test_hint_is_put_into_the_thinking_and_its_box_is_emptied(chat: Page) -> None:
    pause_in_the_thinking(chat)
    chat.locator("#hint textarea").fill("Look at number nine.")
    chat.locator("#hint textarea").press("Enter")
    expect(chat.locator("#thinking .log")).to_contain_text("Look at number nine.")
    expect(chat.locator("#hint")).to_be_hidden()
    expect(chat.locator("#thinking .log")).to_contain_text("Step 30")
    chat.locator("#stop").click()


def test_hint_that_is_refused_stays_in_its_box_with_the_reason(chat: Page) -> None:
    pause_in_the_thinking(chat)
    chat.locator("#hint textarea").fill("So </think> now")
    chat.locator("#hint textarea").press("Enter")
    expect(chat.locator("#status .text")).to_contain_text("holds the tag")
    # The run says twice a second how it stands; the reason stays to be read.
    chat.wait_for_timeout(2500)
    expect(chat.locator("#status .text")).to_contain_text("holds the tag")
    expect(chat.locator("#hint textarea")).to_have_value("So </think> now")
    chat.locator("#stop").click()


def test_answer_is_written_anew_beside_the_first_one_and_both_can_be_reached(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    first, kept = chat.url, thinking(chat)
    expect(chat.locator("#branches")).to_be_hidden()
    chat.locator("#new-answer").click()
    expect(chat.locator("#branch-place")).to_have_text("2 of 2")
    expect(chat.locator("#answer")).to_contain_text("The answer to Why?.")
    expect(chat.locator("#thinking .log")).to_have_text(kept)
    assert chat.url != first
    chat.locator("#branch-before").click()
    expect(chat.locator("#branch-place")).to_have_text("1 of 2")
    assert chat.url == first


def test_thinking_is_edited_and_gone_on_from(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#edit-thinking").click()
    editor = chat.locator("#thinking-text textarea")
    expect(editor).to_have_value("Part 1 of the thought.\n\nPart 2 of the thought.\n\nPart 3 of the thought.")
    editor.fill("I think of a whale.")
    chat.locator("#answer-from").click()
    expect(chat.locator("#branch-place")).to_have_text("2 of 2")
    expect(chat.locator("#thinking .log")).to_have_text("I think of a whale.")
    expect(editor).to_be_hidden()


def test_edit_that_is_refused_stays_in_the_editor(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#edit-thinking").click()
    editor = chat.locator("#thinking-text textarea")
    editor.fill("<|im_end|>")
    chat.locator("#think-on").click()
    expect(chat.locator("#status .text")).to_contain_text("holds the tag")
    expect(editor).to_have_value("<|im_end|>")
    chat.locator("#cancel-thinking").click()
    expect(editor).to_be_hidden()


def test_question_is_edited_and_asked_instead_in_the_same_conversation(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#edit-question").click()
    editor = chat.locator("#question-text textarea")
    expect(editor).to_have_value("Why?")
    editor.fill("How?")
    chat.locator("#ask-edited").click()
    expect(chat.locator("#answer")).to_contain_text("The answer to How?.")
    expect(chat.locator("#asked .plain")).to_have_text("How?")
    expect(chat.locator("#branch-place")).to_have_text("2 of 2")


def test_question_is_asked_again(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#again").click()
    expect(chat.locator("#branch-place")).to_have_text("2 of 2")
    expect(chat.locator("#answer")).to_contain_text("The answer to Why?.")


def test_outline_is_shown_by_choice_and_a_step_leads_to_its_place(page: Page, outlined: str) -> None:
    page.goto(outlined)
    ask_and_wait(page, "long")
    expect(page.locator("#outline")).to_be_hidden()
    page.locator("#show-outline").click()
    steps = page.locator("#outline .step")
    expect(steps.first).to_be_visible()
    expect(steps.nth(4)).to_be_visible()
    log = page.locator("#thinking .log")
    page.wait_for_function("document.querySelector('#thinking .log').scrollTop > 0")
    at_end = log.evaluate("log => log.scrollTop")
    steps.nth(1).click()
    page.wait_for_function("place => document.querySelector('#thinking .log').scrollTop < place", arg=at_end)
    expect(page.locator("#thinking .jump")).to_be_visible()
    page.reload()
    expect(page.locator("#show-outline")).to_have_attribute("aria-pressed", "true")


def test_find_counts_the_hits_in_the_thinking_and_goes_from_one_to_the_next(page: Page, outlined: str) -> None:
    page.goto(outlined)
    ask_and_wait(page, "long")
    page.locator("#show-find").click()
    field = page.locator("#thinking .find input")
    expect(field).to_be_focused()
    field.fill("column")
    hits = page.locator("#thinking .hits")
    expect(hits).to_have_text(f"1 of {thinking(page).lower().count('column')}")
    field.press("Enter")
    expect(hits).to_have_text(f"2 of {thinking(page).lower().count('column')}")
    field.press("Shift+Enter")
    expect(hits).to_have_text(f"1 of {thinking(page).lower().count('column')}")
    field.fill("no such words")
    expect(hits).to_have_text("none")
    field.press("Escape")
    expect(field).to_be_hidden()
