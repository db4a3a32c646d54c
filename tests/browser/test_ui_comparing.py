"""Runs side by side, several asked for at once, and a step gone on from, in Chromium over a scripted engine."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chat_page import allow_long_thinking, ask_and_wait, expect_phase, expect_thinking, scripted_app, thinking

pytestmark = pytest.mark.browser

THOUGHT = Path(__file__).parent.parent / "data" / "thinking" / "deepseek_r1_grid_order.txt"
TURNS = [
    {"match": "slow", "repeat": 2000, "thinking": "Step {n} of a long thought.\n\n", "answer": "Slow answer."},
    {"match": "grid", "thinking": THOUGHT.read_text("utf-8").strip(), "answer": "Done."},
    {"match": "", "repeat": 3, "thinking": "Part {n} of the thought.\n\n", "answer": "The answer to {question}."},
]


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(
        start_shared_app,
        tmp_path_factory.mktemp("script"),
        TURNS,
        250,
        environment={"WORKINGS_DETACHED_SECONDS": "1", "WORKINGS_MAX_RUNS": "6"},
    )


def edit_thinking(page: Page, text: str) -> None:
    page.locator("#edit-thinking").click()
    page.locator("#thinking-text textarea").fill(text)
    page.locator("#answer-from").click()
    expect(page.locator("#branch-place")).to_have_text("2 of 2")
    expect_phase(page, "done")


TWO = "Part 1 of the thought.\n\nPart 2 of a <b>whale</b>.\n\nPart 3 of the thought.\n\nAnd <i>more</i>."


def compare_two(page: Page) -> None:
    ask_and_wait(page, "Why?")
    expect(page.locator("#compare-runs")).to_be_hidden()
    edit_thinking(page, TWO)
    page.locator("#compare-runs").click()
    expect(page.locator("#compare .compare")).to_be_visible()


def test_compare_sets_two_thinkings_side_by_side_with_the_first_difference_marked(chat: Page) -> None:
    compare_two(chat)
    expect(chat.locator("#panes")).to_be_hidden()
    rows = chat.locator("#compare .thinking-pairs .pair")
    expect(rows).to_have_count(4)
    assert [row.get_attribute("class") for row in rows.all()] == [
        "pair same before",
        "pair changed first",
        "pair same",
        "pair only_right",
    ]
    assert rows.nth(1).locator(".left").text_content() == "Part 2 of the thought."
    # A model's text is text: no tag in it becomes one.
    assert rows.nth(1).locator(".right").text_content() == "Part 2 of a <b>whale</b>."
    assert chat.locator("#compare .pairs b, #compare .pairs i").count() == 0
    assert rows.nth(1).locator("mark").all_text_contents() == ["the", "a"]
    expect(chat.locator("#compare .thinking-words")).to_contain_text("they part in paragraph 2")
    expect(chat.locator("#compare .answer-words")).to_have_text("The same text: 19 characters.")
    left, right = (rows.nth(1).locator(side).bounding_box() for side in (".left", ".right"))
    assert left and right and right["x"] > left["x"] + left["width"] / 2 and abs(left["y"] - right["y"]) < 2


def test_compare_is_left_by_its_button_and_by_esc_and_focus_goes_back(chat: Page) -> None:
    compare_two(chat)
    expect(chat.locator("#compare .close")).to_be_focused()
    chat.keyboard.press("Enter")
    expect(chat.locator("#compare .compare")).to_be_hidden()
    expect(chat.locator("#panes")).to_be_visible()
    expect(chat.locator("#compare-runs")).to_be_focused()
    chat.keyboard.press("Enter")
    expect(chat.locator("#compare .compare")).to_be_visible()
    chat.keyboard.press("Escape")
    expect(chat.locator("#compare .compare")).to_be_hidden()


def test_compare_shows_the_runs_that_are_chosen_and_opens_one_of_them_on_the_page(chat: Page) -> None:
    compare_two(chat)
    first = chat.locator("#compare .choose.left").input_value()
    labels = chat.locator("#compare .choose.left option").all_text_contents()
    assert labels[0].startswith("1 · asked first · ") and labels[1].startswith("2 · edited thinking")
    chat.locator("#compare .choose.right").select_option(first)
    expect(chat.locator("#compare .thinking-words")).to_contain_text("The same text")
    chat.locator("#compare .take.left").click()
    expect(chat.locator("#compare .compare")).to_be_hidden()
    expect(chat.locator("#branch-place")).to_have_text("1 of 2")
    expect(chat.locator("#panes")).to_be_visible()
    assert chat.url.endswith(first)


def test_compare_scrolls_to_the_first_difference_of_long_thinkings(chat: Page) -> None:
    ask_and_wait(chat, "grid")
    whole = thinking(chat).rstrip()
    place = whole.index("\n\n", len(whole) * 3 // 4)
    edit_thinking(chat, whole[:place] + " But no." + whole[place:])
    chat.locator("#compare-runs").click()
    first = chat.locator("#compare .thinking-pairs .first")
    expect(first).to_be_in_viewport()
    expect(first.locator(".right mark")).to_have_text(" But")
    frame = chat.locator("#compare .pairs-frame")
    frame.evaluate("frame => { frame.scrollTop = 0; }")
    expect(first).not_to_be_in_viewport()
    chat.locator("#compare .to-first").click()
    expect(first).to_be_in_viewport()


def test_compare_is_one_column_on_a_phone_and_says_which_side_is_which(chat: Page) -> None:
    chat.set_viewport_size({"width": 390, "height": 844})
    compare_two(chat)
    row = chat.locator("#compare .thinking-pairs .pair").nth(1)
    left, right = (row.locator(side).bounding_box() for side in (".left", ".right"))
    assert left and right and abs(left["x"] - right["x"]) < 2 and right["y"] > left["y"]
    assert row.locator(".right").evaluate("cell => getComputedStyle(cell, '::before').content") == '"Right"'
    expect(chat.locator("#compare .thinking-pairs .pair").first.locator(".right")).to_be_hidden()
    assert chat.evaluate("document.documentElement.scrollWidth") <= 390


def test_several_are_asked_at_once_and_each_can_be_looked_at_while_it_thinks(chat: Page) -> None:
    allow_long_thinking(chat)
    chat.locator("#question textarea").fill("slow")
    chat.locator("#question textarea").press("Enter")
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2")
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")
    chat.locator("#ask-several").click()
    expect(chat.locator("#branch-place")).to_have_text("2 of 4")
    expect(chat.locator("#branches-going-on")).to_have_text("2 others go on")
    expect(chat.locator("#again")).to_be_hidden()
    expect(chat.locator("#thinking .log")).to_contain_text("Step 3")
    expect_phase(chat, "thinking")
    second = chat.url
    chat.locator("#branch-after").click()
    expect(chat.locator("#branch-place")).to_have_text("3 of 4")
    expect_phase(chat, "thinking")
    assert chat.url != second
    chat.wait_for_timeout(2500)  # longer than a run may go on that nobody keeps
    # None was stopped for want of a reader, and the one on the page shows its own text to the end.
    chat.locator("#answer-now").click()
    expect_phase(chat, "done")
    steps = re.findall(r"Step (\d+) ", thinking(chat))
    assert steps == [str(number + 1) for number in range(len(steps))]
    chat.locator("#branch-after").click()
    expect(chat.locator("#branch-place")).to_have_text("4 of 4")
    expect_phase(chat, "thinking")
    expect(chat.locator("#branches-going-on")).to_have_text("1 other goes on")
    chat.locator("#answer-now").click()
    expect(chat.locator("#answer")).to_contain_text("Slow answer.")


def test_more_than_there_is_room_for_are_refused_with_the_limit(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#times input").click()
    chat.get_by_role("option", name="8").click()
    expect(chat.locator("#ask-several")).to_have_text("Ask 8 times")
    chat.locator("#ask-several").click()
    expect(chat.locator("#status .text")).to_contain_text("8 runs were asked for and there is room for 6")
    expect(chat.locator("#branches")).to_be_hidden()


def test_step_of_the_outline_is_gone_on_from_by_keyboard_in_another_run(chat: Page) -> None:
    ask_and_wait(chat, "grid")
    before, whole = chat.url, thinking(chat)
    chat.locator("#show-outline").click()
    third = chat.locator("#outline li").nth(2)
    words = third.locator(".step .words").text_content() or ""
    third.locator(".step").focus()
    chat.keyboard.press("Tab")
    fork = third.locator(".fork")
    expect(fork).to_be_focused()
    expect(fork).to_have_css("opacity", "1")
    assert (fork.get_attribute("aria-label") or "") == f"Go on from here: {words}"
    chat.keyboard.press("Enter")
    expect(chat.locator("#branch-place")).to_have_text("2 of 2")
    assert chat.url != before
    expect_phase(chat, "done")
    # The script writes the same thing on, from exactly the place where it was cut.
    expect_thinking(chat, whole)
    run = chat.url.partition("run=")[2]
    chat.locator("#compare-runs").click()
    expect(chat.locator("#compare .choose.right")).to_have_value(run)
    assert "gone on from a step" in (chat.locator("#compare .choose.right option:checked").text_content() or "")


def test_step_of_the_outline_cannot_be_gone_on_from_while_the_run_goes_on(chat: Page) -> None:
    ask_and_wait(chat, "Why?")
    chat.locator("#show-outline").click()
    chat.locator("#new-chat").click()
    expect_phase(chat, "empty")
    allow_long_thinking(chat)
    chat.locator("#question textarea").fill("slow")
    chat.locator("#question textarea").press("Enter")
    # In one look, so that the run cannot end between the two.
    looked = chat.wait_for_function(
        """() => {
            const steps = document.querySelectorAll("#outline li");
            if (document.documentElement.dataset.phase !== "thinking" || steps.length < 2) return null;
            return { seen: ["step", "fork"].filter((name) => steps[0].querySelector(`.${name}`).offsetParent !== null) };
        }"""
    )
    assert looked.json_value() == {"seen": ["step"]}
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")
    expect(chat.locator("#outline .fork").first).to_be_visible()
