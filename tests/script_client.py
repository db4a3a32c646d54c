"""What tests of the endpoints do with a `gradio_client`: all that a job gives, and waits for what comes soon."""

import time
from collections.abc import Callable
from typing import Any

from gradio_client import Client
from gradio_client.client import Job

# httpx gives up after 5 s, and Gradio's heartbeat after 20 s (its session then ends): a busy machine can stand still
# for longer.
PATIENCE = {"timeout": 120}


def client_of(address: str) -> Client:
    """A client of an app on this machine; loading certificates, which HTTP needs none of, would double each call."""
    return Client(address, verbose=False, ssl_verify=False, httpx_kwargs=dict(PATIENCE))


def whole(job: Job) -> list[dict[str, Any]]:
    """Everything that a job gives. Its loop ends in silence when it is refused; its result raises."""
    outputs = list(job)
    job.result(timeout=120)
    return outputs


def is_soon(condition: Callable[[], object]) -> bool:
    """Whether it holds within a minute."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(condition())
