"""A run's id in, all of its events once it has ended out; and waiting for what comes to be."""

import time
from collections.abc import Callable

from model.events import Event
from model.runs import Runs


def read_all(runs: Runs, run_id: str) -> list[Event]:
    """Every event of the run, to its end."""
    follower = runs.attach(run_id)
    try:
        return [event for events in follower for event in events]
    finally:
        follower.close()


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Until it is so; a failure when that takes too long."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)
