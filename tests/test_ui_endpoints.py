"""What a script sees of the named endpoints, over a real server, a real store and a scripted engine."""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio.utils import get_function_description
from gradio_client import Client
from gradio_client.exceptions import AppError as ClientError

from model.engine import Engine
from model.errors import ModelLoadFailed
from model.events import AnswerDelta, Asked, Event, Finished, Message, Notice, PromptRead, Steered, ThinkingDelta
from model.host import ModelHost
from model.load_progress import LoadProgress
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.serving import LoadOrder
from model.settings import Settings
from model.store import Store
from tests.chat_page import another
from tests.script_client import client_of, whole
from ui.deltas import deltas_of, final_of
from ui.endpoints import Endpoints, add_endpoints
from ui.model_endpoints import ModelEndpoints
from ui.steering_endpoints import SteeringEndpoints

# Gradio and its client leave event loops and sockets to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

TURNS = (
    Turn("Thought {n} of the long one.\n\n", "It took long.", match="long", repeat=4000),
    Turn("Step {n} of a few.\n\n", "The answer is 4 for: {question}", match="slowly", repeat=500),
    Turn("Two and two make four.", "The answer is 4 for: {question}"),
)
# Stop and cancel free the engine within this on a machine that stands still meanwhile; on a quiet one within half a
# second, one step of the scripted engine included. Left alone, a run goes on for three times as long.
FREED_SECONDS = 20.0


@dataclass(frozen=True)
class Server:
    url: str
    runs: Runs
    host: ModelHost
    engine: Engine | None

    def client(self) -> Client:
        return client_of(self.url)

    def ask(self, message: Any = "What is 2 + 2?", **arguments: Any) -> list[dict[str, Any]]:
        return whole(self.client().submit(message, **arguments, api_name="/chat"))

    def live_run(self) -> str:
        """The id of the run that is going on, as soon as there is one."""
        assert eventually(self.runs.live_runs, 60) is not None
        return self.runs.live_runs()[-1]

    def is_idle(self) -> bool:
        return not self.runs.live_runs() and (self.engine is None or self.engine.live_requests() == 0)


def eventually(condition: Callable[[], object], timeout_seconds: float) -> float | None:
    """Seconds until `condition` holds; None if it never does."""
    began = time.monotonic()
    while time.monotonic() - began < timeout_seconds:
        if condition():
            return time.monotonic() - began
        time.sleep(0.01)
    return None


@contextlib.contextmanager
def serving(folder: Path, engine: Engine | None, build: Any = None, **settings: Any) -> Iterator[Server]:
    all_settings = replace(Settings(data_folder=folder, detached_seconds=60.0), **settings)
    host = ModelHost(all_settings, engine=engine, _build=build)
    store = Store(folder)
    runs = Runs(store, host, all_settings)
    with gr.Blocks(analytics_enabled=False) as demo:
        add_endpoints(runs, host, all_settings)
    demo.queue(default_concurrency_limit=16)
    # Gradio's statistics of the queue warn about pandas, and an error would end the server's event in the middle.
    demo._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, share=False, server_name="127.0.0.1", server_port=free_port()
    )
    try:
        yield Server(url, runs, host, engine)
    finally:
        demo.close(verbose=False)
        runs.close()
        host.close()
        store.close()
        gc.collect()


def free_port() -> int:
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("runs"), ScriptedEngine(TURNS, tokens_per_second=2000)) as running:
        yield running


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    engine = ScriptedEngine(TURNS, tokens_per_second=100)
    with serving(tmp_path_factory.mktemp("slow"), engine) as running:
        yield running


@pytest.fixture(autouse=True)
def _nothing_goes_on_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in ("server", "slow_server"):
        if name in request.fixturenames:
            running: Server = request.getfixturevalue(name)
            for run_id in running.runs.live_runs():
                running.runs.stop(run_id)
            assert eventually(running.is_idle, 60) is not None


# ---------------------------------------------------------------------------------------------------- what a chat gives


def text_of(deltas: list[dict[str, Any]], kind: str) -> str:
    return "".join(each["text"] for each in deltas if each["type"] == kind)


