"""Training runs as scripts see them."""

import asyncio
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.training_folders import begin_run, write_run
from ui.training_endpoints import TrainingEndpoints
from ui.training_runs import TrainingRuns


def run_of(folder: Path, **arguments: Any) -> dict[str, Any]:
    return asyncio.run(TrainingEndpoints(TrainingRuns(folder)).training_run(**arguments))


def test_runs_are_listed_with_how_they_stand(tmp_path: Path) -> None:
    write_run(tmp_path, status="failed", reason="The disk is full.")
    listed = asyncio.run(TrainingEndpoints(TrainingRuns(tmp_path)).training_runs())["runs"]
    assert [(each["name"], each["status"], each["step"], each["steps"]) for each in listed] == [
        ("first", "failed", 20, 20)
    ]
    assert listed[0]["reason"] == "The disk is full." and "pid" not in listed[0]


def test_one_run_has_its_plan_log_and_last_completions(tmp_path: Path) -> None:
    write_run(tmp_path, done=5)
    told = run_of(tmp_path, name="first", samples=3)
    assert told["run"]["model"] == "smollm2-135m" and told["plan"]["learning_rate"] == 2e-05
    assert [each["step"] for each in told["log"]] == [1, 2, 3, 4, 5]
    assert told["log"][4]["held_out/pass"] == pytest.approx(0.375) and told["log"][4]["length"] == pytest.approx(375)
    assert [(each["step"], each["outcome"]) for each in told["samples"]] == [
        (5, "open"),
        (5, "undecided"),
        (5, "wrong"),
    ]


def test_script_that_follows_a_run_asks_for_what_is_new(tmp_path: Path) -> None:
    run = begin_run(tmp_path, done=4)
    told = run_of(tmp_path, name="first", since=2, samples=0)
    assert [each["step"] for each in told["log"]] == [3, 4] and told["samples"] == []
    assert told["run"]["status"] == "going on"
    run.end("stopped")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "gone"}, "There is no training run 'gone'"),
        ({"name": "../first"}, "There is no training run"),
        ({"name": 3}, "name is a number, 3"),
        ({"name": "first", "since": -1}, "since is a number, -1"),
        ({"name": "first", "samples": 201}, "samples is a number, 201"),
    ],
)
def test_wrong_arguments_are_told_in_a_sentence(tmp_path: Path, arguments: dict[str, Any], words: str) -> None:
    write_run(tmp_path, done=1)
    with pytest.raises(gr.Error, match=words):
        run_of(tmp_path, **arguments)
