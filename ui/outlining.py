"""The panes of a run as they grow in, the value of the outline beside its thinking out."""

import json
from typing import Any

from model.first_reached import first_reached
from model.outline import OutlineBuilder, OutlineEntry, token_at
from ui.panes import Panes

_KIND_WORDS = {
    "plan": "plan",
    "attempt": "attempt",
    "check": "check",
    "turn_back": "turns back",
    "conclusion": "conclusion",
    "step": "step",
}

# A browser that is handed hundreds of steps anew several times a second builds each of them anew: they go as texts.
_GROUP_STEPS = 32


class Outlining:
    """Follows one run; each piece of its thinking is read once."""

    def __init__(self) -> None:
        self._builder = OutlineBuilder()
        self._fed_characters = 0
        self._fed_tokens = 0
        self._full_groups: list[str] = []

    def value(self, panes: Panes) -> dict[str, Any]:
        """What `ui.parts.outline` shows: `steps` in groups, of which only the last two change (`steps_of`).

        Also `can_go_on`, whether another run can go on from a step; and, of a run that has ended, `reached` (a
        character) and `words` about where the answer first stands.
        """
        text = panes.thinking[self._fed_characters :]
        if len(panes.thinking) < self._fed_characters:
            self._builder, self._fed_characters, self._fed_tokens = OutlineBuilder(), 0, 0
            self._full_groups = []
            text = panes.thinking
        if text:
            tokens = panes.thinking_pace.tokens
            self._builder.feed(text, max(0, tokens - self._fed_tokens))
            self._fed_characters, self._fed_tokens = len(panes.thinking), tokens
        entries = self._builder.entries
        can_go_on = bool(entries) and not panes.is_live
        return {"steps": self._groups(entries), "can_go_on": can_go_on} | self._reached(panes, entries)

    def _groups(self, entries: tuple[OutlineEntry, ...]) -> list[str]:
        # All entries but the last two are final.
        while len(self._full_groups) < (len(entries) - 2) // _GROUP_STEPS:
            start = len(self._full_groups) * _GROUP_STEPS
            self._full_groups.append(_group(entries[start : start + _GROUP_STEPS]))
        starts = range(len(self._full_groups) * _GROUP_STEPS, len(entries), _GROUP_STEPS)
        return [*self._full_groups, *(_group(entries[start : start + _GROUP_STEPS]) for start in starts)]

    def _reached(self, panes: Panes, entries: tuple[OutlineEntry, ...]) -> dict[str, Any]:
        """Where the answer first stands in the thinking, once the run has ended and where it can be told."""
        if panes.is_live or not panes.answer or not entries:
            return {}
        place = first_reached(panes.thinking, panes.answer)
        if place is None:
            return {}
        token, tokens = token_at(entries, place), panes.thinking_pace.tokens
        return {"reached": place, "words": f"Answer first reached at token {token:,} of {tokens:,}"}


def _group(entries: tuple[OutlineEntry, ...]) -> str:
    steps = [[each.kind, _KIND_WORDS[each.kind], each.title, each.start_character, each.n_tokens] for each in entries]
    return json.dumps(steps, ensure_ascii=False)


def steps_of(value: dict[str, Any]) -> list[list[Any]]:
    """The steps of a value of `Outlining`, each as kind, its word, title, first character, tokens.

    >>> steps_of({"steps": ['[["plan", "plan", "First", 0, 9]]']})
    [['plan', 'plan', 'First', 0, 9]]
    """
    return [step for group in value["steps"] for step in json.loads(group)]
