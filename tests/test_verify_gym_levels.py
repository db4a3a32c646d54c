"""Levels of reasoning-gym's tasks: all can be made and judged, each problem by its number, the same in every process."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from model.errors import BadInput
from verify.gym_levels import gym_levels, gym_problem, judge_gym
from verify.gym_tasks import MODULES, gym_task

LEVELS = [(task, level) for task in MODULES for level in range(len(gym_levels(task)))]
# An index as far away as any run may come.
FAR = 2**33


@pytest.mark.parametrize("task", MODULES)
def test_a_task_has_four_or_five_levels_all_different_that_json_can_hold(task):
    levels = [json.dumps(dict(settings)) for settings in gym_levels(task)]
    assert 4 <= len(levels) <= 5
    assert len(set(levels)) == len(levels)


@pytest.mark.parametrize(("task", "level"), LEVELS)
def test_problems_of_a_level_are_of_a_readable_length_and_judged_right_by_their_own_answers(task, level):
    settings = gym_levels(task)[level]
    for index in (0, 1, 2, 1000, FAR):
        question, answer = gym_problem(task, settings, index)
        assert 0 < len(question) < 4000
        assert judge_gym(task, settings, index, answer).outcome == "correct", answer


@pytest.mark.parametrize("task", MODULES)
def test_a_problem_is_the_one_that_the_package_makes_with_the_index_as_its_seed(task):
    settings = gym_levels(task)[0]
    for index in (3, FAR + 4):
        item = gym_task(task, size=1, seed=index, **settings)[0]
        assert gym_problem(task, settings, index) == (item["question"], item["answer"])


@pytest.mark.parametrize("task", MODULES)
def test_another_index_is_another_problem(task):
    settings = gym_levels(task)[1]
    assert len({gym_problem(task, settings, index)[0] for index in range(12)}) >= 6


@pytest.mark.parametrize("task", ["gcd", "chain_sum", "letter_counting", "prime_factorization", "maze"])
def test_a_harder_level_has_longer_questions_or_larger_numbers(task):
    levels = gym_levels(task)
    easy, hard = (
        sum(len(gym_problem(task, settings, index)[0]) for index in range(20)) for settings in (levels[0], levels[-1])
    )
    assert easy < hard


PRINTED = """
import hashlib
from verify.gym_levels import gym_levels, gym_problem
from verify.gym_tasks import MODULES
told = [gym_problem(task, settings, index) for task in MODULES for settings in gym_levels(task) for index in (5, 2**33)]
print(hashlib.sha256(repr(told).encode()).hexdigest())
"""


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_problems_are_the_same_in_every_process(hash_seed):
    told = [gym_problem(task, gym_levels(task)[level], index) for task, level in LEVELS for index in (5, 2**33)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    child = subprocess.run(
        [sys.executable, "-c", PRINTED], capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert child.stdout.strip() == hashlib.sha256(repr(told).encode()).hexdigest(), child.stderr


def test_no_relation_is_asked_for_whose_reference_is_turned_round():
    for settings in gym_levels("family_relationships"):
        answers = {gym_problem("family_relationships", settings, index)[1] for index in range(60)}
        assert not answers & {"niece", "nephew", "mother-in-law", "father-in-law"}


@pytest.mark.parametrize(
    ("candidate", "outcome"),
    [
        (r"\text{42}.", "correct"),
        ("'42'", "correct"),
        ("41", "wrong"),
        ("42 or 41", "wrong"),
        ("", "undecided"),
        (" $$ ", "undecided"),
        ("4" * 501, "wrong"),
        ("9" * 100_000, "wrong"),
    ],
)
def test_judge_gym_takes_the_final_answer_alone(candidate, outcome):
    index = next(n for n in range(5000) if gym_problem("chain_sum", gym_levels("chain_sum")[1], n)[1] == "42")
    assert judge_gym("chain_sum", gym_levels("chain_sum")[1], index, candidate).outcome == outcome


def test_judge_gym_says_what_would_have_been_right():
    settings = gym_levels("gcd")[0]
    answer = gym_problem("gcd", settings, 1)[1]
    assert judge_gym("gcd", settings, 1, "100000").reason == f"the reference is {answer}"


@pytest.mark.parametrize(
    ("settings", "index", "said"),
    [
        ({"min_value": 0}, 0, r"gcd takes no settings .*min_value must be positive"),
        ({"colour": "red"}, 0, r"gcd takes no settings .*colour"),
        ({}, -1, r"index is -1; it begins at 0"),
    ],
)
def test_what_the_task_cannot_make_is_told(settings, index, said):
    with pytest.raises(BadInput, match=said):
        gym_problem("gcd", settings, index)


def test_settings_that_never_give_a_problem_are_told_and_do_not_go_on_for_ever():
    with pytest.raises(BadInput, match=r"simple_geometry makes no problem of the settings"):
        gym_problem("simple_geometry", {"min_sides": 3, "max_sides": 3, "min_angle": 170, "max_angle": 179}, 0)


def test_an_unknown_task_is_told():
    with pytest.raises(BadInput, match="'arc_1d' is not loaded here"):
        gym_levels("arc_1d")
