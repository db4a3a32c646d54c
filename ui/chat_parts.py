"""Nothing in; the components of the Chat tab, laid out, out. What they do is in chat_tab.py."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.composer import Composer
from ui.growing import Grown
from ui.history_tab import HistoryParts
from ui.parts import (
    answer_pane,
    compare_view,
    confidence_view,
    outline,
    pane_head,
    plain_text,
    small_button,
    thinking_pane,
)
from ui.replaying import ReplayParts, add_replay
from ui.revision import Revision, add_revision
from ui.taking import Taking, add_taking
from ui.words import word

_HINT = "The working appears here while the model thinks."
# They act in the browser alone (page.js, thought_view.js, confidence.js).
_PANE_BUTTONS = (
    "<button class='action show-outline' type='button' id='show-outline' aria-pressed='false' data-say>Outline</button>"
    "<button class='action show-find' type='button' id='show-find' data-say>Find</button>"
    "<button class='action' type='button' id='show-confidence' aria-pressed='false' data-say>"
    "Confidence</button>"
    "<button class='action show-maths' type='button' id='show-maths' aria-pressed='false' data-say>Maths</button>"
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
    revision: Revision
    taking: Taking
    replay: ReplayParts
    handout: gr.JSON
    composer: Composer

    @property
    def outputs(self) -> list[Any]:
        """All that following a run writes."""
        panes = [self.asked, self.thinking, self.outline, self.composer.arithmetic, self.answer]
        return [self.run_id, self.turns, *panes, self.composer.status]


def add_run_view(grown: Grown) -> dict[str, Any]:
    """The question, the two panes, and what takes their text along.

    Args:
        grown: What the thinking pane asks for its text (`ui.growing`).
    """
    asked = plain_text(elem_id="asked")
    with gr.Row(elem_id="panes", equal_height=False):
        with gr.Column(elem_id="thinking-column", min_width=300):
            gr.HTML(pane_head("Thinking", "thinking-figures", _PANE_BUTTONS))
            steps = outline(elem_id="outline")
            confidence = confidence_view(elem_id="confidence")
            thinking = thinking_pane(_HINT, elem_id="thinking", server_functions=[grown])
            thinking_set = answer_pane(elem_id="thinking-set")
            # Pressed by the button in the head, which knows whether it is on.
            set_maths = small_button(word("Set maths"), "set-maths")
        with gr.Column(elem_id="answer-column", min_width=300):
            gr.HTML(pane_head("Answer", "answer-figures"))
            answer = answer_pane(elem_id="answer")
    comparison = compare_view(elem_id="compare")
    with gr.Row(elem_id="after"):
        taking = add_taking()
        replay = add_replay()
    shown = {"asked": asked, "thinking": thinking, "outline": steps, "answer": answer, "comparison": comparison}
    shown |= {"confidence": confidence, "thinking_set": thinking_set, "set_maths": set_maths}
    return shown | {"taking": taking, "replay": replay, "revision": add_revision()}
