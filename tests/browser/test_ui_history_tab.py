"""The Past runs tab and the rail beside the chat in Chromium: found, opened, taken along, deleted and brought back."""

import itertools
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from model.events import AnswerDelta, Asked, Event, Finished, ThinkingDelta
from model.store import Store
from model.stored_runs import ImportedRun
from tests.chat_page import allow_long_thinking, another, ask, expect_phase, scripted_app

pytestmark = pytest.mark.browser

DAY_SECONDS = 86_400
LONG_TITLE = "Why is it " + "really " * 25 + "so?"
TURNS = [
    {"match": "slow", "repeat": 2000, "thinking": "Step {n} of a long thought.\n\n", "answer": "Slow answer."},
    {"match": "", "thinking": "A short thought.", "answer": "The answer to {question}."},
]
# Question, days ago, thinking.
PAST = [
    ("Pinned question", 50.0, "hm"),
    ("What did I ask today?", 0.0, "hm"),
    ("Which bird was it?", 1.0, "First the pond. " * 400 + "Then a <b>heron</b> lands here. " + "So it goes. " * 400),
    (LONG_TITLE, 3.0, "hm"),
    ("An old question", 400.0, "hm"),
    *((f"Filler {number}", 500.0 + number, "hm") for number in range(120)),
]
FIRST_PAGE = 100
# Of the runs that a test changes, each try takes others: what the one before it left is none of them.
FILLERS = (f"Filler {number}" for number in itertools.count(3))
NUMBERS = itertools.count(len(PAST))
BEGAN_AT = time.time()


def put(store: Store, number: int, question: str, days_ago: float, thinking: str) -> None:
    at_ms = int((BEGAN_AT - days_ago * DAY_SECONDS) * 1000)
    events: list[Event] = [Asked(question, model="scripted"), ThinkingDelta(thinking, 9)]
    events += [AnswerDelta(f"Answer number {number}.", 3), Finished("stop", 3, 9, 3, 1.0)]
    run = ImportedRun(f"past-{number}", None, "", at_ms / 1000, [(at_ms + n, event) for n, event in enumerate(events)])
    store.insert([run])


def started(start: Callable[..., object], home: Path) -> str:
    """The address of an app that has all the past runs."""
    folder = home / "runs"
    store = Store(folder)
    for number, (question, days_ago, thinking) in enumerate(PAST):
        put(store, number, question, days_ago, thinking)
    store.pin("past-0", True)
    store.rename("past-3", LONG_TITLE)
    store.close()
    return scripted_app(start, home, TURNS, data_folder=folder, environment={"WORKINGS_DETACHED_SECONDS": "1"})


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    """An app for the tests that leave the runs as they are."""
    return started(start_shared_app, tmp_path_factory.mktemp("shared-runs"))


