"""The examples that the empty page offers, on the embedded model's real weights in Chromium."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.model]

SHOWN = {0: "645", 1: "36", 2: "408", 3: "* 2 for n in numbers]"}


@pytest.fixture(scope="module")
def url(
    start_shared_app: Callable[..., object], shared_data_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    folder = tmp_path_factory.mktemp("data")
    (shared_data_folder / "models").mkdir(exist_ok=True)
    (folder / "models").symlink_to(shared_data_folder / "models")
    app = start_shared_app("--model", "smollm2-135m", data_folder=folder)
    return app.url  # type: ignore[attr-defined]


@pytest.mark.parametrize("number", SHOWN)
def test_an_example_is_solved_on_the_page(page: Page, url: str, number: int) -> None:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.goto(url)
    page.locator(f"#example-{number}").click()
    expect(page.locator("#question textarea")).not_to_have_value("")
    page.locator("#ask").click()
    expect(page.locator("html[data-phase=done]")).to_have_count(1, timeout=400_000)
    expect(page.locator("#answer")).to_contain_text(SHOWN[number])
    assert len(page.locator("#thinking .log").text_content() or "") > 10
    assert found == []
