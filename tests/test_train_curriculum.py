"""Levels of difficulty: up when most was right, down when hardly any was, the same after a checkpoint."""

import json

from train.curriculum import Curriculum


def heard(curriculum: Curriculum, rights: int, wrongs: int, source: str = "gym:gcd") -> int:
    for is_correct in [True] * rights + [False] * wrongs:
        curriculum.hear(source, curriculum.levels.get(source, 0), is_correct)
    return curriculum.levels.get(source, 0)


def test_a_level_rises_when_most_of_a_window_was_right_and_falls_when_hardly_any_was():
    curriculum = Curriculum({"gym:gcd": 3}, window=10)
    assert heard(curriculum, 9, 0) == 0, "the window is not full"
    assert heard(curriculum, 0, 1) == 1
    assert heard(curriculum, 5, 5) == 1
    assert heard(curriculum, 10, 0) == 2
    assert heard(curriculum, 10, 0) == 2, "there is none above"
    assert heard(curriculum, 1, 9) == 1


def test_completions_of_a_level_that_was_left_say_nothing_of_the_next():
    curriculum = Curriculum({"gym:gcd": 3}, window=4)
    heard(curriculum, 4, 0)
    for _ in range(8):
        curriculum.hear("gym:gcd", 0, True)
    assert curriculum.levels["gym:gcd"] == 1


def test_a_source_without_levels_stays():
    curriculum = Curriculum({"own:sum": 1}, window=2)
    assert heard(curriculum, 10, 0, "own:sum") == 0


def test_a_curriculum_goes_on_from_its_state():
    first = Curriculum({"gym:gcd": 3}, window=4)
    heard(first, 4, 0)
    heard(first, 3, 0)
    second = Curriculum({"gym:gcd": 3}, window=4)
    second.set_state(json.loads(json.dumps(first.state())))
    assert heard(first, 1, 0) == heard(second, 1, 0) == 2