@pytest.fixture(scope="module")
def changing_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app of `changing_url` has its data."""
    return tmp_path_factory.mktemp("changing-runs")


@pytest.fixture(scope="module")
def changing_url(start_shared_app: Callable[..., object], changing_home: Path) -> str:
    """An app for the tests that change the runs, each of them others."""
    return started(start_shared_app, changing_home)


@pytest.fixture
def own(page: Page, changing_url: str, errors: list[str]) -> Page:
    """As `chat`, over that app."""
    page.goto(changing_url)
    expect(page.locator("#ask")).to_be_visible()
    return page


def open_tab(page: Page) -> Locator:
    page.get_by_role("tab", name="Past runs").click()
    expect(page.locator("#runs-list .run").first).to_be_visible()
    return page.locator("#runs-list")


def search(page: Page, words: str) -> None:
    page.locator("#search input, #search textarea").fill(words)


def day_of(days_ago: int) -> str:
    """The heading above the runs of that day; the tests may have begun yesterday."""
    at = BEGAN_AT - days_ago * DAY_SECONDS
    named = {time.strftime("%F"): "Today", time.strftime("%F", time.localtime(time.time() - DAY_SECONDS)): "Yesterday"}
    return named.get(time.strftime("%F", time.localtime(at)), time.strftime("%A", time.localtime(at)))


def test_runs_stand_under_their_days_and_a_long_title_is_only_shown_short(chat: Page) -> None:
    runs = open_tab(chat)
    headings = runs.locator(".day").all_text_contents()
    assert headings[:4] == ["Pinned", day_of(0), day_of(1), day_of(3)]
    assert re.fullmatch(r"[A-Z][a-z]+ \d{4}", headings[4])
    long = runs.get_by_role("button", name=LONG_TITLE, exact=True)
    chat.set_viewport_size({"width": 390, "height": 844})
    assert long.evaluate("e => e.scrollHeight > e.clientHeight + 4 && e.clientHeight < 60")


def test_hit_in_the_thinking_shows_the_words_and_opens_where_they_stand(chat: Page) -> None:
    runs = open_tab(chat)
    search(chat, "heron lands")
    expect(runs.locator(".run")).to_have_count(1)
    expect(runs.locator(".found")).to_contain_text("Found in the thinking: ")
    expect(runs.locator(".found mark")).to_have_text(["heron", "lands"])
    expect(runs.locator(".found")).to_contain_text("a <b>heron</b> lands here")  # as text
    expect(runs.locator(".state")).to_have_text("1 run holds all of these words.")
    runs.locator(".open").click()
    field = chat.locator("#thinking .find input")
    expect(field).to_be_visible()
    expect(field).to_have_value(re.compile("^(heron|lands)$"))
    expect(chat.locator("#thinking .hits")).to_have_text("1 of 1")
    chat.wait_for_function("document.querySelector('#thinking .log').scrollTop > 100")
    open_tab(chat)
    search(chat, "old question")
    runs.get_by_role("button", name="An old question", exact=True).click()
    expect(chat.locator("#answer")).to_contain_text("Answer number 4.")
    expect(field).to_be_hidden()


def test_hit_in_the_question_opens_the_run_without_the_find_field(chat: Page) -> None:
    runs = open_tab(chat)
    search(chat, "old question")
    expect(runs.locator(".found")).to_contain_text("Found in the question: ")
    runs.locator(".open").click()
    expect(chat.locator("#answer")).to_contain_text("Answer number 4.")
    chat.wait_for_timeout(500)
    expect(chat.locator("#thinking .find")).to_be_hidden()


def test_search_without_a_hit_is_a_sentence(chat: Page) -> None:
    runs = open_tab(chat)
    search(chat, "zebra")
    expect(runs.locator(".none")).to_contain_text("No run holds all of these words.")


def test_several_are_selected_by_keyboard_and_taken_along_in_one_file(chat: Page) -> None:
    runs = open_tab(chat)
    runs.get_by_role("button", name="Select", exact=True).click()
    box = runs.get_by_label("Select: An old question")
    box.focus()
    chat.keyboard.press("Space")
    expect(runs.locator(".count")).to_have_text("1 selected")
    runs.get_by_role("button", name="What did I ask today?").click()  # the title ticks its box, too
    expect(runs.locator(".count")).to_have_text("2 selected")
    runs.get_by_label("Files as").select_option("json_lines")
    with chat.expect_download() as download:
        runs.get_by_role("button", name="Export selected").click()
    assert download.value.suggested_filename == "2-conversations.jsonl"
    lines = [json.loads(line) for line in Path(download.value.path()).read_text("utf-8").splitlines()]
    assert {line["id"] for line in lines if "workings_run" in line} == {"past-1", "past-4"}
    runs.get_by_role("button", name="Select all shown").click()
    runs.get_by_label("Files as").select_option("html")
    runs.get_by_label("with thinking").uncheck()
    with chat.expect_download() as download:
        runs.get_by_role("button", name="Export selected").click()
    assert download.value.suggested_filename == f"{FIRST_PAGE}-conversations.html"
    text = Path(download.value.path()).read_text("utf-8")
    assert all(f"Answer number {number}." in text for number in range(5))
    assert "lands here" not in text and "http" not in text.replace("http-equiv", "")
    chat.keyboard.press("Escape")
    expect(runs.locator(".pick")).to_have_count(0)


def test_one_click_downloads_the_file_of_a_run(chat: Page) -> None:
    runs = open_tab(chat)
    with chat.expect_download() as download:
        runs.get_by_role("button", name="Download: An old question").click()
    assert download.value.suggested_filename == "An-old-question.md"
    assert "Answer number 4." in Path(download.value.path()).read_text("utf-8")


def test_exported_runs_are_imported_again(own: Page) -> None:
    chat, runs, filler = own, open_tab(own), next(FILLERS)
    runs.get_by_label("Files as").select_option("json_lines")
    with chat.expect_download() as download:
        runs.get_by_role("button", name=f"Download: {filler}", exact=True).click()
    chat.locator("input[type=file][accept*=jsonl]").set_input_files(
        files=[{"name": "x.jsonl", "mimeType": "text/plain", "buffer": Path(download.value.path()).read_bytes()}]
    )
    expect(runs.locator(".undo")).to_contain_text("Imported 1 run.")
    search(chat, filler)
    expect(runs.get_by_role("button", name=filler, exact=True)).to_have_count(2)


def test_several_are_deleted_and_come_back_after_a_search(own: Page, changing_home: Path) -> None:
    store, doomed, words = Store(changing_home / "runs"), [another("Doomed"), another("Doomed")], another("quagga")
    for title in doomed:
        put(store, next(NUMBERS), title, 1.5, f"It was a {words}.")
    store.close()
    chat, runs = own, open_tab(own)
    expect(runs.get_by_role("button", name=doomed[1], exact=True)).to_be_visible()
    before = [title.strip() for title in runs.locator(".open").all_text_contents()]
    runs.get_by_role("button", name="Select", exact=True).click()
    for title in doomed:
        runs.get_by_label(f"Select: {title}", exact=True).check()
    runs.get_by_role("button", name="Delete selected").click()
    expect(runs.get_by_role("button", name=doomed[0], exact=True)).to_have_count(0)
    expect(runs.locator(".undo")).to_contain_text("Deleted 2 runs.")
    search(chat, words)
    expect(runs.locator(".none")).to_be_visible()
    runs.get_by_role("button", name="Undo").click()
    expect(runs.locator(".undo")).to_contain_text("Brought back 2 runs.")
    search(chat, "")
    expect(runs.locator(".open")).to_have_text(before)
    expect(runs.get_by_role("button", name="Undo")).to_be_hidden()


def test_pin_moves_a_run_up_and_the_keyboard_stays_on_its_button(own: Page) -> None:
    chat, runs, filler = own, open_tab(own), next(FILLERS)
    pin = runs.get_by_role("button", name=f"Pin: {filler}", exact=True)
    pin.focus()
    chat.keyboard.press("Enter")
    expect(runs.get_by_role("button", name=f"Unpin: {filler}", exact=True)).to_be_focused()
    expect(runs.locator(".group").first).to_contain_text(filler)


def test_rail_is_opened_by_a_key_kept_after_a_reload_and_opens_runs_beside_the_chat(chat: Page) -> None:
    rail = chat.locator("#rail")
    expect(rail).to_be_hidden()
    chat.locator("h1").click()
    chat.keyboard.press("r")
    expect(rail.locator(".run")).to_have_count(40)
    chat.reload()
    expect(rail.locator(".day").first).to_have_text("Pinned")
    rail.get_by_role("button", name="An old question").click()
    expect(chat.locator("#answer")).to_contain_text("Answer number 4.")
    expect(rail.locator(".run[aria-current]")).to_contain_text("An old question")
    assert chat.evaluate("document.documentElement.scrollWidth <= innerWidth")
    rail.get_by_role("button", name="All runs").click()
    expect(chat.locator("#runs-list .run")).to_have_count(FIRST_PAGE)
    chat.set_viewport_size({"width": 1000, "height": 800})
    expect(rail).to_be_hidden()
    chat.set_viewport_size({"width": 1280, "height": 800})
    expect(rail).to_be_visible()
    chat.set_viewport_size({"width": 1000, "height": 800})
    expect(chat.locator("#show-rail")).to_be_hidden()


def test_run_goes_on_while_another_is_looked_at_in_the_rail(own: Page) -> None:
    chat, question = own, another("slow and long")
    chat.locator("#show-rail").click()
    rail = chat.locator("#rail")
    allow_long_thinking(chat)
    ask(chat, question)
    expect(chat.locator("#thinking .log")).to_contain_text("Step 2 ")
    expect(rail.locator(".run", has_text=question)).to_contain_text("going on")
    rail.get_by_role("button", name="An old question").click()
    expect(chat.locator("#answer")).to_contain_text("Answer number 4.")
    chat.wait_for_timeout(4000)  # far longer than a run that nobody keeps is left alone
    assert "Step" not in (chat.locator("#thinking .log").text_content() or "")
    rail.get_by_role("button", name=question).click()
    expect(chat.locator("#thinking .log")).to_contain_text("Step 30 ")
    expect_phase(chat, "thinking")
    chat.locator("#stop").click()
    expect_phase(chat, "stopped")


def test_closed_page_only_detaches_and_its_run_ends_when_nobody_comes_back(own: Page, changing_home: Path) -> None:
    allow_long_thinking(own)
    ask(own, "slow")
    expect(own.locator("#thinking .log")).to_contain_text("Step 2 ")
    expect(own).to_have_url(re.compile("run="))
    address = own.url
    later = own.context.new_page()
    own.close()
    store = Store(changing_home / "runs")
    try:
        deadline = time.monotonic() + 60
        while store.row(address.partition("run=")[2]).state == "running" and time.monotonic() < deadline:
            later.wait_for_timeout(200)
    finally:
        store.close()
    later.goto(address)
    expect_phase(later, "stopped")
    expect(later.locator("#composer")).to_contain_text("Nobody has read this run for 1 s")
    expect(later.locator("#continue")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_list_and_rail_have_no_accessibility_violation(page: Page, url: str, scheme: Literal["light", "dark"]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page.emulate_media(color_scheme=scheme)
    page.goto(url)
    page.locator("#show-rail").click()
    expect(page.locator("#rail .run")).to_have_count(40)
    runs = open_tab(page)
    runs.get_by_role("button", name="Select", exact=True).click()
    runs.get_by_label("Select: An old question").check()
    results = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [(each["id"], node["html"][:160]) for each in results for node in each["nodes"]] == []


def test_list_of_more_than_a_page_is_shown_in_steps(chat: Page) -> None:
    runs = open_tab(chat)
    expect(runs.locator(".run")).to_have_count(FIRST_PAGE)
    runs.get_by_role("button", name="Show more").click()
    expect(runs.locator(".run")).to_have_count(len(PAST))
    expect(runs.get_by_role("button", name="Show more")).to_be_hidden()
