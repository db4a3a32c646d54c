import pytest
import torch

from evals.speed.bench import Bench, EngineAlone, Prompts
from evals.speed.demo_pattern import DemoPattern
from evals.speed.random_weights import random_weights_allowed, write_random_folder
from model.batched import BatchedDecoder
from model.catalog import find_model
from model.errors import EngineError
from model.loading import load_model
from tests.tiny_folder import TINY_SHAPE


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    folder = write_random_folder(tmp_path_factory.mktemp("bench") / "x", "qwq-32b", 2, **TINY_SHAPE)
    with random_weights_allowed(), pytest.MonkeyPatch.context() as patched:
        # Room for any model's work is asked for, although this one is small.
        patched.setattr("model.loading.free_device_bytes", lambda: 64 << 30)
        return load_model(
            find_model(str(folder)), precision="bf16", data_folder=folder, on_progress=lambda progress: None
        )


def test_prompts_have_the_length_asked_for_and_begin_like_no_other(loaded):
    prompts = Prompts(loaded.tokenizer)
    ids = [prompts.fresh_ids(tokens) for tokens in (16, 100, 3000, 100)]
    assert [len(one) for one in ids] == [16, 100, 3000, 100]
    assert len({tuple(one[:16]) for one in ids}) == 4


def test_engine_alone_hears_every_token_that_it_asked_for(loaded):
    decoder = BatchedDecoder(loaded.model, loaded.context_tokens, slots=2, cache_tokens=1024)
    try:
        heard = EngineAlone(Bench(decoder, Prompts(loaded.tokenizer))).ask("What is it?", 20)
    finally:
        decoder.close()
    assert (heard.tokens, heard.prompt_tokens) == (20, len("What is it?"))
    assert heard.arrivals[0][0] > heard.asked_at


def test_demo_pattern_hears_every_token_that_it_asked_for(loaded):
    heard = DemoPattern(loaded.model, loaded.tokenizer).ask("What is it?", 12)
    assert heard.tokens == pytest.approx(12)
    assert heard.prompt_tokens == len("What is it?")


def test_demo_pattern_raises_what_its_thread_died_of(loaded, monkeypatch):
    def out_of_memory(**_):
        raise torch.OutOfMemoryError("the card is full")

    monkeypatch.setattr(loaded.model, "generate", out_of_memory)
    with pytest.raises(EngineError, match="the card is full"):
        DemoPattern(loaded.model, loaded.tokenizer).ask("What is it?", 12)
