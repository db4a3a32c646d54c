"""Fixtures of the browser tests: a page of the module's own app (`url`), whose scripts may not fail."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect


@pytest.fixture
def errors(page: Page) -> Iterator[list[str]]:
    """Errors of the page's scripts; there must be none."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    yield found
    assert found == []


@pytest.fixture
def chat(page: Page, url: str, errors: list[str]) -> Page:
    """The page of the module's app, ready to ask."""
    page.goto(url)
    expect(page.locator("#ask")).to_be_visible()
    return page