def test_chat_streams_thinking_then_answer_and_ends_with_the_whole_run(server: Server) -> None:
    *deltas, final = server.ask("What is 2 + 2?")
    assert deltas[0] == {
        "type": "notice",
        "kind": "started",
        "text": f"Run {final['run_id']} started.",
        "n_tokens": 0,
        "run_id": final["run_id"],
    }
    assert final["type"] == "final" and final["finish_reason"] == "stop"
    assert final["thinking"] == text_of(deltas, "thinking")
    assert final["answer"] == text_of(deltas, "answer")
    assert final["thinking"].strip() == "Two and two make four."
    assert final["answer"].strip() == "The answer is 4 for: What is 2 + 2?"
    kinds = [each["type"] for each in deltas if each["type"] != "notice"]
    assert kinds == sorted(kinds, reverse=True), "all thinking comes before the answer"


def test_chat_counts_in_usage_what_its_deltas_counted(server: Server) -> None:
    *deltas, final = server.ask(sampling={"seed": 7})
    usage = final["usage"]
    for kind in ("thinking", "answer"):
        assert usage[f"{kind}_tokens"] == sum(each["n_tokens"] for each in deltas if each["type"] == kind) > 0
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["thinking_tokens"] + usage["answer_tokens"]
    assert usage["seconds"] >= usage["first_token_seconds"] >= 0
    assert usage["tokens_per_second"] > 0
    assert (final["seed"], final["model"], final["precision"]) == (7, "scripted", "none")


def test_chat_gives_the_whole_run_to_predict(server: Server) -> None:
    final = server.client().predict("What is 2 + 2?", api_name="/chat")
    assert final["type"] == "final" and final["answer"].startswith("The answer is 4")


