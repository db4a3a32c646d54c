"""Outputs of continuous batching in, each request's new tokens out to its inbox."""

import threading
from typing import Any

from model.batch_requests import BatchRequest
from model.token_inbox import failure_sentence


class Mailroom:
    """Stands in for the library's `OutputRouter`: new tokens go straight into the inbox of their request.

    The library's own way (`register_result_handler`) needs an asyncio loop, one more thread and one more hand-over a
    token. Each output is a copy of all the tokens so far; only the tail is looked at.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, BatchRequest] = {}
        # How many ids of an output have been looked at; those of an earlier thread are in none.
        self._seen: dict[str, int] = {}

    def expect(self, request: BatchRequest) -> None:
        with self._lock:
            self._open[request.request_id] = request
            self._seen[request.request_id] = 0

    def forget(self, request_id: str) -> BatchRequest | None:
        with self._lock:
            self._seen.pop(request_id, None)
            return self._open.pop(request_id, None)

    def open_ids(self) -> list[str]:
        with self._lock:
            return list(self._open)

    def take_all(self) -> list[BatchRequest]:
        """Every open request, the oldest first; none is open any more."""
        with self._lock:
            requests = list(self._open.values())
            self._open.clear()
            self._seen.clear()
        return requests

    def note_cached(self, request_id: str, tokens: int) -> None:
        """How much of a prompt the prefix cache had; not for a request that was put back in mid-run."""
        with self._lock:
            request = self._open.get(request_id)
            if request is not None and not request.written:
                request.inbox.cached_tokens = tokens

    def fail(self, request_id: str, sentence: str, cause: BaseException | None = None) -> None:
        request = self.forget(request_id)
        if request is not None:
            request.inbox.fail(sentence, cause)

    def fail_all(self, sentence: str) -> None:
        for request in self.take_all():
            request.inbox.fail(sentence)

    # The three methods that the library calls, from its thread.

    def fail_and_deliver(self, state: Any, error: Exception) -> None:
        self.fail(state.request_id, failure_sentence(error), error)

    def deliver_batch(self, outputs: list[Any]) -> None:
        for output in outputs:
            self.deliver(output)

    def deliver(self, output: Any) -> None:
        with self._lock:
            request = self._open.get(output.request_id)
            if request is None:  # cancelled
                return
            first = self._seen[output.request_id]
            self._seen[output.request_id] = len(output.generated_tokens)
        if output.error is not None:
            self.fail(output.request_id, failure_sentence(output.error))
            return
        ids, logprobs = output.generated_tokens[first:], output.logprobs[first:]
        request.written += ids
        if not output.is_finished():
            request.inbox.push(ids, logprobs)
            return
        self.forget(output.request_id)
        if ids and ids[-1] in request.stop_ids:
            request.inbox.push(ids[:-1], logprobs[:-1], "stop")
        else:
            request.inbox.push(ids, logprobs, "length")
