"""A lent GPU's seconds in, how long each call asks for it and how many tokens that is, out.

On ZeroGPU a visitor has some seconds of GPU a day, and takes them in calls of which each asks for its length before it
begins. What is left of the day is told only to those who ask for more than that. So a call asks for what its request
needs, at most for `call_seconds`; whoever is refused is told what is left, and asks for that.
"""

import multiprocessing
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from model.errors import OutOfGpuTime

# A worker ends its stretch so long before the host would end the worker.
MARGIN_SECONDS = 2.0
# Shorter calls, and calls for fewer tokens, are not worth their start.
LEAST_CALL_SECONDS = 8.0
_LEAST_TOKENS = 16
# Taking the arguments over and the first step.
_OVERHEAD_SECONDS = 1.0
# Requests are a little longer than the measured pace says they need to be.
_SLACK = 1.2
# So much counts what was measured last.
_NEW_SHARE = 0.4
# Somebody may buy seconds, or get them back: what a refusal told is believed for so long.
_BELIEVED_SECONDS = 900.0
_MOST_VISITORS = 2_000
# A fresh worker has the weights brought to its GPU first: so fast, until it has been measured.
_BYTES_PER_SECOND = 2e9

# What a day has (hub-docs, ZeroGPU, 2026-08-22): nobody known, a free account, PRO.
QUOTA_WORDS = "2 minutes a day without an account, 5 with a free one, 40 with PRO"


class Call(NamedTuple):
    """One call of the GPU, as it goes to the worker. Plain values, so that it pickles.

    Attributes:
        asked_seconds: What the host is asked for.
        work_seconds: When the worker ends the stretch by itself, counted from when it was given the GPU.
        random_state: The generator's state at the end of the call before, so that a seed goes on.
    """

    asked_seconds: int
    work_seconds: float
    random_state: bytes | None = None


_has_called = False


def seconds_before_first_call() -> float:
    """How long this process has been there, at its first call; 0 later on.

    A fresh worker is made when the GPU has been given, and brings the weights there before it begins: that time is part
    of the call.
    """
    global _has_called
    if _has_called or multiprocessing.parent_process() is None:
        return 0.0
    import psutil

    _has_called = True
    return max(0.0, time.time() - float(psutil.Process().create_time()))


def asked_seconds(*arguments: Any) -> int:
    """The seconds of a call, from the arguments of what is called: for `spaces.GPU(duration=asked_seconds)`."""
    call = arguments[-1]
    assert isinstance(call, Call)
    return call.asked_seconds


