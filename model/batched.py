"""Token ids and a sampling in, tokens out as they come: many requests at once, by transformers' continuous batching.

One background thread decodes for everybody; it shares key/value blocks between prompts that begin alike, so that a
follow-up turn, an *answer now* or the k-th sample of a prompt reads little again. A thread that dies tells its readers,
and the next request gets a new one.
"""

import itertools
import logging
import math
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import psutil
import torch
from transformers import ContinuousBatchingConfig, GenerationConfig
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingTopKLogitsWarper,
    ContinuousBatchingTopPLogitsWarper,
)

from model.engine import TokenStream
from model.errors import EngineError
from model.events import Sampling
from model.mailroom import Mailroom
from model.scoring import Scores
from model.scoring_pass import ScoringPass, kv_bytes_per_token
from model.single import likely_logits
from model.token_inbox import CLOSED, TokenInbox, check_prompt, failure_sentence, is_out_of_memory

# Its warnings are about its own defaults and about requests that came after a stop; its errors stay visible.
logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)

# Requests decoded at once when the caller does not say.
_SLOTS = {"cpu": 8, "cuda": 32}

# Blocks of so many tokens are shared between requests, so up to that many less one are read again (the library's 256
# on a GPU, where its kernels want that and reading them takes no time).
_CPU_PAGE_TOKENS = 32

# Tokens of one step. A long prompt is read in pieces of this size, and between two of them a cancel takes effect and
# the others' decoding goes on: half a second for a 135 M model on one core, a quarter for a 32 B model on an H100.
_STEP_TOKENS = {"cpu": 256, "cuda": 2048}

# Share of the free memory of a CPU's machine that keys and values may take.
_CPU_CACHE_SHARE = 0.25

# After memory ran out, the next thread plans with this much less of it.
_SMALLER = 0.8

_READY_TIMEOUT_SECONDS = 120.0


class _TopK(ContinuousBatchingTopKLogitsWarper):  # type: ignore[misc]  # transformers is untyped here
    """The library's, without its sort of the vocabulary, which took two thirds of a step of eight on a CPU."""

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        rows = zip(scores, tensor_arg.tolist(), strict=False)
        return torch.stack([likely_logits(row, top_k, 1.0) for row, top_k in rows])


class _TopP(ContinuousBatchingTopPLogitsWarper):  # type: ignore[misc]
    """As `_TopK`."""

    def __call__(self, scores: torch.Tensor, tensor_arg: torch.Tensor) -> torch.Tensor:
        rows = zip(scores, tensor_arg.view(dtype=torch.float32).tolist(), strict=False)
        return torch.stack([likely_logits(row, 0, top_p) for row, top_p in rows])


