"""Models that are made up, whose true score is known, in; how often each kind of interval has it in it out.

`python -m evals.coverage` compares our intervals with the two usual ones: the normal interval with standard errors
clustered by problem, and the bootstrap over problems. A 95% interval should have the truth in it 95 times of 100.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evals.compare import difference_of
from evals.intervals import share_of

RESULT = Path(__file__).parent / "results" / "coverage.json"

# How hard the problems are for the model: each has a chance of being solved, drawn from Beta(a, b).
MODELS = {
    "most solved, some hardly ever (0.78)": (0.9, 0.25),
    "nearly all solved (0.97)": (9.0, 0.3),
    "as many easy as hard (0.50)": (2.0, 2.0),
    "few solved (0.05)": (0.1, 2.0),
    "a few solved always, the rest never (0.03)": (0.02, 0.6),
}
PROBLEMS = (10, 30, 100)
SAMPLES = (1, 4, 64)
# A second model that solves each problem less often by this share, or other problems altogether.
LOSS, OTHER_PROBLEMS = 0.2, 0.2
_RESAMPLES = 1000

Ends = tuple[float, float]


def normal(values: np.ndarray, n_samples: int) -> Ends:
    """Mean and 1.96 standard errors, a problem being one observation."""
    mean, error = values.mean(), values.std(ddof=1) / np.sqrt(len(values))
    return mean - 1.96 * error, mean + 1.96 * error


def bootstrap(values: np.ndarray, n_samples: int, random: np.random.Generator) -> Ends:
    """The middle 95% of the means of problems drawn again."""
    means = values[random.integers(0, len(values), (_RESAMPLES, len(values)))].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def ours(values: np.ndarray, n_samples: int) -> Ends:
    """What the results say."""
    share = share_of(values.tolist(), n_samples)
    assert share is not None
    return share.low, share.high


def ours_of_differences(values: np.ndarray, n_samples: int) -> Ends:
    """What a comparison says."""
    share = difference_of(values.tolist(), n_samples)
    return share.low, share.high


def _scores(random: np.random.Generator, beta: tuple[float, float], n: int, k: int) -> Iterator[np.ndarray]:
    while True:
        yield random.binomial(k, random.beta(beta[0], beta[1], n)) / k


def _differences(random: np.random.Generator, beta: tuple[float, float], n: int, k: int) -> Iterator[np.ndarray]:
    """Of two models for which the same problems are hard, but for a fifth of them."""
    while True:
        first = random.beta(beta[0], beta[1], n)
        second = np.where(random.random(n) < OTHER_PROBLEMS, random.beta(beta[0], beta[1], n), first) * (1 - LOSS)
        yield (random.binomial(k, second) - random.binomial(k, first)) / k


def covered(
    methods: dict[str, Callable[[np.ndarray, int], Ends]], drawn: Iterator[np.ndarray], truth: float, k: int, runs: int
) -> dict[str, Any]:
    """Of each method, the percentage of runs whose interval has the truth in it, and the mean width in points."""
    hits, widths = dict.fromkeys(methods, 0), dict.fromkeys(methods, 0.0)
    for _ in range(runs):
        values = next(drawn)
        for name, method in methods.items():
            low, high = method(values, k)
            hits[name] += bool(low <= truth <= high)
            widths[name] += high - low
    return {
        name: {
            "covered_percent": round(100 * hits[name] / runs, 1),
            "width_points": round(100 * widths[name] / runs, 1),
        }
        for name in methods
    }


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m evals.coverage", description="Do the intervals hold?")
    parser.add_argument("--runs", type=int, default=400, help="made-up results for each row")
    given = parser.parse_args(arguments)
    random = np.random.default_rng(0)
    usual = {"normal": normal, "bootstrap": lambda values, k: bootstrap(values, k, random)}
    rows: list[dict[str, Any]] = []
    for name, beta in MODELS.items():
        mean = beta[0] / sum(beta)
        for n in PROBLEMS:
            for k in SAMPLES:
                head = {"model": name, "problems": n, "samples": k}
                scores, differences = _scores(random, beta, n, k), _differences(random, beta, n, k)
                share = covered(usual | {"ours": ours}, scores, mean, k, given.runs)
                difference = covered(
                    {"normal": normal, "ours": ours_of_differences}, differences, -LOSS * mean, k, given.runs
                )
                rows.append(head | {"score": share, "difference": difference})
                print(json.dumps(rows[-1]), flush=True)
    worst = {
        kind: {method: min(row[kind][method]["covered_percent"] for row in rows) for method in rows[0][kind]}
        for kind in ("score", "difference")
    }
    print(json.dumps(worst))
    RESULT.write_text(json.dumps({"runs": given.runs, "least_covered_percent": worst, "rows": rows}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
