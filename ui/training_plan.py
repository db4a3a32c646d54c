"""The plan of a training run in; its settings with names for people, and the weights of its reward, out. No gradio."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from train.rewards import PARTS, Weights
from ui.sentences import shortened

_VALUE_CHARACTERS = 300
NAMES = {
    "start": "Adapter it begins from",
    "precision": "Precision of the frozen weights",
    "rank": "Rank of the adapter",
    "sources": "Sources of problems",
    "weights": "Weights of the reward",
    "reward_model": "Reward model",
    "steps": "Planned steps",
    "prompts": "Problems a step",
    "group": "Completions of a problem",
    "learned": "Learned from of a group",
    "rows": "Rows at once",
    "max_new_tokens": "Most tokens of a completion",
    "temperature": "Temperature",
    "learning_rate": "Learning rate",
    "warmup_steps": "Steps of warming up",
    "max_grad_norm": "Gradients are cut at",
    "beta": "Weight of the KL",
    "epsilon": "Clipping downwards",
    "epsilon_high": "Clipping upwards",
    "loss": "Form of the loss",
    "scale": "Advantages are divided by",
    "curriculum_window": "Window of the curriculum",
    "held_out": "Held-out problems",
    "held_out_every": "Steps between held-out tests",
    "held_out_temperature": "Held-out temperature",
    "rollout": "Written by",
    "server_url": "Address of that server",
    "slots": "Written at once",
    "save_minutes": "Minutes between checkpoints",
    "seed": "Seed",
    "tokens": "Tokens to train on",
    "row_tokens": "Tokens of a row",
    "without": "Tasks left out",
    "only": "Tasks trained alone",
}
# Said elsewhere of the run.
_SAID = ("kind", "name", "model")


def plan_value(plan: Mapping[str, Any]) -> list[list[str]]:
    """Each setting: what, its value, and nothing more to say."""
    shown = dict(plan)
    if "weights" in plan:
        # Those that it does not name count too.
        shown["weights"] = {part: weight for part, weight in weights_of(plan).items() if weight}
    return [[name_of(name), value_text(value), ""] for name, value in shown.items() if name not in _SAID]


def name_of(name: str) -> str:
    """A setting's name for people.

    >>> name_of("beta"), name_of("a_new_one")
    ('Weight of the KL', 'A new one')
    """
    return NAMES.get(name) or name.replace("_", " ").capitalize()


def value_text(value: object) -> str:
    """A setting's value on one line.

    >>> value_text(True), value_text(["a", "b"]), value_text({"gsm8k": 2}), value_text(1e-06), value_text(None)
    ('yes', 'a, b', 'gsm8k: 2', '1e-06', '–')
    """
    return shortened(_text(value), _VALUE_CHARACTERS)


def _text(value: object) -> str:
    if value in (None, "", [], {}):
        return "–"
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{name}: {_text(each)}" for name, each in value.items())
        case list():
            return ", ".join(_text(each) for each in value)
        case str():
            return value
        case _:
            return json.dumps(value)


def weights_of(plan: Mapping[str, Any]) -> dict[str, float]:
    """How much each part of a reward counts."""
    whole = asdict(Weights()) | dict(plan.get("weights") or {})
    return {part: float(whole[part]) for part in PARTS}
