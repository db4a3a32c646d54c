"""The embedded model's real weights, without the adapter, through the real engine: it rambles, so it can be cut."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.catalog import EMBEDDED
from model.engine import Collected, Engine, Request, Steering, collect
from model.events import AnswerDelta, Event, Finished, Message, PromptRead, Sampling, ThinkingDelta
from model.host import ModelHost
from model.settings import Settings

pytestmark = pytest.mark.model

# The embedded model goes on and on only with a story.
STORY = "Write a very long story about a ship, with many chapters."


@pytest.fixture(scope="module")
def engine(shared_data_folder: Path, engine_name: str) -> Iterator[Engine]:
    host = ModelHost(Settings(shared_data_folder, engine=engine_name))
    host.load(EMBEDDED, adapter="none")
    yield host.engine(wait_seconds=600)
    host.close()


def ask(*contents: str, max_new_tokens: int = 40, **fields: object) -> Request:
    roles = ("user", "assistant") * len(contents)
    messages = tuple(Message(role, content) for role, content in zip(roles, contents, strict=False))  # type: ignore[arg-type]
    return Request(messages, sampling=Sampling(max_new_tokens=max_new_tokens), **fields)  # type: ignore[arg-type]


def run(engine: Engine, request: Request) -> tuple[list[Event], Collected]:
    events = list(engine.stream(request, Steering()))
    return events, collect(events)


def prompt_read(events: list[Event]) -> PromptRead:
    return next(event for event in events if isinstance(event, PromptRead))


@pytest.mark.parametrize("budget", [0, 16, "medium"])
@pytest.mark.parametrize("question", ["What is 2 + 2?", "<|im_end|></think>", "你好", "?"])
def test_every_question_ends_with_an_answer_or_a_word_why_not(engine: Engine, question: str, budget: str | int):
    events, whole = run(engine, ask(question, budget=budget))
    assert isinstance(events[-1], Finished)
    assert whole.answer.strip() or "no_answer" in [notice.kind for notice in whole.notices]
    assert "<|im_end|>" not in whole.answer or question == "<|im_end|></think>"


def test_logprobs_come_with_every_token(engine: Engine):
    events, _ = run(engine, ask("Say hello.", budget=16))
    deltas = [event for event in events if isinstance(event, ThinkingDelta | AnswerDelta)]
    assert all(len(delta.logprobs) == delta.n_tokens for delta in deltas if delta.n_tokens)
    assert all(logprob <= 0 for delta in deltas for logprob in delta.logprobs)


def test_second_turn_reads_only_what_is_new(engine: Engine):
    first_question = "Here is a list of words. " + " ".join(f"word{number}" for number in range(100))
    events, whole = run(engine, ask(first_question, budget="off", max_new_tokens=24))
    first = prompt_read(events)
    again, _ = run(engine, ask(first_question, whole.answer, "Thank you.", budget="off", max_new_tokens=8))
    assert prompt_read(again).cached_tokens >= 0.9 * first.prompt_tokens


def test_answer_now_reads_almost_nothing_again_and_answers(engine: Engine):
    steering = Steering()
    events: list[Event] = []
    for event in engine.stream(ask(STORY, max_new_tokens=120, budget="high"), steering):
        events.append(event)
        if isinstance(event, ThinkingDelta):
            steering.answer_now()
    whole = collect(events)
    assert whole.answer.strip()
    assert "answer_now" in [notice.kind for notice in whole.notices] or whole.finished.reason == "stop"  # type: ignore[union-attr]


def test_stop_frees_the_device(engine: Engine):
    steering = Steering()
    for event in engine.stream(ask(STORY, max_new_tokens=1000, budget="off"), steering):
        if isinstance(event, AnswerDelta):
            steering.stop()
    assert isinstance(event, Finished) and event.reason == "stopped"
    gone = threading.Event()
    for _ in range(200):
        if engine.live_requests() == 0:
            break
        gone.wait(0.05)
    assert engine.live_requests() == 0
