"""Controls that a server's model cannot obey, in Chromium: they stay, do nothing, and say why."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.chat_page import ask, expect_phase
from tests.remote_servers import Manner, Served, remote_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

CANNOT = "This server cannot write on after a given text, so this is not to be had here."


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server that writes slowly, and can be had to do nothing else."""
    with remote_server(Manner(seconds_a_token=0.02)) as server:
        yield server


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], served: Served) -> str:
    app = start_shared_app("--server", served.url, "--no-browser")
    return app.url  # type: ignore[attr-defined]


def open_when_ready(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("html")).to_have_attribute("data-cannot", "go-on budget score", timeout=60_000)


def test_a_press_on_what_cannot_be_done_reaches_nothing_and_says_why(page: Page, url: str, served: Served) -> None:
    open_when_ready(page, url)
    served.manner.seconds_a_token = 0.2
    ask(page, "How many?")
    expect_phase(page, "thinking")
    button = page.locator("#answer-now")
    button.hover()
    expect(button).to_have_attribute("title", CANNOT)
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    served.manner.seconds_a_token = 0.0
    expect_phase(page, "done")
    expect(page.locator("#answer")).to_contain_text("The answer is 42.")
    expect(page.locator("#thinking")).to_contain_text("t40")


def test_a_budget_cannot_be_chosen_that_nobody_keeps(page: Page, url: str) -> None:
    open_when_ready(page, url)
    chosen = page.locator("#budget input:checked")
    before = chosen.input_value()
    page.locator("#budget label").first.click(force=True)
    assert chosen.input_value() == before
    expect(page.locator("#budget")).to_have_attribute("title", "This server keeps no thinking budget.")


def test_stop_works_as_ever(page: Page, url: str, served: Served) -> None:
    open_when_ready(page, url)
    served.manner.seconds_a_token = 0.3
    ask(page, "How many?")
    expect_phase(page, "thinking")
    page.locator("#stop").click()
    expect_phase(page, "stopped")
    served.manner.seconds_a_token = 0.0


def test_the_model_tab_says_where_the_model_runs_and_what_is_missing(page: Page, url: str, served: Served) -> None:
    open_when_ready(page, url)
    page.get_by_role("tab", name="Model").first.click()
    expect(page.locator("#model-about")).to_contain_text(f"is ready at {served.url}")
    expect(page.locator("#model-about")).to_contain_text("there is no Answer now")
    expect(page.locator("#fit-table")).to_contain_text("made-up-qwq")
    expect(page.locator("#precision")).to_have_count(0)
