"""A run of outcome-reward training on the real embedded model, small: its rewards reach the weights, and it goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from model.catalog import find_model
from model.embedded import SHIPPED_ADAPTER, prepare_embedded
from model.errors import BadInput, ModelLoadFailed
from model.loading import load_model
from train.grpo import train
from train.plans import Plan
from train.run_files import read_log, read_state
from train.sft import last_checkpoint

ROOT = Path(__file__).resolve().parent.parent
STEPS, PROMPTS, GROUP = 3, 2, 4
# Lengths differ even where all answers are right, so every step teaches something.
SETTINGS = {
    "steps": STEPS,
    "prompts": PROMPTS,
    "group": GROUP,
    "rows": 4,
    "max_new_tokens": 64,
    "slots": 8,
    "learning_rate": 1e-4,
    "warmup_steps": 0,
    "held_out": 4,
    "held_out_every": 0,
    "save_minutes": 0.0,
}
PLAN = Plan(
    sources={"own:compare": 1.0, "own:signed": 1.0, "gym:chain_sum": 1.0},
    weights={"outcome": 1.0, "format": 0.2, "length": 0.2, "length_free": 0.0},
    **SETTINGS,  # type: ignore[arg-type]
)

pytestmark = [
    pytest.mark.model,
    pytest.mark.filterwarnings("ignore:.*gradient_checkpointing.*is deprecated:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Could not find a config file:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]


@pytest.fixture(scope="module")
def data_folder_with_model(shared_data_folder: Path) -> Path:
    try:
        prepare_embedded(shared_data_folder, lambda *_: None)
    except ModelLoadFailed as error:
        pytest.skip(f"the embedded weights are not here: {error}")
    return shared_data_folder


def plan_file(folder: Path) -> Path:
    lines = [f"{name} = {json.dumps(value)}" for name, value in SETTINGS.items()]
    for table in ("sources", "weights"):
        lines += [f"[{table}]", *(f'"{name}" = {value}' for name, value in getattr(PLAN, table).items())]
    file = folder / "toy.toml"
    file.write_text("\n".join(lines), "utf-8")
    return file


def begun(folder: Path, data_folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "train.grpo", "--config", str(plan_file(folder.parent)), "--out", str(folder)]
    environment = {**os.environ, "WORKINGS_DATA": str(data_folder), "OMP_NUM_THREADS": "1"}
    with (folder.parent / "grpo.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True, env=environment)


def wait_for_checkpoint(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 600
    while not list(folder.glob("checkpoint-*/trainer_state.json")):
        assert process.poll() is None and time.monotonic() < deadline, (folder.parent / "grpo.log").read_text()[-3000:]
        time.sleep(0.05)


# The trainer's own warnings; in a process of its own it would print them.
@pytest.mark.filterwarnings("ignore")
def test_a_run_goes_on_after_a_kill_and_ends_with_an_adapter_that_the_app_loads(
    data_folder_with_model: Path, tmp_path: Path
):
    folder = tmp_path / "run"
    process = begun(folder, data_folder_with_model)
    wait_for_checkpoint(folder, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert last_checkpoint(folder) is not None and not (folder / "adapter").exists()
    # In this process, which has loaded the libraries already.
    assert train(PLAN, folder, data_folder_with_model, "hub") == "ended"
    assert read_state(folder).status == "ended" and read_state(folder).step == STEPS
    log = read_log(folder / "log.jsonl")
    assert [line["step"] for line in log] == list(range(STEPS + 1))
    assert log[0]["asked/pass"] == log[-1]["asked/pass"] == 4 and "held_out/pass" in log[-1]
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text("utf-8").splitlines()]
    assert len(samples) == STEPS * PROMPTS * GROUP
    told_of_samples_and_log_agree(samples, log)
    assert_adapter_moved_and_is_loaded(folder / "adapter", data_folder_with_model)
    assert "trained by" in (folder / "adapter" / "README.md").read_text("utf-8")
    assert f"All {STEPS} steps are done." in (folder / "report.html").read_text("utf-8")
    with pytest.raises(BadInput, match="another plan"):
        train(Plan(steps=4, sources={"own:compare": 1.0}), folder, data_folder_with_model, "hub")


def told_of_samples_and_log_agree(samples: list[dict[str, Any]], log: list[dict[str, Any]]) -> None:
    for line in log[1:]:
        of_step = [sample for sample in samples if sample["step"] == line["step"]]
        rewards = [sample["reward"] for sample in of_step]
        assert line["reward"] == pytest.approx(sum(rewards) / len(rewards), abs=1e-3)
        assert line["correct"] == sum(sample["outcome"] == "correct" for sample in of_step) / len(of_step)
        assert line["truncated"] == sum(sample["truncated"] for sample in of_step) / len(of_step)
        numbers = {sample["number"] for sample in of_step}
        assert numbers == set(range((line["step"] - 1) * PROMPTS, line["step"] * PROMPTS)), "none twice, none left out"
        for number in numbers:
            group = [sample for sample in of_step if sample["number"] == number]
            assert len(group) == GROUP and len({sample["key"] for sample in group}) == 1
            # The better one is learned, the worse one unlearned.
            best, worst = max(group, key=lambda each: each["reward"]), min(group, key=lambda each: each["reward"])
            assert best["advantage"] >= 0 >= worst["advantage"]


def assert_adapter_moved_and_is_loaded(adapter: Path, data_folder: Path) -> None:
    before = load_file(SHIPPED_ADAPTER / "adapter_model.safetensors")
    after = load_file(adapter / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    assert any(bool((before[name].float() != after[name].float()).any()) for name in before)
    loaded = load_model(
        find_model("smollm2-135m"), adapter=str(adapter), data_folder=data_folder, on_progress=lambda _: None
    )
    assert loaded.weight_bytes > 0


def test_a_run_that_is_asked_to_stop_says_so_and_keeps_its_step(data_folder_with_model: Path, tmp_path: Path):
    folder = tmp_path / "run"
    process = begun(folder, data_folder_with_model)
    wait_for_checkpoint(folder, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait(600) == 1
    state = read_state(folder)
    checkpoint = last_checkpoint(folder)
    assert state.status == "stopped" and "the same command goes on" in state.reason
    assert checkpoint is not None and checkpoint.name == f"checkpoint-{state.step}"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        pytest.param(["--config", "nothing"], "There is no plan 'nothing'", id="plan"),
        pytest.param(["--set", "sources=1"], "must be a table of numbers", id="table"),
        pytest.param(["--steps", "0"], "steps is 0", id="steps"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(more: list[str], words: str, tmp_path: Path):
    command = [sys.executable, "-m", "train.grpo", "--out", str(tmp_path / "run"), *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
