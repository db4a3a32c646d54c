"""Nothing in; where questions are typed and runs are steered, out: the Chat tab and the Agent tab have one each.

Ids begin with the tab's prefix, which is empty for the Chat tab; conversation.css has the rules for both.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.host import ModelHost
from ui.attaching import Attaching, add_attach_button, add_chips
from ui.conversation_settings import add_system_prompt
from ui.panes import Panes
from ui.parts import arithmetic_view, small_button, status_line
from ui.sampling_drawer import SamplingDrawer, add_budget, add_sampling_drawer
from ui.sentences import status_value
from ui.words import word


@dataclass(frozen=True, slots=True)
class Composer:
    """The part that is always in reach, with the drawers below it."""

    status: gr.HTML
    arithmetic: gr.HTML
    answer_now: gr.Button
    more: gr.Button
    pause: gr.Button
    unpause: gr.Button
    go_on: gr.Button
    think_again: gr.Button
    hint: gr.Textbox
    question: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    attaching: Attaching
    budget: gr.Radio
    custom_budget: gr.Textbox
    new_chat: gr.Button
    examples: list[gr.Button]
    system: gr.Textbox
    sampling: SamplingDrawer

    @property
    def settings(self) -> list[Any]:
        """What a run is asked with: thinking budget, system prompt, sampling."""
        return [self.budget, self.custom_budget, self.system, *self.sampling.fields]


def add_composer(
    host: ModelHost,
    labels: Sequence[str],
    prefix: str = "",
    placeholder: str = "Ask a question",
    new: str = "New chat",
    add_drawer: Callable[[], None] | None = None,
) -> Composer:
    """How the run stands, what steers it, the question box and the budget; examples above it.

    Args:
        labels: Words of the examples that an empty page offers.
        prefix: What the ids begin with.
        placeholder: What the empty question box says.
        new: What the button for another conversation says.
        add_drawer: Lays out a drawer of the tab's own, the first one.
    """
    with gr.Row(elem_id=f"{prefix}examples"):
        examples = [small_button(word(label), f"{prefix}example-{number}") for number, label in enumerate(labels)]
    with gr.Column(elem_id=f"{prefix}composer", elem_classes="composer"):
        steering = _add_steering(host, prefix)
        with gr.Row(elem_id=f"{prefix}ask-row", equal_height=False):
            question = gr.Textbox(
                label=word("Question"),
                show_label=False,
                placeholder=word(placeholder),
                lines=1,
                max_lines=8,
                autofocus=not prefix,
                container=False,
                elem_id=f"{prefix}question",
                scale=1,
            )
            ask = gr.Button(word("Ask"), variant="primary", elem_id=f"{prefix}ask", scale=0, min_width=96)
            stop = gr.Button(word("Stop"), variant="primary", elem_id=f"{prefix}stop", scale=0, min_width=96)
        chips = add_chips(f"{prefix}attached")
        with gr.Row(elem_id=f"{prefix}budget-row"):
            budget, custom_budget = add_budget(f"{prefix}budget")
            attach = add_attach_button(f"{prefix}attach")
            new_chat = gr.Button(word(new), size="sm", elem_id=f"{prefix}new-chat", scale=0, min_width=90)
    if add_drawer is not None:
        add_drawer()
    system = add_system_prompt(prefix)
    sampling = add_sampling_drawer(host, prefix)
    return Composer(
        question=question,
        ask=ask,
        stop=stop,
        attaching=Attaching(attach, chips, gr.State([])),
        budget=budget,
        custom_budget=custom_budget,
        new_chat=new_chat,
        examples=examples,
        system=system,
        sampling=sampling,
        **steering,
    )


def _add_steering(host: ModelHost, prefix: str) -> dict[str, Any]:
    """How the run stands, the buttons that steer it, the hint for one that is paused."""
    with gr.Row(elem_id=f"{prefix}status-row"):
        # No run yet, but perhaps one in the address, which has to stay there until it is read.
        empty = status_value(Panes(), host.status()) | {"run": None}
        parts: dict[str, Any] = {"status": status_line(empty, prefix, elem_id=f"{prefix}status")}
        parts["arithmetic"] = arithmetic_view(f"{prefix}thinking", elem_id=f"{prefix}arithmetic")
        with gr.Row(elem_id=f"{prefix}steering"):
            parts |= {
                "answer_now": small_button(word("Answer now"), f"{prefix}answer-now"),
                "more": small_button(word("Think longer"), f"{prefix}more"),
                "pause": small_button(word("Pause"), f"{prefix}pause"),
                "unpause": small_button(word("Go on"), f"{prefix}unpause"),
                "go_on": small_button(word("Continue"), f"{prefix}continue"),
                "think_again": small_button(word("Think longer"), f"{prefix}think-again"),
            }
    hint = gr.Textbox(
        label=word("Hint"),
        show_label=False,
        placeholder=word("A hint for the thinking, if you like; Enter goes on"),
        lines=1,
        max_lines=4,
        container=False,
        elem_id=f"{prefix}hint",
    )
    return parts | {"hint": hint}
