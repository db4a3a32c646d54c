"""Nothing in; the components of the Agent tab, laid out, out. What they do is in agent_tab.py."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.host import ModelHost
from model.runs import Runs
from ui.agent_calls import whole_call_of
from ui.agent_examples import EXAMPLES
from ui.agent_views import Whole, files_view, steps_view, tools_view
from ui.composer import Composer, add_composer
from ui.earlier_turns import add_earlier_turns
from ui.growing import Grown
from ui.parts import answer_pane, compare_view, outline, pane_head, plain_text, small_button, thinking_pane
from ui.replaying import ReplayParts, add_replay
from ui.revision import Revision, add_revision
from ui.taking import Taking, add_taking
from ui.words import word

PREFIX = "agent-"
_ABOUT = (
    "<p data-say>The model thinks, calls tools, reads what they give back, and answers from it. Each call is shown "
    "with what it was given and what came of it. A tool that reaches outside waits for your word.</p>"
)
# They act in the browser alone (agent_steps.js, page.js).
_PANE_BUTTONS = (
    "<span class='round-of' id='agent-step' role='status'></span>"
    "<button class='action' type='button' id='agent-live' aria-pressed='true' data-say>Live</button>"
    "<button class='action show-outline' type='button' aria-pressed='false' data-say>Outline</button>"
    "<button class='action show-find' type='button' data-say>Find</button>"
    "<button class='action show-maths' type='button' aria-pressed='false' data-say>Maths</button>"
)


@dataclass(frozen=True, slots=True)
class AgentParts:
    """Every component that a handler of the Agent tab writes or reads."""

    run_id: gr.State
    turns: gr.State
    to_follow: gr.State
    asked: gr.HTML
    steps: gr.HTML
    answer: gr.Markdown
    thinking: gr.HTML
    outline: gr.HTML
    thinking_set: gr.Markdown
    set_maths: gr.Button
    files: gr.HTML
    comparison: gr.HTML
    file: gr.File
    taking: Taking
    replay: ReplayParts
    revision: Revision
    composer: Composer
    tools: gr.HTML
    tools_drawer: gr.Accordion
    wishes: gr.State

    @property
    def outputs(self) -> list[Any]:
        """All that following a run writes."""
        thinking = [self.thinking, self.outline, self.composer.arithmetic]
        return [
            self.run_id,
            self.turns,
            self.asked,
            self.steps,
            *thinking,
            self.answer,
            self.files,
            self.composer.status,
        ]


def add_agent_tab(runs: Runs, host: ModelHost, grown: Grown) -> AgentParts:
    """The tab from top to bottom: earlier turns, task, steps and answer beside the thinking, composer, drawers.

    Args:
        grown: What the thinking pane asks for its text (`ui.growing`).
    """
    run_id, turns, to_follow = gr.State(""), gr.State([]), gr.State("")
    whole = whole_call_of(runs)
    with gr.Column(elem_id="agent"):
        gr.HTML(_ABOUT, elem_id="agent-about")
        add_earlier_turns(runs, turns, lambda of_run, value: _add_steps(whole, value))
        shown = _add_run_view(grown, whole) | _add_composer(host)
    return AgentParts(
        run_id=run_id, turns=turns, to_follow=to_follow, file=gr.File(visible=False), wishes=gr.State({}), **shown
    )


def _add_steps(whole: Whole, value: dict[str, Any]) -> None:
    steps_view(whole, value)


def _add_run_view(grown: Grown, whole: Whole) -> dict[str, Any]:
    asked = plain_text(elem_id="agent-asked")
    with gr.Row(elem_id="agent-panes", equal_height=False):
        with gr.Column(elem_id="agent-conversation", min_width=300):
            gr.HTML(pane_head("Steps", "agent-steps-figures"))
            steps = steps_view(whole, elem_id="agent-steps")
            gr.HTML(pane_head("Answer", "agent-answer-figures"), elem_id="agent-answer-head")
            answer = answer_pane(elem_id="agent-answer")
        with gr.Column(elem_id="agent-thinking-column", min_width=300):
            gr.HTML(pane_head("Thinking", "agent-thinking-figures", _PANE_BUTTONS))
            steps_of_thinking = outline(elem_id="agent-outline")
            thinking = thinking_pane(
                "The working appears here while the model thinks.", elem_id="agent-thinking", server_functions=[grown]
            )
            thinking_set = answer_pane(elem_id="agent-thinking-set")
            # Pressed by the button in the head, which knows whether it is on.
            set_maths = small_button(word("Set maths"), "agent-set-maths")
            files = files_view(elem_id="agent-files")
    comparison = compare_view(elem_id="agent-compare")
    with gr.Row(elem_id="agent-after"):
        taking = add_taking(PREFIX)
        replay = add_replay(PREFIX)
    revision = add_revision(PREFIX)
    shown = {"asked": asked, "steps": steps, "answer": answer, "thinking": thinking, "files": files}
    shown |= {"outline": steps_of_thinking, "thinking_set": thinking_set, "set_maths": set_maths, "replay": replay}
    return shown | {"comparison": comparison, "taking": taking, "revision": revision}


def _add_composer(host: ModelHost) -> dict[str, Any]:
    drawers: list[Any] = []

    def add_tools_drawer() -> None:
        with gr.Accordion(word("Tools"), open=False, elem_id="agent-tools-drawer", elem_classes="drawer") as drawer:
            drawers.extend((drawer, tools_view({}, elem_id="agent-tools")))

    composer = add_composer(
        host,
        [example.label for example in EXAMPLES],
        PREFIX,
        placeholder="A task that takes tools",
        new="New task",
        add_drawer=add_tools_drawer,
    )
    return {"composer": composer, "tools_drawer": drawers[0], "tools": drawers[1]}
