"""A plan of outcome-reward training and some seeds in, whether it helped out: against its start and further SFT.

    python -m evals.outcome_training --config embedded-cpu --seeds 1,2,3 [--steps N] [--sft-seeds 1]

Each seed has one run of `train.grpo` and, unless fewer are named, one of `train.sft` over as many tokens, from the same
adapter; then the start and all of them are asked the same held-out problems. What is finished is not done again: the
same command goes on after a stop.
"""

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.asked_adapters import Answers, differences, rates, shared_problems, table
from evals.training_runs import (
    PYTHON_MODULE,
    UNTRAINED,
    Trainings,
    Wish,
    log_of,
    start_of,
    state_of,
    tokens_of,
)
from model.adapter import adapter_digest
from model.errors import AppError, BadInput
from model.settings import settings_from_environment

RESULTS = Path(__file__).parent / "results" / "outcome_training.json"


def measured(wish: Wish, trainings: Trainings) -> dict[str, Any]:
    """Have everything trained and asked; the figures, as JSON.

    Raises:
        BadInput: If a child fails, or the runs did not all begin from the same adapter.
    """
    grpo = {seed: trainings.grpo(seed) for seed in wish.seeds}
    starts = sorted({start_of(run) for run in grpo.values()})
    if len(starts) > 1:
        raise BadInput(f"The runs began from {' and '.join(starts)}. Compare runs that began from the same adapter.")
    with_sft = wish.seeds if wish.sft_seeds is None else wish.sft_seeds
    sft = {seed: trainings.sft(seed, run) for seed, run in grpo.items() if seed in with_sft}
    asked: dict[str, dict[int, Answers]] = {"start": {0: trainings.answers(starts[0])}}
    for who, runs in (("SFT", sft), ("GRPO", grpo)):
        if runs:
            asked[who] = {seed: trainings.answers(str(run / "adapter")) for seed, run in runs.items()}
    told, compared = rates(asked), differences(asked)
    command = (
        f"python -m evals.outcome_training --config {Path(wish.config).name} --seeds {','.join(map(str, wish.seeds))}"
    )
    return {
        "command": command
        + (f" --sft-seeds {','.join(map(str, wish.sft_seeds))}" if wish.sft_seeds is not None else "")
        + (f" --steps {wish.steps}" if wish.steps else ""),
        "asked": {**asdict(wish), "config": Path(wish.config).name, "sft_from": _named(wish.sft_from)},
        "start": _named(starts[0]),
        "device": str(state_of(grpo[wish.seeds[0]]).get("device", "")),
        "day": datetime.now(UTC).date().isoformat(),
        "judged_problems": len(shared_problems(asked)),
        "runs": [
            _run_row(who, seed, run) for who, runs in (("GRPO", grpo), ("SFT", sft)) for seed, run in runs.items()
        ],
        "rates": [asdict(each) for each in told],
        "differences": [asdict(each) for each in compared],
        "table": table(told, compared).splitlines(),
    }


def _named(adapter: str) -> str:
    """An adapter by its last folders, and the beginning of its weights' SHA-256: where it lies is nobody's business."""
    if adapter in ("", UNTRAINED):
        return adapter
    return f"{'/'.join(Path(adapter).parts[-2:])} {adapter_digest(Path(adapter))[:12]}"


def _run_row(who: str, seed: int, run: Path) -> dict[str, Any]:
    """What a run cost, and how its reward (GRPO) or loss (SFT) went: the first and the last five that were logged."""
    log = log_of(run)
    name = "reward" if who == "GRPO" else "loss"
    curve = [line[name] for line in log if name in line]
    ends = {"first": _mean(curve[:5]), "last": _mean(curve[-5:])} if curve else {}
    seconds = log[-1].get("seconds", 0) if log else 0
    row = {"who": who, "seed": seed, "steps": log[-1].get("step", 0) if log else 0, "seconds": seconds, name: ends}
    return row | ({"tokens": tokens_of(run)} if who == "GRPO" else {})


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def parse(arguments: Sequence[str]) -> tuple[Wish, argparse.Namespace]:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.outcome_training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--config", required=True, help="a plan of train.grpo: a name or a TOML file")
    add("--seeds", default="1,2,3", help="of the trainings, with commas")
    add("--steps", type=int, default=0, help="of GRPO; the plan's own when left out")
    add("--sft-seeds", help="those that have an SFT, too; all of them when left out")
    add("--sft-from", default="", help="adapter that the SFT begins from; the one of the GRPO when left out")
    add("--sft-options", default="", help="more options of train.sft, in one text")
    add("--problems", type=int, default=500)
    add("--seed", type=int, default=7, help="of the held-out problems")
    add("--temperature", type=float, default=0.6)
    add("--folder", type=Path, help="where the runs lie; DATA/training when left out")
    add("--out", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    seeds = _seeds(given.seeds)
    sft_seeds = None if given.sft_seeds is None else _seeds(given.sft_seeds)
    if missing := set(sft_seeds or ()) - set(seeds):
        raise BadInput(f"An SFT is over as many tokens as the GRPO of its seed, and {min(missing)} is none of --seeds.")
    wish = Wish(
        given.config,
        seeds,
        sft_seeds=sft_seeds,
        steps=given.steps,
        sft_from=given.sft_from,
        sft_options=tuple(shlex.split(given.sft_options)),
        problems=given.problems,
        asked_seed=given.seed,
        temperature=given.temperature,
    )
    return wish, given


def _seeds(told: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(seed) for seed in told.split(",")))
    except ValueError as error:
        raise BadInput(f"The seeds are {told!r}; give whole numbers with commas, such as 1,2,3.") from error


def main(arguments: Sequence[str], child: Sequence[str] = PYTHON_MODULE) -> int:
    """Train, ask, print the table, write the figures."""
    wish, given = parse(arguments)
    folder = given.folder or settings_from_environment().data_folder / "training"
    told = measured(wish, Trainings(wish, Path(os.path.abspath(folder)), child))
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print("\n".join(["", *told["table"]]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        sys.exit(str(error))
