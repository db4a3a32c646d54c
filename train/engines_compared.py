"""Held-out problems in, how often each engine of the embedded model is right on them, and how often both agree, out.

    python -m train.engines_compared --problems 100

Both are asked greedily, the same prompts, several at once, through the host and the engine that the app has.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from model.catalog import EMBEDDED
from model.engine import Engine, Request, Steering, collect
from model.errors import AppError
from model.events import Message, Sampling
from model.host import ModelHost
from model.settings import Settings, settings_from_environment
from train.held_out import MOST_NEW_TOKENS, Reply, by_claim, held_out_problems, tally
from train.mixes import CLAIMS
from train.traces import Trace
from verify.math_check import wilson

_ENGINES = ("transformers", "llamacpp")
_LOAD_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it.

    Attributes:
        rights: By engine, then by claim, which replies were right.
        same: For each problem, whether both engines wrote the same text.
    """

    rights: dict[str, dict[str, list[bool]]]
    same: list[bool]


def compared(problems: Sequence[Trace], settings: Settings) -> Compared:
    """Every problem once for each engine.

    Raises:
        AppError: If an engine cannot be loaded.
    """
    replies = {name: _replies(problems, replace(settings, engine=name)) for name in _ENGINES}
    first, second = (replies[name] for name in _ENGINES)
    return Compared(
        {name: by_claim(tally(own, None)) for name, own in replies.items()},
        [one.text == other.text for one, other in zip(first, second, strict=True)],
    )


def _replies(problems: Sequence[Trace], settings: Settings) -> list[Reply]:
    host = ModelHost(settings)
    try:
        host.load(EMBEDDED)
        engine = host.engine(wait_seconds=_LOAD_SECONDS)
        with ThreadPoolExecutor(engine.slots) as pool:
            return list(pool.map(lambda problem: _reply(engine, problem), problems))
    finally:
        host.close()


def _reply(engine: Engine, problem: Trace) -> Reply:
    messages = tuple(Message(**message) for message in problem.messages)
    sampling = Sampling(temperature=0.0, max_new_tokens=MOST_NEW_TOKENS)
    whole = collect(engine.stream(Request(messages, sampling, is_uncut=True), Steering()))
    is_ended = whole.finished is not None and whole.finished.reason == "stop"
    return Reply(problem, f"{whole.thinking}</think>{whole.answer}" if whole.answer else whole.thinking, is_ended)


def table(found: Compared) -> list[str]:
    """A line for each claim: right ones of each engine with the 95% interval; and how many texts were the same."""
    lines = []
    for claim in found.rights[_ENGINES[0]]:
        cells = [f"{claim:24}"]
        for name in _ENGINES:
            rights = found.rights[name].get(claim, [])
            low, high = wilson(sum(rights), len(rights))
            cells.append(f"{name} {sum(rights):3}/{len(rights):<3} ({low:.0%} to {high:.0%})")
        lines.append("  ".join(cells))
    return [*lines, f"the same text: {sum(found.same)} of {len(found.same)}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Ask, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7, help="of the problems")
    parser.add_argument("--tasks", nargs="*", default=list(CLAIMS["arithmetic"]))
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    given = parser.parse_args(arguments)
    try:
        found = compared(held_out_problems(given.problems, given.seed, given.tasks), settings_from_environment())
    except AppError as error:
        sys.exit(str(error))
    print("\n".join(table(found)))
    if given.out:
        figures: dict[str, Any] = {"rights": found.rights, "same": found.same}
        given.out.write_text(json.dumps(figures, indent=1), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
