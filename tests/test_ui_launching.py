"""The app as a process, with nobody on its page: how often it wakes up."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chat_page import scripted_app

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")

TURNS = [{"match": "", "thinking": "So.", "answer": "Yes."}]


def times_asleep(process_id: int) -> int:
    """How often the threads of a process have gone to sleep so far."""
    statuses = [task.read_text() for task in Path(f"/proc/{process_id}/task").glob("*/status")]
    lines = [line for status in statuses for line in status.splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))


def test_an_app_that_does_nothing_wakes_up_less_than_two_hundred_times_a_second(
    start_app: Callable[..., Any], tmp_path: Path
) -> None:
    started: list[Any] = []

    def start(*arguments: str, **options: Any) -> Any:
        started.append(start_app(*arguments, **options))
        return started[-1]

    scripted_app(start, tmp_path, TURNS)
    before, began = times_asleep(started[0].process.pid), time.monotonic()
    time.sleep(3)
    rate = (times_asleep(started[0].process.pid) - before) / (time.monotonic() - began)
    assert 1 < rate < 200
