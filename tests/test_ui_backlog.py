"""Readers that stop reading: what they cost the server is bounded, and the others notice nothing."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import httpx
import pytest

from model.engine import collect
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from tests.conftest import free_port, main_loop
from tests.script_client import client_of, is_soon, whole
from ui.backlog import MOST_WAITING
from ui.launching import launch
from ui.page import build_page

# Far more than any socket's buffers hold, if each update came by itself.
LONG = Turn("One step after the other, number {n}, with some words more.\n\n", "At last.", match="long", repeat=4000)
QUICK = Turn("Two and two.", "Four.", match="quick")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Runs with as many updates as there can be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model.chat.UPDATES_PER_SECOND", 300)
        yield from _runs(tmp_path_factory)


def _runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("data")
    settings = Settings(folder, server_port=free_port())
    engine = ScriptedEngine([LONG, QUICK], tokens_per_second=3000, slots=64)
    made = Runs(Store(folder), ModelHost(settings, engine=engine), settings)
    made.pace.seconds = lambda least: 0.0  # type: ignore[method-assign]
    yield made
    made.close()
    made.store.close()


@pytest.fixture(scope="module")
def app(runs: Runs) -> Iterator[tuple[gr.Blocks, str]]:
    async def launched() -> tuple[gr.Blocks, str]:
        # In a loop, because Gradio else makes loops of its own and leaves them open.
        demo = build_page(runs, runs.host, runs.settings)
        return demo, launch(demo, runs, runs.settings, opens_browser=False)

    demo, address = main_loop().run_until_complete(launched())
    for server in demo.server.servers:
        for listening in server.sockets:  # what it accepts has small buffers too, so that a stall is soon felt
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    yield demo, address.rstrip("/")
    demo.close(verbose=False)


def asking(question: str) -> list[Any]:
    """The values of `/chat`."""
    return [question, None, None, "high", None, None, None]


class Stalled:
    """A reader that asks `/chat`, opens the stream of events, reads its head and then nothing more."""

    def __init__(self, demo: gr.Blocks, address: str, question: str) -> None:
        self.session = f"stalled-{time.monotonic_ns()}"
        function = next(number for number, each in demo.fns.items() if each.api_name == "chat")
        body = {"fn_index": function, "data": asking(question), "session_hash": self.session}
        httpx.post(f"{address}/gradio_api/queue/join", json=body, timeout=60).raise_for_status()
        host, port = address.removeprefix("http://").split(":")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((host, int(port)))
        path = f"/gradio_api/queue/data?session_hash={self.session}"
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        self.socket.recv(200)

    def read_on(self) -> list[dict[str, Any]]:
        """All messages to the last one."""
        self.socket.settimeout(60)
        data = b""
        while b'"msg":"close_stream"' not in data:
            piece = self.socket.recv(65536)
            assert piece, "the server has closed the connection"
            data += piece
        lines = [line[6:] for line in data.decode("utf-8", "replace").splitlines() if line.startswith("data: ")]
        return [json.loads(line) for line in lines if line.endswith("}")]


def waiting(demo: gr.Blocks, session: str) -> int:
    queue = demo._queue.pending_messages_per_session.get(session)
    return queue.qsize() if queue is not None else 0


def test_a_reader_that_stops_reading_has_few_updates_waiting_and_its_run_goes_on(
    app: tuple[gr.Blocks, str], runs: Runs
) -> None:
    demo, address = app
    stalled = [Stalled(demo, address, f"long {number}") for number in range(5)]
    try:
        assert is_soon(lambda: all(waiting(demo, each.session) > MOST_WAITING for each in stalled))
        most = max(waiting(demo, each.session) for each in stalled)
        assert is_soon(lambda: not runs.live_runs()), "the runs wait for nobody"
        assert max(most, *(waiting(demo, each.session) for each in stalled)) <= MOST_WAITING + 3
    finally:
        for each in stalled:
            each.socket.close()
    sessions = {each.session for each in stalled}
    events = demo._queue.event_ids_to_events
    assert is_soon(lambda: not any(event.session_hash in sessions for event in list(events.values())))


def test_others_are_answered_while_readers_stand_still(app: tuple[gr.Blocks, str]) -> None:
    demo, address = app
    stalled = [Stalled(demo, address, f"long {number}") for number in range(5)]
    try:
        assert is_soon(lambda: all(waiting(demo, each.session) > MOST_WAITING for each in stalled))
        final = whole(client_of(address).submit("quick", api_name="/chat"))[-1]
        assert (final["thinking"], final["answer"]) == ("Two and two.\n", "Four.")
    finally:
        for each in stalled:
            each.socket.close()


def test_a_reader_that_reads_on_gets_everything(app: tuple[gr.Blocks, str], runs: Runs) -> None:
    demo, address = app
    stalled = Stalled(demo, address, "long and late")
    assert is_soon(lambda: waiting(demo, stalled.session) > MOST_WAITING)
    messages = stalled.read_on()
    stalled.socket.close()
    final = next(each for each in reversed(messages) if each["msg"] == "process_completed")["output"]["data"][0]
    stored = collect(runs.store.events(final["run_id"]))
    assert final["thinking"] == stored.thinking
    assert final["thinking"].startswith("One step after the other, number 1, with")
    assert final["answer"] == "At last."


def test_a_call_whose_stream_is_never_opened_has_few_updates_waiting(app: tuple[gr.Blocks, str], runs: Runs) -> None:
    demo, address = app
    function = next(number for number, each in demo.fns.items() if each.api_name == "chat")
    body = {"fn_index": function, "data": asking("long, unheard"), "session_hash": "nobody"}
    httpx.post(f"{address}/gradio_api/queue/join", json=body, timeout=60).raise_for_status()
    assert is_soon(lambda: waiting(demo, "nobody") > MOST_WAITING)
    assert is_soon(lambda: not runs.live_runs())
    assert waiting(demo, "nobody") <= MOST_WAITING + 3


def test_hundred_readers_are_all_served_at_once(app: tuple[gr.Blocks, str], runs: Runs) -> None:
    """Gradio by itself works on eighty events, the others wait in silence until one of them has ended."""
    demo, address = app
    engine = runs.host.engine()
    assert isinstance(engine, ScriptedEngine)
    run_id = runs.start("long, read by many", budget="high")
    function = next(number for number, each in demo.fns.items() if each.api_name == "attach")
    for number in range(100):
        body = {"fn_index": function, "data": [run_id, 0], "session_hash": f"many-{number}"}
        httpx.post(f"{address}/gradio_api/queue/join", json=body, timeout=60).raise_for_status()
    assert is_soon(lambda: len(demo._queue) == 0)
    final = whole(client_of(address).submit("quick", api_name="/chat"))[-1]
    assert final["answer"] == "Four."
    runs.stop(run_id)
    assert is_soon(lambda: all(waiting(demo, f"many-{number}") for number in range(100)))
