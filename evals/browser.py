"""A long scripted thought in, what the page costs the browser out: share of the main thread, long tasks, memory, waits.

    python -m evals.browser [--tokens 32000] [--rate 100] [--tries 5] [--plain]

Chromium follows a run of the real app with the outline and a search open (neither with `--plain`), and its own counters
are read every ten seconds: `TaskDuration`, all work of the main thread. In CPU seconds that is what the page costs; in
wall seconds (`wall_share`) it also counts the times when other processes had the core, as happens on a busy machine.
Then the confidence view is opened, and the stored run on a fresh page. One JSON line a try, and the medians last.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from evals.running_app import running_app

ROOT = Path(__file__).resolve().parent.parent
WORDS = (
    "we let the sum of both sides grow until it meets a bound that no other term can pass then check each case by hand "
    "since every even number splits into halves while odd ones leave one over which gives another way to count them"
).split()
WINDOW_SECONDS = 10.0
# Of the main thread, with a thought of 32,000 tokens.
LIMIT_SHARE = 0.35
LIMIT_LONG_TASK_SECONDS, LIMIT_RENDERER_MB = 0.5, 300
RESULTS = ROOT / "evals" / "results"
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


def renderer_mb(browser: Browser) -> tuple[float, float]:
    """Memory of the largest renderer process in MB: resident, and of that what no other process shares with it.

    Chromium's own program is some 125 MB of what is resident. Both are 0 where /proc cannot be read.
    """
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    sizes = []
    for process in found:
        rollup = Path(f"/proc/{process['id']}/smaps_rollup")
        if process["type"] == "renderer" and rollup.exists():
            lines = dict(line.split(":", 1) for line in rollup.read_text().splitlines()[1:])
            kib = {name: int(lines[name].split()[0]) for name in ("Rss", "Private_Clean", "Private_Dirty")}
            sizes.append((round(kib["Rss"] / 1000), round((kib["Private_Clean"] + kib["Private_Dirty"]) / 1000)))
    return max(sizes, default=(0, 0))


def ask(page: Page, is_plain: bool) -> None:
    """Ask for the long thought, with the outline and a search open unless `is_plain`."""
    page.get_by_text("custom", exact=True).click()
    page.locator("#budget-custom input, #budget-custom textarea").fill("200000")
    page.locator("#question textarea").fill("Think for long.")
    page.locator("#question textarea").press("Enter")
    page.wait_for_selector("html[data-phase=thinking]")
    if not is_plain:
        page.locator("#show-outline").click()
        page.locator("#show-find").click()
        page.locator(".find input").fill("bound")
        # The first hit takes the reader there; to the end again, so that the pane follows.
        page.locator("#thinking .jump").evaluate("jump => jump.click()")


def measure(browser: Browser, address: str, is_plain: bool) -> dict[str, Any]:
    """Ask, follow to the end, and read Chromium's counters on the way; then open what can be opened."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    cpu, wall = (TaskTime(page, domain) for domain in ("threadTicks", "timeTicks"))
    page.add_init_script(_LONG_TASKS)
    page.goto(address)
    ask(page, is_plain)
    began, wall_before = time.monotonic(), wall.seconds()
    windows: list[float] = []
    memory: list[tuple[float, float]] = []
    # What loading and asking took is not the thought's.
    long_seconds, seen = [], int(page.evaluate("window.longTasks.length"))
    while page.locator("html[data-phase=done]").count() == 0:
        window_began, before = time.monotonic(), cpu.seconds()
        page.wait_for_timeout(WINDOW_SECONDS * 1000)
        windows.append((cpu.seconds() - before) / (time.monotonic() - window_began))
        memory.append(renderer_mb(browser))
        long_tasks = page.evaluate("window.longTasks")
        long_seconds.append(sum(long_tasks[seen:]) / 1000)
        seen = len(long_tasks)
        characters = page.evaluate("document.querySelector('#thinking .log').textContent.length")
        print(
            f"{time.monotonic() - began:6.0f} s  {characters:8,} characters  main thread {windows[-1]:.1%}  "
            f"long tasks {long_seconds[-1]:.2f} s  renderer {memory[-1][0]:.0f} MB, {memory[-1][1]:.0f} of its own",
            flush=True,
        )
    seconds = time.monotonic() - began
    result = {
        "figures": page.locator("#thinking-figures").text_content(),
        "share": round(sum(windows) / len(windows), 3),
        "worst_share": round(max(windows), 3),
        "wall_share": round((wall.seconds() - wall_before) / seconds, 3),
        "worst_long_task_seconds": round(max(long_seconds), 2),
        "long_task_seconds": round(sum(long_seconds), 2),
        # The last of them may be after the end, when the browser has cleaned up.
        "renderer_mb": max(size for size, _ in memory),
        "renderer_median_mb": round(statistics.median(size for size, _ in memory)),
        "renderer_own_mb": max(own for _, own in memory),
        "renderer_after_mb": renderer_mb(browser)[0],
        "heap_mb": round(page.evaluate("performance.memory.usedJSHeapSize") / 1e6),
        "nodes": page.evaluate("document.querySelectorAll('*').length"),
        "outline_steps": page.locator("#outline .steps li").count(),
    }
    result["confidence_seconds"] = opening_seconds(page)
    length = page.evaluate("document.querySelector('#thinking .log').textContent.length")
    stored = page.url
    page.close()
    return result | stored_seconds(browser, stored, length)


