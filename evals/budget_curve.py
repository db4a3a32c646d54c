"""A result in, its accuracy against the thinking budget out: stored thinking is cut, the answer asked for from there.

    python -m evals.budget_curve FILE --budgets 0,256,512

Nothing is thought again: each thinking is cut where the product would have cut it, and the model writes its answer. The
answers lie beside the result; what is there already is not asked again.
"""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from evals.benchmarks.benchmark import Judges
from evals.curve_file import Curve, curve_of, curve_path, default_budgets, own_budget, read_cuts
from evals.curve_going import CurveGoing, CurveState
from evals.heads import check_same_model
from evals.interrupts import Interrupts, interrupts
from evals.loaded_host import loaded_host
from evals.loaded_problems import Load, load_problems, loaded_for
from evals.result_file import Result, ResultWriter, read_result
from model.chat import ChatEngine
from model.errors import AppError, BadInput
from model.host import ModelHost
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

_LOOK_SECONDS = 0.5


class BudgetCurves:
    """Measures the curves of results, one at a time. Every method may be called from any thread."""

    def __init__(self, host: ModelHost, judges: Judges, load: Load = load_problems) -> None:
        """Nothing goes on yet.

        Args:
            judges: Closed by whoever made them.
        """
        self._host = host
        self._judges = judges
        self._load = load
        self._going: CurveGoing | None = None

    def start(self, result: Result, budgets: Sequence[int] = ()) -> None:
        """Begin, or go on where it was left.

        Args:
            budgets: Thinking tokens; those of `default_budgets` when none are given.

        Raises:
            AppError: If another one goes on, a budget is out of range, nothing was thought, another model or none is
                loaded, the engine cannot write on from a text, or the problems cannot be read any more.
        """
        if self.going is not None:
            raise BadInput("A curve is being measured now. Stop it, or wait for its end.")
        wanted = checked_budgets(result, budgets)
        engine = self._host.engine()
        if not isinstance(engine, ChatEngine):
            raise BadInput("This engine cannot go on from a thinking that is cut.")
        check_same_model(result.head, engine)
        loaded = loaded_for(result, self._load)
        if loaded.benchmark.acting is not None:
            raise BadInput(
                f"The samples of {loaded.benchmark.title} have several thinkings each: there is no one to cut."
            )
        problems = {problem.id: problem for problem in loaded.problems}
        writer = ResultWriter(curve_path(result.path))
        cuts = read_cuts(curve_path(result.path))  # as they are now that nobody else writes them
        wanted = sorted({*wanted, *(cut.budget for cut in cuts.values())})  # a curve has all problems at each point
        self._going = CurveGoing(result, wanted, cuts, writer, loaded.benchmark, problems, self._host, self._judges)
        self._going.start()

    @property
    def going(self) -> Path | None:
        """The result whose curve is being measured; None if none is."""
        going = self._going
        return going.result.path if going is not None and going.is_alive else None

    def state(self, path: Path) -> CurveState | None:
        """How far the curve of a result is; None if this process has not begun it, or began another since."""
        going = self._going
        return going.state() if going is not None and going.result.path == path else None

    def stop(self) -> None:
        """End what is being written; the answers that are finished are kept. Harmless when nothing goes on."""
        going = self._going
        if going is not None:
            going.stop()

    def wait(self, timeout_seconds: float | None = None) -> None:
        """Until the end of what goes on, or so long."""
        going = self._going
        if going is not None:
            going.wait(timeout_seconds)

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Stop, for a later start to go on."""
        self.stop()
        self.wait(timeout_seconds)


def measured_curve(result: Result) -> Curve:
    """The curve of a result as far as it was measured, read from the file beside it.

    Raises:
        BadInput: If that file cannot be read.
    """
    return curve_of(result, read_cuts(curve_path(result.path)))


def checked_budgets(result: Result, budgets: Sequence[int]) -> list[int]:
    """The budgets to measure, rising.

    Raises:
        BadInput: If one is negative, or not below the result's own limit, or there is no thinking to cut.
    """
    own = own_budget(result)
    if not default_budgets(result) or not any(sample.thinking for sample in result.samples.values()):
        raise BadInput("There is no thinking in this result that could be cut.")
    if bad := [budget for budget in budgets if not 0 <= budget < own]:
        raise BadInput(
            f"A budget of {bad[0]:,} thinking tokens cannot be had by cutting: the result itself ends at {own:,}. "
            f"Give 0 to {own - 1:,}."
        )
    return sorted(set(budgets)) or default_budgets(result)


# ------------------------------------------------------------------ the command line


def table(curve: Curve) -> str:
    """The curve for people."""
    lines = [f"{'budget':>8}{'correct':>9}  {'95% interval':14}{'cut':>6}{'thinking tokens':>17}"]
    for point in curve.points:
        share = point.share
        interval = f"{100 * share.low:.1f} to {100 * share.high:.1f}"
        own = "  as it was run" if point.is_own else ""
        lines.append(
            f"{point.budget:>8,}{100 * share.value:>8.1f}%  {interval:14}{100 * point.cut:>5.0f}%"
            f"{point.thinking_tokens:>17,.0f}{own}"
        )
    if curve.best is None:
        lines.append("Not all points have the same problems yet, so there is no best budget to name.")
    else:
        lines.append(f"The smallest budget within one standard error of the best: {curve.best:,}")
    return "\n".join(lines)


def _followed(curves: BudgetCurves, path: Path, interrupted: Interrupts) -> CurveState:
    """Its end; Ctrl-C stops it."""
    told_at = 0.0
    while True:
        curves.wait(_LOOK_SECONDS)
        state = curves.state(path)
        assert state is not None  # it was begun here
        if curves.going is None:
            return state
        if time.monotonic() - told_at > 30:
            print(f"{state.done} of {state.total}", file=sys.stderr)
            told_at = time.monotonic()
        if interrupted.is_asked:
            curves.stop()


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0 when the curve is complete."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.budget_curve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="a result")
    parser.add_argument("--budgets", default="", help="thinking tokens, with commas between; else doublings")
    parser.add_argument("--script", type=Path, help="the script that wrote the result, as for app.py --scripted")
    parser.add_argument("--show", action="store_true", help="only show what was measured")
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args(arguments)
    try:
        budgets = [int(each) for each in given.budgets.split(",") if each.strip()]
    except ValueError as error:
        raise BadInput(
            f"The budgets are {given.budgets!r}. Give numbers with commas between, as in 0,256,512."
        ) from error
    result = read_result(given.file)
    is_done = given.show or _measured(result, budgets, given.script)
    curve = measured_curve(result)
    print(json.dumps(asdict(curve), indent=1) if given.json else table(curve))
    return 0 if is_done else 1


def _measured(result: Result, budgets: Sequence[int], script: Path | None) -> bool:
    if result.head["model"] == "scripted" and script is None:
        raise BadInput("This result was begun with a script: name it with --script.")
    checked_budgets(result, budgets)
    with (
        loaded_host(result.head["model"], script) as host,
        contextlib.closing(CodeJudge()) as code,
        MathJudge() as math,
        contextlib.closing(Judges(math, code)) as judges,
        contextlib.closing(BudgetCurves(host, judges)) as curves,
    ):
        curves.start(result, budgets)
        with interrupts() as interrupted:
            state = _followed(curves, result.path, interrupted)
    if state.note:
        print(f"It failed: {state.note}", file=sys.stderr)
    return state.done == state.total


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
