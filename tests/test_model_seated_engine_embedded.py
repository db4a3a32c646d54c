"""The line before the embedded model's real weights: a run that gives way writes what it writes alone."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from model.catalog import EMBEDDED
from model.events import AnswerDelta, Event, Finished, PromptRead, Queued, Sampling, ThinkingDelta
from model.host import ModelHost
from model.measuring import Measures
from model.runs import Runs
from model.settings import Settings
from model.store import Store

pytestmark = pytest.mark.model

# Without its adapter the embedded model goes on and on with a story.
STORY = "Write a very long story about a ship, with many chapters."
GREEDY = Sampling(temperature=0.0, max_new_tokens=240)


@pytest.fixture(scope="module")
def host(shared_data_folder: Path) -> Iterator[ModelHost]:
    host = ModelHost(Settings(shared_data_folder, slots=1, turn_seconds=0.5))
    host.load(EMBEDDED, adapter="none")
    host.engine(wait_seconds=600)
    yield host
    host.close()


@pytest.fixture
def runs(host: ModelHost, tmp_path: Path) -> Iterator[Runs]:
    runs = Runs(Store(tmp_path), host, Settings(tmp_path))
    yield runs
    runs.close()
    runs.store.close()


def read_all(runs: Runs, run_id: str, on_event: Callable[[Event], None] = lambda event: None) -> list[Event]:
    seen: list[Event] = []
    follower = runs.attach(run_id)
    for events in follower:
        for event in events:
            on_event(event)
        seen += events
    follower.close()
    return seen


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta | AnswerDelta))


def test_run_that_gives_way_writes_the_same_as_alone_and_says_that_it_waited(runs: Runs):
    alone = read_all(runs, runs.start(STORY, budget="off", sampling=GREEDY, owner="a"))
    began = threading.Event()
    long = runs.start(STORY, budget="off", sampling=GREEDY, owner="a")
    long_events: list[Event] = []

    def follow() -> None:
        long_events.extend(read_all(runs, long, lambda event: began.set() if isinstance(event, AnswerDelta) else None))

    reader = threading.Thread(target=follow)
    reader.start()
    assert began.wait(120)
    # Long enough that the wait for it is worth telling, on a fast machine too.
    short = read_all(runs, runs.start(STORY, budget="off", sampling=replace(GREEDY, max_new_tokens=80), owner="b"))
    assert runs.is_live(long), "the short question went between"
    reader.join(300)
    waits = [event for event in long_events if isinstance(event, Queued)]
    assert waits and [event.is_over for event in waits] == [False, True] * (len(waits) // 2)
    assert waits[1].seconds > 0
    assert isinstance(short[-1], Finished) and isinstance(long_events[-1], Finished)
    assert text_of(long_events) == text_of(alone)
    n_tokens = [sum(e.n_tokens for e in events if isinstance(e, AnswerDelta)) for events in (alone, long_events)]
    assert n_tokens == [240, 240]


def test_figures_of_a_run_are_what_its_end_says(runs: Runs):
    measures = Measures(runs)
    events = read_all(runs, runs.start("What is 2 + 2?", budget=32, sampling=Sampling(max_new_tokens=64)))
    end, first = events[-1], next(event for event in events if isinstance(event, PromptRead))
    assert isinstance(end, Finished)
    families = text_string_to_metric_families(measures.exposition().decode())
    found = {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}
    assert found["workings_tokens_total", "thinking"] == end.thinking_tokens
    assert found["workings_tokens_total", "answer"] == end.answer_tokens > 0
    assert found["workings_tokens_total", "prompt"] == end.prompt_tokens == first.prompt_tokens
    assert found["workings_tokens_total", "cached"] == first.cached_tokens
    assert found["workings_runs_total", end.reason] == 1
    assert found[("workings_first_token_seconds_sum",)] == pytest.approx(first.seconds)
    speed = (end.thinking_tokens + end.answer_tokens) / (end.seconds - first.seconds)
    assert found[("workings_tokens_per_second_sum",)] == pytest.approx(speed)