def test_chat_keeps_eight_callers_apart(server: Server) -> None:
    finals: dict[str, str] = {}

    def ask(marker: str) -> None:
        finals[marker] = server.ask(marker)[-1]["answer"]

    threads = [threading.Thread(target=ask, args=(f"marker-{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert finals == {f"marker-{n}": f"The answer is 4 for: marker-{n}" for n in range(8)}


def test_chat_takes_openai_messages_as_history(server: Server) -> None:
    history = [
        {"role": "system", "content": "Be brief.", "name": "unknown keys do no harm"},
        {"role": "user", "content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]},
        {"role": "assistant", "content": "Hi.", "thinking": "A greeting."},
    ]
    final = server.ask("And now?", history=history)[-1]
    asked = server.runs.store.events(final["run_id"], 0, 1)[0]
    assert isinstance(asked, Asked)
    assert asked.system == "Be brief."
    assert asked.history == (Message("user", "Hello"), Message("assistant", "Hi.", "A greeting."))


def test_chat_takes_files_that_the_model_reads_before_the_question(server: Server) -> None:
    final = server.ask("What is y?", attachments=[{"name": "t.csv", "text": "x,y\n1,2"}])[-1]
    assert final["answer"].endswith("t.csv:\n```\nx,y\n1,2\n```\n\nWhat is y?")
    asked = server.runs.store.events(final["run_id"], 0, 1)[0]
    assert isinstance(asked, Asked) and asked.question == "What is y?"


def test_chat_sends_only_what_json_has_words_for(server: Server) -> None:
    with httpx.Client(base_url=server.url + "gradio_api/call/", timeout=60) as http:
        event_id = http.post("v2/chat", json={"message": "What is 2 + 2?"}).json()["event_id"]
        text = http.get(f"v2/chat/{event_id}").text
    payloads = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    values = [json.loads(each, parse_constant=lambda name: pytest.fail(f"{name} is not JSON")) for each in payloads]
    assert values[-1][0]["type"] == "final"


# ---------------------------------------------------------------------------------------------------- what it refuses

BAD_CHATS = {
    "message is a list": ({"message": ["Hi"]}, "message is a list, ['Hi']; give a string"),
    "message is a number": ({"message": 3}, "message is a number, 3; give a string"),
    "message is null": ({"message": None}, "message is null"),
    "message is empty": ({"message": "  "}, "message is empty"),
    "message is a megabyte": ({"message": "x" * 1_000_000}, "1,000,000 characters and the limit is 400,000"),
    "sampling is a list": ({"sampling": [1]}, "sampling is a list"),
    "sampling has an unknown name": ({"sampling": {"temprature": 1}}, "unknown name 'temprature'"),
    "sampling is out of range": ({"sampling": {"top_p": 3}}, "top_p is 3"),
    "sampling is a text": ({"sampling": {"seed": "7"}}, "seed is '7'"),
    "sampling is true": ({"sampling": {"top_k": True}}, "top_k is True"),
    "budget is below 0": ({"budget": "-1"}, "budget is '-1'"),
    "budget is a word": ({"budget": "abc"}, "budget is 'abc'"),
    "budget is true": ({"budget": True}, "budget is True"),
    "budget is a fraction": ({"budget": 3.5}, "budget is 3.5"),
    "budget is a list": ({"budget": []}, "budget is []"),
    "history is a string": ({"history": "Hi"}, "history is a string"),
    "history holds a string": ({"history": ["Hi"]}, "history[0] is a string"),
    "history has a wrong role": ({"history": [{"role": "robot", "content": "Hi"}]}, "history[0]['role']"),
    "history has a role that cannot be compared": ({"history": [{"role": [], "content": "Hi"}]}, "history[0]['role']"),
    "history has no content": ({"history": [{"role": "user"}]}, "history[0] has no 'content'"),
    "history has an image": (
        {"history": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
        "history[0]['content'][0]",
    ),
    "history has a late system": (
        {"history": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Be brief."}]},
        "history[1] is a system message",
    ),
    "history is very long": ({"history": [{"role": "user", "content": "Hi"}] * 401}, "401 messages"),
    "model is another": ({"model": "qwq-32b"}, "'qwq-32b' is not loaded; 'scripted' is. Call /load_model"),
    "model is a number": ({"model": 5}, "model is a number"),
    "run_id is a number": ({"run_id": 5}, "run_id is a number"),
    "run_id has spaces": ({"run_id": "a b"}, "run id is 'a b'"),
    "run_id is empty": ({"run_id": ""}, "run id is ''"),
    "attachments is an object": ({"attachments": {"name": "a"}}, "attachments is an object"),
    "attachments has no text": ({"attachments": [{"name": "a.txt"}]}, "attachments[0] is an object"),
    "attachments has a number": ({"attachments": [{"name": "a.txt", "text": 3}]}, "attachments[0].text is a number"),
    "attachments is blank": ({"attachments": [{"name": "a.txt", "text": " "}]}, "a.txt holds no text"),
    "attachments are many": ({"attachments": [{"name": "a", "text": "b"}] * 9}, "9 files are attached"),
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD_CHATS.values(), ids=BAD_CHATS.keys())
def test_chat_refuses_with_a_sentence_when(
    server: Server, arguments: dict[str, Any], sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ClientError) as caught:
        server.ask(**arguments)
    assert sentence in caught.value.message
    assert "Traceback" not in capfd.readouterr().err
    assert server.runs.live_runs() == ()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [(b'{"message": ""}', "The message is empty"), (rb'{"message": "a\ud800"}', "half of a surrogate pair")],
)
def test_chat_refuses_over_http_with_the_same_sentence(server: Server, body: bytes, sentence: str) -> None:
    with httpx.Client(base_url=server.url + "gradio_api/call/v2/", timeout=60) as http:
        headers = {"Content-Type": "application/json"}
        event_id = http.post("chat", content=body, headers=headers).json()["event_id"]
        text = http.get(f"chat/{event_id}").text
    assert text.startswith("event: error")
    assert sentence in text


@pytest.mark.parametrize(
    ("endpoint", "arguments", "sentence"),
    [
        ("/answer_now", {"run_id": "no-such-run"}, "no run 'no-such-run'"),
        ("/stop", {"run_id": []}, "run_id is a list"),
        ("/think_longer", {"run_id": "no-such-run"}, "no run 'no-such-run'"),
        ("/think_longer", {"run_id": "x", "tokens": 0}, "tokens is a number, 0; give a whole number from 1"),
        ("/think_longer", {"run_id": "x", "tokens": "many"}, "tokens is a string"),
        ("/continue_run", {"run_id": "no-such-run"}, "no run 'no-such-run'"),
        ("/continue_run", {"run_id": "no-such-run", "think_longer": "yes"}, "give true or false"),
        ("/attach", {"run_id": "no-such-run"}, "no run 'no-such-run'"),
        ("/attach", {"run_id": "x", "from_event": -1}, "from_event is a number, -1"),
        ("/attach", {"run_id": "x", "from_event": True}, "from_event is a bool"),
        ("/runs", {"query": 5}, "query is a number"),
        ("/runs", {"limit": 0}, "limit is a number, 0"),
        ("/load_model", {"model": 5}, "model is a number"),
        ("/load_model", {"model": "no such model"}, "no such model"),
        ("/load_model", {"model": "qwq-32b", "precision": "int3"}, "int3"),
    ],
)
def test_endpoints_refuse_with_a_sentence(
    server: Server, endpoint: str, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ClientError) as caught:
        server.client().predict(**arguments, api_name=endpoint)
    assert sentence in caught.value.message


def test_chat_says_that_there_are_too_many_runs_when_all_places_are_taken(tmp_path: Path) -> None:
    with serving(tmp_path, ScriptedEngine(TURNS), max_runs=1) as server:
        first = server.client().submit("long", api_name="/chat")
        server.live_run()
        with pytest.raises(ClientError) as caught:
            server.ask()
        assert "the limit is 1" in caught.value.message
        first.cancel()


def test_chat_shows_no_inner_detail_when_something_unforeseen_happens(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(server.runs, "start", fail)
    with pytest.raises(ClientError) as caught:
        server.ask()
    assert "/chat failed in a way that was not foreseen" in caught.value.message
    assert "secret" not in caught.value.message
    assert "secret detail" in caplog.text


def test_the_server_answers_others_while_the_store_is_slow(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    start, is_starting, may_start = server.runs.start, threading.Event(), threading.Event()

    def start_slowly(*arguments: Any, **named: Any) -> str:
        is_starting.set()
        assert may_start.wait(120)
        return start(*arguments, **named)

    monkeypatch.setattr(server.runs, "start", start_slowly)
    job = server.client().submit("What is 2 + 2?", api_name="/chat")
    assert is_starting.wait(60)
    httpx.get(server.url + "gradio_api/startup-events", timeout=60)
    may_start.set()
    assert job.result()["finish_reason"] == "stop"


# ---------------------------------------------------------------------------------------------------- run ids


def test_chat_gives_the_new_run_the_id_that_was_asked_for(server: Server) -> None:
    own_id = another("my-own-id").replace(" ", "-")
    assert server.ask(run_id=own_id)[-1]["run_id"] == own_id


def test_chat_follows_up_in_the_conversation_of_a_run_that_has_ended(server: Server) -> None:
    first = server.ask("First?", history=[{"role": "system", "content": "Be brief."}])[-1]
    second = server.ask("Second?", run_id=first["run_id"])[-1]
    assert second["run_id"] != first["run_id"]
    asked = server.runs.store.events(second["run_id"], 0, 1)[0]
    assert isinstance(asked, Asked)
    assert [message.content for message in asked.history] == ["First?", first["answer"]]
    assert asked.system == "Be brief."


def test_chat_refuses_a_history_beside_a_conversation(server: Server) -> None:
    first = server.ask()[-1]
    with pytest.raises(ClientError, match="leave out history"):
        server.ask("More?", run_id=first["run_id"], history=[])


def test_chat_refuses_the_id_of_a_run_that_goes_on(slow_server: Server) -> None:
    job = slow_server.client().submit("long", api_name="/chat")
    run_id = slow_server.live_run()
    with pytest.raises(ClientError, match="still going on"):
        slow_server.ask("More?", run_id=run_id)
    job.cancel()


@contextlib.contextmanager
def hurried(server: Server) -> Iterator[None]:
    """The engine writes whatever it has to write at once."""
    decoder: Any = server.engine.decoder  # type: ignore[union-attr]
    before, decoder.tokens_per_second = decoder.tokens_per_second, 50_000
    try:
        yield
    finally:
        decoder.tokens_per_second = before


def test_chat_continues_a_run_that_was_cut_when_the_message_is_empty(slow_server: Server) -> None:
    first, steering = iter(slow_server.client().submit("slowly: 2 + 2?", api_name="/chat")), slow_server.client()
    run_id = next(first)["run_id"]
    while next(first)["type"] != "thinking":
        pass
    assert steering.predict(run_id, api_name="/stop")["done"]
    cut = list(first)[-1]
    assert cut["finish_reason"] == "stopped" and "four" not in cut["answer"]
    with hurried(slow_server):
        *deltas, final = slow_server.ask("", run_id=run_id)
    assert final["run_id"] == run_id and final["finish_reason"] == "stop"
    assert final["answer"] == "The answer is 4 for: slowly: 2 + 2?"
    assert cut["thinking"] + text_of(deltas, "thinking") == final["thinking"]


def test_continue_run_refuses_a_run_that_ended_by_itself(server: Server) -> None:
    run_id = server.ask()[-1]["run_id"]
    with pytest.raises(ClientError, match="nothing to continue"):
        server.client().predict(run_id, api_name="/continue_run")


# ---------------------------------------------------------------------------------------------------- steering


def test_answer_now_ends_the_thinking_of_a_run_that_goes_on(slow_server: Server) -> None:
    job = slow_server.client().submit("long", api_name="/chat")
    run_id = slow_server.live_run()
    assert eventually(lambda: len(job.outputs()) > 3, 60) is not None
    assert slow_server.client().predict(run_id, api_name="/answer_now") == {
        "run_id": run_id,
        "done": True,
        "text": "The answer comes next.",
    }
    final = job.result(timeout=60)
    assert final["answer"] == "It took long." and final["finish_reason"] == "thinking_cut"
    assert "answer_now" in [each["kind"] for each in final["notices"]]


def test_steering_says_so_when_the_run_had_ended(server: Server) -> None:
    run_id = server.ask()[-1]["run_id"]
    for endpoint in ("/answer_now", "/stop", "/think_longer"):
        steered = server.client().predict(run_id, api_name=endpoint)
        assert steered == {"run_id": run_id, "done": False, "text": "The run had ended already."}


def test_think_longer_lifts_the_budget_of_a_run_that_goes_on(slow_server: Server) -> None:
    job = slow_server.client().submit("long", budget=3000, api_name="/chat")
    run_id = slow_server.live_run()
    assert slow_server.client().predict(run_id, 150, api_name="/think_longer")["done"]
    with hurried(slow_server):
        final = job.result(timeout=60)
    assert final["usage"]["thinking_tokens"] >= 3150


# ---------------------------------------------------------------------------------------------------- attaching


def test_attach_misses_nothing_and_repeats_nothing_from_any_event(server: Server) -> None:
    run_id = server.ask("What is 2 + 2?")[-1]["run_id"]
    *whole, final = server.client().submit(run_id, api_name="/attach")
    assert final["answer"] == text_of(whole, "answer")
    n_events = len(server.runs.store.events(run_id))
    for number in range(n_events + 2):
        *later, last = server.client().submit(run_id, number, api_name="/attach")
        assert last == final
        assert all(each["event"] >= number for each in later)
    assert final["thinking"] == text_of(whole, "thinking")


def test_attach_reads_a_live_run_beside_its_owner_and_leaves_it_going(slow_server: Server) -> None:
    job = slow_server.client().submit("slowly: 2 + 2?", api_name="/chat")
    run_id = slow_server.live_run()
    brief = slow_server.client().submit(run_id, api_name="/attach")
    next(iter(brief))
    brief.cancel()
    attached = slow_server.client().submit(run_id, api_name="/attach")
    read: list[dict[str, Any]] = [next(iter(attached))]
    with hurried(slow_server):
        read += attached
    *deltas, final = read
    assert final == job.result(timeout=60)
    assert text_of(deltas, "thinking") == final["thinking"]
    assert final["finish_reason"] == "stop"


# ---------------------------------------------------------------------------------------------------- past runs and models


def test_runs_lists_and_finds_runs(server: Server) -> None:
    words = another("platypus")
    first = server.ask(f"Where is the {words}?")[-1]
    server.ask("And its nest?", run_id=first["run_id"])
    listed = server.client().predict(api_name="/runs")["runs"]
    assert first["run_id"] in [each["run_id"] for each in listed]
    found = server.client().predict(words, api_name="/runs")["runs"]
    assert found[0]["run_id"] == first["run_id"] and "platypus" in found[0]["snippet"]
    assert server.client().predict("no-such-word", api_name="/runs") == {"runs": [], "text": ""}


def test_runs_shows_nobody_elses_runs_on_a_shared_server(tmp_path: Path) -> None:
    with serving(tmp_path, ScriptedEngine(TURNS, tokens_per_second=2000), is_hosted=True) as server:
        final = server.ask()[-1]
        listed = server.client().predict(api_name="/runs")
        assert listed["runs"] == [] and "shared server" in listed["text"]
        assert server.client().predict(final["run_id"], api_name="/attach") == final
        with pytest.raises(ClientError, match="shared server"):
            server.client().predict("qwq-32b", api_name="/load_model")


def test_models_names_the_loaded_one_and_what_would_fit(server: Server) -> None:
    models = server.client().predict(api_name="/models")
    assert models["loaded"]["model"] == "scripted"
    assert {"qwq-32b", "qwen3-0.6b"} <= {each["model"] for each in models["models"]}
    assert all(sum(fit["is_auto"] for fit in each["fits"]) <= 1 for each in models["models"])


@dataclass
class Weightless:
    """A model that a test loaded."""

    engine: Engine
    weight_bytes: int = 0
    notes: tuple[str, ...] = ("Loaded by a test.",)

    def close(self) -> str:
        self.engine.close()
        return ""


def test_load_model_shows_progress_and_then_serves_the_new_model(tmp_path: Path) -> None:
    is_shown = threading.Event()

    def build(order: LoadOrder, on_progress: Callable[[LoadProgress], None], _: Callable[[], bool]) -> Weightless:
        on_progress(LoadProgress("load", 1, 2, "steps", f"Loading {order.spec.name}."))
        time.sleep(0.1)
        assert is_shown.wait(120)
        return Weightless(ScriptedEngine([Turn("", "Loaded.")]))

    with serving(tmp_path, None, build=build) as server:
        assert server.client().predict(api_name="/models")["loaded"] is None
        job = server.client().submit("QWEN/qwq-32b", "nf4", api_name="/load_model")
        steps = [next(iter(job))]
        while steps[-1]["text"] != "Loading qwq-32b.":
            steps.append(next(iter(job)))
        is_shown.set()
        *_, final = whole(job)
        assert steps[-1] == {"type": "progress", "text": "Loading qwq-32b.", "done": 1, "total": 2, "unit": "steps"}
        assert (final["type"], final["model"], final["note"]) == ("final", "scripted", "Loaded by a test.")
        assert final["seconds"] >= 0.1
        assert server.ask()[-1]["answer"] == "Loaded."


def test_load_model_says_why_a_load_failed(tmp_path: Path) -> None:
    def fail(*_: object) -> Any:
        raise ModelLoadFailed("The weights are broken. Download them again.")

    with serving(tmp_path, None, build=fail) as server:
        with pytest.raises(ClientError, match="The weights are broken"):
            server.client().predict("qwq-32b", api_name="/load_model")
        final = server.ask()[-1]
        assert final["finish_reason"] == "error"
        assert "The weights are broken" in final["notices"][-1]["text"]


def test_chat_takes_the_loaded_model_by_each_of_its_names(tmp_path: Path) -> None:
    engine = ScriptedEngine(TURNS, tokens_per_second=2000)
    engine.model = "qwen3-0.6b"
    with serving(tmp_path, engine) as server:
        for name in ("qwen3-0.6b", "QWEN/Qwen3-0.6B", "qwen3 0.6b"):
            assert server.ask(model=name)[-1]["model"] == "qwen3-0.6b"


def test_every_endpoint_is_public_and_described_argument_by_argument(server: Server) -> None:
    named = httpx.get(server.url + "gradio_api/info", timeout=60).json()["named_endpoints"]
    assert set(named) == {
        *("/chat", "/continue_run", "/branch", "/samples", "/attach", "/answer_now", "/stop", "/think_longer"),
        "/compare",
        *("/pause", "/go_on", "/set_budget"),
        *("/runs", "/models", "/load_model"),
    }
    kinds = (Endpoints, SteeringEndpoints, ModelEndpoints)
    for name, endpoint in named.items():
        written_as = "past_runs" if name == "/runs" else name[1:]
        (method,) = (vars(kind)[written_as] for kind in kinds if written_as in vars(kind))
        description, of_arguments, _ = get_function_description(method)
        assert endpoint["description"] == description != ""
        for argument in endpoint["parameters"]:
            assert of_arguments[argument["parameter_name"]], (name, argument)


# ---------------------------------------------------------------------------------------------------- callers that go

ASK_AND_WAIT = """
import sys
from gradio_client import Client
from gradio_client.client import Job
for delta in Client(sys.argv[1], verbose=False, ssl_verify=False, httpx_kwargs={"timeout": 120}).submit("long", api_name="/chat"):
    print(delta["type"], flush=True)
"""


@contextlib.contextmanager
def cancelled_job(server: Server) -> Iterator[Callable[[], None]]:
    job = server.client().submit("long", api_name="/chat")

    def go() -> None:
        job.cancel()

    yield go


@contextlib.contextmanager
def killed_client(server: Server) -> Iterator[Callable[[], None]]:
    process = subprocess.Popen([sys.executable, "-c", ASK_AND_WAIT, server.url], stdout=subprocess.DEVNULL)
    try:
        yield lambda: os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def dropped_stream(server: Server) -> Iterator[Callable[[], None]]:
    with httpx.Client(base_url=server.url + "gradio_api/call/v2/", timeout=60) as http:
        event_id = http.post("chat", json={"message": "long"}).json()["event_id"]
        with http.stream("GET", f"chat/{event_id}") as response:
            # Kept, because httpx closes the response with its iterator.
            lines = response.iter_lines()
            next(lines)
            yield response.close


def seconds_until(condition: Callable[[], bool], go: Callable[[], None]) -> float | None:
    """Seconds from the beginning of `go` until the condition holds; it must not hold before."""
    assert not condition()
    going = threading.Thread(target=go)
    began = time.monotonic()
    going.start()
    reached = eventually(condition, FREED_SECONDS)
    seconds = time.monotonic() - began
    going.join()
    return None if reached is None else seconds


WAYS_TO_GO = (cancelled_job, killed_client, dropped_stream)


@pytest.mark.parametrize("way", WAYS_TO_GO)
@pytest.mark.parametrize("stage", ["writing", "reading the prompt"])
def test_the_engine_is_free_soon_after_the_caller_has_gone_while_the_model_is(
    tmp_path: Path, stage: str, way: Callable[[Server], contextlib.AbstractContextManager[Callable[[], None]]]
) -> None:
    engine = ScriptedEngine(TURNS, tokens_per_second=50, prompt_seconds=60 if stage == "reading the prompt" else 0)
    with serving(tmp_path, engine) as server, way(server) as go:
        assert eventually(lambda: engine.live_requests() == 1, 60) is not None
        time.sleep(0.7)
        seconds = seconds_until(server.is_idle, go)
        assert seconds is not None and seconds < FREED_SECONDS
        print(f"\n{stage}, {way.__name__}: {1000 * seconds:.0f} ms")  # noqa: T201 - shown with -rP


@pytest.mark.parametrize("way", WAYS_TO_GO)
def test_nothing_waits_for_a_model_that_is_being_loaded_once_the_caller_has_gone(
    tmp_path: Path, way: Callable[[Server], contextlib.AbstractContextManager[Callable[[], None]]]
) -> None:
    is_over = threading.Event()

    def load_for_ever(*_: object) -> Any:
        is_over.wait(300)
        raise ModelLoadFailed("The test is over.")

    with serving(tmp_path, None, build=load_for_ever) as server:
        server.host.load("smollm2-135m")
        with way(server) as go:
            server.live_run()
            time.sleep(0.7)
            seconds = seconds_until(server.is_idle, go)
            is_over.set()
            assert seconds is not None and seconds < FREED_SECONDS
            print(f"\nloading, {way.__name__}: {1000 * seconds:.0f} ms")  # noqa: T201


@pytest.mark.parametrize("way", WAYS_TO_GO)
def test_the_slot_in_the_queue_is_free_soon_after_the_caller_has_gone(
    tmp_path: Path, way: Callable[[Server], contextlib.AbstractContextManager[Callable[[], None]]]
) -> None:
    engine = ScriptedEngine(TURNS, tokens_per_second=50, slots=1)
    with serving(tmp_path, engine) as server:
        other = server.runs.start("long")
        assert eventually(lambda: engine.live_requests() == 1, 60) is not None
        with way(server) as go:
            line = server.runs.host.line
            assert eventually(lambda: line.counts() == (1, 1), 60) is not None
            time.sleep(0.7)
            seconds = seconds_until(lambda: line.counts() == (1, 0) and server.runs.live_runs() == (other,), go)
            assert seconds is not None and seconds < FREED_SECONDS
            print(f"\nwaiting, {way.__name__}: {1000 * seconds:.0f} ms")  # noqa: T201


def test_a_caller_that_waits_is_told_its_place_and_when_its_turn_has_come(tmp_path: Path) -> None:
    engine = ScriptedEngine(TURNS, tokens_per_second=400, slots=1)
    with serving(tmp_path, engine) as server:
        first = server.runs.start("long", owner="another")
        assert eventually(lambda: engine.live_requests() == 1, 60) is not None
        job = server.client().submit("What is 2 + 2?", api_name="/chat")
        assert eventually(lambda: any(delta["type"] == "queued" for delta in job.outputs()), 60) is not None
        server.runs.stop(first)
        deltas = whole(job)
        waits = [delta for delta in deltas if delta["type"] == "queued"]
        assert (waits[0]["is_over"], waits[0]["before"]) == (False, 0) and waits[0]["text"].startswith(
            "It waits for its"
        )
        assert waits[-1]["is_over"] and waits[-1]["seconds"] > 0 and deltas[-1]["answer"].startswith("The answer is 4")
        assert all(delta["n_tokens"] == 0 for delta in waits)


def test_a_run_that_began_just_after_its_caller_had_gone_is_stopped_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    start, is_starting, may_start = server.runs.start, threading.Event(), threading.Event()

    def start_slowly(*arguments: Any, **named: Any) -> str:
        is_starting.set()
        assert may_start.wait(120)
        started.append(start(*arguments, **named))
        return started[0]

    monkeypatch.setattr(server.runs, "start", start_slowly)
    job = server.client().submit("long", api_name="/chat")
    assert is_starting.wait(60)
    job.cancel()
    may_start.set()
    assert eventually(lambda: started, 60) is not None
    assert eventually(server.is_idle, FREED_SECONDS) is not None
    last = server.runs.store.events(started[0])[-1]
    assert isinstance(last, Finished) and last.reason == "stopped"


# ---------------------------------------------------------------------------------------------------- deltas

EVENTS: list[Event] = [
    Asked("2+2?", model="m", precision="bf16"),
    PromptRead(10, 4, 0.5),
    ThinkingDelta("a", 1),
    ThinkingDelta("b", 2),
    ThinkingDelta("cut", 0, forced=True),
    Steered("answer_now"),
    Notice("answer_now", "Ended."),
    AnswerDelta("4", 1),
    Finished("stop", 10, 3, 1, 2.5, 1.0, 1.0),
]


def test_deltas_merge_neighbours_of_one_kind_and_number_the_last_event() -> None:
    assert deltas_of(EVENTS, 0) == [
        {"type": "thinking", "text": "ab", "n_tokens": 3, "event": 3},
        {"type": "thinking", "text": "cut", "n_tokens": 0, "forced": True, "event": 4},
        {
            "type": "notice",
            "kind": "steered",
            "text": "Answer now was asked for.",
            "n_tokens": 0,
            "action": "answer_now",
            "tokens": 0,
            "event": 5,
        },
        {"type": "notice", "kind": "answer_now", "text": "Ended.", "n_tokens": 0, "event": 6},
        {"type": "answer", "text": "4", "n_tokens": 1, "event": 7},
    ]


def test_final_counts_only_the_last_stream_of_a_continued_run() -> None:
    more: list[Event] = [
        Steered("continue"),
        PromptRead(20, 15, 0.25),
        AnswerDelta("2", 1),
        Finished("stop", 20, 0, 1, 1.25, 0.0, 1.0),
    ]
    final = final_of("r", [*EVENTS, *more])
    assert final["answer"] == "42"
    assert final["usage"] == {
        "prompt_tokens": 20,
        "cached_tokens": 15,
        "thinking_tokens": 0,
        "answer_tokens": 1,
        "total_tokens": 21,
        "seconds": 1.25,
        "first_token_seconds": 0.25,
        "thinking_seconds": 0.0,
        "answer_seconds": 1.0,
        "tokens_per_second": 1.0,
    }


def test_final_has_no_number_that_json_lacks() -> None:
    events: list[Event] = [EVENTS[0], Finished("error", seconds=float("nan"), thinking_seconds=float("inf"))]
    json.dumps(final_of("r", events), allow_nan=False)
