"""The data folder in; its training runs out: their list, one of them as it stands, its last completions, its files."""

import re
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from model.errors import BadInput
from train.public_names import public_adapter, public_model, public_plan
from train.run_files import RunState, is_alive, list_runs, read_log, read_plan, read_state, runs_folder
from ui.training_tail import Sample, Tail, last_samples, sample_at
from ui.training_values import status_of

# What may be taken along.
FILES = ("log.jsonl", "report.html", "samples.jsonl")
_NAME = re.compile(r"[\w][\w.-]*")
_MOST_KNOWN = 20

Stamp = tuple[int, int]


class TrainingRuns:
    """The runs of a folder; their logs are read again only when they have grown. Any thread may ask.

    Args:
        is_hosted: Whether strangers ask: where things lie on this machine is not told then.

    Raises:
        BadInput: If there is no run of a name that is asked for.
    """

    def __init__(self, data_folder: Path, is_hosted: bool = False) -> None:
        self._folder, self._is_hosted = runs_folder(data_folder), is_hosted
        self._logs: dict[str, tuple[Stamp, list[dict[str, Any]]]] = {}
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Where runs are looked for."""
        return self._folder.name if self._is_hosted else str(self._folder)

    def listed(self) -> list[tuple[RunState, str]]:
        """All runs with how they stand, the newest first."""
        return [self._shown(state) for state in list_runs(self._folder)]

    def state(self, name: str) -> tuple[RunState, str]:
        """A run, and how it stands."""
        return self._shown(replace(read_state(self._run(name)), name=name))

    def plan(self, name: str) -> dict[str, Any]:
        """What was planned; empty while that is not written."""
        folder = self._run(name)
        plan = read_plan(folder) if (folder / "plan.json").exists() else {}
        return public_plan(plan) if self._is_hosted else plan

    def log(self, name: str) -> list[dict[str, Any]]:
        """A dict of figures a step; empty before the first."""
        path = self._run(name) / "log.jsonl"
        stamp = stamp_of(path)
        with self._lock:
            known = self._logs.get(name)
            if known is not None and known[0] == stamp:
                return known[1]
        log = read_log(path) if stamp[0] else []
        with self._lock:
            self._logs.pop(name, None)
            self._logs[name] = (stamp, log)
            while len(self._logs) > _MOST_KNOWN:
                del self._logs[next(iter(self._logs))]
        return log

    def samples(self, name: str, n_most: int, outcome: str = "", before: int | None = None) -> Tail:
        """Its last completions; see `ui.training_tail.last_samples`."""
        return last_samples(self._run(name) / "samples.jsonl", n_most, outcome, before)

    def sample(self, name: str, place: int) -> Sample:
        """The completion whose line begins at that place of the file."""
        sample = sample_at(self._run(name) / "samples.jsonl", place)
        if sample is None:
            raise BadInput("This completion is not there any more. Choose it from the list again.")
        return sample

    def stamp(self, name: str, file: str) -> str:
        """What changes when a file does."""
        size, changed = stamp_of(self._run(name) / file)
        return f"{size} {changed}"

    def file(self, name: str, file: str) -> Path:
        """A file to be taken along.

        Raises:
            BadInput: If it is none of them, or not there.
        """
        path = self._run(name) / file
        if file not in FILES or not path.is_file():
            raise BadInput(f"The run {name!r} has no file {file!r} to take along.")
        return path

    def _shown(self, state: RunState) -> tuple[RunState, str]:
        status = status_of(state, is_alive(state))
        if self._is_hosted:
            state = replace(state, model=public_model(state.model), start=public_adapter(state.start))
        return state, status

    def _run(self, name: str) -> Path:
        folder = self._folder / name
        if not _NAME.fullmatch(name) or not (folder / "state.json").is_file():
            raise BadInput(f"There is no training run {name!r}.")
        return folder


def stamp_of(path: Path) -> Stamp:
    """Size and time of a file; zeros where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def seconds_of(iso: str) -> float:
    """An ISO-8601 time in Unix seconds; 0 where it is none.

    >>> seconds_of("2025-11-24T16:00:00+00:00"), seconds_of("")
    (1764000000.0, 0.0)
    """
    try:
        return datetime.fromisoformat(iso).timestamp()
    except ValueError:
        return 0.0
