"""A result that is begun, a model and its judges in, the rest of its samples and judgements out, into its file.

Threads: as many that ask as the engine decodes at once, a few that judge, and one that writes down what they bring.
"""

import contextlib
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from evals.asking import Asking
from evals.benchmarks.benchmark import Benchmark, Judges, Problem
from evals.energy import Cards
from evals.heads import check_same_model
from evals.judging_samples import SampleJudge, n_judges
from evals.profiles import Plan, plan_of
from evals.result_file import Judged, Result, ResultWriter, Sample
from evals.run_state import LiveText, Phase, Running, State, seconds_to_expect
from model.engine import Engine
from model.errors import AppError
from model.fair_line import Seat
from model.host import ModelHost
from model.seated_engine import SeatedEngine

_log = logging.getLogger(__name__)

Key = tuple[str, int]

# In the line for the model, all samples of benchmarks are one user's.
BENCHMARK_OWNER = "benchmark"

# So many samples one after the other that the engine failed at: it is gone, and the rest would fail too.
_MOST_FAILURES = 3
# A model that is being loaded, again perhaps, is waited for so long.
_WAIT_FOR_ENGINE_SECONDS = 600.0


class Going:
    """A result that goes on. Every method may be called from any thread."""

    def __init__(
        self,
        name: str,
        result: Result,
        writer: ResultWriter,
        problems: Sequence[Problem],
        benchmark: Benchmark,
        host: ModelHost,
        judges: Judges,
        spare_slots: int = 0,
    ) -> None:
        self.name = name
        self._spare_slots = spare_slots
        self._known_engine: Engine | None = None
        self._result = result
        self._writer = writer
        self._benchmark = benchmark
        self._host = host
        self._judges = judges
        self._plan: Plan = plan_of(result.head)
        self._problems = {problem.id: problem for problem in problems}
        self._judge = SampleJudge(benchmark, judges, self._problems, self._plan.profile)
        self._judge.know(result)
        self._lock = threading.Condition()
        self._left = deque(result.keys_left())
        self._n_asked = len(self._left)
        self._asking: dict[Key, Asking] = {}
        # Problems whose prompt the engine has read, so that it has it ready for their other samples.
        self._read: set[str] = set()
        self._is_stopping = threading.Event()
        # Not the thread's own end: a Ctrl-C in the middle of `Thread.join` marks a thread as ended that is not.
        self._is_over = threading.Event()
        self._drops_judging = False
        self._phase: Phase = "running"
        self._note = ""
        self._n_failures = 0
        self._began = time.time()
        self._cards = Cards()
        self._joules_before = self._cards.joules()
        self._n_written = 0
        self._written_seconds = 0.0
        # None is from an asker that has ended.
        self._brought: queue.SimpleQueue[Sample | Judged | None] = queue.SimpleQueue()
        self._to_judge: queue.SimpleQueue[Sample | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._go, name=f"benchmark {name}", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, drops_judging: bool = False) -> None:
        """End what is being written, which is asked again by a resume; what is written is still judged.

        Args:
            drops_judging: Leave that for the resume too.
        """
        self._drops_judging = self._drops_judging or drops_judging
        with self._lock:
            if self._phase == "running":
                self._phase = "stopping"
        self._stop_asking()

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether it has come to its end within the time."""
        return self._is_over.wait(timeout_seconds)

    @property
    def is_alive(self) -> bool:
        """Whether it still goes on."""
        return not self._is_over.is_set()

    def state(self) -> State:
        """Where it stands now."""
        now = time.time()
        with self._lock:
            running = tuple(
                Running(*key, asking.tokens, max(now - asking.started, 0.0), asking.is_thinking)
                for key, asking in self._asking.items()
            )
            result = self._result
            total = len(result.problems) * result.n_samples
            state = State(self.name, self._phase, len(result.judgements), total, len(result.samples), running=running)
            if self._phase == "running" and 0 < self._n_written < self._n_asked:
                n_left = self._n_asked - self._n_written
                left = n_left * (now - self._began) / self._n_written
                mean = self._written_seconds / self._n_written
                lingering = [each.seconds for each in running] if len(running) == n_left else []
                state = replace(state, seconds_left=seconds_to_expect(left, mean, lingering))
            return replace(state, note=self._note)

    def live(self, key: Key) -> LiveText | None:
        """What stands of a sample that is being written; None of any other."""
        with self._lock:
            asking = self._asking.get(key)
        return asking.live() if asking is not None else None

    def result(self) -> Result:
        """The result as it stands now, a copy."""
        with self._lock:
            kept = self._result
            return Result(kept.path, kept.head, dict(kept.samples), dict(kept.judgements), list(kept.sessions))

    # ------------------------------------------------------------------ the threads

    def _go(self) -> None:
        """The thread that writes: ends with a phase, whatever happens."""
        try:
            self._do_the_rest()
            is_done = self.result().is_done
            self._end("done" if is_done else "failed" if self._note else "stopped")
        except AppError as error:
            self._end("failed", str(error))
        except OSError as error:
            told = f"{self._result.path} cannot be written: {error.strerror or error}."
            self._end("failed", f"{told} What is done is kept; mend that, and resume.")
        except Exception as error:  # noqa: BLE001  the thread's last resort: whoever waits must hear of it
            _log.exception("the benchmark %s failed", self.name)
            self._end("failed", f"{type(error).__name__}: {error}")
        finally:
            self._writer.close()
            self._is_over.set()

    def _end(self, phase: Phase, note: str = "") -> None:
        session: dict[str, Any] = {"began": round(self._began, 3), "ended": round(time.time(), 3)}
        joules = self._cards.joules()
        if joules is not None and self._joules_before is not None:
            session["joules"] = round(joules - self._joules_before, 1)
        with self._lock:
            self._note = note or self._note
            session |= {"samples": self._n_written, "end": phase, "note": self._note}
        with contextlib.suppress(OSError):  # a full disk, perhaps, which is told already
            self._writer.write("session", session)
        with self._lock:
            self._phase = phase
            self._result.sessions.append(session)

    def _do_the_rest(self) -> None:
        unjudged = [sample for key, sample in self._result.samples.items() if key not in self._result.judgements]
        for sample in unjudged:
            self._to_judge.put(sample)
        n_to_judge = len(unjudged)
        n_askers = 0
        if self._left:
            n_askers = min(max(self._host.engine().slots - self._spare_slots, 1), len(self._left))
        judging = [threading.Thread(target=self._judge_them, name="judge", daemon=True) for _ in range(n_judges())]
        asking = [threading.Thread(target=self._ask_them, name="ask", daemon=True) for _ in range(n_askers)]
        for thread in (*judging, *asking):
            thread.start()
        try:
            while n_askers or n_to_judge:
                brought = self._all_brought()
                samples = [each for each in brought if isinstance(each, Sample)]
                judged = [each for each in brought if isinstance(each, Judged)]
                self._keep(samples, judged)
                n_askers -= len(brought) - len(samples) - len(judged)
                n_to_judge += len(samples) - len(judged)
                if self._drops_judging and not n_askers:
                    return
        finally:
            self._stop_asking()
            for _ in judging:
                self._to_judge.put(None)

    def _stop_asking(self) -> None:
        """Let go of the engine."""
        self._is_stopping.set()
        with self._lock:
            for asking in self._asking.values():
                asking.steering.stop()
            self._lock.notify_all()

    def _all_brought(self) -> list[Sample | Judged | None]:
        """What there is to write down; waits for the first of it."""
        brought = [self._brought.get()]
        with contextlib.suppress(queue.Empty):
            while True:
                brought.append(self._brought.get_nowait())
        return brought

    def _keep(self, samples: Sequence[Sample], judged: Sequence[Judged]) -> None:
        """Write down, then show and judge what was written: whoever is told of it finds it after a kill."""
        self._writer.write_all([*(("sample", each) for each in samples), *(("judgement", each) for each in judged)])
        with self._lock:
            for sample in samples:
                self._result.samples[sample.key] = sample
                self._result.judgements.pop(sample.key, None)
            self._result.judgements.update({each.key: each for each in judged})
            self._n_written += len(samples)
            self._written_seconds += sum(sample.seconds for sample in samples)
        for sample in samples:
            self._to_judge.put(sample)

    def _ask_them(self) -> None:
        """An asker: one sample after the other until there is none left."""
        try:
            while (asking := self._next()) is not None:
                seat = self._host.line.enter(self.name, BENCHMARK_OWNER, kind=BENCHMARK_OWNER, is_patient=True)
                asking.seat = seat
                try:
                    sample = asking.ask(partial(self._engine_now, seat), self._plan, self._is_stopping)
                finally:
                    seat.close()
                    with self._lock:
                        del self._asking[asking.problem.id, asking.number]
                        self._lock.notify_all()
                if sample is None or self._has_broken_down(sample, asking.is_refused):
                    return
                self._brought.put(sample)
        except AppError as error:  # there is no model any more, or another; or a wait for one was ended by a stop
            if not self._is_stopping.is_set():
                self._break_down(str(error))
        except Exception as error:  # noqa: BLE001  the thread's last resort, as above
            _log.exception("asking failed")
            self._break_down(f"{type(error).__name__}: {error}")
        finally:
            self._brought.put(None)

    def _engine_now(self, seat: Seat) -> Engine:
        """The engine, which may have been loaded anew; never that of another model. It writes in the line's order.

        Raises:
            AppError: If there is none in time, or it is another one.
        """
        engine = self._host.engine(_WAIT_FOR_ENGINE_SECONDS, self._is_stopping.is_set)
        if engine is not self._known_engine:
            check_same_model(self._result.head, engine)
            self._known_engine = engine
        return SeatedEngine(engine, seat)

    def _next(self) -> Asking | None:
        """What is to be asked next; None when that is nothing.

        The first sample of a problem goes ahead until its prompt is read: the others find that in the prefix cache,
        where all at once would each read it.
        """
        with self._lock:
            while not self._is_stopping.is_set() and self._left:
                problem, number = self._left[0]
                if problem in self._read or all(key[0] != problem for key in self._asking):
                    self._left.popleft()
                    of = self._benchmark, self._judges, self._problems[problem]
                    asking = self._asking[problem, number] = Asking(*of, number, partial(self._has_read, problem))
                    return asking
                self._lock.wait()
            return None

    def _has_read(self, problem: str) -> None:
        with self._lock:
            self._read.add(problem)
            self._lock.notify_all()

    def _has_broken_down(self, sample: Sample, is_refused: bool) -> bool:
        """Whether the engine failed so often that the rest is left for a resume."""
        with self._lock:
            self._n_failures = self._n_failures + 1 if sample.error and not is_refused else 0
            has = self._n_failures >= _MOST_FAILURES
        if has:
            self._break_down(sample.error)
        return has

    def _break_down(self, note: str) -> None:
        with self._lock:
            self._note = self._note or note
        self._stop_asking()

    def _judge_them(self) -> None:
        while (sample := self._to_judge.get()) is not None:
            self._brought.put(self._judge.judge(sample))
