"""A run in, the fields of the page as they were when it was asked out; and the system prompt's own field.

A conversation keeps its settings because each run holds those it was asked with: opening one puts them back.
"""

from typing import Any

import gradio as gr

from model.errors import AppError
from model.events import Asked
from model.runs import Runs
from model.settings import BUDGET_TOKENS
from ui.sampling_drawer import CUSTOM
from ui.words import word


def add_system_prompt(prefix: str = "") -> gr.Textbox:
    """The field, folded away."""
    with gr.Accordion(word("System prompt"), open=False, elem_id=f"{prefix}system-drawer"):
        return gr.Textbox(
            "",
            label=word("System prompt"),
            show_label=False,
            placeholder=word("What the model is to keep to in this conversation, such as: Answer in French."),
            lines=2,
            max_lines=10,
            container=False,
            elem_id=f"{prefix}system",
        )


def fields_of(asked: Asked) -> list[Any]:
    """Budget, custom budget, system prompt and the sampling fields, as `on_ask` takes them.

    >>> fields_of(Asked("2+2?", budget=2000, system="Be brief."))
    ['custom', '2000', 'Be brief.', '', '', '', '', '']
    """
    is_named = str(asked.budget) in BUDGET_TOKENS
    drawn = asked.sampling
    values = (drawn.temperature, drawn.top_p, drawn.top_k, drawn.max_new_tokens, drawn.seed)
    return [
        str(asked.budget) if is_named else CUSTOM,
        "" if is_named else str(asked.budget),
        asked.system,
        *("" if value is None else f"{value:g}" if isinstance(value, float) else str(value) for value in values),
    ]


_NOTHING_NEW = [gr.skip()] * len(fields_of(Asked("")))


def on_settings(runs: Runs, to_follow: str, shown: str) -> list[Any]:
    """The fields of the run that is to be followed, where it is another conversation's than the one on the page."""
    run_id = to_follow.partition("/")[0]
    try:
        known = {row.id for row in runs.store.conversation(run_id)} | {row.id for row in runs.store.siblings(run_id)}
        asked = runs.store.events(run_id, 0, 1)[0]
    except AppError:
        return _NOTHING_NEW
    if shown in known or not isinstance(asked, Asked):
        return _NOTHING_NEW
    return fields_of(asked)
