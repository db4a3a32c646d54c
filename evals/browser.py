"""A long scripted thought in, what the page costs the browser out: share of the main thread, long tasks, memory.

    python -m evals.browser [--tokens 32000] [--rate 200]

Chromium follows a run of the real app, and its own counters are read every ten seconds: `TaskDuration`, all work of the
main thread. In CPU seconds that is what the page costs; in wall seconds (`wall_share`) it also counts the times when
other processes had the core, as happens on a busy machine. The last line is one JSON object.
"""

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from evals.running_app import running_app

ROOT = Path(__file__).resolve().parent.parent
WORDS = (
    "we let the sum of both sides grow until it meets a bound that no other term can pass then check each case by hand "
    "since every even number splits into halves while odd ones leave one over which gives another way to count them"
).split()
WINDOW_SECONDS = 10.0
# Of the main thread, with a thought of 32,000 tokens.
LIMIT_SHARE = 0.35
_LONG_TASKS = """window.longTasks = [];
new PerformanceObserver((list) => { for (const task of list.getEntries()) window.longTasks.push(task.duration) })
  .observe({ type: "longtask" });"""


def thought(n_tokens: int) -> str:
    """Prose of about so many pieces of the scripted engine, without cycles, a formula and a paragraph now and then."""
    draw = random.Random(7)
    pieces: list[str] = []
    count = 0
    while count < n_tokens:
        words = [draw.choice(WORDS) for _ in range(draw.randint(6, 14))]
        sentence = " ".join(words) + f" and so $x_{{{count}}} = {draw.randint(2, 999)}$."
        pieces.append(sentence + ("\n\n" if draw.random() < 0.25 else " "))
        # A piece is at most six characters with the space before it.
        count += sum(-(-len(word) // 6) for word in sentence.split())
    return "".join(pieces)


def write_script(path: Path, n_tokens: int, rate: float) -> None:
    """A script of one long thought."""
    turn = {"thinking": thought(n_tokens), "answer": "Done: $x = 1$."}
    path.write_text(json.dumps({"tokens_per_second": rate, "turns": [turn]}), "utf-8")


class TaskTime:
    """Seconds that the page's main thread has worked since now."""

    def __init__(self, page: Page, domain: str) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("Performance.enable", {"timeDomain": domain})
        self._start = self._total()

    def _total(self) -> float:
        metrics = self._session.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))

    def seconds(self) -> float:
        """Work since this was made."""
        return self._total() - self._start


def measure(page: Page, address: str) -> dict[str, Any]:
    """Ask, follow to the end, and read Chromium's counters on the way."""
    cpu, wall = (TaskTime(page, domain) for domain in ("threadTicks", "timeTicks"))
    page.add_init_script(_LONG_TASKS)
    page.goto(address)
    page.get_by_text("custom", exact=True).click()
    page.locator("#budget-custom input, #budget-custom textarea").fill("200000")
    page.locator("#question textarea").fill("Think for long.")
    page.locator("#question textarea").press("Enter")
    page.wait_for_selector("html[data-phase=thinking]")
    began = time.monotonic()
    windows: list[float] = []
    while page.locator("html[data-phase=done]").count() == 0:
        window_began, before = time.monotonic(), cpu.seconds()
        page.wait_for_timeout(WINDOW_SECONDS * 1000)
        windows.append((cpu.seconds() - before) / (time.monotonic() - window_began))
        characters = page.evaluate("document.querySelector('#thinking .log').textContent.length")
        print(
            f"{time.monotonic() - began:6.0f} s  {characters:8,} characters  main thread {windows[-1]:.1%}", flush=True
        )
    seconds = time.monotonic() - began
    long_tasks = page.evaluate("window.longTasks")
    return {
        "figures": page.locator("#thinking-figures").text_content(),
        "share": round(sum(windows) / len(windows), 3),
        "worst_share": round(max(windows), 3),
        "wall_share": round(wall.seconds() / seconds, 3),
        "long_tasks": len(long_tasks),
        "long_task_seconds": round(sum(long_tasks) / 1000, 2),
        "longest_ms": round(max(long_tasks, default=0)),
        "heap_mb": round(page.evaluate("performance.memory.usedJSHeapSize") / 1e6),
        "nodes": page.evaluate("document.querySelectorAll('*').length"),
    }


def main() -> None:
    """Run the measurement; the exit code is 1 when the worst window is over the limit."""
    parser = argparse.ArgumentParser(description="What a long thought costs the browser.")
    parser.add_argument("--tokens", type=int, default=32_000)
    parser.add_argument("--rate", type=float, default=200.0, help="tokens per second")
    parser.add_argument("--chromium", default=os.environ.get("WORKINGS_CHROMIUM") or shutil.which("chromium"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        write_script(script, given.tokens, given.rate)
        with running_app("--scripted", str(script), "--data", folder) as app, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=given.chromium, args=["--no-sandbox", "--disable-gpu"])
            result = measure(browser.new_page(viewport={"width": 1280, "height": 900}), app.address)
            browser.close()
    print(json.dumps({"tokens": given.tokens, "rate": given.rate, **result}))
    sys.exit(1 if result["worst_share"] > LIMIT_SHARE else 0)


if __name__ == "__main__":
    main()
