"""Rewards: what counts, what takes away, and what has none."""

import pytest

from train.outcomes import Outcome
from train.rewards import Weights, repeated_share, reward_parts, total

ALL = Weights(outcome=1.0, format=0.2, length=0.3, repetition=0.5, general=0.4)
RIGHT = Outcome("correct", "", "2+2=4", "It is $\\boxed{4}$.", (), 50, False)


def reward(outcome: Outcome, weights: Weights = ALL, general: float | None = None) -> float | None:
    return total(reward_parts(outcome, weights, 100, general), weights)


def changed(**changes: object) -> Outcome:
    fields = {name: getattr(RIGHT, name) for name in RIGHT.__dataclass_fields__}
    return Outcome(**(fields | changes))


def test_a_right_answer_in_its_form_earns_the_weight_of_the_outcome():
    assert reward(RIGHT) == 1.0


def test_a_wrong_answer_in_perfect_form_earns_nothing():
    assert reward(changed(result="wrong"), general=1.0) == 0.0


def test_what_is_undecided_has_no_reward_at_all():
    assert reward(changed(result="undecided"), general=1.0) is None


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        pytest.param({"faults": ("2 boxed answers",)}, 0.2, id="format"),
        pytest.param({"tokens": 100}, 0.3, id="length"),
        pytest.param({"thinking": "and so it is five " * 30}, 0.5 * repeated_share("and so it is five " * 30 + "It is"), id="repetition"),
    ],
)  # fmt: skip
def test_each_fault_takes_away_its_weight(changes: dict[str, object], lost: float):
    found = reward(changed(**changes))
    assert found == pytest.approx(1.0 - lost, abs=0.01)


def test_parts_without_a_weight_are_not_there():
    weights = Weights(outcome=1.0, format=0.0)
    faulty = changed(faults=("the thinking is not closed",), tokens=100)
    assert reward_parts(faulty, weights, 100) == {"outcome": 1.0}


def test_an_open_answer_has_the_reward_models_word_and_none_without_one():
    open_ended = changed(result="open")
    assert reward(open_ended, general=0.5) == pytest.approx(0.2)
    assert reward(open_ended) is None


def test_no_completion_with_a_wrong_outcome_has_a_reward_above_zero():
    for faults in ((), ("x",)):
        for tokens in (1, 100):
            assert (reward(changed(result="wrong", faults=faults, tokens=tokens), general=1.0) or 0.0) <= 0.0
