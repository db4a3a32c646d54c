"""What holds for every calculation: true steps, repaired slips, clean ends, two splits; and the steps one by one."""

import random
import re
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from tests.written_steps import EACH, chains, completion_of, false_equations, guesses_of, slips_of, traces_of, value_of
from train.judging import is_right
from train.tasks import arithmetic, divisors, equations, fractions_and_percent, tables
from train.tasks.steps import Thinking, add, add_signed, divide, multiply, subtract
from train.traces import Split, Trace, Value, is_held_out, traces

TASKS = [task for module in (arithmetic, fractions_and_percent, equations, divisors, tables) for task in module.TASKS]
# Most of their steps are words, so fewer of their traces have a slip, or none.
OF_FEW_STEPS = {"neighbour_prime", "gcd", "simplify"}
by_task = pytest.mark.parametrize("task", TASKS)

MOST_CHARACTERS = 1200
REPAIR = re.compile(r"\. (?:Wait, that is wrong: |Wait, |No, |Hmm, |Not right: )(?=[-\da-z(])")


def first_traces(task: str, split: Split, count: int, seed: int = 1) -> list[Trace]:
    return list(islice(traces(task, split, seed), count))


@by_task
def test_thinking_claims_only_equations_that_hold_outside_its_slips(task: str) -> None:
    assert [complaint for trace in traces_of(task) for complaint in false_equations(trace)] == []


@by_task
def test_completion_is_judged_right_and_another_gold_wrong(task: str) -> None:
    for trace in traces_of(task):
        assert is_right(trace.gold, completion_of(trace), None), trace
        assert is_right(Value("12345678"), completion_of(trace), None) is False


@by_task
def test_thinking_neither_begins_nor_ends_with_white_space(task: str) -> None:
    for trace in traces_of(task):
        assert trace.thinking_text and trace.thinking_text == trace.thinking_text.strip(), trace
        assert not re.search(r"  |\s[.,:]|\.\.|,,", trace.thinking_text), trace.thinking_text


@by_task
def test_slips_are_a_twelfth_of_the_traces_where_a_step_can_slip(task: str) -> None:
    share = sum(bool(slips_of(trace)) for trace in traces_of(task)) / EACH
    assert (0 if task in OF_FEW_STEPS else 0.04) <= share <= 0.13


@by_task
def test_slip_is_false_and_the_same_step_follows_repaired(task: str) -> None:
    for trace in traces_of(task):
        for slip, repair in slips_of(trace):
            claimed, _, wrong = slip.text.rpartition("=")
            opening = REPAIR.match(repair.text)
            assert opening and repair.is_learned, trace.thinking_text
            repeated, _, right = repair.text[opening.end() :].partition(f"{claimed}=")
            number = re.match(r"\d+", right)
            assert repeated == "" and number and number[0] != wrong, trace.thinking_text


@by_task
def test_trace_has_at_most_one_slip(task: str) -> None:
    assert max(len(slips_of(trace)) for trace in traces_of(task)) <= 1


def test_guessed_digit_of_a_quotient_is_shown_to_be_wrong_and_the_right_one_follows() -> None:
    # Where the right digit slips in turn, the step that follows is the repair, which has its own test.
    found = [found for trace in traces_of("quotient") for found in guesses_of(trace)]
    guesses = [(guess, after) for guess, after in found if not after.text.endswith("So ")]
    assert len(guesses) > EACH / 20
    for guess, after in guesses:
        divisor, digit, product = (int(number) for number in re.findall(r"\d+", guess.text)[:3])
        assert product == divisor * digit
        told = re.match(r", (not less than|more than) (\d+)\. So (\d+)\*(\d+)=", after.text)
        assert told and int(told[3]) == divisor, after.text
        if told[1] == "more than":
            assert product > int(told[2]) and int(told[4]) == digit - 1
        else:
            rest = int(guess.text.rpartition("=")[2])
            assert rest >= divisor == int(told[2]) and int(told[4]) == digit + 1


@by_task
def test_splits_share_no_key(task: str) -> None:
    trained = {trace.key for trace in first_traces(task, "train", 150)}
    held_out = {trace.key for trace in first_traces(task, "held_out", 30)}
    assert trained and held_out and not trained & held_out
    assert {is_held_out(key) for key in trained} == {False} and {is_held_out(key) for key in held_out} == {True}


@by_task
def test_same_seed_gives_the_same_traces_and_another_seed_others(task: str) -> None:
    assert first_traces(task, "train", 20) == first_traces(task, "train", 20)
    assert first_traces(task, "train", 20) != first_traces(task, "train", 20, seed=2)


@by_task
def test_conversation_stays_short(task: str) -> None:
    for trace in traces_of(task):
        question = "".join(str(message["content"]) for message in trace.messages)
        assert len(question) + len(completion_of(trace)) < MOST_CHARACTERS, trace


