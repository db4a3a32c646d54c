"""A benchmark's name and how to ask it in, a result in a file out, as it grows: started, stopped, resumed, looked at.

The page and the shell both use `BenchmarkRuns`. One result goes on at a time, since each takes all of the engine.
"""

import re
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from evals.benchmarks.benchmark import Benchmark, Judges, Problem
from evals.going import Going
from evals.heads import check_same_model, head_of
from evals.loaded_problems import Load, load_problems, loaded_for
from evals.profiles import in_fair_order, plan_for
from evals.result_deletion import delete_result, restore_result
from evals.result_file import Result, ResultWriter, is_being_written, read_result, results_in
from evals.run_state import LiveText, Phase, State
from model.engine import Budget
from model.errors import BadInput
from model.host import ModelHost


class BenchmarkRuns:
    """All results of a folder. Every method may be called from any thread."""

    def __init__(
        self, host: ModelHost, judges: Judges, folder: Path, load: Load = load_problems, spare_slots: int = 0
    ) -> None:
        """Nothing goes on yet.

        Args:
            host: Its engine is asked; it must have one when a result is begun.
            judges: Closed by whoever made them.
            folder: Where results lie; made when the first is begun.
            load: Reads the problems of a benchmark.
            spare_slots: So many requests fewer at once than the engine takes: for others who ask meanwhile.
        """
        self._host = host
        self._judges = judges
        self._folder = folder
        self._load = load
        self._spare_slots = spare_slots
        self._lock = threading.RLock()
        # Files that lie elsewhere, by name.
        self._elsewhere: dict[str, Path] = {}
        self._going: Going | None = None

    def start(
        self,
        benchmark: str,
        *,
        limit: int = 0,
        samples: int = 0,
        profile: str = "quick",
        budget: Budget | None = None,
        max_new_tokens: int | None = None,
        seed: int | None = None,
        source: str = "auto",
        out: Path | None = None,
    ) -> str:
        """Begin a result; returns when its head is in the file.

        Args:
            limit: So many problems; 0 for all. The same ones each time, and no easier than the rest.
            samples: So many of each problem; 0 for as many as the profile takes.
            profile: "quick" or "published"; see `evals.profiles`.
            budget: For thinking; None for the profile's.
            max_new_tokens: None for the profile's.
            seed: For engines that can honour one.
            source: "auto", "sample", "hub" or a folder.
            out: The file; None for one of its own in the folder.

        Returns:
            The result's name, by which all other methods know it.

        Raises:
            AppError: If there is no such benchmark, a value is out of range, another result goes on, no model is
                loaded, or the data or the file cannot be read or written.
        """
        with self._lock:
            self._check_idle()
            engine = self._host.engine()
            loaded = self._load(benchmark, source)
            plan = plan_for(
                loaded.benchmark, profile, samples=samples, budget=budget, max_new_tokens=max_new_tokens, seed=seed
            )
            problems = in_fair_order(loaded.problems, limit)
            if not problems:
                raise BadInput(f"There are no problems of {benchmark} in {loaded.data.get('source')}.")
            data = loaded.data | {"problems": len(loaded.problems)}
            head = head_of(loaded.benchmark, plan, problems, data, engine)
            name, path = self._place(f"{head['benchmark']}-{head['model']}-{head['profile']}", out)
            writer = _opened(path, is_new=True)
            writer.write("head", head)
            self._go(name, Result(path, head), writer, problems, loaded.benchmark)
            return name

    def resume(self, name: str) -> None:
        """Go on with a result where it was left; what failed is asked again.

        Raises:
            AppError: If there is none, it is complete, it was begun with another model or other data, another one goes
                on (in another process, perhaps), or no model is loaded.
        """
        with self._lock:
            self._check_idle()
            result = self.result(name)
            if result.is_done and not any(sample.error for sample in result.samples.values()):
                raise BadInput(f"{name} is complete.")
            check_same_model(result.head, self._host.engine())
            loaded = loaded_for(result, self._load)
            writer = _opened(result.path, is_new=False)
            result = read_result(result.path)  # as it is now that nobody else writes it
            self._go(name, result, writer, loaded.problems, loaded.benchmark)

    def stop(self, name: str) -> None:
        """End the result that goes on; what was finished is kept and judged. Returns at once.

        Raises:
            BadInput: If it does not go on.
        """
        going = self._going
        if going is None or going.name != name or not going.is_alive:
            raise BadInput(f"{name} does not go on now.")
        going.stop()

    def state(self, name: str) -> State:
        """Where a result stands.

        Raises:
            BadInput: If there is none of this name.
        """
        going = self._going
        if going is not None and going.name == name:
            return going.state()
        return resting_state(name, self.result(name))

    def live(self, name: str, problem: str, number: int) -> LiveText | None:
        """What stands of a sample that is being written here; None of any other."""
        going = self._going
        return going.live((problem, number)) if going is not None and going.name == name else None

    def wait(self, name: str, timeout_seconds: float | None = None) -> State:
        """Where it stands when it has come to its end, or the time is over."""
        going = self._going
        if going is not None and going.name == name:
            going.wait(timeout_seconds)
        return self.state(name)

    def result(self, name: str) -> Result:
        """A result as it stands, also while it goes on; a copy.

        Raises:
            BadInput: If there is none of this name.
        """
        going = self._going
        if going is not None and going.name == name:
            return going.result()
        return read_result(self._elsewhere.get(name) or self.result_path(name))

    def result_path(self, name: str) -> Path:
        """The file of a result of the folder.

        Raises:
            BadInput: If there is none of this name.
        """
        path = self._folder / f"{name}.jsonl"
        if not re.fullmatch(r"[\w.-]+", name) or not path.is_file():
            raise BadInput(f"There is no result {name!r}.")
        return path

    def results(self) -> list[Result]:
        """All results of the folder, newest first."""
        return list(results_in(self._folder))

    def know(self, path: Path) -> str:
        """Take in a file that lies elsewhere; its name.

        Raises:
            BadInput: If it is no result.
        """
        read_result(path)
        with self._lock:
            return self._known(path)

    def delete(self, name: str) -> None:
        """Delete a result of the folder, and its curve; the last one that was deleted can be had back.

        Raises:
            BadInput: If there is none of this name, it goes on (in another process, perhaps), or its curve is measured.
        """
        with self._lock:
            if self.going == name:
                raise BadInput(f"{name} goes on now. Stop it, then delete it.")
            path = self.result_path(name)
            delete_result(path)
            if self._going is not None and self._going.name == name:
                self._going = None

    def restore(self, name: str) -> None:
        """Undo the last `delete`.

        Raises:
            BadInput: If that was another one.
        """
        with self._lock:
            restore_result(self._folder, name)

    def problems(self, name: str) -> list[Problem]:
        """The problems of a result, read from their source again.

        Raises:
            AppError: If they cannot be read, or have changed since.
        """
        return loaded_for(self.result(name), self._load).problems

    @property
    def going(self) -> str | None:
        """The name of the result that goes on; None if none does."""
        going = self._going
        return going.name if going is not None and going.is_alive else None

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Stop what goes on, for a later resume."""
        going = self._going
        if going is not None:
            going.stop(drops_judging=True)
            going.wait(timeout_seconds)

    # ------------------------------------------------------------------

    def _check_idle(self) -> None:
        if (name := self.going) is not None:
            raise BadInput(f"{name} goes on now. Stop it, or wait for its end.")

    def _go(
        self, name: str, result: Result, writer: ResultWriter, problems: list[Problem], benchmark: Benchmark
    ) -> None:
        self._going = Going(name, result, writer, problems, benchmark, self._host, self._judges, self._spare_slots)
        self._going.start()

    def _place(self, stem: str, out: Path | None) -> tuple[str, Path]:
        """A new result's name and its file."""
        if out is not None:
            return self._known(out), out
        stem = re.sub(r"[^\w.-]+", "-", stem)
        day = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        name = f"{stem}-{day}"
        while (self._folder / f"{name}.jsonl").exists():
            time.sleep(0.1)
            name = f"{stem}-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}"
        return name, self._folder / f"{name}.jsonl"

    def _known(self, path: Path) -> str:
        path = path.resolve()
        if path.parent == self._folder.resolve() and path.suffix == ".jsonl":
            return path.stem
        name = path.stem
        while self._elsewhere.get(name, path) != path or (self._folder / f"{name}.jsonl").exists():
            name += "-"
        self._elsewhere[name] = path
        return name


def resting_state(name: str, result: Result) -> State:
    """Where a result stands that this process does not go on with."""
    total = len(result.problems) * result.n_samples
    phase: Phase = "done" if result.is_done else "stopped"
    note = ""
    if result.sessions and not result.is_done:
        last = result.sessions[-1]
        phase, note = last.get("end", "stopped"), str(last.get("note", ""))
    is_elsewhere = not result.is_done and is_being_written(result.path)
    if is_elsewhere:
        phase, note = "running", ""
    return State(name, phase, len(result.judgements), total, len(result.samples), note=note, is_elsewhere=is_elsewhere)


def _opened(path: Path, is_new: bool) -> ResultWriter:
    """A writer that no other process has.

    Raises:
        BadInput: If there is such a file already, or a folder or a device, it cannot be written, or another process
            writes it.
    """
    if path.exists() and not path.is_file():
        # A device may have no end when it is read.
        raise BadInput(f"{path} is a folder or a device. Name a file that is to be made, such as mine.jsonl.")
    if is_new and path.exists() and path.stat().st_size:
        raise BadInput(f"There is a file {path} already. Resume it, or choose another name.")
    try:
        return ResultWriter(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from error
