import pytest

from model.fair_order import FairOrder, LineRun
from model.waiting_line import Place, RunLengths, places


def in_line(order: FairOrder, owners: str, now: float = 0.0) -> list[LineRun]:
    runs = [LineRun(f"{owner}{number}", owner, number, kind="low") for number, owner in enumerate(owners)]
    for each in runs:
        order.wait(each, now)
    return runs


def lengths(*totals: int, tokens_per_second: float = 10.0) -> RunLengths:
    """What is known after runs of so many tokens."""
    known = RunLengths()
    for total in totals:
        known.ended(LineRun("", "", 0, "low", tokens=total))
    known.held(100, 100 / tokens_per_second)
    return known


def test_places_follow_the_fair_order_and_not_the_order_of_arrival():
    order = FairOrder(turn_seconds=0)
    in_line(order, "aaab")
    order.grant(1, 0.0)
    found = places(order, 1, 0.0, lengths(100))
    assert {run: place.before for run, place in found.items()} == {"b3": 0, "a1": 1, "a2": 2}


def test_wait_is_what_is_left_of_those_before_at_the_speed_of_late():
    order = FairOrder(turn_seconds=0)
    first, *_ = in_line(order, "abc")
    order.grant(1, 0.0)
    first.tokens = 60
    found = places(order, 1, 0.0, lengths(100, tokens_per_second=10.0))
    assert {run: (place.before, round(place.seconds, 3)) for run, place in found.items()} == {
        "b1": (0, 4.0),
        "c2": (1, 14.0),
    }


def test_two_slots_are_free_in_half_the_time():
    order = FairOrder(turn_seconds=0)
    in_line(order, "abcdef")
    order.grant(2, 0.0)
    found = places(order, 2, 0.0, lengths(100))
    assert [round(found[run].seconds) for run in ("c2", "d3", "e4", "f5")] == [10, 10, 20, 20]


def test_wait_behind_a_long_run_is_a_turn_and_not_the_run():
    order = FairOrder(turn_seconds=10.0)
    in_line(order, "ab")
    order.grant(1, 0.0)
    found = places(order, 1, 0.0, lengths(30_000))
    assert found["b1"].seconds == pytest.approx(10.0)


def test_wait_that_cannot_be_told_is_none_but_the_place_is_right():
    order = FairOrder()
    in_line(order, "abc")
    order.grant(1, 0.0)
    assert places(order, 1, 0.0, RunLengths()) == {"b1": Place(0, 0.0), "c2": Place(1, 0.0)}


def test_run_of_a_kind_is_guessed_from_runs_of_its_kind_and_held_to_its_limit():
    known = lengths(100, 100, 100)
    for _ in range(3):
        known.ended(LineRun("", "", 0, "high", tokens=5000))
    assert known.seconds_left(LineRun("x", "", 0, "high")) == pytest.approx(500.0)
    assert known.seconds_left(LineRun("x", "", 0, "low")) == pytest.approx(10.0)
    assert known.seconds_left(LineRun("x", "", 0, "high", most_tokens=2000)) == pytest.approx(200.0)


def test_run_longer_than_all_known_ones_has_likely_as_much_left():
    assert lengths(100).seconds_left(LineRun("x", "", 0, "low", tokens=300)) == pytest.approx(30.0)
    assert lengths(100).seconds_left(LineRun("x", "", 0, "low", most_tokens=310, tokens=300)) == pytest.approx(1.0)


def test_line_too_long_to_be_played_ahead_still_has_places():
    order = FairOrder(turn_seconds=10.0)
    in_line(order, "".join(chr(200 + number) for number in range(600)))
    order.grant(1, 0.0)
    found = places(order, 1, 0.0, lengths(30_000))
    assert sorted(place.before for place in found.values()) == list(range(599))
