"""A scripted engine at full speed in, what running a benchmark costs beyond the engine itself out: time and memory.

`python -m evals.harness` asks the same requests twice in each round: by the engine alone, from as many threads, and by
`BenchmarkRuns`, which watches, writes and judges every sample. It does so at full speed, where Python itself is what is
waited for, and paced like a very fast card. Each half is a process of its own, so that its memory is its own; the order
changes from round to round, because the machine's load does. It writes results/harness.json.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges, Problem
from evals.benchmarks.gsm8k import GSM8K
from evals.loaded_problems import Loaded
from evals.profiles import in_fair_order, plan_for
from model.engine import Steering, collect
from model.events import Message
from model.host import ModelHost
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

RESULT = Path(__file__).parent / "results" / "harness.json"
# More than Python can hand on, so that the engine is never waited for.
FULL_SPEED = 1e6
# Thinking tokens of each sample, and tokens a second in each of 16 slots. Paced, it is faster than any card.
SPEEDS = {"full_speed": (1000, FULL_SPEED), "paced": (300, 600.0)}
_STEP = "Step {n}: one thing follows from another, as one sees when one looks at it closely.\n\n"
_TOKENS_A_STEP = 22


def problems(count: int) -> list[Problem]:
    """Sums, asked and judged as GSM8K's problems are."""
    return [
        Problem(f"sum-{n}", (Message("user", f"What is {n} + {n}? Put the answer into \\boxed{{}}."),), str(2 * n))
        for n in range(count)
    ]


def engine(tokens: int, rate: float) -> ScriptedEngine:
    """One that thinks so many tokens, at so many a second in each of its slots, and answers every question with 4."""
    turn = Turn(_STEP, "So it is $\\boxed{4}$.", repeat=max(tokens // _TOKENS_A_STEP, 1))
    return ScriptedEngine([turn], tokens_per_second=rate)


def alone(count: int, samples: int, tokens: int, rate: float = FULL_SPEED) -> dict[str, Any]:
    """The engine alone: what any program that reads its streams has to pay."""
    plan, asked = plan_for(GSM8K, samples=samples, budget="high"), in_fair_order(problems(count))
    serving = engine(tokens, rate)

    def ask(work: tuple[Problem, int]) -> int:
        whole = collect(serving.stream(plan.request(*work), Steering()))
        return whole.finished.thinking_tokens if whole.finished else 0

    before = _used()
    with ThreadPoolExecutor(serving.slots) as pool:
        written = list(pool.map(ask, [(problem, number) for problem in asked for number in range(samples)]))
    return _told(before) | {"tokens": sum(written)}


def by_runner(count: int, samples: int, tokens: int, rate: float = FULL_SPEED) -> dict[str, Any]:
    """The same through `BenchmarkRuns`; the seconds in which the judges get ready are not counted."""
    told = Loaded(GSM8K, problems(count), {"source": "sample", "sha256": ""})
    with tempfile.TemporaryDirectory() as folder, MathJudge() as math, closing(CodeJudge()) as code:
        for _ in range(math.n_children):
            math.start()
        math.judge("1", "1")
        host = ModelHost(Settings(Path(folder)), engine(tokens, rate))
        runs = BenchmarkRuns(host, Judges(math, code), Path(folder), lambda *_: told)
        before = _used()
        name = runs.start("gsm8k", samples=samples, budget="high")
        state = runs.wait(name)
        used = _told(before)
        result = runs.result(name)
    assert state.phase == "done" and len(result.judgements) == count * samples, state
    return used | {"tokens": sum(sample.thinking_tokens for sample in result.samples.values())}


def _used() -> tuple[float, float]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return time.monotonic(), own.ru_utime + own.ru_stime


def _told(before: tuple[float, float]) -> dict[str, Any]:
    wall, cpu = (now - then for now, then in zip(_used(), before, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": wall, "cpu_seconds": cpu, "peak_mib": peak / (2**20 if sys.platform == "darwin" else 1024)}


WAYS = {"alone": alone, "by_runner": by_runner}


def _in_a_process(way: str, given: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "evals.harness", "--way", way]
    for name in ("problems", "samples", "tokens", "rate"):
        command += [f"--{name}", str(getattr(given, name))]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def measured(given: argparse.Namespace) -> dict[str, Any]:
    """Rounds of both ways, and the median of what the runner costs more."""
    rounds = []
    for number in range(given.rounds):
        order = list(WAYS) if number % 2 == 0 else list(WAYS)[::-1]
        rounds.append({way: _in_a_process(way, given) for way in order})
        print(json.dumps(rounds[-1]), file=sys.stderr, flush=True)

    def more(name: str) -> float:
        ratios = [float(each["by_runner"][name] / each["alone"][name]) for each in rounds]
        return round(statistics.median(ratios) - 1, 4)

    peaks = [max(each[way]["peak_mib"] for each in rounds) for way in WAYS]
    return {
        "problems": given.problems,
        "samples": given.samples,
        "tokens_a_sample": given.tokens,
        "tokens_a_second_in_each_slot": None if given.rate == FULL_SPEED else given.rate,
        "wall_time_more": more("seconds"),
        "cpu_time_more": more("cpu_seconds"),
        "peak_mib": round(peaks[1], 1),
        "peak_mib_more": round(peaks[1] - peaks[0], 1),
        "cpu_cores": os.cpu_count(),
        "rounds": rounds,
    }


def main() -> int:
    """Measure, write, say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=RESULT)
    # One half of a round, in the process that it is given for itself.
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--tokens", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        print(json.dumps(WAYS[given.way](given.problems, given.samples, given.tokens, given.rate)))
        return 0
    told = {}
    for name, (tokens, rate) in SPEEDS.items():
        given.tokens, given.rate = tokens, rate
        told[name] = measured(given)
        print(name, {key: value for key, value in told[name].items() if key != "rounds"})
    given.out.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
