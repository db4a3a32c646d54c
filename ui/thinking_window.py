"""The thinking of a run as it grows in, what its pane is handed out: all of it at the ends, else its last stretch.

Gradio's browser side writes a value out several times at each update, to see what has changed. Of a thought of 140,000
characters that is megabytes of dead copies a second; of its last stretch it is nothing.
"""

import time
from collections.abc import Callable
from typing import Any

from ui.live_tint import utf16_units
from ui.panes import Panes

_STRETCH_CHARACTERS = 4096
# Updates that come close together may reach the pane as one: for so long, each of them holds all of the thinking.
_WHOLE_SECONDS = 1.5


class ThinkingWindow:
    """Follows one run for one page.

    Args:
        key: Tells one following from another: a stretch only goes with what the pane was handed under the same key.
        run_id: The run that the pane may ask for more between two values (`ui.growing`); empty for a replay.
        clock: Seconds that never go back.
    """

    def __init__(self, key: str, run_id: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._key = key
        self._run_id = run_id
        self._clock = clock
        self._whole_until = clock() + _WHOLE_SECONDS
        self._start = 0
        self._units_before = 0

    def value(self, panes: Panes) -> dict[str, Any]:
        """What `ui.parts.thinking_pane` shows: `text`, and the UTF-16 units `before` it that the pane has already."""
        thinking = panes.thinking
        grows = self._run_id if panes.is_live else ""
        if not panes.is_live or self._clock() < self._whole_until or len(thinking) < self._start:
            return whole_value(thinking, self._key, grows)
        start = max(0, len(thinking) // _STRETCH_CHARACTERS - 1) * _STRETCH_CHARACTERS
        self._units_before += utf16_units(thinking[self._start : start])
        self._start = start
        return {"key": self._key, "before": self._units_before, "text": thinking[start:], "grows": grows}


def whole_value(thinking: str, key: str = "", grows: str = "") -> dict[str, Any]:
    """All of a thinking, for the pane; `grows` is the run that it may ask for more."""
    return {"key": key, "before": 0, "text": thinking, "grows": grows}


class StepWindows:
    """The same for a run with steps: the pane shows the thinking of one, from its own beginning.

    Args:
        key: As in `ThinkingWindow`.
        run_id: The run that the pane may ask for more.
    """

    def __init__(self, key: str, run_id: str) -> None:
        self._key, self._run_id = key, run_id
        self._step, self._window = -1, ThinkingWindow(key)

    def key_of(self, step: int) -> str:
        """What the pane's text comes under."""
        return f"{self._key}/{step}"

    def value(self, panes: Panes, step: int, is_last: bool) -> dict[str, Any]:
        """What the pane shows of a step.

        Args:
            panes: Their thinking is that of the step.
            step: From 0.
            is_last: Whether the step may grow.
        """
        if step != self._step:
            self._step, self._window = step, ThinkingWindow(self.key_of(step), self._run_id if is_last else "")
        value = self._window.value(panes)
        return value | {"step": step} if value["grows"] else value
