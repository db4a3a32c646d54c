"""Requests in, one at a time to the device, their tokens out: the queue that `single.SingleDecoder` stands on.

First come, first served; a request that is cancelled while it waits leaves at once. When the thread dies, its request
is told, and another thread goes on with those that wait.
"""

import contextvars
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from model.errors import AppError, EngineError
from model.events import Sampling
from model.restarts import STARTING_AGAIN, Restarts, has_failed
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
    """The queue in front of the device, and the threads that take from it: one, unless requests have processes.

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
        self._running: dict[threading.Thread, Job] = {}
        self._threads: list[threading.Thread] = []
        self._is_closed = False
        self._restarts = Restarts()
        # A sentence when something is wrong with it.
        self.trouble = ""
        for _ in range(slots):
            self._open_thread()

    def _open_thread(self) -> None:
        thread = threading.Thread(target=self._work_until_death, name="single-decoder", daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    @property
    def restarts(self) -> int:
        """How often its thread was started again."""
        return self._restarts.count

    def death(self) -> str | None:
        """The sentence for readers when nobody will push to them any more: of a dead thread it tells them itself."""
        return CLOSED if self._is_closed else None

    def add(self, job: Job) -> None:
        """Put a request at the end.

        Raises:
            EngineError: If the line was closed, or its thread has died too often.
        """
        with self._changed:
            self._check_alive()
            self._waiting.append(job)
            self._changed.notify_all()

    def _check_alive(self) -> None:
        """Under the lock: start the thread again where it had died too often and that is long past."""
        if self._is_closed:
            raise EngineError(CLOSED)
        if has_failed(self.trouble):
            if not self._restarts.may_try():
                self.trouble = self._restarts.sentence()
                raise EngineError(self.trouble)
            self.trouble = STARTING_AGAIN
            self._open_thread()

    def forget_cancelled(self) -> None:
        """Those that wait leave at once; the one that runs is left by `_run`, at its next sign of life."""
        with self._changed:
            self._waiting = deque(job for job in self._waiting if not job.inbox.is_cancelled)

    def live(self) -> int:
        """Requests that wait, and those that hold the device."""
        with self._changed:
            return len(self._waiting) + len(self._running)

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """Fail everything, end the threads, and give the model's memory back."""
        with self._changed:
            self._is_closed = True
            jobs = [*self._waiting, *self._running.values()]
            self._waiting.clear()
            self._changed.notify_all()
        for job in jobs:
            job.inbox.fail(CLOSED)
        for thread in self._threads:
            if threading.current_thread() is not thread:
                thread.join(timeout_seconds)
        self._release()

    def _work_until_death(self) -> None:
        """The thread: whatever ends it but `stop`, its request hears of it and another thread takes its place."""
        try:
            self._work()
        except BaseException as error:
            self._died(error)
            raise

    def _died(self, error: BaseException) -> None:
        # What ends a thread from outside says nothing to a user.
        sentence = failure_sentence(error if isinstance(error, Exception) else None)
        with self._changed:
            job = self._running.pop(threading.current_thread(), None)
            if self._is_closed:
                return
            self.trouble = STARTING_AGAIN
        if job is not None:
            job.inbox.fail(sentence, error)
        wait_seconds = self._restarts.died(sentence)
        if wait_seconds is None:
            self._give_up()
            return
        _log.warning("The device's thread died, another is started in %g s. %s", wait_seconds, sentence)
        timer = threading.Timer(wait_seconds, self._open_thread)
        timer.daemon = True
        timer.start()

    def _give_up(self) -> None:
        with self._changed:
            self.trouble = self._restarts.sentence()
            waiting = list(self._waiting)
            self._waiting.clear()
        _log.error("%s", self.trouble)
        for job in waiting:
            job.inbox.fail(self.trouble)

    def _work(self) -> None:
        with self._changed:
            self.trouble = ""
        this = threading.current_thread()
        while True:
            with self._changed:
                self._running.pop(this, None)
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if self._is_closed:
                    return
                self._running[this] = job = self._waiting.popleft()
            job.context.run(self._run, job)

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
