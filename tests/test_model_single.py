"""What only the single decoder promises: order, seeds, a forked device, exact reuse; and that its sampling is the library's."""

import contextvars
import multiprocessing
import pickle
import time

import pytest
import torch
from transformers import LogitsProcessorList, TopKLogitsWarper, TopPLogitsWarper

from model.device_line import TokenChunk
from model.errors import EngineError
from model.events import Sampling
from model.single import SingleDecoder, likely_logits
from tests.tiny_model import (
    GREEDY,
    HOT,
    LONG,
    PRESET,
    PROMPT,
    read_all,
    run,
    seconds_until_idle,
    tiny_model,
)

visitor: contextvars.ContextVar[str] = contextvars.ContextVar("visitor", default="nobody")


@pytest.fixture
def decoder(model):
    made = SingleDecoder(model)
    yield made
    made.close()


def run_in_fork(generate):
    """What `spaces.GPU` does: the generator runs in a forked process, arguments and yields are pickled."""

    def send(pipe, pickled):
        try:
            for chunk in generate(*pickle.loads(pickled)):
                pipe.send(chunk)
            pipe.send(None)
        except Exception as error:  # noqa: BLE001 - raised again on the other side
            pipe.send(error)

    def wrapped(*arguments):
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=send, args=(theirs, pickle.dumps(arguments)))
        process.start()
        theirs.close()
        try:
            while (item := ours.recv()) is not None:
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            process.terminate()
            process.join()
            ours.close()

    return wrapped


@pytest.fixture
def forked(model):
    made = SingleDecoder(model, run_on_device=run_in_fork)
    yield made
    made.close()


fork_warning = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def test_requests_are_served_in_the_order_they_came(decoder, forward):
    forward.sleep_seconds = 0.005
    streams = [decoder.start([i + 1, *PROMPT], GREEDY, 10, ()) for i in range(4)]
    ended: list[int] = []
    while len(ended) < 4:
        ended += [i for i, s in enumerate(streams) if i not in ended and (t := s.read(0.0)) and t.finish]
        time.sleep(0.002)
    assert ended == [0, 1, 2, 3]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_seeded_run_is_repeated_to_the_bit_with_and_without_the_cache(dtype):
    model = tiny_model().to(dtype)
    seeded = Sampling(temperature=3.0, top_p=0.98, top_k=0, seed=7)
    decoder = SingleDecoder(model)
    try:
        cold = run(decoder, LONG[:900], seeded, new=40)
        warm = run(decoder, LONG[:900], seeded, new=40)
        run(decoder, [*LONG[:600], 1, 2, 3], HOT, new=7)
        after_another = run(decoder, LONG[:900], seeded, new=40)
        stream = decoder.start(LONG[:900], seeded, 1, ())
        read_all(stream)
    finally:
        decoder.close()
    assert cold == warm == after_another
    assert stream.cached_tokens == 768  # whole pieces of 256 are reused all the same


def test_cached_tokens_is_exactly_what_the_prompts_have_in_common(decoder):
    run(decoder, LONG[:500], new=1)
    stream = decoder.start([*LONG[:333], 1, 2, 3], GREEDY, 1, ())
    read_all(stream)
    assert stream.cached_tokens == 333


def test_a_prompt_cut_short_by_a_cancel_is_reused_as_far_as_it_was_read(decoder, forward):
    forward.sleep_seconds, forward.held_step = 0.1, 3
    stream = decoder.start(LONG, PRESET, 10, ())
    assert forward.is_held.wait(60)
    stream.cancel()
    forward.may_go_on.set()
    seconds_until_idle(decoder)
    forward.sleep_seconds = 0.0
    again = decoder.start(LONG, GREEDY, 3, ())
    assert read_all(again)[2] == "length"
    # Three pieces were read, and those that were on their way when the device heard of the cancel.
    assert again.cached_tokens % 256 == 0 and 256 * 3 <= again.cached_tokens <= 256 * 6


