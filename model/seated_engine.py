"""An engine and a run's seat in the line in, an engine out that writes only while it is that run's turn."""

from collections.abc import Generator, Iterator

from model.ends import end_notice
from model.engine import Engine, Request, Steering
from model.events import Event, Finished
from model.fair_line import Seat
from model.wrapped_engine import WrappedEngine

_WAIT_SECONDS = 0.5


class SeatedEngine(WrappedEngine):
    """Every stream stands in line first, and its seat is free again between two streams."""

    def __init__(self, engine: Engine, seat: Seat) -> None:
        super().__init__(engine)
        self._seat = seat

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """See `model.engine.Engine.stream`."""
        steering.take_turns(self._seat)
        if not self.engine.abilities.goes_on:
            self._seat.keep_to_the_end()
        try:
            if not self._seat.wait(0.0):
                self.engine.stream(request, steering)  # a chat that is too long is refused before it waits, not after
                while steering.is_paused:
                    steering.wait_while_paused(_WAIT_SECONDS)
            if (reason := steering.stop_reason) is not None:
                yield end_notice(reason)
                yield Finished(reason)
                return
            yield from self._seated(request, steering)
        finally:
            self._seat.leave()

    def _seated(self, request: Request, steering: Steering) -> Iterator[Event]:
        stream = self.engine.stream(request, steering)
        try:
            for event in stream:
                self._seat.served(event)
                yield event
        finally:
            if isinstance(stream, Generator):
                stream.close()  # before the seat is somebody else's
