"""Token ids and a sampling in, tokens out as they come: one request at a time, by transformers' `generate()`.

For devices that continuous batching cannot serve: ZeroGPU workers, Apple's MPS, hybrid models. `generate_tokens` is the
part that runs where the device is (in a forked process on ZeroGPU); `SingleDecoder` queues requests in front of it.
"""

import contextvars
import queue
import secrets
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache, GenerationConfig
from transformers.generation import LogitsProcessorList, StoppingCriteriaList

from model.device_line import DeviceLine, Job, ScoringJob, TokenChunk
from model.engine import TokenStream
from model.events import Sampling
from model.gpu_time import Call, seconds_before_first_call
from model.scoring import Scores
from model.scoring_pass import ScoringPass
from model.token_inbox import TokenInbox, check_prompt

# On ZeroGPU a generator that is silent for longer than this freezes its host when it is closed.
HEARTBEAT_SECONDS = 0.1

# Prompts are read in pieces of this many tokens: a cancel takes effect between two of them (on one CPU core, after
# about half a second with a 135 M model).
_CHUNK_TOKENS = {"cpu": 256}
_OTHER_CHUNK_TOKENS = 512

# Nearly every nucleus lies within this many tokens, and finding them is 40 times cheaper than sorting a vocabulary.
_NUCLEUS_TOKENS = 256


TokenGenerator = Callable[..., Iterator[TokenChunk]]
ScoreGenerator = Callable[..., Iterator[tuple[int, Scores]]]
# Wraps either, as `spaces.GPU` does: what runs on the device is a generator whose arguments and yields pickle.
OnDevice = Callable[[Callable[..., Iterator[Any]]], Callable[..., Iterator[Any]]]

# A reader of scores looks this often whether the device's thread is still there.
_SCORE_POLL_SECONDS = 0.5


def likely_logits(logits: torch.Tensor, top_k: int, top_p: float) -> torch.Tensor:
    """The logits of one token with everything outside top-k and top-p at minus infinity.

    Leaves the tokens that transformers' `TopKLogitsWarper` and `TopPLogitsWarper` leave (but for ties at rank `top_k`),
    without sorting the whole vocabulary.

    Args:
        logits: Shape (vocabulary,), after the temperature.
        top_k: 0 for no limit; 1 is greedy.
        top_p: Share of the probability to keep; 1 for all of it.
    """
    vocabulary = logits.shape[-1]
    top_k = top_k if 0 < top_k < vocabulary else vocabulary
    if top_k == vocabulary and top_p >= 1.0:
        return logits
    width = _NUCLEUS_TOKENS if top_k == vocabulary > _NUCLEUS_TOKENS else top_k
    values, ids = torch.topk(logits, width)  # both (width,), the likeliest first
    share = torch.exp(values - torch.logsumexp(logits if top_k == vocabulary else values, -1))
    mass = torch.cumsum(share, -1)
    if width < top_k and float(mass[-1]) < top_p:
        values, ids = torch.sort(logits, descending=True)
        share = torch.softmax(values, -1)
        mass = torch.cumsum(share, -1)
    is_kept = mass - share < top_p if top_p < 1.0 else torch.ones_like(ids, dtype=torch.bool)
    is_kept[0] = True
    kept = torch.full_like(logits, -torch.inf)
    kept[ids[is_kept]] = values[is_kept]
    return kept


class _Sampler:
    """A logits processor: temperature, top-k and top-p, and the logprobs of the distribution that results."""

    def __init__(self, sampling: Sampling) -> None:
        temperature = 1.0 if sampling.temperature is None else sampling.temperature
        is_greedy = temperature <= 0.0
        self._temperature = 1.0 if is_greedy else temperature
        self._top_k = 1 if is_greedy else sampling.top_k or 0
        self._top_p = 1.0 if sampling.top_p is None else sampling.top_p
        # One entry a decode step; on MPS tokens arrive one step late, so one step's is not enough.
        self._logprobs: deque[torch.Tensor] = deque()

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        kept = likely_logits(scores[0] / self._temperature, self._top_k, self._top_p)
        self._logprobs.append(torch.log_softmax(kept, -1))
        return kept.unsqueeze(0)

    def logprob(self, token_id: int) -> float:
        """That of the token drawn in the oldest step not asked for yet."""
        return min(0.0, float(self._logprobs.popleft()[token_id]))