def opening_seconds(page: Page) -> float:
    """From the press on *Confidence* until its curve and tint are there."""
    began = time.monotonic()
    page.locator("#show-confidence").click()
    page.wait_for_selector("#confidence .shape:not([hidden])")
    return round(time.monotonic() - began, 2)


def stored_seconds(browser: Browser, address: str, length: int) -> dict[str, float]:
    """From the address of a stored run until all of its thinking can be read on a fresh page, and is in its pane."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.monotonic()
    page.goto(address, wait_until="commit")
    seconds = {}
    for name, place in (("stored_seconds", "#first-text .end"), ("stored_pane_seconds", "#thinking .log")):
        # What came with the document is gone when the pane has the text.
        places = f"[...document.querySelectorAll('{place}, #thinking .log')]"
        is_there = f"length => {places}.some(it => it.textContent.length >= length)"
        page.wait_for_function(is_there, arg=length, polling=20)
        seconds[name] = round(time.monotonic() - began, 2)
    page.close()
    return seconds


def medians(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure over the tries."""
    names = [name for name, value in results[0].items() if isinstance(value, int | float)]
    return {name: round(statistics.median(result[name] for result in results), 3) for name in names}


def main() -> None:
    """Run the measurement; the exit code is 1 when a median is over its limit."""
    parser = argparse.ArgumentParser(description="What a long thought costs the browser.")
    parser.add_argument("--tokens", type=int, default=32_000)
    parser.add_argument("--rate", type=float, default=100.0, help="tokens per second")
    parser.add_argument("--tries", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="neither outline nor search")
    parser.add_argument("--chromium", default=os.environ.get("WORKINGS_CHROMIUM") or shutil.which("chromium"))
    given = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.json"
        write_script(script, given.tokens, given.rate)
        with running_app("--scripted", str(script), "--data", folder) as app, sync_playwright() as playwright:
            for _ in range(given.tries):
                # A browser of its own, so that no try begins with the memory of the one before.
                browser = playwright.chromium.launch(
                    executable_path=given.chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                results.append(measure(browser, app.address, given.plain))
                browser.close()
                print(json.dumps(results[-1]), flush=True)
    whole = {"tokens": given.tokens, "rate": given.rate, "tries": given.tries, "plain": given.plain}
    whole |= {"median": medians(results), "each": results}
    (RESULTS / "browser.json").write_text(json.dumps(whole, indent=1) + "\n", "utf-8")
    print(json.dumps(whole["median"]))
    median = whole["median"]
    sys.exit(
        median["worst_share"] > LIMIT_SHARE
        or median["worst_long_task_seconds"] > LIMIT_LONG_TASK_SECONDS
        or median["renderer_mb"] > LIMIT_RENDERER_MB
    )


if __name__ == "__main__":
    main()
