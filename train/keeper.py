"""A trainer's steps in, a run's folder out: checkpoints by the clock, the log, held-out pass rates, an end if asked."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from train.curriculum import Curriculum
from train.run_files import RunFolder

CURRICULUM = "curriculum.json"
# What the trainer logs, by the names that a run's log has for it.
_NAMES = {"loss": "loss", "grad_norm": "grad_norm", "learning_rate": "learning_rate", "kl": "kl", "entropy": "entropy"}

HeldOut = Callable[[], dict[str, float]]


class OutcomeKeeper(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Writes down what happens.

    Args:
        ask: Asks the held-out problems; what came of it, by the names of the log.
        ask_every: Steps between two times; 0 asks at the first and the last step only.
        should_stop: Whether the run is to end after this step.
    """

    def __init__(
        self,
        run: RunFolder,
        curriculum: Curriculum,
        ask: HeldOut,
        *,
        ask_every: int,
        save_seconds: float,
        should_stop: Callable[[], bool],
    ) -> None:
        self._run = run
        self._curriculum = curriculum
        self._ask = ask
        self._ask_every = ask_every
        self._save_seconds = save_seconds
        self._should_stop = should_stop
        self._saved_at = self._step_began = time.monotonic()

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask before the first update: where the run starts from."""
        if state.global_step == 0:
            self._run.log(0, self._ask())
        self._step_began = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Save when it is time, and when the run is to end."""
        stops = self._should_stop()
        if stops:
            control.should_training_stop = True
        is_last = state.global_step >= state.max_steps
        if stops or is_last or time.monotonic() - self._saved_at > self._save_seconds:
            control.should_save = True
            self._saved_at = time.monotonic()
            # Before the trainer saves, whose last file says that a checkpoint is whole.
            folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / CURRICULUM).write_text(json.dumps(self._curriculum.state()), "utf-8")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Keep what the trainer and the rollout measured in a step; ask when it is time."""
        if not logs or "loss" not in logs:
            return
        now = time.monotonic()
        values = {_NAMES.get(name, name): value for name, value in logs.items() if _is_kept(name)}
        self._run.log(state.global_step, values | {"step_seconds": now - self._step_began})
        is_last = state.global_step >= state.max_steps
        is_time = self._ask_every and state.global_step % self._ask_every == 0
        if is_last or (is_time and not self._should_stop()):
            self._run.log(state.global_step, self._ask())
        self._run.reached(state.global_step)
        self._step_began = time.monotonic()


def _is_kept(name: str) -> bool:
    """Whether it is of this project's log: what TRL measures of lengths and clipping by other names is left out."""
    ours = ("reward", "correct", "undecided", "truncated", "flat_groups", "length", "tokens", "rollout_seconds")
    return name in _NAMES or name.split("/")[0] in ours