@by_task
def test_trace_names_its_task_and_one_key_has_one_gold(task: str) -> None:
    golds: dict[str, object] = {}
    for trace in traces_of(task):
        assert trace.task == task
        assert golds.setdefault(trace.key, trace.gold) == trace.gold


def written(operation: Callable[..., Any], *numbers: int) -> tuple[Any, str]:
    """What an operation returns, and its steps without a slip."""
    for seed in range(50):
        thinking = Thinking(random.Random(seed))
        value = operation(thinking, *numbers)
        spans = thinking.spans()
        if len(spans) == 1:
            return value, spans[0].text
    raise AssertionError("50 seeds, and each has a slip")


def pairs(highest: int) -> list[tuple[int, int]]:
    choose = random.Random(highest)
    edges = [0, 1, 9, 10, 11, 99, 100, 101, 110, 909, 999, 1000, 1001, 9999]
    return [(a, b) for a in edges for b in edges] + [
        (choose.randrange(highest), choose.randrange(highest)) for _ in range(400)
    ]


@pytest.mark.parametrize(
    ("operation", "value"),
    [
        (add, lambda a, b: a + b),
        (subtract, lambda a, b: a - b),
        (multiply, lambda a, b: a * b),
        (add_signed, lambda a, b: a + b),
        (lambda thinking, a, b: add_signed(thinking, -a, b), lambda a, b: b - a),
        (lambda thinking, a, b: add_signed(thinking, a, -b), lambda a, b: a - b),
        (lambda thinking, a, b: add_signed(thinking, -a, -b), lambda a, b: -a - b),
    ],
    ids=["add", "subtract", "multiply", "plus plus", "minus plus", "plus minus", "minus minus"],
)
def test_operation_returns_the_value_that_its_last_number_shows(operation, value) -> None:
    for a, b in pairs(3000):
        returned, text = written(operation, a, b)
        assert returned == value(a, b)
        assert int(re.findall(r"(?:(?<=[= ])-)?\d+", text)[-1]) == value(a, b), text
        assert all(len({value_of(side) for side in sides}) == 1 for sides in chains(text, {})), text


def test_divide_returns_and_shows_quotient_and_remainder() -> None:
    for a, b in ((a, b) for a, b in pairs(3000) if a and b):
        returned, text = written(divide, a, b)
        assert returned == divmod(a, b)
        shown = [int(number) for number in re.findall(r"\d+", text.rpartition(", so ")[2].rpartition("=")[2])]
        assert shown == [number for at, number in enumerate(divmod(a, b)) if number or at == 0], text


@pytest.mark.parametrize(
    ("operation", "numbers", "text"),
    [
        pytest.param(add, (8, 7), "8+7=15", id="small sum at once"),
        pytest.param(add, (199, 1), "199+1: 9+1=10, 0. 19+1=20, 200", id="carry over carry"),
        pytest.param(subtract, (100, 55), "100-55: 10-5=5, 5. 9-5=4, 45", id="borrowed from the last hundred"),
        pytest.param(subtract, (3, 8), "3-8 is negative. 8-3=5, with the sign -5", id="below zero"),
        pytest.param(multiply, (305, 4), "305*4: 5*4=20, 0. 30*4+2: 0*4=0, 0+2=2, 20. 3*4=12, 1220", id="zero inside"),
        pytest.param(divide, (3, 8), "3/8: 8 is more than 3, so 0 remainder 3", id="does not go in"),
        pytest.param(
            divide, (824, 8), "824/8: 8*1=8, 8-8=0, 1. 024: 8*0=0, 2-0=2, 10. 24: 8*3=24, 24-24=0, so 103", id="0 in it"
        ),
        pytest.param(
            divide, (1470, 15), "1470/15: 15*9=135, 147-135=12, 9. 120: 15*8=120, 120-120=0, so 98", id="by two"
        ),
        pytest.param(
            divide, (100, 7), "100/7: 7*1=7, 10-7=3, 1. 30: 7*4=28, 30-28=2, so 14 remainder 2", id="remainder"
        ),
    ],
)
def test_operation_is_written_as(operation, numbers: tuple[int, int], text: str) -> None:
    assert written(operation, *numbers)[1] == text


def test_slip_is_a_span_of_its_own_and_never_takes_the_right_number() -> None:
    slipped = 0
    for seed in range(2000):
        thinking = Thinking(random.Random(seed))
        thinking.say(" First.")
        thinking.step("1+0=1")
        thinking.say(". Done.")
        spans = thinking.spans()
        if len(spans) == 1:
            assert spans[0].text == "First. 1+0=1. Done."
            continue
        slipped += 1
        before, slip, repair = spans
        assert (before.text, before.is_learned, slip.is_learned, repair.is_learned) == ("First. ", True, False, True)
        assert re.fullmatch(r"1\+0=(2|11)", slip.text)
        assert repair.text.endswith("1+0=1. Done.")
    assert 0.06 < slipped / 2000 < 0.1
