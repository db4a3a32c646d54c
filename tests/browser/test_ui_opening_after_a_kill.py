"""kill -9 in the middle of runs of the embedded model: what is kept, what a page shows, and that it goes on."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from model.catalog import EMBEDDED
from tests.conftest import StartApp
from tests.script_client import client_of, is_soon, whole

pytestmark = [pytest.mark.browser, pytest.mark.model]

# Without its adapter the model goes on and on with a story.
STORY = "Write a very long story about a ship, with many chapters."


def test_a_page_says_that_the_app_has_gone_and_comes_back_to_its_run_when_it_is_there_again(
    browser: Browser, start_app: StartApp, tmp_path: Path
) -> None:
    app = start_app("--model", EMBEDDED, "--adapter", "none")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(app.url)
    page.locator("#question textarea").fill(STORY)
    page.locator("#ask").click()
    log = page.locator("#thinking .log")
    expect(log).to_contain_text(" ", timeout=180_000)
    assert is_soon(lambda: len(log.inner_text()) > 40)
    time.sleep(1.0)  # what came before is on the disk by then
    before = log.inner_text()[:40]
    app.kill()
    banner = page.locator("#connection")
    expect(banner).to_contain_text("Connection lost. Trying again; what the run has written is kept", timeout=20_000)
    page.screenshot(path=str(tmp_path / "gone.png"))
    port = app.url.rpartition(":")[2]
    again = start_app(
        "--model", EMBEDDED, "--adapter", "none", data_folder=app.data_folder, environment={"GRADIO_SERVER_PORT": port}
    )
    assert again.url == app.url
    status = page.locator("#status")
    expect(status).to_contain_text("The app ended in the middle of this run", timeout=60_000)
    expect(log).to_contain_text(before)
    page.screenshot(path=str(tmp_path / "back.png"))
    page.get_by_role("button", name="Continue", exact=True).first.click()
    assert is_soon(lambda: "The app ended" not in status.inner_text())
    page.locator("#answer-now").click()
    expect(page.locator("#answer")).to_contain_text("a", timeout=180_000)
    page.close()


def test_events_that_were_written_before_a_kill_are_there_and_continue_gives_an_answer(start_app: StartApp) -> None:
    app = start_app("--model", EMBEDDED, "--adapter", "none")
    job = client_of(app.url).submit(STORY, budget="high", api_name="/chat")
    assert is_soon(lambda: sum(len(each["text"]) for each in job.outputs() if each["type"] == "thinking") > 100)
    time.sleep(1.0)
    heard = "".join(each["text"] for each in job.outputs() if each["type"] == "thinking")
    run_id = job.outputs()[0]["run_id"]
    app.kill()
    client = client_of(start_app("--model", EMBEDDED, "--adapter", "none", data_folder=app.data_folder).url)
    stored = whole(client.submit(run_id, api_name="/attach"))[-1]
    assert stored["finish_reason"] == "error"
    assert "The app ended in the middle of this run" in stored["notices"][-1]["text"]
    # All but what came in the last fifth of a second before the kill.
    assert stored["thinking"].startswith(heard[: len(heard) * 3 // 4])
    final = whole(client.submit(run_id, 60, api_name="/continue_run"))[-1]
    assert final["thinking"].startswith(stored["thinking"])
    assert final["answer"].strip()
    assert final["finish_reason"] != "error"
