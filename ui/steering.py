"""What a user does to the run on a page in, what the page follows or is told then out: steer, go on, resume."""

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from model.errors import AppError
from model.runs import Runs
from ui.composer import Composer
from ui.conversation_settings import on_settings
from ui.parts import AT_ONCE, QUIET
from ui.sentences import refusal
from ui.watching import to_follow


class Steered:
    """What the buttons beside the status line do."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    def on_resume(self, run_id: str, think_longer: bool) -> tuple[Any, Any]:
        """Take a run that has ended further."""
        try:
            self._runs.resume(run_id, think_longer=think_longer)
        except AppError as error:
            return gr.skip(), refusal(error)
        return to_follow(run_id), gr.skip()

    def on_steer(self, steer: Callable[[str], bool], run_id: str) -> Any:
        """Stop, answer now or think longer; what comes of it arrives in the stream."""
        try:
            steer(run_id)
        except AppError as error:
            return refusal(error)
        return gr.skip()

    def on_go_on(self, run_id: str, hint: str) -> tuple[Any, Any]:
        """End a pause, with the hint if there is one; a hint that is refused stays in its box.

        Returns:
            The hint box and the status line.
        """
        try:
            self._runs.go_on(run_id, hint or "")
        except AppError as error:
            return gr.skip(), refusal(error)
        return "", gr.skip()


def wire_steering(composer: Composer, runs: Runs, run_id: gr.State, followed: gr.State) -> None:
    """Connect the buttons, and have the settings' fields be those of the run that has come onto the page.

    Args:
        followed: The state that a page follows runs by.
    """
    steered = Steered(runs)
    # Only events of the queue tell the page that a state has changed.
    starting: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    followed.change(partial(on_settings, runs), [followed, run_id], composer.settings, **AT_ONCE)
    for button, think_longer in ((composer.go_on, False), (composer.think_again, True)):
        resume = partial(steered.on_resume, think_longer=think_longer)
        button.click(resume, run_id, [followed, composer.status], **starting)
    acts: list[tuple[gr.Button, Callable[[str], bool]]] = [
        (composer.stop, runs.stop),
        (composer.answer_now, runs.answer_now),
        (composer.more, runs.think_longer),
        (composer.pause, runs.pause),
    ]
    for button, act in acts:
        button.click(partial(steered.on_steer, act), run_id, composer.status, **AT_ONCE)
    going_on = [composer.unpause.click, composer.hint.submit]
    gr.on(going_on, steered.on_go_on, [run_id, composer.hint], [composer.hint, composer.status], **AT_ONCE)
