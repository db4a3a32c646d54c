"""The lists of past runs: what they show, and what a user does to one run or to many."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from model.events import AnswerDelta, Asked, Finished, ThinkingDelta
from model.export import export
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from model.stored_runs import ImportedRun
from ui.history import PAGE_ROWS, RAIL_ROWS, Change, History, words_to_find

DAY_SECONDS = 86_400


@pytest.fixture
def runs(settings: Settings) -> Iterator[Runs]:
    host = ModelHost(settings, ScriptedEngine([Turn("On and on {n}. ", "Never.", repeat=3000)], tokens_per_second=400))
    runs = Runs(Store(settings.data_folder), host, settings)
    yield runs
    runs.close()
    host.close()
    runs.store.close()


@pytest.fixture
def history(runs: Runs, tmp_path: Path) -> History:
    return History(runs, tmp_path / "files")


def put(runs: Runs, run_id: str, question: str = "", days_ago: float = 0.0, owner: str = "", **more: str) -> None:
    """A run that ended so many days ago."""
    at_ms = int((time.time() - days_ago * DAY_SECONDS) * 1000)
    said = (
        ThinkingDelta(more.get("thinking", "hm"), 1),
        AnswerDelta(more.get("answer", "yes"), 1),
        Finished("stop", 1, 1, 1),
    )
    events = [(at_ms, event) for event in (Asked(question or run_id), *said)]
    runs.store.insert([ImportedRun(run_id, None, "", at_ms / 1000, events)], owner)


def edit(history: History, action: str, *run_ids: str, query: str = "", owner: str = "", **more: Any) -> dict[str, Any]:
    picked = [{"run_id": run_id, "is_turn": bool(query)} for run_id in run_ids]
    values = {"action": action, "run_id": run_ids[0] if run_ids else "", "title": "", "picked": picked, **more}
    event: Any = SimpleNamespace(_data=values)
    return history.on_edit(query, owner, "", "UTC", event)


def take(history: History, form: str, *run_ids: str, **more: Any) -> tuple[dict[str, Any], str | None]:
    event: Any = SimpleNamespace(_data={"picked": [{"run_id": each} for each in run_ids], "form": form, **more})
    return history.on_take("", "", "", "UTC", event)


def ids(value: dict[str, Any]) -> list[str]:
    return [row["id"] for row in value["rows"]]


# What is shown.


def test_list_stands_under_pinned_today_yesterday_and_older_headings(runs: Runs, history: History) -> None:
    for run_id, days_ago in (("now", 0.0), ("yesterday", 1.0), ("old", 400.0), ("kept", 90.0)):
        put(runs, run_id, days_ago=days_ago)
    runs.store.pin("kept", True)
    rows = history.listed("", "", zone="UTC")["rows"]
    assert [row["id"] for row in rows] == ["kept", "now", "yesterday", "old"]
    assert [row["group"] for row in rows][:3] == ["Pinned", "Today", "Yesterday"]
    assert rows[3]["group"] == time.strftime("%B %Y", time.gmtime(time.time() - 400 * DAY_SECONDS))


def test_list_shows_one_page_and_more_when_it_is_asked_for(runs: Runs, history: History) -> None:
    for number in range(PAGE_ROWS + 5):
        put(runs, f"run-{number}", days_ago=number / 100)
    first = history.listed("", "")
    assert (len(first["rows"]), first["has_more"]) == (PAGE_ROWS, True)
    second = edit(history, "more", shown=2 * PAGE_ROWS)
    assert (len(second["rows"]), second["has_more"]) == (PAGE_ROWS + 5, False)
    assert len(history.rail("", "")["rows"]) == RAIL_ROWS


def test_list_of_nothing_is_a_sentence_and_so_is_a_search_without_a_hit(runs: Runs, history: History) -> None:
    assert "Nothing has been asked yet" in history.listed("", "")["empty"]
    put(runs, "a")
    value = history.listed("zebra", "")
    assert value["rows"] == [] and "No run holds all of these words" in value["empty"]


def test_search_hit_says_where_it_was_found_and_what_to_look_for_there(runs: Runs, history: History) -> None:
    put(runs, "t", thinking="I see a blue whale there.")
    put(runs, "q", "Is a whale a fish?")
    by_id = {row["id"]: row for row in history.listed("whale", "")["rows"]}
    assert by_id["t"]["found"] == "Found in the thinking" and by_id["q"]["found"] == "Found in the question"
    assert "\x02whale\x03" in by_id["t"]["snippet"]
    assert by_id["t"]["words"] == ["whale"]
    assert history.listed("whale", "")["state"] == "2 runs hold all of these words."


def test_words_to_find_begin_with_what_was_typed() -> None:
    assert words_to_find("blue whale", "a \x02whale\x03 so \x02blue\x03") == ["blue whale", "whale", "blue"]


def test_rail_marks_the_conversation_of_the_run_on_the_page(runs: Runs, history: History) -> None:
    put(runs, "first")
    runs.store.create("second", Asked("And then?"), parent_id="first")
    assert history.rail("", "second/12345/4×")["current"] == "first"
    assert history.rail("", "nosuchrun/1")["current"] == ""


def test_conversation_whose_later_turn_goes_on_is_said_to_go_on(runs: Runs, history: History) -> None:
    put(runs, "first")
    run_id = runs.start("more", parent_id="first")
    (row,) = history.listed("", "")["rows"]
    assert row["is_live"] and "going on" in row["detail"]
    runs.stop(run_id)


# What is changed.


def test_history_renames_pins_deletes_and_restores(runs: Runs, history: History) -> None:
    put(runs, "one")
    assert edit(history, "rename", "one", title="New name")["rows"][0]["title"] == "New name"
    assert edit(history, "pin", "one")["rows"][0]["group"] == "Pinned"
    deleted = edit(history, "delete", "one", title="New name")
    assert (deleted["rows"], deleted["undo"]["words"]) == ([], "Deleted “New name”.")
    restored = edit(history, "restore", *[each["run_id"] for each in deleted["undo"]["picked"]])
    assert ids(restored) == ["one"] and restored["is_restored"]


def test_many_are_deleted_and_one_undo_brings_all_back_whatever_is_searched_meanwhile(
    runs: Runs, history: History
) -> None:
    for run_id in ("a", "b", "c"):
        put(runs, run_id)
    deleted = edit(history, "delete", "a", "c")
    assert ids(deleted) == ["b"] and deleted["undo"]["words"] == "Deleted 2 runs."
    assert history.listed("zebra", "")["rows"] == []
    restored = edit(history, "restore", *[each["run_id"] for each in deleted["undo"]["picked"]], query="a")
    assert restored["is_restored"] and sorted(ids(history.listed("", ""))) == ["a", "b", "c"]


def test_turns_deleted_together_with_the_one_before_them_come_back_whole(runs: Runs, history: History) -> None:
    put(runs, "first")
    runs.store.create("second", Asked("And then?"), parent_id="first")
    runs.store.append("second", [Finished("stop")])
    deleted = edit(history, "delete", "second", "first", query="then")
    assert deleted["note"] == "" and runs.store.rows() == []
    edit(history, "restore", *[each["run_id"] for each in deleted["undo"]["picked"]])
    assert [row.id for row in runs.store.conversation("second")] == ["first", "second"]


def test_run_that_goes_on_stays_when_others_beside_it_are_deleted(runs: Runs, history: History) -> None:
    put(runs, "done")
    live = runs.start("go")
    deleted = edit(history, "delete", "done", live)
    assert ids(deleted) == [live] and "still going on" in deleted["note"]
    assert [each["run_id"] for each in deleted["undo"]["picked"]] == ["done"]
    runs.stop(live)


def test_history_of_one_visitor_is_neither_changed_nor_brought_back_by_another(runs: Runs, history: History) -> None:
    put(runs, "hers", owner="ann")
    for action in ("rename", "pin", "delete"):
        assert "cannot be changed here" in edit(history, action, "hers", owner="bob", title="x")["note"]
    assert ids(history.listed("", "ann")) == ["hers"] and ids(history.listed("", "bob")) == []
    edit(history, "delete", "hers", owner="ann")
    assert "There is no run" in edit(history, "restore", "hers", owner="bob")["note"]
    assert ids(history.listed("", "ann")) == []


@pytest.mark.parametrize("sent", [None, [], "x", {"picked": 3}, {"picked": [3, None]}, {"form": "../x", "shown": "9"}])
def test_change_reads_whatever_a_page_sends(sent: object) -> None:
    event: Any = SimpleNamespace(_data=sent)
    change = Change.of(event)
    assert (change.form, change.rows, change.picked) == ("markdown", PAGE_ROWS, ())


# What is taken along.


@pytest.mark.parametrize(("form", "ending"), [("markdown", ".md"), ("json_lines", ".jsonl"), ("html", ".html")])
def test_picked_runs_are_written_into_one_file(runs: Runs, history: History, form: str, ending: str) -> None:
    for run_id in ("a", "b", "c"):
        put(runs, run_id, answer=f"answer {run_id}", thinking=f"thinking {run_id}")
    _, path = take(history, form, "a", "c")
    assert path and Path(path).name == f"2-conversations{ending}"
    text = Path(path).read_text("utf-8")
    assert "answer a" in text and "answer c" in text and "answer b" not in text and "thinking a" in text
    _, path = take(history, form, "a", with_thinking=False)
    assert path and Path(path).name == f"a{ending}" and "thinking a" not in Path(path).read_text("utf-8")


def test_file_of_runs_that_are_gone_is_none_and_a_sentence(runs: Runs, history: History) -> None:
    value, path = take(history, "markdown", "nosuchrun")
    assert path is None and "None of the runs picked" in value["note"]


def test_json_lines_of_many_are_imported_again_as_the_same_runs(runs: Runs, history: History) -> None:
    for run_id in ("a", "b"):
        put(runs, run_id)
    _, path = take(history, "json_lines", "a", "b")
    before = {run_id: runs.store.timed_events(run_id) for run_id in ("a", "b")}
    assert history.on_import(path, "", "ann", "", "")["note"] == "Imported 2 runs."
    copies = runs.store.rows("ann")
    assert sorted(row.question for row in copies) == ["a", "b"]
    assert all(runs.store.timed_events(row.id) == before[row.question] for row in copies)


def test_history_takes_an_export_back_and_says_what_is_wrong_with_another_file(
    runs: Runs, history: History, tmp_path: Path
) -> None:
    put(runs, "one")
    path = tmp_path / "runs.jsonl"
    path.write_text(export(runs.store, "one", "json_lines"), "utf-8")
    assert history.on_import(str(path), "", "", "", "")["note"] == "Imported 1 run."
    path.write_text("nonsense", "utf-8")
    assert "line 1" in history.on_import(str(path), "", "", "", "")["note"].lower()
