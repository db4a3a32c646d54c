"""Nothing in; the components of the Chat tab, laid out, out. What they do is in chat_tab.py."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from model.host import ModelHost
from ui.attaching import Attaching, add_attach_button, add_chips
from ui.conversation_settings import add_system_prompt
from ui.examples import LABELS, example_question
from ui.growing import Grown
from ui.history_tab import HistoryParts
from ui.panes import Panes
from ui.parts import (
    answer_pane,
    arithmetic_view,
    compare_view,
    confidence_view,
    outline,
    plain_text,
    small_button,
    status_line,
    thinking_pane,
)
from ui.replaying import ReplayParts, add_replay
from ui.revision import Revision, add_revision
from ui.sampling_drawer import SamplingDrawer, add_budget, add_sampling_drawer
from ui.sentences import status_value
from ui.words import word

_HINT = "The working appears here while the model thinks."
# They act in the browser alone (page.js, thought_view.js, confidence.js).
_PANE_BUTTONS = (
    "<button class='action' type='button' id='show-outline' aria-pressed='false' data-say>Outline</button>"
    "<button class='action' type='button' id='show-find' data-say>Find</button>"
    "<button class='action' type='button' id='show-confidence' aria-pressed='false' data-say>"
    "Confidence</button>"
    "<button class='action' type='button' id='show-maths' aria-pressed='false' data-say>Maths</button>"
    "<button class='action' type='button' id='fold' aria-expanded='true' data-say>Fold</button>"
)


@dataclass(frozen=True, slots=True)
class ChatParts:
    """Every component that a handler of the Chat tab writes or reads."""

    tabs: gr.Tabs
    past: HistoryParts
    run_id: gr.State
    turns: gr.State
    to_follow: gr.State
    asked: gr.HTML
    thinking: gr.HTML
    outline: gr.HTML
    confidence: gr.HTML
    thinking_set: gr.Markdown
    set_maths: gr.Button
    answer: gr.Markdown
    comparison: gr.HTML
    status: gr.HTML
    arithmetic: gr.HTML
    answer_now: gr.Button
    more: gr.Button
    pause: gr.Button
    unpause: gr.Button
    hint: gr.Textbox
    revision: Revision
    go_on: gr.Button
    think_again: gr.Button
    after: gr.Row
    copy_answer: gr.Button
    copy_thinking: gr.Button
    form: gr.Dropdown
    with_thinking: gr.Checkbox
    download: gr.Button
    replay: ReplayParts
    handout: gr.JSON
    examples: gr.Row
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    new_chat: gr.Button
    budget: gr.Radio
    custom_budget: gr.Textbox
    attaching: Attaching
    system: gr.Textbox
    sampling: SamplingDrawer

    @property
    def outputs(self) -> list[Any]:
        """All that following a run writes."""
        panes = [self.asked, self.thinking, self.outline, self.arithmetic, self.answer]
        return [self.run_id, self.turns, *panes, self.status]


def add_run_view(grown: Grown) -> dict[str, Any]:
    """The question, the two panes, and what takes their text along.

    Args:
        grown: What the thinking pane asks for its text (`ui.growing`).
    """
    asked = plain_text(elem_id="asked")
    with gr.Row(elem_id="panes", equal_height=False):
        with gr.Column(elem_id="thinking-column", min_width=300):
            gr.HTML(_head("Thinking", "thinking-figures", _PANE_BUTTONS))
            steps = outline(elem_id="outline")
            confidence = confidence_view(elem_id="confidence")
            thinking = thinking_pane(_HINT, elem_id="thinking", server_functions=[grown])
            thinking_set = answer_pane(elem_id="thinking-set")
            # Pressed by the button in the head, which knows whether it is on.
            set_maths = small_button(word("Set maths"), "set-maths")
        with gr.Column(elem_id="answer-column", min_width=300):
            gr.HTML(_head("Answer", "answer-figures"))
            answer = answer_pane(elem_id="answer")
    comparison = compare_view(elem_id="compare")
    with gr.Row(elem_id="after") as after:
        taking = {
            "copy_answer": gr.Button(word("Copy answer"), size="sm", elem_id="copy-answer", min_width=90),
            "copy_thinking": gr.Button(word("Copy thinking"), size="sm", elem_id="copy-thinking", min_width=90),
            "form": gr.Dropdown(
                [("Markdown", "markdown"), ("JSON Lines", "json_lines"), ("HTML", "html")],
                value="markdown",
                label=word("Download as"),
                container=False,
                elem_id="form",
                min_width=120,
            ),
            "with_thinking": gr.Checkbox(
                True, label=word("with thinking"), container=False, elem_id="with-thinking", min_width=120
            ),
            "download": gr.Button(word("Download"), size="sm", elem_id="download", min_width=90),
            "replay": add_replay(),
        }
    shown = {"asked": asked, "thinking": thinking, "outline": steps, "answer": answer, "after": after}
    shown |= {"comparison": comparison, "confidence": confidence}
    shown |= {"thinking_set": thinking_set, "set_maths": set_maths}
    return shown | taking | {"revision": add_revision()}


def add_composer(host: ModelHost) -> dict[str, Any]:
    """The part that is always in reach: how the run stands, what steers it, the question box and the budget."""
    with gr.Row(elem_id="examples") as examples:
        offered = [small_button(word(label), f"example-{number}") for number, label in enumerate(LABELS)]
    with gr.Column(elem_id="composer"):
        with gr.Row(elem_id="status-row"):
            # No run yet, but perhaps one in the address, which has to stay there until it is read.
            empty = status_value(Panes(), host.status()) | {"run": None}
            status = status_line(empty, elem_id="status")
            arithmetic = arithmetic_view("thinking", elem_id="arithmetic")
            with gr.Row(elem_id="steering"):
                buttons = {
                    "answer_now": small_button(word("Answer now"), "answer-now"),
                    "more": small_button(word("Think longer"), "more"),
                    "pause": small_button(word("Pause"), "pause"),
                    "unpause": small_button(word("Go on"), "unpause"),
                    "go_on": small_button(word("Continue"), "continue"),
                    "think_again": small_button(word("Think longer"), "think-again"),
                }
        hint = gr.Textbox(
            label=word("Hint"),
            show_label=False,
            placeholder=word("A hint for the thinking, if you like; Enter goes on"),
            lines=1,
            max_lines=4,
            container=False,
            elem_id="hint",
        )
        with gr.Row(elem_id="ask-row", equal_height=False):
            question = gr.Textbox(
                label=word("Question"),
                show_label=False,
                placeholder=word("Ask a question"),
                lines=1,
                max_lines=8,
                autofocus=True,
                container=False,
                elem_id="question",
                scale=1,
            )
            ask = gr.Button(word("Ask"), variant="primary", elem_id="ask", scale=0, min_width=96)
            stop = gr.Button(word("Stop"), variant="primary", elem_id="stop", scale=0, min_width=96)
        chips = add_chips()
        with gr.Row(elem_id="budget-row"):
            budget, custom_budget = add_budget()
            attach = add_attach_button()
            new_chat = gr.Button(word("New chat"), size="sm", elem_id="new-chat", scale=0, min_width=90)
    for number, chip in enumerate(offered):
        ask_example = partial(_example, number, host)
        chip.click(ask_example, None, question, queue=False, api_visibility="private")
    system = add_system_prompt()
    sampling = add_sampling_drawer(host)
    attaching = Attaching(attach, chips, gr.State([]))
    return buttons | {
        "status": status,
        "arithmetic": arithmetic,
        "hint": hint,
        **{"examples": examples, "question": question, "ask": ask, "stop": stop, "new_chat": new_chat},
        **{"budget": budget, "custom_budget": custom_budget, "sampling": sampling},
        **{"attaching": attaching, "system": system},
    }


def _example(number: int, host: ModelHost) -> str:
    """The example for the model that is loaded, or is being loaded, now."""
    return example_question(number, host.status().model)


def _head(label: str, figures_id: str, buttons: str = "") -> str:
    head = f"<h2 data-say>{label}</h2>{buttons}<span class='figures' id='{figures_id}'></span>"
    return f"<div class='pane-head'>{head}</div>"
