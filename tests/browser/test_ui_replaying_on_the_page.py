"""A run replayed on the page, in Chromium over a scripted engine: it grows, shows what was done, and can be left."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.chat_page import ask, expect_phase, scripted_app, thinking

pytestmark = pytest.mark.browser

TURNS = [
    {"match": "slow", "repeat": 300, "thinking": "Step {n} of a long thought.\n\n", "answer": "Slow answer."},
    {"match": "", "thinking": "A short thought.", "answer": "The answer to {question}."},
]


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS)


@pytest.fixture
def steered(page: Page, url: str) -> Iterator[Page]:
    """A page with a run of some seconds that was paused, hinted at and made to answer."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    ask(page, "slow")
    expect(page.locator("#thinking .log")).to_contain_text("Step 4 ")
    page.locator("#pause").click()
    expect(page.locator("#status .text")).to_have_text("Paused")
    page.locator("#hint textarea").fill("Look at number nine.")
    page.locator("#hint textarea").press("Enter")
    expect(page.locator("#thinking .log")).to_contain_text("Step 14 ")
    page.locator("#answer-now").click()
    expect_phase(page, "done")
    yield page
    assert errors == []


# Each state of the thinking, with the notices under it, as the page goes through them.
RECORD = """() => {
  window.seen = [];
  const look = () => {
    const now = [document.querySelector('#thinking .log').textContent, document.querySelector('#status .notices').textContent];
    if (document.documentElement.dataset.phase !== 'done') window.seen.push(now);
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def replay(page: Page, speed: str) -> None:
    page.locator("#replay-speed input").click()
    page.get_by_role("option", name=speed, exact=True).click()
    page.locator("#replay").click()


def test_replay_shows_the_thinking_grow_with_what_was_done_and_ends_as_it_was(steered: Page) -> None:
    page, whole, address = steered, thinking(steered), steered.url
    page.evaluate(RECORD)
    replay(page, "1×")
    expect_phase(page, "thinking")
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#answer-now")).to_be_hidden()
    expect_phase(page, "done")
    seen = page.evaluate("seen")
    grown = [text for text, _ in seen if len(text) < len(whole)]
    assert len(set(grown)) >= 5 and all(whole.startswith(text) for text in grown)
    assert sorted(grown, key=len) == grown
    told = [words for text, words in seen if len(text) < len(whole)]
    assert re.search("Pause.*Hint: “Look at number nine.”", told[-1]), told
    assert "Hint" not in told[0]
    expect(page.locator("#replay")).to_be_visible()
    assert thinking(page) == whole and page.url == address
    expect(page.locator("#answer")).to_contain_text("Slow answer.")
    expect(page.locator("#status .text")).to_have_text("Done")


def test_replay_is_held_and_goes_on_and_is_stopped(steered: Page) -> None:
    page, whole = steered, thinking(steered)
    replay(page, "1×")
    expect(page.locator("#thinking .log")).to_contain_text("Step 1 ")
    page.locator("#replay-pause").click()
    expect(page.locator("#status .text")).to_have_text("Replay paused")
    held = thinking(page)
    page.wait_for_timeout(900)
    assert thinking(page) == held and held != whole
    page.locator("#replay-go-on").click()
    page.wait_for_function(
        "length => document.querySelector('#thinking .log').textContent.length > length", arg=len(held)
    )
    assert thinking(page) != whole
    page.keyboard.press("Escape")
    expect_phase(page, "done")
    assert thinking(page) == whole
    expect(page.locator("#replay-stop")).to_be_hidden()
    page.wait_for_timeout(900)
    assert thinking(page) == whole


def test_question_asked_during_a_replay_ends_it(steered: Page) -> None:
    page = steered
    replay(page, "1×")
    expect(page.locator("#thinking .log")).to_contain_text("Step 1 ")
    ask(page, "Why?")
    expect(page.locator("#answer")).to_contain_text("The answer to Why?.")
    expect_phase(page, "done")
    page.wait_for_timeout(1500)
    assert thinking(page).strip() == "A short thought."
    expect(page.locator("#replay")).to_be_visible()


def test_new_chat_during_a_replay_leaves_an_empty_page(steered: Page) -> None:
    page = steered
    replay(page, "1×")
    expect(page.locator("#thinking .log")).to_contain_text("Step 1 ")
    page.locator("#new-chat").click()
    expect_phase(page, "empty")
    page.wait_for_timeout(1000)
    assert thinking(page) == ""
