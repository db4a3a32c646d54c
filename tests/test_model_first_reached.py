import time
from pathlib import Path

import pytest

from model.first_reached import answer_value, first_reached

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "tests/data/thinking").glob("*.txt")}

REACHED = {
    "equals": ("6 * 7 = 42. Good.", "\\boxed{42}", "42."),
    "answer_is": ("Hmm. So the answer is 3, I think.", "The answer is 3.", "3, I think"),
    "boxed": ("So it is\n\\[ \\boxed{ 42 } \\]", "42", "42 }"),
    "dollars": ("Then it equals $42$, so done.", "**Answer:** 42", "42$, so"),
    "latex_spaces": ("Thus n is n (n + 1) 2^{n-2}.", "\\boxed{n(n+1)2^{n-2}}", "n (n + 1)"),
    "thousands": ("The total is 1,024.", "\\boxed{1024}", "1,024"),
    "fraction": ("so p = \\frac{1}{2}, good", "\\[ \\boxed{\\dfrac{1}{2}} \\]", "\\frac"),
    "chinese": ("那么120×1=120。所以", "5的阶乘是120。\n\n**答案：120**", "120。所以"),
    "on_the_way_first": ("x = 42 + 1, so no. Then y = 42.", "42", "42."),
    "colon_and_display": ("Therefore, the sum is:\n\n\\[\n42\n\\]", "\\boxed{42}", "42\n"),
}


@pytest.mark.parametrize(("thinking", "answer", "stands_at"), REACHED.values(), ids=REACHED)
def test_first_reached_finds_where_the_value_is_first_stated(thinking: str, answer: str, stands_at: str) -> None:
    assert first_reached(thinking, answer) == thinking.index(stands_at)


@pytest.mark.parametrize(
    ("thinking", "answer"),
    [
        pytest.param("x = 3, y = 3, so 3.", "\\boxed{3}", id="lone_digit_that_is_everywhere"),
        pytest.param("It equals 420.", "\\boxed{42}", id="part_of_a_longer_number"),
        pytest.param("It equals 42.5.", "\\boxed{42}", id="part_of_a_decimal"),
        pytest.param("It equals 142.", "\\boxed{42}", id="end_of_a_longer_number"),
        pytest.param("There were 42 geese.", "\\boxed{42}", id="not_a_statement"),
        pytest.param("The story is done.", "Once upon a time there was a goose.", id="answer_without_a_value"),
        pytest.param("", "\\boxed{42}", id="no_thinking"),
        pytest.param("= 42.", "", id="no_answer"),
        pytest.param("= 42.", "\\boxed{", id="box_cut_off"),
    ],
)
def test_first_reached_is_none_when_it_cannot_be_told(thinking: str, answer: str) -> None:
    assert first_reached(thinking, answer) is None


def test_first_reached_finds_the_first_of_several_in_real_texts() -> None:
    sum_text = TEXTS["qwq_32b_preview_binomial_sum"]
    reached = first_reached(sum_text, "**Final Answer**\n\n\\[ \\boxed{n(n+1)2^{n-2}} \\]")
    assert reached is not None and sum_text[:reached].endswith("Therefore, the sum is:\n\n\\[\n")
    factorial = TEXTS["qwen3_8b_factorial_zh"]
    reached = first_reached(factorial, "因此，**5的阶乘是120**。\n\n**答案：120**")
    assert reached is not None and factorial[:reached].endswith("接着60×2=")


def test_first_reached_takes_no_time_on_runs_of_spaces() -> None:
    before = time.thread_time()
    first_reached("= \\frac" + " " * 50_000 + "= 1" + "\n" * 50_000, "\\boxed{\\frac{1}{23}}")
    assert time.thread_time() - before < 2


def test_answer_value_takes_the_last_box_with_its_braces() -> None:
    assert answer_value("\\boxed{1} or rather \\boxed{\\frac{1}{2}}") == "\\frac{1}{2}"
