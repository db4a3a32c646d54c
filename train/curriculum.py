"""Outcomes of a source's problems in, the level of difficulty that it is asked at next out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Curriculum:
    """A level for each source: up when most of a window was right, down when hardly any was.

    Args:
        counts: How many levels each source has.
        window: Completions that are looked at; they begin anew with each level.
        up: The share of right ones from which on it gets harder; `down` the one up to which it gets easier.
    """

    counts: Mapping[str, int]
    window: int = 64
    up: float = 0.8
    down: float = 0.2
    levels: dict[str, int] = field(default_factory=dict)
    heard: dict[str, list[int]] = field(default_factory=dict)

    def hear(self, source: str, level: int, is_correct: bool) -> None:
        """Count a completion; one of a level that was left meanwhile says nothing of this one."""
        if self.counts.get(source, 1) < 2 or level != self.levels.get(source, 0):
            return
        asked, right = self.heard.get(source, [0, 0])
        self.heard[source] = [asked + 1, right + is_correct]
        if asked + 1 < self.window:
            return
        share = (right + is_correct) / (asked + 1)
        step = (share >= self.up) - (share <= self.down)
        self.levels[source] = min(self.counts[source] - 1, max(0, level + step))
        self.heard[source] = [0, 0]

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {"levels": self.levels, "heard": self.heard}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.levels, self.heard = dict(state["levels"]), {name: list(each) for name, each in state["heard"].items()}
