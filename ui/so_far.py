"""The events of a run as they come in, its steps so far out: neighbouring deltas are kept as one.

A page asks for the steps again and again, and thousands of deltas would be read anew each time.
"""

from collections.abc import Iterable
from dataclasses import replace

from model.events import AnswerDelta, Event, Notice, ThinkingDelta
from model.steps import Step, steps_of
from model.tool_events import ApprovalAsked, Equipped


class SoFar:
    """One run, read once from its first event on."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        # Until when each call waits for the user's word, in Unix seconds.
        self.waits_until: dict[str, float] = {}

    def add(self, timed: Iterable[tuple[float, Event]]) -> None:
        """Read on; each event comes with its Unix second."""
        for at, event in timed:
            if isinstance(event, ApprovalAsked):
                self.waits_until[event.call_id] = at + event.seconds
            last = self.events[-1] if self.events else None
            joined = _joined(last, event) if last is not None else None
            if joined is None:
                self.events.append(event)
            else:
                self.events[-1] = joined

    def steps(self) -> tuple[Step, ...]:
        """The steps; at least one."""
        return steps_of(self.events)

    def offered(self) -> tuple[str, ...]:
        """Names of the tools that the model was told of."""
        equipped = next((event for event in self.events[:4] if isinstance(event, Equipped)), None)
        return tuple(tool.name for tool in equipped.tools) if equipped is not None else ()

    def notices(self, kind: str) -> list[str]:
        """What the notices of a kind say, in their order."""
        return [event.text for event in self.events if isinstance(event, Notice) and event.kind == kind]


def _joined(last: Event, event: Event) -> Event | None:
    """Both as one, where they are pieces of one text; without the figures of single tokens."""
    match last, event:
        case (ThinkingDelta(forced=forced), ThinkingDelta()) if forced == event.forced:
            pass
        case (AnswerDelta(), AnswerDelta()):
            pass
        case _:
            return None
    assert isinstance(last, ThinkingDelta | AnswerDelta) and isinstance(event, ThinkingDelta | AnswerDelta)
    return replace(last, text=last.text + event.text, n_tokens=last.n_tokens + event.n_tokens, logprobs=())
