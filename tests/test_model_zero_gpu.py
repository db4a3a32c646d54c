"""ZeroGPU's own wrapper around our generators: its scheduler on loopback, its workers really forked, only CUDA made up."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client

from tests.conftest import RunningApp, StartApp, app_starter
from tests.zero_gpu_host import Given, ZeroGpuHost, token_of, zero_gpu_host

pytestmark = pytest.mark.model

STORY = "Write a very long story about a ship, with many chapters."
# Calls of ten seconds, of which the worker ends its own two seconds before.
CALL_SECONDS = 10
GREEDY = {"temperature": 0.0}
_numbers = itertools.count()


@dataclass
class Space:
    """The app as on ZeroGPU."""

    app: RunningApp
    host: ZeroGpuHost
    steps: Path

    def visitor(self, name: str) -> Client:
        return Client(self.app.url, headers={"x-ip-token": token_of(name, next(_numbers))}, verbose=False)

    def ask(self, name: str, question: str, budget: str | int, max_new_tokens: int | None = None, **asked: Any) -> Any:
        """A job of a visitor's."""
        sampling = GREEDY | ({} if max_new_tokens is None else {"max_new_tokens": max_new_tokens})
        return self.visitor(name).submit(question, budget=budget, sampling=sampling, api_name="/chat", **asked)

    def steps_after(self, moment: float) -> int:
        """How many tokens workers have drawn since then."""
        lines = self.steps.read_text("utf-8").splitlines() if self.steps.exists() else []
        return sum(float(line.split()[1]) > moment for line in lines)

    def calls_of(self, visitor: str) -> list[Given]:
        return [call for call in self.host.calls if call.visitor == visitor]


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory, shared_data_folder: Path) -> Iterator[Space]:
    pytest.importorskip("spaces")
    folder = tmp_path_factory.mktemp("zero-gpu")
    (folder / "cgroup").write_text("0::/here\n")
    with zero_gpu_host() as host, app_starter(folder) as start:
        app = started(start, host, folder, shared_data_folder)
        yield Space(app, host, folder / "steps")


def started(start: StartApp, host: ZeroGpuHost, folder: Path, weights: Path) -> RunningApp:
    data_folder = folder / "data"
    data_folder.mkdir()
    (data_folder / "models").symlink_to(weights / "models")
    return start(
        program="tests/zero_gpu_app.py",
        data_folder=data_folder,
        environment={
            "SPACES_ZERO_GPU": "true",
            "SPACES_ZERO_DEVICE_API_URL": host.url,
            "ZEROGPU_PROC_SELF_CGROUP_PATH": str(folder / "cgroup"),
            "ZEROGPU_OFFLOAD_DIR": str(folder / "tensors"),
            "WORKINGS_MODEL": "smollm2-135m",
            "WORKINGS_ADAPTER": "none",
            "WORKINGS_CALL_SECONDS": str(CALL_SECONDS),
            "WORKINGS_TEST_STEPS": str(folder / "steps"),
            # What forked processes of a library with threads of its own can rely on.
            "OMP_NUM_THREADS": "1",
        },
    )


