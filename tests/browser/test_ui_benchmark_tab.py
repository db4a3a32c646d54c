"""The Benchmarks tab in Chromium: a benchmark started, stopped, reloaded, resumed, a problem opened, results compared."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from evals.loaded_problems import load_problems
from evals.profiles import in_fair_order
from tests.chat_page import scripted_app

pytestmark = pytest.mark.browser

N = 6
PROBLEMS = in_fair_order(load_problems("gsm8k", "sample").problems, N)
ONE, SLOW, WRONG = PROBLEMS[0], PROBLEMS[1], PROBLEMS[2]
WITHOUT_THINKING_WRONG = in_fair_order(load_problems("math500", "sample").problems, 3)


def turn_for(problem: Any, answer: str, **options: Any) -> dict[str, Any]:
    begin = re.escape(problem.messages[-1].content[:40])
    written = {"thinking": "Read it, then add it up.\n\n", "answer": f"So it is $$\\boxed{{{answer}}}$$"}
    return {"match": begin} | written | options


TURNS = [turn_for(each, "1234567" if each is WRONG else each.gold) for each in PROBLEMS]


@pytest.fixture(scope="module")
def url(start_shared_app: Callable[..., object], tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, 400)


@pytest.fixture
def bench(page: Page, url: str, errors: list[str]) -> Page:
    return opened(page, url)


@pytest.fixture
def endless_url(start_app: Callable[..., object], tmp_path: Path) -> str:
    """An app of the test's own: a problem is thought about without an end once, so that there is something to stop."""
    endless = {"thinking": "On and on, number {n}.\n\n", "repeat": 100_000, "times": 1}
    # No thinking may end by the limit of tokens while the test looks at it: that takes minutes at this speed.
    return scripted_app(start_app, tmp_path, [turn_for(SLOW, SLOW.gold, **endless), *TURNS], 100)


@pytest.fixture
def curve_url(start_app: Callable[..., object], tmp_path: Path) -> str:
    """An app of the test's own: asked for its answer behind no thinking at all it is wrong, behind a cut one right."""
    turns = []
    for each in WITHOUT_THINKING_WRONG:
        turns += [turn_for(each, each.gold, thinking="Step {n} is done.\n\n", repeat=8, times=1)]
        turns += [turn_for(each, "1234567", times=1), turn_for(each, each.gold)]
    return scripted_app(start_app, tmp_path, turns, 400)


def opened(page: Page, url: str) -> Page:
    page.goto(url)
    page.get_by_role("tab", name="Benchmarks", exact=True).click()
    expect(page.locator(".bench[data-view=ready]")).to_have_count(1)
    return page


def begin(page: Page, limit: int, budget: str, benchmark: str = "gsm8k", title: str = "GSM8K") -> None:
    page.locator(".benchmark").select_option(benchmark)
    page.locator(".source").select_option("sample")
    page.locator(".bench .limit").fill(str(limit))
    page.locator(".budget-name").select_option("custom")
    page.locator(".budget-tokens").fill(budget)
    before = page.url
    page.locator(".bench .start").click()
    # The result that was open has the same title and is done: this must be the new one.
    page.wait_for_url(lambda url: "?benchmark=" in url and url != before)
    expect(page.locator(".open-result")).to_have_attribute("data-loading", "")
    expect(page.locator(".result-title")).to_have_text(title)


def test_benchmark_is_stopped_reloaded_resumed_and_a_problem_of_it_opened(
    page: Page, endless_url: str, errors: list[str]
):
    bench = opened(page, endless_url)
    begin(bench, N, "1000000")
    expect(bench.locator(".progress-line .detail")).to_contain_text(f"{N - 1} of {N} done")
    expect(bench.locator(".progress-line .text")).to_have_text("Running")
    bench.reload()
    # The address brings the tab and the result back; it has gone on meanwhile.
    expect(bench.locator(".progress-line .detail")).to_contain_text(f"{N - 1} of {N} done")
    expect(bench.locator(".progress-line .text")).to_have_text("Running")
    watched_as_it_grows(bench)
    bench.locator(".bench .act.stop").click()
    expect(bench.locator(".progress-line .text")).to_have_text("Stopped. Resume goes on from here.")
    # What was seen stays, and so does the problem.
    expect(bench.locator(".one-problem .label")).to_have_text("Not done")
    expect(bench.locator(".one-problem .thinking")).to_contain_text("number 20.")
    bench.reload()
    expect(bench.locator(".progress-line .text")).to_have_text("Stopped. Resume goes on from here.")
    outcomes = ["Correct", "Waiting", "Wrong", *["Correct"] * (N - 3)]
    expect(bench.locator(".rows .row .outcome")).to_have_text(outcomes, use_inner_text=True)
    bench.locator(".rows .open").nth(PROBLEMS.index(SLOW)).click()
    expect(bench.locator(".one-problem .label")).to_have_text("Not done")
    bench.locator(".bench .resume").click()
    # It stays open while it is written and judged.
    expect(bench.locator(".one-problem .label")).to_have_text("Correct")
    expect(bench.locator(".one-problem .thinking")).to_have_text("Read it, then add it up.")
    bench.locator(".one-problem .back").click()
    expect(bench.locator(".progress-line .text")).to_have_text("Done")
    expect(bench.locator(".score .figure b")).to_have_text(f"{100 * (N - 1) / N:.1f}%")
    bench.locator(".pill", has_text="Wrong").click()
    expect(bench.locator(".rows .row")).to_have_count(1)
    bench.locator(".rows .open").click()
    expect(bench.locator(".one-problem .label")).to_have_text("Wrong")
    expect(bench.locator(".one-problem .compared")).to_contain_text("1234567")
    expect(bench.locator(".one-problem .question")).to_contain_text(WRONG.messages[-1].content[:60])
    expect(bench.locator(".one-problem .thinking")).to_contain_text("add it up")
    expect(bench.locator(".answer-set .katex").first).to_be_visible()
    bench.keyboard.press("Escape")
    expect(bench.locator(".rows .open")).to_be_focused()


