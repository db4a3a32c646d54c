"""The app as a process, with nobody on its page: how often it wakes up."""

import contextlib
import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.chat_page import scripted_app
from tests.conftest import RunningApp, StartApp

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

ISOLATED = "Programs of the model run isolated: "
TURNS = [{"match": "", "thinking": "So.", "answer": "Yes."}]


def times_asleep(process_id: int) -> int:
    """How often the threads of a process have gone to sleep so far."""
    statuses = [task.read_text() for task in Path(f"/proc/{process_id}/task").glob("*/status")]
    lines = [line for status in statuses for line in status.splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


@pytest.fixture(scope="module")
def app(start_shared_app: StartApp, tmp_path_factory: pytest.TempPathFactory) -> RunningApp:
    started: list[RunningApp] = []

    def start(*arguments: str, **options: Any) -> RunningApp:
        started.append(start_shared_app(*arguments, **options))
        return started[-1]

    scripted_app(start, tmp_path_factory.mktemp("script"), TURNS)
    return started[0]


def test_an_app_that_does_nothing_wakes_up_less_than_two_hundred_times_a_second(app: RunningApp) -> None:
    def rate() -> float:
        before, began = times_asleep(app.process.pid), time.monotonic()
        time.sleep(3)
        return (times_asleep(app.process.pid) - before) / (time.monotonic() - began)

    # However long a slow machine takes until all that a start brings with it is over.
    assert any(1 < rate() < 200 for _ in range(15))


def test_app_says_what_isolates_programs_and_leaves_none_behind_when_it_is_killed(app: RunningApp) -> None:
    process, deadline = psutil.Process(app.process.pid), time.monotonic() + 60
    while ISOLATED not in app.log.read_text("utf-8") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert ISOLATED in app.log.read_text("utf-8")
    for _ in range(2):
        asked = json.dumps({"data": ["while True: pass", "", 60, 256]}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{app.url}/gradio_api/call/run_code", asked, headers)).close()
    while len(below := programs_below(process)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(below) == 3, "the fork server and two programs"
    app.process.kill()
    app.process.wait()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert alive == []


def programs_below(process: psutil.Process) -> list[psutil.Process]:
    """The fork servers of an app, and what they have forked."""
    found = []
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "fork_server" in " ".join(child.cmdline()):
                found.append(child)
    return found
