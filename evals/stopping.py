"""The real app in; how soon the device is free after every way of stopping out.

`python -m evals.stopping` measures *Stop*, `job.cancel()` and a killed script on the embedded model, a page that is
closed (and opened again in time) on a script, and `kill -9` of the app. Each figure stands beside one decode step of
the same moment; asking the app how many requests are live takes a few hundredths of a second, which is in the figures.
"""

import argparse
import contextlib
import functools
import json
import os
import secrets
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gradio_client import Client
from playwright.sync_api import Browser, Page, sync_playwright

from evals.running_app import RunningApp, running_app
from model.catalog import EMBEDDED
from model.settings import settings_from_environment
from model.store import Store

RESULTS = Path(__file__).parent / "results"
# Hot sampling wanders on and on, where the preset would end the turn after a sentence.
ASKED: dict[str, Any] = {
    "message": "Tell me a very long story about a ship.",
    "sampling": {"temperature": 2.0, "top_p": 1.0, "top_k": 0, "max_new_tokens": 6000},
    "budget": 2000,
}
DETACHED_SECONDS = 4.0
_SCRIPT = """
import json, sys
from gradio_client import Client
for delta in Client(sys.argv[1], verbose=False).submit(**json.loads(sys.argv[2]), api_name="/chat"):
    print(delta["type"], flush=True)
"""


class Device:
    """Asks the app how many requests its engine holds."""

    def __init__(self, app: RunningApp) -> None:
        self._client = Client(app.address, verbose=False)

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        return int(self._client.predict(api_name="/models")["loaded"]["live_requests"])

    def seconds_until_free(self, most_seconds: float = 60.0) -> float:
        """How long it took until no request was live; at most `most_seconds`."""
        began = time.monotonic()
        while self.live_requests() and time.monotonic() - began < most_seconds:
            time.sleep(0.005)
        return time.monotonic() - began


@contextlib.contextmanager
def embedded_app(folder: str) -> Iterator[RunningApp]:
    """The app over the embedded model, its runs in `folder`, the converted weights where they always are."""
    models = settings_from_environment().data_folder / "models"
    models.mkdir(parents=True, exist_ok=True)
    link = Path(folder) / "models"
    if not link.exists():
        link.symlink_to(models)
    detached = {"WORKINGS_DETACHED_SECONDS": str(DETACHED_SECONDS)}
    with running_app("--model", EMBEDDED, "--adapter", "none", "--data", folder, variables=detached) as app:
        yield app


def begin(client: Client) -> tuple[Any, str, float]:
    """A run that is writing: its job, its id, and its seconds a token so far."""
    run_id = f"stopping-{secrets.token_hex(4)}"
    job = client.submit(**ASKED, run_id=run_id, api_name="/chat")
    n_tokens, first_at = 0, 0.0
    for delta in job:
        if delta["n_tokens"]:
            first_at = first_at or time.monotonic()
            n_tokens += delta["n_tokens"]
        if n_tokens >= 24:
            break
    return job, run_id, (time.monotonic() - first_at) / max(n_tokens - 1, 1)


def measure_ways(app: RunningApp, rounds: int) -> dict[str, Any]:
    """Seconds from each way of stopping to no live request, and of one decode step: medians, and the worst."""
    client, device = Client(app.address, verbose=False), Device(app)
    after: dict[str, list[float]] = {"stop": [], "job_cancel": [], "killed_script": [], "decode_step": []}
    for _ in range(rounds):
        _, run_id, step = begin(client)
        after["decode_step"].append(step)
        after["stop"].append(_timed(functools.partial(client.predict, run_id, api_name="/stop"), device))
        job, _, step = begin(client)
        after["decode_step"].append(step)
        after["job_cancel"].append(_timed(job.cancel, device))
        command = [sys.executable, "-c", _SCRIPT, app.address, json.dumps(ASKED)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as script:
            assert script.stdout is not None
            while b"thinking" not in script.stdout.readline():
                pass
            after["killed_script"].append(_timed(script.kill, device))
    medians = {name: round(statistics.median(values), 3) for name, values in after.items()}
    return medians | {f"{name}_worst": round(max(values), 3) for name, values in after.items()}


def _timed(stop: Callable[[], object], device: Device) -> float:
    assert device.live_requests() == 1, "the run ended before it could be stopped"
    began = time.monotonic()
    stop()
    device.seconds_until_free()
    return time.monotonic() - began


def measure_closed_page(chromium: str) -> dict[str, Any]:
    """How long a run goes on after its page has closed, and whether it goes on when another page opens it in time."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        script = Path(folder) / "script.json"
        turn = {"thinking": "Step {n} of many.\n\n", "answer": "Done.", "repeat": 20_000}
        script.write_text(json.dumps({"tokens_per_second": 50, "turns": [turn]}), "utf-8")
        detached = {"WORKINGS_DETACHED_SECONDS": str(DETACHED_SECONDS)}
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        with running_app("--scripted", str(script), "--data", folder, variables=detached) as app:
            device = Device(app)
            _thinking_page(browser, app.address).close()
            free_after = device.seconds_until_free()
            page = _thinking_page(browser, app.address)
            address = page.url
            page.close()
            time.sleep(DETACHED_SECONDS / 2)
            browser.new_page().goto(address)
            time.sleep(DETACHED_SECONDS * 1.5)
            went_on = device.live_requests() == 1
        browser.close()
    return {
        "detached_seconds": DETACHED_SECONDS,
        "closed_page_free_after": round(free_after, 2),
        "goes_on_when_opened_again": went_on,
    }


def _thinking_page(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.goto(address)
    page.locator("#question textarea").fill("Think for long.")
    page.locator("#question textarea").press("Enter")
    page.wait_for_selector("html[data-phase=thinking]")
    return page


def measure_killed_app() -> dict[str, Any]:
    """`kill -9` of the app in mid-run: events seen at least 0.25 s before it, and events there afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        with embedded_app(folder) as app:
            client = Client(app.address, verbose=False)
            _, run_id, _ = begin(client)
            seen: list[tuple[float, int]] = []
            for delta in client.submit(run_id, api_name="/attach"):
                if "event" in delta:
                    seen.append((time.monotonic(), delta["event"] + 1))
                if len(seen) >= 40:
                    break
            app.process.send_signal(signal.SIGKILL)
            killed_at = time.monotonic()
            app.process.wait(timeout=30)
        store = Store(Path(folder))
        kept = len(store.events(run_id))
        store.close()
    due = max((number for at, number in seen if at <= killed_at - 0.25), default=0)
    return {"killed_app": {"events_seen": seen[-1][1], "events_due": due, "events_kept": kept}}


def main() -> int:
    """Measure, print, write; 1 if a way of stopping took over 0.5 s and a decode step, or an event was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chromium", default=os.environ.get("WORKINGS_CHROMIUM") or shutil.which("chromium"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, embedded_app(folder) as app:
        figures = measure_ways(app, given.rounds)
    figures |= measure_closed_page(given.chromium) | measure_killed_app()
    print(json.dumps(figures, indent=1))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "stopping.json").write_text(json.dumps(figures, indent=1) + "\n")
    limit = 0.5 + figures["decode_step"]
    in_time = all(figures[name] <= limit for name in ("stop", "job_cancel", "killed_script"))
    killed = figures["killed_app"]
    return 0 if in_time and killed["events_kept"] >= killed["events_due"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
