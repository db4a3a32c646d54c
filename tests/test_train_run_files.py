"""A training run's folder: what its readers find while it goes on, after a kill, and when another process comes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from model.errors import BadInput
from train.run_files import (
    RunFolder,
    is_alive,
    list_runs,
    read_log,
    read_plan,
    read_state,
    runs_folder,
)
from train.versions import installed_versions

PLAN = {"steps": 10, "sources": {"own:sum": 1.0}}


def begun(folder: Path, **changes: object) -> RunFolder:
    return RunFolder(folder, "grpo", PLAN | changes, steps=10, model="tiny", start="shipped", device="CPU, 1 thread")


def test_state_of_a_run_tells_its_step_and_how_it_ended(tmp_path: Path):
    run = begun(tmp_path / "a")
    run.reached(3)
    state = read_state(tmp_path / "a")
    assert (state.kind, state.name, state.status, state.step, state.steps) == ("grpo", "a", "going on", 3, 10)
    assert state.pid == os.getpid() and is_alive(state)
    run.end("stopped", "It was asked to stop.")
    assert (read_state(tmp_path / "a").status, read_state(tmp_path / "a").reason) == (
        "stopped",
        "It was asked to stop.",
    )
    assert read_plan(tmp_path / "a") == {**PLAN, "kind": "grpo"}


def test_state_has_the_versions_that_the_run_is_carried_out_with(tmp_path: Path):
    begun(tmp_path)
    assert read_state(tmp_path).versions == installed_versions()
    state = json.loads((tmp_path / "state.json").read_text("utf-8"))
    del state["versions"]
    (tmp_path / "state.json").write_text(json.dumps(state), "utf-8")
    assert read_state(tmp_path).versions == {}


def test_a_process_that_is_gone_or_another_with_its_number_is_not_alive(tmp_path: Path):
    state = begun(tmp_path).state
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert not is_alive(replace(state, pid=gone.pid))
    assert not is_alive(replace(state, process_started=state.process_started - 60))


def test_a_second_process_is_refused_while_the_first_carries_the_run_out(tmp_path: Path):
    program = (
        "import sys; from pathlib import Path; from train.run_files import RunFolder\n"
        f"RunFolder(Path({str(tmp_path)!r}), 'grpo', {PLAN!r}, steps=10, model='', start='', device='')"
    )
    run = begun(tmp_path)
    command = [sys.executable, "-c", program]
    second = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert "Another process carries out the run" in second.stderr
    run.end("stopped")
    assert subprocess.run(command, capture_output=True, cwd=Path(__file__).parents[1]).returncode == 0


def test_another_plan_in_the_same_folder_is_refused_and_names_what_differs(tmp_path: Path):
    begun(tmp_path).end("stopped")
    with pytest.raises(BadInput, match="differs in steps"):
        begun(tmp_path, steps=11)
    begun(tmp_path).end("stopped")


def test_a_run_goes_on_with_another_value_of_a_setting_that_may_change_and_the_plan_has_it(tmp_path: Path):
    begun(tmp_path).end("stopped")
    more = PLAN | {"steps": 11}
    go_on = partial(RunFolder, tmp_path, "grpo", steps=11, model="tiny", start="", device="", changeable=("steps",))
    go_on(plan=more).end("stopped")
    assert read_plan(tmp_path) == more | {"kind": "grpo"}
    with pytest.raises(BadInput, match=r"differs in learning_rate\)"):
        go_on(plan=more | {"learning_rate": 1.0})


def test_log_of_several_sittings_has_each_step_once_with_seconds_that_count_on(tmp_path: Path):
    lines = [
        {"step": 1, "seconds": 10.0, "reward": 0.1},
        {"step": 1, "seconds": 10.5, "held_out/pass": 0.5},
        {"step": 2, "seconds": 20.0, "reward": 0.2},
        {"step": 2, "seconds": 4.0, "reward": 0.3},
    ]
    file = tmp_path / "log.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 3, "sec', "utf-8")
    assert read_log(file) == [
        {"step": 1, "seconds": 10.5, "reward": 0.1, "held_out/pass": 0.5},
        {"step": 2, "seconds": 24.0, "reward": 0.3},
    ]


def test_going_on_from_a_checkpoint_forgets_what_came_after_it(tmp_path: Path):
    run = begun(tmp_path)
    for step in (1, 2, 3):
        run.log(step, {"reward": step / 10, "kl": float("nan")})
        run.keep_samples([{"step": step, "answer": "é\ud800"}])
    run.go_on_from(2)
    assert [line["step"] for line in read_log(tmp_path / "log.jsonl")] == [1, 2]
    assert "kl" not in read_log(tmp_path / "log.jsonl")[0], "what is no number is no point of a curve"
    assert [json.loads(line)["step"] for line in (tmp_path / "samples.jsonl").read_text("utf-8").splitlines()] == [1, 2]


def test_a_run_without_a_checkpoint_begins_anew(tmp_path: Path):
    run = begun(tmp_path)
    run.log(0, {"held_out/pass": 0.5})
    run.keep_samples([{"step": 1}])
    run.go_on_from(None)
    assert read_log(tmp_path / "log.jsonl") == [] and (tmp_path / "samples.jsonl").read_text("utf-8") == ""
    assert read_state(tmp_path).step == 0


def test_going_on_keeps_completions_with_any_line_separator_of_unicode(tmp_path: Path):
    run = begun(tmp_path)
    run.keep_samples([{"step": 1, "answer": "4\u2028\x85\x0b\r\u2029."}])
    run.go_on_from(1)
    (line,) = (tmp_path / "samples.jsonl").read_text("utf-8").strip().split("\n")
    assert json.loads(line) == {"step": 1, "answer": "4\u2028\x85\x0b\r\u2029."}


def test_why_a_run_failed_does_not_tell_where_it_lies(tmp_path: Path):
    with pytest.raises(FileNotFoundError), begun(tmp_path / "mine"):
        (tmp_path / "mine" / "weights").read_text()
    reason = read_state(tmp_path / "mine").reason
    assert "'weights'" in reason and str(tmp_path) not in reason and tmp_path.name not in reason


def test_seconds_of_a_run_are_those_of_all_its_sittings(tmp_path: Path):
    begun(tmp_path).end("stopped")
    state = json.loads((tmp_path / "state.json").read_text("utf-8"))
    (tmp_path / "state.json").write_text(json.dumps(state | {"seconds": 1000.0}), "utf-8")
    run = begun(tmp_path)
    run.log(1, {"reward": 1.0})
    assert read_state(tmp_path).seconds >= 1000 and read_log(tmp_path / "log.jsonl")[0]["seconds"] >= 1000
    assert read_state(tmp_path).started_at == state["started_at"]


def test_runs_are_listed_newest_first_and_other_folders_are_left_out(tmp_path: Path):
    folder = runs_folder(tmp_path)
    assert list_runs(folder) == []
    for name, started in (("old", "2026-01-01T00:00:00+00:00"), ("new", "2026-02-01T00:00:00+00:00")):
        begun(folder / name).end("ended")
        state = json.loads((folder / name / "state.json").read_text("utf-8"))
        (folder / name / "state.json").write_text(json.dumps(state | {"started_at": started}), "utf-8")
    (folder / "other").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "state.json").write_text("{", "utf-8")
    assert [state.name for state in list_runs(folder)] == ["new", "old"]


def test_a_run_that_ends_by_an_exception_says_which(tmp_path: Path):
    with pytest.raises(ValueError), begun(tmp_path):
        raise ValueError("no such token")
    assert (read_state(tmp_path).status, read_state(tmp_path).reason) == ("failed", "ValueError: no such token")
    with pytest.raises(KeyboardInterrupt), begun(tmp_path):
        raise KeyboardInterrupt
    assert read_state(tmp_path).status == "stopped"


def test_a_folder_without_a_run_is_refused_with_its_name(tmp_path: Path):
    with pytest.raises(BadInput, match="no training run"):
        read_state(tmp_path / "nothing")
