"""Results' files in, what of their figures and verdicts is not what an independent recomputation gives, out.

    python -m tests.checked_result FILE ...

Verdicts are made again for GSM8K, HumanEval and reasoning-gym. The exit code is 1 if anything differs.
"""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.result_file import Result, read_result
from evals.scores import Scores, scores_of
from tests.recomputed_scores import recomputed
from tests.recomputed_verdicts import JUDGED, Key, recomputed_verdicts


def figures_that_differ(path: Path) -> list[str]:
    """Each figure that is not as it must be, with both values."""
    return list(_differences(scores_of(read_result(path)), recomputed(path)))


def _differences(scores: Scores, expected: Mapping[str, Any]) -> Iterator[str]:
    for name in ("ended", "outcomes", "errors"):
        if getattr(scores, name) != expected[name]:
            yield f"{name}: {getattr(scores, name)}, and {expected[name]} recomputed"
    for name in ("pass_1", "cons_k", "qwq_pass_1"):
        yield from _share_differences(name, getattr(scores, name), expected[name])
    if not set(scores.pass_k) <= set(expected["pass_k"]):
        yield f"pass_k: for k of {set(scores.pass_k)}, and {set(expected['pass_k'])} recomputed"
    for k, share in scores.pass_k.items():
        yield from _share_differences(f"pass@{k}", share, expected["pass_k"].get(k))
    seconds = expected["seconds"]
    numbers = {
        "truncated": (scores.truncated, expected["truncated"]),
        "thinking_cut": (scores.thinking_cut, expected["thinking_cut"]),
        "without_answer": (scores.without_answer, expected["without_answer"]),
        "thinking_mean": (scores.thinking_tokens.mean, expected["thinking_mean"]),
        "thinking_95": (scores.thinking_tokens.percentile_95, expected["thinking_95"]),
        "seconds": (scores.seconds, seconds),
        "tokens_per_second": (scores.tokens_per_second, expected["tokens"] / seconds if seconds else 0),
    }
    for name, (found, exact) in numbers.items():
        # Unix seconds are large: of their differences the last digits are lost.
        if not math.isclose(found, float(exact or 0), rel_tol=1e-5, abs_tol=1e-9):
            yield f"{name}: {found}, and {float(exact or 0)} recomputed"


def _share_differences(name: str, share: Any, exact: Any) -> Iterator[str]:
    if (share is None) != (exact is None):
        yield f"{name}: {share}, and {exact} recomputed"
    elif share is not None and not math.isclose(share.value, float(exact), abs_tol=1e-9):
        yield f"{name}: {share.value}, and {exact} recomputed"
    elif share is not None and not 0 <= share.low <= share.value <= share.high <= 1:
        yield f"{name}: {share.value} does not lie in its interval, {share.low} to {share.high}"


def verdicts_that_differ(path: Path, found: Mapping[Key, bool]) -> list[str]:
    """Each judgement that says otherwise than a recomputed one, in a line."""
    result: Result = read_result(path)
    return [
        f"{key}: {judged.outcome} ({judged.reason}), and {'right' if found[key] else 'not right'} recomputed"
        for key, judged in result.judgements.items()
        if key in found and (judged.outcome == "correct") != found[key]
    ]


def main(paths: Sequence[str]) -> int:
    """Check files, and print what differs; 0 if nothing does."""
    n_differ = 0
    for path in map(Path, paths):
        result = read_result(path)
        found = recomputed_verdicts(path) if result.head["benchmark"] in JUDGED else {}
        differ = [*figures_that_differ(path), *verdicts_that_differ(path, found)]
        n_differ += len(differ)
        told = f"{len(result.judgements)} samples, {len(found)} verdicts made again, {sum(found.values())} right"
        sys.stdout.write("\n  ".join([f"{path}: {told}, {len(differ)} differences", *differ]) + "\n")
    return 1 if n_differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
