"""IFEval: its rows as a folder and as the Hub have them, and its own checks of every kind of instruction."""

import importlib.util
from collections.abc import Iterator
from typing import Any, cast

import pytest

from evals.benchmarks import ifeval
from evals.benchmarks.benchmark import Judges, Problem, Written
from evals.benchmarks.ifeval import judge, problem_of, problems_of
from model.errors import BadInput

NO_JUDGES = Judges(cast(Any, None), cast(Any, None))
ROW = {
    "key": 7,
    "prompt": "Write about rain, without commas.",
    "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
    "kwargs": [{}, {"relation": "at least", "num_words": 3}],
}
# Of every check that the data set uses: an answer that follows the instruction, and one that does not.
KINDS = {
    "keywords:existence": ({"keywords": ["rain", "sun"]}, "Rain and sun.", "Only rain."),
    "keywords:frequency": ({"keyword": "rain", "frequency": 2, "relation": "at least"}, "Rain, rain.", "Rain."),
    "keywords:forbidden_words": ({"forbidden_words": ["sun"]}, "Only rain.", "Some sun."),
    "keywords:letter_frequency": (
        {"letter": "z", "let_frequency": 2, "let_relation": "at least"}, "Pizza with zest.", "A zebra.",
    ),
    "language:response_language": ({"language": "de"}, "Das ist ein langer deutscher Satz.", "This is an English one."),
    "length_constraints:number_sentences": ({"num_sentences": 2, "relation": "less than"}, "One.", "One. Two. Three."),
    "length_constraints:number_paragraphs": ({"num_paragraphs": 2}, "One.\n***\nTwo.", "One."),
    "length_constraints:number_words": ({"num_words": 3, "relation": "at least"}, "One two three.", "One."),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "rain"}, "One.\n\nRain falls.", "One.\n\nSun shines.",
    ),
    "detectable_content:number_placeholders": ({"num_placeholders": 2}, "Dear [name] of [town].", "Dear [name]."),
    "detectable_content:postscript": ({"postscript_marker": "P.S."}, "Hello.\nP.S. Bye.", "Hello. Bye."),
    "detectable_format:number_bullet_lists": ({"num_bullets": 2}, "* one\n* two", "* one"),
    "detectable_format:constrained_response": ({}, "My answer is yes.", "Perhaps."),
    "detectable_format:number_highlighted_sections": ({"num_highlights": 2}, "*one* and *two*", "*one*"),
    "detectable_format:multiple_sections": (
        {"section_spliter": "SECTION", "num_sections": 2}, "SECTION 1\nOne.\nSECTION 2\nTwo.", "One. Two.",
    ),
    "detectable_format:json_format": ({}, '```json\n{"rain": 1}\n```', "rain: 1"),
    "detectable_format:title": ({}, "<<Rain>>\nIt falls.", "Rain\nIt falls."),
    "combination:two_responses": ({}, "One.\n******\nTwo.", "One. Two."),
    "combination:repeat_prompt": ({"prompt_to_repeat": "Write of rain."}, "Write of rain. It falls.", "It falls."),
    "startend:end_checker": ({"end_phrase": "That is all."}, "Rain. That is all.", "That is all. Rain."),
    "startend:quotation": ({}, '"Rain."', "Rain."),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"}, "RAIN and SUN.", "RAIN and sun.",
    ),
    "change_case:english_capital": ({}, "THIS IS THE STORY OF THE WEATHER AND OF HOW IT CHANGES.", "It changes."),
    "change_case:english_lowercase": ({}, "the rain falls on all of us today.", "The rain falls on all of us today."),
    "punctuation:no_comma": ({}, "Rain and sun.", "Rain, sun."),
}  # fmt: skip


def of_kind(name: str, *more: str) -> Problem:
    row = {"key": name, "prompt": "Write of rain.", "instruction_id_list": [name], "kwargs": [KINDS[name][0]]}
    for other in more:
        row["instruction_id_list"].append(other)  # type: ignore[attr-defined]
        row["kwargs"].append(KINDS[other][0])  # type: ignore[attr-defined]
    return problem_of(row, 1)


def test_problem_of_a_row_is_the_prompt_alone():
    problem = problem_of(ROW, 1)
    assert (problem.id, problem.messages[0].content) == ("ifeval/7", ROW["prompt"])


def test_problem_of_the_hubs_row_is_that_of_a_folders():
    filled = [dict.fromkeys(("relation", "num_words", "keywords")) | each for each in cast(list, ROW["kwargs"])]
    assert problem_of(ROW | {"kwargs": filled}, 1) == problem_of(ROW, 1)


@pytest.mark.parametrize("changes", [{"kwargs": [{}]}, {"instruction_id_list": "x"}, {"kwargs": None}])
def test_problem_of_a_row_in_another_form_is_refused(changes):
    with pytest.raises(BadInput, match="Row 4"):
        problem_of(ROW | changes, 4)


def test_problems_of_says_which_package_is_missing(monkeypatch):
    monkeypatch.setattr(ifeval, "_NEEDED", ("json", "no_such_package"))
    with pytest.raises(BadInput, match=r"Not installed here: no_such_package\. .*requirements-evals\.txt"):
        problems_of([ROW])


def test_judge_of_no_answer_asks_nobody():
    assert judge(NO_JUDGES, problem_of(ROW, 1), Written(" \n")).outcome == "undecided"
    assert judge(NO_JUDGES, problem_of(ROW, 1), Written("a" * 200_001)).outcome == "undecided"


@pytest.mark.skipif(bool(importlib.util.find_spec("lm_eval")), reason="lm-eval is there")
def test_judge_without_the_package_says_what_is_missing():
    judges = Judges(cast(Any, None), cast(Any, None))
    try:
        judged = judge(judges, problem_of(ROW, 1), Written("Rain falls on us."))
    finally:
        judges.close()
    assert judged.outcome == "undecided"
    assert "lm_eval" in judged.reason


@pytest.fixture(scope="module")
def judges() -> Iterator[Judges]:
    for name in ifeval._NEEDED:
        pytest.importorskip(name, reason="IFEval's checks are optional: requirements-evals.txt")
    made = Judges(cast(Any, None), cast(Any, None))
    yield made
    made.close()


@pytest.mark.parametrize("name", KINDS)
def test_judge_knows_every_kind_of_instruction_of_the_data_set(judges, name):
    _, followed, not_followed = KINDS[name]
    judged = judge(judges, of_kind(name), Written(followed))
    if "punkt_tab" in judged.reason:
        pytest.skip(judged.reason)
    assert judged.outcome == "correct", judged
    judged = judge(judges, of_kind(name), Written(not_followed))
    assert (judged.outcome, judged.reason) == ("wrong", f"not followed: {name}")


def test_judge_wants_every_instruction_followed(judges):
    problem = of_kind("punctuation:no_comma", "detectable_format:title")
    judged = judge(judges, problem, Written("<<Rain>>\nIt falls, and falls."))
    assert (judged.outcome, judged.details["strict"]) == ("wrong", [False, True])


def test_judge_is_strict_and_tells_what_the_loose_check_says(judges):
    judged = judge(judges, of_kind("startend:end_checker"), Written("Rain. That is all.\n\nGoodbye"))
    assert (judged.outcome, judged.details) == ("wrong", {"strict": [False], "loose": [True]})


def test_judge_of_an_instruction_that_is_none_is_undecided(judges):
    row = ROW | {"instruction_id_list": ["punctuation:none", "x"], "kwargs": [{}, {}]}
    judged = judge(judges, problem_of(row, 1), Written("Rain."))
    assert judged.outcome == "undecided" and "punctuation:none" in judged.reason
