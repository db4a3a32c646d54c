"""A model in, how fast it writes for one and for eight, and how soon after a cut and in a second turn.

`python -m evals.speed` measures the embedded model. Absolute figures hold for one machine at one moment; the ratios,
measured side by side, are what the limits below are about. The exit status is 1 if one is missed.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from model.batched import BatchedDecoder
from model.catalog import EMBEDDED, find_model
from model.device import device_name
from model.engine import Decoder, TokenStream
from model.events import Sampling
from model.loading import LoadedModel, LoadProgress, load_model
from model.settings import settings_from_environment
from model.single import SingleDecoder

RESULTS = Path(__file__).parent / "results"
PRESET = Sampling(temperature=0.6, top_p=0.95, top_k=40)  # QwQ's
SUBJECTS = ("bread", "tides", "chess", "maps", "bees", "glass", "clocks", "rivers")
# Qwen3's docs, quickstart.md (Apache-2.0).
EARLY_STOP = (
    "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."
    "\n</think>\n\n"
)
PARTS = ("batch", "answer_now", "second_turn")


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


class Bench:
    """A decoder and prompts that it has never seen, so that nothing is cached by accident."""

    def __init__(self, decoder: Decoder, loaded: LoadedModel) -> None:
        self.decoder = decoder
        self._tokenizer = loaded.tokenizer
        self._asked = 0

    def encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def fresh_prompt(self, tokens: int) -> list[int]:
        """A prompt of exactly so many tokens that begins like no other."""
        self._asked += 1
        text = f"Question {self._asked}. "
        line = 0
        while len(ids := self.encode(text)) < tokens:
            subject = SUBJECTS[(self._asked + line) % len(SUBJECTS)]
            text += (
                f"In year {line * 7 + self._asked}, a letter about {subject} said that {line} of them were lost. " * 4
            )
            line += 1
        return ids[:tokens]

    def start(self, prompt: Sequence[int], new_tokens: int) -> TokenStream:
        return self.decoder.start(prompt, PRESET, new_tokens, ())

    def first_token_seconds(self, prompt: Sequence[int], read_on: int = 0) -> tuple[float, list[int]]:
        """Seconds to the first token, and the first 1 + `read_on` tokens; then the request is cancelled."""
        began = time.perf_counter()
        stream = self.start(prompt, 1 + read_on + 64)
        seconds, written = 0.0, list[int]()
        while len(written) < 1 + read_on:
            tokens = stream.read(1.0)
            if tokens is not None:
                seconds = seconds or time.perf_counter() - began
                written += tokens.ids
        stream.cancel()
        return seconds, written[: 1 + read_on]

    def settle(self) -> None:
        while self.decoder.live_requests():
            time.sleep(0.005)


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


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table."""
    lines = ["| part | base | | against | | unit | ratio | limit | |", "|---|---|---:|---|---:|---|---:|---:|---|"]
    for f in figures:
        limit = f"{'≤' if f.is_upper_limit else '≥'} {f.limit:g}"
        lines.append(
            f"| {f.part} | {f.base} | {f.base_value:.3g} | {f.other} | {f.other_value:.3g} | {f.unit} | {f.ratio:.3g} "
            f"| {limit} | {'held' if f.is_held else 'MISSED'} |"
        )
    return "\n".join(lines)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line's choices."""
    parser = argparse.ArgumentParser(prog="python -m evals.speed", description=__doc__)
    parser.add_argument("--model", default=EMBEDDED, help="catalog name, hub id or folder")
    parser.add_argument("--precision", default="auto", help="auto, bf16, int8, nf4 or fp32")
    parser.add_argument("--threads", type=int, default=0, help="torch threads on a CPU; 0 leaves torch's own choice")
    parser.add_argument("--part", default="all", choices=(*PARTS, "all"))
    parser.add_argument("--rounds", type=int, default=5, help="the table shows medians of so many")
    parser.add_argument("--decoder", default="batched", choices=("batched", "single"))
    return parser.parse_args(arguments)


def say_when_new() -> Callable[[LoadProgress], None]:
    """A listener that prints each sentence of a load once."""
    said = [""]

    def say(progress: LoadProgress) -> None:
        if progress.text != said[0]:
            said[0] = progress.text
            print(progress.text, file=sys.stderr)

    return say


def main(arguments: Sequence[str] | None = None) -> int:
    """Load, measure, print and write the table; 1 if a limit is missed."""
    asked = parse(arguments)
    settings = settings_from_environment()
    loaded = load_model(
        find_model(asked.model),
        precision=asked.precision,
        source=settings.source,
        data_folder=settings.data_folder,
        on_progress=say_when_new(),
    )
    if asked.threads:
        # After the load, which leaves a core to the page.
        torch.set_num_threads(asked.threads)
    decoder: Decoder
    decoder = (
        BatchedDecoder(loaded.model, loaded.context_tokens)
        if asked.decoder == "batched"
        else SingleDecoder(loaded.model)
    )
    try:
        bench = Bench(decoder, loaded)
        tokens_per_second(bench, 1, 8)  # the first step pays for allocations
        parts: tuple[str, ...] = PARTS if asked.part == "all" else (asked.part,)
        if decoder.slots == 1:
            parts = tuple(part for part in parts if part != "batch")
        figures = [figure for part in parts for figure in MEASURES[part](bench, asked.rounds)]
    finally:
        decoder.close()
    print(table(figures))
    RESULTS.mkdir(exist_ok=True)
    name = f"speed-{loaded.spec.name.replace('/', '-')}-{loaded.precision}-{asked.decoder}-{torch.get_num_threads()}t"
    name += "" if asked.part == "all" else f"-{asked.part}"
    record = {
        "model": loaded.spec.name,
        "precision": loaded.precision,
        "decoder": asked.decoder,
        "device": device_name(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "rounds": asked.rounds,
        "figures": [asdict(f) | {"ratio": f.ratio, "is_held": f.is_held} for f in figures],
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return 0 if all(figure.is_held for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
