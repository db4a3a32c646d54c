"""A result, budgets and a model in, the answers behind its cut thinkings out, into the file of its curve.

As many threads ask as the engine decodes at once. The cuts of one sample are asked one behind the other, the shortest
first, so that the prefix cache has the beginning of each next one.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from evals.asking import TRIES
from evals.benchmarks.benchmark import Benchmark, Judges, Problem
from evals.curve_file import CutAnswer, is_out_of_date
from evals.going import BENCHMARK_OWNER
from evals.judging_samples import SampleJudge
from evals.profiles import plan_of
from evals.result_file import Result, ResultWriter, Sample
from evals.thinking_cuts import Kept, cut_at, request_after
from model.chat import ChatEngine
from model.engine import Collected, Steering, collect
from model.errors import AppError, BadInput, EngineError
from model.host import ModelHost
from model.seated_engine import SeatedEngine

_log = logging.getLogger(__name__)
_WAIT_FOR_ENGINE_SECONDS = 60.0

CutKey = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class CurveState:
    """How far a curve is: answers that are there, of `total`; `note` says why it failed, if it did."""

    is_going: bool
    done: int
    total: int
    note: str = ""


class CurveGoing:
    """A curve that is being measured. Every method may be called from any thread."""

    def __init__(
        self,
        result: Result,
        budgets: Sequence[int],
        cuts: Mapping[CutKey, CutAnswer],
        writer: ResultWriter,
        benchmark: Benchmark,
        problems: Mapping[str, Problem],
        host: ModelHost,
        judges: Judges,
    ) -> None:
        self.result = result
        self._writer = writer
        self._problems = problems
        self._host = host
        self._plan = plan_of(result.head)
        self._judge = SampleJudge(benchmark, judges, dict(problems), self._plan.profile)
        self._lock = threading.Lock()
        self._left = deque(_left(result, budgets, cuts))
        self._total = len(result.judgements) * len(budgets)
        self._done = self._total - sum(len(mine) for _, mine in self._left)
        self._steerings: set[Steering] = set()
        self._is_stopping = threading.Event()
        self._note = ""
        # Not the thread's own end: an exception in the middle of `Thread.join` marks one as ended that is not.
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._go, name="curve", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the engine; what is half written is asked again by the next start."""
        self._is_stopping.set()
        with self._lock:
            for steering in self._steerings:
                steering.stop()

    def wait(self, timeout_seconds: float | None = None) -> None:
        """Until its end, or so long."""
        self._has_ended.wait(timeout_seconds)

    @property
    def is_alive(self) -> bool:
        """Whether it still goes on."""
        return not self._has_ended.is_set()

    def state(self) -> CurveState:
        """Where it stands now."""
        with self._lock:
            return CurveState(self.is_alive, self._done, self._total, self._note)

    # ------------------------------------------------------------------ the threads

    def _go(self) -> None:
        try:
            self._do_the_rest()
        finally:
            self._has_ended.set()

    def _do_the_rest(self) -> None:
        with closing(self._writer):
            try:
                slots = max(self._host.engine(_WAIT_FOR_ENGINE_SECONDS).slots, 1)
            except AppError as error:
                self._break_down(str(error))
                return
            n_askers = min(slots, len(self._left))
            askers = [threading.Thread(target=self._ask_them, name="ask", daemon=True) for _ in range(n_askers)]
            for thread in askers:
                thread.start()
            for thread in askers:
                thread.join()

    def _ask_them(self) -> None:
        """An asker: one sample after the other, with all its budgets, until there is none left."""
        try:
            while (taken := self._next()) is not None:
                sample, budgets = taken
                for budget in budgets:
                    cut = self._answered(sample, budget)
                    if cut is None:
                        return
                    self._keep(cut)
        except (AppError, OSError) as error:
            self._break_down(str(error))
        except Exception as error:  # noqa: BLE001  the thread's last resort: whoever waits must hear of it
            _log.exception("measuring a curve failed")
            self._break_down(f"{type(error).__name__}: {error}")

    def _next(self) -> tuple[Sample, list[int]] | None:
        with self._lock:
            return self._left.popleft() if self._left and not self._is_stopping.is_set() else None

    def _keep(self, cut: CutAnswer) -> None:
        with self._lock:
            self._writer.write("cut", cut)
            self._done += 1

    def _break_down(self, note: str) -> None:
        with self._lock:
            self._note = self._note or note
        self.stop()

    # ------------------------------------------------------------------ one answer

    def _answered(self, sample: Sample, budget: int) -> CutAnswer | None:
        """What comes of a sample with this budget; None if it was stopped.

        Raises:
            AppError: If the engine failed several times.
        """
        engine = self._engine()
        kept = cut_at(engine, self._plan, sample, budget) if sample.thinking and not sample.error else None
        if kept is None:
            return CutAnswer(sample.problem, sample.number, budget, sample.thinking_tokens, False)
        for tries_left in reversed(range(TRIES)):
            try:
                return self._asked(engine, sample, budget, kept)
            except BadInput as refusal:  # it would be refused again
                return self._failed(sample, budget, kept, str(refusal))
            except AppError:
                if not tries_left:
                    raise
                engine = self._engine()
        raise AssertionError("the last try returns or raises")

    def _engine(self) -> ChatEngine:
        engine = self._host.engine(_WAIT_FOR_ENGINE_SECONDS, self._is_stopping.is_set)
        if not isinstance(engine, ChatEngine):
            raise EngineError("Another model was loaded meanwhile, which cannot go on from a thinking that is cut.")
        return engine

    def _asked(self, engine: ChatEngine, sample: Sample, budget: int, kept: Kept) -> CutAnswer | None:
        problem, steering, began = self._problems[sample.problem], Steering(), time.monotonic()
        with self._lock:
            if self._is_stopping.is_set():
                return None
            self._steerings.add(steering)
        seat = self._host.line.enter(sample.problem, BENCHMARK_OWNER, kind="curve", is_patient=True)
        try:
            request = request_after(self._plan, problem, sample.number, kept)
            whole = collect(SeatedEngine(engine, seat).stream(request, steering))
        finally:
            seat.close()
            with self._lock:
                self._steerings.discard(steering)
        assert whole.finished is not None  # a stream ends with one, or raises
        if whole.finished.reason == "stopped":
            return None
        return self._judged(sample, budget, kept, whole, time.monotonic() - began)

    def _judged(self, sample: Sample, budget: int, kept: Kept, whole: Collected, seconds: float) -> CutAnswer:
        calls = tuple((call.name, call.arguments) for call in whole.tool_calls)
        assert whole.finished is not None
        written = Sample(sample.problem, sample.number, "", whole.answer, whole.finished.reason, calls)
        judged = self._judge.judge(written)
        return CutAnswer(
            sample.problem,
            sample.number,
            budget,
            kept.tokens,
            True,
            kept.reason,
            whole.answer,
            calls,
            whole.finished.answer_tokens,
            round(seconds, 3),
            judged.outcome,
            judged.reason,
        )

    def _failed(self, sample: Sample, budget: int, kept: Kept, error: str) -> CutAnswer:
        return CutAnswer(
            sample.problem, sample.number, budget, kept.tokens, True, kept.reason, outcome="undecided", error=error
        )


def _left(result: Result, budgets: Sequence[int], cuts: Mapping[CutKey, CutAnswer]) -> list[tuple[Sample, list[int]]]:
    """What is still to be asked: each judged sample with its rising budgets; those that failed once more."""
    left = []
    there = {key for key, cut in cuts.items() if not (cut.error or is_out_of_date(result, cut))}
    keys = [(problem, number) for problem in result.problems for number in range(result.n_samples)]
    for key in (key for key in keys if key in result.judgements):
        missing = [budget for budget in budgets if (*key, budget) not in there]
        if missing:
            left.append((result.samples[key], missing))
    return left
