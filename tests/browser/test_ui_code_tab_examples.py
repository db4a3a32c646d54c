"""An example that the empty Code tab offers, on the embedded model's real weights in Chromium, tested in the sandbox."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.model]


def test_an_example_is_written_and_passes_its_tests(
    start_app: Callable[..., object], shared_data_folder: Path, tmp_path: Path, page: Page, errors: list[str]
) -> None:
    folder = tmp_path / "code-data"
    folder.mkdir()
    (shared_data_folder / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(shared_data_folder / "models")
    page.goto(start_app("--model", "smollm2-135m", data_folder=folder).url)  # type: ignore[attr-defined]
    page.get_by_role("tab", name="Code", exact=True).click()
    page.locator("#code-example-0").click()
    expect(page.locator("#code-tests textarea")).not_to_have_value("")
    page.locator("#code-solve").click()
    expect(page.locator("#code-result .label")).to_have_text("Passes 3 of 3 given tests", timeout=400_000)
    expect(page.locator("#code-program .cm-content")).to_contain_text("* 2")
    assert len(page.locator("#code-thinking .log").text_content() or "") > 10
