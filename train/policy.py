"""A plan in, the model that is trained out: its frozen weights, the adapter on them, and how it is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from model.catalog import EMBEDDED, find_model
from model.embedded import SHIPPED_ADAPTER
from model.engine import Request
from model.errors import BadInput
from model.events import Message
from model.families import SMOLLM2, Family
from model.loading import LoadedModel, load_model
from model.prompt import ChatPrompts
from train.plans import Plan
from train.precision import training_dtype
from train.problems import Problem

SHIPPED, FRESH = "shipped", "fresh"


@dataclass(slots=True)
class Policy:
    """A model that is trained.

    Attributes:
        model: A `PeftModel`; its adapter "default" is what learns.
        start: The folder or hub id of the adapter that it began from; empty for a fresh one.
        precision: Of the frozen weights.
    """

    model: Any
    tokenizer: Any
    family: Family
    prompts: ChatPrompts
    name: str
    start: str
    precision: str
    device: str

    def prompt(self, problem: Problem) -> tuple[int, ...]:
        """A problem as the app would ask it, up to where the model writes on."""
        messages = tuple(Message(each["role"], each["content"]) for each in problem.messages)
        return self.prompts.build(Request(messages=messages)).ids

    @property
    def stop_ids(self) -> tuple[int, ...]:
        """Tokens that end a turn."""
        return self.prompts.stop_ids

    @property
    def end_id(self) -> int:
        """The one that stands for them in what is learned."""
        own = int(self.tokenizer.eos_token_id)
        return own if own in self.stop_ids else self.stop_ids[0]

    def text(self, ids: Sequence[int]) -> str:
        """Tokens as the text that a verifier reads, the end of the turn left out."""
        kept = [each for each in ids if each not in self.stop_ids]
        detokenizer = self.prompts.detokenizer()
        return "".join(detokenizer.feed(each) for each in kept)


def family_of_plan(plan: Plan) -> Family:
    """The family of the model of a plan."""
    return SMOLLM2 if is_embedded(plan) else find_model(plan.model).family


def is_embedded(plan: Plan) -> bool:
    """Whether the model is the one that comes with the app."""
    return plan.model in ("embedded", EMBEDDED)


def load_policy(plan: Plan, data_folder: Path, source: str) -> Policy:
    """The model of a plan, with its adapter.

    Raises:
        BadInput: If the adapter cannot be had, or 4-bit weights are to be trained without a GPU.
        ModelLoadFailed: If the weights cannot be had, or do not fit.
    """
    if plan.precision == "nf4" and not torch.cuda.is_available():
        raise BadInput("Weights in nf4 are trained on a GPU, and there is none here. Take precision = 'auto'.")
    loaded = load_model(
        find_model(EMBEDDED if is_embedded(plan) else plan.model),
        precision=_precision(plan),
        source=source,
        adapter="none",
        data_folder=data_folder,
        on_progress=lambda _: None,
    )
    family = SMOLLM2 if is_embedded(plan) else loaded.spec.family
    start = start_of(plan)
    model = adapted(loaded, start, plan)
    prompts = ChatPrompts(loaded.tokenizer, family, more_stop_ids=_stop_ids(loaded))
    return Policy(
        model, loaded.tokenizer, family, prompts, loaded.spec.name, start, loaded.precision, loaded.model.device.type
    )


def start_of(plan: Plan) -> str:
    """The adapter that a plan goes on from; empty for a fresh one.

    Raises:
        BadInput: If the model has none of its own.
    """
    if plan.start == FRESH:
        return ""
    if plan.start != SHIPPED:
        return plan.start
    if not is_embedded(plan):
        raise BadInput(f"{plan.model} has no adapter of its own. Take start = 'fresh', or name a folder.")
    return str(SHIPPED_ADAPTER)


def _precision(plan: Plan) -> str:
    if plan.precision != "auto" or torch.cuda.is_available():
        return plan.precision
    return "fp32" if training_dtype("cpu") == torch.float32 else "bf16"


def _stop_ids(loaded: LoadedModel) -> Sequence[int]:
    named = getattr(loaded.model.generation_config, "eos_token_id", None)
    return named if isinstance(named, list) else [named] if isinstance(named, int) else []


def adapted(loaded: LoadedModel, start: str, plan: Plan) -> Any:
    """The model with the adapter on it; of 4-bit weights the activations are computed again in the backward pass.

    Raises:
        BadInput: If there is no such adapter, or it is for another model.
    """
    torch.manual_seed(plan.seed)
    model = loaded.model
    if loaded.precision in ("nf4", "int8"):
        # Not PEFT's preparation of such models: it holds embeddings and head in float32, and with them the cache.
        model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
        model.enable_input_require_grads()
    if not start:
        config = LoraConfig(
            r=plan.rank, lora_alpha=2 * plan.rank, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        return get_peft_model(model, config)
    try:
        return PeftModel.from_pretrained(model, start, is_trainable=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise BadInput(f"The adapter {start!r} cannot be put on {loaded.spec.name}: {error}") from error
