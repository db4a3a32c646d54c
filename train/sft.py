"""Traces in, a LoRA adapter out: supervised fine-tuning with TRL and PEFT, on a CPU or a GPU.

`python -m train.sft --tokens 2000000` trains the embedded model and writes the adapter, its log and its checkpoints to
one folder; the same command again goes on where it was stopped or killed.
"""

import argparse
import importlib.util
import json
import os
import random
import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

from model.device import device_name
from model.embedded import prepare_embedded
from model.errors import BadInput
from model.settings import settings_from_environment
from train.held_out import ask_all, held_out_problems, pass_rates
from train.mixes import trained_shares
from train.precision import autocast_for, training_dtype
from train.rows import IGNORED, POOL, Row, Sample, pack, sample_of, varied
from train.run_files import RunFolder, runs_folder
from train.stopping import INTERRUPTED, STOPPED, Stopping
from train.traces import is_held_out, mixture

# What the trainer measures that is kept.
_LOGGED = ("loss", "learning_rate", "grad_norm")
# About what part of a batch is learned, so that losses read as means.
LEARNED_SHARE = 0.65


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides the result; written beside the adapter.

    Attributes:
        tokens: Tokens to train on, prompts included.
        row_tokens: What a row is filled to; a longer trace gets a row of its own. Attention costs the square of a
            row's length, so short ones are faster: 313 against 243 tokens a second with 320 against 640 tokens.
        rows: Rows in a batch, or one less of the long ones.
        rank: Of the LoRA matrices; `alpha` is twice as much.
        learning_rate: The highest; it falls to a tenth by a cosine.
        seed: Of the traces and of the initial matrices.
        without: Tasks that are left out, with commas between them.
        only: Tasks that are trained, all others left out; all of them when empty.
        start: Folder of an adapter to go on from; a fresh one when empty.
    """

    tokens: int = 1_500_000
    row_tokens: int = 320
    rows: int = 4
    rank: int = 32
    learning_rate: float = 1e-3
    warmup_steps: int = 40
    seed: int = 1
    without: str = ""
    only: str = ""
    start: str = ""

    @property
    def shares(self) -> dict[str, float]:
        """The shares of the tasks that are trained, the hard ones with emphasis.

        Raises:
            BadInput: If there is no such task.
        """
        shares = trained_shares(self.without.split(","))
        wanted = [task for task in self.only.split(",") if task]
        if unknown := [task for task in wanted if task not in shares]:
            raise BadInput(f"There is no task {unknown[0]!r} to train. There are: {', '.join(shares)}.")
        return {task: shares[task] for task in wanted} if wanted else shares

    @property
    def steps(self) -> int:
        """Optimiser steps, one a batch."""
        return self.tokens // (self.row_tokens * self.rows)


class CompletionTrainer(SFTTrainer):  # type: ignore[misc]
    """TRL's trainer, with the LM head computed only where a token is learned: two thirds of its work are saved."""

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Mean cross entropy of the learned tokens; `inputs` are (rows, tokens)."""
        loss = completion_loss(self.accelerator.unwrap_model(model).get_base_model(), inputs)
        # Every learned token of the run counts alike: a batch of tool traces has a third of the usual ones.
        n_learned = int((inputs["labels"][:, 1:] != IGNORED).sum())
        loss = loss * (n_learned / (LEARNED_SHARE * inputs["labels"].numel()))
        return (loss, None) if return_outputs else loss


def completion_loss(causal: Any, inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross entropy of the learned tokens of `inputs` (rows, tokens); the LM head sees only their positions."""
    labels = inputs["labels"][:, 1:]
    is_learned = labels != IGNORED
    logits = wanted_logits(causal, is_learned, input_ids=inputs["input_ids"], position_ids=inputs["position_ids"])
    return torch.nn.functional.cross_entropy(logits.float(), labels[is_learned])


def wanted_logits(causal: Any, is_wanted: torch.Tensor, **inputs: torch.Tensor) -> torch.Tensor:
    """What the model expects where `is_wanted` (rows, tokens - 1) marks the next token; (wanted tokens, vocabulary)."""
    with autocast_for(causal):
        hidden = causal.model(**inputs, use_cache=False).last_hidden_state  # (rows, tokens, width)
        logits: torch.Tensor = causal.lm_head(hidden[:, :-1][is_wanted])
    return logits