class _Streamer:
    """A `generate()` streamer that hands on each id with its logprob, and knows why the last one was the last."""

    def __init__(
        self, sampler: _Sampler, stop_ids: Sequence[int], max_new_tokens: int, send: Callable[[TokenChunk], None]
    ) -> None:
        self._sampler = sampler
        self._stop_ids = frozenset(stop_ids)
        self._left = max_new_tokens
        self._send = send
        self._is_prompt = True
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether the last token has come."""
        return self._is_over

    def put(self, value: torch.Tensor) -> None:
        if self._is_prompt:  # generate() puts the prompt first
            self._is_prompt = False
            return
        token_id = int(value.reshape(-1)[0])
        logprob = self._sampler.logprob(token_id)
        if self._is_over:
            return
        self._left -= 1
        if token_id in self._stop_ids:
            self._is_over = True
            self._send(TokenChunk([], [], -1, "stop"))
        else:
            self._is_over = self._left <= 0
            self._send(TokenChunk([token_id], [logprob], -1, "length" if self._is_over else None))

    def end(self) -> None:
        """Nothing to do: the last token has said that it was the last."""


@dataclass(slots=True)
class _Kept:
    """Keys and values of the last request, for the next one that begins alike.

    `chunked_tokens` of them were computed in whole chunks counted from the start, so that computing them again gives
    the same bits; the rest came out of single decode steps or odd pieces.
    """

    ids: list[int]
    cache: Any
    chunked_tokens: int


# By key, because on ZeroGPU the generator's arguments are pickled into a forked process and a model cannot be.
_MODELS: dict[str, Any] = {}
_KEPT: dict[str, _Kept] = {}


def generate_tokens(
    model_key: str,
    prompt_ids: list[int],
    sampling: Sampling,
    max_new_tokens: int,
    stop_ids: list[int],
    seed: int | None,
    call: Call | None = None,
) -> Iterator[TokenChunk]:
    """Decode one request; closing the generator ends it within one decode step or one prefill chunk.

    Yields at least every `HEARTBEAT_SECONDS`, empty chunks where there is nothing new. This is what `spaces.GPU` wraps:
    every argument and every chunk pickles. With a `call` it ends in time, with "call_over" if the request is not done.

    `model_key` is the name that a `SingleDecoder` of this process, or of the one it was forked from, gave its model.

    Raises:
        Exception: Whatever the model's thread died of.
    """
    arrived: queue.SimpleQueue[TokenChunk | BaseException] = queue.SimpleQueue()
    stop = threading.Event()
    end = _End(stop, call)

    def decode() -> None:
        try:
            with torch.inference_mode():
                _decode(model_key, prompt_ids, sampling, max_new_tokens, stop_ids, seed, arrived.put, end)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that asked
            arrived.put(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(decode,), daemon=True)
    thread.start()
    try:
        if call is not None:
            yield TokenChunk([], [], -1, None, spent_seconds=end.spent_seconds)
        finish = None
        while finish is None:
            try:
                item = arrived.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                yield TokenChunk([], [], -1, None)
                continue
            if isinstance(item, BaseException):
                raise item
            finish = item.finish
            yield item
    finally:
        stop.set()
        thread.join()


def generate_scores(
    model_key: str, ids: list[int], first: int, call: Call | None = None
) -> Iterator[tuple[int, Scores]]:
    """Score the tokens from number `first` on, a piece at a time: how many have been read, and the piece's scores.

    This is wrapped as `generate_tokens` is. With a `call` it ends in time, perhaps before the last token.

    Raises:
        EngineError: If the device fails.
    """
    end = _End(threading.Event(), call)
    reading = ScoringPass(_MODELS[model_key], ids, first)
    while not (reading.is_over or end.has_come()):
        part = reading.step()
        yield reading.read_tokens, part


def _run_scoring(score: ScoreGenerator, model_key: str, job: ScoringJob) -> Iterator[TokenChunk]:
    """Fill the job's parts; the chunks are signs of life, and the last one says that it is done."""
    pieces = score(model_key, job.prompt_ids, job.first)
    try:
        for read_tokens, part in pieces:
            job.parts.append(part)
            if job.on_progress is not None:
                job.on_progress(read_tokens)
            yield TokenChunk([], [], -1, None)
        yield TokenChunk([], [], -1, "stop")
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _decode(
    model_key: str,
    prompt_ids: list[int],
    sampling: Sampling,
    max_new_tokens: int,
    stop_ids: list[int],
    seed: int | None,
    send: Callable[[TokenChunk], None],
    end: "_End",
) -> None:
    """Runs in the model's own thread."""
    model = _MODELS[model_key]
    if end.is_stopped:
        return
    chunk = _CHUNK_TOKENS.get(model.device.type, _OTHER_CHUNK_TOKENS)
    kept = _KEPT.pop(model_key, None)  # back only when it is whole: a failure in mid-step leaves layers of two lengths
    if kept is None and _is_reusable(model):
        kept = _Kept([], DynamicCache(config=model.config), 0)
    cached_tokens = 0
    if kept is not None:
        cached_tokens = _cut_to_prompt(kept, prompt_ids, chunk, is_exact=seed is not None)
        if not _read_prompt(model, kept, prompt_ids, chunk, end):
            _KEPT[model_key] = kept
            if not end.is_stopped:
                send(TokenChunk([], [], -1, "call_over", end.random_state))
            return
    send(TokenChunk([], [], cached_tokens, None))
    # Without a seed the draw must differ from run to run, also after a run that had one.
    torch.manual_seed(secrets.randbits(32) if seed is None else seed)
    if end.random_state is not None:
        _set_random_state(model.device, end.random_state)
    sampler = _Sampler(sampling)
    streamer = _Streamer(sampler, stop_ids, max_new_tokens, send)
    input_ids = torch.tensor([prompt_ids], device=model.device)
    written = model.generate(
        input_ids,
        attention_mask=torch.ones_like(input_ids),
        past_key_values=None if kept is None else kept.cache,
        generation_config=_generation_config(model, max_new_tokens, stop_ids),
        logits_processor=LogitsProcessorList([sampler]),
        stopping_criteria=StoppingCriteriaList([_stop_when(end)]),
        streamer=streamer,
    )
    if kept is not None:
        kept.ids = written[0].tolist()[: kept.cache.get_seq_length()]
        _KEPT[model_key] = kept
    if not (streamer.is_over or end.is_stopped):
        send(TokenChunk([], [], -1, "call_over", _random_state(model.device)))


