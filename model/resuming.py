"""The events of a run that has ended in, where it can go on from out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model.errors import BadInput
from model.events import Event, Finished, Steered, ThinkingDelta
from model.steps import steps_of, without_cut_call
from model.tool_events import Equipped


def own_thinking(events: Sequence[Event]) -> str:
    """The thinking of a run without the texts that we wrote into it to end it; what the user wrote is kept."""
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta) and not event.forced)


@dataclass(frozen=True, slots=True)
class Resumable:
    """How a run that has ended can go on: `action`, and the text of its last step to start from.

    Without text, a step begins: the run was cut while its tools worked, or between two steps.
    """

    action: Literal["continue", "think_longer"]
    thinking: str
    is_thinking_closed: bool
    answer: str


def resumable(events: Sequence[Event], *, think_longer: bool = False) -> Resumable:
    """Where a run that has ended goes on from.

    Raises:
        BadInput: If it ended by itself and is not asked to think longer.

    >>> from model.events import Asked
    >>> cut = [Asked("2+2?"), ThinkingDelta("Two and", 2), Finished("stopped")]
    >>> resumable(cut)
    Resumable(action='continue', thinking='Two and', is_thinking_closed=False, answer='')
    """
    step = steps_of(events)[-1]
    if step.calls or step.ended_by not in ("", "finished"):
        return Resumable("continue", "", False, "")
    reason = _reason(events)
    is_cut_in_answer = bool(step.answer) and reason in ("length", "stopped", "time_limit", "allowance", "error")
    if is_cut_in_answer and not think_longer:
        has_tools = any(isinstance(event, Equipped) for event in events)
        return Resumable("continue", step.thinking, True, without_cut_call(step.answer) if has_tools else step.answer)
    if step.answer:
        if reason == "stop" and not think_longer:
            raise BadInput(
                "This run ended by itself, so there is nothing to continue. Ask a follow-up, or think longer."
            )
        return Resumable("think_longer", step.own_thinking, False, "")
    return Resumable("continue", step.own_thinking, False, "")


def _reason(events: Sequence[Event]) -> str:
    """Why the last stream ended; one that has no end was an error."""
    for event in reversed(events):
        if isinstance(event, Finished):
            return event.reason
        if isinstance(event, Steered):
            break
    return "error"
