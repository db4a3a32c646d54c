"""When a thread that died is started again, and what is said when it is not."""

from model.restarts import HOUR_SECONDS, MOST_AN_HOUR, STARTING_AGAIN, Restarts, has_failed


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_restart_comes_at_once_and_each_further_one_waits_twice_as_long():
    restarts = Restarts(Clock())
    assert [restarts.died("x") for _ in range(MOST_AN_HOUR)] == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0]


def test_the_death_after_the_last_restart_of_the_hour_is_the_end_until_the_hour_is_over():
    clock = Clock()
    restarts = Restarts(clock)
    assert restarts.may_try()
    for _ in range(MOST_AN_HOUR):
        restarts.died("x")
    assert restarts.died("the cable was pulled.") is None
    assert not restarts.may_try()
    assert "the cable was pulled. Load the model again" in restarts.sentence()
    assert has_failed(restarts.sentence())
    assert restarts.count == MOST_AN_HOUR
    clock.now = HOUR_SECONDS + 1
    assert restarts.may_try()
    assert restarts.died("x") == 0.0


def test_deaths_that_are_hours_apart_never_add_up():
    clock = Clock()
    restarts = Restarts(clock)
    for _ in range(3 * MOST_AN_HOUR):
        assert restarts.died("x") == 0.0
        clock.now += HOUR_SECONDS + 1


def test_an_engine_that_is_being_started_again_has_not_failed():
    assert not has_failed(STARTING_AGAIN)
    assert not has_failed("")
