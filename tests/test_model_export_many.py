"""Files of several conversations: complete, standing alone, and taken back in as the same runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import RunNotFound
from model.events import AnswerDelta, Asked, Finished, Steered, ThinkingDelta
from model.export_many import Picked, export_many
from model.importing import import_json_lines
from model.store import Store

RUNS = ("one", "one-2", "one-2b", "solo", "other")


def ask(store: Store, run_id: str, question: str, parent_id: str | None = None) -> None:
    store.create(run_id, Asked(question, model="m"), parent_id=parent_id)
    thought, answer = ThinkingDelta(f"thinking of {run_id}", 3), AnswerDelta(f"answer of {run_id}", 3)
    store.append(run_id, [thought, Steered("answer_now"), answer, Finished("stop", 5, 3, 3, 1.0)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "from")
    ask(opened, "one", "First <b>question</b>")
    ask(opened, "one-2", "Second question", "one")
    ask(opened, "solo", "Solo question")
    ask(opened, "one-2b", "Second question, other branch", "one")
    ask(opened, "other", "Not picked")
    yield opened
    opened.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "to")
    yield opened
    opened.close()


def exported(store: Store, *run_ids: str, form: object = "json_lines", with_thinking: bool = True) -> str:
    return "".join(export_many(store, [Picked(run_id) for run_id in run_ids], form, with_thinking))  # type: ignore[arg-type]


def test_json_lines_of_several_conversations_come_back_with_every_branch_and_id(store: Store, fresh: Store) -> None:
    import_json_lines(fresh, exported(store, "one", "solo"))
    for run_id in RUNS[:-1]:
        assert fresh.timed_events(run_id) == store.timed_events(run_id)
        assert fresh.row(run_id) == store.row(run_id)
    assert [row.id for row in fresh.siblings("one-2")] == ["one-2", "one-2b"]
    with pytest.raises(RunNotFound):
        fresh.row("other")


def test_json_lines_taken_in_where_they_came_from_get_new_ids_and_keep_their_links(store: Store) -> None:
    new = import_json_lines(store, exported(store, "one", "solo"))
    assert len(new) == 4 and not set(new) & set(RUNS)
    assert store.row(new[1]).parent_id == store.row(new[2]).parent_id == new[0]
    assert store.events(new[1]) == store.events("one-2")


def test_turn_that_was_found_brings_only_what_led_up_to_it(store: Store) -> None:
    text = "".join(export_many(store, [Picked("one-2", is_turn=True)], "json_lines"))
    assert [name for name in RUNS if f'"id": "{name}"' in text] == ["one", "one-2"]


def test_two_turns_of_one_conversation_stand_in_the_file_once(store: Store) -> None:
    picked = [Picked("one-2", True), Picked("one-2b", True), Picked("one", True)]
    text = "".join(export_many(store, picked, "json_lines"))
    assert text.count('"workings_run"') == 3


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_readable_forms_hold_what_opening_each_conversation_shows(store: Store, form: str) -> None:
    text = exported(store, "solo", "one", form=form)
    places = [text.index(f"answer of {name}") for name in ("solo", "one", "one-2b")]
    assert places == sorted(places)
    assert "Not picked" not in text and "thinking of one" in text
    assert "thinking of" not in exported(store, "solo", "one", form=form, with_thinking=False)


def test_html_of_several_stands_alone_and_lets_no_text_become_markup(store: Store) -> None:
    page = exported(store, "one", "solo", form="html")
    assert page.startswith("<!DOCTYPE html>") and page.count("</html>") == 1 and page.count("<title>") == 1
    assert "<h1>2 conversations</h1>" in page and "<b>question</b>" not in page
    assert not re.search(r"<script|<link|<img|<iframe|src=|href=|url\(|@import", page)
    assert "default-src 'none'" in page


def test_what_was_deleted_meanwhile_is_left_out_and_nothing_at_all_is_said_so(store: Store) -> None:
    store.delete("solo")
    assert "solo" not in exported(store, "solo", "one")
    with pytest.raises(RunNotFound, match="None of the runs picked"):
        exported(store, "solo")
