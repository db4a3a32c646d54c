"""Answers without a box, and what was asked for: what fits is found, and what nobody asked for is not."""

import time

import pytest

from verify.asked import asked_by
from verify.extraction import final_answer


def found(output: str, question: str) -> str:
    answer = final_answer(output, question)
    return answer.text if answer else ""


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Is 221 prime?", "yes_no"),
        ("True or false: every square is a rectangle.", "yes_no"),
        ("Is 2^10 or 10^3 larger?", "value"),
        ("(Do not use a calculator!) Find the greatest integer below 7.5.", "value"),
        ("15是质数吗？", "yes_no"),
        ("Who is oldest?", "name"),
        ("Mia, who is younger than Emma, is 40. What's the average of their ages?", "value"),
        ("Which day is 100 days after a Monday?", "day"),
        ("How many edges has a cube?", "count"),
        ("What percentage of 80 is 20?", "percent"),
        ("Which is even? (A) 13 (B) 27 (C) 38 (D) 41", "choice"),
        ("", "value"),
    ],
)
def test_question_tells_what_it_asks_for(question: str, kind: str):
    assert asked_by(question).kind == kind


def test_question_tells_about_whom_and_of_what():
    asked = asked_by("Tom has 5 more marbles than Jim, and together they have 31. How many marbles does Jim have?")
    assert (asked.counted, asked.about, asked.names) == ("marbles", "Jim", ("Jim", "Tom"))
    # Of both together nothing is told where one is spoken of.
    assert asked_by("How many marbles do Tom and Jim have together?").about == ""
    assert asked_by("How many trailing zeros does 25! have?").counted == "trailing zeros"


def test_phrase_and_box_are_believed_whatever_was_asked():
    assert found(r"It is \boxed{221}.", "Is 221 prime?") == "221"
    assert found("The answer is 18.", "Tom and Jim have 31. How many does Jim have?") == "18"


def test_number_of_another_one_is_no_answer():
    question = "Tom has 5 more marbles than Jim, and together they have 31. How many does Jim have?"
    assert found("J = 13. Tom has 18.", question) == ""
    assert found("Let J be Jim's marbles. Then 2J = 26, J = 13. Tom has 18.", question) == "13"
    assert found("Jim has 13 and Tom has 18.", question) == "13"


def test_yes_or_no_is_said_only_of_what_was_asked():
    assert found("Lines with equal slopes never meet, so they are parallel.", "Are the lines parallel?") == "yes"
    assert found("7 × 13 = 91. Therefore it is composite.", "Is 91 a prime number?") == "no"
    assert found("The harmonic series is a p-series with p = 1. It has 2 names.", "Does the series converge?") == ""
    assert found("It would be prime if 7 did not divide it.", "Is 91 a prime number?") == ""


def test_step_that_is_told_and_not_taken_is_no_answer():
    assert found("There are 7 days in a week. Multiply the number of weeks by 7.", "How many days have 6 weeks?") == ""
    assert found("The side is 7. Multiply it by 4 to get 28.", "What is the perimeter?") == "28"


@pytest.mark.parametrize(
    "question",
    [
        "How many " * 4_000,
        "A) 1 " * 20_000,
        "Ab " * 30_000,
        "is " * 30_000 + "?",
        "多少" * 20_000,
        "." * 100_000,
        "how many a-b-c-d " * 5_000,
        "What is X" * 10_000,
    ],
)
@pytest.mark.parametrize("output", ["Ab has 5 " * 8_000, "x = 1, " * 10_000])
def test_hostile_question_or_answer_holds_nobody_up(question: str, output: str):
    began = time.thread_time()
    final_answer(output, question)
    assert time.thread_time() - began < 4
