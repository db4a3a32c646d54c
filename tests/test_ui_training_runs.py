"""A data folder is looked into for its training runs, and into nothing beside them."""

import json
from pathlib import Path

import pytest

from model.errors import BadInput
from tests.training_folders import begin_run, write_run, write_step
from ui.training_runs import TrainingRuns


def test_newest_run_is_listed_first_with_how_it_stands(tmp_path: Path) -> None:
    write_run(tmp_path, "old")
    going = begin_run(tmp_path, "new")
    for name, second in (("old", 1), ("new", 2)):
        path = tmp_path / "training" / name / "state.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"started_at": f"2026-01-01T00:00:0{second}+00:00"}))
    listed = TrainingRuns(tmp_path).listed()
    assert [(state.name, status) for state, status in listed] == [("new", "going on"), ("old", "ended")]
    going.end("stopped")


def test_run_whose_process_is_gone_is_interrupted(tmp_path: Path) -> None:
    begin_run(tmp_path, "gone")
    path = tmp_path / "training" / "gone" / "state.json"
    # No process has this number: Linux ends at 2^22.
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": 2**30}))
    assert TrainingRuns(tmp_path).state("gone")[1] == "interrupted"


def test_folder_without_runs_is_empty(tmp_path: Path) -> None:
    assert TrainingRuns(tmp_path).listed() == []
    (tmp_path / "training" / "else").mkdir(parents=True)
    assert TrainingRuns(tmp_path).listed() == []


def test_log_that_has_grown_is_read_again(tmp_path: Path) -> None:
    run = begin_run(tmp_path, done=2)
    runs = TrainingRuns(tmp_path)
    assert [each["step"] for each in runs.log("first")] == [1, 2]
    assert runs.log("first") is runs.log("first")
    write_step(run, 3, 20)
    assert [each["step"] for each in runs.log("first")] == [1, 2, 3]
    run.end("ended")


def test_run_that_has_only_begun_has_no_log_and_no_completions(tmp_path: Path) -> None:
    run = begin_run(tmp_path)
    runs = TrainingRuns(tmp_path)
    assert runs.log("first") == [] and runs.samples("first", 5).samples == ()
    assert runs.plan("first")["learning_rate"] == 2e-05
    run.end("ended")


@pytest.mark.parametrize("name", ["../outside", "..", ".", "", "none", "/etc", "first/..", "first/checkpoint-1"])
def test_names_reach_no_folder_beside_the_runs(tmp_path: Path, name: str) -> None:
    folder = write_run(tmp_path, done=1)
    (tmp_path / "outside").mkdir()
    (folder / "checkpoint-1").mkdir()
    for copied in (tmp_path / "outside", tmp_path / "training", folder / "checkpoint-1"):
        (copied / "state.json").write_bytes((folder / "state.json").read_bytes())
    with pytest.raises(BadInput, match="There is no training run"):
        TrainingRuns(tmp_path).state(name)


def test_only_what_is_meant_for_it_is_taken_along(tmp_path: Path) -> None:
    write_run(tmp_path, done=1)
    runs = TrainingRuns(tmp_path)
    assert runs.file("first", "log.jsonl").is_file()
    for file in ("report.html", "state.json", "../first/log.jsonl"):
        with pytest.raises(BadInput, match="no file"):
            runs.file("first", file)


def test_completion_that_is_not_there_any_more_is_told(tmp_path: Path) -> None:
    write_run(tmp_path, done=1)
    with pytest.raises(BadInput, match="not there any more"):
        TrainingRuns(tmp_path).sample("first", 3)


def test_strangers_are_not_told_where_things_lie(tmp_path: Path) -> None:
    folder = write_run(tmp_path, done=1)
    plan = {"kind": "grpo", "start": "/home/ann/own", "sources": {"file:/home/ann/mine.jsonl": 1}, "beta": 0.1}
    (folder / "plan.json").write_text(json.dumps(plan))
    hosted = TrainingRuns(tmp_path, is_hosted=True)
    assert hosted.place == "training" and TrainingRuns(tmp_path).place == str(tmp_path / "training")
    assert hosted.plan("first") == {"kind": "grpo", "start": "own", "sources": {"file:mine.jsonl": 1}, "beta": 0.1}
    assert TrainingRuns(tmp_path).plan("first") == plan
