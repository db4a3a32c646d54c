"""A step that runs out of memory: who fails, and that the others write what they write alone."""

import contextlib
from collections.abc import Iterator

import pytest
import torch

from model.batched import BatchedDecoder
from model.errors import EngineError
from tests.tiny_model import GREEDY, LONG, PROMPT, read_all, run, seconds_until_idle

OUT_OF_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 80 GiB in all.")


@pytest.fixture
def decoder(model):
    made = BatchedDecoder(model, context_tokens=4096, slots=4)
    yield made
    made.close()


@contextlib.contextmanager
def memory_for(model, most_tokens: int, after_steps: int = 0) -> Iterator[list[int]]:
    """The last layer of the model holds no more than so many tokens of a step: the layers before have written theirs."""
    steps: list[int] = []

    def before(module, args):
        steps.append(args[0].shape[1])
        if args[0].shape[1] > most_tokens and len(steps) > after_steps:
            raise OUT_OF_MEMORY

    hook = model.model.layers[-1].mlp.register_forward_pre_hook(before)
    try:
        yield steps
    finally:
        hook.remove()


def failure(stream) -> str:
    with pytest.raises(EngineError) as caught:
        read_all(stream)
    return str(caught.value)


def test_a_prompt_that_memory_does_not_hold_fails_with_advice_and_the_others_write_what_they_write_alone(
    decoder, model
):
    prompts = [[number, *PROMPT] for number in (1, 2)]
    alone = [run(decoder, prompt, new=200) for prompt in prompts]
    others = [decoder.start(prompt, GREEDY, 200, ()) for prompt in prompts]
    begun = [stream.read(60.0) for stream in others]
    with memory_for(model, most_tokens=120):
        sentence = failure(decoder.start(LONG, GREEDY, 5, ()))
        written = [read_all(stream) for stream in others]
    assert [(*tokens.ids, *ids) for tokens, (ids, _, _) in zip(begun, written, strict=True)] == [
        tuple(ids) for ids, _, _ in alone
    ]
    assert "reading this prompt of 3,000 tokens" in sentence
    assert all(way in sentence for way in ("fewer new tokens", "Shorten the chat", "int8 or nf4", "fewer runs"))
    assert decoder.restarts == 0


def test_a_prompt_that_fails_in_its_last_piece_leaves_nothing_behind(decoder, model):
    expected = run(decoder, LONG[:600], new=20)
    # Two pieces of 256 tokens fit, the third, of 88, does not.
    with memory_for(model, most_tokens=0, after_steps=2):
        failure(decoder.start([299, *LONG[:599]], GREEDY, 5, ()))
    seconds_until_idle(decoder)
    assert run(decoder, LONG[:600], new=20) == expected


def test_when_texts_that_grow_run_out_of_memory_the_longest_fails(decoder, model):
    expected = run(decoder, PROMPT, new=300)
    longest = decoder.start(LONG[:900], GREEDY, 3000, ())
    longest.read(60.0)
    short = decoder.start(PROMPT, GREEDY, 300, ())
    first = short.read(60.0)
    with memory_for(model, most_tokens=1):
        sentence = failure(longest)
        ids, _, finish = read_all(short)
    assert ([*first.ids, *ids], finish) == (expected[0], "length")
    assert "writing behind this prompt of 900 tokens" in sentence


def test_when_nothing_fits_all_are_told_and_the_thread_lives(decoder, model):
    with memory_for(model, most_tokens=0):
        for stream in [decoder.start([number, *PROMPT], GREEDY, 50, ()) for number in range(3)]:
            assert "ran out of memory" in failure(stream)
    seconds_until_idle(decoder)
    assert decoder.restarts == 0
    assert run(decoder)[2] == "length"


def test_requests_under_memory_that_fails_again_and_again_keep_the_blocks_in_order(decoder, model):
    """Prompts that are too long come between short ones, many times over; every short one is written as alone."""
    prompts = [[number, *PROMPT[: 40 + 7 * number]] for number in range(1, 9)]
    alone = [run(decoder, prompt, new=60) for prompt in prompts]
    with memory_for(model, most_tokens=150):
        streams = []
        for number, prompt in enumerate(prompts):
            streams.append(decoder.start(prompt, GREEDY, 60, ()))
            streams.append(decoder.start([number, *LONG[: 400 + number]], GREEDY, 5, ()))
        told = [failure(stream) for stream in streams[1::2]]
        written = [read_all(stream) for stream in streams[::2]]
    assert written == alone
    assert all("reading this prompt" in sentence for sentence in told)
