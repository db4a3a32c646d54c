"""Values in, the components that display a run with tools out: its steps and cards, its files, the tools there are."""

from collections.abc import Awaitable, Callable
from typing import Any

import gradio as gr

from ui.parts import html_part

# A card asks with {"run", "call"} for what it was not handed (`ui.agent_calls`).
Whole = Callable[[Any], Awaitable[dict[str, Any]]]


def steps_view(whole: Whole, value: dict[str, Any] | None = None, **options: Any) -> gr.HTML:
    """The steps of a run, a card for each call; from `ui.agent_values.steps_value`.

    `select` carries the `step` whose thinking is wished for, `edit` the user's word on a `call` (`decision`),
    `download` the `name` of a file. It asks `whole` for what the cards leave out.
    """
    markup = (
        "<ol class='agent-steps' aria-label='Steps of the run'></ol>"
        "<p class='offered' hidden><span>The model was told of:</span> <span class='names'></span></p>"
    )
    return html_part(value or {}, markup, "agent_steps.js", server_functions=[whole], **options)


def files_view(**options: Any) -> gr.HTML:
    """The files of a run; `download` carries the `name` of one. From `ui.agent_tools.files_value`."""
    markup = (
        "<section class='files' aria-label='Files of this run' hidden><h3>Files of this run</h3><ul></ul></section>"
    )
    return html_part({}, markup, "agent_files.js", **options)


def tools_view(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Each tool with its policy, each MCP server with its state; `edit` carries what the user did.

    From `ui.agent_tools.tools_value`.
    """
    markup = (
        "<p class='about'>free runs at once, ask waits for your word, off hides the tool from the model.</p>"
        "<p class='note' role='status' hidden></p><ul class='tools' aria-label='Tools'></ul>"
        "<section class='servers-frame' hidden><h3>MCP servers</h3>"
        "<ul class='servers' aria-label='MCP servers'></ul></section>"
    )
    return html_part(value, markup, "agent_tools.js", **options)