def watched_as_it_grows(page: Page) -> None:
    """The problem that is being written, open: its thinking comes from the beginning and goes on."""
    page.locator(".rows .open").nth(PROBLEMS.index(SLOW)).click()
    expect(page.locator(".one-problem .label")).to_have_text("Being written")
    thinking = page.locator(".one-problem .thinking")
    expect(thinking).to_contain_text("number 1.")
    expect(thinking).to_contain_text("number 20.", timeout=30_000)
    before = len(thinking.text_content() or "")
    page.wait_for_function(
        "before => document.querySelector('.one-problem .thinking').textContent.length > before", arg=before
    )
    whole = "".join(f"On and on, number {n}." for n in range(1, 100_000))
    assert whole.startswith((thinking.text_content() or "").replace("\n", "")[:-40])
    expect(page.locator(".one-problem .sample-figures")).to_contain_text("tokens so far")


def test_results_are_taken_along_compared_deleted_and_had_back(bench: Page):
    begin(bench, 3, "512")
    expect(bench.locator(".progress-line .text")).to_have_text("Done")
    with bench.expect_download() as taken:
        bench.locator(".bench .download").click()
    kinds = [json.loads(line)["type"] for line in Path(taken.value.path()).read_text("utf-8").splitlines()]
    assert (kinds[0], kinds.count("sample"), kinds.count("judgement")) == ("head", 3, 3)
    begin(bench, 3, "600")
    expect(bench.locator(".progress-line .text")).to_have_text("Done")
    expect(bench.locator(".results-list .one-result").first).to_have_attribute("aria-current", "true")
    for at in (0, 1):
        bench.locator(".results-list .pick").nth(at).check()
    bench.locator(".compare-two").click()
    expect(bench.locator(".comparison .said")).to_contain_text("Both score the same on the 3 problems")
    expect(bench.locator(".comparison .protocols")).to_contain_text("thinking budget (600; 512)")
    bench.locator(".comparison .close").click()
    n = bench.locator(".results-list .one-result").count()
    bench.locator(".results-list .one-result[aria-current] .drop").click()
    expect(bench.locator(".results .undo")).to_contain_text("Deleted “GSM8K”.")
    expect(bench.locator(".results-list .one-result")).to_have_count(n - 1)
    expect(bench.locator(".open-result")).to_be_hidden()
    # The keyboard is at the way back.
    expect(bench.locator(".results .undo button")).to_be_focused()
    bench.keyboard.press("Enter")
    expect(bench.locator(".results-list .one-result")).to_have_count(n)
    expect(bench.locator(".result-about")).to_contain_text("budget 600")


def test_best_budget_of_a_curve_becomes_the_default_and_is_forgotten(page: Page, curve_url: str, errors: list[str]):
    bench = opened(page, curve_url)
    begin(bench, len(WITHOUT_THINKING_WRONG), "512", "math500", "MATH-500")
    expect(bench.locator(".progress-line .text")).to_have_text("Done")
    bench.locator(".bench .measure").click()
    expect(bench.locator(".curve-words")).to_contain_text("the best score is 16 thinking tokens", timeout=30_000)
    bench.locator(".bench .use-budget").click()
    expect(bench.locator(".curve-words")).to_contain_text("It is the default budget of this page.")
    open_chat_anew(bench)
    expect(bench.locator("#budget-custom").locator("input, textarea")).to_have_value("16")
    expect(bench.locator("#budget label", has_text="custom").locator("input")).to_be_checked()
    bench.go_back()
    bench.get_by_role("tab", name="Benchmarks", exact=True).click()
    bench.locator(".bench .forget-budget").click()
    expect(bench.locator(".bench .use-budget")).to_be_visible()
    open_chat_anew(bench)
    expect(bench.locator("#budget label", has_text="medium").locator("input")).to_be_checked()
    expect(bench.locator("#budget-custom")).to_be_hidden()


def open_chat_anew(page: Page) -> None:
    page.goto(page.url.partition("?")[0])
    expect(page.locator("#ask")).to_be_visible()


def test_what_is_refused_is_said_and_the_form_stays(bench: Page):
    bench.locator(".benchmark").select_option("gsm8k")
    bench.locator(".budget-name").select_option("custom")
    bench.locator(".budget-tokens").fill("a lot")
    bench.locator(".bench .start").click()
    expect(bench.locator(".bench .refusal")).to_contain_text("The thinking budget is 'a lot'")
    expect(bench.locator(".bench .start")).to_be_enabled()
    expect(bench.locator(".budget-tokens")).to_have_value("a lot")


def test_phone_in_the_dark_has_nothing_beside_the_screen_and_chinese_words(browser: Browser, url: str):
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    page.goto(f"{url}/?benchmark=none")
    expect(page.locator(".bench .refusal")).to_contain_text("没有结果")
    begin(page, 1, "700")
    expect(page.locator(".progress-line .text")).to_have_text(re.compile("完成|Done"))
    page.goto(f"{url}/?benchmark=none")
    expect(page.locator(".bench .refusal")).to_contain_text("没有结果")
    page.locator(".results-list .open").first.click()
    expect(page.locator(".progress-line .text")).to_have_text(re.compile("完成|Done"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".rows .open").first.click()
    expect(page.locator(".one-problem .question")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator(".one-problem .back")).to_have_text("‹ 全部题目")
    context.close()
