"""The sandbox's costs: a start, a program, a check, a cell, programs a second, what a fork bomb costs the others.

`python -m evals.sandbox` measures at the strongest level that works here and writes `evals/results/sandbox.json`. On a
machine with other work the least of many times says what the sandbox costs; ratios are taken of times side by side.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verify.sandbox.cases import Call
from verify.sandbox.levels import LEVELS, Level
from verify.sandbox.limits import Limits
from verify.sandbox.sandbox import Sandbox

RESULTS = Path(__file__).resolve().parent / "results" / "sandbox.json"
SMALL = "print(sum(range(100)))"
ADD = "def add(a, b):\n    return a + b"
TEN_ASSERTS = "\n".join(f"assert add({number}, 1) == {number + 1}" for number in range(10))
FIGURE = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nplt.show()"
BOMB = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"
BUSY = "print(sum(n * n for n in range(300_000)))"
CALLERS = 8


def milliseconds(work: Callable[[], object], times: int) -> dict[str, float]:
    """The least and the median of so many times."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return {"least": round(min(taken), 2), "median": round(statistics.median(taken), 2)}


def side_by_side(work: Callable[[], object], other: Callable[[], object], times: int) -> float:
    """How much longer one takes than the other: the median of ratios, each of two times in turn."""
    ratios = [milliseconds(work, 1)["least"] / milliseconds(other, 1)["least"] for _ in range(times)]
    return round(statistics.median(ratios), 2)


def of_notebooks(sandbox: Sandbox) -> dict[str, Any]:
    """Starting the libraries' fork server, a notebook, a cell in one that is kept, a figure."""
    began = time.perf_counter()
    with sandbox.open_notebook() as notebook:
        notebook.run_cell("1")
        told: dict[str, Any] = {"first_of_all_ms": round(1000 * (time.perf_counter() - began), 1)}

        def opened() -> None:
            with sandbox.open_notebook() as another:
                another.run_cell(SMALL)

        told["opened_with_a_cell_ms"] = milliseconds(opened, 50)
        told["cell_ms"] = milliseconds(lambda: notebook.run_cell(SMALL), 200)
        told["cell_over_program"] = side_by_side(lambda: notebook.run_cell(SMALL), lambda: sandbox.run(SMALL), 100)
        told["cell_with_a_figure_ms"] = milliseconds(lambda: notebook.run_cell(FIGURE), 20)
    return told


def a_second(sandbox: Sandbox, threads: int, seconds: float, work: Callable[[Sandbox], object]) -> float:
    """How often a piece of work is done in a second by so many callers; the best of three stretches."""
    return max(_stretch(sandbox, threads, seconds, work) for _ in range(3))


def _stretch(sandbox: Sandbox, threads: int, seconds: float, work: Callable[[Sandbox], object]) -> float:
    counts = [0] * threads
    until = time.perf_counter() + seconds

    def call(number: int) -> None:
        while time.perf_counter() < until:
            work(sandbox)
            counts[number] += 1

    callers = [threading.Thread(target=call, args=(number,)) for number in range(threads)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return round(sum(counts) / seconds, 1)


def _bare_python() -> None:
    subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)


def with_a_neighbour(sandbox: Sandbox, neighbour: str, seconds: float) -> float:
    """Median milliseconds of seven callers' programs while an eighth runs another one again and again."""
    until = time.perf_counter() + seconds
    taken: list[float] = []

    def call(program: str, limits: Limits, is_timed: bool) -> None:
        while time.perf_counter() < until:
            began = time.perf_counter()
            sandbox.run(program, limits=limits)
            if is_timed:
                taken.append(1000 * (time.perf_counter() - began))

    callers = [threading.Thread(target=call, args=(BUSY, Limits(), True)) for _ in range(CALLERS - 1)]
    callers.append(threading.Thread(target=call, args=(neighbour, Limits(cpu_seconds=1), False)))
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return statistics.median(taken)


def measured(level: Level | None, seconds: float) -> dict[str, Any]:
    """All figures."""
    starts = milliseconds(lambda: Sandbox(level).close(), 5)
    with Sandbox(level) as sandbox:
        told: dict[str, Any] = {"level": sandbox.level, "uid": os.getuid(), "cores": os.cpu_count()}
        told["start_with_proof_ms"] = starts
        told["bare_python_ms"] = milliseconds(_bare_python, 50)
        told["program_ms"] = milliseconds(lambda: sandbox.run(SMALL), 200)
        ten = [Call("add", [number, 1], expected=number + 1) for number in range(10)]
        told["suite_of_10_calls_ms"] = milliseconds(lambda: sandbox.run_calls(ADD, ten), 100)
        told["check_of_10_asserts_ms"] = milliseconds(lambda: sandbox.run_check(ADD, TEN_ASSERTS), 100)
        told["check_over_suite"] = side_by_side(
            lambda: sandbox.run_check(ADD, TEN_ASSERTS), lambda: sandbox.run_calls(ADD, ten), 50
        )
        told["notebook"] = of_notebooks(sandbox)
        told["programs_a_second"] = {n: a_second(sandbox, n, seconds, lambda box: box.run(SMALL)) for n in (1, 2, 8)}
        told["suites_of_10_a_second"] = a_second(sandbox, 2, seconds, lambda box: box.run_calls(ADD, ten))
        # In turns, so that other work on the machine falls on both.
        pairs = [(with_a_neighbour(sandbox, BUSY, seconds), with_a_neighbour(sandbox, BOMB, seconds)) for _ in range(3)]
        told["seven_callers_median_ms"] = {
            "eighth_is_like_them": [round(like, 1) for like, _ in pairs],
            "eighth_is_a_fork_bomb": [round(bomb, 1) for _, bomb in pairs],
            "ratio": round(statistics.median(bomb / like for like, bomb in pairs), 2),
        }
    return told


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", choices=LEVELS, help="this level and no other")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each stretch")
    given = parser.parse_args()
    told = {"command": "python -m evals.sandbox"} | measured(given.level, given.seconds)
    RESULTS.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
