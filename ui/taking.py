"""A run in; its texts on the clipboard, and its conversation as a file, out: the row under a run that has ended."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from model.engine import collect
from model.export import Form, export, file_name
from model.runs import Runs
from ui.parts import hand_out
from ui.words import word

_MIME_TYPES: dict[Form, str] = {"markdown": "text/markdown", "json_lines": "application/jsonl", "html": "text/html"}


@dataclass(frozen=True, slots=True)
class Taking:
    """The buttons, and how a download is wished for."""

    copy_answer: gr.Button
    copy_thinking: gr.Button
    form: gr.Dropdown
    with_thinking: gr.Checkbox
    download: gr.Button


def add_taking(prefix: str = "") -> Taking:
    """Lay them out in the row that is open."""
    copy_answer = gr.Button(word("Copy answer"), size="sm", elem_id=f"{prefix}copy-answer", min_width=90)
    copy_thinking = gr.Button(word("Copy thinking"), size="sm", elem_id=f"{prefix}copy-thinking", min_width=90)
    form = gr.Dropdown(
        [("Markdown", "markdown"), ("JSON Lines", "json_lines"), ("HTML", "html")],
        value="markdown",
        label=word("Download as"),
        container=False,
        elem_id=f"{prefix}form",
        min_width=120,
    )
    with_thinking = gr.Checkbox(
        True, label=word("with thinking"), container=False, elem_id=f"{prefix}with-thinking", min_width=120
    )
    download = gr.Button(word("Download"), size="sm", elem_id=f"{prefix}download", min_width=90)
    return Taking(copy_answer, copy_thinking, form, with_thinking, download)


def on_copy(runs: Runs, is_thinking: bool, run_id: str) -> dict[str, str]:
    """Thinking or answer as the model wrote it; the pane shows the answer with its maths marked otherwise."""
    whole = collect(runs.store.events(run_id))
    return {"text": whole.thinking if is_thinking else whole.answer}


def on_download(runs: Runs, run_id: str, form: Form, with_thinking: bool) -> dict[str, str]:
    """The conversation up to this run as a file."""
    name = file_name(runs.store.row(run_id).title, form)
    text = export(runs.store, run_id, form, with_thinking)
    return {"text": text, "name": name, "type": _MIME_TYPES[form]}


def wire_taking(taking: Taking, runs: Runs, run_id: gr.State, handout: gr.JSON) -> None:
    """Connect the row to what it does."""
    for button, is_thinking in ((taking.copy_answer, False), (taking.copy_thinking, True)):
        hand_out(button, partial(on_copy, runs, is_thinking), [run_id], handout)
    inputs: list[Any] = [run_id, taking.form, taking.with_thinking]
    hand_out(taking.download, partial(on_download, runs), inputs, handout)
