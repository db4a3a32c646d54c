"""The panes of a run as they grow in, the value of the outline beside its thinking out."""

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


class Outlining:
    """Follows one run; each piece of its thinking is read once."""

    def __init__(self) -> None:
        self._builder = OutlineBuilder()
        self._fed_characters = 0
        self._fed_tokens = 0

    def value(self, panes: Panes) -> dict[str, Any]:
        """What `ui.parts.outline` shows: `steps`, each a list of kind, its word, title, first character, tokens.

        Also `can_go_on`, whether another run can go on from a step; and, of a run that has ended, `reached` (a
        character) and `words` about where the answer first stands.
        """
        text = panes.thinking[self._fed_characters :]
        if len(panes.thinking) < self._fed_characters:
            self._builder, self._fed_characters, self._fed_tokens = OutlineBuilder(), 0, 0
            text = panes.thinking
        if text:
            tokens = panes.thinking_pace.tokens
            self._builder.feed(text, max(0, tokens - self._fed_tokens))
            self._fed_characters, self._fed_tokens = len(panes.thinking), tokens
        entries = self._builder.entries
        steps = [
            [entry.kind, _KIND_WORDS[entry.kind], entry.title, entry.start_character, entry.n_tokens]
            for entry in entries
        ]
        can_go_on = bool(steps) and not panes.is_live
        return {"steps": steps, "can_go_on": can_go_on} | self._reached(panes, entries)

    def _reached(self, panes: Panes, entries: tuple[OutlineEntry, ...]) -> dict[str, Any]:
        """Where the answer first stands in the thinking, once the run has ended and where it can be told."""
        if panes.is_live or not panes.answer or not entries:
            return {}
        place = first_reached(panes.thinking, panes.answer)
        if place is None:
            return {}
        token, tokens = token_at(entries, place), panes.thinking_pace.tokens
        return {"reached": place, "words": f"Answer first reached at token {token:,} of {tokens:,}"}
