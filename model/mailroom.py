"""Outputs of continuous batching in, each request's new tokens out to its inbox."""

import threading
from collections.abc import Sequence
from typing import Any

from model.token_inbox import TokenInbox, failure_sentence


class Mailroom:
    """Stands in for the library's `OutputRouter`: new tokens go straight into the inbox of their request.

    The library's own way (`register_result_handler`) needs an asyncio loop, one more thread and one more hand-over a
    token. Each output is a copy of all the tokens so far; only the tail is looked at.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, tuple[TokenInbox, frozenset[int]]] = {}
        self._delivered: dict[str, int] = {}

    def expect(self, request_id: str, inbox: TokenInbox, stop_ids: Sequence[int]) -> None:
        with self._lock:
            self._open[request_id] = (inbox, frozenset(stop_ids))
            self._delivered[request_id] = 0

    def forget(self, request_id: str) -> None:
        with self._lock:
            self._open.pop(request_id, None)
            self._delivered.pop(request_id, None)

    def open_ids(self) -> list[str]:
        with self._lock:
            return list(self._open)

    def note_cached(self, request_id: str, tokens: int) -> None:
        """How much of a prompt the prefix cache had; not for a request that was put back in mid-run."""
        with self._lock:
            entry = self._open.get(request_id)
            if entry is not None and not self._delivered[request_id]:
                entry[0].cached_tokens = tokens

    def fail_all(self, sentence: str) -> None:
        for request_id in self.open_ids():
            self._fail(request_id, sentence, None)

    def _fail(self, request_id: str, sentence: str, cause: BaseException | None) -> None:
        with self._lock:
            entry = self._open.get(request_id)
        self.forget(request_id)
        if entry is not None:
            entry[0].fail(sentence, cause)

    # The three methods that the library calls, from its thread.

    def fail_and_deliver(self, state: Any, error: Exception) -> None:
        self._fail(state.request_id, failure_sentence(error), error)

    def deliver_batch(self, outputs: list[Any]) -> None:
        for output in outputs:
            self.deliver(output)

    def deliver(self, output: Any) -> None:
        with self._lock:
            entry = self._open.get(output.request_id)
            if entry is None:  # cancelled
                return
            first = self._delivered[output.request_id]
            self._delivered[output.request_id] = len(output.generated_tokens)
        inbox, stop_ids = entry
        if output.error is not None:
            self._fail(output.request_id, failure_sentence(output.error), None)
            return
        ids, logprobs = output.generated_tokens[first:], output.logprobs[first:]
        if not output.is_finished():
            inbox.push(ids, logprobs)
            return
        self.forget(output.request_id)
        if ids and ids[-1] in stop_ids:
            inbox.push(ids[:-1], logprobs[:-1], "stop")
        else:
            inbox.push(ids, logprobs, "length")
