"""A plan in, an adapter out: a policy writes, the verifiers of `verify/` judge, and what was right is made likelier.

`python -m train.grpo --config embedded-cpu` trains the embedded model on a CPU; the same command again goes on where it
was stopped or killed. The folder of the run has its log, its samples, its checkpoints and, at the end, the adapter.
"""

import argparse
import dataclasses
import importlib.util
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset

from model.device import device_name, leave_a_core
from model.errors import AppError, BadInput
from model.settings import settings_from_environment
from train.keeper import CURRICULUM, OutcomeKeeper
from train.mixed import Mixture
from train.outcomes import Verifiers
from train.plans import CHANGEABLE, Plan, checked, plan_of, read_plan
from train.policy import Policy, load_policy
from train.report import write_report
from train.rollout import Actor
from train.run_card import write_run_card
from train.run_files import ADAPTER, RunFolder, runs_folder
from train.scoring import Scoring
from train.server_rollout import ServerActor
from train.sft import last_checkpoint
from train.stopping import INTERRUPTED, STOPPED, Stopping


def train(plan: Plan, folder: Path, data_folder: Path, source: str, problems_folder: Path | None = None) -> str:
    """Train to the end of the plan, from the last checkpoint in `folder` if there is one.

    Returns:
        How it ended: "ended" or "stopped".

    Raises:
        AppError: If the plan cannot be carried out here.
    """
    leave_a_core()
    policy = load_policy(plan, data_folder, source)
    with (
        RunFolder(
            folder,
            "grpo",
            plan.as_json(),
            steps=plan.steps,
            model=policy.name,
            start=shown_start(plan),
            device=device_name(),
            changeable=CHANGEABLE,
        ) as run,
        Stopping() as stopping,
    ):
        status = _train(plan, policy, run, stopping, problems_folder)
        run.end("ended" if status == "ended" else "stopped", "" if status == "ended" else STOPPED)
        return status


def _train(plan: Plan, policy: Policy, run: RunFolder, stopping: Stopping, problems_folder: Path | None) -> str:
    random.seed(plan.seed)
    mixture = Mixture(plan.sources, plan.seed, policy.family, problems_folder)
    # A completion that is cut off by a stop would count as none: the step is written to its end.
    actor = ServerActor(policy, plan.group) if plan.rollout == "vllm" else Actor(policy, plan.slots)
    with Verifiers() as verifiers:
        scoring = Scoring(plan, policy, mixture, actor, verifiers, run)
        trainer = _trainer(plan, policy, run, scoring, stopping)
        if isinstance(actor, ServerActor):
            actor.follow(trainer)
        checkpoint = last_checkpoint(run.folder)
        if checkpoint is None:
            run.go_on_from(None)
        else:
            _go_on(checkpoint, run, scoring)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if trainer.state.global_step < plan.steps:
        return "stopped"
    save_adapter(policy, run.folder)
    write_run_card(run.folder, run.folder / ADAPTER)
    write_page(run.folder)
    return "ended"


def write_page(folder: Path) -> None:
    """The page of a finished run; where it cannot be written that is said, and the run is finished all the same."""
    try:
        write_report(folder)
    except (BadInput, OSError) as error:
        told = str(error).rstrip(".")
        sys.stderr.write(f"The run's page was not written: {told}. Try again by python -m train.report {folder}.\n")


def _go_on(checkpoint: Path, run: RunFolder, scoring: Scoring) -> None:
    step = int(checkpoint.name.removeprefix("checkpoint-"))
    scoring.curriculum.set_state(json.loads((checkpoint / CURRICULUM).read_text("utf-8")))
    run.go_on_from(step)
    print(f"Going on from step {step}.", flush=True)


