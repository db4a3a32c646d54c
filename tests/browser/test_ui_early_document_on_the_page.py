"""How often a page with nobody at it is drawn."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.chat_page import scripted_app

pytestmark = pytest.mark.browser

# Everything that asks for a frame, whoever it is: this comes before any script of the page.
_COUNT = """window.frames_ = 0;
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (callback) => { window.frames_ += 1; return ask.call(window, callback); };"""


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    turns = [{"match": "", "thinking": "So.", "answer": "Yes."}]
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), turns)


def frames_in_two_seconds(page: Page) -> int:
    before = page.evaluate("window.frames_")
    page.wait_for_timeout(2000)
    return int(page.evaluate("window.frames_") - before)


def test_a_page_that_shows_nothing_new_is_not_drawn_again_and_again(page: Page, url: str, errors: list[str]) -> None:
    page.add_init_script(_COUNT)
    page.goto(url)
    page.locator("#ask").wait_for()
    # However long a slow machine takes to open it.
    assert any(frames_in_two_seconds(page) < 20 for _ in range(15))
