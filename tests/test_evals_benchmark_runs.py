"""A benchmark of sums is run by a scripted engine: begun, stopped, resumed, and read from its file."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Benchmark, Judgement, Judges, Problem, Written
from evals.loaded_problems import Loaded
from evals.result_file import read_result
from model.errors import BadInput
from model.events import Message
from model.host import ModelHost
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

N = 6


def judged(judges: Judges, problem: Problem, written: Written) -> Judgement:
    answer = written.answer.strip().rpartition(" ")[2].strip(".")
    return Judgement("correct" if answer == problem.gold else "wrong", f"{answer or 'nothing'} was said", answer)


SUMS = Benchmark(
    name="sums",
    title="Sums",
    about="Sums of one number with itself.",
    source="this test",
    licence="Apache-2.0",
    judged_by="The last word is compared.",
    problems_of=lambda rows: [],
    judge=judged,
    samples=4,
    same=lambda judges, first, second: first == second,
)
PROBLEMS = [Problem(f"sum-{n}", (Message("user", f"{n}+{n}?"),), str(2 * n), f"{n} plus itself") for n in range(N)]


def load(name: str, source: str) -> Loaded:
    if name != SUMS.name:
        raise BadInput(f"There is no benchmark {name!r}.")
    return Loaded(SUMS, PROBLEMS, {"source": "sample", "sha256": "0"})


def right_turns(wrong: Sequence[int] = ()) -> list[Turn]:
    return [
        Turn("Let me add them up.", f"It is {2 * n + (n in wrong)}.", match=rf"^{n}\+{n}\?$") for n in range(N)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    with MathJudge() as math:
        code = CodeJudge()
        yield Judges(math, code)
        code.close()


def runs_with(engine: ScriptedEngine, judges: Judges, folder: Path) -> BenchmarkRuns:
    return BenchmarkRuns(ModelHost(Settings(folder), engine), judges, folder / "benchmarks", load)


def fast(turns: Sequence[Turn], **options: Any) -> ScriptedEngine:
    return ScriptedEngine(turns, tokens_per_second=20_000, **options)


def test_benchmark_runs_ask_and_judge_every_problem(judges: Judges, tmp_path: Path):
    runs = runs_with(fast(right_turns(wrong=[2])), judges, tmp_path)
    name = runs.start("sums")
    assert runs.wait(name, 60).phase == "done"
    result = runs.result(name)
    assert {key[0]: judged.outcome for key, judged in result.judgements.items()} == {
        f"sum-{n}": "wrong" if n == 2 else "correct" for n in range(N)
    }
    assert result.samples["sum-1", 0].thinking.strip() == "Let me add them up."
    assert read_result(result.path).judgements == result.judgements
    assert json.loads(result.path.read_text().splitlines()[0])["budget"] == "medium"