def test_the_checkpoints_own_generation_config_does_not_reach_the_draw(model, decoder):
    expected = run(decoder)
    try:
        model.generation_config.update(repetition_penalty=5.0, temperature=9.0, top_k=2, eos_token_id=expected[0][1])
        assert run(decoder) == expected
    finally:
        model.generation_config.update(repetition_penalty=None, temperature=None, top_k=None, eos_token_id=None)


@fork_warning
def test_a_forked_device_gives_the_same_tokens(forked, decoder):
    stop = run(decoder, new=20)[0][7]
    for arguments in ({"new": 30}, {"new": 30, "stop": (stop,)}, {"sampling": Sampling(3.0, 0.98, 0, seed=3)}):
        expected = run(decoder, **arguments)
        seconds_until_idle(decoder)  # so that nothing is forked in the middle of a step
        assert run(forked, **arguments) == expected
    seconds_until_idle(forked)


@fork_warning
def test_a_forked_device_is_freed_by_a_cancel_in_mid_prompt(forked, forward):
    forward.sleep_seconds = 0.5

    def seconds() -> float:
        stream = forked.start(LONG, PRESET, 100, ())
        time.sleep(0.3)
        assert forked.live_requests() == 1
        stream.cancel()
        return seconds_until_idle(forked)

    # A machine that stands still for a moment does not do so in every try.
    assert any(seconds() < 0.5 for _ in range(10))
    assert not multiprocessing.active_children()


@fork_warning
def test_an_error_in_a_forked_device_reaches_the_reader(forked, forward):
    forward.error = RuntimeError("quota used up")
    with pytest.raises(EngineError, match="quota used up"):
        run(forked)
    forward.error = None
    assert run(forked, new=3)[2] == "length"


def test_the_wrapped_generator_runs_in_the_context_of_the_one_who_asked(model):
    seen = []

    def note_visitor(generate):
        def wrapped(*arguments):
            seen.append(visitor.get())
            yield from generate(*arguments)

        return wrapped

    decoder = SingleDecoder(model, run_on_device=note_visitor)
    try:
        for name in ("ada", "blaise"):
            token = visitor.set(name)
            stream = decoder.start(PROMPT, GREEDY, 2, ())
            visitor.reset(token)
            read_all(stream)
    finally:
        decoder.close()
    assert seen == ["ada", "blaise"]


def test_the_device_gives_a_sign_of_life_while_a_long_prompt_is_read(model, forward):
    forward.sleep_seconds = 0.5
    gaps: list[float] = []

    def time_yields(generate):
        def wrapped(*arguments):
            last = time.monotonic()
            for chunk in generate(*arguments):
                gaps.append(time.monotonic() - last)
                yield chunk
                last = time.monotonic()

        return wrapped

    def longest_gap() -> float:
        gaps.clear()
        decoder = SingleDecoder(model, run_on_device=time_yields)
        try:
            run(decoder, LONG[:600], new=2)
        finally:
            decoder.close()
        assert len(gaps) > 8
        return max(gaps)

    # A machine that stands still for a moment does not do so in every try.
    assert any(longest_gap() < 0.4 for _ in range(10))


def test_a_chunk_pickles():
    chunk = TokenChunk([1], [-0.5], 3, "stop")
    assert pickle.loads(pickle.dumps(chunk)) == chunk


@pytest.mark.parametrize("vocabulary", [50, 2000])
@pytest.mark.parametrize("top_k", [0, 1, 40, 400])
@pytest.mark.parametrize("top_p", [0.3, 0.95, 1.0])
@pytest.mark.parametrize("spread", [0.1, 1.0, 8.0])
def test_likely_logits_leaves_the_tokens_that_the_librarys_warpers_leave(vocabulary, top_k, top_p, spread):
    logits = torch.randn(vocabulary, generator=torch.Generator().manual_seed(vocabulary + top_k)) * spread
    warpers = LogitsProcessorList()
    if top_k:
        warpers.append(TopKLogitsWarper(min(top_k, vocabulary)))
    if top_p < 1.0:
        warpers.append(TopPLogitsWarper(top_p))
    expected = warpers(torch.zeros(1, 1, dtype=torch.long), logits[None].clone())[0]
    assert torch.equal(likely_logits(logits, top_k, top_p), expected)
