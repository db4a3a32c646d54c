"""The verifier at work in, what it does out: pairs a second, hostile outputs, what one hostile caller costs others.

`python -m evals.judging` needs no model and writes results/judging.json.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from verify.math_answer import MathJudge

ROOT = Path(__file__).resolve().parent.parent
PAIRS = ROOT / "tests" / "data" / "math_pairs.jsonl"
RESULT = Path(__file__).parent / "results" / "judging.json"
_CALLERS = 8
# Outputs that were made to hold a checker up; the last one really does.
HOSTILE = {
    "tower": r"\boxed{9^{9^{9^{9}}}}",
    "huge power": r"\boxed{3^{100000000}}",
    "factorials": r"\boxed{9!!!!}",
    "binomial": r"\boxed{\binom{1000000}{500000}}",
    "long sum": r"\boxed{\sum_{k=1}^{10000000} 1/k^2}",
    "union": r"\boxed{" + r"(0,1)\cup" * 60 + "(2,3)}",
    "braces": r"\boxed{" + "{" * 20_000 + "1" + "}" * 20_000 + "}",
    "fractions": r"\boxed{" + r"\frac{1}{" * 500 + "1" + "}" * 500 + "}",
    "determinant": r"\boxed{\det\begin{pmatrix}"
    + r"\\".join("&".join(f"x_{{{i}{j}}}" for j in range(30)) for i in range(30))
    + r"\end{pmatrix}}",
    "ones": "1 " * 50_000,
    "boxes": r"\boxed{" * 11_000,
    "openings": r"\[" * 50_000,
    "integral": r"\boxed{\int_0^1 \sin(\cos(\tan(x^{x^x})))dx}",
}


def throughput(times: int) -> dict[str, Any]:
    """Pairs a second in one child, warm: one core."""
    pairs = [json.loads(line) for line in PAIRS.read_text("utf-8").splitlines()]
    with MathJudge(1) as judge:
        judge.judge("1", "1")
        began = time.monotonic()
        right = sum(_is_right(judge, pair) for _ in range(times) for pair in pairs)
        seconds = time.monotonic() - began
    n = times * len(pairs)
    return {"pairs": n, "seconds": round(seconds, 2), "pairs_per_second": round(n / seconds), "right": right}


def _is_right(judge: MathJudge, pair: dict[str, Any]) -> bool:
    verdict = judge.judge(pair["gold"], pair["pred"], question=pair.get("question", ""))
    return (verdict.outcome == "correct") == bool(pair["is_same"])


def hostile() -> list[dict[str, Any]]:
    """Each hostile output's outcome and seconds, and whether the answer after it was judged rightly."""
    rows = []
    with MathJudge(1) as judge:
        judge.judge("1", "1")
        for name, output in HOSTILE.items():
            began = time.monotonic()
            outcome = judge.judge("5", output).outcome
            seconds = time.monotonic() - began
            is_right = judge.judge("1/2", r"\boxed{0.5}").outcome == "correct"
            rows.append({"name": name, "outcome": outcome, "seconds": round(seconds, 2), "next_is_right": is_right})
    return rows


def callers(seconds: float, with_hostile: bool) -> dict[str, Any]:
    """Eight callers for a while, one of them hostile or none: milliseconds of an answer for the others."""
    waits: list[float] = []
    n_hostile = 0
    over, lock = threading.Event(), threading.Lock()
    with MathJudge(2) as judge:
        for _ in range(2):
            judge.judge("1", "1")

        def ask() -> None:
            while not over.is_set():
                began = time.monotonic()
                assert judge.judge("x^2-1", r"\boxed{(x-1)(x+1)}").outcome == "correct"
                with lock:
                    waits.append(time.monotonic() - began)
                over.wait(0.02)

        def harm() -> None:
            nonlocal n_hostile
            while not over.is_set():
                judge.judge("5", HOSTILE["integral"])
                n_hostile += 1

        _together([ask] * (_CALLERS - with_hostile) + [harm] * with_hostile, seconds, over)
    waits.sort()
    return {
        "answers": len(waits),
        "hostile_answers": n_hostile,
        "median_ms": round(1000 * statistics.median(waits), 2),
        "p99_ms": round(1000 * waits[int(0.99 * len(waits))], 2),
        "max_ms": round(1000 * waits[-1], 1),
    }


def _together(works: list[Callable[[], None]], seconds: float, over: threading.Event) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    over.set()
    for thread in threads:
        thread.join()


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="how often the pairs are judged")
    parser.add_argument("--seconds", type=float, default=15.0, help="how long the callers call")
    given = parser.parse_args()
    told: dict[str, Any] = {"throughput": throughput(given.times), "hostile": hostile()}
    told["callers"] = {"alone": callers(given.seconds, False), "one_hostile": callers(given.seconds, True)}
    alone, beside = (told["callers"][name]["median_ms"] for name in ("alone", "one_hostile"))
    told["callers"]["median_ratio"] = round(beside / alone, 2)
    RESULT.write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
