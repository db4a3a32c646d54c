"""The events of a run as they come in, out: its steps so far, its tools, what waits for the user's word."""

from collections.abc import Iterable

from model.events import Event, Notice
from model.steps import Step, StepFold
from model.tool_events import ApprovalAsked, Equipped


class SoFar:
    """One run, read once from its first event on."""

    def __init__(self) -> None:
        # What the run was given; None where it has no tools.
        self.equipped: Equipped | None = None
        # Until when each call waits for the user's word, in Unix seconds.
        self.waits_until: dict[str, float] = {}
        self._fold = StepFold()
        self._notices: list[Notice] = []

    def add(self, timed: Iterable[tuple[float, Event]]) -> None:
        """Read on; each event comes with its Unix second."""
        for at, event in timed:
            self._fold.take(event)
            if isinstance(event, ApprovalAsked):
                self.waits_until[event.call_id] = at + event.seconds
            elif isinstance(event, Equipped):
                self.equipped = event
            elif isinstance(event, Notice):
                self._notices.append(event)

    def steps(self) -> tuple[Step, ...]:
        """The steps; at least one."""
        return self._fold.steps()

    def offered(self) -> tuple[str, ...]:
        """Names of the tools that the model was told of."""
        return tuple(tool.name for tool in self.equipped.tools) if self.equipped is not None else ()

    def notices(self, kind: str) -> list[str]:
        """What the notices of a kind say, in their order."""
        return [notice.text for notice in self._notices if notice.kind == kind]