class _Worker:
    """One manager of the library with its thread. Knows nothing of its decoder, so that an abandoned decoder is
    collected and its worker ended with it.
    """

    def __init__(self, model: Any, config: ContinuousBatchingConfig) -> None:
        self._mail = Mailroom()
        self._is_closed = False
        self._cancelled: set[str] = set()
        self._next_id = itertools.count()
        try:
            self._manager = model.init_continuous_batching(
                generation_config=_generation_defaults(), continuous_batching_config=config
            )
        except ValueError as error:  # an attention implementation that cannot be batched
            raise EngineError(f"This model cannot be batched: {error}") from error
        self._manager.output_router = self._mail
        if model.device.type == "cpu":
            _quicken(self._manager.logit_processor.logits_processor)
        # The library's thread is no daemon, but a daemon's child is one: the interpreter must be able to exit.
        starter = threading.Thread(target=self._manager.start, daemon=True)
        starter.start()
        starter.join()
        self._await_ready()
        cache = self._manager.batch_processor.cache
        self.capacity_tokens: int = cache.num_blocks * config.page_size
        _watch_prefix_matches(cache, self._mail)
        for allocator in cache.cache_allocators.values():
            _forget_oldest_first(allocator.ledger)

    def _await_ready(self) -> None:
        """The thread plans and takes the cache's memory first.

        Raises:
            EngineError: If it cannot, or cannot batch this model.
        """
        deadline = time.monotonic() + _READY_TIMEOUT_SECONDS
        while self._manager.batch_processor is None:
            error = self._manager.background_thread_status.fatal_error
            if error is not None or not self._manager.is_running() or time.monotonic() > deadline:
                self.stop()
                raise EngineError(failure_sentence(error)) from error
            time.sleep(0.002)

    def is_alive(self) -> bool:
        """Whether it still takes requests."""
        return not self._is_closed and self._manager.background_thread_status.can_accept_new_requests() is None

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether that is what it died of."""
        return is_out_of_memory(self._manager.background_thread_status.fatal_error)

    def death(self) -> str | None:
        """The sentence for readers when nobody will push to them any more."""
        if self._is_closed:
            return CLOSED
        if self._manager.is_running():
            return None
        return failure_sentence(self._manager.background_thread_status.fatal_error)

    def submit(
        self,
        prompt_ids: Sequence[int],
        sampling: Sampling,
        max_new_tokens: int,
        stop_ids: Sequence[int],
        vocabulary: int,
    ) -> TokenInbox | None:
        """Queue a request; None when the thread has just died."""
        request_id = f"run-{next(self._next_id)}"
        inbox = TokenInbox(lambda: self._cancel(request_id), self.death)
        self._mail.expect(request_id, inbox, stop_ids)
        accepted = self._manager.add_request(
            list(prompt_ids),
            request_id=request_id,
            max_new_tokens=max_new_tokens,
            streaming=True,
            eos_token_id=list(stop_ids),
            **_processor_arguments(sampling, vocabulary),
        )
        if accepted is None:
            self._mail.forget(request_id)
            return None
        return inbox

    def _cancel(self, request_id: str) -> None:
        self._cancelled.add(request_id)
        self._mail.forget(request_id)
        self._manager.cancel_request(request_id)

    def live(self) -> int:
        """Open requests, and cancelled ones that the scheduler has not let go of yet."""
        if not self._manager.is_running():
            return 0
        self._cancelled = {request_id for request_id in list(self._cancelled) if self._is_held(request_id)}
        return len(self._mail.open_ids()) + len(self._cancelled)

    def _is_held(self, request_id: str) -> bool:
        scheduler = self._manager.batch_processor.scheduler
        with self._manager.input_queue.mutex:
            is_queued = any(state.request_id == request_id for state in self._manager.input_queue.queue)
        return is_queued or request_id in scheduler.active_requests or request_id in scheduler.waiting_requests

    @contextmanager
    def pause(self) -> Iterator[None]:
        """The model to yourself, between two steps of the thread.

        Raises:
            EngineError: If the thread has ended.
        """
        with ExitStack() as paused:
            try:
                paused.enter_context(self._manager.pause())
            except RuntimeError as error:
                raise EngineError(self.death() or failure_sentence(error)) from error
            yield

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """Fail everything, end the thread, give the cache's memory back."""
        self._is_closed = True
        self._mail.fail_all(CLOSED)
        is_own_thread = threading.current_thread() is self._manager._generation_thread
        self._manager.stop(block=not is_own_thread, timeout=timeout_seconds, hard_stop=True)


def _generation_defaults() -> GenerationConfig:
    """QwQ's preset; with these values the library makes a processor for each, and every request sets its own."""
    return GenerationConfig(do_sample=True, temperature=0.6, top_k=40, top_p=0.95, eos_token_id=-1)


def _processor_arguments(sampling: Sampling, vocabulary: int) -> dict[str, Any]:
    """A sampling in the library's words, without its traps: its top-k of 0 is greedy, its temperature of 0 divides."""
    temperature = 1.0 if sampling.temperature is None else float(sampling.temperature)
    top_p = 1.0 if sampling.top_p is None else float(sampling.top_p)
    top_k = sampling.top_k or 0
    if temperature <= 0.0:
        # Both, because of ties: top-k keeps all that are as likely as the best, top-p of 0 keeps one.
        return {"temperature": 1.0, "top_k": 1, "top_p": 0.0}
    return {
        "temperature": temperature,
        "top_k": min(top_k, vocabulary) if top_k > 0 else vocabulary,
        "top_p": min(max(top_p, 0.0), 1.0),
    }


