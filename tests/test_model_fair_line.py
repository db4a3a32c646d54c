import threading
import time
from collections.abc import Callable

from model.events import ThinkingDelta
from model.fair_line import FairLine, Seat
from model.waiting_line import Place


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def line_of(slots: int, turn_seconds: float = 10.0) -> tuple[FairLine, Clock]:
    clock = Clock()
    return FairLine(lambda: slots, turn_seconds, clock), clock


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.005)


def test_run_has_a_seat_at_once_while_there_are_slots():
    line, _ = line_of(2)
    seats = [line.enter(name, "a") for name in ("one", "two", "three")]
    assert [seat.is_held for seat in seats] == [True, True, False]
    assert line.counts() == (2, 1) and line.is_waiting("three") and not line.is_waiting("one")
    seats[0].close()
    assert seats[2].wait(0.0) and line.place("three") is None


def test_without_a_model_all_wait_and_nobody_has_a_place():
    slots = [0]
    line = FairLine(lambda: slots[0], 10.0, Clock())
    first, second = line.enter("one", "a"), line.enter("two", "b")
    assert not first.is_held and line.place("one") is None and not line.is_waiting("one")
    slots[0] = 1
    assert not second.wait(0.0) and first.wait(0.0), "the model serves whoever came first, whoever looks first"


def test_paused_run_holds_no_seat_and_keeps_its_place_among_its_users_runs():
    line, _ = line_of(1)
    paused, other, last = (line.enter(name, "a") for name in ("paused", "other", "last"))
    paused.leave()
    assert other.wait(0.0) and line.counts() == (1, 1)
    assert not paused.wait(0.0)
    other.close()
    assert paused.wait(0.0) and not last.is_held


def test_run_is_told_to_give_way_and_comes_back_after_the_other():
    line, clock = line_of(1, turn_seconds=10.0)
    long, short = line.enter("long", "a"), line.enter("short", "b")
    assert long.wait(0.0)
    states = [(long.must_wait, long.must_give_way)]
    clock.now = 10.0
    line.settle()
    states.append((long.must_wait, long.must_give_way))
    long.leave()
    assert short.wait(0.0) and not long.wait(0.0)
    states.append((long.must_wait, long.must_give_way))
    short.close()
    assert long.wait(0.0)
    states.append((long.must_wait, long.must_give_way))
    assert states == [(False, False), (True, True), (True, False), (False, False)]


def test_wait_is_told_after_a_moment_and_its_end_with_the_seconds():
    line, clock = line_of(1)
    told: list[Place | float] = []
    holder = line.enter("holder", "a")
    seat = line.enter("waits", "b", on_wait=told.append, on_turn=told.append)
    assert not seat.wait(0.0) and told == []
    clock.now = 2.0
    assert not seat.wait(0.0) and not seat.wait(0.0)
    clock.now = 5.0
    holder.close()
    assert seat.wait(0.0) and told == [Place(0, 0.0), 5.0]


def test_run_that_need_not_wait_is_told_nothing():
    line, clock = line_of(1)
    told: list[Place | float] = []
    seat = line.enter("one", "a", on_wait=told.append, on_turn=told.append)
    clock.now = 50.0
    assert seat.wait(0.0) and told == []


def test_same_run_taken_further_before_it_has_left_gets_a_seat_of_its_own():
    line, _ = line_of(1)
    first = line.enter("run", "a")
    again = line.enter("run", "a")
    assert (first.is_held, again.is_held, line.place("run")) == (True, False, Place(0, 0.0))
    first.close()
    assert (first.is_held, again.is_held, line.place("run")) == (False, True, None)
    again.close()
    assert line.counts() == (0, 0)


def test_many_threads_share_few_seats_and_all_come_to_an_end():
    line = FairLine(lambda: 3, turn_seconds=0.05)
    inside, most, done = [0], [0], list[str]()
    lock = threading.Lock()

    def work(seat: Seat, name: str) -> None:
        for _ in range(5):
            while not seat.wait(0.05):
                pass
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            for _ in range(10):
                if seat.must_give_way:
                    break
                seat.served(ThinkingDelta("x", 1))
                time.sleep(0.002)
            with lock:
                inside[0] -= 1
            seat.leave()
        seat.close()
        with lock:
            done.append(name)

    names = [f"{owner}{number}" for owner in "abcd" for number in range(4)]
    threads = [threading.Thread(target=work, args=(line.enter(name, name[0]), name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(done) == sorted(names) and most[0] == 3 and line.counts() == (0, 0)
