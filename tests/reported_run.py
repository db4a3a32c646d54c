"""A training run's folder as `train.grpo` leaves it, small enough to read, for tests of what is made of it."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

STATE: dict[str, Any] = {
    "kind": "grpo",
    "name": "stage-1",
    "status": "ended",
    "step": 30,
    "steps": 30,
    "pid": os.getpid(),
    "started_at": "2026-11-29T10:00:00+00:00",
    "updated_at": "2026-11-29T11:30:00+00:00",
    "seconds": 5400.0,
    "model": "smollm2-135m",
    "start": "adapter",
    "device": "CPU, 2 cores",
    "reason": "",
}
PLAN: dict[str, Any] = {
    "kind": "grpo",
    "start": "/home/someone/runs/sft-half/adapter",
    "steps": 30,
    "group": 8,
    "beta": 0.04,
    "sources": {"own:sum": 0.5, "gsm8k": 0.5},
}
LOG: list[dict[str, Any]] = [
    {
        "step": 0,
        "seconds": 1.0,
        "held_out/pass": 0.5,
        "held_out/gsm8k": 0.25,
        "held_out/own:sum": 0.75,
        "asked/pass": 64.0,
        "asked/gsm8k": 32.0,
        "asked/own:sum": 32.0,
    },
    *(
        {
            "step": step,
            "seconds": 180.0 * step,
            "reward": step / 30,
            "reward/outcome": step / 40,
            "reward/format": 0.1,
            "correct": step / 40,
            "undecided": 0.02,
            "truncated": 0.1,
            "flat_groups": 0.3,
            "length": 120.0 - step,
            "kl": 0.001 * step,
            "entropy": 0.4,
            "loss": 0.01,
            "tokens": 1000 * step,
        }
        for step in range(1, 31)
    ),
    {
        "step": 30,
        "seconds": 5400.0,
        "held_out/pass": 0.75,
        "held_out/gsm8k": 0.5,
        "held_out/own:sum": 1.0,
        "asked/pass": 60.0,
        "asked/gsm8k": 30.0,
        "asked/own:sum": 30.0,
    },
]


def sample(step: int, outcome: str, **fields: Any) -> dict[str, Any]:
    """One scored completion."""
    return {
        "step": step,
        "key": f"sum:{step}",
        "source": "own:sum",
        "question": f"What is {step} + {step}?",
        "thinking": f"{step} and {step} make {2 * step}.",
        "answer": f"\\boxed{{{2 * step}}}",
        "outcome": outcome,
        "reason": f"reason of step {step}",
        "reward": None if outcome == "undecided" else float(outcome == "correct"),
        "parts": {"outcome": float(outcome == "correct"), "format": 0.1},
        "tokens": 25,
        "truncated": False,
        "advantage": 0.5,
    } | fields


SAMPLES = [sample(step, ("wrong", "correct", "undecided")[step % 3]) for step in range(1, 31)]


def write_run(
    folder: Path,
    *,
    samples: Sequence[Mapping[str, Any]] = SAMPLES,
    log: Sequence[Mapping[str, Any]] = LOG,
    plan: Mapping[str, Any] = PLAN,
    **state: Any,
) -> Path:
    """Write a run's files; `state` changes what `state.json` says."""
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps(STATE | {"name": folder.name} | state), "utf-8")
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    for name, lines in (("log.jsonl", log), ("samples.jsonl", samples)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return folder
