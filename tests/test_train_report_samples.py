"""Which completions a page shows, and how: thinking and answer apart, every kind of end among them."""

from tests.reported_run import SAMPLES, sample
from train.report_samples import choose, samples_part


def test_a_dozen_has_the_first_steps_the_last_and_every_outcome():
    chosen = choose(SAMPLES)
    steps = [line["step"] for line in chosen]
    assert len(chosen) == 12
    assert steps == sorted(steps)
    assert {1, 2, 3, 28, 29, 30} <= set(steps)
    assert {line["outcome"] for line in chosen[3:-3]} == {"correct", "wrong", "undecided"}


def test_rare_outcome_is_shown_however_long_ago_it_was():
    samples = [sample(step, "correct") for step in range(1, 200)]
    samples[50] = sample(51, "undecided")
    assert [line["step"] for line in choose(samples) if line["outcome"] == "undecided"] == [51]


def test_last_completions_are_of_different_questions_where_there_are_as_many():
    samples = [*SAMPLES, *(sample(31, "correct", answer=str(n)) for n in range(8))]
    assert [line["step"] for line in choose(samples)].count(31) == 3  # one as the last, two as right ones


def test_few_completions_are_each_shown_once():
    assert choose(SAMPLES[:2]) == SAMPLES[:2]
    assert choose([]) == []
    assert samples_part([]) == ""


def test_thinking_is_folded_and_apart_from_the_answer():
    html = samples_part([sample(7, "correct")])
    assert "<details><summary>Thinking</summary><pre>7 and 7 make 14.</pre></details>" in html
    assert "<h3>Answer</h3><pre>\\boxed{14}</pre>" in html
    assert "<details open>" in samples_part([sample(7, "correct")], opens=True)


def test_undecided_completion_shows_that_it_had_no_reward():
    assert "no reward" in samples_part([sample(7, "undecided")])
    assert "reward 1 · outcome 1 · format 0.1" in samples_part([sample(7, "correct")])


def test_long_text_is_cut_in_its_middle_and_says_by_how_much():
    html = samples_part([sample(7, "correct", thinking="a" * 10_000 + "b" * 10_000)])
    assert "14,000 characters left out" in html
    assert html.count("a" * 3000) == 1 and "b" * 3000 in html and "b" * 3001 not in html


def test_line_with_fields_missing_or_of_another_type_is_still_shown():
    html = samples_part([{"step": 3, "reward": "much", "parts": 7, "tokens": None, "answer": 5}])
    assert "no reward" in html and "<pre>5</pre>" in html
