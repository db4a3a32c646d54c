"""Requests in, each in turn to llama.cpp's server, its tokens to its own reader out.

Those beyond the server's slots wait here. Those that ask for the same (the chains of one question) go there together,
so that their prompt is read once. When one of them is cancelled, the others are sent on, each by itself: what they have
read and written is still in the server's cache.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence

from model.errors import AppError, EngineError
from model.events import Sampling
from model.llamacpp_child import LlamaChild
from model.llamacpp_request import CacheFull, Exchange, Finish, body_of
from model.token_inbox import CLOSED, TokenInbox
from model.token_pieces import TokenPieces

_log = logging.getLogger(__name__)

# A longer prompt waits so long for others like it: they come from threads of their own, one after the other.
_SHARED_PROMPT_TOKENS = 64
_GATHER_SECONDS = 0.03
# A request counts with so many tokens more than it has.
_SOON_TOKENS = 512
# How often, and for how long, the server is asked whether it has let go of a request that was cancelled.
_RELEASE_POLL_SECONDS = 0.02
_RELEASE_SECONDS = 30.0
_ASK_SECONDS = 10.0


class Job:
    """A request with its reader."""

    def __init__(
        self,
        line: "Line",
        prompt_ids: Sequence[int],
        sampling: Sampling,
        new_tokens: int,
        stop_ids: Sequence[int],
    ) -> None:
        self.prompt_ids = list(prompt_ids)
        self.sampling = sampling
        self.new_tokens = new_tokens
        self.stop_ids = frozenset(stop_ids)
        self.inbox = TokenInbox(lambda: line.cancel(self), line.death)
        self.written: list[int] = []
        self.is_over = False
        # Set once the server had no room for it beside the others: it then starts only where all of it has room.
        self.needs_all = False
        self.exchange: Exchange | None = None
        shares = len(self.prompt_ids) >= _SHARED_PROMPT_TOKENS
        self.may_go_at = time.monotonic() + (_GATHER_SECONDS if shares else 0.0)

    def needed_tokens(self) -> int:
        """Keys and values that it may soon need; all of them for one that had no room before."""
        soon = self.new_tokens if self.needs_all else min(self.new_tokens, len(self.written) + _SOON_TOKENS)
        return len(self.prompt_ids) + soon

    def is_like(self, other: "Job") -> bool:
        """Whether both may go to the server as one: all but the seed is the same, and neither has begun."""
        return (
            not self.written
            and not other.written
            and len(self.prompt_ids) >= _SHARED_PROMPT_TOKENS
            and (self.new_tokens, self.stop_ids, _without_seed(self.sampling), self.prompt_ids)
            == (other.new_tokens, other.stop_ids, _without_seed(other.sampling), other.prompt_ids)
        )

    def take(self, ids: Sequence[int], logprobs: Sequence[float], finish: Finish) -> bool:
        """Hand tokens on to the reader; True when these are the last ones."""
        self.written += ids
        self.is_over = finish is not None
        if ids or finish:
            self.inbox.push(ids, logprobs, finish)
        return self.is_over


def _without_seed(sampling: Sampling) -> tuple[float | None, float | None, int | None]:
    return sampling.temperature, sampling.top_p, sampling.top_k


class Line:
    """Requests that run and that wait. Knows nothing of its decoder, so that an abandoned one is collected."""

    def __init__(self, child: LlamaChild, slots: int, cache_tokens: int, pieces: TokenPieces) -> None:
        self._child = child
        self._slots = slots
        self._cache_tokens = cache_tokens
        self._pieces = pieces
        self._lock = threading.Lock()
        self._waiting: deque[Job] = deque()
        self._running: list[Job] = []
        self._is_closed = False

    def death(self) -> str | None:
        """The sentence for readers when nobody will push to them any more."""
        return CLOSED if self._is_closed else None

    def add(self, job: Job) -> None:
        """Let it run, or wait until another one has ended.

        Raises:
            EngineError: If the line was closed.
        """
        with self._lock:
            if self._is_closed:
                raise EngineError(CLOSED)
            self._waiting.append(job)
        self._fill()

    def _fill(self) -> None:
        """Start what may start; once more when somebody has waited for others like it."""
        with self._lock:
            while self._waiting and len(self._running) < self._slots and not self._is_closed:
                if not self._has_room(self._waiting[0]):
                    return
                wait_seconds = self._waiting[0].may_go_at - time.monotonic()
                if wait_seconds > 0:
                    threading.Thread(target=self._fill_after, args=(wait_seconds,), daemon=True).start()
                    return
                jobs = self._next_jobs()
                self._running += jobs
                exchange = Exchange(self._child, self._body(jobs), jobs[0].stop_ids, self._pieces)
                for job in jobs:
                    job.exchange = exchange
                name = "llamacpp-request"
                threading.Thread(target=self._run, args=(jobs, exchange), name=name, daemon=True).start()

    def _has_room(self, job: Job) -> bool:
        """Whether the server can hold it beside those that run; with the lock held."""
        taken = sum(each.needed_tokens() for each in self._running)
        return not self._running or taken + job.needed_tokens() <= self._cache_tokens

    def _fill_after(self, seconds: float) -> None:
        time.sleep(seconds)
        self._fill()

    def _next_jobs(self) -> list[Job]:
        """The one that has waited longest, and those like it that there are slots for."""
        first = self._waiting.popleft()
        left = self._cache_tokens - sum(job.needed_tokens() for job in (*self._running, first))
        most = min(self._slots - len(self._running) - 1, left // first.needed_tokens())
        alike = [job for job in self._waiting if first.is_like(job)][: max(0, most)]
        for job in alike:
            self._waiting.remove(job)
        return [first, *alike]

    def _body(self, jobs: Sequence[Job]) -> dict[str, object]:
        first = jobs[0]
        ids = [*first.prompt_ids, *first.written]
        return body_of(ids, first.sampling, first.new_tokens - len(first.written), len(jobs))

    def cancel(self, job: Job) -> None:
        """A waiting one leaves at once; a running one when the server has let go of it."""
        with self._lock:
            if job in self._waiting:
                self._waiting.remove(job)
                return
        if job.exchange is not None:
            job.exchange.abort()

    def live(self) -> int:
        """Requests that wait, and those that the server has not let go of."""
        with self._lock:
            return len(self._waiting) + len(self._running)

    def _run(self, jobs: Sequence[Job], exchange: Exchange) -> None:
        """The thread of one request, or of a few alike."""
        try:
            self._pass_on(jobs, exchange)
        except CacheFull:
            for job in jobs:
                job.needs_all = True  # sent on below, when there is room
        except AppError as error:
            self._fail(jobs, str(error), error)
        except (OSError, ValueError, KeyError) as error:
            self._fail(jobs, self._broken(error), error)
        except Exception as error:  # noqa: BLE001  the thread's last resort: its readers must hear of it
            _log.exception("A request to llama.cpp's server failed.")
            self._fail(jobs, f"The engine failed in mid-run: {type(error).__name__}: {error}. Ask again.", error)
        finally:
            if exchange.was_aborted():
                self._await_release(jobs)
            with self._lock:
                self._running = [job for job in self._running if job not in jobs]
                self._send_on(jobs)
            self._fill()

    def _send_on(self, jobs: Sequence[Job]) -> None:
        """Those whose fellow was cancelled, or that had no room, before all others; with the lock held."""
        for job in reversed(jobs):
            if self._is_closed or job.is_over or job.inbox.is_cancelled:
                continue
            if len(job.written) >= job.new_tokens:
                job.take((), (), "length")
            else:
                self._waiting.appendleft(job)

    def _pass_on(self, jobs: Sequence[Job], exchange: Exchange) -> None:
        for index, written in exchange.run():
            job = jobs[index]
            if written.cached_tokens >= 0:
                # Those after the first get what the first has read.
                job.inbox.cached_tokens = len(job.prompt_ids) - 1 if index else written.cached_tokens
            if not job.take(written.ids, written.logprobs, written.finish):
                continue
            if written.ended_here:
                exchange.abort()  # the server would write on
            elif not all(each.is_over for each in jobs):
                with self._lock:
                    self._running = [each for each in self._running if each is not job]
                self._fill()

    def _fail(self, jobs: Sequence[Job], sentence: str, error: Exception) -> None:
        for job in jobs:
            job.is_over = True
            job.inbox.fail(sentence, error)

    def _broken(self, error: Exception) -> str:
        """The sentence for a reader whose connection broke."""
        time.sleep(_RELEASE_POLL_SECONDS)  # the process is reaped a moment after its sockets are gone
        why = self._child.death() or f"its server hung up ({type(error).__name__})"
        return f"llama.cpp ended in mid-run: {why}. It starts again with the next question."

    def _await_release(self, jobs: Sequence[Job]) -> None:
        """Until no more slots are busy than there are other requests, which is within a step."""
        deadline = time.monotonic() + _RELEASE_SECONDS
        while time.monotonic() < deadline and not self._is_closed and not self._child.death():
            with self._lock:
                others = sum(job not in jobs and not job.inbox.is_cancelled for job in self._running)
            try:
                slots = self._child.get("/slots", _ASK_SECONDS)
            except (OSError, ValueError, AppError):  # it has died, or takes long over a step
                continue
            if sum(bool(slot.get("is_processing")) for slot in slots) <= others:
                return
            time.sleep(_RELEASE_POLL_SECONDS)

    def close(self) -> None:
        """Fail everything and end the server."""
        with self._lock:
            self._is_closed = True
            jobs = [*self._waiting, *self._running]
            self._waiting.clear()
            self._running.clear()
        for job in jobs:
            job.inbox.fail(CLOSED)
            if job.exchange is not None:
                job.exchange.abort()
        self._child.close()
