"""The page of a training run in Chromium, opened as a file: on a phone, in the dark, with a model's texts that attack it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.reported_run import sample, write_run
from train.report import write_report

pytestmark = pytest.mark.browser

ATTACK = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"><svg onload=alert(1)>"
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    long_word = "x" * 3000
    samples = [
        sample(1, "correct", thinking=ATTACK, answer=ATTACK, question=ATTACK, reason=ATTACK),
        sample(2, "wrong", thinking=long_word, answer=long_word),
    ]
    return write_report(
        write_run(tmp_path_factory.mktemp("runs") / "a-run-with-quite-a-long-name-of-its-own", samples=samples)
    )


def opened(browser: Browser, report: Path, scheme: str) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)
    page = context.new_page()
    page.goto(report.as_uri())
    yield page
    context.close()


@pytest.fixture
def light(browser: Browser, report: Path) -> Iterator[Page]:
    yield from opened(browser, report, "light")


@pytest.fixture
def dark(browser: Browser, report: Path) -> Iterator[Page]:
    yield from opened(browser, report, "dark")


def brightness(page: Page, selector: str, name: str) -> float:
    colour = page.eval_on_selector(selector, f"part => getComputedStyle(part)['{name}']")
    return sum(int(each) for each in colour.removeprefix("rgb(").rstrip(")").split(",")) / 3


def test_page_is_as_wide_as_a_phone_whatever_was_written(light):
    for summary in light.locator("summary").all():
        summary.click()
    assert light.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_thinking_unfolds_without_a_script(light):
    thinking = light.locator(".sample details pre").first
    expect(thinking).to_be_hidden()
    light.locator("summary").first.click()
    expect(thinking).to_be_visible()


def test_texts_of_a_model_are_read_and_not_run(light):
    assert light.title() == "a-run-with-quite-a-long-name-of-its-own: training"
    assert light.locator(".sample h3 + pre").first.inner_text() == ATTACK
    assert light.locator("script, .sample img, .sample svg").count() == 0


def test_colours_follow_the_readers_system(light, dark):
    for page, is_dark in ((light, False), (dark, True)):
        assert (brightness(page, "body", "backgroundColor") < 128) == is_dark
        assert (brightness(page, "body", "color") > 128) == is_dark
    strokes = {brightness(page, "polyline", "stroke") for page in (light, dark)}
    assert len(strokes) == 2


def test_letters_of_the_drawings_are_large_enough_on_a_phone(light):
    heights = light.eval_on_selector_all(
        ".curve text", "parts => parts.map(part => part.getBoundingClientRect().height)"
    )
    assert min(heights) >= 10