class Pace:
    """How fast one model reads and writes on this GPU: a guess from its size at first, then what its calls took.

    Args:
        weight_bytes: All of them are read for each token.
    """

    def __init__(self, weight_bytes: int) -> None:
        # A third of half a card's bandwidth; small models are held up by Python. Too low is better than too high here.
        self.new_per_second = max(2.0, min(25.0, 3e11 / max(weight_bytes, 1)))
        self.read_per_second = 1_000.0
        self.start_seconds = 2.0 + weight_bytes / _BYTES_PER_SECOND
        self.is_measured = False

    def wrote(self, tokens: int, seconds: float) -> None:
        """So many tokens took so long to write."""
        if tokens >= 8 and seconds > 0:
            self.new_per_second = self._mixed(self.new_per_second, tokens / seconds)
            self.is_measured = True

    def read(self, tokens: int, seconds: float) -> None:
        """So many tokens took so long to read."""
        if tokens >= 64 and seconds > 0:
            self.read_per_second += _NEW_SHARE * (tokens / seconds - self.read_per_second)

    def started(self, seconds: float) -> None:
        """So much of a call was over when its worker could begin."""
        # The longest counts: whether the next worker is a fresh one is not known.
        self.start_seconds = max(seconds, self.start_seconds + _NEW_SHARE * (seconds - self.start_seconds) / 4)

    def seconds_for(self, prompt_tokens: int, new_tokens: int) -> float:
        """How long a call takes that reads and writes so many tokens."""
        reading, writing = prompt_tokens / self.read_per_second, new_tokens / self.new_per_second
        return self.start_seconds + _OVERHEAD_SECONDS + _SLACK * (reading + writing)

    def tokens_in(self, seconds: float, prompt_tokens: int) -> int:
        """How many tokens a call of so many seconds writes."""
        left = seconds - MARGIN_SECONDS - self.start_seconds - _OVERHEAD_SECONDS
        return max(0, int((left / _SLACK - prompt_tokens / self.read_per_second) * self.new_per_second))

    def _mixed(self, before: float, now: float) -> float:
        return now if not self.is_measured else before + _NEW_SHARE * (now - before)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a refusal said was left, and when."""

    left_seconds: float
    resets_in: str
    at: float


class GpuTime:
    """What is known of the GPU time: of the model's pace, of the host's limit, of what is left to whom.

    Args:
        pace: The model's.
        call_seconds: The longest call, in seconds of the GPU.
        terms: How many seconds the host gives for each that is asked for, and how many it takes for each that is given.
    """

    def __init__(
        self,
        pace: Pace,
        call_seconds: float,
        terms: Callable[[], tuple[float, float]] = lambda: (1.0, 1.0),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pace = pace
        self.call_seconds = call_seconds
        self._terms = terms
        self._clock = clock
        self._lock = threading.Lock()
        self._told: OrderedDict[str, _Told] = OrderedDict()

    def now(self) -> float:
        """The time by which calls are measured, in seconds."""
        return self._clock()

    def left_seconds(self, visitor: str) -> float | None:
        """How long a GPU is left to somebody; None while nobody has said so."""
        with self._lock:
            told = self._told.get(visitor)
        if told is None or self._clock() - told.at > _BELIEVED_SECONDS:
            return None
        return told.left_seconds / self._terms()[1]

    def tokens_left(self, visitor: str, prompt_tokens: int) -> int | None:
        """How many more tokens somebody's GPU time allows after such a prompt; None while that is not known.

        All of it goes into one call: what is told by a refusal is less than one.
        """
        left = self.left_seconds(visitor)
        return None if left is None else self.pace.tokens_in(left, prompt_tokens)

    def least_seconds(self, prompt_tokens: int) -> float:
        """The shortest call that is worth its start."""
        return max(LEAST_CALL_SECONDS, self.pace.seconds_for(prompt_tokens, _LEAST_TOKENS) + MARGIN_SECONDS)

    def check(self, visitor: str, prompt_tokens: int) -> None:
        """Refuse whoever has less left than the shortest call takes, where that is known.

        Raises:
            OutOfGpuTime: If that is so.
        """
        left = self.left_seconds(visitor)
        if left is not None and left < self.least_seconds(prompt_tokens):
            raise self.over(visitor, prompt_tokens)

    def plan(self, visitor: str, prompt_tokens: int, new_tokens: int, random_state: bytes | None = None) -> Call:
        """The next call of somebody who wants so many tokens written, or none (as a score does).

        Raises:
            OutOfGpuTime: If what is left is less than a call needs.
        """
        wanted = self.pace.seconds_for(prompt_tokens, new_tokens) + MARGIN_SECONDS
        seconds = min(max(wanted, LEAST_CALL_SECONDS), self.call_seconds)
        self.check(visitor, prompt_tokens)
        left = self.left_seconds(visitor)
        if left is not None:
            seconds = min(seconds, left)
        # The host rounds the seconds that it gives; they must not come to more than is left.
        factor = self._terms()[0]
        asked = max(1, int(seconds / factor))
        return Call(asked, max(1.0, asked * factor - MARGIN_SECONDS), random_state)

    def told(self, visitor: str, left_seconds: float, resets_in: str) -> None:
        """The host has said what is left to somebody."""
        with self._lock:
            self._told[visitor] = _Told(max(0.0, left_seconds), resets_in, self._clock())
            self._told.move_to_end(visitor)
            while len(self._told) > _MOST_VISITORS:
                self._told.popitem(last=False)

    def used(self, visitor: str, seconds: float) -> None:
        """A call of somebody's has taken so long."""
        with self._lock:
            told = self._told.get(visitor)
            if told is not None:
                left = max(0.0, told.left_seconds - seconds * self._terms()[1])
                self._told[visitor] = _Told(left, told.resets_in, told.at)

    def too_long(self, granted_seconds: float) -> bool:
        """The host gives nobody a call of so many seconds; False if there is no shorter one to ask for."""
        shorter = min(self.call_seconds, granted_seconds) / 2
        if shorter < LEAST_CALL_SECONDS:
            return False
        self.call_seconds = shorter
        return True

    def over(self, visitor: str, prompt_tokens: int = 0) -> OutOfGpuTime:
        """The error for somebody who has not enough left."""
        with self._lock:
            told = self._told.get(visitor)
        left, resets_in = (told.left_seconds, told.resets_in) if told else (0.0, "")
        least = max(self.least_seconds(prompt_tokens) * self._terms()[1], left + 1)
        when = f"More comes in {resets_in}." if resets_in else "More comes within a day."
        said = (
            f"Your GPU time is used up: {left:.0f} s are left, and a call needs {least:.0f} s.",
            when,
            f"There are {QUOTA_WORDS}: sign in at huggingface.co for more.",
            "The text so far is kept: press Continue.",
        )
        return OutOfGpuTime(" ".join(said))

    def outlook(self, visitor: str = "", prompt_tokens: int = 500) -> str:
        """What to expect of a call, for the visitor to read before."""
        left = self.left_seconds(visitor)
        seconds = self.call_seconds if left is None else min(left, self.call_seconds)
        tokens = _rounded(self.pace.tokens_in(seconds, prompt_tokens))
        if left is None:
            return (
                f"ZeroGPU: about {tokens:,} tokens in a call of {seconds:.0f} s. Longer thoughts go on in the next "
                "call, while your GPU time of the day lasts."
            )
        if left < self.least_seconds(prompt_tokens):
            return f"ZeroGPU: {left:.0f} s of your GPU time are left today, less than a call needs."
        return f"ZeroGPU: {left:.0f} s of your GPU time are left today, about {tokens:,} tokens."


def _rounded(tokens: int) -> int:
    """To one or two figures: nobody knows it better.

    >>> _rounded(1534), _rounded(87)
    (1500, 80)
    """
    step = 100 if tokens >= 300 else 10
    return tokens - tokens % step
