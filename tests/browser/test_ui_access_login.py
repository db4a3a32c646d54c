"""Two people at one app in Chromium: logging in by the keyboard, each one's own runs, and logging out."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import ask_and_wait, scripted_app
from ui.passwords import hash_of
from ui.user_file import User, write_users

pytestmark = pytest.mark.browser
TURNS = [{"thinking": "It is about zanzibar.", "answer": "Zanzibar, then."}]


@pytest.fixture(scope="module")
def url(start_shared_app: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("logins")
    users: Path = folder / "users.json"
    write_users(users, {name: User(name, hash_of(f"secret of {name}")) for name in ("anna", "ben")})
    return scripted_app(start_shared_app, folder, TURNS, speed=400, environment={"WORKINGS_USERS": str(users)})


def log_in(page: Page, name: str) -> None:
    page.locator("#username").fill(name)
    page.keyboard.press("Tab")
    page.keyboard.type(f"secret of {name}")
    page.keyboard.press("Enter")
    expect(page.locator("#account .name")).to_have_text(name)


def test_run_is_there_for_whoever_asked_and_not_found_for_the_other(browser: Browser, url: str) -> None:
    anna, ben = (browser.new_context(viewport={"width": 1280, "height": 900}).new_page() for _ in range(2))
    anna.goto(url)
    log_in(anna, "anna")
    ask_and_wait(anna, "Where is it?")
    expect(anna.locator("#answer")).to_contain_text("Zanzibar")
    expect(anna).to_have_url(re.compile(r"\?run="))
    address = anna.url
    # Before the login, the address is kept.
    ben.goto(address)
    log_in(ben, "ben")
    assert ben.url == address
    expect(ben.get_by_text("There is no run").first).to_be_visible()
    ben.get_by_role("tab", name="Past runs").click()
    expect(ben.get_by_text("Nothing has been asked yet").locator("visible=true").first).to_be_visible()
    assert "anzibar" not in ben.content()
    anna.reload()
    expect(anna.locator("#answer")).to_contain_text("Zanzibar")
    for page in (anna, ben):
        page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_login_says_what_is_wrong_and_leads_out_again(browser: Browser, url: str, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(url)
    expect(page).to_have_url(f"{url}/login")
    expect(page.locator("#username")).to_be_focused()
    page.keyboard.type("anna")
    page.locator("#password").fill("something else")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This name and password do not belong together.")
    expect(page.locator("#password")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert axe.Axe().run(page).response["violations"] == []
    log_in(page, "anna")
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(f"{url}/login")
    page.goto(url)
    expect(page).to_have_url(f"{url}/login")
    context.close()
