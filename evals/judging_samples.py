"""A benchmark and its samples in, their judgements out, with the class of equal answers that each belongs to."""

import logging
import os
import threading
import time
from collections import defaultdict

from evals.benchmarks.benchmark import Benchmark, Judgement, Judges, Problem, ProfileName, Written
from evals.result_file import Judged, Result, Sample

_log = logging.getLogger(__name__)

# A judgement that takes so long and comes to nothing is tried once more.
_LONG_SECONDS = 3.0


def n_judges() -> int:
    """So many threads judge at once on this machine."""
    return max(2, min(4, os.cpu_count() or 2))


class SampleJudge:
    """Judges the samples of one result, in any order. Any thread may call it."""

    def __init__(
        self, benchmark: Benchmark, judges: Judges, problems: dict[str, Problem], profile: ProfileName = "quick"
    ) -> None:
        self._benchmark = benchmark
        self._is_strict = profile == "published"
        self._judges = judges
        self._problems = problems
        self._lock = threading.Lock()
        # Of each problem: its lock, and the answer that stands for each class beside the number of its sample.
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._classes: dict[str, list[tuple[int, str]]] = defaultdict(list)

    def know(self, result: Result) -> None:
        """Take in the classes of what was judged before."""
        for (problem, number), judged in result.judgements.items():
            if judged.class_of == number:
                self._classes[problem].append((number, judged.answer))

    def judge(self, sample: Sample) -> Judged:
        """The judgement of a sample; never raises."""
        began = time.monotonic()
        if sample.error:
            return Judged(sample.problem, sample.number, "undecided", f"It was not written: {sample.error}")
        strict = self._is_strict
        found = self._judged(sample, Written(sample.answer, sample.thinking, sample.calls, strict, sample.trace))
        outcome = found.outcome
        if not sample.is_closed and sample.thinking:
            outcome = self._judged(sample, Written(sample.thinking, sample.thinking, (), strict)).outcome
        return Judged(
            sample.problem,
            sample.number,
            found.outcome,
            found.reason,
            found.answer,
            self._class_of(sample, found.answer),
            outcome,
            round(time.monotonic() - began, 4),
            found.details,
        )

    def _judged(self, sample: Sample, written: Written) -> Judgement:
        began = time.monotonic()
        found = self._judged_once(sample, written)
        if found.outcome == "undecided" and time.monotonic() - began > _LONG_SECONDS:
            # It ran out of time, perhaps because the machine was busy: a score must not hang on that.
            found = self._judged_once(sample, written)
        return found

    def _judged_once(self, sample: Sample, written: Written) -> Judgement:
        try:
            return self._benchmark.judge(self._judges, self._problems[sample.problem], written)
        except Exception as error:  # noqa: BLE001  one sample that trips a judge must not end hours of work
            _log.exception("judging %s failed", sample.key)
            return Judgement("undecided", f"The judge failed: {type(error).__name__}: {error}")

    def _class_of(self, sample: Sample, answer: str) -> int:
        same = self._benchmark.same
        if same is None or not answer:
            return -1
        with self._lock:
            lock, classes = self._locks[sample.problem], self._classes[sample.problem]
        with lock:
            for number, first in classes:
                if first == answer or same(self._judges, first, answer):
                    return number
            classes.append((sample.number, answer))
            return sample.number
