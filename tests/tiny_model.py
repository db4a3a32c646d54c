"""A tiny random model that can be counted, slowed down and broken, and ways to read a decoder: for the decoders' tests."""

import threading
import time

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from model.engine import Decoder, TokenStream
from model.events import Sampling

GREEDY = Sampling(temperature=0.0, top_p=0.95, top_k=40)
PRESET = Sampling(temperature=0.6, top_p=0.95, top_k=40)
HOT = Sampling(temperature=5.0, top_p=1.0, top_k=0)
PROMPT = [(7 * i) % 290 + 1 for i in range(100)]
LONG = [(11 * i) % 290 + 1 for i in range(3000)]


def tiny_model():
    torch.manual_seed(1)
    config = Qwen2Config(
        vocab_size=300,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        initializer_range=0.3,  # far apart logits, so that rounding never decides
        attn_implementation="sdpa",
    )
    return Qwen2ForCausalLM(config).eval()


class Forward:
    """Counts the tokens that go through the model, and can slow it down, hold it or break it."""

    def __init__(self, model):
        self.tokens = 0
        self.steps = 0
        self.sleep_seconds = 0.0
        self.error = None
        # The step from which on all wait until they may go on, and whether one does.
        self.model = model
        self.held_step: int | None = None
        self.is_held, self.may_go_on = threading.Event(), threading.Event()
        self._hook = model.register_forward_pre_hook(self._before, with_kwargs=True)

    def _before(self, module, args, kwargs):
        self.steps += 1
        self.tokens += kwargs["input_ids"].shape[-1]
        time.sleep(self.sleep_seconds)
        if self.held_step is not None and self.steps >= self.held_step:
            self.is_held.set()
            assert self.may_go_on.wait(120)
        if self.error is not None:
            raise self.error

    def remove(self):
        self._hook.remove()


def read_all(stream: TokenStream):
    ids: list[int] = []
    logprobs: list[float | None] = []
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        tokens = stream.read(1.0)
        if tokens is None:
            continue
        ids += tokens.ids
        logprobs += tokens.logprobs
        if tokens.finish:
            return ids, logprobs, tokens.finish
    raise AssertionError(f"no finish after 120 s and {len(ids)} tokens")


def run(decoder: Decoder, prompt=PROMPT, sampling=GREEDY, new=20, stop=()):
    return read_all(decoder.start(prompt, sampling, new, stop))


def seconds_until_idle(decoder, limit_seconds=60.0):
    start = time.monotonic()
    while decoder.live_requests():
        assert time.monotonic() - start < limit_seconds, "requests stay live"
        time.sleep(0.005)
    return time.monotonic() - start
