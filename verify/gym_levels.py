"""A reasoning-gym task in, its settings from easy to hard out; settings and a number in, a problem with its judge out.

The levels are the package's own curricula, within what fits a question. Where even their easiest is much for a small
model, one of ours stands before them.

Source:
    reasoning-gym, Apache-2.0, github.com/open-thought/reasoning-gym.
"""

import functools
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from model.errors import BadInput
from model.events import Outcome
from verify.gym_answers import MAX_ANSWER_CHARACTERS, gym_score, plain_text
from verify.gym_tasks import gym_curriculum, gym_task

MAX_LEVELS = 5

_EASIEST: Mapping[str, Mapping[str, Any]] = {
    "base_conversion": {"min_base": 2, "max_base": 10, "min_value": 2, "max_value": 40},
    "caesar_cipher": {"min_rotation": 1, "max_rotation": 3, "min_words": 1, "max_words": 4},
    "calendar_arithmetic": {"tasks": ["is_leap_year", "weekday_offset"], "offset_upper_bound": 7},
    "color_cube_rotation": {"min_rotations": 1, "max_rotations": 1},
    "count_bits": {"min_n": 1, "max_n": 15},
    "course_schedule": {
        "min_num_courses": 3,
        "max_num_courses": 5,
        "min_num_prerequisites": 1,
        "max_num_prerequisites": 1,
        "min_cycle_length": 3,
        "max_cycle_length": 3,
    },
    "fraction_simplification": {"min_value": 1, "max_value": 12, "min_factor": 2, "max_factor": 6},
    "gcd": {"min_numbers": 2, "max_numbers": 2, "min_value": 2, "max_value": 40},
    "lcm": {"min_numbers": 2, "max_numbers": 2, "min_value": 2, "max_value": 15},
    "letter_counting": {"min_words": 1, "max_words": 3},
    # In a smaller grid there may be one free place only, and then it looks for another for ever.
    "maze": {"min_dist": 1, "max_dist": 3, "min_grid_size": 7, "max_grid_size": 8},
    "prime_factorization": {"min_value": 4, "max_value": 60},
    "simple_equations": {
        "min_terms": 2,
        "max_terms": 2,
        "min_value": 1,
        "max_value": 12,
        "operators_weights": [0.5, 0.5, 0.0],
    },
    "simple_geometry": {"min_sides": 3, "max_sides": 4},
}
# In place of theirs, which square numbers over and over until their digits fill the memory.
_INSTEAD: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "number_sequence": (
        {"min_terms": 4, "max_terms": 4, "max_complexity": 1},
        {"min_terms": 4, "max_terms": 6, "max_complexity": 1},
        {"min_terms": 4, "max_terms": 8, "max_complexity": 1},
        {"min_terms": 4, "max_terms": 6, "max_complexity": 2},
    )
}
# Beyond these, their own curricula give settings that they refuse (a rotation of 50), or pages of text.
_LARGEST: Mapping[str, Mapping[str, int]] = {
    "caesar_cipher": {"max_rotation": 25},
    "color_cube_rotation": {"max_rotations": 20},
    "course_schedule": {"max_num_courses": 30},
    "maze": {"max_grid_size": 20},
}
# With these its program says what the second person is to the first, where it asks what the first is to the second.
_TURNED_ROUND: Mapping[str, frozenset[str]] = {
    "family_relationships": frozenset({"niece", "nephew", "mother-in-law", "father-in-law"})
}
# Apart from each other by more than any run takes.
_NEXT_SEED = 1 << 40
_MAX_TRIES = 100

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class GymVerdict:
    """Whether a final answer is right; `answer` is it as the scorer read it. `undecided` is no answer at all."""

    outcome: Outcome
    reason: str
    answer: str = ""


