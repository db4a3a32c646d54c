"""What every browser test does on the Chat tab: an app that plays a script, a question asked, a phase waited for."""

import itertools
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

_numbers = itertools.count(1)


def scripted_app(
    start: Callable[..., Any], folder: Path, turns: Sequence[object], speed: int = 120, **options: Any
) -> str:
    """The address of an app whose engine plays `turns` at `speed` tokens a second."""
    script = folder / "script.json"
    script.write_text(json.dumps({"tokens_per_second": speed, "turns": turns}))
    return str(start("--scripted", str(script), **options).url)


def another(words: str) -> str:
    """The words with a number after them, each time the next one: a second try is told from what the first one left.

    A run's title is its question's first sentence, so the words should not end one.
    """
    return f"{words} n{next(_numbers)}"


def ask(page: Page, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")


def expect_phase(page: Page, phase: str, seconds: float = 60) -> None:
    expect(page.locator(f"html[data-phase={phase}]")).to_have_count(1, timeout=1000 * seconds)


def ask_and_wait(page: Page, question: str, seconds: float = 60) -> None:
    ask(page, question)
    expect_phase(page, "done", seconds)


def allow_long_thinking(page: Page, prefix: str = "") -> None:
    """Have the next run think for longer than any machine stands still: four times as long as it else does.

    `prefix` is that of the tab's ids.
    """
    page.locator(f"#{prefix}budget label", has_text=re.compile("high|高")).click()


def thinking(page: Page) -> str:
    return page.locator("#thinking .log").text_content() or ""


def expect_thinking(page: Page, text: str) -> None:
    """Wait until this is all of it, but for what is blank at its ends."""
    page.wait_for_function(
        "text => document.querySelector('#thinking .log').textContent.trim() === text", arg=text.strip()
    )
