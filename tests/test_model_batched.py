"""What only the batched decoder promises: room, shared prefixes, blocks under pressure, 4-bit weights."""

import time

import pytest
import torch

from model.batched import BatchedDecoder
from model.errors import EngineError, PromptTooLong
from model.events import Sampling
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


@pytest.fixture
def make(model):
    made = []

    def make_decoder(**arguments):
        made.append(BatchedDecoder(model, **({"context_tokens": 4096, "slots": 4} | arguments)))
        return made[-1]

    yield make_decoder
    for decoder in made:
        decoder.close()


def test_start_refuses_a_prompt_that_fills_the_context(make):
    decoder = make(context_tokens=100)
    with pytest.raises(PromptTooLong, match="100 tokens"):
        decoder.start(PROMPT, GREEDY, 10, ())


def test_new_tokens_are_held_to_what_the_context_leaves(make):
    ids, _, finish = run(make(context_tokens=110), new=50)
    assert (len(ids), finish) == (10, "length")


def test_room_is_the_whole_cache_where_that_is_smaller_than_the_context(make):
    decoder = make(cache_tokens=256)
    assert decoder.room_tokens == 256
    ids, _, finish = run(decoder, new=4000)
    assert (len(ids), finish) == (156, "length")


def test_requests_that_together_need_more_than_the_cache_still_write_what_they_write_alone(make):
    prompts = [[i + 1, *PROMPT] for i in range(4)]
    roomy, tight = make(), make(cache_tokens=320)
    alone = [run(roomy, prompt, new=120) for prompt in prompts]
    streams = [tight.start(prompt, GREEDY, 120, ()) for prompt in prompts]
    assert [read_all(stream) for stream in streams] == alone
    seconds_until_idle(tight)


def test_k_samples_of_one_prompt_read_it_little_more_than_once(make, forward):
    decoder = make(slots=8)
    streams = [decoder.start(LONG[:1000], HOT, 8, ()) for _ in range(8)]
    written = [tuple(read_all(stream)[0]) for stream in streams]
    assert len(set(written)) > 1
    assert forward.tokens - 8 * 8 < 2 * 1000


def test_the_latest_conversation_stays_cached_when_older_ones_have_filled_the_cache(make, forward):
    decoder = make(cache_tokens=2048)
    for i in range(12):
        prompt = [i + 1, *LONG[:400]]
        run(decoder, prompt, new=2)
        stream = decoder.start([*prompt, 5, 6, 7], GREEDY, 2, ())
        read_all(stream)
        assert stream.cached_tokens >= 400 - 32, f"conversation {i}"


def test_decoding_of_one_goes_on_while_the_long_prompt_of_another_is_read(make, forward):
    decoder = make()
    short = decoder.start(PROMPT, PRESET, 2000, ())
    short.read(10.0)
    forward.sleep_seconds = 0.05
    long = decoder.start(LONG, PRESET, 1, ())
    written = 0
    while long.read(0.0) is None:
        tokens = short.read(0.1)
        written += len(tokens.ids) if tokens else 0
    assert written >= 8


def test_a_worker_that_dies_while_others_wait_tells_those_too(make, forward):
    decoder = make(slots=1)
    streams = [decoder.start(PROMPT, PRESET, 2000, ()) for _ in range(3)]
    streams[0].read(10.0)
    forward.error = RuntimeError("no more")
    for stream in streams:
        with pytest.raises(EngineError, match="no more"):
            while True:
                stream.read(1.0)
    assert decoder.live_requests() == 0


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_reader_is_told_within_a_second_when_the_thread_ends_without_a_word(make, forward):
    decoder = make()

    def seconds() -> float:
        stream = decoder.start(PROMPT, PRESET, 2000, ())
        stream.read(60.0)
        forward.error = SystemExit()
        start = time.monotonic()
        with pytest.raises(EngineError):
            while True:
                stream.read(5.0)
        told_after = time.monotonic() - start
        forward.error = None
        assert run(decoder, new=5)[2] == "length"
        return told_after

    # A machine that stands still for a moment does not do so in every try.
    assert any(seconds() < 1.5 for _ in range(10))


def test_the_cache_is_planned_smaller_after_memory_ran_out(make, forward):
    decoder = make(cache_tokens=1024)
    forward.error = torch.OutOfMemoryError("CUDA out of memory.")
    with pytest.raises(EngineError, match="memory"):
        run(decoder)
    forward.error = None
    run(decoder)
    assert decoder.room_tokens < 900


def test_a_cache_that_memory_does_not_hold_is_an_error_at_once(make):
    with pytest.raises(EngineError, match="memory"):
        make(cache_tokens=10**11)


def test_a_model_that_cannot_be_batched_is_an_error_at_once():
    other = tiny_model()
    other.config._attn_implementation = "flex_attention"
    with pytest.raises(EngineError, match="cannot be batched"):
        BatchedDecoder(other, context_tokens=1024)


def test_close_gives_the_models_attention_back(model):
    other = tiny_model()
    other.set_attn_implementation("eager")
    decoder = BatchedDecoder(other, context_tokens=1024)
    run(decoder, new=3)
    decoder.close()
    assert other.config._attn_implementation == "eager"


def test_an_abandoned_decoder_ends_its_thread():
    import gc
    import threading

    before = threading.active_count()
    BatchedDecoder(tiny_model(), context_tokens=1024)
    gc.collect()
    assert threading.active_count() == before


@pytest.mark.parametrize("tokens", [64], ids=["nf4"])
def test_a_model_in_nf4_is_batched_as_it_is(tokens, tmp_path):
    from transformers import BitsAndBytesConfig, Qwen2ForCausalLM

    tiny_model().to(torch.bfloat16).save_pretrained(tmp_path)
    nf4 = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    quantised = Qwen2ForCausalLM.from_pretrained(tmp_path, quantization_config=nf4, dtype=torch.bfloat16).eval()
    decoder = BatchedDecoder(quantised, context_tokens=1024, slots=2)
    try:
        streams = [decoder.start([i + 1, *PROMPT], Sampling(0.6, 0.95, 40), tokens, ()) for i in range(3)]
        assert [len(read_all(stream)[0]) for stream in streams] == [tokens] * 3
    finally:
        decoder.close()