def until(is_so: Callable[[], Any], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def notices(result: dict[str, Any]) -> dict[str, str]:
    return {notice["kind"]: notice["text"] for notice in result["notices"]}


def test_launch_is_reported_to_the_host_with_the_weights_packed(space: Space):
    assert space.host.has_started.is_set()
    assert "ZeroGPU tensors packing: 100%" in space.app.log.read_text(errors="replace")


def test_quota_that_is_charged_is_the_visitors_own(space: Space):
    assert space.ask("ann", "Say yes.", "off", 4).result()["answer"]
    (call,) = space.calls_of("ann")
    assert call.released_at > call.at and call.pid not in (0, space.app.process.pid)


def test_small_request_asks_for_less_time_than_a_large_one(space: Space):
    space.ask("small", "Say yes.", "off", 4).result()
    job = space.ask("small", STORY, "high")
    until(lambda: len(space.calls_of("small")) == 2)
    job.cancel()
    small, large = (call.asked_seconds for call in space.calls_of("small"))
    assert small < large == CALL_SECONDS


def test_thought_that_outlives_a_call_goes_on_in_the_next_one(space: Space):
    result = space.ask("long", STORY, 250, 330).result()
    calls = space.calls_of("long")
    assert len(calls) > 1
    # None was left to the host to end.
    assert not any(call.has_failed for call in calls)
    assert result["usage"]["thinking_tokens"] >= 200 and result["answer"]
    assert result["finish_reason"] != "error"


def test_stop_ends_the_decode_in_the_worker_within_a_step_or_two(space: Space):
    before = time.time()
    job = space.ask("stops", STORY, "high", run_id="stopped-run")
    until(lambda: space.steps_after(before) > 20)
    space.visitor("stops").predict("stopped-run", api_name="/stop")
    stopped = time.time()
    until(lambda: space.calls_of("stops")[-1].released_at)
    assert space.calls_of("stops")[-1].released_at - stopped < 2
    assert space.steps_after(stopped) <= 3
    assert job.result()["finish_reason"] == "stopped"


def test_worker_that_is_killed_leaves_a_sentence_and_continue_goes_on(space: Space):
    before = time.time()
    job = space.ask("killed", STORY, 2_000, 150, run_id="killed-run")
    until(lambda: space.steps_after(before) > 20)
    os.kill(space.calls_of("killed")[-1].pid, signal.SIGKILL)
    run = job.result()
    assert run["finish_reason"] == "error" and len(run["thinking"]) > 20
    assert "taken away in mid-run: its worker ended" in notices(run)["engine"] and "press Continue" in str(run)
    more = space.visitor("killed").predict("killed-run", budget=40, api_name="/continue_run")
    assert more["finish_reason"] != "error" and more["answer"]
    assert more["thinking"].startswith(run["thinking"])


def test_quota_that_is_used_up_ends_the_run_with_what_is_left_and_when_more_comes(space: Space):
    space.host.left["poor"] = CALL_SECONDS + 2
    result = space.ask("poor", STORY, "off").result()
    assert result["finish_reason"] == "time_limit" and len(result["answer"]) > 20
    said = notices(result)["gpu_time"]
    assert "More comes in 3:12:01." in said and "40 with PRO" in said
    # Asked again with another pass of the same visitor's, it is known what is left.
    calls, refused = len(space.host.calls), len(space.host.refused)
    again = space.ask("poor", STORY, "off").result()
    assert again["finish_reason"] == "time_limit"
    assert (len(space.host.calls), len(space.host.refused)) == (calls, refused)


@pytest.mark.parametrize(
    ("trouble", "sentence"),
    [
        ("has_gpus", "No GPU was free within a minute"),
        ("gives_up_waiting", "No GPU was free within a minute"),
        ("is_pass_expired", "pass to the GPU has run out"),
    ],
)
def test_host_without_a_gpu_is_said_in_a_sentence(space: Space, trouble: str, sentence: str):
    setattr(space.host, trouble, trouble != "has_gpus")
    try:
        assert sentence in notices(space.ask("unlucky", "Say yes.", "off").result())["engine"]
    finally:
        setattr(space.host, trouble, trouble == "has_gpus")


def test_two_visitors_have_a_gpu_each_at_once(space: Space):
    jobs = [space.ask(name, STORY, "off", 80) for name in ("first", "second")]
    assert all(job.result()["finish_reason"] == "length" for job in jobs)
    first, second = space.calls_of("first")[0], space.calls_of("second")[0]
    assert max(first.at, second.at) < min(first.released_at, second.released_at)


def test_score_asks_for_a_gpu_of_the_same_visitor(space: Space):
    result = space.ask("scores", "Say yes.", "off", 8).result()
    scores = space.visitor("scores").predict(result["run_id"], api_name="/confidence")
    assert len(space.calls_of("scores")) == 2
    assert scores["run_id"] == result["run_id"]


def test_caller_that_goes_gives_the_gpu_back(space: Space):
    before = time.time()
    job = space.ask("gone", STORY, "high")
    until(lambda: space.steps_after(before) > 5)
    job.cancel()
    until(lambda: space.calls_of("gone")[-1].released_at, 30)
