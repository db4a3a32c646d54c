"""Requests of a batch in, their tokens to their inboxes out: one thread of transformers' continuous batching.

The library's thread ends with any error. A step that runs out of memory is made again without its largest request
(`step_retry`); when the thread dies of something else, the requests of its last step are told, and the others can be
taken to the next one.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingTopKLogitsWarper,
    ContinuousBatchingTopPLogitsWarper,
)

from model.batch_requests import BatchRequest
from model.errors import EngineError
from model.events import Sampling
from model.mailroom import Mailroom
from model.single import likely_logits
from model.step_retry import StepRetry
from model.token_inbox import CLOSED, failure_sentence, is_out_of_memory

# Its warnings are about its own defaults and about requests that came after a stop; its errors stay visible.
logging.getLogger("ContinuousBatchingLogger").setLevel(logging.ERROR)

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


class BatchWorker:
    """One manager of the library with its thread. Knows nothing of its decoder, so that an abandoned decoder is
    collected and its worker ended with it.

    Args:
        vocabulary: Tokens that the model has rows for.
        on_death: Called in the thread that dies, last of all; not when it was told to stop.

    Raises:
        EngineError: If this model cannot be batched, or the memory does not hold the cache.
    """

    def __init__(
        self, model: Any, config: ContinuousBatchingConfig, vocabulary: int, on_death: Callable[[], None]
    ) -> None:
        self._mail = Mailroom()
        self._vocabulary = vocabulary
        self._on_death = on_death
        self._is_closed = False
        self._is_ready = False
        self._left_over: list[BatchRequest] = []
        self._cancelled: set[str] = set()
        self._next_id = itertools.count()
        try:
            self._manager = model.init_continuous_batching(
                generation_config=_generation_defaults(), continuous_batching_config=config
            )
        except ValueError as error:  # an attention implementation that cannot be batched
            raise EngineError(f"This model cannot be batched: {error}") from error
        self._manager.output_router = self._mail
        # What it holds when it dies is sorted in `_ended`, also when it ends without a word.
        self._manager._fail_all_remaining_requests = lambda *_: None
        self._loop = self._manager._run_generation_loop
        self._manager._run_generation_loop = self._run
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
        self._retry = StepRetry(self._manager, self._mail.fail, _empty_device_cache)
        self._is_ready = True

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
        """Whether a step did, or it died of that."""
        fatal = self._manager.background_thread_status.fatal_error
        return self._retry.has_run_out or is_out_of_memory(fatal)

    @property
    def cause(self) -> str:
        """The sentence for what it died of."""
        return failure_sentence(self._manager.background_thread_status.fatal_error)

    def death(self) -> str | None:
        """The sentence for readers when nobody will push to them any more: of a dead thread `_ended` tells them."""
        return CLOSED if self._is_closed else None

    # ------------------------------------------------------------------ in its thread

    def _run(self) -> None:
        try:
            self._loop()
        finally:
            self._ended()

    def _ended(self) -> None:
        """Tell the requests of the last step, and keep the others for whoever takes them."""
        if self._is_closed or not self._is_ready:
            return
        fatal = self._manager.background_thread_status.fatal_error
        if fatal is not None:
            fatal.__traceback__ = None  # its frames hold what the step had on the device
        told, left_over = self._retry.in_step(), []
        for request in self._mail.take_all():
            if request.request_id in told or not request.may_be_carried:
                request.inbox.fail(self.cause, fatal)
            else:
                request.carries += 1
                left_over.append(request)
        self._left_over = left_over
        self._on_death()

    # ------------------------------------------------------------------ for its decoder

    def take_left_over(self) -> list[BatchRequest]:
        """What it had not begun with, or did not work on, when it died: without a carrier from now on."""
        requests, self._left_over = self._left_over, []
        for request in requests:
            request.carrier = None
        return requests

    def submit(self, request: BatchRequest) -> bool:
        """Queue a request; False when the thread has just died."""
        request.request_id = f"run-{next(self._next_id)}"
        request.carrier = self
        self._mail.expect(request)
        accepted = self._manager.add_request(
            request.ids_to_read,
            request_id=request.request_id,
            max_new_tokens=request.tokens_left,
            streaming=True,
            eos_token_id=sorted(request.stop_ids),
            **_processor_arguments(request.sampling, self._vocabulary),
        )
        if accepted is None:
            request.carrier = None
            # Unless the dying thread has just kept it.
            return self._mail.forget(request.request_id) is None
        return True

    def cancel(self, request_id: str) -> None:
        """Free what the request holds within one decode step. Never blocks."""
        self._cancelled.add(request_id)
        self._mail.forget(request_id)
        self._manager.cancel_request(request_id)

    def live(self) -> int:
        """Open requests, and cancelled ones that the scheduler has not let go of yet."""
        if not self._manager.is_running():
            return len(self._left_over)
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
        for request in self.take_left_over():
            request.inbox.fail(CLOSED)
        is_own_thread = threading.current_thread() is self._manager._generation_thread
        self._manager.stop(block=not is_own_thread, timeout=timeout_seconds, hard_stop=True)
        if self._is_ready:
            self._retry.let_go()


def _empty_device_cache() -> None:
    device_module = torch.get_device_module()
    if hasattr(device_module, "empty_cache"):
        device_module.empty_cache()


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
