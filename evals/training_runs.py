"""A plan of outcome-reward training in, its finished runs with those of further SFT beside them out.

All of it is done by programs of `train/`, each a process of its own; what is finished is not done again.
"""

import hashlib
import json
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.asked_adapters import read_answers
from model.adapter import adapter_digest, has_adapter
from model.embedded import SHIPPED_ADAPTER
from model.errors import BadInput

ROOT = Path(__file__).resolve().parent.parent
PYTHON_MODULE = (sys.executable, "-m")
UNTRAINED = "none"  # as train.asked calls the model without an adapter


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be found out.

    Args:
        config: A plan of `train.grpo`, by name or file.
        steps: Of GRPO; 0 for the plan's own.
        sft_seeds: Those that have an SFT, too; None for all of them.
        sft_from: Adapter from which the SFT begins; empty for the one that the GRPO began from.
        sft_options: More options of `train.sft`.
        problems: How many are asked.
        asked_seed: Chooses the problems; the answers are drawn anew each time.
    """

    config: str
    seeds: tuple[int, ...]
    steps: int = 0
    sft_seeds: tuple[int, ...] | None = None
    sft_from: str = ""
    sft_options: tuple[str, ...] = ()
    problems: int = 500
    asked_seed: int = 7
    temperature: float = 0.6

    @property
    def name(self) -> str:
        """What its runs' names begin with."""
        return Path(self.config).stem + (f"-{self.steps}-steps" if self.steps else "")


class Trainings:
    """The runs of a wish, each in its folder.

    Args:
        folder: Where runs lie.
        child: How a program of `train/` is started; its name and options come behind.
    """

    def __init__(self, wish: Wish, folder: Path, child: Sequence[str] = PYTHON_MODULE) -> None:
        self._wish = wish
        self._folder = folder
        self._child = child

    def grpo(self, seed: int) -> Path:
        """The folder of a finished run of GRPO."""
        wish = self._wish
        folder = self._folder / f"{wish.name}-grpo-{seed}"
        steps = ["--steps", str(wish.steps)] if wish.steps else []
        expected = {**_config_of(wish.config), "seed": seed, **({"steps": wish.steps} if wish.steps else {})}
        self._finish(folder, expected, "train.grpo", "--config", wish.config, "--seed", str(seed), *steps)
        return folder

    def sft(self, seed: int, grpo: Path) -> Path:
        """The folder of a finished run of SFT over as many tokens as that of GRPO."""
        wish = self._wish
        others = " ".join((wish.sft_from, *wish.sft_options)).strip()
        kind = f"sft-{_digest(others)[:6]}" if others else "sft"
        folder = self._folder / f"{wish.name}-{kind}-{seed}"
        start, tokens = wish.sft_from or start_of(grpo), tokens_of(grpo)
        options = ["--start", start] if start != UNTRAINED else []
        options += ["--tokens", str(tokens), "--seed", str(seed), *wish.sft_options]
        self._finish(folder, {"tokens": tokens, "seed": seed}, "train.sft", *options)
        return folder

    def answers(self, adapter: str) -> dict[str, bool]:
        """What an adapter's answers to the plan's held-out problems are worth."""
        wish = self._wish
        options = ["--config", wish.config, "--problems", str(wish.problems)]
        options += ["--seed", str(wish.asked_seed), "--temperature", str(wish.temperature)]
        weights = adapter if adapter == UNTRAINED else adapter_digest(Path(adapter))
        # What the plan says counts, too: a file of the same name may have been changed since.
        told = json.dumps(_config_of(wish.config), sort_keys=True, default=str)
        file = self._folder / f"{wish.name}-asked" / f"{_digest(' '.join([weights, told, *options]))[:16]}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            draft = file.with_suffix(".part")
            self._run("train.asked", "--adapter", adapter, *options, "--out", str(draft))
            read_answers(draft)
            draft.replace(file)
        return read_answers(file)

    def _finish(self, folder: Path, expected: Mapping[str, Any], program: str, *options: str) -> None:
        """Have a run carried out, or gone on with, unless it is finished."""
        if is_finished(folder):
            plan = _object_in(folder / "plan.json")
            if differs := [name for name, value in expected.items() if plan.get(name) != value]:
                raise BadInput(
                    f"{folder} holds a finished run of another plan (it differs in {', '.join(differs)}). "
                    "Move it away, or give another --folder."
                )
            return
        self._run(program, *options, "--out", str(folder))
        if not is_finished(folder):
            raise BadInput(f"The run in {folder} is not finished. Give the same command again to go on with it.")

    def _run(self, program: str, *options: str) -> None:
        command = [*self._child, program, *options]
        print(shlex.join(["python", "-m", program, *options]), flush=True)
        with subprocess.Popen(command, cwd=ROOT) as process:
            try:
                status = process.wait()
            except KeyboardInterrupt:
                # It was told to stop by the same key, and writes a checkpoint.
                process.wait()
                raise
        if status:
            raise BadInput(f"{program} ended with {status}; it says why above. The same command goes on from there.")


def is_finished(folder: Path) -> bool:
    """Whether a run has come to its end and left its adapter."""
    if not has_adapter(folder / "adapter"):
        return False
    return not (folder / "state.json").exists() or state_of(folder).get("status") == "ended"


def state_of(run: Path) -> dict[str, Any]:
    """Where a run stands, as it says itself."""
    return _object_in(run / "state.json")


def start_of(run: Path) -> str:
    """The adapter that a run began from; "none" for a fresh one."""
    start = str(_object_in(run / "plan.json").get("start") or "fresh")
    return {"fresh": UNTRAINED, "shipped": str(SHIPPED_ADAPTER)}.get(start, start)


def tokens_of(run: Path) -> int:
    """The tokens that a run of GRPO wrote and trained on.

    Raises:
        BadInput: If its log has none.
    """
    counted = [line["tokens"] for line in log_of(run) if isinstance(line.get("tokens"), int | float)]
    if not counted:
        raise BadInput(
            f"The log of {run} counts no tokens, so no SFT can be given as many. Was it a run of train.grpo?"
        )
    return int(max(counted))


def _config_of(name: str) -> dict[str, Any]:
    """What a plan of `train.grpo` sets; nothing where there is none, which the program itself then says."""
    file = next((path for path in (Path(name), ROOT / "train" / "configs" / f"{name}.toml") if path.is_file()), None)
    try:
        return tomllib.loads(file.read_text("utf-8")) if file is not None else {}
    except (OSError, ValueError):
        return {}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _object_in(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise BadInput(f"{file} cannot be read: {error}. Is {file.parent} the folder of a training run?") from error


def log_of(run: Path) -> list[dict[str, Any]]:
    """What a run logged, line by line; nothing where it was too short for a line.

    Raises:
        BadInput: If it cannot be read.
    """
    try:
        lines = (run / "log.jsonl").read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise BadInput(f"The log of {run} cannot be read: {error}.") from error
