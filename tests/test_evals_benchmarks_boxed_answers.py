"""Answers in a box, judged by the app's own verifier: strictly and as words leave no doubt, as numbers and as LaTeX."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from evals.benchmarks.aime import AIME24
from evals.benchmarks.benchmark import Benchmark, Judges, Problem, Written
from evals.benchmarks.boxed_answers import column, last_box, question_of, text_id, title_of, whole
from evals.benchmarks.gsm8k import GSM8K
from evals.benchmarks.math500 import MATH500
from evals.benchmarks.sources import rows_of
from model.errors import BadInput
from verify.math_answer import MathJudge

NO_CODE = cast(Any, None)


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    with MathJudge(1) as math:
        yield Judges(math, NO_CODE)


def gsm(gold: int) -> Problem:
    (problem,) = GSM8K.problems_of([{"question": "How many apples are left?", "answer": f"so\n#### {gold}"}])
    return problem


def aime(gold: str) -> Problem:
    (problem,) = AIME24.problems_of([{"problem": "Find m + n.", "answer": gold}])
    return problem


@pytest.mark.parametrize("benchmark", [GSM8K, MATH500], ids=lambda each: each.name)
def test_every_gold_of_a_sample_is_its_own_right_answer_and_no_other_problems(judges, benchmark: Benchmark):
    problems = benchmark.problems_of(rows_of(benchmark, "sample").rows)[:40]
    for problem, other in zip(problems, problems[1:] + problems[:1], strict=True):
        written = Written(f"So the answer is $\\boxed{{{problem.gold}}}$.", is_strict=True)
        assert benchmark.judge(judges, problem, written).outcome == "correct", problem.id
        if other.gold != problem.gold:
            others = Written(f"So the answer is $\\boxed{{{other.gold}}}$.")
            assert benchmark.judge(judges, problem, others).outcome == "wrong", problem.id


@pytest.mark.parametrize(
    ("answer", "outcome", "strict"),
    [
        pytest.param(r"So \boxed{18}.", "correct", "correct", id="box"),
        pytest.param(r"First \boxed{9}, but in the end \boxed{18}", "correct", "correct", id="the last box"),
        pytest.param(r"\boxed{1{,}8}", "wrong", "wrong", id="another number"),
        pytest.param("The answer is 18 apples.", "correct", "undecided", id="words"),
        pytest.param(r"The answer is 18. \boxed{", "undecided", "undecided", id="cut in its box"),
        pytest.param("I do not know.", "undecided", "undecided", id="none"),
        pytest.param("", "undecided", "undecided", id="no answer"),
    ],
)
def test_judge_takes_words_for_an_answer_unless_it_is_strict(judges, answer, outcome, strict):
    assert GSM8K.judge(judges, gsm(18), Written(answer)).outcome == outcome
    assert GSM8K.judge(judges, gsm(18), Written(answer, is_strict=True)).outcome == strict


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (r"Jackie gets $\boxed{20}$ dollars more.", "correct"),
        (r"They are \boxed{20\%} of the class.", "correct"),
        (r"It costs \boxed{\$20.00}.", "correct"),
        (r"That is \boxed{20\text{ minutes}}, a third of an hour.", "correct"),
        (r"\boxed{20{,}000} likes", "wrong"),
        (r"\boxed{0.2}", "wrong"),
        (r"\boxed{20:00}", "wrong"),
    ],
)
def test_judge_reads_numbers_with_what_models_write_around_them(judges, answer, outcome):
    for is_strict in (False, True):
        assert GSM8K.judge(judges, gsm(20), Written(answer, is_strict=is_strict)).outcome == outcome


def test_judge_never_reads_the_thinking(judges):
    assert GSM8K.judge(judges, gsm(18), Written("", thinking=r"\boxed{18}")).outcome == "undecided"


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        ("025", "25", "correct"),
        ("25", "025", "correct"),
        ("25", r"25^\circ", "correct"),
        ("25", r"m+n=25", "correct"),
        ("25", r"\frac{50}{2}", "correct"),
        ("25", r"25\%", "correct"),
        ("25", "0.25", "wrong"),
        ("25", "125", "wrong"),
        ("204", "2,04", "wrong"),
    ],
)
def test_judge_compares_whole_numbers_as_such(judges, gold, answer, outcome):
    judged = AIME24.judge(judges, aime(gold), Written(f"Thus \\boxed{{{answer}}}"))
    assert judged.outcome == outcome, judged


def test_answers_are_the_same_only_both_ways(judges):
    assert MATH500.same is not None
    assert MATH500.same(judges, r"\frac{1}{2}", "0.5")
    assert not MATH500.same(judges, r"\frac{1}{2}", "0.55")


def test_last_box_is_the_last_that_closes():
    assert last_box(r"\boxed{1} \fbox{\frac{1}{2}} \boxed{3") == r"\fbox{\frac{1}{2}}"
    assert last_box(r"\boxedx{1} boxed{2}") == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [("007", 7), ("-1,234", -1234), ("$5$", 5), ("5.0", None), ("1,23", None), ("", None), ("9" * 5000, None)],
)
def test_whole_reads_whole_numbers_alone(text, number):
    assert whole(text) == number


def test_ids_are_those_of_the_words_whatever_copy_they_are_from():
    drawn = "Find  $x$. [asy]draw((0,0)--(1,1));[/asy]\n"
    assert text_id("aime24", drawn) == text_id("aime24", "Find $x$.") != text_id("aime24", "Find $y$.")
    assert title_of(drawn) == "Find $x$."
    assert len(title_of("word " * 100)) <= 90


def test_column_says_what_is_there_instead():
    with pytest.raises(BadInput, match=r"Row 3 has no text in the column 'problem'; its columns are 'question', 'id'"):
        column({"question": "x", "id": 1}, "problem", 3)
    assert column({"answer": 70}, "answer", 1) == "70"
    with pytest.raises(BadInput):
        column({"answer": True}, "answer", 1)


def test_question_of_is_the_prompt_without_its_instruction():
    assert question_of(gsm(1)) == "How many apples are left?"
    assert gsm(1).messages[-1].content.endswith(r"put your final answer within \boxed{}.")
