"""Rows of small facts: the results worked out once more from what is asked, and no held-out problem among them."""

import re

from tests.written_steps import gold_of, question_of, traces_of
from train.traces import is_held_out


def listed(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def test_gold_is_what_the_key_gives_by_itself() -> None:
    for trace in traces_of("table"):
        kind, numbers = re.fullmatch(r"table:(\w+),([\d:,]+)", trace.key).groups()  # type: ignore[union-attr]
        number, others = int(numbers.partition(":")[0]), listed(numbers.partition(":")[2])
        wanted = {
            "multiples": [number * at for at in range(1, others[0] + 1)],
            "quotients": [other // number for other in others],
            "remainders": [other % number for other in others],
        }[kind]
        assert listed(gold_of(trace)) == wanted, trace


def test_question_has_every_number_of_the_key() -> None:
    for trace in traces_of("table"):
        asked = sorted(map(int, re.findall(r"\d+", question_of(trace))))
        assert asked == sorted(map(int, re.findall(r"\d+", trace.key))), trace


def test_no_single_division_in_it_is_a_held_out_problem() -> None:
    for trace in traces_of("table"):
        kind, number, others = re.fullmatch(r"table:(\w+)s,(\d+):([\d,]+)", trace.key).groups()  # type: ignore[union-attr]
        if kind != "multiple":
            assert not any(is_held_out(f"{kind}:{other},{number}") for other in listed(others)), trace


def test_all_three_kinds_come_up() -> None:
    assert {trace.key.partition(":")[2].partition(",")[0] for trace in traces_of("table")} == {
        "multiples",
        "quotients",
        "remainders",
    }
