"""The store in, the Past runs tab out: search, open, rename, pin, delete with undo, import."""

import time
from pathlib import Path
from typing import Any

import gradio as gr

from model.errors import AppError, RunNotFound
from model.importing import import_json_lines
from model.runs import Runs
from model.store import RunRow
from ui.parts import run_list
from ui.sentences import joined

_SHOWN_RUNS = 200


class History:
    """What the Past runs tab shows and does, for one owner at a time ("" where the app has only one user)."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._store = runs.store

    def listed(self, query: str, owner: str, run_id: str = "", **more: Any) -> dict[str, Any]:
        """The value of `run_list`: all conversations, or the runs that a search finds."""
        try:
            if query.strip():
                hits = self._store.search(query, owner, _SHOWN_RUNS)
                rows = [self._row(hit.run) | {"snippet": hit.snippet, "is_turn": True} for hit in hits]
            else:
                rows = [self._row(row) for row in self._store.rows(owner, _SHOWN_RUNS)]
        except AppError as error:
            return {"rows": [], "empty": str(error)}
        empty = "No run holds all of these words." if query.strip() else "Nothing has been asked yet."
        return {"rows": rows, "current": run_id, "empty": empty, **more}

    def _row(self, row: RunRow) -> dict[str, Any]:
        tokens = row.thinking_tokens + row.answer_tokens
        is_live = self._runs.is_live(row.id)
        ends = {"stopped": "stopped", "error": "failed", "length": "cut at the token limit"}
        detail = joined(
            [
                time.strftime("%d %b %Y, %H:%M", time.localtime(row.updated_at)),
                row.model,
                f"{tokens:,} tokens" if tokens else "",
                "going on" if is_live else ends.get(row.reason, ""),
            ]
        )
        return {"id": row.id, "title": row.title, "detail": detail, "is_pinned": row.is_pinned}

    def on_edit(self, query: str, owner: str, run_id: str, event: gr.EventData) -> dict[str, Any]:
        """Rename, pin, delete or restore a run; then the list again."""
        chosen, title = str(event.run_id), str(event.title)
        more: dict[str, Any] = {}
        try:
            if event.action == "restore":
                self._store.restore(chosen)
            else:
                self._check_owner(chosen, owner)
                more = self._edit(str(event.action), chosen, title)
        except AppError as error:
            more = {"note": str(error)}
        return self.listed(query, owner, run_id, **more)

    def _edit(self, action: str, run_id: str, title: str) -> dict[str, Any]:
        if action == "rename":
            self._store.rename(run_id, title)
        elif action in ("pin", "unpin"):
            self._store.pin(run_id, action == "pin")
        elif action == "delete":
            self._store.delete(run_id)
            return {"note": f"Deleted “{title}”. ", "undo": {"id": run_id, "title": title}}
        return {}

    def _check_owner(self, run_id: str, owner: str) -> None:
        """An id alone opens a run, as a link does; changing it takes the one whose run it is."""
        if self._store.row(run_id).owner != owner:
            raise RunNotFound("This run is not in your list, so it cannot be changed here.")

    def on_import(self, path: str | None, query: str, owner: str, run_id: str) -> dict[str, Any]:
        """Take an export back in."""
        if not path:
            return self.listed(query, owner, run_id)
        try:
            imported = import_json_lines(self._store, Path(path).read_bytes(), owner)
            note = f"Imported {len(imported):,} run{'' if len(imported) == 1 else 's'}."
        except AppError as error:
            note = str(error)
        return self.listed(query, owner, run_id, note=note)


def add_history() -> tuple[gr.Textbox, gr.UploadButton, gr.HTML]:
    """The components of the tab."""
    with gr.Row(elem_id="history-row"):
        search = gr.Textbox(
            label="Search past runs",
            show_label=False,
            placeholder="Search questions, answers and thinking",
            container=False,
            max_lines=1,
            elem_id="search",
            scale=1,
        )
        upload = gr.UploadButton(
            "Import", file_types=[".jsonl"], file_count="single", size="sm", elem_id="import", scale=0, min_width=90
        )
    return search, upload, run_list(elem_id="runs-list")
