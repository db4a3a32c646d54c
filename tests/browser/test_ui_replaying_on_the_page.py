"""A run replayed on the page, in Chromium over a scripted engine: it grows, shows what was done, and can be left."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from model.events import AnswerDelta, Asked, Event, Finished, PromptRead, Steered, ThinkingDelta
from model.store import Store
from model.stored_runs import ImportedRun
from tests.chat_page import ask, expect_phase, expect_thinking, scripted_app, thinking

pytestmark = pytest.mark.browser

HINT = "Look at number nine."


def steered_run() -> ImportedRun:
    """A run of 20 s that was paused, hinted at and made to answer: longer than a machine stands still."""
    events: list[tuple[int, Event]] = [(0, Asked("slow", model="scripted")), (200, PromptRead(9, -1, 0.2))]
    for number in range(1, 41):
        events.append((events[-1][0] + 500, ThinkingDelta(f"Step {number} of a long thought.\n\n", 9)))
        if number == 14:
            at_ms = events[-1][0] + 100
            events += [(at_ms, Steered("pause")), (at_ms, Steered("hint", text=HINT)), (at_ms, Steered("resume"))]
            events.append((at_ms, ThinkingDelta(f"{HINT}\n\n", 0, by_user=True)))
    at_ms = events[-1][0] + 100
    events += [(at_ms, Steered("answer_now")), (at_ms, AnswerDelta("Slow answer.", 3))]
    events.append((at_ms, Finished("thinking_cut", 9, 360, 3, at_ms / 1000)))
    return ImportedRun("steered", None, "", 1e9, [(int(1e12) + ms, event) for ms, event in events])


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("runs")
    store = Store(folder)
    store.insert([steered_run()])
    store.close()
    turns = [{"match": "", "thinking": "A short thought.", "answer": "The answer to {question}."}]
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), turns, data_folder=folder)


@pytest.fixture
def steered(page: Page, url: str, errors: list[str]) -> Page:
    """A page with the run that was steered."""
    page.goto(f"{url}?run=steered")
    expect_phase(page, "done")
    expect(page.locator("#answer")).to_contain_text("Slow answer.")
    return page


# Each state of the thinking, with the notices under it and whether a button is shown that steers, as the page goes
# through them.
RECORD = """() => {
  window.seen = [];
  const look = () => {
    const text = document.querySelector('#thinking .log').textContent;
    const notices = document.querySelector('#status .notices').textContent;
    const steers = ['#stop', '#answer-now'].some((name) => document.querySelector(name).offsetParent !== null);
    if (document.documentElement.dataset.phase !== 'done') window.seen.push([text, notices, steers]);
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def replay(page: Page, speed: str) -> None:
    page.locator("#replay-speed input").click()
    page.get_by_role("option", name=speed, exact=True).click()
    page.locator("#replay").click()


def replay_slowly(page: Page) -> None:
    """Begin a replay as slow as the run was, and wait until it shows less than all of it."""
    whole = len(thinking(page))
    replay(page, "1×")
    expect(page.locator("#replay-pause")).to_be_visible()
    page.wait_for_function("whole => document.querySelector('#thinking .log').textContent.length < whole", arg=whole)
    expect(page.locator("#thinking .log")).to_contain_text("Step 1 ")


def replayed(page: Page, speed: str) -> list[Any]:
    """What the page went through, from the beginning of a replay to its end."""
    page.evaluate("window.seen = []")
    replay(page, speed)
    page.wait_for_function("seen.length && document.documentElement.dataset.phase === 'done'")
    seen: list[Any] = page.evaluate("seen")
    return seen


def test_replay_shows_the_thinking_grow_with_what_was_done_and_ends_as_it_was(steered: Page) -> None:
    page, whole, address = steered, thinking(steered), steered.url
    page.evaluate(RECORD)

    def has_grown() -> bool:
        seen = [each for each in replayed(page, "4×") if len(each[0]) < len(whole)]
        grown, told = [text for text, _, _ in seen], [words for _, words, _ in seen]
        assert all(whole.startswith(text) for text in grown) and sorted(grown, key=len) == grown
        assert not any(steers for _, _, steers in seen)
        return len(set(grown)) >= 5 and "Hint" not in told[0] and bool(re.search(f"Pause.*Hint: “{HINT}”", told[-1]))

    # An app that stands still for a moment, and then shows many steps as one, does not do so in every try.
    assert any(has_grown() for _ in range(5))
    expect(page.locator("#replay")).to_be_visible()
    expect_thinking(page, whole)
    assert page.url == address
    expect(page.locator("#answer")).to_contain_text("Slow answer.")
    expect(page.locator("#status .text")).to_have_text("Done")


def test_replay_is_held_and_goes_on_and_is_stopped(steered: Page) -> None:
    page, whole = steered, thinking(steered)
    replay_slowly(page)
    page.locator("#replay-pause").click()
    expect(page.locator("#status .text")).to_have_text("Replay paused")
    held = thinking(page)
    page.wait_for_timeout(900)
    assert thinking(page) == held and held != whole
    page.locator("#replay-go-on").click()
    page.wait_for_function(
        "length => document.querySelector('#thinking .log').textContent.length > length", arg=len(held)
    )
    page.keyboard.press("Escape")
    expect_phase(page, "done")
    expect_thinking(page, whole)
    expect(page.locator("#replay-stop")).to_be_hidden()
    page.wait_for_timeout(900)
    assert thinking(page) == whole


def test_question_asked_during_a_replay_ends_it(steered: Page) -> None:
    page = steered
    replay_slowly(page)
    ask(page, "Why?")
    expect(page.locator("#answer")).to_contain_text("The answer to Why?.")
    expect_phase(page, "done")
    page.wait_for_timeout(1500)
    expect_thinking(page, "A short thought.")
    expect(page.locator("#replay")).to_be_visible()


def test_new_chat_during_a_replay_leaves_an_empty_page(steered: Page) -> None:
    page = steered
    replay_slowly(page)
    page.locator("#new-chat").click()
    expect_phase(page, "empty")
    page.wait_for_timeout(1000)
    assert thinking(page) == ""