def _trainer(plan: Plan, policy: Policy, run: RunFolder, scoring: Scoring, stopping: Stopping) -> Any:
    # trackio, which TRL imports with its trainer, takes its folder from the environment then.
    os.environ.setdefault("TRACKIO_DIR", str(run.folder / "trackio"))
    from train.outcome_trainer import OutcomeTrainer

    numbers = list(range(plan.steps * plan.prompts))
    trainer = OutcomeTrainer(
        rollout=scoring.score,
        keep=scoring.keep,
        rows=plan.rows,
        learned=plan.learned,
        model=policy.model,
        processing_class=policy.tokenizer,
        train_dataset=Dataset.from_dict({"prompt": [""] * len(numbers), "number": numbers}),
        args=arguments(plan, policy, run.folder),
        callbacks=[
            OutcomeKeeper(
                run,
                scoring.curriculum,
                scoring.ask_held_out,
                ask_every=plan.held_out_every,
                save_seconds=60 * plan.save_minutes,
                should_stop=stopping,
            )
        ],
    )
    return trainer


def arguments(plan: Plan, policy: Policy, folder: Path) -> Any:
    """What TRL's trainer is told."""
    from train.outcome_trainer import trainer_arguments

    return trainer_arguments(
        output_dir=str(folder),
        max_steps=plan.steps,
        per_device_train_batch_size=plan.completions,
        num_generations=plan.group,
        max_completion_length=plan.max_new_tokens,
        temperature=plan.temperature,
        learning_rate=plan.learning_rate,
        warmup_steps=plan.warmup_steps,
        max_grad_norm=plan.max_grad_norm,
        beta=plan.beta,
        epsilon=plan.epsilon,
        epsilon_high=plan.epsilon_high,
        loss_type=plan.loss,
        scale_rewards=plan.scale,
        gradient_checkpointing=policy.precision in ("nf4", "int8"),
        bf16=policy.precision != "fp32",
        use_cpu=policy.device == "cpu",
        seed=plan.seed,
        data_seed=plan.seed,
        report_to=["trackio"] if importlib.util.find_spec("trackio") else [],
        project="workings-grpo",
        run_name=folder.name,
        use_vllm=plan.rollout == "vllm",
        vllm_mode="server",
        vllm_server_base_url=plan.server_url,
        # What it corrects is measured by a pass of its own; the first update after a rollout is on the policy.
        vllm_importance_sampling_correction=False,
    )


def save_adapter(policy: Policy, folder: Path) -> None:
    """The adapter as the app loads it by `--adapter`, in bfloat16."""
    matrices = {name: each.data for name, each in policy.model.named_parameters() if ".lora_" in name}
    for name, each in policy.model.named_parameters():
        if name in matrices:
            each.data = each.data.to(torch.bfloat16)
    policy.model.save_pretrained(folder / ADAPTER, selected_adapters=["default"])


def shown_start(plan: Plan) -> str:
    """Where the run starts from, in a word: a folder by its name, since where it lies is nobody's business."""
    if plan.start == "fresh":
        return ""
    return Path(plan.start).name if Path(plan.start).exists() else plan.start


def given_plan(given: argparse.Namespace) -> Plan:
    """The plan of a file with what the command line changes in it.

    Raises:
        BadInput: If a change is none.
    """
    plan = read_plan(given.config)
    changes: dict[str, Any] = {}
    for text in given.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise BadInput(f"--set {text!r} changes nothing. Write it as NAME=VALUE, such as steps=20.")
        changes[name.strip()] = value.strip()
    for name in ("steps", "seed", "start"):
        if getattr(given, name) is not None:
            changes[name] = getattr(given, name)
    changed = plan_of(changes, "The command line")
    return checked(dataclasses.replace(plan, **{name: getattr(changed, name) for name in changes}))


def main() -> int:
    """Read the command line, train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="embedded-cpu", help="a plan of train/configs/, or a TOML file")
    parser.add_argument("--out", type=Path, help="folder of the run; one in the data folder's training/ when left out")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--start", help="the adapter to go on from: a folder, a hub id, shipped or fresh")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="changes a setting of the plan"
    )
    parser.add_argument("--data", type=Path, help="folder of the files that the plan's sources name")
    given = parser.parse_args()
    settings = settings_from_environment()
    try:
        plan = given_plan(given)
        name = f"grpo-{Path(given.config).stem}-{plan.seed}"
        folder = given.out or runs_folder(settings.data_folder) / name
        status = train(plan, folder, settings.data_folder, settings.source, given.data)
    except AppError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    print(f"{status}: {folder}")
    return 0 if status == "ended" else 1


if __name__ == "__main__":
    sys.exit(main())
