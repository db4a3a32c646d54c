"""A decoder in, how much faster eight at once, a cut of the thinking and a second turn are than the plain thing, out.

Absolute figures hold for one machine at one moment; the ratios, measured side by side, are what the limits are about.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from evals.speed.bench import Bench

# Qwen3's docs, quickstart.md (Apache-2.0).
EARLY_STOP = (
    "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."
    "\n</think>\n\n"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: a base, the same thing made faster, and the limit for their ratio."""

    part: str
    base: str
    base_value: float
    other: str
    other_value: float
    unit: str
    limit: float
    is_upper_limit: bool

    @property
    def ratio(self) -> float:
        return self.other_value / self.base_value

    @property
    def is_held(self) -> bool:
        return self.ratio <= self.limit if self.is_upper_limit else self.ratio >= self.limit

    def as_json(self) -> dict[str, Any]:
        """The line with its ratio."""
        return asdict(self) | {"ratio": self.ratio, "is_held": self.is_held}


def tokens_per_second(bench: Bench, requests: int, new_tokens: int) -> float:
    """Of all requests together, from the first start to the last token."""
    prompts = [bench.fresh_prompt(32) for _ in range(requests)]
    began = time.perf_counter()
    streams = [bench.start(prompt, new_tokens) for prompt in prompts]
    for stream in streams:
        while (tokens := stream.read(1.0)) is None or tokens.finish is None:
            pass
    return requests * new_tokens / (time.perf_counter() - began)


def measure_batch(bench: Bench, rounds: int) -> list[Figure]:
    """One request against eight at once, turn about."""
    alone, eight = [], []
    for _ in range(rounds):
        alone.append(tokens_per_second(bench, 1, 64))
        eight.append(tokens_per_second(bench, 8, 64))
    one, many = statistics.median(alone), statistics.median(eight)
    return [Figure("batch", "1 request", one, "8 at once", many, "tokens/s", 3.5, False)]


def measure_answer_now(bench: Bench, rounds: int) -> list[Figure]:
    """Cold, against the cut of the thinking after 24 tokens: cancel, send again with the early-stop text."""
    cold, cut = [], []
    for _ in range(rounds):
        prompt = bench.fresh_prompt(1000)
        seconds, written = bench.first_token_seconds(prompt, read_on=23)
        cold.append(seconds)
        # No wait in between: the cancelled request's last step is part of what the user waits for.
        cut.append(bench.first_token_seconds([*prompt, *written, *bench.encode(EARLY_STOP)])[0])
        bench.settle()
    return [
        Figure(
            "answer_now", "1,000-token prompt, cold", statistics.median(cold), "cut and sent again",
            statistics.median(cut), "s to first token", 0.15, True,
        )
    ]  # fmt: skip


def measure_second_turn(bench: Bench, rounds: int) -> list[Figure]:
    """A 3,000-token first turn, cold, against the second turn that repeats it and adds a question."""
    first, second = [], []
    for _ in range(rounds):
        prompt = bench.fresh_prompt(3000)
        seconds, written = bench.first_token_seconds(prompt, read_on=40)
        bench.settle()
        first.append(seconds)
        question = bench.encode("\nAnd what would have happened if none of them had been lost? Say it in one line.\n")
        second.append(bench.first_token_seconds([*prompt, *written, *question])[0])
        bench.settle()
    return [
        Figure(
            "second_turn", "3,000-token first turn", statistics.median(first), "second turn",
            statistics.median(second), "s to first token", 0.2, True,
        )
    ]  # fmt: skip


MEASURES: dict[str, Callable[[Bench, int], list[Figure]]] = {
    "batch": measure_batch,
    "answer_now": measure_answer_now,
    "second_turn": measure_second_turn,
}
