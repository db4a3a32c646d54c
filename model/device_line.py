"""Requests in, one at a time to the device, their tokens out: the queue that `single.SingleDecoder` stands on.

First come, first served; a request that is cancelled while it waits leaves at once.
"""

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from model.errors import AppError
from model.events import Sampling
from model.scoring import Scores
from model.token_inbox import CLOSED, TokenInbox, failure_sentence

_log = logging.getLogger(__name__)


class TokenChunk(NamedTuple):
    """What comes from the device: new tokens, or nothing as a sign of life. Plain values, so that it pickles."""

    ids: list[int]
    logprobs: list[float]
    cached_tokens: int
    # "call_over": a call of a lent device ended, the request did not. "short": it has no time for what is asked.
    finish: Literal["stop", "length", "call_over", "short"] | None
    # The random numbers' state at the end of a call.
    random_state: bytes | None = None
    # How much of a call was over before its worker could begin.
    spent_seconds: float = 0.0
    # With "short", the tokens that there is time for.
    tokens_left: int = 0


@dataclass(slots=True)
class Job:
    """One request on its way to the device."""

    prompt_ids: list[int]
    sampling: Sampling
    max_new_tokens: int
    stop_ids: list[int]
    inbox: TokenInbox
    # The caller's: on ZeroGPU the visitor's quota token is a context variable of the page's handler.
    context: contextvars.Context
    # How many tokens are likely, where the device's time is asked for beforehand; None where nobody has said.
    expected_tokens: int | None = None


@dataclass(slots=True)
class ScoringJob(Job):
    """A request for scores, in the same line as those for tokens."""

    first: int = 1
    parts: list[Scores] = field(default_factory=list)
    on_progress: Callable[[int], None] | None = None


class DeviceLine:
    """The queue in front of the device, and the threads that take from it.

    Args:
        generate: Decodes one request; closing its iterator frees the device.
        release: Gives the model's memory back, once nothing uses it any more.
        slots: Requests at once; more than one only where each gets a process of its own.
    """

    def __init__(
        self, generate: Callable[[Job], Iterator[TokenChunk]], release: Callable[[], None], slots: int = 1
    ) -> None:
        self._generate = generate
        self._release = release
        self._changed = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._running: list[Job] = []
        self._is_closed = False
        self._threads = [threading.Thread(target=self._work, name="single-decoder", daemon=True) for _ in range(slots)]
        for thread in self._threads:
            thread.start()

    def is_alive(self) -> bool:
        """Whether it still takes requests."""
        return self._is_any_alive() and not self._is_closed

    def _is_any_alive(self) -> bool:
        return any(thread.is_alive() for thread in self._threads)

    def death(self) -> str | None:
        """The sentence for readers when nobody will push to them any more."""
        if self._is_closed:
            return CLOSED
        return None if self._is_any_alive() else failure_sentence(None)

    def add(self, job: Job) -> None:
        """Put a request at the end."""
        with self._changed:
            self._waiting.append(job)
            self._changed.notify_all()

    def forget_cancelled(self) -> None:
        """Those that wait leave at once; the one that runs is left by `_run`, at its next sign of life."""
        with self._changed:
            self._waiting = deque(job for job in self._waiting if not job.inbox.is_cancelled)

    def live(self) -> int:
        """Requests that wait, and those that hold the device."""
        with self._changed:
            return len(self._waiting) + (len(self._running) if self._is_any_alive() else 0)

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """Fail everything, end the threads, and give the model's memory back."""
        with self._changed:
            self._is_closed = True
            jobs = [*self._waiting, *self._running]
            self._waiting.clear()
            self._changed.notify_all()
        for job in jobs:
            job.inbox.fail(CLOSED)
        for thread in self._threads:
            if threading.current_thread() is not thread:
                thread.join(timeout_seconds)
        self._release()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                job = self._waiting.popleft()
                self._running.append(job)
            try:
                job.context.run(self._run, job)
            finally:
                with self._changed:
                    self._running.remove(job)

    def _run(self, job: Job) -> None:
        if job.inbox.is_cancelled:
            return
        chunks: Iterator[TokenChunk] | None = None
        try:
            chunks = self._generate(job)
            for chunk in chunks:
                if chunk.cached_tokens >= 0:
                    job.inbox.cached_tokens = chunk.cached_tokens
                if chunk.ids or chunk.finish:
                    assert chunk.finish != "call_over"
                    job.inbox.push(chunk.ids, chunk.logprobs, chunk.finish, chunk.tokens_left)
                if job.inbox.is_cancelled or self._is_closed:
                    return
        except AppError as error:
            job.inbox.fail(str(error), error)
        except Exception as error:  # noqa: BLE001 - torch, drivers and ZeroGPU raise what they like; it ends this run only
            _log.exception("The model failed in mid-run.")
            job.inbox.fail(failure_sentence(error), error)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
