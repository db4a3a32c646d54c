import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


def ended(kind: str, tokens: int, most: int | None = None) -> LineRun:
    return LineRun("", "", 0, kind, most_tokens=most, tokens=tokens)


def test_run_is_guessed_from_runs_of_its_kind_and_held_to_its_limit():
    known = RunLengths()
    known.held(100, 10.0)
    for _ in range(5):
        known.ended(ended("high", 5000))
    assert known.seconds_left(LineRun("x", "", 0, "high")) == pytest.approx(500.0)
    assert known.seconds_left(LineRun("x", "", 0, "high", most_tokens=2000)) == pytest.approx(200.0)


def test_run_of_a_new_kind_takes_the_share_of_its_limit_that_others_took_of_theirs():
    known = RunLengths()
    known.held(100, 10.0)
    for tokens in (30, 60):
        known.ended(ended("low", tokens, most=100))
    assert known.seconds_left(LineRun("x", "", 0, "high", most_tokens=1000)) == pytest.approx(45.0)
    assert known.seconds_left(LineRun("x", "", 0, "agent")) == pytest.approx(4.5)


def test_run_longer_than_all_known_ones_has_likely_as_much_left():
    assert lengths(100).seconds_left(LineRun("x", "", 0, "low", tokens=300)) == pytest.approx(30.0)
    assert lengths(100).seconds_left(LineRun("x", "", 0, "low", most_tokens=310, tokens=300)) == pytest.approx(1.0)


def test_line_too_long_to_be_played_ahead_still_has_places():
    order = FairOrder(turn_seconds=10.0)
    in_line(order, "".join(chr(200 + number) for number in range(600)))
    order.grant(1, 0.0)
    found = places(order, 1, 0.0, lengths(30_000))
    assert sorted(place.before for place in found.values()) == list(range(599))


def played(order: FairOrder, totals: dict[str, int], slots: int) -> dict[str, float]:
    """When each run was let in for the first time, at ten tokens a second: the truth, a tenth of a second at a time."""
    now, let_in = 0.0, dict[str, float]()
    while order.waiting or order.seated:
        for run in order.grant(slots, now):
            let_in.setdefault(run.id, now)
        order.ask_back(slots, now)
        for run in list(order.seated.values()):
            run.tokens += 1
            order.serve(run, 1, now)
            if run.tokens >= totals[run.id] or run.is_asked_back:
                order.leave(run, now)
                if run.tokens < totals[run.id]:
                    order.wait(run, now)
        now += 0.1
    return let_in


RUNS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(20, 300)), min_size=2, max_size=10)


def expected_and_true(runs: list[tuple[str, int]], slots: int, turn_seconds: float) -> list[tuple[Place, float]]:
    order = FairOrder(turn_seconds=turn_seconds)
    totals = dict[str, int]()
    for number, (owner, tokens) in enumerate(runs):
        run = LineRun(f"{owner}{number}", owner, number, most_tokens=tokens)
        totals[run.id] = tokens
        order.wait(run, 0.0)
    order.grant(slots, 0.0)
    expected = places(order, slots, 0.0, _Exact(totals))
    truth = played(order, totals, slots)
    return sorted(((place, truth[run]) for run, place in expected.items()), key=lambda each: each[1])


@settings(max_examples=40)
@given(RUNS, st.integers(1, 3))
def test_expected_waits_are_the_true_ones_where_lengths_are_as_expected(runs: list[tuple[str, int]], slots: int):
    for number, (place, truth) in enumerate(expected_and_true(runs, slots, turn_seconds=0.0)):
        assert abs(place.seconds - truth) <= 1.0 + 0.05 * truth
        assert abs(place.before - number) <= slots


@settings(max_examples=40)
@given(RUNS, st.integers(1, 3))
def test_expected_waits_are_within_a_factor_of_two_where_runs_give_way(runs: list[tuple[str, int]], slots: int):
    """Whether a run ends just before or just after it is asked back decides who is next: a few turns' difference."""
    turns_seconds = 4 * 3.0
    for place, truth in expected_and_true(runs, slots, turn_seconds=3.0):
        assert place.seconds <= 2 * truth + turns_seconds and truth <= 2 * place.seconds + turns_seconds


class _Exact(RunLengths):
    """Knows how long each run is."""

    def __init__(self, totals: dict[str, int]) -> None:
        super().__init__()
        self.totals = totals

    @property
    def tokens_per_second(self) -> float:
        return 10.0

    def seconds_left(self, run: LineRun) -> float | None:
        return (self.totals[run.id] - run.tokens) / 10.0
