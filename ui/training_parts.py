"""Nothing in; the component of the Training tab out: one part, whose script asks for what it shows."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from ui.parts import ASSETS, html_part

_SCRIPTS = ("benchmark_figures.js", "training_charts.js", "training_samples.js")
Served = Callable[[Any], dict[str, Any]]


def add_training(training: Served) -> gr.HTML:
    """The whole tab.

    Args:
        training: What its script asks, by that name (`ui.training_tab.TrainingTab.answer`).
    """
    markup = (ASSETS / "training.html").read_text("utf-8")
    return html_part({}, markup, "training.js", with_scripts=_SCRIPTS, elem_id="training", server_functions=[training])
