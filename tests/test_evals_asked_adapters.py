import json

import pytest

from evals.asked_adapters import differences, rates, read_answers, shared_problems, table
from model.errors import BadInput


def answers(right: int, of: int = 20) -> dict[str, bool]:
    """The first so many right."""
    return {f"{number:02}": number < right for number in range(of)}


def test_problems_that_one_was_not_judged_on_count_for_nobody():
    asked = {"start": {0: answers(10)}, "GRPO": {1: answers(5, of=15)}}
    assert shared_problems(asked) == sorted(answers(0, of=15))
    assert [rate.share.problems for rate in rates(asked)] == [15, 15]


def test_without_a_shared_problem_there_is_nothing_to_compare():
    with pytest.raises(BadInput, match="share no problem"):
        shared_problems({"start": {0: {"a": True}}, "GRPO": {1: {"b": True}}})


def test_seeds_that_answer_alike_make_no_difference_more_certain():
    once = {"start": {0: answers(4)}, "GRPO": {1: answers(10)}}
    thrice = {"start": {0: answers(4)}, "GRPO": {seed: answers(10) for seed in (1, 2, 3)}}
    (single,) = differences(once)
    pooled = differences(thrice)[-1]
    assert pooled.seed is None and pooled.p_value == single.p_value == pytest.approx(2 / 2**6)
    assert (pooled.difference.low, pooled.difference.high) == pytest.approx(
        (single.difference.low, single.difference.high)
    )


def test_the_same_answers_differ_by_nothing():
    (same,) = differences({"SFT": {1: answers(7)}, "GRPO": {1: answers(7)}})
    assert (same.difference.value, same.p_value, same.only_first, same.only_second) == (0, 1, 0, 0)


def test_trained_adapters_are_compared_seed_by_seed():
    asked = {
        "SFT": {1: answers(5), 2: answers(9)},
        "GRPO": {1: answers(8), 2: answers(8)},
    }
    told = {each.seed: (each.only_first, each.only_second) for each in differences(asked)}
    assert told == {1: (0, 3), 2: (1, 0), None: (1, 3)}


def test_the_table_has_every_rate_and_difference_in_percent():
    asked = {"start": {0: answers(5)}, "GRPO": {1: answers(10), 2: answers(10)}}
    lines = table(rates(asked), differences(asked)).splitlines()
    assert lines[0].startswith("start ") and "25.0% (11.2 to 46.9)" in lines[0]
    assert [line.split("  ")[0] for line in lines[1:4]] == ["GRPO, seed 1", "GRPO, seed 2", "GRPO, all seeds"]
    assert lines[-1].startswith("GRPO less start, all seeds") and "better on 5, worse on 0" in lines[-1]


def test_answers_that_were_not_judged_are_left_out_and_half_a_file_is_refused(tmp_path):
    file = tmp_path / "asked.json"
    replies = [{"key": "a", "right": True}, {"key": "b", "right": None}]
    file.write_text(json.dumps({"problems": 2, "replies": replies}))
    assert read_answers(file) == {"a": True}
    file.write_text(json.dumps({"problems": 3, "replies": replies}))
    with pytest.raises(BadInput, match="2 of 3 answers"):
        read_answers(file)
    file.write_text("{")
    with pytest.raises(BadInput, match="cannot be read"):
        read_answers(file)
