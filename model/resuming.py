"""The events of a run that has ended in, where it can go on from out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model.engine import Collected, collect
from model.errors import BadInput
from model.events import Event, ThinkingDelta


def own_thinking(events: Sequence[Event]) -> str:
    """The thinking of a run without the texts that we wrote into it to end it; what the user wrote is kept."""
    return "".join(event.text for event in events if isinstance(event, ThinkingDelta) and not event.forced)


@dataclass(frozen=True, slots=True)
class Resumable:
    """How a run that has ended can go on: `action`, and the text to start from."""

    action: Literal["continue", "think_longer"]
    thinking: str
    is_thinking_closed: bool
    answer: str


def resumable(events: Sequence[Event], *, think_longer: bool = False) -> Resumable:
    """Where a run that has ended goes on from.

    Raises:
        BadInput: If it ended by itself and is not asked to think longer.

    >>> from model.events import Asked, Finished
    >>> cut = [Asked("2+2?"), ThinkingDelta("Two and", 2), Finished("stopped")]
    >>> resumable(cut)
    Resumable(action='continue', thinking='Two and', is_thinking_closed=False, answer='')
    """
    whole: Collected = collect(events)
    reason = whole.finished.reason if whole.finished else "error"
    is_cut_in_answer = bool(whole.answer) and reason in ("length", "stopped", "time_limit", "error")
    if is_cut_in_answer and not think_longer:
        return Resumable("continue", whole.thinking, True, whole.answer)
    if whole.answer:
        if reason == "stop" and not think_longer:
            raise BadInput(
                "This run ended by itself, so there is nothing to continue. Ask a follow-up, or think longer."
            )
        return Resumable("think_longer", own_thinking(events), False, "")
    return Resumable("continue", own_thinking(events), False, "")
