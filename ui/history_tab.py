"""Nothing in; the Past runs tab and the rail beside the chat, laid out, out; and what their parts do."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from model.runs import Runs
from ui.history import History
from ui.parts import AT_ONCE, run_list
from ui.words import word

# The rail's button stands in the masthead (rail.js shows and hides the rail, and keeps that in the browser).
RAIL_BUTTON = (
    "<button class='action' type='button' id='show-rail' aria-expanded='false' aria-controls='rail' data-say>"
    "Runs</button>"
)
_ZONE = "() => Intl.DateTimeFormat().resolvedOptions().timeZone || ''"
_SAVE = "(file) => workingsSave(file)"


@dataclass(frozen=True, slots=True)
class HistoryParts:
    """Every component of the tab that a handler writes or reads, and the rail's list."""

    search: gr.Textbox
    upload: gr.UploadButton
    runs_list: gr.HTML
    rail_list: gr.HTML
    zone: gr.Textbox
    file: gr.File


NOT_KEPT = (
    "This Space has no storage of its own: all runs are gone when it restarts, which can happen at any time. "
    "Export what you want to keep."
)


def add_rail() -> gr.HTML:
    """The latest runs in a column at the window's left, where it is 1,100 pixels wide; else there is only the tab.

    A second, short list rather than the tab's content moved there: Gradio puts a tab's components on the page only
    when it is first opened.
    """
    with gr.Column(elem_id="rail"):
        return run_list(is_rail=True, elem_id="rail-list")


def add_history(rail_list: gr.HTML, *, is_kept: bool = True) -> HistoryParts:
    """The components of the tab; where runs are not kept, it says so."""
    if not is_kept:
        gr.Markdown(NOT_KEPT, elem_classes="says", elem_id="not-kept")
    with gr.Row(elem_id="history-row"):
        search = gr.Textbox(
            label=word("Search past runs"),
            show_label=False,
            placeholder=word("Search questions, answers and thinking"),
            container=False,
            max_lines=1,
            elem_id="search",
            scale=1,
        )
        upload = gr.UploadButton(
            word("Import"),
            file_types=[".jsonl"],
            file_count="single",
            size="sm",
            elem_id="import",
            scale=0,
            min_width=90,
        )
    runs_list = run_list(elem_id="runs-list")
    return HistoryParts(search, upload, runs_list, rail_list, gr.Textbox("", visible=False), gr.File(visible=False))


def wire_history(
    demo: gr.Blocks,
    parts: HistoryParts,
    runs: Runs,
    tabs: gr.Tabs,
    tab: gr.Tab,
    owner: gr.BrowserState,
    run_id: gr.State,
    to_follow: gr.State,
) -> None:
    """Connect the tab and the rail to what they do; opening a run is the Chat tab's (chat_tab.py)."""
    history = History(runs, Path(parts.file.GRADIO_CACHE))
    demo.load(None, None, parts.zone, js=_ZONE, **AT_ONCE)
    shown = [parts.search, owner, run_id, parts.zone]
    # One event for both, so that a slow list never comes after the search that was typed meanwhile.
    gr.on(
        [tab.select, parts.search.change], history.listed, shown, parts.runs_list, trigger_mode="always_last", **AT_ONCE
    )
    edited = parts.runs_list.edit(history.on_edit, shown, parts.runs_list, **AT_ONCE)
    imported = parts.upload.upload(history.on_import, [parts.upload, *shown], parts.runs_list, **AT_ONCE)
    taken = parts.runs_list.download(history.on_take, shown, [parts.runs_list, parts.file], **AT_ONCE)
    taken.then(None, parts.file, None, js=_SAVE, **AT_ONCE)

    beside: dict[str, Any] = {"fn": history.rail, "inputs": [owner, to_follow, parts.zone], "outputs": parts.rail_list}
    # `edit` is the rail's own wish: it was opened, or a run in it goes on.
    gr.on([to_follow.change, parts.rail_list.edit, owner.change], **beside, **AT_ONCE)
    for changed in (edited, imported):
        changed.then(**beside, **AT_ONCE)
    parts.rail_list.click(lambda: gr.Tabs(selected="history"), None, tabs, **AT_ONCE)
