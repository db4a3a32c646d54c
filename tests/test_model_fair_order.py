import itertools
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from model.fair_order import MOST_PASSED, FairOrder, LineRun

OWNERS = "abcd"
# What may happen next: a run of somebody comes, a run that holds a slot ends or is served, those asked give way, time
# passes.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.sampled_from(OWNERS)),
        st.tuples(st.just("end"), st.integers(0, 7)),
        st.tuples(st.just("serve"), st.integers(0, 3000)),
        st.tuples(st.just("give way"), st.integers(0, 7)),
        st.tuples(st.just("give up"), st.integers(0, 7)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=80,
)


def run(owner: str, number: int, *, is_patient: bool = False) -> LineRun:
    return LineRun(f"{owner}{number}", owner, number, is_patient=is_patient)


def in_line(order: FairOrder, owners: str, now: float = 0.0) -> list[LineRun]:
    runs = [run(owner, number) for number, owner in enumerate(owners)]
    for each in runs:
        order.wait(each, now)
    return runs


def ids(runs: list[LineRun]) -> list[str]:
    return [each.id for each in runs]


@given(STEPS, st.integers(0, 4))
def test_never_more_runs_than_slots_and_none_is_lost(steps: list[tuple[str, object]], slots: int):
    order, now, numbers, live = FairOrder(), 0.0, itertools.count(), dict[str, LineRun]()
    for what, value in steps:
        seated = list(order.seated.values())
        if what == "come":
            new = run(str(value), next(numbers))
            live[new.id] = new
            order.wait(new, now)
        elif what == "wait":
            now += int(str(value))
        elif what == "give up" and order.waiting:
            gone = list(order.waiting.values())[int(str(value)) % len(order.waiting)]
            order.leave(live.pop(gone.id), now)
        elif seated:
            chosen = seated[int(str(value)) % len(seated)]
            if what == "end":
                order.leave(live.pop(chosen.id), now)
            elif what == "serve":
                order.serve(chosen, int(str(value)), now)
            elif what == "give way" and chosen.is_asked_back:
                order.leave(chosen, now)
                order.wait(chosen, now)
        order.grant(slots, now)
        order.ask_back(slots, now)
        assert len(order.seated) == min(slots, len(live))
        assert order.seated.keys() | order.waiting.keys() == live.keys()
        assert not order.seated.keys() & order.waiting.keys()
        asked = [each for each in order.seated.values() if each.is_asked_back]
        assert len(asked) <= len(order.waiting), "a slot is asked back for nobody"


@given(st.lists(st.tuples(st.sampled_from(OWNERS + "efgh"), st.integers(0, 5000)), min_size=60, max_size=120))
def test_nobody_is_passed_over_more_often_than_the_bound(others: list[tuple[str, int]]):
    """One slot, others without end, some of them new each time, and a user who was served far more than all of them."""
    order = FairOrder()
    greedy = run("greedy", 0)
    order.serve(greedy, 100_000, 0.0)
    order.wait(greedy, 0.0)
    n_let_in = 0
    for number, (owner, tokens) in enumerate(others, 1):
        order.wait(run(f"{owner}{number % 11}", number), 0.0)
        order.wait(run(f"new{number}", 1000 + number), 0.0)
        for let_in in order.grant(1, 0.0):
            if let_in is greedy:
                assert n_let_in <= MOST_PASSED
                return
            n_let_in += 1
            order.serve(let_in, tokens, 0.0)
            order.leave(let_in, 0.0)
    raise AssertionError(f"{n_let_in} others were let in and the one that came first was not")


def test_users_take_turns_and_each_ones_runs_go_in_their_order():
    order = FairOrder()
    in_line(order, "aaaabbc")
    let_in = []
    while order.waiting:
        (one,) = order.grant(1, 0.0)
        order.serve(one, 100, 0.0)
        order.leave(one, 0.0)
        let_in.append(one.id)
    assert let_in == ["a0", "b4", "c6", "a1", "b5", "a2", "a3"]


