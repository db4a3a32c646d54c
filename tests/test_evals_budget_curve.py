"""A curve is measured by a scripted engine: cut, answered, judged, stopped and gone on with."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.benchmarks.benchmark import Judgement, Judges
from evals.budget_curve import BudgetCurves, main, measured_curve
from evals.curve_file import curve_path, read_cuts
from evals.judge_curve_again import judge_curve_again
from evals.loaded_problems import Loaded
from evals.result_file import Result
from model.engine import Request, Steering
from model.errors import BadInput, EngineError
from model.events import Event
from model.host import ModelHost
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from tests.sums_benchmark import FAST, SUMS, CountingEngine, N, load_sums, runs_with, turn

LONG_SECONDS = 120.0
STEPS = "".join(f"Step {number}: look at it again.\n\n" for number in range(9))
AHA = "Now I see how it goes.\n\n"


class NeedsItsThinking(CountingEngine):
    """Gives the right answer only if the thinking has got to its point; question 0 needs no thinking."""

    def __init__(self, breaks_after: int = 10**9, fails: dict[str, int] | None = None) -> None:
        turns = [turn(n, f"It is {2 * n}.", thinking=STEPS + AHA + STEPS) for n in range(N)]
        super().__init__(turns, fails)
        self.breaks_after = breaks_after
        self._unready = ScriptedEngine(
            [Turn("", "It is 1000.", match=r"^[1-9]"), Turn("", "It is 0.")], tokens_per_second=FAST
        )

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        events = super().stream(request, steering)
        if request.is_thinking_closed and len(self.requests) > self.breaks_after:
            raise EngineError("The device is on fire.")
        if request.is_thinking_closed and AHA.strip() not in request.thinking_so_far:
            return self._unready.stream(request, steering)
        return events


def result_by(engine: CountingEngine, judges: Judges, folder: Path, **options: Any) -> Result:
    runs = runs_with(engine, judges, folder)
    name = runs.start("sums", **options)
    assert runs.wait(name, LONG_SECONDS).phase == "done"
    engine.requests.clear()
    return runs.result(name)


def curves_with(engine: CountingEngine, judges: Judges, folder: Path) -> BudgetCurves:
    return BudgetCurves(ModelHost(Settings(folder), engine), judges, load_sums)


def measured(curves: BudgetCurves, result: Result, budgets: tuple[int, ...] = ()) -> None:
    curves.start(result, budgets)
    curves.wait(LONG_SECONDS)
    assert curves.going is None


def test_budget_curve_has_the_score_of_each_budget_and_the_smallest_that_will_do(judges: Judges, tmp_path: Path):
    engine = NeedsItsThinking()
    result = result_by(engine, judges, tmp_path, samples=2)
    measured(curves_with(engine, judges, tmp_path), result, (0, 20, 100, 120, 2000))
    curve = measured_curve(result)
    assert [(each.budget, round(each.share.value, 3)) for each in curve.points] == [
        (0, round(1 / N, 3)),
        (20, round(1 / N, 3)),
        (100, 1.0),
        (120, 1.0),
        (2000, 1.0),
        (4096, 1.0),
    ]
    assert curve.best == 100
    assert [each.cut for each in curve.points] == [1, 1, 1, 1, 0, 0]
    # At 2,000 tokens the thinking was over, so nothing was asked; nothing was thought again.
    assert len(engine.requests) == 4 * 2 * N
    assert all(request.is_thinking_closed for request in engine.requests)


def test_budget_curve_goes_on_where_it_was_left(judges: Judges, tmp_path: Path):
    engine = NeedsItsThinking(breaks_after=4)
    result = result_by(NeedsItsThinking(), judges, tmp_path)
    curves = curves_with(engine, judges, tmp_path)
    measured(curves, result, (20, 100))
    state = curves.state(result.path)
    assert state is not None and state.note == "The device is on fire." and 0 < state.done < state.total == 2 * N
    assert measured_curve(result).best is None
    there = read_cuts(curve_path(result.path))
    engine.breaks_after = 10**9
    engine.requests.clear()
    measured(curves, result, (100,))
    assert len(engine.requests) == 2 * N - len(there)
    state = curves.state(result.path)
    assert state is not None and (state.done, state.total, state.note) == (2 * N, 2 * N, "")
    assert measured_curve(result).best == 100


def test_budget_curve_asks_again_of_a_sample_that_had_failed_and_was_written_since(judges: Judges, tmp_path: Path):
    failing = NeedsItsThinking(fails={"3+3?": 3})
    runs = runs_with(failing, judges, tmp_path)
    name = runs.start("sums")
    result = (runs.wait(name, LONG_SECONDS), runs.result(name))[1]
    assert result.samples["sum-3", 0].error
    curves = curves_with(failing, judges, tmp_path)
    measured(curves, result, (100,))
    assert measured_curve(result).points[0].scores["sum-3"] == 0
    runs.resume(name)
    runs.wait(name, LONG_SECONDS)
    result = runs.result(name)
    assert measured_curve(result).best is None
    measured(curves, result, (100,))
    assert measured_curve(result).points[0].scores["sum-3"] == 1 and measured_curve(result).best == 100


def test_budget_curve_stops_and_keeps_what_is_finished(judges: Judges, tmp_path: Path):
    result = result_by(NeedsItsThinking(), judges, tmp_path)
    endless = CountingEngine([Turn("", "So it goes on, number {question} and on. " * 20_000)])
    curves = curves_with(endless, judges, tmp_path)
    curves.start(result, (20,))
    curves.stop()
    curves.wait(LONG_SECONDS)
    assert curves.going is None and endless.live_requests() == 0
    assert read_cuts(curve_path(result.path)) == {}


def test_budget_curve_is_judged_again_without_a_model(judges: Judges, tmp_path: Path):
    engine = NeedsItsThinking()
    result = result_by(engine, judges, tmp_path)
    measured(curves_with(engine, judges, tmp_path), result, (20, 100))
    engine.requests.clear()
    strict = replace(SUMS, judge=lambda judges, problem, written: Judgement("wrong", "Nothing is right."))
    assert judge_curve_again(result, judges, load_sums) == 0
    # Right were question 0 with 20 tokens, and all with 100.
    assert (
        judge_curve_again(result, judges, lambda name, source: load_sums(name, source)._replace(benchmark=strict))
        == 1 + N
    )
    assert [each.share.value for each in measured_curve(result).points] == [0, 0, 1]
    assert engine.requests == []


def test_budget_curve_says_why_it_cannot_be_measured(judges: Judges, tmp_path: Path):
    engine = NeedsItsThinking()
    result = result_by(engine, judges, tmp_path, budget=60)
    curves = curves_with(engine, judges, tmp_path)
    with pytest.raises(BadInput, match="the result itself ends at 60"):
        curves.start(result, (20, 60))
    other = replace_model(engine)
    with pytest.raises(BadInput, match="begun with the model"):
        curves_with(other, judges, tmp_path).start(result)
    acting = replace(SUMS, acting=lambda *_: None)  # type: ignore[arg-type]
    load = lambda name, source: Loaded(acting, load_sums(name, source).problems, {"source": "sample"})  # noqa: E731
    with pytest.raises(BadInput, match="several thinkings"):
        BudgetCurves(ModelHost(Settings(tmp_path), engine), judges, load).start(result)
    assert not curve_path(result.path).exists()
    without = result_by(engine, judges, tmp_path / "without", budget="off")
    with pytest.raises(BadInput, match="no thinking in this result"):
        curves.start(without, (0,))


def replace_model(engine: CountingEngine) -> CountingEngine:
    other = NeedsItsThinking()
    other.model = "another"
    return other


def test_budget_curve_is_shown_from_the_shell_without_a_model(
    judges: Judges, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    engine = NeedsItsThinking()
    result = result_by(engine, judges, tmp_path)
    measured(curves_with(engine, judges, tmp_path), result, (20, 100))
    assert main([str(result.path), "--show"]) == 0
    told = capsys.readouterr().out
    assert "smallest budget within one standard error of the best: 100" in told and "as it was run" in told
    with pytest.raises(BadInput, match="numbers with commas"):
        main([str(result.path), "--budgets", "low"])
