"""The answers of several adapters to the same held-out problems in, pass rates and paired differences out."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path

from evals.compare import MCNEMAR, difference_of
from evals.intervals import Share, share_of
from evals.sign_flips import EXACT, p_value
from model.errors import BadInput

# Right or not, by the problem's key.
Answers = Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of the problems were answered rightly.

    Args:
        who: "start", "GRPO" or "SFT".
        seed: Of the training, 0 for the start; None for all of them together, where the share of right answers to a
            problem is one observation.
    """

    who: str
    seed: int | None
    share: Share


@dataclass(frozen=True, slots=True)
class Difference:
    """The second against the first, problem by problem.

    Args:
        seed: Of the training; None for all of them together.
        difference: Second less first, from -1 to 1.
        only_first: Problems on which the first is better.
        test: How the p-value was found.
    """

    first: str
    second: str
    seed: int | None
    difference: Share
    only_first: int
    only_second: int
    p_value: float
    test: str


def read_answers(file: Path) -> dict[str, bool]:
    """What `python -m train.asked --out` wrote; problems that it did not judge are left out.

    Raises:
        BadInput: If it cannot be read, or not all problems were asked.
    """
    try:
        told = json.loads(file.read_text("utf-8"))
        replies, n_problems = told["replies"], int(told["problems"])
        answers = {str(reply["key"]): reply["right"] for reply in replies}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"The answers in {file} cannot be read ({error!r}). Delete the file and ask again.") from error
    if len(replies) < n_problems:
        raise BadInput(f"{file} has {len(replies):,} of {n_problems:,} answers. Delete it and ask again.")
    return {key: right for key, right in answers.items() if right is not None}


def shared_problems(asked: Mapping[str, Mapping[int, Answers]]) -> list[str]:
    """The problems that every one of them was judged on.

    Raises:
        BadInput: If there is none.
    """
    keys = [set(answers) for by_seed in asked.values() for answers in by_seed.values()]
    shared = sorted(set.intersection(*keys)) if keys else []
    if not shared:
        raise BadInput("The adapters share no problem on which all were judged. Ask all of them the same --tasks.")
    return shared


def rates(asked: Mapping[str, Mapping[int, Answers]]) -> list[Rate]:
    """Everybody's share of right answers, by seed and over all seeds.

    Args:
        asked: By who it is and the training's seed; what was not trained has one entry.
    """
    problems = shared_problems(asked)
    found = []
    for who, by_seed in asked.items():
        seeds: list[int | None] = [*by_seed, None] if len(by_seed) > 1 else [*by_seed]
        for seed in seeds:
            answers = _of_seed(by_seed, seed)
            share = share_of([float(each) for each in _scores(answers, problems)], len(answers))
            assert share is not None
            found.append(Rate(who, seed, share))
    return found


def differences(asked: Mapping[str, Mapping[int, Answers]]) -> list[Difference]:
    """Each against each that stands before it, by seed and over all seeds.

    Over the seeds a problem stays one observation, and its score is the mean over them. So the p-value asks whether
    these adapters are better on other problems, too; how far trainings are apart is seen in the rows of each seed. The
    start was asked once, and stands beside every seed.
    """
    problems = shared_problems(asked)
    found = []
    for first, second in combinations(asked, 2):
        seeds = [seed for seed in asked[second] if seed in asked[first] or len(asked[first]) == 1]
        chosen: list[int | None] = [*seeds, None] if len(seeds) > 1 else [*seeds]
        found += [_difference(asked, first, second, seed, problems) for seed in chosen]
    return found


def _difference(
    asked: Mapping[str, Mapping[int, Answers]], first: str, second: str, seed: int | None, problems: Sequence[str]
) -> Difference:
    ours, theirs = _of_seed(asked[first], seed), _of_seed(asked[second], seed)
    pairs = zip(_scores(ours, problems), _scores(theirs, problems), strict=True)
    steps = [after - before for before, after in pairs]
    chance, test = p_value(steps)
    n_samples = min(len(ours), len(theirs))
    return Difference(
        first,
        second,
        seed,
        difference_of([float(step) for step in steps], n_samples),
        only_first=sum(step < 0 for step in steps),
        only_second=sum(step > 0 for step in steps),
        p_value=chance,
        test=MCNEMAR if len(ours) == len(theirs) == 1 and test == EXACT else test,
    )


def _of_seed(by_seed: Mapping[int, Answers], seed: int | None) -> list[Answers]:
    """Those of a seed, or of all; what was not trained has only one set of answers, which stands for any seed."""
    return list(by_seed.values()) if seed is None or len(by_seed) == 1 else [by_seed[seed]]


def _scores(answers: Sequence[Answers], problems: Sequence[str]) -> list[Fraction]:
    return [Fraction(sum(each[problem] for each in answers), len(answers)) for problem in problems]


def table(told: Sequence[Rate], compared: Sequence[Difference]) -> str:
    """Rates and differences for people, in percent with 95% intervals."""
    lines = [
        f"{_named(rate.who, rate.seed):34} {_percent(rate.share)}  of {rate.share.problems:,} ({rate.share.method})"
        for rate in told
    ]
    lines.append("")
    for each in compared:
        name = _named(f"{each.second} less {each.first}", each.seed)
        lines.append(
            f"{name:34} {_percent(each.difference)}  p = {each.p_value:.3g} ({each.test}); better on "
            f"{each.only_second}, worse on {each.only_first}"
        )
    return "\n".join(lines)


def _named(who: str, seed: int | None) -> str:
    return who if who == "start" else f"{who}, all seeds" if seed is None else f"{who}, seed {seed}"


def _percent(share: Share) -> str:
    return f"{100 * share.value:6.1f}% ({100 * share.low:.1f} to {100 * share.high:.1f})"