def test_user_with_fewer_slots_goes_first_whatever_both_were_served():
    order = FairOrder()
    order.serve(run("b", 99), 50_000, 0.0)
    in_line(order, "aab")
    assert ids(order.grant(2, 0.0)) == ["a0", "b2"]


def test_long_run_gives_its_slot_back_to_another_user_after_a_turn_but_not_to_its_own():
    order = FairOrder(turn_seconds=10.0)
    (long, *_) = in_line(order, "aa")
    order.grant(1, 0.0)
    assert order.ask_back(1, 60.0) == []
    order.wait(run("b", 5), 60.0)
    assert order.ask_back(1, 69.0) == []
    assert order.ask_back(1, 70.0) == [long] and order.ask_back(1, 75.0) == []
    order.leave(long, 71.0)
    order.wait(long, 71.0)
    assert ids(order.grant(1, 71.0)) == ["b5"]


def test_slot_that_comes_back_is_asked_for_once():
    order = FairOrder(turn_seconds=10.0)
    in_line(order, "aaa")
    order.grant(3, 0.0)
    for number, owner in enumerate("bc", 10):
        order.wait(run(owner, number), 0.0)
    assert len(order.ask_back(3, 20.0)) == 2
    assert order.ask_back(3, 21.0) == []


def test_run_that_came_back_waits_longer_for_its_next_turn_than_a_new_one():
    order = FairOrder(turn_seconds=10.0)
    old = run("a", 0)
    old.turns = 3
    order.wait(old, 0.0)
    new = run("b", 1)
    order.wait(new, 0.0)
    assert (order.due_at(old, Counter()), order.due_at(new, Counter())) == (40.0, 10.0)


def test_turn_lasts_longer_where_it_takes_long_to_get_back():
    order = FairOrder(turn_seconds=10.0)
    (slow,) = in_line(order, "a")
    slow.return_seconds = 20.0
    order.grant(1, 0.0)
    order.wait(run("b", 1), 0.0)
    assert order.ask_back(1, 79.0) == [] and order.ask_back(1, 80.0) == [slow]


def test_run_that_nobody_waits_for_gives_way_at_once():
    order = FairOrder(turn_seconds=10.0)
    benchmark = [run("benchmark", number, is_patient=True) for number in range(3)]
    for each in benchmark:
        order.wait(each, 0.0)
    order.grant(2, 0.0)
    order.wait(run("a", 9), 1.0)
    assert order.ask_back(2, 1.2) == [] and len(order.ask_back(2, 1.6)) == 1


def test_without_turns_nothing_is_asked_back():
    order = FairOrder(turn_seconds=0.0)
    in_line(order, "ab")
    order.grant(1, 0.0)
    assert order.ask_back(1, 1e6) == []


def test_what_a_user_was_served_counts_half_after_five_minutes():
    order = FairOrder()
    order.serve(run("a", 0), 1000, 0.0)
    assert round(order.served("a", 300.0)) == 500 and order.served("b", 0.0) == 0


def test_slot_that_was_given_back_for_another_user_is_not_taken_by_the_next_run_of_the_same():
    order = FairOrder(turn_seconds=5.0)
    (first, *_) = in_line(order, "aaaa")
    order.grant(1, 0.0)
    order.wait(run("b", 9), 5.0)
    assert order.ask_back(1, 10.0) == [first]
    order.leave(first, 10.1)
    order.wait(first, 10.1)
    assert ids(order.grant(1, 10.1)) == ["b9"]


def test_user_who_holds_one_of_many_slots_comes_to_half_of_them():
    order, now = FairOrder(turn_seconds=5.0), 0.0
    in_line(order, "aaaaaaaa")
    order.grant(8, 0.0)
    for number in range(8):
        order.wait(run("b", 20 + number), 1.0)
    for _ in range(200):
        now += 1.0
        for asked in order.ask_back(8, now):
            order.leave(asked, now)
            order.wait(asked, now)
        order.grant(8, now)
    assert order.seats() == {"a": 4, "b": 4}
