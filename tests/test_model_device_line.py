"""The queue in front of a single device: its thread dies, and another one goes on."""

import contextvars
import time

import pytest

from model.device_line import DeviceLine, Job, TokenChunk
from model.errors import EngineError
from model.events import Sampling
from model.restarts import MOST_AN_HOUR
from model.token_inbox import TokenInbox
from tests.tiny_model import read_all

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

FATAL = 13


@pytest.fixture
def line():
    """A device that writes its prompt once more, and whose thread is ended from outside by the prompt `[FATAL]`."""

    def generate(job):
        if job.prompt_ids == [FATAL]:
            raise SystemExit
        yield TokenChunk(list(job.prompt_ids), [0.0] * len(job.prompt_ids), -1, "stop")

    made = DeviceLine(generate, lambda: None)
    yield made
    made.stop()


def ask(line, *prompt_ids):
    inbox = TokenInbox(line.forget_cancelled, line.death)
    line.add(Job(list(prompt_ids), Sampling(), 10, [], inbox, contextvars.copy_context()))
    return inbox


def test_the_request_that_the_thread_died_with_is_told_and_those_behind_it_are_answered(line):
    fatal, *others = ask(line, FATAL), ask(line, 1), ask(line, 2)
    with pytest.raises(EngineError, match="press Continue"):
        read_all(fatal)
    assert [read_all(stream)[0] for stream in others] == [[1], [2]]
    assert (line.restarts, line.trouble) == (1, "")


def test_a_line_that_dies_again_and_again_is_given_up_with_advice(line, monkeypatch):
    monkeypatch.setattr("model.restarts._FIRST_WAIT_SECONDS", 0.001)
    streams = [ask(line, FATAL) for _ in range(MOST_AN_HOUR + 1)]
    behind = ask(line, 1)
    for stream in streams:
        with pytest.raises(EngineError):
            read_all(stream)
    with pytest.raises(EngineError, match="Load the model again"):
        read_all(behind)
    with pytest.raises(EngineError, match="Load the model again"):
        ask(line, 1)
    assert line.live() == 0
    monkeypatch.setattr("model.restarts.HOUR_SECONDS", 0.0)
    time.sleep(0.01)
    assert read_all(ask(line, 1))[0] == [1]
