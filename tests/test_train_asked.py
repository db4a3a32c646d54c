"""What is told of an adapter's answers to held-out problems."""

from train.asked import table, told
from train.outcomes import Outcome
from train.problems import Problem
from train.traces import Value


def found(source: str, result: str, n: int = 0) -> tuple[Problem, Outcome]:
    problem = Problem(source, f"{source}:{n}", ({"role": "user", "content": "1 + 1?"},), Value("2"))
    return problem, Outcome(result, "because", "1+1=2", "It is 2.", (), 9, False)  # type: ignore[arg-type]


def test_what_could_not_be_judged_is_neither_right_nor_wrong():
    replies = told([found("own:sum", result) for result in ("correct", "wrong", "undecided", "open")])
    assert [reply["right"] for reply in replies] == [True, False, None, None]
    assert replies[0]["key"] == "own:sum:0" and replies[0]["tokens"] == 9


def test_shares_are_of_judged_answers_for_all_and_for_each_source():
    results = [("own:sum", "correct"), ("own:sum", "wrong"), ("gym:gcd", "correct"), ("gym:gcd", "undecided")]
    lines = table(told([found(source, result, n) for n, (source, result) in enumerate(results)]))
    assert [line.split()[:3] for line in lines] == [
        ["all", "2/3", "66.7%"],
        ["own:sum", "1/2", "50.0%"],
        ["gym:gcd", "1/1", "100.0%"],
    ]
