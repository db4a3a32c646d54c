"""Two results of a benchmark in, what the Benchmarks tab says of their difference out. No gradio."""

from collections.abc import Sequence
from typing import Any

from evals.compare import Comparison
from evals.result_file import Result
from ui.benchmark_scores import measured_bar
from ui.benchmark_values import about_text, letters_of, problems_value
from ui.sentences import joined, shortened

Value = dict[str, Any]
_MOST_PROBLEMS = 200
_VALUE_CHARACTERS = 60


def compared_value(told: Comparison, first: Result, second: Result) -> Value:
    """The difference in words, a bar for each result, what else is not the same, the problems on which they differ."""
    both = (("First", first, told.first), ("Second", second, told.second))
    bars = [measured_bar(f"{which} · {about_text(result.head)}", share) for which, result, share in both]
    return {
        "words": _words(told),
        "bars": bars,
        "protocols": protocols_text(told.differs),
        "differ": _differ(first, second)[:_MOST_PROBLEMS],
    }


def _words(told: Comparison) -> str:
    points, low, high = (100 * each for each in (told.difference.value, told.difference.low, told.difference.high))
    verdict = (
        f"The second scores {abs(points):.1f} points {'more' if points > 0 else 'less'} than the first"
        if points
        else "Both score the same"
    )
    problems = "1 problem" if told.problems == 1 else f"{told.problems:,} problems"
    chance = f"(95% interval {low:+.1f} to {high:+.1f}, p = {told.p_value:.2g})"
    sentences = [
        f"{verdict} on the {problems} that both have done {chance}.",
        f"The first is better on {told.only_first:,}, the second on {told.only_second:,}.",
    ]
    if told.p_value >= 0.05:
        sentences.append("So much can be chance.")
    if told.left_out:
        sentences.append(f"{told.left_out:,} problems are left out: not both results have all their samples.")
    return " ".join(sentences)


def protocols_text(differs: Sequence[tuple[str, str, str]]) -> str:
    """What else is not the same in two results: what it is called, the first one's value, the second's."""
    parts = [
        f"{name} ({shortened(first, _VALUE_CHARACTERS)}; {shortened(second, _VALUE_CHARACTERS)})"
        for name, first, second in differs
    ]
    return f"Not the same in both: {joined(parts)}." if parts else ""


def _differ(first: Result, second: Result) -> list[list[str]]:
    """Title and letters of the problems on which more samples are correct in one of them."""
    known = set(second.problems)
    rows = []
    for id_, title in problems_value(first.head):
        if id_ not in known:
            continue
        one, other = letters_of(first, id_), letters_of(second, id_)
        if "." not in one + other and one.count("c") * len(other) != other.count("c") * len(one):
            rows.append([title or id_, one, other])
    return rows
