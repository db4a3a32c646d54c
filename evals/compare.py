"""Two results of one benchmark in, their difference problem by problem out: with its interval and its p-value.

    python -m evals.compare A.jsonl B.jsonl

Only problems that both have done count, and both are scored on those. What differs in how the two were made is said.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from evals.intervals import Share, clustered, share_of
from evals.result_file import Result, read_result
from evals.scores import correct_of
from evals.sign_flips import EXACT, p_value
from model.errors import AppError, BadInput

MCNEMAR = "exact McNemar test"
DIFFERENCE = "Dirichlet process over differences"

# What of a head makes two results different experiments, in words.
PROTOCOL = {
    "model": "model",
    "precision": "precision",
    "adapter": "adapter",
    "profile": "profile",
    "budget": "thinking budget",
    "samples": "samples a problem",
    "sampling": "sampling",
    "template_sha256": "chat template",
    "prompt": "prompt",
    "device": "device",
    "versions": "versions",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The second result against the first.

    Args:
        problems: Those that both have all samples of.
        left_out: Further problems of either.
        first: Score on those problems.
        difference: Second less first, from -1 to 1.
        only_first: Problems on which the first is better; with one sample a problem, those that it alone solves.
        test: How the p-value was found.
        differs: What else is not the same: name, the first one's value, the second's.
    """

    problems: int
    left_out: int
    first: Share
    second: Share
    difference: Share
    only_first: int
    only_second: int
    p_value: float
    test: str
    differs: tuple[tuple[str, str, str], ...]


def compared(first: Result, second: Result) -> Comparison:
    """Two results side by side.

    Raises:
        BadInput: If they are of different benchmarks, or share no problem that both have done.
    """
    names = [str(result.head.get("benchmark")) for result in (first, second)]
    if names[0] != names[1]:
        raise BadInput(
            f"The results are of {names[0]} and of {names[1]}. Only results of one benchmark can be compared."
        )
    ours, theirs = _whole(first), _whole(second)
    shared = [problem for problem in ours if problem in theirs]
    if not shared:
        raise BadInput("The two results share no problem that both have done. Let them go on, or take a larger limit.")
    differences = [theirs[problem] - ours[problem] for problem in shared]
    found, test = p_value(differences)
    is_single = first.n_samples == second.n_samples == 1
    first_share = share_of([float(ours[problem]) for problem in shared], first.n_samples)
    second_share = share_of([float(theirs[problem]) for problem in shared], second.n_samples)
    assert first_share is not None and second_share is not None
    return Comparison(
        problems=len(shared),
        left_out=len({*first.problems, *second.problems}) - len(shared),
        first=first_share,
        second=second_share,
        difference=difference_of([float(each) for each in differences], min(first.n_samples, second.n_samples)),
        only_first=sum(each < 0 for each in differences),
        only_second=sum(each > 0 for each in differences),
        p_value=found,
        test=MCNEMAR if is_single and test == EXACT else test,
        differs=tuple(_differences(first.head, second.head)),
    )


def difference_of(values: Sequence[float], n_samples: int) -> Share:
    """The mean of differences, each from -1 to 1, with its interval.

    That of `clustered`, on a scale that ends at the largest difference seen (one sample's worth at least): where no
    problem differs by much, a whole problem's worth at each end would make it far too wide.
    """
    largest = max(*map(abs, values), 1 / n_samples)
    low, high = clustered([value / largest for value in values], -1, 1)
    return Share(math.fsum(values) / len(values), low * largest, high * largest, len(values), DIFFERENCE)


def _whole(result: Result) -> dict[str, Fraction]:
    """The share of samples that are correct, of each problem that has all of them."""
    rights = correct_of(result)
    return {
        problem: Fraction(sum(rights[problem]), result.n_samples)
        for problem in result.problems
        if len(rights.get(problem, ())) == result.n_samples
    }


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    found = [
        (words, _told(first.get(name)), _told(second.get(name)))
        for name, words in PROTOCOL.items()
        if first.get(name) != second.get(name)
    ]
    digests = [str(head.get("problems_sha256", ""))[:12] for head in (first, second)]
    if first["problems"] == second["problems"] and digests[0] != digests[1]:
        found.append(("text or reference of a problem", digests[0], digests[1]))
    return found


def _told(value: Any) -> str:
    if value in (None, ""):
        return "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def table(told: Comparison, names: Sequence[str]) -> str:
    """The comparison for people."""
    width = max(*map(len, names), len("difference"))
    rows = [(names[0], told.first), (names[1], told.second), ("difference", told.difference)]
    lines = [
        f"{name:{width}}  {100 * each.value:6.1f}%  ({100 * each.low:.1f} to {100 * each.high:.1f})"
        for name, each in rows
    ]
    lines += [
        f"{told.problems} problems; the first is better on {told.only_first}, the second on {told.only_second}",
        f"p = {told.p_value:.3g} ({told.test})",
    ]
    if told.left_out:
        lines.append(f"{told.left_out} problems are left out: not both results have all their samples.")
    lines += [f"Not the same: {name}: {one[:100]} | {other[:100]}" for name, one, other in told.differs]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """Print the comparison."""
    parser = argparse.ArgumentParser(
        prog="python -m evals.compare", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args(arguments)
    told = compared(read_result(given.first), read_result(given.second))
    names = given.first.stem, given.second.stem
    print(json.dumps(asdict(told), indent=1, ensure_ascii=False) if given.json else table(told, names))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        sys.exit(str(error))
