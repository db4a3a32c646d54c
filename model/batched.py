"""Token ids and a sampling in, tokens out as they come: many requests at once, by transformers' continuous batching.

One background thread (`batch_worker`) decodes for everybody; it shares key/value blocks between prompts that begin
alike, so that a follow-up turn, an *answer now* or the k-th sample of a prompt reads little again. A thread that dies
tells those it was working for; another one is started by itself (`restarts`) and goes on with the others.
"""

import logging
import math
import secrets
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import psutil
from transformers import ContinuousBatchingConfig

from model.batch_requests import BatchRequest
from model.batch_worker import BatchWorker
from model.engine import TokenStream
from model.errors import EngineError
from model.events import Sampling
from model.restarts import STARTING_AGAIN, Restarts
from model.scoring import Scores
from model.scoring_pass import ScoringPass, kv_bytes_per_token
from model.token_inbox import CLOSED, TokenInbox, check_prompt

_log = logging.getLogger(__name__)

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

# After memory ran out, the next thread plans with this much less of it, down to a share.
_SMALLER, _SMALLEST_SHARE = 0.8, 0.4

# How often whoever waits for a restart looks whether the decoder was closed.
_POLL_SECONDS = 0.1


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
        self._lock = threading.RLock()
        # One pass at a time: each holds keys and values of its own beside the cache.
        self._scoring = threading.Lock()
        self._closing = threading.Event()
        self._restarts = Restarts()
        self._is_restarting = False
        # A sentence when something is wrong with it.
        self._trouble = ""
        # Requests that wait for the next thread.
        self._waiting: list[BatchRequest] = []
        self._open_worker()

    def _open_worker(self) -> None:
        end = weakref.WeakMethod(self._begin_restart)

        def on_death() -> None:
            begin_restart = end()
            if begin_restart is not None:
                begin_restart()

        self._worker = BatchWorker(self._model, self._config(), self._vocabulary, on_death)
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
            EngineError: If the decoder was closed, or has died too often.
        """
        with self._lock:
            self._check_open()
            self._shrink_if_idle()
            check_prompt(prompt_ids, self._vocabulary, self.room_tokens)
            new_tokens = min(max_new_tokens, self.room_tokens - len(prompt_ids))
            if new_tokens <= 0:
                inbox = TokenInbox(lambda: None, lambda: None)
                inbox.push((), (), "length")
                return inbox
            request = BatchRequest(tuple(prompt_ids), sampling, new_tokens, frozenset(stop_ids))
            self._submit(request)
            return request.inbox

    def _submit(self, request: BatchRequest) -> None:
        """Under the lock. What comes while there is no thread waits for the next one."""
        if self._is_restarting or not (self._worker.is_alive() and self._worker.submit(request)):
            self._waiting.append(request)

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
                worker = self._worker_alive()
                with worker.pause():
                    began = time.monotonic()
                    parts.append(reading.step())
                if on_progress is not None:
                    on_progress(reading.read_tokens)
                if worker.live():
                    time.sleep(time.monotonic() - began)
        return Scores.joined(parts)

    # ------------------------------------------------------------------ deaths and restarts

    @property
    def trouble(self) -> str:
        """What is wrong with it, as a sentence; empty when nothing is."""
        return self._trouble

    @property
    def restarts(self) -> int:
        """How often its thread was started again."""
        return self._restarts.count

    def _check_open(self) -> None:
        """Under the lock.

        Raises:
            EngineError: If the decoder was closed, or has died too often.
        """
        if self._closing.is_set():
            raise EngineError(CLOSED)
        if self._trouble and not self._is_restarting:
            if not self._restarts.may_try():
                self._trouble = self._restarts.sentence()
                raise EngineError(self._trouble)
            self._begin_restart()

    def _begin_restart(self) -> None:
        """In any thread, the one that dies included: it waits for nothing."""
        threading.Thread(target=self._restart, args=(self._worker,), name="engine-restart", daemon=True).start()

    def _restart(self, dead: BatchWorker) -> None:
        """Start another thread in the place of a dead one, with what that one left over."""
        with self._lock:
            if self._closing.is_set() or self._worker is not dead or self._is_restarting:
                return
            self._is_restarting = True
            self._trouble = STARTING_AGAIN
            self._waiting += dead.take_left_over()
        cause = dead.cause
        while (wait_seconds := self._restarts.died(cause)) is not None:
            _log.warning("The engine's thread died, another is started in %g s. %s", wait_seconds, cause)
            if self._closing.wait(wait_seconds):
                return
            try:
                with self._lock:
                    self._exchange_worker()
            except EngineError as error:
                cause = str(error)
                continue
            return
        with self._lock:
            self._is_restarting, self._trouble = False, self._restarts.sentence()
            waiting, self._waiting = self._waiting, []
        _log.error("%s", self._trouble)
        for request in waiting:
            request.inbox.fail(self._trouble)

    def _exchange_worker(self) -> None:
        """Under the lock: a new thread, and to it all that waits.

        Raises:
            EngineError: If there is no starting one; what waits goes on waiting.
        """
        if self._closing.is_set():
            return
        if self._worker.ran_out_of_memory:
            self._memory_share = max(self._memory_share * _SMALLER, _SMALLEST_SHARE)
        self._end()
        self._open_worker()
        self._is_restarting, self._trouble = False, ""
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            if not request.inbox.is_cancelled:
                self._submit(request)

    def _shrink_if_idle(self) -> None:
        """Under the lock: plan with less memory after it ran out, once nobody has anything in the cache."""
        if self._is_restarting or not self._worker.is_alive():
            return
        if self._worker.ran_out_of_memory and not self._worker.live():
            try:
                self._exchange_worker()
            except EngineError:
                self._begin_restart()

    def _worker_alive(self) -> BatchWorker:
        """The thread, after a restart that is under way.

        Raises:
            EngineError: If the decoder was closed, or has died too often.
        """
        while True:
            with self._lock:
                self._check_open()
                if not self._is_restarting and self._worker.is_alive():
                    return self._worker
            time.sleep(_POLL_SECONDS)

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        return self._worker.live() + sum(not request.inbox.is_cancelled for request in list(self._waiting))

    def close(self) -> None:
        """Free the device; open streams raise `EngineError`."""
        self._closing.set()
        with self._lock:
            self._end()
            waiting, self._waiting = self._waiting, []
        for request in waiting:
            request.inbox.fail(CLOSED)
