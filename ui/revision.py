"""Nothing in; the components that make another run out of one that has ended, and what they do, out."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from model.branching import Branch
from model.errors import AppError
from model.events import Event
from model.resuming import own_thinking
from model.runs import Runs
from model.steps import steps_of
from ui.parts import AT_ONCE, QUIET, plain_text, small_button
from ui.samples import SampleControl, add_sample_control
from ui.sentences import refusal
from ui.words import word

_narrow = partial(small_button, min_width=40)


@dataclass(frozen=True, slots=True)
class Revision:
    """The row under a run, and the two editors that it opens; while the run goes on, only its branches show."""

    again: gr.Button
    new_answer: gr.Button
    edit_thinking: gr.Button
    edit_question: gr.Button
    samples: SampleControl
    before: gr.Button
    after: gr.Button
    going_on: gr.HTML
    compare: gr.Button
    thinking_editor: gr.Column
    thinking_text: gr.Textbox
    think_on: gr.Button
    answer_from: gr.Button
    question_editor: gr.Column
    question_text: gr.Textbox
    ask_edited: gr.Button
    cancels: tuple[gr.Button, gr.Button]
    # Whose thinking is in the editor: the number of the step, from 1; None where runs have no steps.
    step: gr.State
    prefix: str


def add_revision(prefix: str = "") -> Revision:
    """Lay them out; the style sheet hides what a run that goes on has no use for."""
    with gr.Row(elem_id=f"{prefix}revise"):
        again = _narrow(word("Ask again"), f"{prefix}again")
        samples = add_sample_control(prefix)
        new_answer = _narrow(word("New answer"), f"{prefix}new-answer")
        edit_thinking = _narrow(word("Edit thinking"), f"{prefix}edit-thinking")
        edit_question = _narrow(word("Edit question"), f"{prefix}edit-question")
        with gr.Row(elem_id=f"{prefix}branches"):
            before = _narrow("‹", f"{prefix}branch-before")
            gr.HTML(f"<span id='{prefix}branch-place'></span>")
            after = _narrow("›", f"{prefix}branch-after")
            going_on = plain_text(elem_id=f"{prefix}branches-going-on", elem_classes="says")
            compare = _narrow(word("Compare"), f"{prefix}compare-runs")
    with gr.Column(visible=False, elem_id=f"{prefix}thinking-editor") as thinking_editor:
        thinking_text = gr.Textbox(
            label=word("Thinking, as the model is to have thought it"),
            lines=8,
            max_lines=24,
            elem_id=f"{prefix}thinking-text",
        )
        with gr.Row(elem_classes="editor-buttons"):
            think_on = _narrow(word("Think on from here"), f"{prefix}think-on")
            answer_from = _narrow(word("Answer from here"), f"{prefix}answer-from")
            cancel_thinking = _narrow(word("Cancel"), f"{prefix}cancel-thinking")
    with gr.Column(visible=False, elem_id=f"{prefix}question-editor") as question_editor:
        question_text = gr.Textbox(label=word("Question"), lines=2, max_lines=12, elem_id=f"{prefix}question-text")
        with gr.Row(elem_classes="editor-buttons"):
            ask_edited = _narrow(word("Ask this instead"), f"{prefix}ask-edited")
            cancel_question = _narrow(word("Cancel"), f"{prefix}cancel-question")
    row = (again, new_answer, edit_thinking, edit_question, samples, before, after, going_on, compare)
    editors = (thinking_editor, thinking_text, think_on, answer_from, question_editor, question_text, ask_edited)
    return Revision(*row, *editors, (cancel_thinking, cancel_question), gr.State(None), prefix)


class Revising:
    """What the row and its editors do.

    Args:
        to_follow: Makes the page follow another run.
        step_of: Where runs have steps, the number of the one that the page shows, from 1, by the run's events and what
            the page follows.
    """

    def __init__(
        self,
        parts: Revision,
        runs: Runs,
        to_follow: Callable[[str], str],
        step_of: Callable[[Sequence[Event], str], int] | None = None,
    ) -> None:
        self.parts = parts
        self._runs = runs
        self._to_follow = to_follow
        self._step_of = step_of

    def on_branch(self, branch: Branch, run_id: str, owner: str) -> tuple[Any, ...]:
        """Start a run beside this one; an editor stays open when it is refused.

        Returns:
            What to follow, the two editors, and the status line.
        """
        try:
            started = self._runs.branch(run_id, branch, owner=owner or "")
        except AppError as error:
            return gr.skip(), gr.skip(), gr.skip(), refusal(error)
        return self._to_follow(started), gr.Column(visible=False), gr.Column(visible=False), gr.skip()

    def on_fork(self, event: gr.EventData, run_id: str, owner: str, followed: str) -> tuple[Any, ...]:
        """Keep the thinking up to the place that was chosen in the outline, and think on from there."""
        try:
            step = self._step_of(self._runs.store.events(run_id), followed) if self._step_of else None
        except AppError as error:
            return gr.skip(), gr.skip(), gr.skip(), refusal(error)
        return self.on_branch(Branch(keep_characters=int(event.character), step=step), run_id, owner)

    def on_edited_thinking(
        self, answers_now: bool, text: str, step: int | None, run_id: str, owner: str
    ) -> tuple[Any, ...]:
        """Go on from the thinking in the editor."""
        return self.on_branch(Branch(thinking=text, answers_now=answers_now, step=step), run_id, owner)

    def on_edited_question(self, text: str, run_id: str, owner: str) -> tuple[Any, ...]:
        """Ask the question in the editor instead."""
        return self.on_branch(Branch(question=text), run_id, owner)

    async def on_open(self, part: str, run_id: str, followed: str) -> tuple[Any, ...]:
        """Open an editor with the run's own text in it; the other one closes.

        Returns:
            The editor of the thinking, its text, its step, the editor of the question, its text.
        """
        events = await asyncio.to_thread(self._runs.store.events, run_id)
        opened, closed = gr.Column(visible=True), gr.Column(visible=False)
        if part == "question":
            return closed, gr.skip(), gr.skip(), opened, events[0].question  # type: ignore[union-attr]
        if self._step_of is None:
            return opened, own_thinking(events).rstrip(), None, closed, gr.skip()
        step = self._step_of(events, followed)
        return opened, steps_of(events)[step - 1].own_thinking.rstrip(), step, closed, gr.skip()

    def on_switch(self, step: int, run_id: str) -> Any:
        """Follow the branch before or behind this one, round and round."""
        try:
            siblings = [row.id for row in self._runs.store.siblings(run_id)]
        except AppError as error:
            return gr.skip(), refusal(error)
        return self._to_follow(siblings[(siblings.index(run_id) + step) % len(siblings)]), gr.skip()


def wire_revision(
    revising: Revising,
    outline: gr.HTML,
    run_id: gr.State,
    owner: gr.BrowserState,
    to_follow: gr.State,
    status: gr.HTML,
    following: Any,
) -> None:
    """Connect the row, its editors and the outline's steps to what they do."""
    parts = revising.parts
    events: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    started = [to_follow, parts.thinking_editor, parts.question_editor, status]
    for button, branch in ((parts.again, Branch()), (parts.new_answer, Branch(answers_now=True))):
        button.click(partial(revising.on_branch, branch), [run_id, owner], started, **events)
    for button, answers_now in ((parts.think_on, False), (parts.answer_from, True)):
        edited = partial(revising.on_edited_thinking, answers_now)
        button.click(edited, [parts.thinking_text, parts.step, run_id, owner], started, **events)
    outline.select(revising.on_fork, [run_id, owner, to_follow], started, **events)
    parts.ask_edited.click(revising.on_edited_question, [parts.question_text, run_id, owner], started, **events)
    editors = [parts.thinking_editor, parts.thinking_text, parts.step, parts.question_editor, parts.question_text]
    for button, part in ((parts.edit_thinking, "thinking"), (parts.edit_question, "question")):
        opened = button.click(partial(revising.on_open, part), [run_id, to_follow], editors, **events)
        opened.then(None, None, None, js=f"() => workingsShow('{parts.prefix}{part}-editor')", **AT_ONCE)
    closed = [parts.thinking_editor, parts.question_editor]
    for button in parts.cancels:
        button.click(lambda: (gr.Column(visible=False), gr.Column(visible=False)), None, closed, **events)
    for button, step in ((parts.before, -1), (parts.after, 1)):
        # In two steps: an update of the run before that was on its way would be shown over the other one.
        let_go = button.click(lambda: None, None, None, cancels=following, **events)
        let_go.then(partial(revising.on_switch, step), run_id, [to_follow, status], **events)
