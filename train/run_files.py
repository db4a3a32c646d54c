"""A training run's folder: its state, plan, log and samples, written as it goes on, read by whoever shows it."""

import json
import math
import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil
from filelock import FileLock, Timeout

from model.errors import BadInput
from train.public_names import public_text
from train.versions import installed_versions

Kind = Literal["grpo", "sft"]
Status = Literal["going on", "stopped", "ended", "failed"]

STATE, PLAN, LOG, SAMPLES, ADAPTER = "state.json", "plan.json", "log.jsonl", "samples.jsonl", "adapter"
_LOCK = ".lock"
_MAX_REASON = 500


@dataclass(frozen=True, slots=True)
class RunState:
    """Where a run stands.

    Attributes:
        steps: Planned ones.
        seconds: Of all its sittings together.
        start: The adapter that it began from; empty for a fresh one.
        reason: Why it stopped or failed, in a sentence.
        process_started: When the process `pid` began, in seconds since 1970: numbers of processes are given again.
        versions: Of the app, Python and the libraries, by name, in the last sitting.
    """

    kind: Kind
    name: str
    status: Status
    step: int
    steps: int
    pid: int
    started_at: str
    updated_at: str
    seconds: float
    model: str
    start: str = ""
    device: str = ""
    reason: str = ""
    process_started: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)


def runs_folder(data_folder: Path) -> Path:
    """Where runs lie, a folder each, unless their command said otherwise."""
    return data_folder / "training"


def read_state(folder: Path) -> RunState:
    """The state of a run.

    Raises:
        BadInput: If the folder holds no run, or its state cannot be read.
    """
    try:
        told = json.loads((folder / STATE).read_text("utf-8"))
        known = {each.name for each in fields(RunState)}
        return RunState(**{name: value for name, value in told.items() if name in known})
    except FileNotFoundError as error:
        raise BadInput(f"There is no training run in {folder.name!r}: it has no {STATE}.") from error
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(f"The {STATE} of the training run {folder.name!r} cannot be read: {error}.") from error


def is_alive(state: RunState) -> bool:
    """Whether the process that carries the run out is there; one with its number that began at another time is not."""
    try:
        process = psutil.Process(state.pid)
        began = process.create_time()
    except (psutil.Error, ValueError, OverflowError):
        return False
    return not state.process_started or abs(began - state.process_started) < 2


def list_runs(folder: Path) -> list[RunState]:
    """The runs in a folder of runs, the one that was begun last first; what is no run is left out."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(BadInput):
            found.append(replace(read_state(path), name=path.name))
    return sorted(found, key=lambda state: state.started_at, reverse=True)


def read_plan(folder: Path) -> dict[str, Any]:
    """What a run was asked to do.

    Raises:
        BadInput: If that cannot be read.
    """
    try:
        told = json.loads((folder / PLAN).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"The {PLAN} of the training run {folder.name!r} cannot be read: {error}.") from error
    if not isinstance(told, dict):
        raise BadInput(f"The {PLAN} of the training run {folder.name!r} is no JSON object.")
    return told


def lines_of(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file; a last line that is still being written is left out, and so is what is none."""
    found = []
    # Not str.splitlines, which also breaks at characters that a completion may hold and JSON does not escape.
    with suppress(OSError), file.open(encoding="utf-8", errors="replace", newline="\n") as texts:
        for text in texts:
            with suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict):
                    found.append(line)
    return found


def read_log(file: Path) -> list[dict[str, Any]]:
    """What was logged, one object for each step, in order: the seconds count on over sittings, the later value counts.

    A run that was killed and went on from its checkpoint writes some steps again.
    """
    steps: dict[int, dict[str, Any]] = {}
    earlier = before = 0.0
    for line in lines_of(file):
        if not isinstance(line.get("step"), int) or not isinstance(line.get("seconds"), int | float):
            continue
        if line["seconds"] < before:
            earlier += before
        before = line["seconds"]
        step = steps.setdefault(line["step"], {})
        step.update(line, seconds=round(earlier + before, 1))
    return [steps[step] for step in sorted(steps)]


