"""The lines of a result's file in, its figures out, from nothing of ours: plain Python, fractions and brute force."""

import json
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any


def recomputed(path: Path) -> dict[str, Any]:
    """The figures that must come out, exact; None for what there is nothing to say of."""
    head: dict[str, Any] = {}
    samples: dict[tuple[str, int], dict[str, Any]] = {}
    judgements: dict[tuple[str, int], dict[str, Any]] = {}
    for line in path.read_text("utf-8").splitlines():
        read = json.loads(line)
        if read["type"] == "head":
            head = read
        elif read["type"] == "sample":
            samples[read["problem"], read["number"]] = read
        elif read["type"] == "judgement":
            judgements[read["problem"], read["number"]] = read
    outcomes, failed = {}, set()
    for key, sample in samples.items():
        if sample["error"]:
            failed.add(key)
        if key in judgements:
            outcomes[key] = judgements[key]["outcome"]
        elif sample["error"]:
            outcomes[key] = "undecided"
    problems = [problem for problem in head["problems"] if any(key[0] == problem for key in outcomes)]
    rights = {p: [outcomes[key] == "correct" for key in sorted(outcomes) if key[0] == p] for p in problems}
    ended = [samples[key] for key in outcomes]
    return {
        "ended": len(outcomes),
        "outcomes": {
            name: sum(outcomes[key] == name for key in outcomes if key not in failed)
            for name in ("correct", "wrong", "undecided")
        },
        "errors": len(failed),
        "pass_1": mean([mean(rights[p]) for p in problems]),
        "pass_k": {k: drawn(k, rights) for k in range(1, head["samples"] + 1)},
        "cons_k": voted(head["samples"], problems, judgements, samples),
        "qwq_pass_1": qwq(problems, judgements, outcomes),
        "truncated": mean([sample["finish_reason"] == "length" for sample in ended]),
        "thinking_cut": mean([sample["finish_reason"] in ("thinking_cut", "loop") for sample in ended]),
        "without_answer": mean([not sample["answer"] and not sample["calls"] for sample in ended]),
        "thinking_mean": mean([sample["thinking_tokens"] for sample in ended]),
        "thinking_95": percentile([sample["thinking_tokens"] for sample in ended]),
        "tokens": sum(sample["thinking_tokens"] + sample["answer_tokens"] for sample in ended),
        "seconds": busy_seconds(ended),
    }


def mean(values: list[Any]) -> Fraction | None:
    return Fraction(sum(values), len(values)) if values else None


def drawn(k: int, rights: dict[str, list[bool]]) -> Fraction | None:
    """By looking at every set of k samples."""
    shares = [mean([any(chosen) for chosen in combinations(mine, k)]) for mine in rights.values() if len(mine) >= k]
    return mean(shares)


def voted(n: int, problems: list[str], judgements: Any, samples: Any) -> Fraction | None:
    """Everybody with an answer has a vote; a tie is broken by each of its answers in turn."""
    won, has_vote = [], False
    for problem in problems:
        mine = {key[1]: each for key, each in judgements.items() if key[0] == problem}
        for number in range(n):
            if number not in mine and samples.get((problem, number), {}).get("error"):
                mine[number] = {"class_of": -1, "outcome": "undecided"}
        if len(mine) < n:
            continue
        heard = [each["class_of"] for each in mine.values() if each["class_of"] != -1]
        has_vote = has_vote or bool(heard)
        first = [name for name in set(heard) if all(heard.count(name) >= heard.count(other) for other in heard)]
        won.append(mean([name in mine and mine[name]["outcome"] == "correct" for name in first]) or Fraction(0))
    return mean(won) if has_vote and n > 1 else None


def qwq(problems: list[str], judgements: Any, outcomes: Any) -> Fraction | None:
    if not any(each["qwq_outcome"] for each in judgements.values()):
        return None
    shares = []
    for problem in problems:
        mine = [key for key in outcomes if key[0] == problem]
        shares.append(
            mean([(judgements.get(key, {}).get("qwq_outcome") or outcomes[key]) == "correct" for key in mine])
        )
    return mean(shares)


def percentile(counts: list[int]) -> int | None:
    """The smallest count that at least 95% do not go beyond."""
    return min((c for c in counts if 100 * sum(other <= c for other in counts) >= 95 * len(counts)), default=None)


def busy_seconds(ended: list[dict[str, Any]]) -> Fraction:
    """By the clock, while a sample was being written: each stretch between two ends of any is looked at by itself."""
    spans = [(first := exact(each["started"]), first + exact(each["seconds"])) for each in ended]
    ends = sorted({end for span in spans for end in span})
    stretches = zip(ends, ends[1:], strict=False)
    busy = [end - begin for begin, end in stretches if any(low <= begin and end <= high for low, high in spans)]
    return sum(busy, Fraction(0))


def exact(number: float) -> Fraction:
    """What stands in the file, to the last digit."""
    return Fraction(str(number))
