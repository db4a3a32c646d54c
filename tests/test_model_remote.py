"""What the engine does with servers of many manners, and with their faults."""

import time
from contextlib import contextmanager

import pytest

from model.engine import Request, Steering, collect
from model.errors import EngineError, ModelLoadFailed
from model.events import AnswerDelta, Event, Message, Notice, PromptRead, ThinkingDelta
from model.remote import remote_engine
from model.remote_address import read_address
from model.remote_probe import probe
from model.remote_wire import Wire
from tests.remote_servers import ANSWER, KEY, THOUGHT, Fault, Manner, remote_server

ALL_THOUGHT, WHOLE_ANSWER = "".join(THOUGHT).strip(), "".join(ANSWER)
QUESTION = (Message("user", "How many?"),)
SPLITS = Manner(prefill="flagged")
TAGS = Manner(splits="", prefill="always", models=({"id": "made-up-qwen3", "max_model_len": 2048},))
CANNOT = Manner()


@contextmanager
def engine_on(manner=SPLITS, stall_seconds=20.0, key=""):
    """An engine on a server, after the probe."""
    with remote_server(manner) as served:
        wire = Wire(read_address(served.url), lambda: key, stall_seconds=stall_seconds)
        engine = remote_engine(wire, probe(wire, "auto", lambda _: None))
        served.asked.clear()
        served.written = 0
        try:
            yield engine, served
        finally:
            engine.close()


def ask(engine, **settings):
    steering = settings.pop("steering", None) or Steering()
    return list(engine.stream(Request(QUESTION, **settings), steering))


def finished_of(events):
    finished = collect(events).finished
    assert finished is not None
    return finished


def texts(events):
    read = collect(events)
    return read.thinking.strip(), read.answer.strip()


@pytest.mark.parametrize(
    "manner",
    [
        SPLITS,
        TAGS,
        Manner(splits="reasoning", prefill="always"),
        Manner(splits="", completes=True),
        Manner(prefill="always", counts=True, refuses=("top_k", "logprobs", "timings_per_token")),
        CANNOT,
    ],
    ids=["reasoning_content", "tags", "reasoning", "completes", "refuses fields", "cannot go on"],
)
def test_thinking_and_answer_come_apart_whatever_the_server_calls_them(manner):
    with engine_on(manner) as (engine, _):
        events = ask(engine, budget="high")
    assert texts(events) == (ALL_THOUGHT, WHOLE_ANSWER)
    assert finished_of(events).reason == "stop"


@pytest.mark.parametrize("manner", [SPLITS, TAGS, Manner(splits="", completes=True)], ids=["flags", "always", "text"])
def test_a_budget_ends_the_thinking_and_the_server_answers_from_there(manner):
    with engine_on(manner) as (engine, _):
        assert engine.abilities.goes_on
        events = ask(engine, budget=5)
    thinking, answer = texts(events)
    assert thinking.startswith("t1 t2 t3 t4 t5") and "t40" not in thinking
    assert answer == WHOLE_ANSWER
    assert finished_of(events).reason == "thinking_cut"


def test_answer_now_closes_the_stream_that_thinks():
    with engine_on(Manner(prefill="flagged", seconds_a_token=0.05)) as (engine, served):
        steering, events = Steering(), []
        for event in engine.stream(Request(QUESTION, budget="high"), steering):
            events.append(event)
            if isinstance(event, ThinkingDelta) and len(events) < 6:
                steering.answer_now()
        assert texts(events)[1] == WHOLE_ANSWER
        assert "t30" not in texts(events)[0]
        until(lambda: served.open_streams == 0 and engine.live_requests() == 0)
        assert served.written < 40


def test_stop_frees_the_server_within_a_token():
    with engine_on(Manner(prefill="flagged", seconds_a_token=0.05)) as (engine, served):
        steering = Steering()
        for event in engine.stream(Request(QUESTION, budget="high"), steering):
            if isinstance(event, ThinkingDelta):
                steering.stop()
        until(lambda: served.open_streams == 0)
        written = served.written
        time.sleep(0.3)
        assert served.written == written and engine.live_requests() == 0


def test_a_paused_run_is_gone_on_with_without_a_seam():
    with engine_on(Manner(prefill="flagged", seconds_a_token=0.02)) as (engine, served):
        steering = Steering()
        events: list[Event] = []
        for event in engine.stream(Request(QUESTION, budget="high"), steering):
            if isinstance(event, ThinkingDelta) and not events:
                steering.pause()
                threading_go_on(steering, served)
            if isinstance(event, ThinkingDelta | AnswerDelta):
                events.append(event)
        assert texts(events) == (ALL_THOUGHT, WHOLE_ANSWER)


