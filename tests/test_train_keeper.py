"""The keeper of a run: when it saves, when it asks, and what it writes down of a step."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from train.curriculum import Curriculum
from train.keeper import CURRICULUM, OutcomeKeeper
from train.run_files import RunFolder, read_log, read_state


class Played:
    """A trainer's steps, played to a keeper."""

    def __init__(self, folder: Path, steps: int, ask_every: int, save_seconds: float = 1e9) -> None:
        self.run = RunFolder(folder, "grpo", {}, steps=steps, model="", start="", device="")
        self.asked_at: list[int] = []
        self.stops = False
        self.state = SimpleNamespace(global_step=0, max_steps=steps)
        self.arguments = SimpleNamespace(output_dir=str(folder))
        self.curriculum = Curriculum({"gym:gcd": 3}, levels={"gym:gcd": 2})
        self.keeper = OutcomeKeeper(
            self.run,
            self.curriculum,
            self.ask,
            ask_every=ask_every,
            save_seconds=save_seconds,
            should_stop=lambda: self.stops,
        )

    def ask(self) -> dict[str, float]:
        self.asked_at.append(self.state.global_step)
        return {"held_out/pass": 0.5, "asked/pass": 4.0}

    def step(self, **logs: Any) -> SimpleNamespace:
        self.state.global_step += 1
        control = SimpleNamespace(should_save=False, should_training_stop=False)
        self.keeper.on_step_end(self.arguments, self.state, control)
        self.keeper.on_log(self.arguments, self.state, control, logs={"loss": 0.1, **logs})
        return control


@pytest.mark.parametrize(("every", "asked"), [(2, [0, 2, 4, 5]), (0, [0, 5])])
def test_held_out_problems_are_asked_at_the_first_and_the_last_step_and_between(
    tmp_path: Path, every: int, asked: list[int]
):
    played = Played(tmp_path, 5, every)
    played.keeper.on_train_begin(played.arguments, played.state, None)
    for _ in range(5):
        played.step()
    assert played.asked_at == asked
    assert [line["step"] for line in read_log(tmp_path / "log.jsonl") if "held_out/pass" in line] == asked


def test_a_run_that_goes_on_asks_nothing_before_its_first_step(tmp_path: Path):
    played = Played(tmp_path, 5, 0)
    played.state.global_step = 3
    played.keeper.on_train_begin(played.arguments, played.state, None)
    assert played.asked_at == []


def test_a_checkpoint_is_wanted_by_the_clock_at_the_end_and_at_a_stop(tmp_path: Path):
    never = Played(tmp_path / "a", 3, 0)
    assert [never.step().should_save for _ in range(3)] == [False, False, True]
    always = Played(tmp_path / "b", 3, 0, save_seconds=-1)
    assert always.step().should_save
    stopped = Played(tmp_path / "c", 3, 0)
    stopped.stops = True
    control = stopped.step()
    assert control.should_save and control.should_training_stop and stopped.asked_at == []


def test_a_step_is_written_down_with_what_is_of_this_project(tmp_path: Path):
    played = Played(tmp_path, 3, 0)
    played.step(reward=0.25, kl=0.01, **{"reward/format": -0.1, "clip_ratio/low_mean": 0.0, "epoch": 1.0})
    (line,) = read_log(tmp_path / "log.jsonl")
    assert (line["reward"], line["reward/format"], line["kl"], line["loss"]) == (0.25, -0.1, 0.01, 0.1)
    assert "step_seconds" in line and not {"clip_ratio/low_mean", "epoch"} & set(line)
    assert read_state(tmp_path).step == 1


def test_levels_are_there_before_the_trainer_has_written_a_checkpoint(tmp_path: Path):
    assert Played(tmp_path, 3, 0, save_seconds=0.0).step().should_save
    again = Curriculum({"gym:gcd": 3})
    again.set_state(json.loads((tmp_path / "checkpoint-1" / CURRICULUM).read_text("utf-8")))
    assert again.levels == {"gym:gcd": 2}
