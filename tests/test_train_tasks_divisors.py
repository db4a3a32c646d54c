"""Divisors and primes: golds worked out once more from the keys, and trial divisions that leave nothing out."""

import re
from collections.abc import Callable
from math import gcd, lcm, prod

import pytest

from tests.written_steps import gold_of, question_of, traces_of
from train.judging import boxed
from train.tasks.divisors import TASKS, smallest_factor

by_task = pytest.mark.parametrize("task", TASKS)


def is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, number))


def neighbour(number: int, step: int) -> int:
    number += step
    while not is_prime(number):
        number += step
    return number


def factorisation(number: int) -> str:
    powers = {prime: 0 for prime in range(2, number + 1) if number % prime == 0 and is_prime(prime)}
    for prime in powers:
        while number % prime ** (powers[prime] + 1) == 0:
            powers[prime] += 1
    return " * ".join(f"{prime}^{count}" if count > 1 else str(prime) for prime, count in powers.items())


GOLDS: dict[str, Callable[..., object]] = {
    "gcd": gcd,
    "lcm": lcm,
    "prime": lambda number: "yes" if is_prime(number) else "no",
    "factors": factorisation,
    "neighbour_prime": neighbour,
    "divides": lambda number, divisor: "no" if number % divisor else "yes",
}


def key_numbers(key: str) -> list[int]:
    return [int(number) for number in key.partition(":")[2].split(",")]


@by_task
def test_gold_is_what_the_key_gives_by_itself(task: str) -> None:
    for trace in traces_of(task):
        assert gold_of(trace) == str(GOLDS[task](*key_numbers(trace.key))), trace


@by_task
def test_question_has_the_numbers_of_the_key(task: str) -> None:
    for trace in traces_of(task):
        asked = sorted(map(int, re.findall(r"\d+", str(trace.messages[-1]["content"]))))
        wanted = key_numbers(trace.key)
        assert asked == sorted(wanted[:1] if task == "neighbour_prime" else wanted), trace


def test_question_says_whether_the_next_or_the_last_prime_is_asked() -> None:
    for trace in traces_of("neighbour_prime"):
        is_below = bool(re.search(r"below|less|smaller than", question_of(trace), re.IGNORECASE))
        assert trace.key.endswith(",-1") == is_below, trace


def test_question_asks_whether_the_second_number_divides_the_first() -> None:
    for trace in traces_of("divides"):
        number, divisor = key_numbers(trace.key)
        is_turned = bool(re.search(r"does \d+ divide|is \d+ a factor", question_of(trace), re.IGNORECASE))
        asked = [int(found) for found in re.findall(r"\d+", question_of(trace))]
        assert asked == ([divisor, number] if is_turned else [number, divisor])


@pytest.mark.parametrize("task", ["prime", "divides"])
def test_yes_and_no_come_out_about_equally_often(task: str) -> None:
    yes = sum(gold_of(trace) == "yes" for trace in traces_of(task))
    assert 0.4 < yes / len(traces_of(task)) < 0.7


def refused_primes(text: str) -> list[int]:
    """The primes that a trial division says do not divide: by the last digit, by the digits' sum, by a remainder."""
    by_rule = [int(found) for found in re.findall(r"not (\d+)(?=[,.])", text)]
    by_remainder = [int(found) for found in re.findall(r"\d+/(\d+):[^/]*? remainder \d+", text)]
    return sorted({*by_rule, *by_remainder})


def test_trial_division_refuses_no_divisor_and_for_a_prime_every_prime_up_to_the_root() -> None:
    for task in ("prime", "neighbour_prime"):
        for trace in traces_of(task):
            number = key_numbers(trace.key)[0] if task == "prime" else int(gold_of(trace))
            refused = refused_primes(trace.thinking_text)
            assert [prime for prime in refused if number % prime == 0] == [], trace.thinking_text
            wanted = {prime for prime in range(2, number) if is_prime(prime) and prime * prime <= number}
            assert not is_prime(number) or wanted <= set(refused), trace.thinking_text


def test_composite_number_is_at_last_divided_by_one_of_its_divisors() -> None:
    composites = [trace for trace in traces_of("prime") if gold_of(trace) == "no" and key_numbers(trace.key)[0] > 1]
    for trace in composites:
        (number,) = key_numbers(trace.key)
        divisors = [int(found) for found in re.findall(rf"{number}/(\d+)", trace.thinking_text)]
        assert divisors and number % divisors[-1] == 0, trace.thinking_text


def test_numbers_between_are_shown_not_to_be_prime() -> None:
    for trace in traces_of("neighbour_prime"):
        number, step = key_numbers(trace.key)
        refused = [int(found) for found in re.findall(r"(\d+)=\d+\*\d+, no\.", trace.thinking_text)]
        assert refused == list(range(number + step, int(gold_of(trace)), step))


def test_factors_in_the_thinking_and_in_the_box_multiply_to_the_number() -> None:
    for trace in traces_of("factors"):
        (number,) = key_numbers(trace.key)
        listed = [int(factor) for factor in re.findall(r"\d+", trace.thinking_text.rpartition("So ")[2])]
        assert prod(listed) == number and all(map(is_prime, listed))
        powers = [part.split("^") for part in (boxed(trace.answer) or "").split(" \\cdot ")]
        assert prod(int(power[0]) ** int((*power, "1")[1]) for power in powers) == number, trace.answer


def test_answer_to_yes_or_no_gives_its_reason() -> None:
    for trace in (*traces_of("prime"), *traces_of("divides")):
        for number, a, b in re.findall(r"(\d+) = (\d+) \* (\d+)", trace.answer):
            assert int(number) == int(a) * int(b)
        for rest in re.findall(r"remainder is (\d+)", trace.answer):
            number, divisor = key_numbers(trace.key)
            assert int(rest) == int(number) % divisor > 0


@pytest.mark.parametrize(("number", "factor"), [(2, 2), (9, 3), (91, 7), (97, 97), (361, 19)])
def test_smallest_factor_is_the_number_itself_when_it_is_prime(number: int, factor: int) -> None:
    assert smallest_factor(number) == factor
