"""A benchmark of sums, and engines that solve it, fail at it or never end: what tests of the runner share."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Benchmark, Judgement, Judges, Problem, Written
from evals.loaded_problems import Loaded
from model.engine import Engine, Request, Steering
from model.errors import BadInput, EngineError
from model.events import Event, Message
from model.host import ModelHost
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

N = 6
FAST = 20_000.0


def judge_sum(judges: Judges, problem: Problem, written: Written) -> Judgement:
    answer = written.answer.strip().rpartition(" ")[2].strip(".")
    if answer == "trip":
        raise ValueError("a bug of the judge")
    return Judgement("correct" if answer == problem.gold else "wrong", f"{answer or 'nothing'} was said", answer)


SUMS = Benchmark(
    name="sums",
    title="Sums",
    about="Sums of one number with itself.",
    source="the tests",
    licence="Apache-2.0",
    judged_by="The last word is compared.",
    problems_of=lambda rows: [],
    judge=judge_sum,
    samples=4,
    same=lambda judges, first, second: first.lower() == second.lower(),
)
PROBLEMS = [Problem(f"sum-{n}", (Message("user", f"{n}+{n}?"),), str(2 * n), f"{n} plus itself") for n in range(N)]


def load_sums(name: str, source: str) -> Loaded:
    if name != SUMS.name:
        raise BadInput(f"There is no benchmark {name!r}.")
    return Loaded(SUMS, PROBLEMS, {"source": "sample", "sha256": "0"})


def turn(n: int, answer: str, **options: Any) -> Turn:
    return Turn(options.pop("thinking", "Let me add them up."), answer, match=rf"^{n}\+{n}\?$", **options)


def right_turns() -> list[Turn]:
    return [turn(n, f"It is {2 * n}.") for n in range(N)]


class CountingEngine(ScriptedEngine):
    """Counts what it is asked, and fails at a question so often as it is told."""

    def __init__(self, turns: Sequence[Turn], fails: dict[str, int] | None = None, **options: Any) -> None:
        super().__init__(turns, **{"tokens_per_second": FAST} | options)
        self.asked: Counter[str] = Counter()
        self.requests: list[Request] = []
        self._fails = dict(fails or {})
        self._counting = threading.Lock()

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        question = request.messages[-1].content
        with self._counting:
            self.asked[question] += 1
            self.requests.append(request)
            fails = self._fails.get(question, 0) > 0
            if fails:
                self._fails[question] -= 1
        if fails:
            raise EngineError("The device is on fire.")
        return super().stream(request, steering)


def new_judges() -> Judges:
    return Judges(MathJudge(), CodeJudge())


def runs_with(engine: Engine, judges: Judges, folder: Path, **options: Any) -> BenchmarkRuns:
    options = {"load": load_sums} | options
    return BenchmarkRuns(ModelHost(Settings(folder), engine), judges, folder / "benchmarks", **options)