def threading_go_on(steering, served):
    import threading

    def go_on():
        until(lambda: served.open_streams == 0)
        steering.go_on()

    threading.Thread(target=go_on, daemon=True).start()


def until(is_so, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_continued_run_begins_where_it_was_left():
    with engine_on() as (engine, _):
        events = ask(engine, budget="high", thinking_so_far="t1 t2 t3 ")
        answered = ask(engine, thinking_so_far="t1 ", is_thinking_closed=True, answer_so_far="The answer ")
    assert texts(events)[0] == "".join(THOUGHT[3:]).strip()
    assert texts(answered) == ("", "is 42.")


# ---------------------------------------------------------------------- what it cannot


def test_a_server_that_cannot_write_on_says_what_is_missing_and_answers_all_the_same():
    with engine_on(CANNOT) as (engine, served):
        assert not engine.abilities.goes_on and engine.abilities.budget == "none"
        assert "Answer now" in engine.abilities.missing()
        steering = Steering()
        steering.answer_now()
        events = ask(engine, budget=5, steering=steering)
    assert texts(events) == (ALL_THOUGHT, WHOLE_ANSWER)
    assert [event.text for event in events if isinstance(event, Notice)] == [engine.abilities.missing()]
    assert len(served.asked) == 1


def test_a_server_with_a_budget_of_its_own_is_given_the_budget():
    with engine_on(Manner(budget_field="thinking_budget_tokens", off_field="enable_thinking")) as (engine, served):
        # Forty words are too short a thinking to tell a budget by, so this server is taken at its word here.
        assert engine.abilities.skips_thinking
        events = ask(engine, budget="off")
        assert served.asked[-1]["enable_thinking"] is False
    assert texts(events) == ("", WHOLE_ANSWER)


def test_a_tool_call_that_the_server_has_read_is_a_call():
    calls = ({"name": "calculate", "arguments": '{"expression": "2+2"}'},)
    tool = {"type": "function", "function": {"name": "calculate", "parameters": {"type": "object"}}}
    with engine_on(Manner(prefill="flagged", calls=calls)) as (engine, served):
        events = ask(engine, budget="high", tools=(tool,))
        (call,) = collect(events).tool_calls
        assert (call.call_id, call.name, call.arguments) == ("call_0", "calculate", '{"expression": "2+2"}')
        history = (*QUESTION, Message("assistant", "", tool_calls=(call,)), Message("tool", "4"))
        list(engine.stream(Request(history, tools=(tool,)), Steering()))
        assert served.asked[-1]["messages"][-1]["tool_call_id"] == "call_0"


def test_tools_are_rendered_by_us_where_the_server_takes_none():
    tool = {"type": "function", "function": {"name": "calculate", "parameters": {"type": "object"}}}
    with engine_on(Manner(splits="", completes=True, refuses=("tools",))) as (engine, served):
        events = ask(engine, budget="high", tools=(tool,))
        assert [one["path"] for one in served.asked] == ["/v1/completions"]
    (call,) = collect(events).tool_calls
    assert (call.name, texts(events)[0]) == ("calculate", ALL_THOUGHT)


# ---------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cut", after=12),
        Fault("malformed", after=12),
        Fault("failure", after=12),
        Fault("cut", after=42),
    ],
    ids=["cut in the thinking", "malformed", "an error in the stream", "cut in the answer"],
)
def test_a_stream_that_breaks_is_gone_on_with_and_the_reader_is_told(fault):
    with engine_on() as (engine, served):
        served.faults.append(fault)
        events = ask(engine, budget="high")
        assert len(served.asked) == 2
    assert texts(events) == (ALL_THOUGHT, WHOLE_ANSWER)
    (told,) = [event.text for event in events if isinstance(event, Notice)]
    assert told.endswith("so the run goes on from there.")


def test_a_stream_that_stalls_is_given_up_in_time_and_gone_on_with():
    with engine_on(stall_seconds=0.5) as (engine, served):
        served.faults.append(Fault("stall", after=3))
        events = ask(engine, budget="high")
    assert texts(events) == (ALL_THOUGHT, WHOLE_ANSWER)
    assert any("has sent nothing for 0.5 s" in event.text for event in events if isinstance(event, Notice))


