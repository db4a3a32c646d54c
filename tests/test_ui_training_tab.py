"""What the tab's script is told, over folders that a trainer wrote."""

from pathlib import Path
from typing import Any

import pytest

from tests.training_folders import begin_run, write_fine_tuning, write_run, write_step
from ui.training_runs import TrainingRuns
from ui.training_tab import TrainingTab


@pytest.fixture
def tab(tmp_path: Path) -> TrainingTab:
    return TrainingTab(TrainingRuns(tmp_path))


def look(tab: TrainingTab, **asked: Any) -> dict[str, Any]:
    told = tab.answer({"do": "look"} | asked)
    assert "error" not in told, told
    return told


def test_page_is_told_where_runs_would_lie(tab: TrainingTab, tmp_path: Path) -> None:
    told = look(tab)
    assert told["runs"] == [] and told["folder"] == str(tmp_path / "training")


def test_list_comes_again_only_when_it_has_changed(tab: TrainingTab, tmp_path: Path) -> None:
    write_run(tmp_path)
    first = look(tab)
    assert [each["name"] for each in first["runs"]] == ["first"]
    assert "runs" not in look(tab, stamp=first["stamp"])
    write_fine_tuning(tmp_path)
    assert {each["name"] for each in look(tab, stamp=first["stamp"])["runs"]} == {"first", "sft"}


def test_curves_come_again_only_when_the_log_has_grown(tab: TrainingTab, tmp_path: Path) -> None:
    run = begin_run(tmp_path, done=3)
    first = look(tab, name="first")["run"]
    assert first["detail"].startswith("step 3 of 20") and first["is_going"]
    assert [each["title"] for each in first["charts"]][:2] == [
        "Reward, and what each part adds",
        "Held-out problems solved",
    ]
    assert ["Learning rate", "2e-05", ""] in first["plan"]
    again = look(tab, name="first", log=first["log"])["run"]
    assert "charts" not in again and again["detail"] == first["detail"]
    write_step(run, 4, 20)
    grown = look(tab, name="first", log=first["log"])["run"]
    assert grown["charts"][0]["series"][0]["points"][-1][0] == 4
    assert grown["samples"] != first["samples"]
    run.end("ended")
    assert look(tab, name="first", log=grown["log"])["run"]["text"] == "Ended"


def test_last_completions_come_first_and_earlier_ones_on_demand(tab: TrainingTab, tmp_path: Path) -> None:
    write_run(tmp_path, done=12)
    first = tab.answer({"do": "samples", "name": "first"})
    assert [row[1] for row in first["rows"]] == [step for step in (12, 11, 10, 9, 8) for _ in range(4)]
    rest: list[Any] = []
    before = first["before"]
    while before is not None:
        told = tab.answer({"do": "samples", "name": "first", "before": before})
        rest, before = rest + told["rows"], told["before"]
    assert [row[1] for row in rest] == [step for step in range(7, 0, -1) for _ in range(4)]


def test_completions_are_filtered_by_outcome_and_opened(tab: TrainingTab, tmp_path: Path) -> None:
    write_run(tmp_path, done=3)
    rows = tab.answer({"do": "samples", "name": "first", "outcome": "wrong"})["rows"]
    assert [(row[1], row[4]) for row in rows] == [(3, "wrong"), (2, "wrong"), (1, "wrong")]
    opened = tab.answer({"do": "open", "name": "first", "place": rows[1][0]})
    assert (opened["question"], opened["reason"]) == ("How many are 2 and 1?", "1 is not 2.")
    assert "does not know" in tab.answer({"do": "samples", "name": "first", "outcome": "good"})["error"]


def test_log_is_taken_along_whole(tab: TrainingTab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_run(tmp_path)
    monkeypatch.setattr("ui.training_tab._PIECE_BYTES", 500)
    text, n_pieces = "", 0
    offset: int | None = 0
    while offset is not None:
        piece = tab.answer({"do": "file", "name": "first", "file": "log.jsonl", "offset": offset})
        text, offset, n_pieces = text + piece["text"], piece["next"], n_pieces + 1
    assert text == (folder / "log.jsonl").read_text("utf-8") and n_pieces > 1


def test_report_is_offered_when_there_is_one(tab: TrainingTab, tmp_path: Path) -> None:
    folder = write_run(tmp_path, done=1)
    assert not look(tab, name="first")["run"]["has_report"]
    (folder / "report.html").write_text("<h1>Report</h1>")
    assert look(tab, name="first")["run"]["has_report"]
    told = tab.answer({"do": "file", "name": "first", "file": "report.html"})
    assert told == {"text": "<h1>Report</h1>", "next": None}


def test_what_cannot_be_is_a_sentence(tab: TrainingTab, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_run(tmp_path, done=1)
    told = look(tab, name="gone")
    assert told["missing"] == "There is no training run 'gone'." and len(told["runs"]) == 1
    assert "no file" in tab.answer({"do": "file", "name": "first", "file": "state.json"})["error"]
    assert "Load it again" in tab.answer({"do": "dance"})["error"]
    assert "not foreseen" in tab.answer({"do": "open", "name": "first"})["error"] and "asked for" in caplog.text
