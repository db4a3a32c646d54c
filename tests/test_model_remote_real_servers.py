"""The remote engine on real servers with the embedded model: the same turns as with a model of one's own."""

import time

import pytest

from model.engine import Request, Steering, collect
from model.events import Event, Message, Sampling, ThinkingDelta
from model.families import SMOLLM2
from model.remote import remote_engine
from model.remote_address import read_address
from model.remote_probe import probe
from model.remote_wire import Wire
from tests.real_servers import missing_for, real_server

GREEDY = Sampling(temperature=0.01, max_new_tokens=400)
QUESTION = (Message("user", "What is 17 * 23?"),)


@pytest.fixture(scope="module", params=["llama.cpp", "transformers serve"])
def remote(request, shared_data_folder, tmp_path_factory):
    """An engine over a real server, and what the probe found."""
    if reason := missing_for(request.param):
        pytest.skip(reason)
    with real_server(request.param, shared_data_folder, tmp_path_factory.mktemp("server")) as (url, name):
        wire = Wire(read_address(url), lambda: "")
        server = probe(wire, name, lambda _: None)
        engine = remote_engine(wire, server)
        yield engine, server
        engine.close()


def ask(engine, steering=None, **settings) -> list[Event]:
    sampling = settings.pop("sampling", GREEDY)
    return list(engine.stream(Request(QUESTION, sampling=sampling, **settings), steering or Steering()))


def whole(engine, **settings):
    read = collect(ask(engine, **settings))
    assert read.finished is not None
    return read.thinking, read.answer, read.finished


@pytest.fixture(scope="module")
def full(remote):
    """The whole turn, greedy: thinking, answer, and how it ended."""
    return whole(remote[0], budget="high")


def test_the_server_is_known_for_what_it_is(remote):
    engine, server = remote
    assert (engine.model, server.family, server.ways.found is not None) == ("smollm2-135m", SMOLLM2, True)


def test_it_thinks_and_answers_right(full):
    thinking, answer, finished = full
    assert "23*10=230" in thinking and "</think>" not in thinking + answer
    assert "391" in answer
    assert finished.reason == "stop" and finished.prompt_tokens == 23


def test_tokens_are_counted_as_the_model_wrote_them(full):
    """Every token of this family's digits is one character, so that a count by characters would be far off."""
    thinking, _, finished = full
    assert 0.75 * len(thinking) < finished.thinking_tokens < 1.1 * len(thinking)


def test_a_budget_ends_the_thinking_where_the_server_wrote_it(remote, full):
    thinking, answer, finished = whole(remote[0], budget=16)
    own = thinking.partition("\n\nThat is enough thinking.")[0]
    assert finished.reason == "thinking_cut" and answer.strip()
    assert own and full[0].startswith(own.rstrip()) and len(own) < len(full[0]) / 2


def test_answer_now_gives_an_answer_at_once(remote):
    steering, events = Steering(), []
    for event in remote[0].stream(Request(QUESTION, sampling=GREEDY, budget="high"), steering):
        events.append(event)
        if isinstance(event, ThinkingDelta):
            steering.answer_now()
    read = collect(events)
    assert read.answer.strip() and read.finished is not None and read.finished.thinking_tokens < 100


def test_a_continued_run_ends_as_if_it_had_never_been_cut(remote, full):
    thinking, answer, _ = full
    middle = thinking.index("230+161")
    rest, answer_again, _ = whole(remote[0], budget="high", thinking_so_far=thinking[:middle])
    assert (thinking[:middle] + rest, answer_again) == (thinking, answer)


def test_a_paused_run_leaves_no_seam(remote, full):
    engine, (thinking, answer, _) = remote[0], full
    steering, events = Steering(), []
    for event in engine.stream(Request(QUESTION, sampling=GREEDY, budget="high"), steering):
        events.append(event)
        if isinstance(event, ThinkingDelta) and not steering.is_paused and len(events) < 4:
            steering.pause()
            steering.go_on()
    read = collect(events)
    assert (read.thinking, read.answer) == (thinking, answer)


def test_stop_ends_the_stream(remote):
    engine, steering = remote[0], Steering()
    for event in engine.stream(Request(QUESTION, sampling=GREEDY, budget="high"), steering):
        if isinstance(event, ThinkingDelta):
            steering.stop()
    deadline = time.monotonic() + 5
    while engine.live_requests() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert engine.live_requests() == 0


def test_logprobs_come_where_the_server_has_them(remote):
    engine, server = remote
    events = ask(engine, budget=16)
    told = [value for event in events if isinstance(event, ThinkingDelta) for value in event.logprobs]
    assert bool(told) is ("logprobs" in server.fields)
    assert all(value <= 0 for value in told)


def test_several_streams_at_once_are_not_mixed_up(remote):
    from concurrent.futures import ThreadPoolExecutor

    engine = remote[0]
    sums = [(11, 12), (13, 14), (21, 22), (15, 31)]

    def one(pair):
        chat = (Message("user", f"What is {pair[0]} + {pair[1]}?"),)
        return collect(engine.stream(Request(chat, sampling=GREEDY), Steering())).answer

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(one, sums))
    for (a, b), answer in zip(sums, answers, strict=True):
        assert str(a + b) in answer
