"""Fractions and percentages: golds worked out once more from the keys, boxes in lowest terms."""

import re
from collections.abc import Callable
from fractions import Fraction
from math import gcd

import pytest

from tests.written_steps import gold_of, plain, question_of, traces_of, value_of
from train.judging import boxed, normalised
from train.tasks.fractions_and_percent import TASKS, latex
from train.traces import Trace

by_task = pytest.mark.parametrize("task", TASKS)


def pair(asked: str) -> tuple[Fraction, Fraction]:
    first, second = asked.split(",")
    return Fraction(first), Fraction(second)


GOLDS: dict[str, Callable[[str], Fraction]] = {
    "fraction_sum": value_of,
    "fraction_product": lambda asked: value_of("/".join(f"({part})" for part in asked.split(":"))),
    "simplify": value_of,
    "fraction_of": lambda asked: pair(asked)[0] * pair(asked)[1],
    "percent_of": lambda asked: pair(asked)[0] / 100 * pair(asked)[1],
    "percent_change": lambda asked: pair(asked)[1] + pair(asked)[0] / 100 * pair(asked)[1],
    "percent_share": lambda asked: 100 * pair(asked)[0] / pair(asked)[1],
    "percent_whole": lambda asked: pair(asked)[1] / (pair(asked)[0] / 100),
    "to_percent": lambda asked: 100 * Fraction(asked),
    "to_decimal": Fraction,
    "compare": lambda asked: max(pair(asked)),
}

WORDS = {"half": "1/2", "a third": "1/3", "a quarter": "1/4", "three quarters": "3/4", "two thirds": "2/3"}
WORDS["a fifth"] = "1/5"


def numbers_asked(trace: Trace) -> list[str]:
    text = question_of(trace).lower()
    for word in sorted(WORDS, key=len, reverse=True):
        text = text.replace(word, WORDS[word])
    return re.findall(r"\d+", text)


@by_task
def test_gold_is_what_the_key_gives_by_itself(task: str) -> None:
    for trace in traces_of(task):
        kind, _, asked = trace.key.partition(":")
        assert Fraction(gold_of(trace)) == GOLDS[kind](asked), trace


@by_task
def test_question_has_the_numbers_of_the_key(task: str) -> None:
    for trace in traces_of(task):
        wanted = re.findall(r"\d+", trace.key.partition(":")[2])
        assert sorted(numbers_asked(trace)) == sorted(wanted), trace


@pytest.mark.parametrize("task", ["fraction_sum", "fraction_product", "simplify", "fraction_of", "percent_of"])
def test_question_has_the_numbers_in_the_order_of_the_key(task: str) -> None:
    for trace in traces_of(task):
        assert numbers_asked(trace) == re.findall(r"\d+", trace.key.partition(":")[2]), trace


def test_question_says_whether_it_goes_up_or_down() -> None:
    for trace in traces_of("percent_change"):
        is_down = bool(re.search(r"decrease|minus|falls|off", question_of(trace), re.IGNORECASE))
        assert trace.key.startswith("percent_change:-") == is_down, trace


@by_task
def test_answer_that_is_an_equation_holds(task: str) -> None:
    for trace in traces_of(task):
        left, equals, _ = trace.answer.strip("$").partition(" = \\boxed")
        if equals:
            sides = [f"({side})" for side in plain(left).split(" / ")]
            assert value_of("/".join(sides)) == Fraction(gold_of(trace)), trace.answer


@pytest.mark.parametrize("task", ["fraction_sum", "fraction_product", "simplify"])
def test_box_holds_a_fraction_in_lowest_terms(task: str) -> None:
    for trace in traces_of(task):
        shown = boxed(trace.answer)
        found = re.fullmatch(r"-?\\frac\{(\d+)\}\{(\d+)\}", shown or "")
        if found is None:
            assert re.fullmatch(r"-?\d+", shown or ""), trace.answer
        else:
            assert gcd(int(found[1]), int(found[2])) == 1 < int(found[2]), trace.answer


def test_larger_fraction_is_boxed_as_it_was_asked() -> None:
    for trace in traces_of("compare"):
        shown = re.sub(r"\\frac\{(\d+)\}\{(\d+)\}", r"\1/\2", boxed(trace.answer) or "")
        assert shown in trace.key.partition(":")[2].split(",")


def test_percentages_are_boxed_with_their_sign() -> None:
    kinds = {trace.key.partition(":")[0] for trace in (*traces_of("percent_share"), *traces_of("fraction_form"))}
    assert kinds == {"percent_share", "percent_whole", "to_percent", "to_decimal"}
    for trace in (*traces_of("percent_share"), *traces_of("fraction_form")):
        has_sign = (boxed(trace.answer) or "").endswith("\\%")
        assert has_sign == trace.key.startswith(("percent_share", "to_percent")), trace


def test_thinking_says_truly_on_which_side_of_a_half_a_fraction_is() -> None:
    for trace in traces_of("fraction_of"):
        found = re.search(r"Check: (\d+/\d+) is (less than half|half|more than half) of", trace.thinking_text)
        assert found
        part = Fraction(found[1])
        side = "half" if 2 * part == 1 else "less than half" if 2 * part < 1 else "more than half"
        assert found[2] == side


@pytest.mark.parametrize("value", [Fraction(-3, 4), Fraction(6, 3), Fraction(0), Fraction(-2), Fraction(11, 12)])
def test_latex_of_a_fraction_is_read_back_as_the_same(value: Fraction) -> None:
    assert normalised(latex(value)) == value
