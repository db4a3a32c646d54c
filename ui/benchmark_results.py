"""A folder of results in, what the Benchmarks tab shows of it out: the list, a result as it grows, a sample's texts."""

import threading
import time
from pathlib import Path
from typing import Any

from evals.benchmark_runs import BenchmarkRuns, resting_state
from evals.benchmarks.benchmark import Problem
from evals.published import published_for
from evals.result_file import Result, Sample, begun_at, paths_in
from evals.result_tail import ResultTail
from evals.run_state import State
from evals.scores import Scores, scores_of
from model.errors import AppError, BadInput
from ui.benchmark_curves import CurveViews
from ui.benchmark_scores import bars_value, figures_value, others_value, score_value
from ui.benchmark_values import (
    WAITING,
    about_text,
    data_text,
    listed_value,
    live_value,
    opened_value,
    problems_value,
    row_value,
    running_value,
    standing_value,
    title_of,
    worked_seconds,
)
from ui.day_groups import zone_of

_MOST_LISTED = 100
_LISTING_SECONDS = 0.4

Value = dict[str, Any]


class BenchmarkResults:
    """The results of a folder, each read on from where it was left. Any thread may ask.

    Raises:
        BadInput: If there is no result of a name that is asked for.
    """

    def __init__(self, benchmarks: BenchmarkRuns, curves: CurveViews, folder: Path) -> None:
        self._benchmarks, self._curves, self._folder = benchmarks, curves, folder
        self._tails: dict[str, ResultTail] = {}
        self._scores: dict[str, tuple[int, Scores]] = {}
        # The problems of the result that was looked into last.
        self._problems: tuple[str, dict[str, Problem]] = ("", {})
        self._lock, self._reading = threading.Lock(), threading.Lock()

    # ------------------------------------------------------------------ all of them

    def files(self) -> list[tuple[str, Path]]:
        """Results by name, the one that was begun last first."""
        return [(path.stem, path) for path in paths_in(self._folder)[:_MOST_LISTED]]

    def listed(self, files: list[tuple[str, Path]], zone: str) -> tuple[list[Value], bool]:
        """Those of the list that can be read in a moment, and whether these are all."""
        listed: list[Value] = []
        deadline = time.monotonic() + _LISTING_SECONDS
        for name, path in files:
            if name not in self._tails and listed and time.monotonic() > deadline:
                return listed, False
            try:
                tail = self.tail(name)
                at = begun_at(path)
            except (BadInput, FileNotFoundError):  # a file of something else, or deleted meanwhile
                continue
            share = self._scores_of(name, tail).pass_1
            phase = self._state(name, tail.result).phase
            listed.append(listed_value(name, tail.result, share.value if share else None, phase, at, zone_of(zone)))
        return listed, True

    def tail(self, name: str) -> ResultTail:
        """A result's file, read to its end."""
        path = self._folder / f"{name}.jsonl"
        with self._lock:
            if path.parent != self._folder or not path.is_file():
                self._tails.pop(name, None)
                self._scores.pop(name, None)
                raise BadInput(f"There is no result {name!r}.")
            tail = self._tails.get(name)
            if tail is None:
                tail = self._tails[name] = ResultTail(path)
        tail.read_on()
        return tail

    # ------------------------------------------------------------------ one of them

    def value(self, name: str, since: int) -> Value:
        """A result as it stands: of its problems those that changed behind the first `since` lines."""
        tail = self.tail(name)
        # Asked first: what is written after it is read below.
        state, is_measuring = self._state(name, tail.result), self._curves.is_going
        result, changed = tail.read_on(), tail.changed_since(since)
        n_changes = tail.n_changes
        places = {problem: at for at, problem in enumerate(result.problems)}
        new = dict.fromkeys(problem for problem, _ in changed)
        scores = self._scores_of(name, tail)
        standing = standing_value(state, worked_seconds(result), result.n_samples)
        published = published_for(str(result.head["benchmark"]))
        return (
            standing
            | {
                "title": title_of(result.head),
                "about": about_text(result.head),
                "data": data_text(result.head),
                "waiting": WAITING * result.n_samples,
                "since": n_changes,
                "rows": [row_value(result, places[problem], problem) for problem in new],
                "running": running_value(state.running, places),
                "score": score_value(scores, standing["is_going"]),
                "figures": figures_value(scores),
                "bars": bars_value(result.head, scores, published),
                "others": others_value(result.head, published),
                "curve": self._curves.value(result, standing["is_going"]),
                "is_measuring": is_measuring,
            }
            | ({} if since else {"problems": problems_value(result.head)})
        )

    def _scores_of(self, name: str, tail: ResultTail) -> Scores:
        known = self._scores.get(name)
        if known is None or known[0] != tail.n_changes:
            known = self._scores[name] = (tail.n_changes, scores_of(tail.result))
        return known[1]

    def _state(self, name: str, result: Result) -> State:
        return self._benchmarks.state(name) if self._benchmarks.going == name else resting_state(name, result)

    # ------------------------------------------------------------------ one sample

    def opened(self, name: str, id_: str, number: int) -> Value:
        """A sample with all that was written and judged."""
        tail = self.tail(name)
        key = (id_, number)
        sample = self._written(tail, key)
        is_elsewhere = sample is None and self._state(name, tail.result).is_elsewhere
        return opened_value(sample, tail.result.judgements.get(key), is_elsewhere)

    def answer(self, name: str, id_: str, number: int) -> str:
        """A sample's answer; empty where there is none."""
        tail = self.tail(name)
        return str(opened_value(self._written(tail, (id_, number)), None)["answer"])

    def live(self, name: str, id_: str, number: int, began: float, known: tuple[int, int]) -> Value:
        """What is new of a sample that is being written.

        Args:
            began: Of the try that is known; another one is told from its beginning.
            known: So many characters of its thinking and of its answer.
        """
        return live_value(self._benchmarks.live(name, id_, number), began, known)

    def problem(self, name: str, id_: str) -> Problem | None:
        """A problem of a result; None where the data cannot be read any more."""
        with self._reading:
            if self._problems[0] != name:
                try:
                    self._problems = (name, {each.id: each for each in self._benchmarks.problems(name)})
                except AppError:  # the data is elsewhere by now; what was written can still be read
                    self._problems = (name, {})
            return self._problems[1].get(id_)

    def _written(self, tail: ResultTail, key: tuple[str, int]) -> Sample | None:
        return tail.written(key) if key in tail.result.samples else None
