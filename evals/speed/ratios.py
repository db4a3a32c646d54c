"""A decoder in, how much faster eight at once, a cut of the thinking and a second turn are than the plain thing, out.

Absolute figures hold for one machine at one moment; the ratios, measured side by side, are what the limits are about.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from evals.speed.bench import Bench

# Qwen3's docs, quickstart.md (Apache-2.0).
EARLY_STOP = (
    "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."
    "\n</think>\n\n"
)


Outcome = Literal["held", "missed", "undecided"]
IsOver = Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Figure:
    """A base, the same thing made faster, each measured in every round, and the limit for their ratio."""

    part: str
    base: str
    base_values: tuple[float, ...]
    other: str
    other_values: tuple[float, ...]
    unit: str
    limit: float
    is_upper_limit: bool

    @property
    def ratios(self) -> list[float]:
        """Of every round: what slows a round slows both sides of it."""
        return [other / base for base, other in zip(self.base_values, self.other_values, strict=True)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    def outcome(self, is_quiet: bool) -> Outcome:
        """A limit that is missed while others use the machine says nothing about us."""
        is_held = self.ratio <= self.limit if self.is_upper_limit else self.ratio >= self.limit
        return "held" if is_held else "missed" if is_quiet else "undecided"

    def as_json(self, is_quiet: bool) -> dict[str, Any]:
        """With the medians, the ratio and its outcome."""
        return asdict(self) | {
            "base_value": statistics.median(self.base_values),
            "other_value": statistics.median(self.other_values),
            "ratio": self.ratio,
            "ratio_least": min(self.ratios),
            "ratio_most": max(self.ratios),
            "outcome": self.outcome(is_quiet),
        }


def rounds_until(rounds: int, is_over: IsOver) -> Iterator[int]:
    """So many rounds; fewer, but one, when the time is over."""
    return itertools.takewhile(lambda number: number == 0 or not is_over(), range(rounds))


def tokens_per_second(bench: Bench, requests: int, new_tokens: int) -> float:
    """Of all requests together, from the first start to the last token."""
    prompts = [bench.fresh_prompt(32) for _ in range(requests)]
    began = time.perf_counter()
    streams = [bench.start(prompt, new_tokens) for prompt in prompts]
    for stream in streams:
        while (tokens := stream.read(1.0)) is None or tokens.finish is None:
            pass
    return requests * new_tokens / (time.perf_counter() - began)


def measure_batch(bench: Bench, rounds: int, is_over: IsOver) -> list[Figure]:
    """One request against eight at once, turn about."""
    alone, eight = [], []
    for _ in rounds_until(rounds, is_over):
        alone.append(tokens_per_second(bench, 1, 64))
        eight.append(tokens_per_second(bench, 8, 64))
    return [Figure("batch", "1 request", tuple(alone), "8 at once", tuple(eight), "tokens/s", 3.5, False)]


def measure_answer_now(bench: Bench, rounds: int, is_over: IsOver) -> list[Figure]:
    """Cold, against the cut of the thinking after 24 tokens: cancel, send again with the early-stop text."""
    cold, cut = [], []
    for _ in rounds_until(rounds, is_over):
        prompt = bench.fresh_prompt(1000)
        seconds, written = bench.first_token_seconds(prompt, read_on=23)
        cold.append(seconds)
        # No wait in between: the cancelled request's last step is part of what the user waits for.
        cut.append(bench.first_token_seconds([*prompt, *written, *bench.encode(EARLY_STOP)])[0])
        bench.settle()
    return [
        Figure(
            "answer_now", "1,000-token prompt, cold", tuple(cold), "cut and sent again",
            tuple(cut), "s to first token", 0.15, True,
        )
    ]  # fmt: skip


def measure_second_turn(bench: Bench, rounds: int, is_over: IsOver) -> list[Figure]:
    """A 3,000-token first turn, cold, against the second turn that repeats it and adds a question."""
    first, second = [], []
    for _ in rounds_until(rounds, is_over):
        prompt = bench.fresh_prompt(3000)
        seconds, written = bench.first_token_seconds(prompt, read_on=40)
        bench.settle()
        first.append(seconds)
        question = bench.encode("\nAnd what would have happened if none of them had been lost? Say it in one line.\n")
        second.append(bench.first_token_seconds([*prompt, *written, *question])[0])
        bench.settle()
    return [
        Figure(
            "second_turn", "3,000-token first turn", tuple(first), "second turn",
            tuple(second), "s to first token", 0.2, True,
        )
    ]  # fmt: skip


Measure = Callable[[Bench, int, IsOver], list[Figure]]
MEASURES: dict[str, Measure] = {
    "batch": measure_batch,
    "answer_now": measure_answer_now,
    "second_turn": measure_second_turn,
}
