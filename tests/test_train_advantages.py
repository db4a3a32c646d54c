"""Groups of completions: what each is worth beside the others, and which are learned from."""

import pytest

from train.advantages import advantages_of, contrasting


def test_a_group_that_is_all_right_or_all_wrong_teaches_nothing():
    assert advantages_of([1.0] * 4 + [0.0] * 4, 4, "group") == [0.0] * 8


def test_what_has_no_reward_neither_teaches_nor_shifts_its_group():
    found = advantages_of([1.0, 0.0, None, None], 4, "none")
    assert found == [0.5, -0.5, 0.0, 0.0]
    assert advantages_of([None] * 4, 4, "group") == [0.0] * 4


def test_a_group_with_one_reward_only_teaches_nothing():
    assert advantages_of([1.0, None, None, None], 4, "group") == [0.0] * 4


def test_scaled_advantages_of_a_group_have_a_mean_of_zero_and_a_deviation_of_one():
    found = advantages_of([1.0, 0.0, 0.0, 0.0], 4, "group")
    assert sum(found) == pytest.approx(0.0, abs=1e-9)
    assert sum(each**2 for each in found) / 3 == pytest.approx(1.0, abs=0.01)


def test_groups_are_compared_with_themselves_only():
    alone = advantages_of([1.0, 0.0], 2, "group")
    assert advantages_of([1.0, 0.0, 0.3, 0.2], 2, "group")[:2] == alone
    by_batch = advantages_of([1.0, 0.0, 0.3, 0.2], 2, "batch")
    assert by_batch[0] > by_batch[2] > 0


@pytest.mark.parametrize(
    ("rewards", "learned", "chosen"),
    [
        pytest.param([1.0, 1.0, 1.0, 0.0], 2, {3}, id="the only wrong one"),
        pytest.param([0.0, 0.0, 1.0, 0.0], 2, {2}, id="the only right one"),
        pytest.param([0.0, 0.5, 1.0, 0.4], 2, {0, 2}, id="the two ends"),
        pytest.param([None, 0.5, None, 0.4], 2, {1, 3}, id="those that have one"),
    ],
)
def test_the_chosen_of_a_group_are_those_that_differ_most(rewards: list[float | None], learned: int, chosen: set[int]):
    found = contrasting(rewards, 4, learned)
    assert len(found) == learned and chosen <= set(found)


def test_all_that_have_a_reward_are_chosen_without_a_limit():
    assert contrasting([0.0, None, 1.0, 1.0], 2, 0) == [0, 2, 3]
