"""Programs typed into the Code tab and run there, by the real sandbox: every way for a test and a program to end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chat_page import scripted_app
from tests.conftest import StartApp

pytestmark = pytest.mark.browser

TURNS = [{"match": "", "thinking": "No idea.", "answer": "I would rather talk."}]
TESTS = "assert f(1) == 1\nassert f(2) == 2\nassert f(3) == 3"
# Seconds that a test which does nothing is given: three times its CPU time, and one.
SLEEPS = "import time\n\n\ndef f(n):\n    if n == 2:\n        time.sleep(100)\n    return n"
# Program, states of the three tests, what the result says, how the program ended.
OUTCOMES = {
    "ok": (
        "def f(n):\n    if n == 3:\n        raise ValueError('no threes')\n    return n if n == 1 else [n]",
        ["✓ passed", "✗ wrong", "✗ error"],
        "First failure: f(2) gave [2], not 2",
        "Ran to its end",
    ),
    "memory": (
        "def f(n):\n    print('so far', n)\n    return n if n < 2 else len(bytearray(10**10))",
        ["✓ passed", "✗ too much memory", "✗ too much memory"],
        "First failure: f(2): it took too much memory",
        "Took too much memory · ",
    ),
    "output-limit": (
        "def f(n):\n    while n > 1:\n        print('all work and no play')\n    return n",
        ["✓ passed", "✗ error", "✗ error"],
        "First failure: f(2): it printed or returned too much",
        "Printed too much · ",
    ),
    "error": (
        "def f(n):\n    return n\n\n\nf(1) / 0",
        ["✗ error", "– not run", "– not run"],
        "First failure: f(1): ZeroDivisionError: division by zero (line 5)",
        "Ended with an error · ZeroDivisionError: division by zero (line 5)",
    ),
    "crashed": (
        "import ctypes\n\n\ndef f(n):\n    return n if n != 2 else ctypes.string_at(0)",
        ["✓ passed", "✗ error", "✓ passed"],
        "First failure: f(2): its process crashed (SIGSEGV)",
        "Crashed (SIGSEGV) · ",
    ),
    "early-exit": (
        "import os\n\n\ndef f(n):\n    return n if n != 2 else os._exit(0)",
        ["✓ passed", "✗ error", "✓ passed"],
        "First failure: f(2): it ended its own process",
        "Ended itself · ",
    ),
}


@pytest.fixture(scope="module")
def address(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> str:
    return scripted_app(start_shared_app, tmp_path_factory.mktemp("script"), TURNS, speed=400)


@contextmanager
def tab(browser: Browser, address: str) -> Iterator[Page]:
    """The Code tab with the tests in their field, on a page of its own whose scripts may not fail."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, errors = context.new_page(), list[str]()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.get_by_role("tab", name="Code", exact=True).click()
    expect(page.locator("#code-isolation")).to_contain_text("Programs")
    page.locator("#code-tests textarea").fill(TESTS)
    yield page
    assert errors == []
    context.close()


def run_tests(page: Page, program: str) -> None:
    page.locator("#code-program .cm-content").fill(program)
    page.locator("#code-run-tests").click()


def expect_outcome(page: Page, states: list[str], reason: str, ended: str) -> None:
    # What was there before is told from what comes by the result's own words.
    expect(page.locator("#code-result .reason")).to_contain_text(reason, timeout=60_000)
    expect(page.locator("#code-table .test .state")).to_have_text(states)
    expect(page.locator("#code-output .ended")).to_contain_text(ended)


def test_every_end_of_a_test_and_of_a_program_is_shown_of_real_runs(browser: Browser, address: str):
    with tab(browser, address) as waiting, tab(browser, address) as page:
        run_tests(waiting, SLEEPS)
        # It sleeps for much longer than a look at it takes: what runs is told from what was run and from what waits.
        expect(waiting.locator("#code-table .test .state")).to_have_text(["✓ passed", "… running", "· waiting"])
        expect(waiting.locator("#code-table .tally")).to_have_text("1 of 3 given tests run · 1 passed")
        page.locator("#code-run-tests").click()
        expect(page.locator("#code-status .text")).to_contain_text("There is no program in the editor.")
        for program, states, reason, ended in OUTCOMES.values():
            run_tests(page, program)
            expect_outcome(page, states, reason, ended)
        # What was printed before the end is kept, and a row unfolds to all that is known of its test.
        run_tests(page, OUTCOMES["memory"][0])
        expect(page.locator("#code-output .stdout")).to_have_text("so far 1\nso far 2\n", timeout=60_000)
        page.locator("#code-table .open", has_text="f(2)").click()
        expect(page.locator("#code-table .more:not([hidden]) dd").last).to_have_text("it took too much memory")
        run_tests(page, "def f(n):\n    return n")
        expect(page.locator("#code-result .label")).to_have_text("Passes 3 of 3 given tests", timeout=60_000)
        expect(page.locator("#code-output .output")).to_be_hidden()
        page.locator("#code-task textarea").fill("Please talk.")
        page.locator("#code-task textarea").press("Control+Enter")
        expect(page.locator("#code-result .label")).to_have_text("No program")
        states = ["✓ passed", "✗ too slow", "✓ passed"]
        expect_outcome(waiting, states, "First failure: f(2): it waits for something", "Took too long")


def test_machine_that_cannot_isolate_programs_runs_none_and_says_so(
    browser: Browser, start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("other-machine")
    (folder / "sitecustomize.py").write_text(
        "import os\nreal = os.uname()\nos.uname = lambda: os.uname_result((*real[:4], 'riscv64'))\n"
    )
    other = scripted_app(start_shared_app, folder, TURNS, environment={"PYTHONPATH": str(Path(folder))})
    with tab(browser, other) as page:
        expect(page.locator("#code-isolation")).to_contain_text("Programs are not run here.")
        expect(page.locator("#code-isolation")).to_contain_text("docker run")
        for button in ("#code-run-tests", "#code-run", "#code-solve"):
            expect(page.locator(button)).to_be_disabled()