def test_what_a_server_that_cannot_write_on_wrote_before_it_broke_is_kept():
    with engine_on(CANNOT) as (engine, served):
        served.faults.append(Fault("cut", after=12))
        events: list[Event] = []
        with pytest.raises(EngineError, match="broke off in the middle"):
            for event in engine.stream(Request(QUESTION, budget="high"), Steering()):
                events.append(event)
    assert texts(events)[0] == "".join(THOUGHT[:12]).strip()


def test_a_server_that_breaks_again_and_again_is_given_up():
    with engine_on() as (engine, served):
        served.faults += [Fault("cut", after=4)] * 5
        with pytest.raises(EngineError, match="broke off"):
            ask(engine, budget="high")
        assert len(served.asked) == 3


def test_a_full_server_is_asked_again_when_it_said_so():
    with engine_on() as (engine, served):
        served.faults.append(Fault("status", status=429, headers={"Retry-After": "1"}))
        began = time.monotonic()
        events = ask(engine, budget="high")
        assert time.monotonic() - began >= 1.0
    assert texts(events) == (ALL_THOUGHT, WHOLE_ANSWER)
    assert any("asked again in 1 s" in event.text for event in events if isinstance(event, Notice))


def test_a_server_that_is_full_for_long_is_not_waited_for():
    with engine_on() as (engine, served):
        served.faults.append(Fault("status", status=429, headers={"Retry-After": "3600"}))
        with pytest.raises(EngineError, match="Try again in 3600 s"):
            ask(engine)


def test_stop_ends_the_wait_for_a_full_server():
    with engine_on() as (engine, served):
        served.faults.append(Fault("status", status=429, headers={"Retry-After": "60"}))
        steering = Steering()
        began = time.monotonic()
        for event in engine.stream(Request(QUESTION), steering):
            if isinstance(event, Notice):
                steering.stop()
        assert time.monotonic() - began < 10


def test_an_expired_key_is_named_and_not_shown():
    with engine_on(Manner(prefill="flagged", key=KEY), key=KEY) as (engine, served):
        served.manner.key = "another"
        with pytest.raises(EngineError, match="WORKINGS_SERVER_KEY") as caught:
            ask(engine)
    assert KEY not in str(caught.value)


def probed(url, key="", wanted="auto"):
    wire = Wire(read_address(url), lambda: key)
    try:
        return probe(wire, wanted, lambda _: None)
    finally:
        wire.close()


def test_a_wrong_key_is_said_at_the_start():
    with remote_server(Manner(key=KEY)) as served, pytest.raises(ModelLoadFailed, match="refuses the key") as caught:
        probed(served.url, key="wrong-key")
    assert "wrong-key" not in str(caught.value)


def test_a_server_that_is_not_there_is_a_sentence():
    with remote_server() as served:
        url = served.url
    with pytest.raises(ModelLoadFailed, match="cannot be reached"):
        probed(url)


def test_a_server_that_goes_away_is_a_sentence():
    with remote_server(SPLITS) as served:
        wire = Wire(read_address(served.url), lambda: "")
        engine = remote_engine(wire, probe(wire, "auto", lambda _: None))
    with pytest.raises(EngineError, match="cannot be reached"):
        ask(engine)
    engine.close()


def test_a_chat_that_the_server_finds_too_long_is_said_so():
    long = '{"error": {"message": "This model\'s maximum context length is 2048 tokens. You requested 9000."}}'
    with engine_on() as (engine, served):
        served.faults.append(Fault("status", status=400, body=long))
        with pytest.raises(EngineError, match="does not fit this server's context"):
            ask(engine)


def test_closing_the_engine_ends_its_streams_with_a_sentence():
    with engine_on(Manner(prefill="flagged", seconds_a_token=0.05)) as (engine, _):
        with pytest.raises(EngineError, match="unloaded"):
            for event in engine.stream(Request(QUESTION, budget="high"), Steering()):
                if isinstance(event, ThinkingDelta):
                    engine.close()


def test_tokens_of_the_prompt_are_those_that_the_server_counted():
    with engine_on() as (engine, _):
        events = ask(engine, budget="high")
    read = next(event for event in events if isinstance(event, PromptRead))
    finished = finished_of(events)
    assert finished.prompt_tokens == 7 and read.prompt_tokens > 0
    assert (finished.thinking_tokens, finished.answer_tokens) == (40, 4)