@functools.cache
def gym_levels(task: str) -> tuple[Mapping[str, Any], ...]:
    """Settings of a task for `gym_task`, four or five of them, from easy to hard; JSON.

    Raises:
        BadInput: As `gym_task`.
    """
    if task in _INSTEAD:
        return tuple(map(MappingProxyType, _INSTEAD[task]))
    found = [dict(_EASIEST[task])] if task in _EASIEST else []
    curriculum = gym_curriculum(task)
    for level in range(MAX_LEVELS):
        curriculum.set_global_level(level)
        settings = _within(_settings_of(curriculum), _LARGEST.get(task, {}))
        if settings not in found:
            found.append(settings)
    return tuple(MappingProxyType(settings) for settings in found[:MAX_LEVELS])


def _settings_of(curriculum: Any) -> dict[str, Any]:
    config = curriculum.generate_configuration()
    names: list[str] = []
    for attribute in curriculum.attributes.values():
        fields = ("field_name", "lower_field_name", "upper_field_name")
        names += [getattr(attribute, field) for field in fields if hasattr(attribute, field)]
    return {name: getattr(config, name) for name in names}


def _within(settings: Mapping[str, Any], largest: Mapping[str, int]) -> dict[str, Any]:
    return {name: min(value, largest[name]) if name in largest else value for name, value in settings.items()}


def gym_problem(task: str, settings: Mapping[str, Any], index: int) -> tuple[str, str]:
    """The question and the answer of a fresh problem; the same for the same numbers, in any process.

    Args:
        settings: One of `gym_levels`, or others that `gym_task` takes but `size` and `seed`.
        index: Any number from 0.

    Raises:
        BadInput: As `gym_task`, or if the task refuses the settings, or makes no problem of them.
    """
    item = _item(task, json.dumps(dict(settings), sort_keys=True), index)
    return str(item["question"]), str(item["answer"])


def judge_gym(task: str, settings: Mapping[str, Any], index: int, candidate: str) -> GymVerdict:
    """What the task's own scorer says of a final answer to that problem, LaTeX or plain; only its full score counts.

    Raises:
        BadInput: As `gym_problem`; never for what the candidate is.
    """
    answer = plain_text(candidate)
    if not answer:
        return GymVerdict("undecided", "no final answer was found")
    if len(answer) > MAX_ANSWER_CHARACTERS:
        reason = f"an answer of {len(answer):,} characters is none here; {MAX_ANSWER_CHARACTERS:,} are read"
        return GymVerdict("wrong", reason, answer[:MAX_ANSWER_CHARACTERS])
    written = json.dumps(dict(settings), sort_keys=True)
    item = _item(task, written, index)
    with _lock:
        form, score = gym_score(_data_set(task, written), item, answer)
    if score == 1.0:
        return GymVerdict("correct", "reasoning-gym's scorer takes it", form)
    return GymVerdict("wrong", f"the reference is {item['answer']}", form)


@functools.lru_cache(256)
def _data_set(task: str, settings: str) -> Any:
    try:
        return gym_task(task, size=1, seed=0, **json.loads(settings))
    except (AssertionError, ValueError, TypeError) as error:
        raise BadInput(f"reasoning-gym's task {task} takes no settings {settings}: {error}.") from error


@functools.lru_cache(4096)  # all answers of a group are judged by one problem
def _item(task: str, settings: str, index: int) -> Mapping[str, Any]:
    if index < 0:
        raise BadInput(f"A problem's index is {index}; it begins at 0.")
    with _lock:  # some tasks keep what belongs to the problem that they are making
        data = _data_set(task, settings)
        for number in range(_MAX_TRIES):
            try:
                item: Mapping[str, Any] = data[index + number * _NEXT_SEED]
            except (RuntimeError, ValueError, LookupError):  # it gives up where chance is against it (maze)
                continue
            if item["answer"] not in _TURNED_ROUND.get(task, ()):
                return item
    raise BadInput(f"reasoning-gym's task {task} makes no problem of the settings {settings}. Take others.")
