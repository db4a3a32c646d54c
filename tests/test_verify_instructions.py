"""IFEval's checks as a judge of their own: strict and loose, several threads at once, and what it says without them."""

import importlib.util
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from model.errors import BadInput
from verify import instructions
from verify.instructions import Followed, InstructionJudge, followed, missing_packages

COMMA: tuple[list[str], list[dict[str, Any]]] = (["punctuation:no_comma"], [{}])
BOTH: tuple[list[str], list[dict[str, Any]]] = (
    ["punctuation:no_comma", "length_constraints:number_words"],
    [{}, {"relation": "at least", "num_words": 3}],
)


def nobody(*_: object) -> None:
    raise AssertionError("the checks were asked")


def too_slow(*_: object) -> None:
    return None


def test_no_answer_and_an_endless_one_are_undecided_and_not_checked():
    assert followed(nobody, "Write.", " \n", *COMMA).outcome == "undecided"
    assert followed(nobody, "Write.", "a" * 200_001, *COMMA).outcome == "undecided"


def test_a_check_that_takes_too_long_is_undecided():
    assert followed(too_slow, "Write.", "Rain", *COMMA) == Followed("undecided", "it could not be checked within 20 s")


def test_what_the_child_complains_of_is_the_reason():
    assert followed(lambda *_: {"error": "no such check"}, "Write.", "Rain", *COMMA).reason == "no such check"


def test_missing_packages_are_named_before_anything_is_started(monkeypatch):
    monkeypatch.setattr(instructions, "_NEEDED", ("json", "no_such_package"))
    assert missing_packages() == ("no_such_package",)
    with pytest.raises(BadInput, match=r"Not installed here: no_such_package\. .*requirements-evals\.txt"):
        InstructionJudge()


@pytest.fixture(scope="module")
def judge() -> Iterator[InstructionJudge]:
    if any(importlib.util.find_spec(name) is None for name in instructions._NEEDED):
        pytest.skip("IFEval's checks are optional: requirements-evals.txt")
    with InstructionJudge(2) as made:
        yield made


def test_judge_tells_which_instructions_are_followed_and_wants_all(judge):
    assert judge.judge("Write.", "Rain falls here.", *BOTH) == Followed(
        "correct", "every instruction is followed", (True, True), (True, True)
    )
    assert judge.judge("Write.", "Rain, sun.", *BOTH) == Followed(
        "wrong",
        "not followed: punctuation:no_comma, length_constraints:number_words",
        (False, False),
        (False, False),
    )


def test_judge_is_strict_and_tells_what_the_loose_check_says(judge):
    told = judge.judge(
        "Write.", "Rain. That is all.\n\nGoodbye", ["startend:end_checker"], [{"end_phrase": "That is all."}]
    )
    assert (told.outcome, told.strict, told.loose) == ("wrong", (False,), (True,))


def test_judge_of_an_instruction_that_is_none_is_undecided(judge):
    told = judge.judge("Write.", "Rain.", ["punctuation:none"], [{}])
    assert told.outcome == "undecided" and "punctuation:none" in told.reason


def test_judge_answers_many_threads_each_its_own(judge):
    answers = [f"Rain falls {'here, ' * (number % 2)}today." for number in range(24)]
    with ThreadPoolExecutor(6) as pool:
        told = list(pool.map(lambda answer: judge.judge("Write.", answer, *COMMA).outcome, answers))
    assert told == ["correct", "wrong"] * 12


def test_judge_goes_on_after_its_child_was_killed(judge):
    for child in judge._children:
        child.kill()
    assert judge.judge("Write.", "Rain falls here.", *COMMA).outcome == "correct"
