"""Problems that are one expression: what is worked out, and what is left alone because it may mean something else."""

import pytest

from verify.working_out import worked_out


@pytest.mark.parametrize(
    ("problem", "answer"),
    [
        ("What is 36 × 14?", "504"),
        (r"What is $17 \times 24$?", "408"),
        ("Calculate 512 - 78.", "434"),
        ("Compute the value of 1,000 - 357", "643"),
        ("What is 12% of 50?", "6"),
        (r"What is 12.5\% of 1,000?", "125"),
        ("What is 3/4 of 20?", "15"),
        (r"What is $\frac{3}{4}$ of $20$?", "15"),
        (r"Evaluate $\frac{1}{2} + \frac{1}{3}$.", r"\frac{5}{6}"),
        ("What is 2^10?", "1024"),
        ("What is 7 / 8?", "0.875"),
        (r"Simplify $\sqrt{8} \cdot \sqrt{2}$.", "4"),
        (r"Find $\binom{6}{2}$.", "15"),
        ("How much is 5! / 3!?", "20"),
    ],
)
def test_right_answer_is_what_the_expression_is_worth_and_one_more_is_not(problem: str, answer: str):
    found = worked_out(problem, answer)
    assert found is not None and found.is_for and found.strength == "strong"
    other = worked_out(problem, f"{answer} + 1")
    assert other is not None and not other.is_for and f"not {answer} + 1" in other.words


@pytest.mark.parametrize(
    "problem",
    [
        "What is 5?",
        "What is -5?",
        "What is x + 1?",
        "What is 17 in base 2?",
        "What is 2 + 3 modulo 4?",
        "What is 10 / 3 rounded to two places?",
        "What is the sum of 2 and 3?",
        "What is 5 cm + 3 cm?",
        "What is 12:30 + 1?",
        "What is 3 + 4? And 5 + 6?",
        "What is 1 + 2 + ... + 100?",
        "If x = 3, what is 2 + 1?",
        "What is $9^{9^{9^{9}}}$?",
        "What is " + "1 + " * 200 + "1?",
        "",
    ],
)
def test_what_may_mean_something_else_is_left_alone(problem: str):
    assert worked_out(problem, "5") is None


def test_answer_that_is_no_number_is_left_alone():
    assert worked_out("What is 2 + 2?", "four cats, perhaps") is None
