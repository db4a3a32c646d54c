"""A step of the batch that ran out of memory in, the same step without the request that was too much for it out.

The library ends its thread, and every request with it, for any error of a step. Memory that runs out has one cause
nearly always: a prompt that is being read, or the longest text. Here that request fails with advice, and the step is
made again for the others from where it began: their keys and values are written where they would have been.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from model.token_inbox import failure_sentence, is_out_of_memory


@dataclass(frozen=True, slots=True)
class _Before:
    """What a request was before the step; preparing the step overwrites it."""

    tokens: list[int]
    read_tokens: int


class StepRetry:
    """Stands in for a manager's `_generation_step`.

    Args:
        manager: A `ContinuousBatchingManager` whose thread has planned its cache, synchronous batching.
        fail: Is told of each request that was too much: its id, the sentence and the error.
        empty_device_cache: Gives the device what was taken and is not used.
    """

    def __init__(
        self,
        manager: Any,
        fail: Callable[[str, str, BaseException], None],
        empty_device_cache: Callable[[], None],
    ) -> None:
        self._processor: Any = manager.batch_processor
        self._model = manager.model
        self._fail = fail
        self._empty_device_cache = empty_device_cache
        self._tensors: Any = self._processor.inputs_and_outputs
        self._prepare: Any = self._tensors.prepare_batch_tensors
        self._arguments: dict[str, Any] = {}
        self._before: dict[str, _Before] = {}
        # Whether a step ran out of memory since the start.
        self.has_run_out = False
        self._tensors.prepare_batch_tensors = self._remember_and_prepare
        manager._generation_step = self.step

    def let_go(self) -> None:
        """Hold on to the cache's memory no longer; no step can be made any more."""
        self._processor = self._tensors = self._prepare = None
        self._arguments, self._before = {}, {}

    def in_step(self) -> set[str]:
        """Ids of the requests in the step that is being made, or was made last."""
        return {future.state.request_id for future in self._tensors.requests_in_batch}

    def step(self) -> None:
        """One step for all that are in it and fit."""
        while self._tensors.requests_in_batch:
            error = self._tried()
            if error is None:
                return
            self.has_run_out = True
            self._leave_out_the_largest(error)

    def _tried(self) -> BaseException | None:
        """The error of memory, without the frames that hold on to it."""
        try:
            self._processor._generation_step(self._model)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            return error.with_traceback(None)
        return None

    def _remember_and_prepare(self, **arguments: Any) -> None:
        self._arguments = arguments
        self._before = {
            future.state.request_id: _Before(future.state.tokens_to_process, future.state.position_offset)
            for future in arguments["requests_in_batch"]
        }
        self._prepare(**arguments)

    def _leave_out_the_largest(self, error: BaseException) -> None:
        futures = list(self._tensors.requests_in_batch)
        largest = max(futures, key=self._weight)
        state = largest.state
        before = self._before[state.request_id]
        self._fail(state.request_id, failure_sentence(error, len(state.initial_tokens), len(before.tokens) > 1), error)
        self._processor.scheduler.finish_request(state.request_id)
        gc.collect()
        self._empty_device_cache()
        others = [future for future in futures if future is not largest]
        for future in others:
            was = self._before[future.state.request_id]
            future.state.tokens_to_process, future.state.position_offset = was.tokens, was.read_tokens
        if not others:
            self._tensors.requests_in_batch, self._tensors.num_request_in_batch = [], 0
            return
        self._prepare(**(self._arguments | {"requests_in_batch": others} | self._sizes(others)))

    def _weight(self, future: Any) -> tuple[bool, int]:
        """A prompt that is being read weighs more than any text that grows by a token."""
        before = self._before[future.state.request_id]
        new_tokens = len(before.tokens)
        return new_tokens > 1, new_tokens * (before.read_tokens + new_tokens)

    def _sizes(self, others: list[Any]) -> dict[str, int]:
        """Those of the smaller step; where shapes are fixed, the padded ones stay as they were."""
        if self._arguments["use_padding"]:
            return {}
        return {
            "num_q_tokens": sum(future.query_length for future in others),
            "max_kv_read": sum(future.state.position_offset for future in others),
        }
