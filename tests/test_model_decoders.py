"""One contract, two decoders: the same tests run over batched.py and single.py on a tiny random model."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from model.batched import BatchedDecoder
from model.errors import BadInput, EngineError
from model.events import Sampling
from model.single import SingleDecoder
from tests.tiny_model import (
    GREEDY,
    HOT,
    LONG,
    PRESET,
    PROMPT,
    read_all,
    run,
    seconds_until_idle,
)


@pytest.fixture(params=["batched", "single"])
def decoder(request, model):
    made = BatchedDecoder(model, context_tokens=4096, slots=4) if request.param == "batched" else SingleDecoder(model)
    yield made
    made.close()


def test_stream_gives_every_token_with_its_logprob_and_ends_with_length_at_the_limit(decoder):
    ids, logprobs, finish = run(decoder, sampling=PRESET, new=50)
    assert (len(ids), len(logprobs), finish) == (50, 50, "length")
    assert all(logprob <= 0.0 for logprob in logprobs)
    assert any(logprob < 0.0 for logprob in logprobs)


def test_stream_ends_with_stop_and_drops_the_stop_token(decoder):
    ids, _, _ = run(decoder, new=20)
    stop = next(token for i, token in enumerate(ids) if i >= 3 and token not in ids[:i])
    assert run(decoder, new=20, stop=(stop,)) == (ids[: ids.index(stop)], [0.0] * ids.index(stop), "stop")


def test_stream_does_not_stop_at_an_id_that_another_request_stops_at(decoder):
    ids, _, _ = run(decoder, new=20)
    first = decoder.start(PROMPT, GREEDY, 20, (ids[2],))
    second = decoder.start(PROMPT, GREEDY, 20, ())
    assert read_all(first)[2] == "stop"
    assert read_all(second) == (ids, [0.0] * 20, "length")


def test_stream_gives_nothing_more_when_it_has_given_its_finish(decoder):
    stream = decoder.start(PROMPT, GREEDY, 3, ())
    read_all(stream)
    assert stream.read(0.05) is None


def test_stream_ends_at_once_when_no_new_token_is_asked_for(decoder):
    assert run(decoder, new=0) == ([], [], "length")
    assert decoder.live_requests() == 0


def test_live_requests_is_zero_half_a_second_after_a_cancel_while_decoding(decoder):
    def seconds() -> float:
        stream = decoder.start(PROMPT, PRESET, 3000, ())
        assert stream.read(60.0) is not None
        assert decoder.live_requests() == 1
        stream.cancel()
        stream.cancel()
        assert stream.read(60.0) is None
        return seconds_until_idle(decoder)

    # A machine that stands still for a moment does not do so in every try.
    assert any(seconds() < 0.5 for _ in range(10))


def test_cancel_while_the_prompt_is_read_ends_it_between_two_pieces(decoder, forward):
    forward.sleep_seconds, forward.held_step = 0.1, 2
    stream = decoder.start(LONG, PRESET, 100, ())
    assert forward.is_held.wait(60)
    stream.cancel()
    forward.may_go_on.set()
    seconds_until_idle(decoder)
    time.sleep(0.3)
    steps = forward.steps
    time.sleep(0.3)
    assert steps == forward.steps <= 6  # reading all of it takes 12


def test_cancel_wakes_a_reader_at_once(decoder, forward):
    forward.held_step = 1  # nothing comes that could wake it
    stream = decoder.start(LONG, PRESET, 100, ())
    threading.Timer(0.1, stream.cancel).start()
    start = time.monotonic()
    assert stream.read(60.0) is None
    assert time.monotonic() - start < 50
    forward.may_go_on.set()
    seconds_until_idle(decoder)


def test_cancel_of_a_request_that_waits_leaves_the_others_alone(decoder, forward):
    forward.held_step = 1
    count = decoder.slots + 1
    streams = [decoder.start([i + 1, *PROMPT], GREEDY, 20, ()) for i in range(count)]
    assert decoder.live_requests() == count
    streams[-1].cancel()
    forward.may_go_on.set()
    assert all(read_all(stream)[2] == "length" for stream in streams[:-1])
    assert streams[-1].read(0.0) is None
    seconds_until_idle(decoder)


def test_streams_of_requests_that_run_at_once_are_not_mixed_up(decoder):
    prompts = [[(i + 1) * 31 % 290 + 1, *PROMPT[i:]] for i in range(6)]
    alone = [run(decoder, prompt, new=30) for prompt in prompts]
    assert len({tuple(ids) for ids, _, _ in alone}) == 6
    streams = [decoder.start(prompt, GREEDY, 30, ()) for prompt in prompts]
    assert [read_all(stream) for stream in streams] == alone


def test_sampling_of_one_request_does_not_reach_another_that_runs_at_once(decoder):
    expected, _, _ = run(decoder, new=30)
    for _ in range(3):
        greedy, hot, flat = (decoder.start(PROMPT, s, 30, ()) for s in (GREEDY, HOT, Sampling(1.0, 1e-6, 0)))
        assert read_all(greedy)[0] == expected
        assert read_all(hot)[0] != expected
        assert read_all(flat)[0] == expected  # a nucleus of nothing is its likeliest token


def test_top_k_holds_draws_to_the_k_likeliest_tokens(decoder, model):
    with torch.no_grad():
        likeliest = torch.topk(model(torch.tensor([PROMPT])).logits[0, -1], 3).indices.tolist()
    streams = [decoder.start(PROMPT, Sampling(5.0, 1.0, 3), 1, ()) for _ in range(40)]
    drawn = {read_all(stream)[0][0] for stream in streams}
    assert drawn <= set(likeliest)
    assert len(drawn) > 1


def test_logprob_is_that_of_the_distribution_after_temperature_top_k_and_top_p(decoder, model):
    with torch.no_grad():
        logits = model(torch.tensor([PROMPT])).logits[0, -1].float() / 5.0
    top = torch.topk(logits, 3)
    expected = dict(zip(top.indices.tolist(), torch.log_softmax(top.values, -1).tolist(), strict=True))
    for _ in range(5):
        (token,), (logprob,), _ = run(decoder, sampling=Sampling(5.0, 1.0, 3), new=1)
        assert logprob == pytest.approx(expected[token], abs=1e-3)


def test_a_run_without_a_seed_differs_from_the_one_before(decoder):
    assert run(decoder, sampling=HOT, new=20)[0] != run(decoder, sampling=HOT, new=20)[0]


def test_a_run_with_a_seed_is_repeated_exactly_where_the_decoder_says_so(decoder):
    if not decoder.honours_seed:
        pytest.skip("this decoder says that it does not honour seeds")
    seeded = Sampling(temperature=5.0, top_p=1.0, top_k=0, seed=12)
    first = run(decoder, LONG[:700], seeded)
    run(decoder, LONG[:600] + [5, 6, 7], HOT)  # another request's keys and values in between
    assert run(decoder, LONG[:700], seeded) == first
    assert run(decoder, LONG[:700], Sampling(5.0, 1.0, 0, seed=13)) != first


def test_a_follow_up_turn_reads_only_what_is_new(decoder, forward):
    stream = decoder.start(LONG[:1000], GREEDY, 40, ())
    ids, _, _ = read_all(stream)
    assert stream.cached_tokens == 0
    seconds_until_idle(decoder)
    before = forward.tokens
    follow_up = LONG[:1000] + ids + [3, 4, 5, 6]
    stream = decoder.start(follow_up, GREEDY, 1, ())
    read_all(stream)
    assert stream.cached_tokens >= len(follow_up) - 5 - 32
    assert forward.tokens - before == len(follow_up) - stream.cached_tokens


def test_answer_now_by_cancel_and_resubmit_does_not_read_the_prompt_again(decoder, forward):
    stream = decoder.start(LONG[:1000], GREEDY, 2000, ())
    written: list[int] = []
    while len(written) < 24:
        written += stream.read(10.0).ids
    stream.cancel()
    seconds_until_idle(decoder)
    before = forward.tokens
    resumed = decoder.start([*LONG[:1000], *written, 9, 8, 7], GREEDY, 5, ())
    read_all(resumed)
    assert resumed.cached_tokens >= 1000 - 32
    assert forward.tokens - before <= 24 + 3 + 5 + 2 * 32


def test_close_raises_in_a_reader_that_waits_and_in_those_that_come_later(decoder, forward):
    forward.sleep_seconds = 0.2
    streams = [decoder.start(LONG, PRESET, 100, ()) for _ in range(3)]
    threading.Timer(0.1, decoder.close).start()
    for stream in streams:
        with pytest.raises(EngineError, match="unloaded"):
            stream.read(20.0)
    with pytest.raises(EngineError):
        streams[0].read(0.0)
    with pytest.raises(EngineError):
        decoder.start(PROMPT, PRESET, 10, ())
    seconds_until_idle(decoder)


def test_close_may_be_called_twice_and_before_any_request(decoder):
    decoder.close()
    decoder.close()
    assert decoder.live_requests() == 0


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (RuntimeError("the cable was pulled"), "the cable was pulled"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "ran out of memory"),
        (MemoryError(), "ran out of memory"),
    ],
    ids=["broken", "cuda memory", "host memory"],
)
def test_a_failing_model_is_told_to_every_reader_and_the_next_request_works(decoder, forward, error, sentence):
    expected = run(decoder)

    def seconds_until_told() -> float:
        stream = decoder.start(PROMPT, PRESET, 3000, ())
        assert stream.read(60.0) is not None
        forward.error = error
        start = time.monotonic()
        with pytest.raises(EngineError, match=sentence):
            while True:
                stream.read(5.0)
        seconds = time.monotonic() - start
        forward.error = None
        seconds_until_idle(decoder)
        assert run(decoder) == expected
        return seconds

    assert any(seconds_until_told() < 1.0 for _ in range(10))


@pytest.mark.parametrize("prompt", [[], [300], [5, -1]], ids=["empty", "unknown id", "negative id"])
def test_start_refuses_a_prompt_that_would_take_the_device_down(decoder, prompt):
    with pytest.raises(BadInput):
        decoder.start(prompt, PRESET, 10, ())
    assert decoder.live_requests() == 0


def test_both_decoders_write_the_same_tokens_when_greedy(model):
    batched, single = BatchedDecoder(model, context_tokens=4096, slots=2), SingleDecoder(model)
    try:
        assert run(batched, LONG[:700], new=60) == run(single, LONG[:700], new=60)
    finally:
        batched.close()
        single.close()


@pytest.mark.parametrize("moment", ["idle", "running"])
def test_the_interpreter_exits_quietly_with_decoders_that_nobody_closed(moment):
    script = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent.parent)!r})
import torch
torch.set_num_threads(1)
from model.batched import BatchedDecoder
from model.single import SingleDecoder
from tests.tiny_model import LONG, PRESET, tiny_model
decoders = [BatchedDecoder(tiny_model(), 4096), SingleDecoder(tiny_model())]
if {moment!r} == "running":
    streams = [decoder.start(LONG, PRESET, 900, ()) for decoder in decoders for _ in range(2)]
    streams[0].read(10.0)
print("done")
"""
    result = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=100)
    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")