def _quicken(processors: Any) -> None:
    """Exchange the two processors that sort, in place."""
    for i, processor in enumerate(processors):
        if type(processor) is ContinuousBatchingTopKLogitsWarper:
            processors[i] = _TopK(processor)
        elif type(processor) is ContinuousBatchingTopPLogitsWarper:
            processors[i] = _TopP(processor)


def _watch_prefix_matches(cache: Any, mail: Mailroom) -> None:
    """Have the cache say what it found for each prompt; by itself it writes that only into a debug log."""
    search = cache.search_prefix_match

    def search_and_note(request_id: str, prompt_ids: list[int]) -> int:
        tokens = int(search(request_id, prompt_ids))
        mail.note_cached(request_id, tokens)
        return tokens

    cache.search_prefix_match = search_and_note


def _forget_oldest_first(ledger: Any) -> None:
    """Have the cache give up the older half of what it keeps of ended requests when it needs room.

    By itself it gives up everything as soon as it is 85 % full, and a follow-up turn or an *answer now* then reads its
    whole prompt again.
    """
    forget_all = ledger.evict_cached_blocks

    def forget_older_half() -> list[int]:
        blocks = list(ledger.cached_blocks)  # the longest unused first
        newer = blocks[(len(blocks) + 1) // 2 :]
        for block in newer:
            del ledger.cached_blocks[block]
        forgotten: list[int] = forget_all()
        ledger.cached_blocks.update(dict.fromkeys(newer))
        return forgotten

    ledger.evict_cached_blocks = forget_older_half


class BatchedDecoder:
    """A `Decoder` for many requests at once.

    Args:
        model: A transformers model on its device, with full attention in every layer.
        context_tokens: Longest prompt plus new tokens of one request.
        slots: Requests decoded at once, further ones wait; 0 chooses by the device.
        cache_tokens: Tokens, of all requests together, to keep keys and values of. `None`: on a CPU `slots` times the
            context, but no more than a quarter of the free memory; on a GPU what the library finds free.

    Raises:
        EngineError: If this model cannot be batched, or the memory does not hold the cache.
    """

    # The draws of all requests come from one generator, and a batch's size changes the rounding besides.
    honours_seed = False

    def __init__(self, model: Any, context_tokens: int, slots: int = 0, cache_tokens: int | None = None) -> None:
        self._model = model
        self._context_tokens = context_tokens
        self._slots = slots or _SLOTS.get(model.device.type, _SLOTS["cpu"])
        self._cache_tokens = cache_tokens
        self._memory_share = 1.0
        self._vocabulary = int(model.get_input_embeddings().num_embeddings)
        self._lock = threading.Lock()
        # One pass at a time: each holds keys and values of its own beside the cache.
        self._scoring = threading.Lock()
        self._is_closed = False
        self._open_worker()

    def _open_worker(self) -> None:
        self._worker = _Worker(self._model, self._config())
        self._end = weakref.finalize(self, self._worker.stop)  # also when the interpreter exits

    def _config(self) -> ContinuousBatchingConfig:
        """On a GPU all but the size of a step, and what is said below, is the library's own choice."""
        is_cpu = self._model.device.type == "cpu"
        config = ContinuousBatchingConfig(
            per_request_processors=True,
            return_logprobs=True,
            max_requests_per_batch=self._slots,
            max_batch_tokens=self.step_tokens,
            # With it on (transformers 5.23), a request that is cancelled while its step is in flight takes the thread
            # down when that step completes a block: its block table is gone by then.
            use_async_batching=False,
            # Left alone, its seed is drawn from torch's generator: the same one after every start of the program.
            seed=secrets.randbits(32),
        )
        if is_cpu:
            config.page_size = _CPU_PAGE_TOKENS
            config.max_memory_percent = 0.9
        else:
            # Flash attention's fast decode path reads blocks where they lie, but only for requests of so many; the
            # library's 32 blocks are 8,192 tokens. Without flash attention the library sets it to 0 again.
            blocks = math.ceil(self._context_tokens / config.page_size) + 1
            config.max_blocks_per_request = blocks + blocks % 2
        cache_tokens = self._cache_tokens
        if cache_tokens is None and is_cpu:
            free = psutil.virtual_memory().available * _CPU_CACHE_SHARE
            cache_tokens = min(self._slots * self._context_tokens, int(free / kv_bytes_per_token(self._model)))
        if cache_tokens is not None:
            config.num_blocks = max(4, math.ceil(cache_tokens * self._memory_share / config.page_size))
        elif self._memory_share < 1.0:
            config.max_memory_percent = 0.8 * self._memory_share
        return config

    @property
    def slots(self) -> int:
        """How many requests it decodes at once."""
        return self._slots

    @property
    def room_tokens(self) -> int:
        """Longest prompt plus new tokens: the context, or all of the cache where that is smaller."""
        return min(self._context_tokens, self._worker.capacity_tokens)

    @property
    def cache_tokens(self) -> int:
        """Tokens, of all requests together, that it holds keys and values of."""
        return self._worker.capacity_tokens

    @property
    def step_tokens(self) -> int:
        """Tokens that go through the model in one step, those of prompts that are read meanwhile included."""
        return max(_STEP_TOKENS.get(self._model.device.type, _STEP_TOKENS["cuda"]), self._slots)

    def start(
        self, prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, stop_ids: Sequence[int]
    ) -> TokenStream:
        """Queue a request; its new tokens are held to what `room_tokens` leaves beside the prompt.

        Raises:
            BadInput: If the prompt is empty or is not of this model's vocabulary.
            PromptTooLong: If the prompt leaves no room for a new token.
            EngineError: If the decoder was closed, or cannot get its memory back after a failure.
        """
        with self._lock:
            self._revive()
            check_prompt(prompt_ids, self._vocabulary, self.room_tokens)
            new_tokens = min(max_new_tokens, self.room_tokens - len(prompt_ids))
            if new_tokens <= 0:
                inbox = TokenInbox(lambda: None, lambda: None)
                inbox.push((), (), "length")
                return inbox
            for _ in range(2):
                stream = self._worker.submit(prompt_ids, sampling, new_tokens, stop_ids, self._vocabulary)
                if stream is not None:
                    return stream
                self._revive()
        raise EngineError("The engine's thread died twice while it took this request. Load the model again.")

    def score(self, ids: Sequence[int], first: int, on_progress: Callable[[int], None] | None = None) -> Scores:
        """What the model thinks of the tokens from number `first` on; see `model.engine.Decoder`.

        The thread of the batch is paused for each piece, so nothing else uses the model meanwhile. While requests are
        open they get as much time as the pieces take.

        Raises:
            BadInput: If the ids are none or are not of this model's vocabulary.
            EngineError: If the decoder was closed, or the device fails.
        """
        check_prompt(ids, self._vocabulary)
        with self._scoring:
            reading = ScoringPass(self._model, ids, first)
            parts: list[Scores] = []
            while not reading.is_over:
                with self._lock:
                    self._revive()
                    worker = self._worker
                with worker.pause():
                    began = time.monotonic()
                    parts.append(reading.step())
                if on_progress is not None:
                    on_progress(reading.read_tokens)
                if worker.live():
                    time.sleep(time.monotonic() - began)
        return Scores.joined(parts)

    def _revive(self) -> None:
        """Exchange a worker that has died."""
        if self._is_closed:
            raise EngineError(CLOSED)
        if self._worker.is_alive():
            return
        if self._worker.ran_out_of_memory:
            self._memory_share *= _SMALLER
        self._end()
        self._open_worker()

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        return self._worker.live()

    def close(self) -> None:
        """Free the device; open streams raise `EngineError`."""
        with self._lock:
            self._is_closed = True
            self._end()
