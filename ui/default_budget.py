"""The thinking budget that the page begins with: found by a benchmark, kept on disk, put into each tab's selector."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

from model.settings import BUDGET_TOKENS
from ui.sampling_drawer import CUSTOM

_FALLBACK = "medium"


class DefaultBudget:
    """One for everybody who uses this app; of `medium` nothing is written down."""

    def __init__(self, data_folder: Path) -> None:
        self._file = data_folder / "default_budget.json"

    @property
    def tokens(self) -> int | None:
        """Thinking tokens; None where none was chosen."""
        try:
            kept = json.loads(self._file.read_text("utf-8"))
            return int(kept["tokens"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def choose(self, tokens: int, result: str) -> None:
        """Keep a budget, with the result that speaks for it; 0 goes back to `medium`."""
        if tokens <= 0:
            self._file.unlink(missing_ok=True)
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({"tokens": tokens, "result": result}), "utf-8")

    def fields(self) -> tuple[str, str]:
        """The choice of a budget selector, and its custom field.

        >>> DefaultBudget(Path("/nonexistent")).fields()
        ('medium', '')
        """
        tokens = self.tokens
        if tokens is None:
            return _FALLBACK, ""
        name = next((name for name, named in BUDGET_TOKENS.items() if named == tokens), None)
        return (name, "") if name else (CUSTOM, str(tokens))

    def updates(self, selectors: int) -> list[Any]:
        """What so many selectors, each with its custom field, show."""
        choice, custom = self.fields()
        return [gr.Radio(value=choice), gr.Textbox(value=custom, visible=choice == CUSTOM)] * selectors
