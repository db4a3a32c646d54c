"""Final answers as models write them: what reasoning-gym's scorers read of them, and what these say."""

import pytest

from verify.gym_answers import gym_score, plain_text
from verify.gym_tasks import MODULES, gym_task


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\text{mother-in-law}", "mother-in-law"),
        (r"\textbf{\text{Yes}}", "Yes"),
        (r"3 \times 5 \cdot 7", "3 × 5 × 7"),
        (r"\dfrac{138}{583}", "138/583"),
        (r"1{,}234", "1,234"),
        (r"90^\circ", "90"),
        (r"\$\,5", "$ 5"),
        ("", ""),
    ],
)
def test_plain_text_is_what_the_scorers_read(latex, text):
    assert plain_text(latex) == text


@pytest.mark.parametrize("form", ['"{}".', "'{}'", "“{}.”", "{}."])
@pytest.mark.parametrize("name", MODULES)
def test_gym_score_reads_past_quotes_and_a_full_stop_to_the_reference(name, form):
    data = gym_task(name, size=1, seed=11)
    assert gym_score(data, data[0], form.format(data[0]["answer"]))[1] == 1.0


def test_gym_score_gives_back_the_form_that_scores_fully_and_else_the_answer_as_it_stands():
    data = gym_task("leg_counting", size=1, seed=11)
    gold = data[0]["answer"]
    assert gym_score(data, data[0], f"{gold} legs") == (gold, 1.0)
    form, score = gym_score(data, data[0], f"1{gold} legs")
    assert form == f"1{gold} legs" and score < 1.0
    assert gym_score(data, data[0], f"{gold} or more")[1] < 1.0


def test_gym_score_of_a_word_with_a_letter_too_many_is_no_full_score():
    data = gym_task("spell_backward", size=20, seed=1, min_word_len=7)
    assert all(gym_score(data, item, item["answer"] + "x")[1] != 1.0 for item in (data[n] for n in range(20)))


@pytest.mark.parametrize("answer", ["", "[", "9" * 480, "1e999999999", "nan", "-", "\x00", "0/0"])
@pytest.mark.parametrize("name", MODULES)
def test_gym_score_of_what_cannot_be_read_is_no_full_score_and_raises_nothing(name, answer):
    data = gym_task(name, size=1, seed=11)
    assert gym_score(data, data[0], answer)[1] < 1.0
