import itertools
import random
from collections import Counter

import pytest

from verify.math_check import Vote, substitution, wilson


def same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def test_vote_joins_what_is_the_same_and_keeps_who_was_first_on_a_tie() -> None:
    vote = Vote(5, same)
    for sample, answer in enumerate(["B", "a", "A", "b", None]):
        vote.add(sample, answer)
    assert [(each.answer, each.samples) for each in vote.ranked] == [("B", [0, 3]), ("a", [1, 2])]
    assert vote.without_answer == [4]
    evidence = vote.evidence()
    assert evidence is not None and evidence.strength == "none" and "another answer has as many" in evidence.words


@pytest.mark.parametrize("seed", range(60))
def test_winner_is_that_of_brute_force_and_a_decided_vote_never_changes(seed: int) -> None:
    draw = random.Random(seed)
    answers = [draw.choice([*"abAcB", None]) for _ in range(draw.randint(1, 9))]
    vote = Vote(len(answers), same)
    decided_for = None
    for sample, answer in enumerate(answers):
        vote.add(sample, answer)
        if vote.is_decided and decided_for is None and vote.classes:
            decided_for = vote.ranked[0].answer
    counted = Counter(answer.lower() for answer in answers if answer)
    if not counted:
        assert vote.evidence() is None
        return
    most = max(counted.values())
    assert len(vote.ranked[0].samples) == most and counted[vote.ranked[0].answer.lower()] == most
    assert decided_for == vote.ranked[0].answer


def test_vote_is_decided_as_soon_as_the_others_cannot_catch_up_and_not_before() -> None:
    vote = Vote(5, same)
    decided = []
    for sample in range(5):
        vote.add(sample, "a")
        decided.append(vote.is_decided)
    assert decided == [False, False, True, True, True]


def test_first_to_finish_decides_with_fewer_than_all() -> None:
    vote = Vote(8, same, first_to_finish=3)
    vote.add(0, "a")
    vote.add(5, "b")
    assert not vote.is_decided
    vote.add(7, "b")
    assert [vote.is_decided, vote.ranked[0].answer] == [True, "b"]


def test_only_answers_that_are_the_same_both_ways_round_are_joined() -> None:
    vote = Vote(2, lambda one, other: (one, other) == ("1", "2"))
    vote.add(0, "1")
    vote.add(1, "2")
    assert len(vote.classes) == 2


def test_evidence_of_a_vote_gives_share_and_interval_and_is_never_called_correct() -> None:
    vote = Vote(10, same)
    for sample in range(10):
        vote.add(sample, "a" if sample < 9 else "b")
    evidence = vote.evidence()
    assert evidence is not None and evidence.strength == "fair"
    assert evidence.words.startswith("9 of 10 samples say a (90%, 95% interval 60 to 98%)")
    assert "correct" not in evidence.words and "proof" not in evidence.words


def test_interval_holds_the_share_and_narrows_with_more_samples() -> None:
    for n, share in itertools.product((10, 100, 1000), (0.1, 0.5, 0.9)):
        low, high = wilson(int(n * share), n)
        assert low < share < high
    widths = [high - low for low, high in (wilson(n // 2, n) for n in (10, 100, 1000))]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(
    ("problem", "answer", "is_for"),
    [
        ("Solve $2x + 1 = 7$ for x.", "3", True),
        ("Solve $2x + 1 = 7$ for x.", "x = 3", True),
        ("Solve $2x + 1 = 7$ for x.", "4", False),
        ("Find x if 3x - 4 = 11.", "5", True),
        ("Find all real $x$ such that $x^2 = 9$. What is x?", "3, -3", True),
        ("Find all real $x$ such that $x^2 = 9$. What is x?", "3, 4", False),
        (r"Solve $\frac{x}{2} + 1 = 4$. Find x.", "6", True),
    ],
)
def test_value_is_put_into_the_equation_of_the_problem(problem: str, answer: str, is_for: bool) -> None:
    evidence = substitution(problem, answer)
    assert evidence is not None and evidence.is_for == is_for
    assert ("satisf" in evidence.words) and "correct" not in evidence.words


@pytest.mark.parametrize(
    "problem",
    [
        "What is 17 * 24?",
        "Solve $x + y = 3$ and $x - y = 1$ for x.",
        "If $2x + 1 = 7$, what is $x^2 + 5$?",
        "Mia has 3 apples and buys 4. How many has she?",
        "If $2x + 1 = 7$, what is the value of 3x?",
    ],
)
def test_nothing_is_said_where_there_is_no_equation_to_put_the_value_into(problem: str) -> None:
    assert substitution(problem, "3") is None
