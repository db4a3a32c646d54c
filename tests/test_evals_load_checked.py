"""What a load test finds: that its checks see a lost event, a mixed-up stream and a delay."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.load.checked import Checked, check_one
from evals.load.heard import Heard, heard_of
from model.events import AnswerDelta, Asked, Finished, ThinkingDelta
from model.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    made.create("a", Asked("one?"))
    made.append("a", [ThinkingDelta("So ", 1), ThinkingDelta("be it.", 2), AnswerDelta("Yes.", 1), Finished("stop")])
    made.flush()
    yield made
    made.close()


def heard(thinking: str = "So be it.", answer: str = "Yes.", question: str = "one?", late: float = 0.0) -> Heard:
    made = Heard("page", question, "a")
    now = time.time() + late
    made.texts = {"thinking": thinking, "answer": answer}
    made.grown = [("thinking", len(thinking), now), ("answer", len(answer), now)]
    return made


def found(one: Heard, store: Store, script: tuple[str, str] | None = ("So be it.", "Yes.")) -> Checked:
    checked = Checked()
    check_one(one, store, lambda _: script, checked)
    return checked


def test_a_run_that_was_read_whole_has_no_faults_and_a_delay_for_each_event(store: Store) -> None:
    checked = found(heard(late=2.0), store)
    assert (checked.faults, checked.events, checked.lost_events, checked.whole_runs) == ([], 3, 0, 1)
    assert all(1.9 < delay < 4.0 for delay in checked.delays)


@pytest.mark.parametrize(
    ("thinking", "answer"),
    [("So ", "Yes."), ("So be it.", "Ye"), ("So be it!", "Yes."), ("", "")],
    ids=["cut thinking", "cut answer", "another sign", "nothing"],
)
def test_text_that_is_not_what_the_store_holds_is_a_fault(store: Store, thinking: str, answer: str) -> None:
    assert found(heard(thinking, answer), store).faults


def test_a_reader_that_stopped_early_has_lost_nothing_but_must_have_the_beginning(store: Store) -> None:
    early, mixed = heard("So ", ""), heard("Do ", "")
    early.cut = mixed.cut = True
    assert (found(early, store).faults, found(early, store).lost_events) == ([], 0)
    assert found(mixed, store).faults


def test_an_event_that_never_came_counts_as_lost(store: Store) -> None:
    assert found(heard("So "), store).lost_events == 1


def test_the_stream_of_another_question_is_a_fault(store: Store) -> None:
    assert "asked something else" in found(heard(question="two?"), store).faults[0]


def test_a_stored_text_that_the_script_does_not_say_is_a_fault(store: Store) -> None:
    assert found(heard(), store, ("So be that.", "Yes.")).faults == ["one?: its thinking is not what the script says"]


def test_what_was_heard_survives_its_line() -> None:
    one = Heard("script", "?")
    one.more("thinking", "A")
    one.more("thinking", "B")
    again = heard_of(one.line())
    assert again.texts["thinking"] == "AB"
    assert [(kind, characters) for kind, characters, _ in again.grown] == [("thinking", 1), ("thinking", 2)]
