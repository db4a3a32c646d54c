import json
import random
from itertools import count
from typing import Any

import pytest

from model.events import AnswerDelta, Asked, Finished, ThinkingDelta
from ui.arithmetic_marks import Marking, marks_of
from ui.panes import Panes, update

SENTENCES = [
    "So 17*23 = 391, as wanted. ",
    "And 12 + 9 = 22 🙂 then.\n\n",
    "再算一遍：17×24 = 408。",
    "We get 17*24 = 17*20 + 17*4 = 340 + 68 = 407 in all. ",
    "Let x be it: x + 3 = 5. ",
    "It is 3*4 > 12, no. ",
    "Hm, 𝑥 and 🙂🙂; 2^10 = 1024?\n",
    "Nothing to work out here, so on it goes. ",
]


def thought(seed: int, n_sentences: int) -> str:
    return "".join(random.Random(seed).choices(SENTENCES, k=n_sentences))


def new_marking() -> Marking:
    """One for which a second passes between any two looks at the clock."""
    return Marking("run/1", count().__next__)


def grown(panes: Panes, text: str) -> Panes:
    return update(panes, ThinkingDelta(text, 3))


def value_of(text: str, *events: Any) -> dict[str, Any]:
    marking, panes = new_marking(), grown(update(Panes(), Asked("Why?")), text)
    for event in events:
        panes = update(panes, event)
    marking.read(panes)
    return marking.value(panes)


def marked(text: str, value: dict[str, Any]) -> list[str]:
    """What a browser finds at the places of the marks."""
    units = text.encode("utf-16-le")
    return [units[2 * start : 2 * (start + length)].decode("utf-16-le") for start, length, *_ in marks_of(value)]


@pytest.mark.parametrize("seed", range(6))
def test_marks_of_a_growing_thinking_are_those_of_the_whole_one(seed: int) -> None:
    text, draw = thought(seed, 200), random.Random(seed)
    marking, panes, at = new_marking(), update(Panes(), Asked("Why?")), 0
    while at < len(text):
        size = draw.choice([1, 5, 40, 300])
        panes = grown(panes, text[at : at + size])
        at += size
        marking.read(panes)
        value = marking.value(panes)
    panes = update(panes, Finished("stop"))
    marking.read(panes)
    assert marking.value(panes) == value_of(text, Finished("stop"))
    assert marks_of(value) == marks_of(marking.value(panes))[: len(marks_of(value))]


def test_marks_stand_where_a_browser_finds_the_claims_and_say_what_would_be_right() -> None:
    text = "".join(SENTENCES)
    value = value_of(text, Finished("stop"))
    assert marked(text, value) == [
        *("17*23 = 391", "12 + 9 = 22", "17×24 = 408", "17*24 = 17*20 + 17*4", "17*20 + 17*4 = 340 + 68"),
        *("340 + 68 = 407", "3*4 > 12", "2^10 = 1024"),
    ]
    assert [mark[2:] for mark in marks_of(value) if mark[2:]] == [
        ["12 + 9 = 22", "should be 21"],
        ["340 + 68 = 407", "should be 408"],
        ["3*4 > 12", "the left side is 12"],
    ]
    assert (value["holds"], value["slips"]) == ("5 sums hold", "3 slips")
    assert value["unchecked"] == "1 could not be checked: letters, or more than one reading"


def test_one_claim_is_one_and_no_claim_is_nothing() -> None:
    assert value_of("So 2 + 2 = 4. Well.")["holds"] == "1 sum holds"
    assert value_of("So 2 + 2 = 5. Well.")["slips"] == "1 slip"
    nothing = {"key": "run/1", "groups": [], "holds": "", "slips": "", "unchecked": ""}
    assert value_of("So what is it? Well.") == nothing


def test_last_sentence_is_marked_when_the_thinking_has_ended_and_no_sooner() -> None:
    assert marks_of(value_of("So 2 + 2 = 4")) == []
    assert marks_of(value_of("So 2 + 2 = 4", AnswerDelta("4", 1))) == [[3, 9]]
    assert marks_of(value_of("So 2 + 2 = 4", Finished("stopped"))) == [[3, 9]]


def test_thinking_that_goes_on_after_its_answer_began_is_read_on_from_there() -> None:
    marking, panes = new_marking(), grown(update(Panes(), Asked("Why?")), "So 2 + 2 = 4")
    for event in (AnswerDelta("4", 1), ThinkingDelta("1 or so. And 3*3 = 9. ", 5), AnswerDelta("5", 1)):
        panes = update(panes, event)
        marking.read(panes)
    assert marked(panes.thinking, marking.value(panes)) == ["2 + 2 = 41", "3*3 = 9"]


def test_marking_begins_anew_with_a_shorter_thinking() -> None:
    marking = new_marking()
    marking.read(grown(Panes(), thought(1, 50)))
    other = grown(Panes(), "So 2 + 2 = 5. Then")
    marking.read(other)
    assert marks_of(marking.value(other)) == [[3, 9, "2 + 2 = 5", "should be 4"]]
    assert marking.value(other)["holds"] == ""


def test_value_of_a_long_thinking_is_small_and_changes_in_its_last_group_only() -> None:
    marking, panes = new_marking(), Panes()
    before: list[str] = []
    for number in range(700):
        panes = grown(panes, f"Step {number}: {number}*{number} = {number * number}. And so on, with what we have. ")
        marking.read(panes)
        groups = marking.value(panes)["groups"]
        finished = max(0, len(before) - 1)
        assert groups[:finished] == before[:finished]
        before = groups
    assert len(marks_of({"groups": before})) == 700
    assert max(map(len, before)) < 1_000
    assert len(json.dumps(marking.value(panes))) < 12_000 < len(panes.thinking) / 3


def test_value_of_a_run_that_goes_on_changes_twice_a_second_and_at_its_end_at_once() -> None:
    now = [0.0]
    marking, panes = Marking("run/1", lambda: now[0]), update(Panes(), Asked("Why?"))
    told = []
    for second in (0.0, 0.2, 0.4, 0.6, 0.7):
        now[0] = second
        panes = grown(panes, "So 2 + 2 = 4. ")
        marking.read(panes)
        told.append(len(marks_of(marking.value(panes))))
    assert told == [1, 1, 1, 4, 4]
    panes = update(panes, Finished("stop"))
    marking.read(panes)
    assert len(marks_of(marking.value(panes))) == 5


def test_much_that_is_new_is_told_so_that_it_can_be_read_in_a_thread() -> None:
    marking, panes = new_marking(), grown(Panes(), thought(3, 400))
    assert marking.has_much_to_read(panes)
    assert marks_of(marking.value(panes)) == []
    marking.read(panes)
    assert not marking.has_much_to_read(grown(panes, "So 2 + 2 = 4. "))
    assert len(marks_of(marking.value(panes))) > 100
