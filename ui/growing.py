"""A run that goes on and how much of its thinking a pane has in, what has come since out: past Gradio's queue.

Each update of a component costs the browser the same, however little is new (it looks through all components of the
page); a pane that asks for its text itself costs next to nothing. What is said about the run still comes by updates.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from model.events import ThinkingDelta
from model.runs import Runs
from model.steps import StepFold
from ui.live_tint import utf16_units

Grown = Callable[[Any], Awaitable[dict[str, Any]]]

# A request waits for text, so that a slow model is not asked for nothing all the time.
_WAIT_SECONDS = 1.0
_LOOK_SECONDS = 0.04
# Panes ask again after so long (thinking_pane.js); where many read, each is made to wait for the rest of its time.
_ASKED_AGAIN_SECONDS = 0.085
_FORGOTTEN_EVERY_SECONDS = 5.0


@dataclass(slots=True)
class _Thinking:
    """The thinking of a live run as far as it was read: pieces with the UTF-16 unit at which each begins; its steps."""

    n_events: int = 0
    n_units: int = 0
    pieces: list[tuple[int, str]] = field(default_factory=list)
    fold: StepFold = field(default_factory=StepFold)


class Growing:
    """Reads live runs for the panes of pages. Use it from one event loop."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._known: dict[str, _Thinking] = {}
        self._forgot_at = 0.0

    async def grown(self, asked: Any) -> dict[str, Any]:
        """What has been thought since.

        Args:
            asked: {"run", "units"}: the run's id, and how many UTF-16 units of its thinking the pane has; with "step"
                those of the thinking of one step, which has grown to its end when another one has begun.

        Returns:
            {"text", "is_over"}: new text, empty if none came for a second; whether the run goes on no more.
        """
        run_id, units = str(asked["run"]), int(asked["units"])
        step = asked.get("step")
        deadline = time.monotonic() + _WAIT_SECONDS
        await self._runs.pace.rest_beyond(_ASKED_AGAIN_SECONDS)
        while True:
            thinking = self._read(run_id)
            if thinking is None:
                return {"text": "", "is_over": True}
            text, is_over = _since(thinking, units), False
            if step is not None:
                steps = thinking.fold.steps()
                whole, is_over = steps[min(int(step), len(steps) - 1)].thinking, int(step) < len(steps) - 1
                text = whole.encode("utf-16-le")[2 * units :].decode("utf-16-le", "replace")
            if text or is_over or time.monotonic() >= deadline:
                return {"text": text, "is_over": is_over}
            await asyncio.sleep(_LOOK_SECONDS)

    def _read(self, run_id: str) -> _Thinking | None:
        known = self._known.get(run_id, _Thinking())
        events = self._runs.events_so_far(run_id, known.n_events)
        if events is None:
            self._known.pop(run_id, None)
            return None
        known.n_events += len(events)
        for event in events:
            known.fold.take(event)
        if text := "".join(event.text for event in events if isinstance(event, ThinkingDelta)):
            known.pieces.append((known.n_units, text))
            known.n_units += utf16_units(text)
        self._known[run_id] = known
        self._forget_ended()
        return known

    def _forget_ended(self) -> None:
        if time.monotonic() - self._forgot_at < _FORGOTTEN_EVERY_SECONDS:
            return
        self._forgot_at = time.monotonic()
        for ended in [each for each in self._known if not self._runs.is_live(each)]:
            del self._known[ended]


def _since(thinking: _Thinking, units: int) -> str:
    """The text from a UTF-16 unit on; what a pane has may end within a piece, for others read the run too."""
    new: list[str] = []
    for start, text in reversed(thinking.pieces):
        if start < units:
            rest = text.encode("utf-16-le")[2 * (units - start) :]
            new.append(rest.decode("utf-16-le", "replace"))
            break
        new.append(text)
    return "".join(reversed(new))


def growing_of(runs: Runs) -> Grown:
    """The function that panes call: Gradio marks it, which a method cannot be."""
    growing = Growing(runs)

    async def grown(asked: Any) -> dict[str, Any]:
        return await growing.grown(asked)

    return grown