def _generation_config(model: Any, max_new_tokens: int, stop_ids: list[int]) -> Any:
    """Every field that the checkpoint's own generation_config could fill in otherwise is set: sampling is ours."""
    never = _vocabulary(model)  # an id that no draw can give
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=True,  # also when greedy: the sampler leaves one token then
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        typical_p=1.0,
        repetition_penalty=1.0,
        no_repeat_ngram_size=0,
        eos_token_id=list(stop_ids) or [never],
        pad_token_id=stop_ids[0] if stop_ids else 0,
    )


def _stop_when(end: "_End") -> Callable[..., torch.Tensor]:
    """A stopping criterion that ends generation when its end has come."""

    def is_stopped(input_ids: torch.Tensor, scores: object, **kwargs: object) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), end.has_come(), device=input_ids.device, dtype=torch.bool)

    return is_stopped


class _End:
    """When a stretch ends: when it is stopped, or when its call has taken its time."""

    def __init__(self, stop: threading.Event, call: Call | None) -> None:
        self._stop = stop
        self.spent_seconds = 0.0 if call is None else seconds_before_first_call()
        self.random_state = None if call is None else call.random_state
        left = float("inf") if call is None else call.work_seconds - self.spent_seconds
        self._at = time.monotonic() + left

    @property
    def is_stopped(self) -> bool:
        """Whether nobody wants any more of it."""
        return self._stop.is_set()

    def has_come(self) -> bool:
        """Whether the stretch is to end at this token."""
        return self._stop.is_set() or time.monotonic() >= self._at


def _random_state(device: torch.device) -> bytes:
    """The state of the generator that tokens are drawn with."""
    state = torch.cuda.get_rng_state(device) if device.type == "cuda" else torch.get_rng_state()
    return bytes(state.numpy().tobytes())


def _set_random_state(device: torch.device, state: bytes) -> None:
    numbers = torch.frombuffer(bytearray(state), dtype=torch.uint8)
    if device.type == "cuda":
        torch.cuda.set_rng_state(numbers, device)
    else:
        torch.set_rng_state(numbers)


