"""The whole log of runs, failures and exceptions included: what happened is in it, and no word of what was said."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model.code_events import TestReport
from model.engine import Request, Steering
from model.errors import LimitReached
from model.events import Finished, Verdict
from model.host import ModelHost
from model.logs import configure_logging
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from tests.followed_runs import read_all

SECRETS = ("zanzibar", "marmalade", "quokka")
TURNS = [Turn("I think of marmalade.", "It is a quokka.", match="zanzibar")]


class Failing(ScriptedEngine):
    """Fails in ways that nobody foresaw, with the question in the message."""

    def stream(self, request: Request, steering: Steering) -> Any:
        question = request.messages[-1].content
        if "fail" in question:
            raise ValueError(question)
        return super().stream(request, steering)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    undo = configure_logging(Settings(Path("/nowhere"), log_format="json"), stream)
    yield stream
    undo()


@pytest.fixture
def make_runs(tmp_path: Path, log: io.StringIO) -> Iterator[Callable[..., Runs]]:
    made: list[Runs] = []

    def make(**fields: Any) -> Runs:
        settings = Settings(tmp_path, **fields)
        made.append(Runs(Store(tmp_path), ModelHost(settings, engine=Failing(TURNS)), settings))
        return made[-1]

    yield make
    for runs in made:
        runs.close()
        runs.store.close()


def lines_of(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_run_is_logged_with_its_figures_and_none_of_its_words(make_runs: Callable[..., Runs], log: io.StringIO):
    runs = make_runs()
    run_id = runs.start("What is zanzibar?", owner="user:anna", budget=100)
    events = read_all(runs, run_id)
    runs.store.append(run_id, [Verdict("wrong", "It is no marmalade.", "quokka"), TestReport("timeout")])
    begun, ended, judged, tested = (line for line in lines_of(log) if line.get("run") == run_id)
    assert (begun["event"], begun["model"], begun["budget"]) == ("run_begun", "scripted", "100")
    assert (ended["event"], ended["finish_reason"]) == ("run_ended", "stop")
    end = events[-1]
    assert isinstance(end, Finished)
    assert (ended["thinking_tokens"], ended["answer_tokens"]) == (end.thinking_tokens, end.answer_tokens)
    assert ended["seconds"] >= 0 and ended["owner"] == begun["owner"] != "user:anna"
    assert (judged["event"], judged["check"], judged["outcome"]) == ("verdict", "math", "wrong")
    assert (tested["check"], tested["outcome"], tested["status"]) == ("code", "wrong", "timeout")
    assert not any(secret in log.getvalue() for secret in SECRETS)


def test_failures_are_logged_by_class_and_place_and_not_by_message(make_runs: Callable[..., Runs], log: io.StringIO):
    runs = make_runs(user_requests_per_minute=2)
    for question in ("fail because of zanzibar", "no turn matches quokka"):
        read_all(runs, runs.start(question))
    with pytest.raises(LimitReached):
        runs.start("zanzibar")
    lines = lines_of(log)
    failed = [line for line in lines if line.get("message") == "a run has failed"]
    assert [line["error"] for line in failed] == ["ValueError", "EngineError"]
    assert any("test_model_run_log.py" in place for place in failed[0]["where"])
    assert [line["limit"] for line in lines if line["event"] == "refused"] == ["user_requests_per_minute"]
    assert [line["finish_reason"] for line in lines if line["event"] == "run_ended"] == ["error", "error"]
    assert not any(secret in log.getvalue() for secret in SECRETS)


def test_users_are_named_where_the_settings_say_so(make_runs: Callable[..., Runs], log: io.StringIO):
    runs = make_runs(logs_owners="name")
    read_all(runs, runs.start("zanzibar", owner="user:anna"))
    assert {line["owner"] for line in lines_of(log) if "owner" in line} == {"user:anna"}
