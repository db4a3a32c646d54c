"""Token ids and a sampling in, tokens out as they come: many requests at once, by llama.cpp's server in a child.

The server batches what is open and keeps keys and values of prompts that begin alike. Requests beyond its slots wait
here, so that a cancel of one of them has nothing to undo. A server that dies tells its readers, and the next request
gets a new one.
"""

import logging
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence

from model.engine import TokenStream
from model.errors import AppError, EngineError
from model.events import Sampling
from model.llamacpp_child import LlamaChild
from model.llamacpp_request import Exchange, body_of
from model.llamacpp_scores import forced_scores
from model.scoring import Scores
from model.token_inbox import CLOSED, TokenInbox, check_prompt
from model.token_pieces import TokenPieces

_log = logging.getLogger(__name__)

# How often, and for how long, the server is asked whether it has let go of a request that was cancelled.
_RELEASE_POLL_SECONDS = 0.02
_RELEASE_SECONDS = 30.0
_ASK_SECONDS = 10.0


class _Job:
    """A request with its reader."""

    def __init__(self, exchange: Exchange, line: "_Line") -> None:
        self.exchange = exchange
        # The line is asked through a weak reference: an inbox that somebody keeps must not keep the server.
        self.inbox = TokenInbox(lambda: line.cancel(self), line.death)


class _Line:
    """Requests that run and that wait. Knows nothing of its decoder, so that an abandoned one is collected."""

    def __init__(self, child: LlamaChild, slots: int) -> None:
        self._child = child
        self._slots = slots
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._running: list[_Job] = []
        self._is_closed = False

    def death(self) -> str | None:
        """The sentence for readers when nobody will push to them any more."""
        return CLOSED if self._is_closed else None

    def add(self, job: _Job) -> None:
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
        """With the lock held."""
        while self._waiting and len(self._running) < self._slots and not self._is_closed:
            job = self._waiting.popleft()
            self._running.append(job)
            threading.Thread(target=self._run, args=(job,), name="llamacpp-request", daemon=True).start()

    def cancel(self, job: _Job) -> None:
        """A waiting one leaves at once; a running one when the server has let go of it."""
        with self._lock:
            if job in self._waiting:
                self._waiting.remove(job)
                return
        job.exchange.abort()

    def live(self) -> int:
        """Requests that wait, and those that the server has not let go of."""
        with self._lock:
            return len(self._waiting) + len(self._running)

    def _run(self, job: _Job) -> None:
        """One request's thread."""
        try:
            for written in job.exchange.run():
                if written.cached_tokens >= 0:
                    job.inbox.cached_tokens = written.cached_tokens
                if written.ids or written.finish:
                    job.inbox.push(written.ids, written.logprobs, written.finish)
        except AppError as error:
            job.inbox.fail(str(error), error)
        except (OSError, ValueError, KeyError) as error:
            job.inbox.fail(self._broken(error), error)
        except Exception as error:  # noqa: BLE001  the thread's last resort: its reader must hear of it
            _log.exception("A request to llama.cpp's server failed.")
            job.inbox.fail(f"The engine failed in mid-run: {type(error).__name__}: {error}. Ask again.", error)
        finally:
            if job.inbox.is_cancelled:
                self._await_release(job)
            with self._lock:
                if job in self._running:
                    self._running.remove(job)
                self._fill()

    def _broken(self, error: Exception) -> str:
        """The sentence for a reader whose connection broke."""
        time.sleep(_RELEASE_POLL_SECONDS)  # the process is reaped a moment after its sockets are gone
        why = self._child.death() or f"its server hung up ({type(error).__name__})"
        return f"llama.cpp ended in mid-run: {why}. It starts again with the next question."

    def _await_release(self, job: _Job) -> None:
        """Until no more slots are busy than there are other requests, which is within a step."""
        deadline = time.monotonic() + _RELEASE_SECONDS
        while time.monotonic() < deadline and not self._is_closed and not self._child.death():
            with self._lock:
                others = sum(not other.inbox.is_cancelled for other in self._running)
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
            job.exchange.abort()
        self._child.close()


