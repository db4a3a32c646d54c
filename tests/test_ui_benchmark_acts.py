"""Who may do what with benchmarks, and when: for the page and for scripts."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evals.benchmarks.benchmark import Judges
from evals.budget_curve import BudgetCurves
from model.errors import AppError
from model.host import ModelHost
from model.serving import Given
from model.settings import Settings
from tests.sums_benchmark import CountingEngine, load_sums, right_turns, runs_with
from ui.benchmark_acts import BenchmarkActs
from ui.benchmark_curves import CurveViews
from ui.default_budget import DefaultBudget


class MeasuringCurves(CurveViews):
    is_going = True


def acts_with(
    judges: Judges,
    folder: Path,
    host: ModelHost | None = None,
    curves_of: Callable[..., CurveViews] = CurveViews,
    **hosting: Any,
) -> BenchmarkActs:
    engine, settings = CountingEngine(right_turns()), Settings(folder, **hosting)
    host = host or ModelHost(settings, engine)
    curves = curves_of(lambda: BudgetCurves(host, judges, load_sums), DefaultBudget(folder))
    return BenchmarkActs(runs_with(engine, judges, folder), curves, host, settings)


def assert_begun(name: str, folder: Path) -> None:
    """It may have ended already, but not without a file."""
    assert name and (folder / "benchmarks" / f"{name}.jsonl").exists()


ACTS: list[Callable[[BenchmarkActs], object]] = [
    lambda acts: acts.start("sums", source="auto"),
    lambda acts: acts.resume("x"),
    lambda acts: acts.stop("x"),
    lambda acts: acts.measure_curve(Path("x")),
    lambda acts: acts.stop_curve(),
    lambda acts: acts.delete("x"),
    lambda acts: acts.restore("x"),
    lambda acts: acts.loading_words(),
]


@pytest.mark.parametrize("act", ACTS)
def test_visitors_of_a_server_do_nothing_unless_its_host_lets_them(
    judges: Judges, tmp_path: Path, act: Callable[[BenchmarkActs], object]
) -> None:
    with pytest.raises(AppError, match="only its host"):
        act(acts_with(judges, tmp_path, is_hosted=True))


def test_server_reads_no_folder_for_a_visitor_who_may_start(judges: Judges, tmp_path: Path) -> None:
    acts = acts_with(judges, tmp_path, is_hosted=True, allows_benchmarks=True)
    for source in ("/etc", "../data", ""):
        with pytest.raises(AppError, match="reads no folders"):
            acts.start("sums", source=source)
    assert_begun(acts.start("sums", source="auto"), tmp_path)


def test_nothing_begins_while_a_curve_is_being_measured(judges: Judges, tmp_path: Path) -> None:
    acts = acts_with(judges, tmp_path, curves_of=MeasuringCurves)
    for begin in (lambda: acts.start("sums", source="auto"), lambda: acts.resume("x")):
        with pytest.raises(AppError, match="is being measured now"):
            begin()
    assert acts.going == ""


def test_start_waits_for_the_model_that_is_being_loaded_and_needs_one(judges: Judges, tmp_path: Path) -> None:
    may_end = threading.Event()

    def build(*_: Any) -> Given:
        may_end.wait(60)
        return Given(CountingEngine(right_turns()))

    host = ModelHost(Settings(tmp_path), _build=build, _free_bytes=lambda: 10**12)
    acts = acts_with(judges, tmp_path, host)
    assert acts.loading_words() == ""
    with pytest.raises(AppError, match="No model is loaded"):
        acts.start("sums", source="auto")
    host.load("smollm2-135m")
    assert acts.loading_words() == "Starting to load smollm2-135m"
    may_end.set()
    host.engine(60)
    assert_begun(acts.start("sums", source="auto"), tmp_path)


def test_load_that_failed_is_told_with_what_to_do(judges: Judges, tmp_path: Path) -> None:
    def build(*_: Any) -> Given:
        raise RuntimeError("no room")

    host = ModelHost(Settings(tmp_path), _build=build, _free_bytes=lambda: 10**12)
    acts = acts_with(judges, tmp_path, host)
    host.load("smollm2-135m")
    with pytest.raises(AppError):
        host.engine(60)
    with pytest.raises(AppError, match=r"no room.*Load a model in the Model tab, then start again\."):
        acts.start("sums", source="auto")
