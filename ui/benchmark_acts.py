"""What the page or a script wants done with benchmarks in; done, or refused in a sentence, out: one way for both."""

import threading
from pathlib import Path
from typing import Any

from evals.benchmark_runs import BenchmarkRuns
from model.acting import is_governed_by_others
from model.errors import BadInput, ModelLoadFailed
from model.host import ModelHost
from model.settings import Settings
from ui.benchmark_curves import CurveViews
from ui.sentences import progress_text

MAY_NOT = "Benchmarks take all of the model, so on this server only its host starts them. Results can be looked at."
_NAMED_SOURCES = ("auto", "sample", "hub")


class BenchmarkActs:
    """Starts, stops and deletes. Any thread may call it; every method raises an `AppError` where it cannot be."""

    def __init__(self, benchmarks: BenchmarkRuns, curves: CurveViews, host: ModelHost, settings: Settings) -> None:
        self._benchmarks, self._curves, self._host, self._settings = benchmarks, curves, host, settings
        # Two that begin at once may not both find that nothing goes on.
        self._beginning = threading.Lock()

    @property
    def may_start(self) -> bool:
        """Whether visitors may do any of this."""
        return self._settings.allows_benchmarks or not self._is_governed

    @property
    def _is_governed(self) -> bool:
        return is_governed_by_others(self._settings.is_hosted or self._settings.is_zero_gpu)

    @property
    def going(self) -> str:
        """The result that goes on; empty when none does."""
        return self._benchmarks.going or ""

    def loading_words(self) -> str:
        """What is being loaded, which a start has to wait for; empty when nothing is.

        Also while another model still answers: it is on its way out, and would take the benchmark along.
        """
        self._check_may()
        status = self._host.status()
        return progress_text(status) if status.state == "loading" else ""

    def start(self, benchmark: str, *, source: str, **asked: Any) -> str:
        """Begin a result; its name. The arguments are those of `BenchmarkRuns.start`."""
        self._check_may()
        if (self._settings.is_hosted or self._is_governed) and source not in _NAMED_SOURCES:
            raise BadInput("A server reads no folders for its visitors: give auto, sample or hub.")
        with self._beginning:
            self._check_free()
            return self._benchmarks.start(benchmark, source=source, **asked)

    def resume(self, name: str) -> None:
        """Go on with a result."""
        self._check_may()
        with self._beginning:
            self._check_free()
            self._benchmarks.resume(name)

    def stop(self, name: str) -> None:
        """End the result that goes on."""
        self._check_may()
        self._benchmarks.stop(name)

    def measure_curve(self, result: Path) -> None:
        """Begin to measure the accuracy of a result against the budget."""
        self._check_may()
        with self._beginning:
            if name := self._benchmarks.going:
                raise BadInput(f"{name} goes on now. Stop it, or wait for its end.")
            self._check_model()
            self._curves.measure(result)

    def stop_curve(self) -> None:
        """End that."""
        self._check_may()
        self._curves.stop()

    def delete(self, name: str) -> None:
        """Delete a result with its curve; see `BenchmarkRuns.delete`."""
        self._check_may()
        self._benchmarks.delete(name)

    def restore(self, name: str) -> None:
        """Undo the last deletion."""
        self._check_may()
        self._benchmarks.restore(name)

    def _check_may(self) -> None:
        if not self.may_start:
            raise BadInput(MAY_NOT)

    def _check_free(self) -> None:
        if self._curves.is_going:
            raise BadInput("Accuracy against budget is being measured now. Stop that, or wait for its end.")
        if name := self._benchmarks.going:
            raise BadInput(f"{name} goes on now. Stop it, or wait for its end.")
        self._check_model()

    def _check_model(self) -> None:
        try:
            self._host.engine()
        except ModelLoadFailed as error:
            raise BadInput(f"{error} Load a model in the Model tab, then start again.") from error