class LlamaCppDecoder:
    """A `Decoder` over llama.cpp's server.

    Args:
        child: The server, which has been started with as many slots.
        context_tokens: Longest prompt plus new tokens of one request.
        cache_tokens: Tokens, of all requests together, that the server holds keys and values of.
        slots: Requests decoded at once; further ones wait.
        pieces: The bytes of the model's tokens.
    """

    # How many requests are decoded together, and how much of a prompt was known, changes the rounding.
    honours_seed = False

    def __init__(
        self,
        child: LlamaChild,
        *,
        context_tokens: int,
        cache_tokens: int,
        slots: int,
        pieces: TokenPieces,
    ) -> None:
        self._child = child
        self._room_tokens = min(context_tokens, cache_tokens)
        self._slots = slots
        self._pieces = pieces
        self._line = _Line(child, slots)
        # One reading at a time: each takes a slot of the server beside those of the line.
        self._scoring = threading.Lock()
        self._end = weakref.finalize(self, self._line.close)  # also when the interpreter exits

    @property
    def slots(self) -> int:
        """How many requests it decodes at once."""
        return self._slots

    @property
    def room_tokens(self) -> int:
        """Longest prompt plus new tokens."""
        return self._room_tokens

    @property
    def server_process_id(self) -> int:
        """Of the process that decodes; 0 while there is none."""
        return self._child.process_id

    def busy_slots(self) -> int:
        """How many requests the server itself says that it works on.

        Raises:
            EngineError: If the decoder was closed.
            OSError: If the server does not answer.
        """
        return sum(bool(slot.get("is_processing")) for slot in self._child.get("/slots", _ASK_SECONDS))

    def start(
        self, prompt_ids: Sequence[int], sampling: Sampling, max_new_tokens: int, stop_ids: Sequence[int]
    ) -> TokenStream:
        """Queue a request; its new tokens are held to what `room_tokens` leaves beside the prompt.

        llama.cpp ends at the model's own end-of-turn tokens too, whether they are among `stop_ids` or not.

        Raises:
            BadInput: If the prompt is empty or is not of this model's vocabulary.
            PromptTooLong: If the prompt leaves no room for a new token.
            EngineError: If the decoder was closed.
        """
        if not self._end.alive:
            raise EngineError(CLOSED)
        check_prompt(prompt_ids, len(self._pieces), self._room_tokens)
        new_tokens = min(max_new_tokens, self._room_tokens - len(prompt_ids))
        body = body_of(prompt_ids, sampling, new_tokens)
        job = _Job(Exchange(self._child, body, stop_ids, self._pieces), self._line)
        if new_tokens <= 0:
            job.inbox.push((), (), "length")
        else:
            self._line.add(job)
        return job.inbox

    def score(self, ids: Sequence[int], first: int, on_progress: Callable[[int], None] | None = None) -> Scores:
        """What the model thinks of the tokens from number `first` on; see `model.engine.Decoder`.

        Raises:
            BadInput: If the ids are none or are not of this model's vocabulary.
            PromptTooLong: If they are more than the context holds.
            EngineError: If the decoder was closed, or the server fails.
        """
        check_prompt(ids, len(self._pieces), self._room_tokens + 1)
        with self._scoring:
            try:
                return forced_scores(self._child, ids, first, self._pieces, on_progress)
            except (OSError, ValueError, KeyError) as error:
                if not self._end.alive:
                    raise EngineError(CLOSED) from error
                why = self._child.death() or f"its server hung up ({type(error).__name__})"
                raise EngineError(f"llama.cpp ended while it read the text again: {why}. Try again.") from error

    def live_requests(self) -> int:
        """Requests that hold or wait for the device."""
        return self._line.live()

    def close(self) -> None:
        """Free the device; open streams raise `EngineError`."""
        self._end()
