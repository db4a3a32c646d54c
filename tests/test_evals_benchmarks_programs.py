"""Answers with programs of every kind, judged against tests."""

import pytest

from evals.benchmarks.benchmark import Judgement, Judges, Written
from evals.benchmarks.programs import judge_program, program_of
from model.errors import SandboxRefused
from verify.code import judge as judge_module
from verify.code.judge import CodeJudge
from verify.code.test_sets import read_tests
from verify.sandbox.limits import Limits

TESTS = "assert f(1) == 2\nassert f(2) == 3\nassert f(3) == 4"
RIGHT = "def f(n):\n    return n + 1"
USE = "It is used so:\n\n```python\nprint(f(1))\n```\n"
LIMITS = Limits(cpu_seconds=2.0)


def fenced(source: str) -> str:
    return f"So:\n\n```python\n{source}\n```\n"


def judged(judges: Judges, answer: str, tests: str = TESTS, is_strict: bool = False) -> Judgement:
    return judge_program(judges, Written(answer, is_strict=is_strict), lambda: read_tests(tests), LIMITS, "f")


@pytest.mark.parametrize(
    ("answer", "is_strict", "outcome", "reason"),
    [
        (fenced(RIGHT), True, "correct", "passes all 3 tests"),
        (fenced(RIGHT) + USE, False, "correct", "passes all 3 tests"),
        (fenced(RIGHT) + USE, True, "wrong", "fails test 1 of 3: f(1): NameError"),
        (RIGHT, False, "correct", "passes all 3 tests"),
        (RIGHT, True, "undecided", "the answer has no fenced block of code"),
        ("It cannot be done.", False, "undecided", "The answer has no code"),
        ("", True, "undecided", "no fenced block"),
        (fenced("def f(n):\n    return 2 * n if n < 3 else 4"), True, "wrong", "fails test 2 of 3: f(2) gave 4, not 3"),
        (fenced("def f(n:\n"), True, "wrong", "no Python: SyntaxError"),
    ],
)
def test_judge_program_reads_the_answer_as_the_profile_says(
    judges: Judges, answer: str, is_strict: bool, outcome: str, reason: str
):
    found = judged(judges, answer, is_strict=is_strict)
    assert found.outcome == outcome and reason in found.reason


def test_judge_program_ends_at_the_first_test_that_fails(judges: Judges):
    found = judged(judges, fenced("def f(n):\n    return 0"))
    assert (found.details["passed"], found.details["tests"], found.details["outcomes"]) == (0, 3, ["wrong"])
    late = judged(judges, fenced("def f(n):\n    return n + 1 if n == 1 else 1 // 0"))
    assert (late.details["passed"], late.details["outcomes"]) == (1, ["error"])


def test_judge_program_does_not_decide_where_the_program_could_have_forged_what_the_tests_say(judges: Judges):
    tests = "def test_f():\n    assert f(1) == 2\n"
    assert judged(judges, fenced(RIGHT), tests).outcome == "undecided"
    assert judged(judges, fenced("def f(n):\n    return n"), tests).outcome == "wrong"


def test_judge_program_does_not_decide_where_tests_cannot_be_read_or_nothing_is_run(
    judges: Judges, monkeypatch: pytest.MonkeyPatch
):
    unread = judged(judges, fenced(RIGHT), "no tests")
    assert unread.outcome == "undecided" and unread.reason.startswith("the tests cannot be read")

    def refuse() -> None:
        raise SandboxRefused("no isolation here")

    monkeypatch.setattr(judge_module, "Sandbox", refuse)
    refused = judged(Judges(judges.math, CodeJudge()), fenced(RIGHT))
    assert refused.outcome == "undecided" and "no isolation here" in refused.reason


def test_program_of_takes_the_last_whole_block_when_it_is_strict():
    cut = fenced(RIGHT) + "Better:\n\n```python\ndef f(n):\n    retu"
    assert program_of(Written(cut, is_strict=True), "f").source == RIGHT + "\n"
