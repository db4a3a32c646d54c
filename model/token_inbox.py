"""Tokens from a device's thread in, the same tokens to one reader out: the `TokenStream` of both decoders.

Also here, because both decoders need it and neither needs torch for it: what a prompt must be, and the sentence that a
failure on the device becomes.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from model.engine import Tokens
from model.errors import BadInput, EngineError, OutOfGpuTime, PromptTooLong

CLOSED = "The model was unloaded while this run was going on. Start the run again once a model is loaded."

# A reader looks this often whether the device's thread is still there.
_DEATH_CHECK_SECONDS = 0.25

# What torch, CUDA, MPS, Python and transformers' cache planning write when memory runs out.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "more than available memory")


def failure_sentence(error: BaseException | str | None, prompt_tokens: int = 0, is_reading: bool = False) -> str:
    """What the user is told when the device failed in mid-run.

    Args:
        error: What it failed of; None when nobody knows.
        prompt_tokens: Length of the one request that memory did not hold, where it is known which one.
        is_reading: Whether its prompt was being read.

    >>> failure_sentence("CUDA out of memory. Tried to allocate 2 GiB")[:35]
    'The device ran out of memory in mid'
    """
    text = str(error).strip() or type(error).__name__
    first_line = text.splitlines()[0][:300].rstrip(". ")
    if is_out_of_memory(error):
        when = "in mid-run"
        if prompt_tokens:
            when = (
                f"{'reading this prompt' if is_reading else 'writing behind this prompt'} of {prompt_tokens:,} tokens"
            )
        return (
            f"The device ran out of memory {when} ({first_line}). Shorten the chat or ask for fewer new tokens, let "
            "fewer runs go on at once, or load the model in int8 or nf4 or with a smaller context; then press Continue."
        )
    if error is None:
        return "The engine's thread ended in mid-run without a word. It is started again: press Continue to go on."
    return f"The engine failed in mid-run: {first_line}. It is started again: press Continue to go on."


def is_out_of_memory(error: BaseException | str | None) -> bool:
    """Whether the failure was one of memory, on any device."""
    return isinstance(error, MemoryError) or any(mark in str(error).lower() for mark in _OUT_OF_MEMORY)


def check_prompt(prompt_ids: Sequence[int], vocabulary: int, room_tokens: int | None = None) -> None:
    """Refuse what would take the device down: no tokens, too many, or ids that the model has no row for.

    Raises:
        BadInput: If the prompt is empty or holds an id outside 0 to `vocabulary` - 1.
        PromptTooLong: If not even one new token fits beside the prompt in `room_tokens`.
    """
    if not prompt_ids:
        raise BadInput("The prompt is 0 tokens long; it needs at least 1. Write something to answer.")
    lowest, highest = min(prompt_ids), max(prompt_ids)
    if lowest < 0 or highest >= vocabulary:
        raise BadInput(
            f"The prompt holds token {lowest if lowest < 0 else highest:,} and the model knows tokens 0 to "
            f"{vocabulary - 1:,}. Load the tokenizer that belongs to this model."
        )
    if room_tokens is not None and len(prompt_ids) >= room_tokens:
        raise PromptTooLong(
            f"The prompt is {len(prompt_ids):,} tokens and the engine has room for {room_tokens:,}, new tokens "
            "included. Start a new chat, or load the model with a larger context.",
            len(prompt_ids),
        )


class TokenInbox:
    """A `TokenStream`: one thread pushes, one reads, any may cancel.

    Args:
        on_cancel: Tells the device; must not block. Called at most once, and never after the last token.
        death: The sentence to raise when the pushing thread is gone, or None while it lives.
    """

    def __init__(self, on_cancel: Callable[[], None], death: Callable[[], str | None]) -> None:
        self._on_cancel = on_cancel
        self._death = death
        self._changed = threading.Condition()
        self._ids: list[int] = []
        self._logprobs: list[float | None] = []
        self._notices: list[str] = []
        self._finish: Literal["stop", "length", "short"] | None = None
        self._tokens_left = 0
        self._error: str | None = None
        self._cause: BaseException | None = None
        self._is_cancelled = False
        self._is_read_out = False
        self._cached_tokens = -1
        self.prompt_tokens = -1

    @property
    def cached_tokens(self) -> int:
        """Prompt tokens that came out of the prefix cache; -1 if unknown. Valid after the first token."""
        return self._cached_tokens

    @cached_tokens.setter
    def cached_tokens(self, tokens: int) -> None:
        self._cached_tokens = tokens

    @property
    def is_cancelled(self) -> bool:
        """Whether the reader wants no more."""
        return self._is_cancelled

    def push(
        self,
        ids: Iterable[int],
        logprobs: Iterable[float | None],
        finish: Literal["stop", "length", "short"] | None = None,
        tokens_left: int = 0,
    ) -> None:
        """New tokens, and with the last of them why it was the last; see `model.engine.Tokens`."""
        with self._changed:
            self._ids.extend(ids)
            self._logprobs.extend(logprobs)
            self._finish, self._tokens_left = finish, tokens_left
            self._changed.notify_all()

    def tell(self, sentence: str) -> None:
        """A sentence for the reader; it comes before the tokens that are pushed after it."""
        with self._changed:
            self._notices.append(sentence)
            self._changed.notify_all()

    def fail(self, sentence: str, cause: BaseException | None = None) -> None:
        """End the stream with an `EngineError` for the reader, after the tokens that are there already."""
        with self._changed:
            if self._error is None and self._finish is None:
                self._error, self._cause = sentence, cause
            self._changed.notify_all()

    def read(self, timeout_seconds: float) -> Tokens | None:
        """The tokens since the last read; None when none came in time, after `cancel`, and after the last ones.

        Raises:
            EngineError: If the decoder died or was closed, or a lent device's time is over.
        """
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while True:
                if self._is_cancelled or self._is_read_out:
                    return None
                if self._ids or self._notices or self._finish:
                    return self._take()
                if self._error is not None:
                    raise (
                        OutOfGpuTime(self._error) if isinstance(self._cause, OutOfGpuTime) else EngineError(self._error)
                    ) from self._cause
                # A thread that is gone has pushed all it will ever push, so the buffer is looked at once more.
                self._error = self._death()
                if self._error is not None:
                    continue
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(min(left, _DEATH_CHECK_SECONDS))

    def _take(self) -> Tokens:
        """All that is in the buffer."""
        tokens = Tokens(tuple(self._ids), tuple(self._logprobs), self._finish, tuple(self._notices), self._tokens_left)
        self._ids.clear()
        self._logprobs.clear()
        self._notices.clear()
        self._is_read_out = self._finish is not None
        return tokens

    def cancel(self) -> None:
        """Free the device within one decode step; harmless when repeated or late. Never blocks."""
        with self._changed:
            was_open = not self._is_cancelled and self._finish is None and self._error is None
            self._is_cancelled = True
            self._changed.notify_all()
        if was_open:
            self._on_cancel()