class Keeper(TrainerCallback):  # type: ignore[misc]
    """Saves by the clock, asks held-out problems every so many steps, writes the log, ends the run when asked to."""

    def __init__(
        self, run: RunFolder, tokenizer: Any, save_seconds: float, ask_steps: int, problems: int, stopping: Stopping
    ) -> None:
        self._run = run
        self._tokenizer = tokenizer
        self._save_seconds = save_seconds
        self._ask_steps = ask_steps
        self._problems = held_out_problems(problems, seed=0) if ask_steps else []
        self._stopping = stopping
        self._saved_at = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Save when it is time, and when the run is to end; ask when it is time."""
        if self._stopping():
            control.should_save = control.should_training_stop = True
        elif time.monotonic() - self._saved_at > self._save_seconds:
            control.should_save = True
            self._saved_at = time.monotonic()
        if self._ask_steps and state.global_step % self._ask_steps == 0 and not self._stopping():
            rates = pass_rates(ask_all(model, self._tokenizer, self._problems))
            self._run.log(state.global_step, {f"held_out/{task}": rate for task, rate in rates.items()})
        self._run.reached(state.global_step)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Keep what the trainer measured."""
        if logs and "loss" in logs:
            kept: dict[str, float] = {
                name: float(logs[name]) for name in ("loss", "learning_rate", "grad_norm") if name in logs
            }
            self._run.log(state.global_step, kept)


def collate(batches: Sequence[Mapping[str, list[list[int]]]], pad_id: int) -> dict[str, torch.Tensor]:
    """One batch of rows to tensors of (rows, longest row). Padding is a sample of its own: nothing looks at it."""
    (batch,) = batches
    longest = max(len(row) for row in batch["input_ids"])
    filled: dict[str, list[list[int]]] = {"input_ids": [], "labels": [], "position_ids": []}
    for ids, labels, positions in zip(batch["input_ids"], batch["labels"], batch["position_ids"], strict=True):
        room = longest - len(ids)
        filled["input_ids"].append(ids + [pad_id] * room)
        filled["labels"].append(labels + [IGNORED] * room)
        filled["position_ids"].append(positions + list(range(room)))
    return {name: torch.tensor(numbers) for name, numbers in filled.items()}


def training_batches(tokenizer: Any, plan: Plan) -> Iterator[list[Row]]:
    """An endless stream of batches of packed rows of training traces.

    Raises:
        AssertionError: If a held-out problem is among them.
    """
    choose = random.Random(f"rows:{plan.seed}")
    short, long = deque[Sample](), list[Sample]()
    short_rows = pack(_drawn(short), plan.row_tokens)
    for trace in varied(mixture(plan.shares, "train", plan.seed), choose):
        assert not is_held_out(trace.key), trace.key
        sample = sample_of(tokenizer, trace)
        if len(sample.ids) > plan.row_tokens:
            long.append(sample)
        else:
            short.append(sample)
        # A pool for `pack` to choose from is kept on top of what the batch takes.
        if len(short) >= POOL + plan.rows * plan.row_tokens // 50:
            yield list(islice(short_rows, plan.rows))
        if len(long) >= POOL // 2:
            yield _alike(long, plan.rows - 1)


def _drawn(waiting: deque[Sample]) -> Iterator[Sample]:
    while waiting:
        yield waiting.popleft()


def _alike(waiting: list[Sample], count: int) -> list[Row]:
    """Rows of one sample each: the one that has waited longest, and those nearest to it in length. They leave."""
    oldest = waiting[0]
    nearest = sorted(waiting, key=lambda sample: abs(len(sample.ids) - len(oldest.ids)))[:count]
    for sample in nearest:
        waiting.remove(sample)
    return [row for sample in nearest for row in pack([sample], len(sample.ids))]


def dataset_of(tokenizer: Any, plan: Plan) -> Dataset:
    """All batches of a plan, in order: one item each."""
    batches = list(islice(training_batches(tokenizer, plan), plan.steps))
    return Dataset.from_dict(
        {
            "input_ids": [[list(row.ids) for row in batch] for batch in batches],
            "labels": [[list(row.labels) for row in batch] for batch in batches],
            "position_ids": [[list(row.positions) for row in batch] for batch in batches],
        }
    )


