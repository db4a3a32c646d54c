"""Whole numbers and decimals: golds worked out once more from the keys, and questions that ask for just that."""

import re
from collections.abc import Callable
from fractions import Fraction
from math import isqrt

import pytest

from tests.written_steps import gold_of, plain, question_of, traces_of, value_of
from train.judging import boxed
from train.tasks.arithmetic import TASKS, decimal_text, pair_key
from train.traces import Trace

by_task = pytest.mark.parametrize("task", TASKS)

GOLDS: dict[str, Callable[[str], Fraction | int]] = {
    "sum": lambda asked: sum(map(int, asked.split(","))),
    "difference": lambda asked: value_of(asked.replace(",", "-")),
    "product": lambda asked: value_of(asked.replace(",", "*")),
    "quotient": lambda asked: value_of(asked.replace(",", "/")),
    "remainder": lambda asked: int(asked.split(",")[0]) % int(asked.split(",")[1]),
    "long_sum": value_of,
    "signed": value_of,
    "expression": value_of,
    "power": value_of,
    "root": int,
    "decimal": value_of,
}

# Wordings that name the second number first.
_TURNED = re.compile(r"subtract|take|go into|to \d+\??$", re.IGNORECASE)


def numbers_of_key(trace: Trace) -> list[str]:
    kind, _, asked = trace.key.partition(":")
    numbers = re.findall(r"\d+(?:\.\d+)?", asked)
    return [str(int(numbers[0]) ** 2)] if kind == "root" else numbers


@by_task
def test_gold_is_what_the_key_gives_by_itself(task: str) -> None:
    for trace in traces_of(task):
        kind, _, asked = trace.key.partition(":")
        assert Fraction(gold_of(trace)) == GOLDS[kind](asked), trace


@by_task
def test_question_has_the_numbers_of_the_key(task: str) -> None:
    for trace in traces_of(task):
        asked = re.findall(r"\d+(?:\.\d+)?", question_of(trace))
        wanted = numbers_of_key(trace)
        if re.search(r"squared|cubed|square of|cube of", question_of(trace), re.IGNORECASE):
            wanted = wanted[:1]
        assert sorted(asked) == sorted(wanted), trace


@pytest.mark.parametrize("task", ["difference", "quotient", "remainder", "long_sum", "signed", "expression", "decimal"])
def test_question_has_the_numbers_in_the_order_of_the_key(task: str) -> None:
    for trace in traces_of(task):
        asked = re.findall(r"\d+(?:\.\d+)?", question_of(trace))
        wanted = numbers_of_key(trace)
        assert asked == (wanted[::-1] if _TURNED.search(question_of(trace)) else wanted), trace


@by_task
def test_answer_that_is_an_equation_holds(task: str) -> None:
    written = 0
    for trace in traces_of(task):
        left, equals, _ = trace.answer.strip("$").partition(" = \\boxed")
        if task == "remainder":
            left, equals, _ = trace.answer.partition(", so")
            dividend, _, sides = left.partition(" = ")
            assert value_of(sides) == int(dividend)
        elif equals and not left.startswith("\\sqrt"):
            assert value_of(plain(left)) == Fraction(gold_of(trace)), trace.answer
        written += bool(equals)
    assert written > 100


def test_quotients_come_out_whole_and_roots_are_roots() -> None:
    for trace in traces_of("quotient"):
        assert gold_of(trace).isdigit()
    for trace in traces_of("power"):
        if trace.key.startswith("root:"):
            (square,) = re.findall(r"\d+", question_of(trace))
            assert isqrt(int(square)) ** 2 == int(square) == int(gold_of(trace)) ** 2


def test_decimals_are_boxed_as_the_shortest_decimal() -> None:
    for trace in traces_of("decimal"):
        shown = boxed(trace.answer)
        assert shown is not None and re.fullmatch(r"-?\d+(\.\d*[1-9])?", shown), trace.answer


def test_numbers_below_zero_are_asked_and_come_out() -> None:
    for task in ("difference", "long_sum", "signed"):
        assert sum(gold_of(trace).startswith("-") for trace in traces_of(task)) >= 10, task


def test_wordings_and_signs_are_many() -> None:
    for task in TASKS:
        assert len({re.sub(r"\d", "", question_of(trace)) for trace in traces_of(task)}) > (10, 60)[task != "remainder"]


def test_decimal_text_ends_with_no_zero() -> None:
    assert [decimal_text(Fraction(number, 100)) for number in (5, 50, 500, -125)] == ["0.05", "0.5", "5", "-1.25"]


def test_pair_key_is_the_same_with_its_numbers_exchanged() -> None:
    assert pair_key("sum", 9, 10) == pair_key("sum", 10, 9) == "sum:9,10"