class RunFolder:
    """Writes a run's folder. One process at a time: the folder is locked until the run ends.

    Args:
        plan: What decides the result; a run goes on with the same one only.
        changeable: Names of settings that a run may go on with another value of.

    Raises:
        BadInput: If another process carries the run out, or the folder holds a run of another plan.
    """

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        plan: Mapping[str, Any],
        *,
        steps: int,
        model: str,
        start: str,
        device: str,
        changeable: Collection[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = FileLock(folder / _LOCK, timeout=0)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise BadInput(
                f"Another process carries out the run in {folder}. Wait for it, or give another --out."
            ) from error
        try:
            self._write_plan({**plan, "kind": kind}, changeable)
        except BadInput:
            self._lock.release()
            raise
        now, me = _now(), psutil.Process()
        seconds, started_at = 0.0, now
        with suppress(BadInput):
            before = read_state(folder)
            seconds, started_at = before.seconds, before.started_at
        self._earlier = seconds
        self._began = time.monotonic()
        self.state = RunState(
            kind, folder.name, "going on", 0, steps, os.getpid(), started_at, now, seconds, model, start, device,
            process_started=me.create_time(), versions=installed_versions(),
        )  # fmt: skip
        self._write_state()

    def _write_plan(self, plan: Mapping[str, Any], changeable: Collection[str]) -> None:
        file = self.folder / PLAN
        written = json.loads(json.dumps(plan))
        before = read_plan(self.folder) if file.exists() else written
        names = [name for name in {**before, **written} if before.get(name) != written.get(name)]
        if names := [name for name in names if name not in changeable]:
            raise BadInput(
                f"{self.folder} holds a run of another plan (it differs in {', '.join(names)}). "
                "Give the same plan again, or another --out."
            )
        _replace(file, json.dumps(plan, indent=1) + "\n")

    def go_on_from(self, step: int | None) -> None:
        """Forget what was logged and scored after a checkpoint's step: it will be written again.

        Args:
            step: None where there is no checkpoint, and all of it is.
        """
        for name in (LOG, SAMPLES):
            file = self.folder / name
            if file.exists():
                kept = [line for line in lines_of(file) if step is not None and line.get("step", 0) <= step]
                _replace(file, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept))
        self.reached(step or 0)

    @property
    def seconds(self) -> float:
        """Of this sitting."""
        return time.monotonic() - self._began

    def reached(self, step: int) -> None:
        """A step is done."""
        self.state = replace(self.state, step=step)
        self._write_state()

    def log(self, step: int, values: Mapping[str, Any]) -> None:
        """Keep what was measured at a step; what is no finite number is left out."""
        numbers = {name: value for name, value in values.items() if _is_number(value)}
        rounded = {name: round(value, 6) if isinstance(value, float) else value for name, value in numbers.items()}
        # Counted from the run's beginning, so that the log of several sittings is one.
        seconds = round(self._earlier + self.seconds, 1)
        self._append(LOG, [{"step": step, "seconds": seconds} | rounded])

    def keep_samples(self, lines: Iterable[Mapping[str, Any]]) -> None:
        """Keep completions that were scored."""
        self._append(SAMPLES, list(lines))

    def _append(self, name: str, lines: Sequence[Mapping[str, Any]]) -> None:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        with (self.folder / name).open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)

    def end(self, status: Status, reason: str = "") -> None:
        """The run is over, or will go on another time."""
        self.state = replace(self.state, status=status, reason=public_text(reason)[:_MAX_REASON])
        self._write_state()
        self._lock.release()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """A run that ends by an exception has failed, unless somebody pressed Ctrl-C twice."""
        if isinstance(error, KeyboardInterrupt):
            self.end("stopped", "It was stopped at once; the same command goes on from the last checkpoint.")
        elif error is not None:
            self.end("failed", f"{type(error).__name__}: {error}")

    def _write_state(self) -> None:
        seconds = round(self._earlier + self.seconds, 1)
        self.state = replace(self.state, updated_at=_now(), seconds=seconds)
        _replace(self.folder / STATE, json.dumps(asdict(self.state), indent=1) + "\n")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _replace(file: Path, text: str) -> None:
    """The whole text or the one before, whenever the process is killed."""
    draft = file.with_name(f"{file.name}.new")
    draft.write_text(text, "utf-8")
    draft.replace(file)
