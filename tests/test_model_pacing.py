"""How often readers are sent something, by how many they are and how late the server is."""

import pytest

from model.pacing import Pace
from model.settings import UPDATES_PER_SECOND_IN_ALL


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.6  # beyond the time between two counts
        return self.now


@pytest.mark.parametrize("readers", [0, 1, 2, 8, 16])
def test_few_readers_are_sent_as_much_as_a_page_can_draw(readers: int) -> None:
    assert Pace(lambda: readers, Clock()).seconds(0.085) == 0.085


@pytest.mark.parametrize("readers", [50, 200, 500])
def test_many_readers_together_are_sent_no_more_than_the_server_can_send(readers: int) -> None:
    assert readers / Pace(lambda: readers, Clock()).seconds(0.085) <= UPDATES_PER_SECOND_IN_ALL


def test_nobody_waits_longer_than_a_few_seconds() -> None:
    pace = Pace(lambda: 5000, Clock())
    for _ in range(200):
        pace.came_late(5.0)
    assert pace.seconds(0.085) == 3.0


def test_a_server_that_is_late_sends_less_until_it_has_time_again() -> None:
    pace = Pace(lambda: 100, Clock())
    at_first = pace.seconds(0.085)
    for _ in range(100):
        pace.came_late(0.5)
    slowest = max(pace.seconds(0.085) for _ in range(30))
    assert slowest > 1.5 * at_first
    for _ in range(200):
        pace.came_late(0.0)
    assert min(pace.seconds(0.085) for _ in range(30)) == at_first


def test_one_reader_notices_nothing_of_a_server_that_is_late() -> None:
    pace = Pace(lambda: 1, Clock())
    for _ in range(100):
        pace.came_late(0.5)
        assert pace.seconds(0.085) == 0.085
