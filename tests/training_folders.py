"""Training runs as a trainer writes them: a few steps with every figure, and completions of every outcome."""

from pathlib import Path
from typing import Any

from train.run_files import RunFolder, Status, runs_folder

OUTCOMES = ("correct", "wrong", "undecided", "open")
PLAN = {
    "model": "smollm2-135m",
    "learning_rate": 2e-05,
    "steps": 20,
    "sources": {"own:word_one": 2, "gsm8k": 1},
    "weights": {"format": 0.2},
}


def completion(step: int, number: int, **more: Any) -> dict[str, Any]:
    """One that was scored; four in a row have the four outcomes."""
    outcome = OUTCOMES[number % len(OUTCOMES)]
    is_correct = outcome == "correct"
    return {
        "step": step,
        "key": f"{step}-{number}",
        "source": "gsm8k",
        "question": f"How many are {step} and {number}?",
        "thinking": f"{step} and {number} come to {step + number}.",
        "answer": f"It is \\boxed{{{step + number}}}.",
        "outcome": outcome,
        "reason": "1 is not 2" if outcome == "wrong" else "",
        "faults": ["the thinking is empty"],
        "reward": is_correct - 0.2,
        "parts": {"outcome": float(is_correct), "format": -1.0},
        "tokens": 100 + number,
        "truncated": outcome == "undecided",
        "advantage": 0.5,
    } | more


def figures(step: int, steps: int) -> dict[str, float]:
    """What is logged of a step."""
    done = step / steps
    return {
        "reward": 0.2 + 0.6 * done,
        "reward/outcome": 0.1 + 0.6 * done,
        "reward/format": -1.0,
        "correct": 0.2 + 0.5 * done,
        "undecided": 0.05,
        "truncated": 0.3 - 0.3 * done,
        "flat_groups": 0.4,
        "length": 400 - 100 * done,
        "kl": 0.01 * done,
        "entropy": 0.9 - 0.3 * done,
        "loss": 0.0,
        "tokens": 1000 * step,
    }


def write_step(run: RunFolder, step: int, steps: int, n_completions: int = 4) -> None:
    """One step of a run, with a look at the held-out problems at every fifth and the first."""
    run.log(step, figures(step, steps))
    if step == 1 or step % 5 == 0:
        shares = {"pass": 0.25 + 0.5 * step / steps, "gsm8k": 0.1, "own:word_one": 0.6}
        asked = {"asked/pass": 96.0, "asked/gsm8k": 40.0, "asked/own:word_one": 56.0}
        run.log(step, {f"held_out/{name}": share for name, share in shares.items()} | asked)
    run.keep_samples(completion(step, number) for number in range(n_completions))
    run.reached(step)


def begin_run(data_folder: Path, name: str = "first", steps: int = 20, done: int = 0, start: str = "") -> RunFolder:
    """A run with outcome rewards that goes on, `done` steps of it written."""
    folder = runs_folder(data_folder) / name
    run = RunFolder(folder, "grpo", PLAN, steps=steps, model="smollm2-135m", start=start, device="CPU, 2 cores")
    for step in range(1, done + 1):
        write_step(run, step, steps)
    return run


def write_run(
    data_folder: Path, name: str = "first", steps: int = 20, done: int = 20, status: Status = "ended", reason: str = ""
) -> Path:
    """A run that is over; its folder."""
    run = begin_run(data_folder, name, steps, done)
    run.end(status, reason)
    return run.folder


def write_fine_tuning(data_folder: Path, name: str = "sft") -> Path:
    """A run of fine-tuning that is over."""
    plan = {"tokens": 1_000_000, "rank": 32}
    folder = runs_folder(data_folder) / name
    run = RunFolder(folder, "sft", plan, steps=30, model="smollm2-135m", start="", device="CPU")
    for step in (10, 20, 30):
        run.log(step, {"loss": 3.0 - step / 20, "learning_rate": 0.001})
    run.log(30, {"held_out/arithmetic": 0.8})
    run.reached(30)
    run.end("ended")
    return run.folder
