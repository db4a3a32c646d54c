"""A thread of the batch that dies: who is told, who goes on, and how often it is started again."""

import time

import pytest

from model.batched import BatchedDecoder
from model.errors import EngineError
from model.restarts import MOST_AN_HOUR
from tests.tiny_model import GREEDY, LONG, PRESET, PROMPT, read_all, run, seconds_until_idle

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")

DEATHS = pytest.mark.parametrize("error", [RuntimeError("no more"), SystemExit()], ids=["an error", "without a word"])


@pytest.fixture
def make(model):
    made = []

    def make_decoder(**arguments):
        made.append(BatchedDecoder(model, **({"context_tokens": 4096, "slots": 2} | arguments)))
        return made[-1]

    yield make_decoder
    for decoder in made:
        decoder.close()


def die_once(forward, error):
    """The next step raises; the one after it does not."""
    original = forward._before

    def before(*arguments):
        original(*arguments)
        forward.once, pending = None, forward.once
        if pending is not None:
            raise pending

    forward.once = error
    forward._hook.remove()
    forward._hook = forward.model.register_forward_pre_hook(before, with_kwargs=True)


@DEATHS
def test_those_that_wait_go_on_by_themselves_and_those_in_the_step_are_told(make, forward, error):
    decoder = make()
    expected = run(decoder, PROMPT, new=40)
    in_step = [decoder.start([number, *PROMPT], PRESET, 3000, ()) for number in (1, 2)]
    assert all(stream.read(60.0) for stream in in_step)
    waiting = [decoder.start(PROMPT, GREEDY, 40, ()) for _ in range(3)]
    die_once(forward, error)
    for stream in in_step:
        with pytest.raises(EngineError, match="press Continue"):
            read_all(stream)
    assert [read_all(stream) for stream in waiting] == [expected] * 3
    seconds_until_idle(decoder)
    assert (decoder.restarts, decoder.trouble) == (1, "")


def test_a_request_that_was_put_aside_in_mid_text_goes_on_behind_what_it_has_written(make, forward):
    """With room for one text only, the library sets the other aside: it is in no step when the thread dies."""
    roomy, tight = make(slots=2), make(slots=2, cache_tokens=384)
    prompts = [[number, *PROMPT] for number in (1, 2)]
    alone = [run(roomy, prompt, new=180) for prompt in prompts]
    streams = [tight.start(prompt, GREEDY, 180, ()) for prompt in prompts]
    scheduler = tight._worker._manager.batch_processor.scheduler
    deadline = time.monotonic() + 60
    while not scheduler.waiting_requests and time.monotonic() < deadline:
        time.sleep(0.001)
    die_once(forward, RuntimeError("no more"))
    outcomes = []
    for stream in streams:
        try:
            outcomes.append(read_all(stream)[0])
        except EngineError:
            outcomes.append(None)
    written = [(ids, expected) for ids, (expected, _, _) in zip(outcomes, alone, strict=True) if ids is not None]
    assert written
    assert all(ids == expected for ids, expected in written)


def test_a_request_that_comes_while_the_thread_is_dead_is_answered_by_the_next_one(make, forward):
    decoder = make()
    expected = run(decoder)
    for _ in range(2):  # the second restart waits for a second
        stream = decoder.start(LONG[:500], PRESET, 3000, ())
        stream.read(60.0)
        die_once(forward, RuntimeError("no more"))
        with pytest.raises(EngineError):
            read_all(stream)
        assert run(decoder) == expected


def test_a_request_that_is_cancelled_while_the_thread_is_dead_is_forgotten(make, forward):
    decoder = make(slots=1)
    streams = [decoder.start(PROMPT, PRESET, 3000, ()) for _ in range(2)]
    streams[0].read(60.0)
    forward.held_step = forward.steps + 1
    assert forward.is_held.wait(60)
    streams[1].cancel()
    die_once(forward, RuntimeError("no more"))
    forward.may_go_on.set()
    with pytest.raises(EngineError):
        read_all(streams[0])
    seconds_until_idle(decoder)
    forward.held_step = None
    assert run(decoder)[2] == "length"


def test_a_thread_that_dies_again_and_again_is_given_up_with_advice(make, forward, monkeypatch):
    monkeypatch.setattr("model.restarts._FIRST_WAIT_SECONDS", 0.001)
    decoder = make()
    forward.error = RuntimeError("the cable was pulled")
    for number in range(MOST_AN_HOUR + 1):
        with pytest.raises(EngineError, match="the cable was pulled"):
            run(decoder, [number, *PROMPT])
    deadline = time.monotonic() + 60
    while "Load the model again" not in decoder.trouble and time.monotonic() < deadline:
        time.sleep(0.005)
    forward.error = None
    with pytest.raises(
        EngineError, match=r"died 7 times within an hour .* the cable was pulled.* Load the model again"
    ):
        run(decoder)
    monkeypatch.setattr("model.restarts.HOUR_SECONDS", 0.0)
    assert run(decoder)[2] == "length"
    assert decoder.trouble == ""


def test_scores_wait_for_the_next_thread(make, forward):
    decoder = make()
    expected = decoder.score(PROMPT, 1)
    stream = decoder.start(PROMPT, PRESET, 3000, ())
    stream.read(60.0)
    die_once(forward, RuntimeError("no more"))
    with pytest.raises(EngineError):
        read_all(stream)
    assert decoder.score(PROMPT, 1) == expected
