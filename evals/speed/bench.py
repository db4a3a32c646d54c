"""A decoder and a tokenizer in, prompts that it has never seen and requests that are timed out."""

import time
from collections.abc import Sequence
from typing import Any

from evals.speed.arrivals import Heard, now
from model.engine import Decoder, TokenStream
from model.events import Sampling

PRESET = Sampling(temperature=0.6, top_p=0.95, top_k=40)  # QwQ's
SUBJECTS = ("bread", "tides", "chess", "maps", "bees", "glass", "clocks", "rivers")


class Prompts:
    """Prompts of a length in tokens, none of which begins like another, so that nothing is cached by accident."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._asked = 0

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def fresh_ids(self, tokens: int) -> list[int]:
        """A prompt of exactly so many tokens that begins like no other."""
        self._asked += 1
        text = f"Question {self._asked}. "
        line = 0
        while len(ids := self.encode(text)) < tokens:
            subject = SUBJECTS[(self._asked + line) % len(SUBJECTS)]
            one = f"In year {line * 7 + self._asked}, a letter about {subject} said that {line} of them were lost. "
            text += one * (4 + max(0, tokens - len(ids)) // 100)
            line += 1
        return ids[:tokens]

    def fresh_text(self, tokens: int) -> str:
        """The same as text, for those that take no ids; read again it may be a few tokens more or less."""
        return str(self._tokenizer.decode(self.fresh_ids(tokens)))


class Bench:
    """A decoder, and prompts for it."""

    def __init__(self, decoder: Decoder, prompts: Prompts) -> None:
        self.decoder = decoder
        self.encode, self.fresh_prompt = prompts.encode, prompts.fresh_ids

    def start(self, prompt: Sequence[int], new_tokens: int) -> TokenStream:
        return self.decoder.start(prompt, PRESET, new_tokens, ())

    def first_token_seconds(self, prompt: Sequence[int], read_on: int = 0) -> tuple[float, list[int]]:
        """Seconds to the first token, and the first 1 + `read_on` tokens; then the request is cancelled."""
        began = time.perf_counter()
        stream = self.start(prompt, 1 + read_on + 64)
        seconds, written = 0.0, list[int]()
        while len(written) < 1 + read_on:
            tokens = stream.read(1.0)
            if tokens is not None:
                seconds = seconds or time.perf_counter() - began
                written += tokens.ids
        stream.cancel()
        return seconds, written[: 1 + read_on]

    def settle(self) -> None:
        while self.decoder.live_requests():
            time.sleep(0.005)


class EngineAlone:
    """A `Contender`: our decoder itself, without a page or a server."""

    name = "Workings, the engine alone"

    def __init__(self, bench: Bench, name: str = name) -> None:
        self._bench = bench
        self.name = name

    def ask(self, prompt: str, new_tokens: int) -> Heard:
        """As `Contender.ask`."""
        ids = self._bench.encode(prompt)
        asked_at, arrivals, is_over = now(), list[tuple[float, float]](), False
        stream = self._bench.start(ids, new_tokens)
        while not is_over:
            tokens = stream.read(1.0)
            if tokens is not None and tokens.ids:
                arrivals.append((now(), float(len(tokens.ids))))
            is_over = tokens is not None and tokens.finish is not None
        return Heard(asked_at, tuple(arrivals), len(ids))
