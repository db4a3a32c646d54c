"""Runs and the model host in, the whole page out: layout and wiring; what the parts do is in their own files."""

import secrets
from functools import partial
from typing import Any

import gradio as gr

from model.engine import collect
from model.errors import AppError
from model.host import ModelHost
from model.runs import Runs
from model.settings import Settings
from ui.chat_parts import ChatParts, add_composer, add_run_view
from ui.chat_tab import ChatTab, wire_chat
from ui.endpoints import add_endpoints
from ui.history import History, add_history
from ui.maths import for_display
from ui.model_panel import ModelPanel, add_model_form, wire_model
from ui.panes import Panes, thought_text, update_all
from ui.parts import AT_ONCE, answer_pane, model_line, plain_text, thinking_pane
from ui.sentences import model_line_value, shortened

TITLE = "Workings"
_TAGLINE = "A reasoning model on your own machine: its thinking on one side, its answer on the other."


def build_page(runs: Runs, host: ModelHost, settings: Settings) -> gr.Blocks:
    """The page and the named endpoints, not launched yet."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(3600, 86_400)) as demo:
        with gr.Row(elem_id="masthead", equal_height=False):
            gr.HTML(f"<h1>{TITLE}</h1><p>{_TAGLINE}</p>", elem_id="title")
            line = model_line(model_line_value(host.status()), elem_id="model-line")
        timer = gr.Timer(1.0)
        # On a shared server each browser has a list of its own; at home there is one list.
        owner = gr.BrowserState("", storage_key="workings-visitor", secret="workings")
        state: dict[str, Any] = {"run_id": gr.State(""), "turns": gr.State([]), "to_follow": gr.State("")}
        state["handout"] = gr.JSON(visible=False)
        with gr.Tabs(selected="chat", elem_id="tabs") as tabs:
            with gr.Tab("Chat", id="chat"):
                add_earlier_turns(runs, state["turns"])
                view = add_run_view() | add_composer(host)
            with gr.Tab("Past runs", id="history") as history_tab:
                search, upload, runs_list = add_history()
            with gr.Tab("Model", id="model") as model_tab:
                form = add_model_form(settings)
                table = gr.HTML("<p>Looking at the device…</p>", elem_id="fit-table")
        parts = ChatParts(tabs=tabs, runs_list=runs_list, **state, **view)
        wire_chat(demo, ChatTab(parts, runs, host), runs, owner)
        panel = ModelPanel(host, settings)
        wire_model(panel, form, line, timer)
        model_tab.select(panel.table, None, table, **AT_ONCE)
        _wire_history(History(runs), history_tab, search, upload, parts, owner)
        if settings.is_hosted:
            demo.load(lambda known: known or secrets.token_urlsafe(16), owner, owner, **AT_ONCE)
        add_endpoints(runs, host, settings)
    return demo


def _wire_history(
    history: History, tab: gr.Tab, search: gr.Textbox, upload: gr.UploadButton, parts: ChatParts, owner: gr.BrowserState
) -> None:
    shown = [search, owner, parts.run_id]
    # One event for both, so that a slow list never comes after the search that was typed meanwhile.
    gr.on([tab.select, search.change], history.listed, shown, parts.runs_list, trigger_mode="always_last", **AT_ONCE)
    parts.runs_list.edit(history.on_edit, shown, parts.runs_list, **AT_ONCE)
    upload.upload(history.on_import, [upload, *shown], parts.runs_list, **AT_ONCE)


def add_earlier_turns(runs: Runs, turns: gr.State) -> None:
    """The turns before the one on the page, each folded; its thinking is read only when somebody unfolds it."""

    @gr.render(inputs=turns, triggers=[turns.change], show_progress="hidden")
    def show_turns(run_ids: list[str]) -> None:
        for run_id in run_ids:
            try:
                row, timed = runs.store.row(run_id), runs.store.timed_events(run_id)
            except AppError as error:
                gr.Markdown(str(error))
                continue
            panes = update_all(Panes(), ((at_ms / 1000, event) for at_ms, event in timed))
            with gr.Accordion(shortened(row.question, 90), open=False, elem_classes="turn"):
                plain_text(panes.question)
                answer_pane(for_display(panes.answer) or "*No answer.*")
                if panes.thinking:
                    with gr.Accordion(thought_text(panes.thinking_pace), open=False, elem_classes="thought") as thought:
                        pane = thinking_pane(hint="")
                    thought.expand(partial(_thinking_of, runs, run_id), None, pane, **AT_ONCE)


def _thinking_of(runs: Runs, run_id: str) -> str:
    return collect(runs.store.events(run_id)).thinking
