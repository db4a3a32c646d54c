"""A loaded model in, the way most demos run one out: `generate` in a thread, a `TextIteratorStreamer`, one by one."""

import threading
from typing import Any

import torch
from transformers import TextIteratorStreamer

from evals.speed.arrivals import Heard, now, scaled
from evals.speed.bench import PRESET
from model.errors import EngineError


class DemoPattern:
    """A `Contender`. Whoever asks waits until those before are done, as behind a queue with one worker."""

    name = "TextIteratorStreamer, one at a time"

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._turn = threading.Lock()

    def ask(self, prompt: str, new_tokens: int) -> Heard:
        """As `Contender.ask`."""
        asked_at = now()
        with self._turn:
            inputs = self._tokenizer(prompt, add_special_tokens=False, return_tensors="pt").to(self._model.device)
            streamer = TextIteratorStreamer(self._tokenizer, skip_prompt=True, skip_special_tokens=True)
            died: list[BaseException] = []
            writer = threading.Thread(target=self._generate, args=(inputs, streamer, new_tokens, died), daemon=True)
            writer.start()
            times = [now() for piece in streamer if piece]
            writer.join()
        if died:
            raise EngineError(f"generate() failed: {died[0]}") from died[0]
        arrivals = scaled(times, new_tokens) if times else ()
        return Heard(asked_at, arrivals, int(inputs["input_ids"].shape[1]))

    def _generate(self, inputs: Any, streamer: Any, new_tokens: int, died: list[BaseException]) -> None:
        try:
            with torch.inference_mode():
                self._model.generate(
                    **inputs,
                    streamer=streamer,
                    do_sample=True,
                    temperature=PRESET.temperature,
                    top_p=PRESET.top_p,
                    top_k=PRESET.top_k,
                    max_new_tokens=new_tokens,
                    min_new_tokens=new_tokens,
                )
        except BaseException as error:  # noqa: BLE001  raised again in the thread that listens
            died.append(error)
            streamer.end()
