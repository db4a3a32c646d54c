"""The address of a stored run in Chromium: its text stands there before any of Gradio's scripts, and goes in time."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import ask_and_wait, expect_phase, expect_thinking, scripted_app, thinking

pytestmark = pytest.mark.browser

TURNS = [{"repeat": 300, "thinking": "Step {n} of a thought <b>.\n\n", "answer": "An answer, <i>as text</i>."}]


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, speed=5000)


def test_stored_run_is_read_before_the_page_is_there_and_in_its_pane_after(chat: Page, browser: Browser) -> None:
    ask_and_wait(chat, "Why?", 60)
    address, whole = chat.url, thinking(chat)
    without_scripts = browser.new_context(java_script_enabled=False).new_page()
    without_scripts.goto(address)
    first = without_scripts.locator("#first-text")
    expect(first.locator(".question")).to_have_text("Why?")
    expect(first.get_by_text("Step 300 of a thought <b>.")).to_be_in_viewport()
    expect(first.locator(".answer")).to_have_text("An answer, <i>as text</i>.")
    assert first.locator(".end").text_content() == whole
    without_scripts.context.close()

    chat.goto(address)
    expect_phase(chat, "done", 60)
    expect(chat.locator("#first-text")).to_have_count(0)
    expect_thinking(chat, whole)
