"""The whole log of the real app on the embedded model, one JSON object a line: no word of what was asked or answered."""

import contextlib
import io
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio.queueing
import pytest
from gradio_client import Client

from model.logs import configure_logging
from model.settings import Settings
from tests.conftest import RunningApp, StartApp
from ui.server_logs import log_gradios_tracebacks

# Gradio's client leaves its sockets to the garbage collector.
pytestmark = [pytest.mark.model, pytest.mark.filterwarnings("ignore::ResourceWarning")]

SECRETS = ("zanzibar", "marmalade", "quokka")


@pytest.fixture(scope="module")
def app(start_shared_app: StartApp, shared_data_folder: Path) -> RunningApp:
    model = ("--model", "smollm2-135m", "--engine", "transformers")
    environment = {"WORKINGS_USER_REQUESTS_PER_MINUTE": "5"}
    return start_shared_app(*model, "--log-format", "json", data_folder=shared_data_folder, environment=environment)


def lines_of(app: RunningApp) -> list[dict[str, Any]]:
    return [json.loads(line) for line in app.log.read_text("utf-8").splitlines()]


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.2)


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_run_is_told_with_what_its_final_object_says(app: RunningApp):
    wait_for(lambda: get(f"{app.url}/readyz") == 200)
    final = Client(app.url, verbose=False).predict(
        "What is 2 + 2?", budget=16, sampling={"max_new_tokens": 30}, api_name="/chat"
    )
    wait_for(lambda: any(line["event"] == "run_ended" and line["run"] == final["run_id"] for line in lines_of(app)))
    (ended,) = (line for line in lines_of(app) if line["event"] == "run_ended" and line["run"] == final["run_id"])
    usage = final["usage"]
    assert (ended["model"], ended["finish_reason"]) == ("smollm2-135m", final["finish_reason"])
    for name in ("prompt_tokens", "thinking_tokens", "answer_tokens", "cached_tokens"):
        assert ended[name] == usage[name]
    assert ended["seconds"] == pytest.approx(usage["seconds"], abs=0.01)
    assert any(line["event"] == "serving" and line["address"].startswith("http://127.0.0.1") for line in lines_of(app))


def test_whole_log_is_json_and_holds_no_word_of_prompts_answers_or_errors(app: RunningApp):
    wait_for(lambda: get(f"{app.url}/readyz") == 200)
    client = Client(app.url, verbose=False)
    final = client.predict("Say marmalade twice.", budget=16, sampling={"max_new_tokens": 40}, api_name="/chat")
    refused = (
        ("/chat", {"message": "zanzibar", "sampling": {"quokka": 1}}),
        ("/chat", {"message": "zanzibar", "budget": "quokka"}),
        ("/chat", {"message": "", "run_id": "quokka"}),
        ("/compare", {"run_id": "quokka", "other_run_id": "marmalade"}),
        ("/verify_math", {"gold": "zanzibar", "output": "quokka", "policy": {"marmalade": 1}}),
    )
    for endpoint, arguments in refused:
        with pytest.raises(Exception, match="."):
            client.predict(**arguments, api_name=endpoint)
    # Events that fail inside of Gradio, and addresses with words in their queries.
    for path in ("/gradio_api/queue/data?session_hash=zanzibar", "/nothing/quokka?q=marmalade", "/?run=zanzibar"):
        get(f"{app.url}{path}")
    body = json.dumps({"data": ["zanzibar"], "fn_index": 0, "session_hash": "quokka"}).encode()
    bad = urllib.request.Request(f"{app.url}/gradio_api/run/predict", body, {"Content-Type": "application/json"})
    with contextlib.suppress(urllib.error.HTTPError):
        urllib.request.urlopen(bad, timeout=30).close()
    with pytest.raises(Exception, match="runs were begun by you within the last minute"):
        for _ in range(8):
            client.predict("zanzibar", budget=0, sampling={"max_new_tokens": 1}, api_name="/chat")
    wait_for(lambda: any(line["event"] == "refused" and "limit" in line for line in lines_of(app)))
    log = app.log.read_text("utf-8")
    assert not any(secret in log for secret in SECRETS)
    words = {word for word in re.findall(r"[a-z]{7,}", final["thinking"] + final["answer"])}
    told = {word for line in lines_of(app) for word in re.findall(r"[a-z]{7,}", str(line.get("message", "")))}
    assert not (words & told) - {"request", "question", "message"}


def test_what_gradio_prints_of_an_event_that_failed_is_a_record_without_its_message(tmp_path: Path):
    stream = io.StringIO()
    undo = configure_logging(Settings(tmp_path, log_format="json"), stream)
    log_gradios_tracebacks()
    try:
        raise ValueError("zanzibar")
    except ValueError:
        gradio.queueing.traceback.print_exc()
    undo()
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["error"], line["level"]) == ("ValueError", "error") and "zanzibar" not in json.dumps(line)
    assert gradio.queueing.traceback.format_exc() == "NoneType: None\n", "the rest of the module is there"
