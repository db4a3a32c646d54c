"""A call that the embedded model writes by itself, carried out by the real tool, on the page in Chromium."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_example_is_calculated_by_the_tool_and_answered_from_its_result(
    start_app: Callable[..., object], shared_data_folder: Path, tmp_path: Path, page: Page, errors: list[str]
) -> None:
    folder = tmp_path / "agent-data"
    folder.mkdir()
    (shared_data_folder / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(shared_data_folder / "models")
    page.goto(start_app("--model", "smollm2-135m", data_folder=folder).url)  # type: ignore[attr-defined]
    page.get_by_role("tab", name="Agent", exact=True).click()
    page.locator("#agent-example-0").click()
    expect(page.locator("#agent-question textarea")).not_to_have_value("")
    # Drawn greedily, so that it is the same each time.
    page.locator("#agent-sampling > button").click()
    page.locator("#agent-temperature").get_by_role("textbox").fill("0")
    page.locator("#agent-ask").click()
    card = page.locator("#agent-steps .call.ok").first
    expect(card.locator(".call-name")).to_have_text("calculate", timeout=400_000)
    expect(card.locator(".call-came")).to_contain_text("4471578")
    expect(page.locator("#agent[data-phase=done]")).to_have_count(1, timeout=400_000)
    expect(page.locator("#agent-answer")).to_contain_text("4471578")
    page.locator(".step-line").first.click()
    expect(page.locator("#agent-thinking .log")).to_contain_text("4871 * 918")
