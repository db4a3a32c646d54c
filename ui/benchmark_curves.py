"""A result in, its accuracy against the thinking budget as the page draws it out: measured, drawn, taken as default."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.curve_file import Curve, curve_of, curve_path, read_cuts
from evals.result_file import Result, read_result
from ui.default_budget import DefaultBudget

if TYPE_CHECKING:  # it brings transformers in, which the page does without until a curve is measured
    from evals.budget_curve import BudgetCurves
    from evals.curve_going import CurveState

Value = dict[str, Any]


class CurveViews:
    """The curves of results, read again only when their files have grown. Any thread may call it."""

    def __init__(self, new_curves: "Callable[[], BudgetCurves]", default: DefaultBudget) -> None:
        """Nothing is measured yet.

        Args:
            new_curves: Is called when the first curve is to be measured.
        """
        self._new_curves, self._default = new_curves, default
        self._curves: BudgetCurves | None = None
        self._known: dict[Path, tuple[tuple[int, int], Curve]] = {}
        self._lock = threading.Lock()

    @property
    def is_going(self) -> bool:
        """Whether one is being measured, which takes the model."""
        return self._curves is not None and self._curves.going is not None

    def measure(self, path: Path) -> None:
        """Begin to measure the curve of a result, or go on with it.

        Raises:
            AppError: If it cannot be measured now.
        """
        with self._lock:
            self._curves = self._curves or self._new_curves()
        # With its texts, which the page's own reading of it leaves out.
        self._curves.start(read_result(path))

    def stop(self) -> None:
        """End; what is done stays."""
        if self._curves is not None:
            self._curves.stop()

    def close(self) -> None:
        """Stop, for a later measurement to go on."""
        if self._curves is not None:
            self._curves.close()

    def value(self, result: Result, is_going: bool) -> Value | None:
        """What the page draws; None while a result goes on, or where nothing was thought.

        Args:
            is_going: Whether the result itself goes on.
        """
        path = result.path
        if is_going or not any(sample.thinking_tokens for sample in result.samples.values()):
            return None
        # Asked first: what is written after it is read below.
        state = self._curves.state(path) if self._curves is not None else None
        measured = self._curve(result)
        return curve_value(measured, state, self._default.tokens, is_started=curve_path(path).exists())

    def _curve(self, result: Result) -> Curve:
        path = curve_path(result.path)
        size = path.stat().st_size if path.exists() else 0
        stamp = (size, len(result.judgements))
        with self._lock:
            known = self._known.get(path)
            if known is None or known[0] != stamp:
                known = self._known[path] = (stamp, curve_of(result, read_cuts(path)))
        return known[1]


def curve_value(curve: Curve, state: "CurveState | None", default: int | None, is_started: bool) -> Value:
    """Points, the best budget, what is said of them and the buttons there are.

    Args:
        state: Of a measurement that goes on; None when none does.
        default: The budget that is the page's default now; None for `medium`.
        is_started: Whether there is anything to go on with.
    """
    is_going = state is not None and state.is_going
    points = curve.points if is_started else ()
    is_known = curve.best is not None and len(points) > 1
    shows = ["stop-curve"] if is_going else ["measure"]
    if is_known and not is_going and curve.best:
        shows = ["use-budget"] if default != curve.best else []
        shows += ["forget-budget"] if default is not None else []
    elif is_known and not is_going:
        shows = []
    return {
        "words": _words(curve, state, default, is_known and not is_going),
        "points": [
            {"budget": each.budget, "share": each.share.value, "low": each.share.low, "high": each.share.high}
            for each in points
        ],
        "best": curve.best if is_known else None,
        "shows": shows,
    }


def _words(curve: Curve, state: "CurveState | None", default: int | None, is_known: bool) -> str:
    if state is not None and state.is_going:
        return f"{state.done:,} of {state.total:,} answers behind a cut thinking are written."
    if state is not None and state.note:
        return f"It failed: {state.note}"
    if not is_known:
        return "Stored thinking is cut at several budgets and the answer asked for from there; nothing is thought anew."
    if not any(point.share.value for point in curve.points):
        return "No answer is correct with any of these budgets, so there is none to choose."
    if not curve.best:
        return "Thinking does not help here: without any, the score is within one standard error of the best."
    words = f"The smallest budget within one standard error of the best score is {curve.best:,} thinking tokens."
    return f"{words} It is the default budget of this page." if default == curve.best else words
