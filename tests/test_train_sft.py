import json
import shutil
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from model.embedded import prepare_embedded
from model.errors import ModelLoadFailed
from train.held_out import held_out_problems
from train.rows import IGNORED, sample_of
from train.sft import Plan, adapted, collate, completion_loss, last_checkpoint, main, train, training_batches
from train.traces import is_held_out, traces

ROOT = Path(__file__).resolve().parent.parent
PLAN = Plan(tokens=8 * 4 * 320, without="gym")
PLAIN_TASKS = ("sum", "two_step", "gcd")

pytestmark = [
    pytest.mark.model,
    # PEFT asks the model by the older name.
    pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning"),
]


@pytest.fixture(scope="module")
def base(shared_data_folder, tmp_path_factory):
    """A random model of 2 small layers with the embedded model's tokenizer."""
    try:
        embedded = prepare_embedded(shared_data_folder, lambda *_: None)
    except ModelLoadFailed as error:
        pytest.skip(f"the embedded weights are not here: {error}")
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 2, "num_key_value_heads": 1}
    config = LlamaConfig(vocab_size=49_152, num_hidden_layers=2, tie_word_embeddings=True, **shape)
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    for file in embedded.glob("*token*"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(base):
    return AutoTokenizer.from_pretrained(base)


def run_of(folder: Path, base: Path, *more: str) -> subprocess.Popen[bytes]:
    options = ["--tokens", str(PLAN.tokens), "--without", "gym", "--ask-steps", "8", "--problems", "4", *more]
    command = [sys.executable, "-m", "train.sft", "--base", str(base), "--out", str(folder), *options]
    with (folder.parent / "sft.log").open("ab") as log:
        return subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)


def steps_logged(folder: Path) -> list[int]:
    file = folder / "log.jsonl"
    return [json.loads(line)["step"] for line in file.read_text().splitlines()] if file.exists() else []


# The trainer's own; in a process of its own it would print them.
@pytest.mark.filterwarnings("ignore")
def test_training_goes_on_after_a_kill_from_its_last_checkpoint(base, tmp_path, capsys):
    folder = tmp_path / "run"
    first = run_of(folder, base, "--save-minutes", "0")
    deadline = time.monotonic() + 600
    while not list(folder.glob("checkpoint-[3-7]")) and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    kept = last_checkpoint(folder)
    assert kept is not None and not (folder / "adapter").exists(), (tmp_path / "sft.log").read_text()[-2000:]
    # In this process, which has loaded the libraries already.
    train(PLAN, base, folder, save_minutes=10, ask_steps=8, problems=4)
    assert (folder / "adapter" / "adapter_model.safetensors").stat().st_size > 0
    began_at = int(kept.name.split("-")[1])
    state = json.loads(
        (max(folder.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime) / "trainer_state.json").read_text()
    )
    assert state["global_step"] >= began_at
    assert 8 in steps_logged(folder) and f"Going on from step {began_at}." in capsys.readouterr().out


def test_another_plan_in_the_same_folder_is_refused(base, tmp_path, monkeypatch, capsys):
    (tmp_path / "plan.json").write_text(json.dumps({"tokens": 5}))
    monkeypatch.setattr(sys, "argv", ["sft", "--base", str(base), "--out", str(tmp_path)])
    assert main() == 2
    assert "holds a run of another plan (it differs in tokens" in capsys.readouterr().err


def test_last_checkpoint_is_the_newest_whole_one_and_half_written_ones_go(tmp_path):
    assert last_checkpoint(tmp_path) is None
    for step, state in ((9, '{"global_step": 9}'), (30, '{"global_'), (100, None)):
        checkpoint = tmp_path / f"checkpoint-{step}"
        checkpoint.mkdir()
        if state is not None:
            (checkpoint / "trainer_state.json").write_text(state)
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-9"
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-9"]


def test_no_held_out_problem_is_in_the_training_rows_and_all_asked_ones_are_held_out(tokenizer):
    batches = list(islice(training_batches(tokenizer, PLAN), 150))
    rows = [row for batch in batches for row in batch]
    assert {len(batch) for batch in batches} == {4, 3}, "short rows by four, long ones by three"
    assert all(len(row.ids) <= PLAN.row_tokens for batch in batches if len(batch) == 4 for row in batch)
    assert all(len(set(row.positions)) == len(row.ids) for batch in batches if len(batch) == 3 for row in batch)
    problems = held_out_problems(50, seed=3, tasks=PLAIN_TASKS)
    assert all(is_held_out(trace.key) for trace in problems)
    assert len({trace.key for trace in problems}) == 50
    trained = tokenizer.decode([token for row in rows for token in row.ids])
    assert "</think>" in trained and "<tool_call>" in trained


def test_loss_of_packed_rows_is_the_loss_of_their_samples_one_by_one(base, tokenizer):
    model = adapted(LlamaForCausalLM.from_pretrained(base, dtype=torch.float32), PLAN)
    samples = [sample_of(tokenizer, next(traces(task, "train", 1))) for task in PLAIN_TASKS]
    packed = {
        "input_ids": [[token for sample in samples for token in sample.ids]],
        "labels": [[label for sample in samples for label in (IGNORED, *sample.labels[1:])]],
        "position_ids": [[position for sample in samples for position in range(len(sample.ids))]],
    }
    together = completion_loss(model.get_base_model(), collate([packed], pad_id=0))
    losses, learned = [], 0
    for sample in samples:
        labels = torch.tensor([sample.labels])
        logits = model(input_ids=torch.tensor([sample.ids]), use_cache=False).logits
        losses.append(torch.nn.functional.cross_entropy(logits[0, :-1], labels[0, 1:], reduction="sum"))
        learned += int((labels[0, 1:] != IGNORED).sum())
    assert together.item() == pytest.approx(sum(losses).item() / learned, rel=1e-4)


def test_collate_pads_to_the_longest_row_and_learns_nothing_of_the_padding():
    rows = {"input_ids": [[5], [6, 7, 8]], "labels": [[5], [IGNORED, 7, 8]], "position_ids": [[0], [0, 1, 2]]}
    batch = collate([rows], pad_id=2)
    assert batch["input_ids"].tolist() == [[5, 2, 2], [6, 7, 8]]
    assert batch["labels"].tolist() == [[5, IGNORED, IGNORED], [IGNORED, 7, 8]]
    assert batch["position_ids"].tolist()[0] == [0, 0, 1]
