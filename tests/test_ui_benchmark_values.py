from dataclasses import replace
from pathlib import Path

import pytest

from evals.benchmarks.benchmark import HubData, Problem
from evals.result_file import Judged, Result, Sample
from evals.run_state import LiveText, Running, State
from model.events import Message
from tests.sums_benchmark import SUMS
from ui.benchmark_values import (
    asked_value,
    data_text,
    form_value,
    letters_of,
    live_value,
    opened_value,
    problems_value,
    row_value,
    running_value,
    standing_value,
)

HEAD = {"benchmark": "sums", "model": "m", "profile": "quick", "samples": 3, "problems": ["a", "b"], "titles": ["A"]}
SAMPLE = Sample("a", 0, "So.", "It is 2.", "stop", (), 9, 70, 5, 100.0, 2.0, 0.5)
PROBLEM = Problem("a", (Message("user", "1+1?"),), "2")


def result_of(*judged: Judged, samples: tuple[Sample, ...] = ()) -> Result:
    written = {each.key: replace(SAMPLE, problem=each.problem, number=each.number) for each in judged}
    written |= {each.key: each for each in samples}
    return Result(Path("x.jsonl"), dict(HEAD), written, {each.key: each for each in judged})


def test_form_offers_the_sources_that_a_benchmark_has() -> None:
    on_hub = replace(SUMS, hub=HubData("a/b"), sample=Path("s.jsonl"), file="f.jsonl")
    mine, hosted = (form_value([on_hub], is_hosted)[0]["sources"] for is_hosted in (False, True))
    assert [name for name, _ in mine] == ["sample", "hub", "folder"]
    assert [name for name, _ in hosted] == ["sample", "hub"]
    assert [name for name, _ in form_value([SUMS], False)[0]["sources"]] == ["auto"]


def test_letters_say_how_each_sample_stands() -> None:
    failed = replace(SAMPLE, number=1, error="It broke.")
    result = result_of(Judged("a", 0, "wrong", ""), samples=(failed, replace(SAMPLE, problem="b")))
    assert (letters_of(result, "a"), letters_of(result, "b")) == ("we.", "j..")


def test_row_shows_the_answer_that_was_given_most_often() -> None:
    said = [
        Judged("a", n, "correct", "", answer, class_of)
        for n, (answer, class_of) in enumerate([("3", 0), ("2", 1), ("two", 1)])
    ]
    assert row_value(result_of(*said), 0, "a") == [0, "ccc", "2", 75, False]


def test_row_shows_the_reason_where_there_is_no_final_answer() -> None:
    row = row_value(result_of(Judged("a", 0, "wrong", "fails test 2 of 3")), 0, "a")
    assert (row[2], row[4]) == ("Fails test 2 of 3.", True)
    assert row_value(result_of(Judged("a", 0, "undecided", "no box")), 0, "a")[2] == ""


def test_problem_without_a_title_goes_by_its_id() -> None:
    assert problems_value(HEAD) == [["a", "A"], ["b", ""]]


@pytest.mark.parametrize(
    ("state", "text", "detail", "tone"),
    [
        (State("x", "running", 1, 4, 1, 90.0, (Running("a", 0, 5, 1.0, True),)), "Running",
         "1 of 4 done · about 2 min left · 1 being written", "busy"),
        (State("x", "failed", 1, 4, note="The device is gone."), "Failed: The device is gone.", "1 of 4 done · 12 s", "error"),
        (State("x", "done", 4, 4), "Done", "4 of 4 done · 12 s", ""),
    ],
)  # fmt: skip
def test_standing_says_how_far_it_is_and_what_failed(state: State, text: str, detail: str, tone: str) -> None:
    value = standing_value(state, 12.0)
    assert (value["text"], value["detail"], value["tone"]) == (text, detail, tone)
    assert value["may_resume"] == (state.phase == "failed")


def test_what_is_being_written_is_told_by_place() -> None:
    assert running_value([Running("b", 2, 40, 1.0, True), Running("gone", 0, 1, 1.0, True)], {"a": 0, "b": 1}) == [
        [1, 2, 40]
    ]


def test_opened_problem_has_what_was_written_and_judged() -> None:
    value = opened_value(SAMPLE, Judged("a", 0, "correct", "2 = 2", "2"))
    assert (value["thinking"], value["answer"]) == ("So.", "It is 2.")
    assert (value["label"], value["reason"], value["compared"]) == ("Correct", "2 = 2.", [["Final answer", "2"]])


def test_live_text_is_told_from_where_it_is_known_and_anew_of_another_try() -> None:
    live = LiveText(7.0, "äbc", "x", 5, True)
    told = live_value(live, 7.0, (1, 0))
    assert (told["thinking"], told["answer"], told["known"], told["is_new"]) == ("bc", "x", [3, 1], False)
    assert live_value(live, 6.0, (3, 1))["thinking"] == "äbc" and live_value(live, 6.0, (3, 1))["is_new"]
    assert live_value(None, 7.0, (1, 0)) == {}


def test_live_text_that_is_long_comes_in_pieces_and_the_answer_behind_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.benchmark_values._MOST_NEW_CHARACTERS", 4)
    live = LiveText(7.0, "abcdef", "xyz", 5, True)
    first = live_value(live, 0.0, (0, 0))
    assert (first["thinking"], first["answer"]) == ("abcd", "")
    second = live_value(live, 7.0, (4, 0))
    assert (second["thinking"], second["answer"], second["known"]) == ("ef", "xyz", [6, 3])


def test_opened_problem_says_why_there_is_no_answer() -> None:
    unclosed = replace(SAMPLE, answer="", finish_reason="length")
    value = opened_value(unclosed, Judged("a", 0, "undecided", "no answer", qwq_outcome="correct"))
    assert value["no_answer"].startswith("The thinking never ended")
    assert value["reason"].endswith("Under QwQ's own rule: correct.") and "token limit" in value["figures"]
    assert opened_value(None, None)["label"] == "Not done"
    failed = opened_value(replace(unclosed, error="It broke"), None)
    assert (failed["reason"], failed["label"], failed["no_answer"]) == ("It broke.", "Failed", "")


def test_what_was_asked_comes_with_its_reference_where_the_data_is_there() -> None:
    assert asked_value(PROBLEM) == {"question": "1+1?", "compared": [["Reference", "2"]]}
    assert asked_value(replace(PROBLEM, gold={"tests": "x" * 9000}))["compared"][0][1].endswith(" …")
    assert asked_value(None) == {"question": "", "compared": []}


def test_part_of_a_benchmark_is_said_to_be_one() -> None:
    assert data_text({"data": {"problems": 2}, "problems": ["a", "b"]}) == ""
    assert data_text({"problems": ["a"]}) == ""