def adapted(model: Any, plan: Plan) -> Any:
    """The model with LoRA matrices on every linear layer but the head: fresh ones, or those of `plan.start`."""
    torch.manual_seed(plan.seed)
    if plan.start:
        return PeftModel.from_pretrained(model, plan.start, is_trainable=True)
    config = LoraConfig(
        r=plan.rank, lora_alpha=2 * plan.rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    return get_peft_model(model, config)


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end; those that a kill left unfinished are removed."""
    found = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]), reverse=True)
    for checkpoint in found:
        try:
            # The trainer writes this file last.
            json.loads((checkpoint / "trainer_state.json").read_text("utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(checkpoint)
        else:
            return checkpoint
    return None


def train(plan: Plan, base: Path, folder: Path, *, save_minutes: float, ask_steps: int, problems: int) -> str:
    """Train to the end of the plan, from the last checkpoint in `folder` if there is one; the adapter ends there.

    Returns:
        How it ended: "ended" or "stopped".

    Raises:
        BadInput: If the folder holds a run of another plan, or another process carries it out.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    start = Path(plan.start).name if plan.start else ""
    with (
        RunFolder(
            folder, "sft", told_plan(plan), steps=plan.steps, model=base.name, start=start, device=device_name()
        ) as run,
        Stopping() as stopping,
    ):
        os.environ.setdefault("TRACKIO_DIR", str(folder / "trackio"))
        tokenizer = AutoTokenizer.from_pretrained(base)
        dtype = training_dtype(device)
        model = AutoModelForCausalLM.from_pretrained(base, dtype=dtype, attn_implementation="sdpa").to(device)
        pad_id = int(tokenizer.pad_token_id)
        trainer = CompletionTrainer(
            model=adapted(model, plan),
            args=arguments(plan, folder),
            train_dataset=dataset_of(tokenizer, plan),
            processing_class=tokenizer,
            data_collator=lambda batches: collate(batches, pad_id),
            callbacks=[Keeper(run, tokenizer, save_minutes * 60, ask_steps, problems, stopping)],
        )
        checkpoint = last_checkpoint(folder)
        if checkpoint is None:
            run.go_on_from(None)
        else:
            step = int(checkpoint.name.removeprefix("checkpoint-"))
            run.go_on_from(step)
            print(f"Going on from step {step}.", flush=True)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        if trainer.state.global_step < plan.steps:
            run.end("stopped", STOPPED)
            return "stopped"
        trainer.model.to(torch.bfloat16).save_pretrained(folder / "adapter")
        run.end("ended")
        return "ended"


def told_plan(plan: Plan) -> dict[str, Any]:
    """The plan as a run's folder has it: settings that were added later and change nothing are left out."""
    told = asdict(plan)
    return {name: value for name, value in told.items() if name != "only" or value}


def arguments(plan: Plan, folder: Path) -> SFTConfig:
    """What the trainer is told; rows come ready, so nothing of TRL's own preparation is left on."""
    return SFTConfig(
        output_dir=str(folder),
        max_steps=plan.steps,
        per_device_train_batch_size=1,
        learning_rate=plan.learning_rate,
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1},
        warmup_steps=plan.warmup_steps,
        weight_decay=0.0,
        max_grad_norm=1.0,
        adam_beta2=0.99,
        logging_steps=10,
        save_strategy="no",
        save_total_limit=2,
        seed=plan.seed,
        data_seed=plan.seed,
        report_to=["trackio"] if importlib.util.find_spec("trackio") else [],
        project="workings-sft",
        remove_unused_columns=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        gradient_checkpointing=False,
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        disable_tqdm=True,
        bf16=False,
    )


def main() -> int:
    """Read the command line, fetch the embedded model, train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder of the run; one in the data folder's training/ when left out")
    parser.add_argument("--base", type=Path, help="folder of another model's weights")
    parser.add_argument("--save-minutes", type=float, default=4.0)
    parser.add_argument("--ask-steps", type=int, default=150, help="steps between held-out pass rates; 0 asks never")
    parser.add_argument("--problems", type=int, default=96, help="held-out problems asked each time")
    for field in fields(Plan):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    given = vars(parser.parse_args())
    plan = Plan(**{field.name: given[field.name] for field in fields(Plan)})
    data_folder = settings_from_environment().data_folder
    base = given["base"] or prepare_embedded(data_folder, lambda *_: None)
    try:
        status = train(
            plan,
            base,
            given["out"] or runs_folder(data_folder) / f"sft-{plan.seed}",
            save_minutes=given["save_minutes"],
            ask_steps=given["ask_steps"],
            problems=given["problems"],
        )
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0 if status == "ended" else 1


if __name__ == "__main__":
    sys.exit(main())
