"""A benchmark's name and how to ask it in, its result as a file and a table out.

    python -m evals.run gsm8k --limit 20
    python -m evals.run --resume FILE
    python -m evals.run --show FILE
    python -m evals.run --judge-again FILE
    python -m evals.run --list

Ctrl-C or SIGTERM ends it; what was finished is kept and judged, and `--resume` does the rest. The exit code is 0 when
it is complete.
"""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Judges
from evals.benchmarks.registry import BENCHMARKS
from evals.interrupts import Interrupts, interrupts
from evals.judge_again import judge_file_again
from evals.judge_curve_again import judge_curve_again
from evals.loaded_host import loaded_host
from evals.profiles import PROFILES
from evals.result_file import Result, read_result
from evals.run_state import State
from evals.run_table import live_text, table_of
from model.catalog import EMBEDDED
from model.errors import AppError, BadInput
from model.host import ModelHost
from model.settings import settings_from_environment
from verify.code.judge import CodeJudge
from verify.math_answer import MathJudge

FOLDER = "benchmarks"
_LOOK_SECONDS = 0.5
# Where nobody watches (a log), a line comes so often.
_LOG_SECONDS = 30.0


@contextlib.contextmanager
def benchmark_runs(host: ModelHost, folder: Path) -> Iterator[BenchmarkRuns]:
    """What runs benchmarks, with verifiers of its own; all of it closed afterwards."""
    with contextlib.closing(CodeJudge()) as code, MathJudge() as math, contextlib.closing(Judges(math, code)) as judges:
        runs = BenchmarkRuns(host, judges, folder)
        try:
            yield runs
        finally:
            runs.close()


class LiveLine:
    """One line that tells how far it is: rewritten where somebody watches, else a new one now and then."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_watched = out.isatty()
        self._told_at = float("-inf")

    def show(self, state: State, result: Callable[[], Result]) -> None:
        """Tell where it stands, if it is time; only then is the result looked at."""
        if self._is_watched:
            self._out.write(f"\r\x1b[2K{live_text(state, result())}")
            self._out.flush()
        elif time.monotonic() - self._told_at >= _LOG_SECONDS:
            self._out.write(live_text(state, result()) + "\n")
            self._out.flush()
            self._told_at = time.monotonic()

    def end(self) -> None:
        """Leave the line."""
        if self._is_watched:
            self._out.write("\r\x1b[2K")
            self._out.flush()


def followed(runs: BenchmarkRuns, name: str, interrupted: Interrupts, out: TextIO) -> State:
    """Where it ended; the first Ctrl-C stops it, and a later one does not wait for the judges."""
    line = LiveLine(out)
    is_stopped = False
    try:
        while True:
            state = runs.wait(name, _LOOK_SECONDS)
            line.show(state, lambda: runs.result(name))
            if state.phase not in ("running", "stopping"):
                return state
            if interrupted.is_asked and not is_stopped:
                is_stopped = True
                with contextlib.suppress(BadInput):  # it has just ended by itself
                    runs.stop(name)
    except KeyboardInterrupt:
        runs.close()
        return runs.state(name)
    finally:
        line.end()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m evals.run", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", nargs="?", help="the benchmark; --list names them")
    parser.add_argument("--list", action="store_true", help="name the benchmarks, then end")
    parser.add_argument("--limit", type=int, default=0, help="so many problems; 0 for all")
    parser.add_argument("--samples", type=int, default=0, help="so many of each; 0 for the profile's number")
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    parser.add_argument("--budget", help="for thinking: off, low, medium, high, tokens, or seconds as 90s")
    parser.add_argument("--max-new-tokens", type=int)
    parser.add_argument("--model", help="catalog name, hub id or folder; the embedded one when left out")
    parser.add_argument("--precision", choices=("auto", "bf16", "int8", "nf4", "fp32"), default="")
    parser.add_argument("--data", default="auto", metavar="SOURCE", help="hub, sample, or a folder of the data")
    parser.add_argument("--script", type=Path, help="a script in a model's place, as for app.py --scripted")
    parser.add_argument("--seed", type=int, help="for engines that can honour one")
    parser.add_argument("--out", type=Path, help="the result's file; else one in the data folder")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on with a result where it was left")
    parser.add_argument("--show", type=Path, metavar="FILE", help="the figures of a result that is there")
    parser.add_argument("--judge-again", type=Path, metavar="FILE", help="judge what stands there; no model is asked")
    return parser


def listed() -> str:
    """The benchmarks, a line each."""
    return "\n".join(f"{each.name:18}{each.about}" for each in BENCHMARKS.values())


def judge_again(path: Path) -> int:
    """Judge a file's samples again, and say what has changed."""
    with contextlib.closing(CodeJudge()) as code, MathJudge() as math, contextlib.closing(Judges(math, code)) as judges:
        changed = judge_file_again(path, judges)
        n_cuts = judge_curve_again(read_result(path), judges)
    for each in changed:
        if each.is_other_outcome:
            before = each.before.outcome if each.before else "not judged"
            print(f"{each.now.problem} {each.now.number}: {before}, now {each.now.outcome} ({each.now.reason})")
    n_others = sum(each.is_other_outcome for each in changed)
    result = read_result(path)
    print(f"{len(result.judgements):,} samples were judged again, {n_others:,} came out differently.\n")
    if n_cuts:
        print(f"Of the answers behind cut thinkings {n_cuts:,} came out differently.\n")
    print(table_of(result))
    return 0


def main(arguments: Sequence[str]) -> int:
    """Run a benchmark; 0 when it is complete."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.list:
        print(listed())
        return 0
    if given.show:
        print(table_of(read_result(given.show)))
        return 0
    if given.judge_again:
        return judge_again(given.judge_again)
    if not (given.name or given.resume):
        parser.error("name a benchmark, or give --resume, --show, --judge-again or --list")
    signal.signal(signal.SIGTERM, _interrupt)
    head: dict[str, Any] = read_result(given.resume).head if given.resume else {}
    model = given.model or head.get("model") or EMBEDDED
    if model == "scripted" and not given.script:
        raise BadInput("This result was begun with a script: name it with --script.")
    precision = given.precision or head.get("precision", "")
    folder = settings_from_environment().data_folder / FOLDER
    with loaded_host(model, given.script, precision=precision) as host, benchmark_runs(host, folder) as runs:
        name = _begun(runs, given)
        with interrupts() as interrupted:
            state = followed(runs, name, interrupted, sys.stderr)
            _tell_end(state, runs.result(name))
    return 0 if state.phase == "done" else 1


def _tell_end(state: State, result: Result) -> None:
    print(f"{table_of(result)}\n\n{result.path}", flush=True)
    if state.phase == "failed":
        print(f"It failed: {state.note}", file=sys.stderr)
    if state.phase != "done":
        told = f"Ended with {state.done:,} of {state.total:,} samples judged."
        print(f"{told} Go on with it: python -m evals.run --resume {result.path}", file=sys.stderr)


def _begun(runs: BenchmarkRuns, given: argparse.Namespace) -> str:
    """The name of the result that was begun, or is gone on with."""
    if given.resume:
        name = runs.know(given.resume)
        runs.resume(name)
        return name
    return runs.start(
        given.name,
        limit=given.limit,
        samples=given.samples,
        profile=given.profile,
        budget=given.budget,
        max_new_tokens=given.max_new_tokens,
        seed=given.seed,
        source=given.data,
        out=given.out,
    )


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
