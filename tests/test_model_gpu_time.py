"""Plans of calls: as long as what is asked for needs, never longer than the host or the visitor's quota allows."""

import pickle

import pytest

from model.errors import OutOfGpuTime
from model.gpu_time import LEAST_CALL_SECONDS, MARGIN_SECONDS, Call, GpuTime, Pace, asked_seconds


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def pace(new_per_second: float = 20.0) -> Pace:
    made = Pace(10**9)
    made.new_per_second, made.read_per_second, made.start_seconds = new_per_second, 1_000.0, 2.0
    return made


def gpu(factor: float = 1.0, cost: float = 1.0, clock: Clock | None = None) -> GpuTime:
    return GpuTime(pace(), 60.0, lambda: (factor, cost), clock or Clock())


def test_call_is_as_long_as_its_tokens_need():
    few, many = gpu().plan("ann", 100, 200), gpu().plan("ann", 100, 600)
    assert 12 <= few.asked_seconds <= 20
    assert 36 <= many.asked_seconds <= 45


def test_call_is_never_longer_than_the_longest():
    assert gpu().plan("ann", 100, 32_768).asked_seconds == 60


def test_long_prompt_takes_time_of_its_own():
    assert gpu().plan("ann", 20_000, 200).asked_seconds > gpu().plan("ann", 100, 200).asked_seconds + 15


def test_what_is_asked_for_stays_below_the_quota_after_the_hosts_factor():
    time = gpu(factor=1.5)
    time.told("ann", 41, "3:12:01")
    call = time.plan("ann", 100, 32_768)
    assert round(call.asked_seconds * 1.5) <= 41
    assert call.work_seconds == call.asked_seconds * 1.5 - MARGIN_SECONDS


def test_whole_card_takes_twice_the_quota():
    time = gpu(cost=2.0)
    time.told("ann", 40, "")
    assert time.plan("ann", 100, 32_768).asked_seconds == 20
    time.used("ann", 5)
    assert time.left_seconds("ann") == 15


def test_quota_of_one_visitor_is_not_that_of_another():
    time = gpu()
    time.told("ann", 20, "")
    assert time.plan("ann", 100, 32_768).asked_seconds == 20
    assert time.plan("bob", 100, 32_768).asked_seconds == 60


def test_visitor_without_enough_left_is_told_what_is_left_when_more_comes_and_how():
    time = gpu()
    time.told("ann", LEAST_CALL_SECONDS - 1, "3:12:01")
    with pytest.raises(OutOfGpuTime, match=r"7 s are left.* More comes in 3:12:01.*2 minutes.*5 .*40 .*sign in"):
        time.plan("ann", 100, 200)


def test_what_a_refusal_told_is_forgotten_after_a_while():
    clock = Clock()
    time = gpu(clock=clock)
    time.told("ann", 1, "")
    clock.seconds = 3_600
    assert time.left_seconds("ann") is None
    assert time.plan("ann", 100, 32_768).asked_seconds == 60


def test_seconds_of_a_call_are_taken_off_what_is_left():
    time = gpu()
    time.told("ann", 50, "")
    time.used("ann", 30)
    assert time.left_seconds("ann") == 20


def test_host_with_a_shorter_limit_is_asked_for_half_until_that_is_too_short():
    time = gpu()
    assert time.too_long(60) and time.call_seconds == 30
    assert time.too_long(30) and time.call_seconds == 15
    assert not time.too_long(15)


def test_pace_is_what_the_calls_of_this_model_took():
    measured = Pace(16 * 10**9)
    guess = measured.new_per_second
    measured.wrote(500, 10)
    assert measured.new_per_second == 50 != guess
    measured.wrote(100, 10)
    assert 10 < measured.new_per_second < 50


def test_pace_guesses_less_of_a_larger_model():
    assert Pace(65 * 10**9).new_per_second < Pace(16 * 10**9).new_per_second <= 25


def test_outlook_follows_the_pace_and_what_is_left():
    time = gpu()
    assert time.outlook("ann").startswith("ZeroGPU: about 900 tokens in a call of 60 s.")
    time.pace.wrote(1_000, 10)
    assert time.outlook("ann").startswith("ZeroGPU: about 4,500 tokens in a call of 60 s.")
    time.told("ann", 30, "1:00:00")
    assert time.outlook("ann") == "ZeroGPU: 30 s of your GPU time are left today, about 2,000 tokens."
    time.told("ann", 2, "1:00:00")
    assert time.outlook("ann") == "ZeroGPU: 2 s of your GPU time are left today, less than a call needs."


def test_seconds_that_the_host_is_asked_for_are_those_of_the_call_in_the_arguments():
    call = Call(37, 35.0, b"state")
    assert asked_seconds("key", [1, 2], None, 100, [], None, call) == 37
    assert pickle.loads(pickle.dumps(call)) == call
