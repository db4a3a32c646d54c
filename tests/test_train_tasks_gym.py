"""Problems of reasoning-gym: their own answers are our golds, and their keys are those of our own tasks."""

import random
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

import pytest

from tests.written_steps import completion_of, false_equations, gold_of, question_of, slips_of, traces_of
from train.judging import is_right, normalised
from train.tasks.gym import SETTINGS, write_gym
from train.traces import Trace, is_held_out, traces, writers
from verify.gym_tasks import gym_task

COUNT = 150
# Which of our own tasks asks the same kind of problem.
OWN = {
    "chain_sum": ("sum", "difference", "long_sum"),
    "products": ("product",),
    "gcd": ("gcd",),
    "lcm": ("lcm",),
    "fraction_simplification": ("simplify",),
    "simple_equations": ("one_step", "two_step"),
    "prime_factorization": ("factors",),
}


@pytest.fixture(scope="module")
def asked() -> list[tuple[str, Mapping[str, Any], Trace]]:
    """Traces with the name of their data set and reasoning-gym's own item."""
    made = []

    def recording(name: str, **settings: Any) -> Any:
        made.append((name, gym_task(name, **settings)[0]))
        return [made[-1][1]]

    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.tasks.gym.gym_task", recording)
        for seed in range(COUNT):
            trace = write_gym(random.Random(seed))
            found.append((*made[-1], trace))
    return found


def shape(key: str) -> str:
    """A key with its numbers and its unknown taken out."""
    kind, _, problem = key.partition(":")
    return f"{kind}:" + re.sub(r"(?<![a-z])[a-z](?![a-z])", "x", re.sub(r"\d+", "9", problem))


def test_gold_is_their_own_answer(asked) -> None:
    for name, item, trace in asked:
        theirs = str(item["answer"])
        assert normalised(theirs) == normalised(gold_of(trace)), (name, trace)


def test_question_is_theirs_and_every_data_set_is_asked(asked) -> None:
    assert all(question_of(trace) == item["question"] for _, item, trace in asked)
    assert {name for name, *_ in asked} == set(SETTINGS) == set(OWN)


def test_key_is_formed_as_in_our_own_task_for_the_same_problem(asked) -> None:
    own = {name: {shape(trace.key) for task in tasks for trace in traces_of(task)} for name, tasks in OWN.items()}
    for name, _, trace in asked:
        assert shape(trace.key) in own[name], trace


@pytest.mark.parametrize(
    ("task", "pattern", "form"),
    [
        ("sum", r"problem: (\d+) \+ (\d+) =$", "sum:{low},{high}"),
        ("difference", r"problem: (\d+) - (\d+) =$", "difference:{a},{b}"),
        ("product", r"multiplication: (\d+) \* (\d+)\.", "product:{low},{high}"),
        ("gcd", r"GCD\) of these numbers: (\d+), (\d+)\.", "gcd:{low},{high}"),
        ("lcm", r"LCM\) of these numbers: (\d+), (\d+)", "lcm:{low},{high}"),
        ("simplify", r"fraction \D*(\d+)\D+(\d+)", "simplify:{a}/{b}"),
    ],
)
def test_key_has_the_numbers_that_are_asked(asked, task: str, pattern: str, form: str) -> None:
    found = 0
    for _, _, trace in asked:
        if numbers := re.search(pattern, question_of(trace)):
            a, b = int(numbers[1]), int(numbers[2])
            assert trace.key == form.format(a=a, b=b, low=min(a, b), high=max(a, b))
            found += 1
    assert found, task


def test_equations_key_is_the_equation_that_is_asked(asked) -> None:
    for name, item, trace in asked:
        if name == "simple_equations":
            assert trace.key.partition(":")[2] == item["metadata"]["equation"].replace("*", "")


def test_small_problems_have_the_very_keys_of_our_own_tasks(asked) -> None:
    write, choose = writers()["product"], random.Random(1)
    ours = {write(choose).key for _ in range(6000)}
    theirs = {trace.key for name, _, trace in asked if name == "products" and re.search(r":[2-9],[2-9]$", trace.key)}
    assert theirs and theirs <= ours


def test_completion_is_judged_right_and_its_equations_hold(asked) -> None:
    for name, _, trace in asked:
        assert is_right(trace.gold, completion_of(trace), None), trace
        assert name == "simple_equations" or false_equations(trace) == []
        assert trace.thinking_text == trace.thinking_text.strip() != ""
        assert len(question_of(trace)) + len(completion_of(trace)) < 1200


def test_equations_hold_with_the_solution_put_in(asked) -> None:
    checked = [trace for name, _, trace in asked if name == "simple_equations"]
    assert checked and [complaint for trace in checked for complaint in false_equations(trace)] == []


def test_slips_are_few() -> None:
    assert 0.02 < sum(bool(slips_of(trace)) for trace in traces_of("gym")) / len(traces_of("gym")) < 0.13


def test_splits_share_no_key_and_the_same_seed_gives_the_same_traces() -> None:
    trained, held_out = ([*islice(traces("gym", split, 1), 20)] for split in ("train", "held_out"))
    assert {is_held_out(trace.key) for trace in trained} == {False}
    assert {is_held_out(trace.key) for trace in held_out} == {True}
    assert trained == [*islice(traces("gym", "train", 1), 20)]
