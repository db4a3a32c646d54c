"""A plan and an adapter in, what the verifiers say of its answers to the plan's held-out problems out.

`python -m train.asked --config embedded-cpu --adapter FOLDER --problems 300 --out FILE` asks with the same decoder and
the same verifiers as the training. The problems are chosen by `--seed` alone: several adapters are asked the same.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.device import leave_a_core
from model.errors import AppError
from model.settings import settings_from_environment
from train.mixed import Mixture
from train.outcomes import Outcome, Verifiers
from train.plans import Plan, read_plan
from train.policy import FRESH, load_policy
from train.problems import Problem
from train.rollout import Actor, asking_sampling
from train.scoring import judged
from verify.math_check import wilson

UNTRAINED = "none"
_AT_ONCE = 64


def asked_answers(
    plan: Plan,
    adapter: str,
    problems: int,
    seed: int,
    temperature: float,
    data_folder: Path,
    source: str,
    problems_folder: Path | None = None,
) -> list[tuple[Problem, Outcome]]:
    """Each held-out problem of a plan once, with what came of the answer.

    Args:
        problems_folder: Of the files that the plan's sources name.

    Raises:
        AppError: If the adapter or the plan cannot be had.
    """
    leave_a_core()
    policy = load_policy(replace(plan, start=FRESH if adapter == UNTRAINED else adapter), data_folder, source)
    mixture = Mixture(plan.sources, seed, policy.family, problems_folder)
    chosen = mixture.held_out(problems, mixture.levels if plan.curriculum_window else {})
    actor, sampling = Actor(policy, plan.slots), asking_sampling(temperature)
    found: list[tuple[Problem, Outcome]] = []
    began = time.monotonic()
    with Verifiers() as verifiers:
        for start in range(0, len(chosen), _AT_ONCE):
            part = chosen[start : start + _AT_ONCE]
            written = actor.write([policy.prompt(each) for each in part], sampling, plan.max_new_tokens)
            found += zip(part, judged(policy, verifiers, part, written), strict=True)
            sys.stderr.write(f"{len(found)} of {len(chosen)} problems answered, {time.monotonic() - began:.0f} s\n")
    return found


def told(found: Sequence[tuple[Problem, Outcome]]) -> list[dict[str, Any]]:
    """What is kept of each answer; `right` is None where it could not be judged."""
    return [
        {
            "key": problem.key,
            "source": problem.source,
            "level": problem.level,
            "right": None if outcome.result in ("undecided", "open") else outcome.result == "correct",
            "reason": outcome.reason,
            "tokens": outcome.tokens,
            "truncated": outcome.is_truncated,
            "answer": outcome.answer,
        }
        for problem, outcome in found
    ]


def table(replies: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for all of them and for each source: right ones, judged ones, the share with its 95% interval."""
    by_source: dict[str, list[bool]] = defaultdict(list)
    for reply in replies:
        if reply["right"] is not None:
            by_source["all"].append(reply["right"])
            by_source[reply["source"]].append(reply["right"])
    lines = []
    for name, rights in by_source.items():
        low, high = wilson(sum(rights), len(rights))
        share = sum(rights) / len(rights)
        lines.append(f"{name:28} {sum(rights):4}/{len(rights):<4} {share:6.1%}  {low:.1%} to {high:.1%}")
    return lines


def main() -> int:
    """Ask, print the table, write the answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", required=True, help="a plan of train.grpo: a name or a TOML file")
    parser.add_argument("--adapter", default="shipped", help="a folder, a hub id, shipped or none")
    parser.add_argument("--problems", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7, help="of the problems")
    parser.add_argument("--temperature", type=float, default=0.6, help="0 is greedy")
    parser.add_argument("--data", type=Path, help="folder of the files that the plan's sources name")
    parser.add_argument("--out", type=Path, help="JSON file for the answers")
    given = parser.parse_args()
    settings = settings_from_environment()
    try:
        found = asked_answers(
            read_plan(given.config),
            given.adapter,
            given.problems,
            given.seed,
            given.temperature,
            settings.data_folder,
            settings.source,
            given.data,
        )
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    replies = told(found)
    if given.out:
        facts = {"config": Path(given.config).name, "temperature": given.temperature, "seed": given.seed}
        facts |= {"problems": len(replies)}
        given.out.write_text(json.dumps(facts | {"replies": replies}, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print("\n".join(table(replies)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
