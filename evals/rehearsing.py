"""An engine and beginnings of thinkings in, an engine out whose first step on such a question begins so.

For tasks in which a call stands inside the thinking: some are left open there, so that the model itself writes on in
the middle of a call that must stay text.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from model.engine import Engine, Request, Steering
from model.events import Event, ThinkingDelta
from model.wrapped_engine import WrappedEngine


class RehearsingEngine(WrappedEngine):
    """The engine, but for the thinkings that it is given the beginning of.

    Args:
        beginnings: By the question.
    """

    def __init__(self, engine: Engine, beginnings: Mapping[str, str]) -> None:
        super().__init__(engine)
        self._beginnings = beginnings

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """As the engine; a beginning comes first, with 0 tokens."""
        last = request.messages[-1]
        beginning = self._beginnings.get(last.content, "") if last.role == "user" else ""
        if beginning and not request.thinking_so_far and not request.is_thinking_closed:
            yield ThinkingDelta(beginning, 0, by_user=True)
            request = replace(request, thinking_so_far=beginning)
        yield from self.engine.stream(request, steering)
