"""The turns of a conversation before the one on the page in, each of them folded, out."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from model.engine import collect
from model.errors import AppError
from model.runs import Runs
from ui.agent_values import final_answer, steps_value
from ui.maths import for_display
from ui.panes import Panes, thought_text, update_all
from ui.parts import AT_ONCE, answer_pane, plain_text, thinking_pane
from ui.sentences import shortened
from ui.so_far import SoFar
from ui.thinking_window import whole_value

# Lays out the steps of a turn of this run that has calls, from their value.
AddSteps = Callable[[str, dict[str, Any]], None]


def add_earlier_turns(runs: Runs, turns: gr.State, add_steps: AddSteps | None = None) -> None:
    """Each turn's question, answer and, where it has calls, steps; its thinking is read when somebody unfolds it."""

    @gr.render(inputs=turns, triggers=[turns.change], show_progress="hidden")
    def show_turns(run_ids: list[str]) -> None:
        for run_id in run_ids:
            try:
                row, timed = runs.store.row(run_id), runs.store.timed_events(run_id)
            except AppError as error:
                gr.Markdown(str(error), elem_classes="says")
                continue
            so_far = SoFar()
            so_far.add((at_ms / 1000, event) for at_ms, event in timed)
            panes = update_all(Panes(run_id=run_id), ((at_ms / 1000, event) for at_ms, event in timed))
            with gr.Accordion(shortened(row.question, 90), open=False, elem_classes="turn"):
                plain_text(panes.asked_text)
                if add_steps is not None and panes.steps:
                    add_steps(run_id, steps_value(so_far, panes, -1, True))
                if answer := final_answer(so_far.steps()):
                    answer_pane(for_display(answer))
                else:
                    gr.HTML("<p data-say><em>No answer.</em></p>")
                if panes.thinking:
                    with gr.Accordion(thought_text(panes.thinking_pace), open=False, elem_classes="thought") as thought:
                        pane = thinking_pane(hint="")
                    thought.expand(partial(_thinking_of, runs, run_id), None, pane, **AT_ONCE)


def _thinking_of(runs: Runs, run_id: str) -> dict[str, Any]:
    return whole_value(collect(runs.store.events(run_id)).thinking)