def _is_reusable(model: Any) -> bool:
    """Whether keys and values can be cut back to a shorter prefix: full attention in every layer."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None) or []
    return all(kind == "full_attention" for kind in kinds) and (
        bool(kinds) or not getattr(config, "sliding_window", None)
    )


def _cut_to_prompt(kept: _Kept, prompt_ids: list[int], chunk: int, is_exact: bool) -> int:
    """Cut `kept` back to what it has in common with the prompt, and say how many tokens that is.

    `is_exact` keeps only whole chunks, so that a seeded run gives the same tokens with and without the cache.
    """
    limit = min(len(kept.ids), len(prompt_ids) - 1)  # the last token is read again, for its logits
    if is_exact:
        limit = min(limit, kept.chunked_tokens)
    common = next((i for i in range(limit) if kept.ids[i] != prompt_ids[i]), limit)
    if is_exact:
        common -= common % chunk
    if common < len(kept.ids):
        kept.cache.crop(common - len(kept.ids))
    kept.ids = kept.ids[:common]
    kept.chunked_tokens = min(kept.chunked_tokens, common - common % chunk)
    return common


def _read_prompt(model: Any, kept: _Kept, prompt_ids: list[int], chunk: int, end: _End) -> bool:
    """Read the prompt up to its last piece, which `generate()` reads; False when ended on the way."""
    only_last = {"logits_to_keep": 1} if model._supports_logits_to_keep() else {}
    start = len(kept.ids)
    while start < len(prompt_ids):
        if end.has_come():
            return False
        until = start - start % chunk + chunk
        if until >= len(prompt_ids):
            return True
        piece = torch.tensor([prompt_ids[start:until]], device=model.device)
        model(input_ids=piece, past_key_values=kept.cache, use_cache=True, **only_last)
        if start == kept.chunked_tokens:
            kept.chunked_tokens = until
        kept.ids, start = prompt_ids[:until], until
    return True


def _vocabulary(model: Any) -> int:
    return int(model.get_input_embeddings().num_embeddings)


class SingleDecoder:
    """A `Decoder` that serves one request at a time, first come, first served.

    A prompt that begins like the last one's does not have that part read again.

    Args:
        model: A transformers model with `generate()`, in evaluation mode, on its device.
        run_on_device: Wraps `generate_tokens` and `generate_scores`, as `spaces.GPU` does; called for each, here.
    """

    slots = 1
    honours_seed = True

    def __init__(self, model: Any, run_on_device: OnDevice | None = None) -> None:
        self._model_key = secrets.token_hex(8)
        _MODELS[self._model_key] = model
        self._vocabulary = _vocabulary(model)
        self._generate = generate_tokens if run_on_device is None else run_on_device(generate_tokens)
        self._score = generate_scores if run_on_device is None else run_on_device(generate_scores)
        self._open_line()

    def _runner(self) -> Callable[[Job], Iterator[TokenChunk]]:
        """What serves a request; it knows nothing of this decoder."""
        key, generate, score = self._model_key, self._generate, self._score

        def run(job: Job) -> Iterator[TokenChunk]:
            if isinstance(job, ScoringJob):
                return _run_scoring(score, key, job)
            return generate(key, job.prompt_ids, job.sampling, job.max_new_tokens, job.stop_ids, job.sampling.seed)

        return run

    def _open_line(self) -> None:
        """A line knows nothing of its decoder, so an abandoned decoder is collected and its line ended with it."""
        key = self._model_key

        def release() -> None:
            _MODELS.pop(key, None)
            _KEPT.pop(key, None)

        self._line = DeviceLine(self._runner(), release, self.slots)
        self._end = weakref.finalize(self, self._line.stop)  # also when the interpreter exits

    def start(
        self, prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, stop_ids: Sequence[int]
    ) -> TokenStream:
        """Queue a request.

        Raises:
            BadInput: If the prompt is empty or is not of this model's vocabulary.
            EngineError: If the decoder was closed.
        """
        return self._start(prompt_ids, sampling, max_new_tokens, stop_ids, None)

    def _start(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        max_new_tokens: int,
        stop_ids: Sequence[int],
        expected_tokens: int | None,
    ) -> TokenStream:
        check_prompt(prompt_ids, self._vocabulary)
        line = self._line
        inbox = TokenInbox(line.forget_cancelled, line.death)
        if max_new_tokens <= 0:
            inbox.push((), (), "length")
            return inbox
        context = contextvars.copy_context()
        job = Job(list(prompt_ids), sampling, max_new_tokens, list(stop_ids), inbox, context, expected_tokens)
        line.add(job)
        return inbox

    def score(self, ids: Sequence[int], first: int, on_progress: Callable[[int], None] | None = None) -> Scores:
        """What the model thinks of the tokens from number `first` on, when its turn in the line comes.

        See `model.engine.Decoder`.

        Raises:
            BadInput: If the ids are none or are not of this model's vocabulary.
            EngineError: If the decoder was closed, or the device fails.
        """
        check_prompt(ids, self._vocabulary)
        line = self._line
        inbox = TokenInbox(line.forget_cancelled, line.death)
        parts: list[Scores] = []
        context = contextvars.copy_context()
        line.add(ScoringJob(list(ids), Sampling(), 0, [], inbox, context, None, first, parts, on_progress))
        try:
            while inbox.read(_SCORE_POLL_SECONDS) is None:
                pass
        finally:
            inbox.cancel()
        return Scores.joined(parts)

    @property
    def trouble(self) -> str:
        """What is wrong with it, as a sentence; empty when nothing is."""
        return self._line.trouble

    @property
    def restarts(self) -> int:
        """How often its thread was started again."""
        return self._line.restarts

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        return self._line.live()

    def close(self) -> None:
        """Free the device; open streams raise `EngineError`."""
        self._end()
