"""The query of the page's address in, the text of the run that it names out, as markup that needs no script.

The page itself takes a second until it can show anything; a long thought can be read before that. The page's own panes
take its place when they have the text.
"""

import asyncio
import html
import re
from urllib.parse import parse_qs

from model.engine import Collected, collect
from model.errors import AppError
from model.events import Asked
from model.runs import Runs
from ui.early_document import FirstMarkup
from ui.parts import ASSETS

# Of a longer thinking the end is shown, as in the pane.
_MOST_CHARACTERS = 400_000
# Parts of about this size, between paragraphs, are only laid out where they can be seen.
_PART_CHARACTERS = 2_000
_PARAGRAPHS = re.compile(rf"(?s).{{1,{_PART_CHARACTERS}}}.*?(?:\n\n|\Z)")


def first_text_of(runs: Runs) -> FirstMarkup:
    """A function that makes the first text; empty where the address names no run, or one that has no thinking."""
    style, script = ((ASSETS / name).read_text("utf-8") for name in ("first_text.css", "first_text.js"))

    async def first_text(query: str) -> str:
        run_id = (parse_qs(query).get("run") or [""])[0]
        text = await asyncio.to_thread(_markup_of, runs, run_id) if run_id else ""
        return f"<style>{style}</style>{text}<script>{script}</script>" if text else ""

    return first_text


def _markup_of(runs: Runs, run_id: str) -> str:
    try:
        events = runs.store.events(run_id)
    except AppError:
        return ""  # what is wrong with it is said on the page
    asked = events[0]
    assert isinstance(asked, Asked)
    turn = collect(events)
    return _markup(asked.question, turn) if turn.thinking else ""


def _markup(question: str, turn: Collected) -> str:
    thinking = _parts(turn.thinking[-_MOST_CHARACTERS:])
    return (
        "<div id='first-text' data-nosnippet><p class='title'>Workings</p>"
        f"<p class='question'>{html.escape(question)}</p><div class='columns'>"
        f"<section><p class='of'>Thinking</p><div class='end'><div>{thinking}</div></div>"
        f"</section><section><p class='of'>Answer</p><div class='answer'>{html.escape(turn.answer)}</div></section>"
        "</div></div>"
    )


def _parts(text: str) -> str:
    return "".join(f"<div>{html.escape(part)}</div>" for part in _PARAGRAPHS.findall(text))
