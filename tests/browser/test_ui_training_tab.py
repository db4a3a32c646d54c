"""The Training tab in Chromium: no run yet, a run that goes on, its completions, reloads, the dark and phones."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import scripted_app
from tests.training_folders import begin_run, write_fine_tuning, write_run, write_step

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory, data_folder: Path) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), [], data_folder=data_folder)


def open_tab(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("tab", name="Training", exact=True).click()
    expect(page.locator(".training[data-view=ready]")).to_have_count(1)


def open_run(page: Page, name: str) -> None:
    page.locator(".training .results-list .open", has_text=name).click()
    expect(page.locator(".training .result-title")).to_have_text(name)
    expect(page.locator(".training .open-result")).to_have_attribute("data-loading", "")


def test_page_without_runs_says_where_they_lie_and_how_to_begin_one(
    page: Page, start_app: Callable[..., object], tmp_path: Path, errors: list[str]
) -> None:
    (tmp_path / "data").mkdir()
    open_tab(page, scripted_app(start_app, tmp_path, [], data_folder=tmp_path / "data"))
    nothing = page.locator(".training .nothing")
    expect(nothing).to_contain_text(str(tmp_path / "data" / "training"))
    expect(nothing).to_contain_text("python -m train.grpo --config embedded-cpu")
    write_run(tmp_path / "data")
    # It is found without a reload.
    expect(page.locator(".training .results-list .open")).to_have_text(["first"])
    expect(nothing).to_be_hidden()


def test_run_that_goes_on_is_followed_to_its_end_and_found_again_after_a_reload(
    page: Page, url: str, data_folder: Path, errors: list[str]
) -> None:
    run = begin_run(data_folder, "live", done=7)
    open_tab(page, url)
    open_run(page, "live")
    expect(page.locator(".training .progress-line .text")).to_have_text("Going on")
    expect(page.locator(".training .progress-line .detail")).to_contain_text("step 7 of 20")
    expect(page.locator(".training .chart figcaption").first).to_have_text("Reward, and what each part adds")
    reward = page.locator(".training .chart").first.locator(".key b").first
    expect(reward).to_have_text("0.410")
    expect(page.locator(".completions-table tbody tr").first).to_contain_text("How many are 7 and 3?")
    page.evaluate("window.kept = document.querySelector('.training .chart')")
    write_step(run, 8, 20)
    expect(page.locator(".training .progress-line .detail")).to_contain_text("step 8 of 20")
    expect(reward).to_have_text("0.440")
    expect(page.locator(".completions-table tbody tr").first).to_contain_text("How many are 8 and 3?")
    # Only what is in the chart was drawn again.
    assert page.evaluate("window.kept === document.querySelector('.training .chart')")
    page.reload()
    expect(page.locator(".training .progress-line .detail")).to_contain_text("step 8 of 20")
    run.end("ended")
    expect(page.locator(".training .progress-line .text")).to_have_text("Ended")


def test_run_whose_process_was_killed_is_shown_as_interrupted(
    page: Page, url: str, data_folder: Path, errors: list[str]
) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.training_folders import begin_run; "
        "begin_run(Path(sys.argv[1]), 'killed', done=3); print('begun', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(data_folder)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "begun\n"
        open_tab(page, url)
        open_run(page, "killed")
        expect(page.locator(".training .progress-line .text")).to_have_text("Going on")
        os.kill(child.pid, signal.SIGKILL)
    expect(page.locator(".training .progress-line .text")).to_have_text("Interrupted")
    expect(page.locator(".training .hint")).to_contain_text("The same command again goes on from the last checkpoint.")


def test_completions_are_filtered_opened_and_left_with_the_keyboard(
    page: Page, url: str, data_folder: Path, errors: list[str]
) -> None:
    write_run(data_folder, "done")
    page.goto(f"{url}/?training=done")
    rows = page.locator(".completions-table tbody tr")
    expect(rows).to_have_count(20)
    page.locator(".training .earlier").click()
    expect(rows).to_have_count(40)
    wrong = page.locator(".training .pill", has_text="Wrong")
    wrong.focus()
    page.keyboard.press("Enter")
    expect(wrong).to_have_attribute("aria-pressed", "true")
    expect(rows.locator(".outcome")).to_have_text(["Wrong"] * 20)
    rows.nth(1).locator(".open").focus()
    page.keyboard.press("Enter")
    one = page.locator(".training .one-problem")
    expect(one.locator(".which")).to_be_focused()
    expect(one.locator(".verdict")).to_contain_text("1 is not 2.")
    expect(one.locator(".question")).to_have_text("How many are 19 and 1?")
    expect(one.locator(".text.thinking")).to_have_text("19 and 1 come to 20.")
    expect(one.locator(".parts-list")).to_contain_text("-1 × 0.2 = -0.2")
    page.keyboard.press("Escape")
    expect(rows.nth(1).locator(".open")).to_be_focused()


def test_slider_says_what_the_curves_were_at_a_step(page: Page, url: str, data_folder: Path, errors: list[str]) -> None:
    write_run(data_folder, "slid")
    page.goto(f"{url}/?training=slid")
    reward = page.locator(".training .chart").first.locator(".key b").first
    expect(reward).to_have_text("0.800")
    page.locator(".training .at-step input").focus()
    page.keyboard.press("Home")
    expect(page.locator(".training .at-step output")).to_have_text("1")
    expect(reward).to_have_text("0.230")
    page.keyboard.press("End")
    expect(reward).to_have_text("0.800")


def test_log_and_report_are_taken_along(page: Page, url: str, data_folder: Path, errors: list[str]) -> None:
    folder = write_run(data_folder, "taken")
    (folder / "report.html").write_text("<h1>Report</h1>")
    page.goto(f"{url}/?training=taken")
    with page.expect_download() as taken:
        page.locator(".training .take-log").click()
    lines = Path(taken.value.path()).read_text("utf-8").splitlines()
    assert taken.value.suggested_filename == "taken-log.jsonl" and json.loads(lines[-1])["step"] == 20
    with page.expect_download() as taken:
        page.locator(".training .take-report").click()
    assert Path(taken.value.path()).read_text("utf-8") == "<h1>Report</h1>"


def test_address_of_a_run_that_is_gone_says_so_and_shows_the_others(
    page: Page, url: str, data_folder: Path, errors: list[str]
) -> None:
    write_fine_tuning(data_folder)
    page.goto(f"{url}/?training=gone")
    expect(page.locator(".training .refusal")).to_have_text("There is no training run 'gone'.")
    open_run(page, "sft")
    expect(page.locator(".training .chart figcaption")).to_have_text(["Loss", "Held-out problems solved"])
    expect(page.locator(".training .completions")).to_be_hidden()
    assert page.url.endswith("?training=sft")


@pytest.mark.parametrize("width", [360, 390])
def test_phone_in_the_dark_has_nothing_beside_the_screen_and_chinese_words(
    browser: Browser, url: str, data_folder: Path, width: int
) -> None:
    write_run(data_folder, f"phone-{width}")
    context = browser.new_context(
        viewport={"width": width, "height": 844}, color_scheme="dark", has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    page.goto(f"{url}/?training=phone-{width}")
    expect(page.locator(".training .progress-line .text")).to_have_text("已结束")
    expect(page.locator(".training .chart figcaption").first).to_have_text("奖励及各部分的贡献")
    page.locator(".training .plan summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".completions-table .open").first.click()
    expect(page.locator(".training .one-problem .faults")).to_have_text("思考是空的。")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, url: str, data_folder: Path, scheme: Literal["light", "dark"]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    write_run(data_folder, f"axe-{scheme}", status="failed", reason="The disk is full.")
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{url}/?training=axe-{scheme}")
    expect(page.locator(".completions-table tbody tr")).to_have_count(20)
    page.locator(".training .plan summary").click()
    options = {"runOnly": ["wcag2a", "wcag2aa"]}
    for opens in (False, True):
        if opens:
            page.locator(".completions-table .open").first.click()
            expect(page.locator(".training .which")).to_be_focused()
        results = axe.Axe().run(page, context=".training", options=options).response["violations"]
        assert [(each["id"], [node["target"] for node in each["nodes"]]) for each in results] == []
    context.close()
