"""Linear equations: the gold solves the equation in the key, alone, and that equation is what is asked."""

import re
from fractions import Fraction

import pytest

from tests.written_steps import completion_of, gold_of, letters_of, question_of, traces_of, value_of
from train.tasks.equations import TASKS, plus, term
from train.traces import Trace

by_task = pytest.mark.parametrize("task", TASKS)


def sides(trace: Trace, difference: int = 0) -> tuple[Fraction, Fraction]:
    """Both sides of the key's equation with the gold (and a difference to it) put in."""
    ((unknown, solution),) = letters_of(trace).items()
    left, right = trace.key.partition(":")[2].split(" = ")
    letters = {unknown: solution + difference}
    return value_of(left, letters), value_of(right, letters)


@by_task
def test_gold_solves_the_equation_and_a_neighbour_does_not(task: str) -> None:
    for trace in traces_of(task):
        left, right = sides(trace)
        assert left == right, trace
        left, right = sides(trace, difference=1)
        assert left != right, trace


@by_task
def test_question_shows_the_equation_of_the_key(task: str) -> None:
    for trace in traces_of(task):
        asked = re.sub(r"[\s$]", "", question_of(trace))
        assert trace.key.partition(":")[2].replace(" ", "") in asked, trace


@by_task
def test_question_and_answer_name_the_unknown(task: str) -> None:
    for trace in traces_of(task):
        (unknown,) = letters_of(trace)
        assert re.search(rf"(?<![a-z]){unknown} = \\boxed", trace.answer), trace.answer


@by_task
def test_thinking_ends_by_putting_the_solution_in(task: str) -> None:
    for trace in traces_of(task):
        check = trace.thinking_text.rpartition("Check: ")[2]
        assert check.endswith(" Right.") and "=" in check, trace.thinking_text
        assert str(abs(Fraction(gold_of(trace)))) in check, trace.thinking_text
        assert completion_of(trace).count("Right.") == 1


@by_task
def test_solutions_below_zero_come_out_where_the_task_has_them(task: str) -> None:
    below_zero = sum(gold_of(trace).startswith("-") for trace in traces_of(task))
    assert below_zero == 0 if task == "divided" else below_zero >= 10


def test_fractions_as_solutions_are_few_and_only_in_two_steps() -> None:
    fractions = {task: sum("/" in gold_of(trace) for trace in traces_of(task)) for task in TASKS}
    assert [task for task, count in fractions.items() if count] == ["two_step"]
    assert 5 <= fractions["two_step"] <= 35


@pytest.mark.parametrize(
    ("written", "text"),
    [
        pytest.param(term(1, "x"), "x", id="factor one is not written"),
        pytest.param(term(-1, "y"), "-y", id="minus one is a sign"),
        pytest.param(term(-4, "n"), "-4n", id="factor"),
        pytest.param(plus(-3), " - 3", id="negative number"),
        pytest.param(plus(7, spaced=False), "+7", id="without spaces"),
    ],
)
def test_terms_are_written_as(written: str, text: str) -> None:
    assert written == text
