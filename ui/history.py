"""The store in, the lists of past runs out: grouped by day, searched, changed, deleted with undo, taken along."""

import re
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from model.acting import seen_owner
from model.errors import AppError, RunBusy, RunNotFound
from model.export import ENDINGS, Form, file_name
from model.export_many import Picked, export_many
from model.importing import MAX_IMPORT_BYTES, import_json_lines
from model.runs import Runs
from model.stored_runs import Hit, Place, RunRow
from ui.day_groups import clock_of, date_of, heading_of, zone_of
from ui.sentences import joined

# What the list shows at first, and how many more each *Show more* brings.
PAGE_ROWS = 100
RAIL_ROWS = 40
_MAX_ROWS = 5000
_ENDS = {"stopped": "stopped", "error": "failed", "length": "cut at the token limit"}
_PLACES: dict[Place, str] = {
    "question": "Found in the question",
    "answer": "Found in the answer",
    "thinking": "Found in the thinking",
    "title": "Found in the title",
}

ListValue = dict[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """What a page's list is of: words searched for, whose runs, the run on the page, the browser's time zone."""

    query: str = ""
    owner: str = ""
    run_id: str = ""
    zone: str = ""
    rows: int = PAGE_ROWS


@dataclass(frozen=True, slots=True)
class Change:
    """What a user did in the list, as its script tells it: any page may send anything."""

    action: str
    run_id: str = ""
    title: str = ""
    picked: tuple[Picked, ...] = field(default=())
    form: Form = "markdown"
    with_thinking: bool = True
    rows: int = PAGE_ROWS

    @classmethod
    def of(cls, event: gr.EventData) -> "Change":
        """Read what the script sent."""
        given: dict[str, Any] = event._data if isinstance(event._data, dict) else {}
        picked = given.get("picked") if isinstance(given.get("picked"), list) else []
        rows = given.get("shown")
        return cls(
            action=str(given.get("action", "")),
            run_id=str(given.get("run_id", "")),
            title=str(given.get("title", "")),
            picked=tuple(
                Picked(str(each.get("run_id", "")), bool(each.get("is_turn")))
                for each in picked or ()
                if isinstance(each, dict)
            )[:_MAX_ROWS],
            form=next((known for known in ENDINGS if known == given.get("form")), "markdown"),
            with_thinking=bool(given.get("with_thinking", True)),
            rows=min(max(rows, PAGE_ROWS), _MAX_ROWS) if isinstance(rows, int) else PAGE_ROWS,
        )


class History:
    """What the lists of past runs show and do, for one owner at a time ("" where the app has only one user).

    Args:
        runs: Where the runs are.
        folder: Where files that are taken along are written; the page's server must be allowed to send them.
    """

    def __init__(self, runs: Runs, folder: Path) -> None:
        self._runs = runs
        self._store = runs.store
        self._folder = folder

    # ------------------------------------------------------------------ lists

    def listed(self, query: str, owner: str, run_id: str = "", zone: str = "") -> ListValue:
        """The value of `run_list` for a page that has just opened it, or typed other words to search for."""
        return self._list(View(query or "", owner or "", run_id, zone or ""))

    def rail(self, owner: str, to_follow: str, zone: str = "") -> ListValue:
        """The value of the list beside the chat: the latest conversations."""
        run_id = (to_follow or "").partition("/")[0]
        return self._list(View("", owner or "", run_id, zone or "", RAIL_ROWS))

    def _list(self, view: View, **more: Any) -> ListValue:
        """All conversations, or the runs that a search finds; and whether there are more of them."""
        try:
            if view.query.strip():
                hits = self._store.search(view.query, view.owner, view.rows + 1)
                rows = [self._hit(hit, view) for hit in hits]
            else:
                rows = self._grouped(self._store.rows(view.owner, view.rows + 1), view)
            current = self._root_of(view.run_id)
        except AppError as error:
            return {"rows": [], "empty": str(error)} | more
        shown = rows[: view.rows]
        return {
            "rows": shown,
            "current": current if not view.query.strip() else view.run_id,
            "has_more": len(rows) > len(shown),
            "state": _found_text(len(shown), len(rows) > len(shown)) if view.query.strip() and shown else "",
            "empty": _empty_text(view.query),
        } | more

    def _grouped(self, rows: Sequence[RunRow], view: View) -> list[dict[str, Any]]:
        zone, now = zone_of(view.zone), time.time()
        live = {self._root_of(run_id) for run_id in self._runs.live_runs()}
        shown = []
        for row in rows:
            heading = heading_of(row.updated_at, now, zone)
            is_under_its_day = not row.is_pinned and heading.endswith("day")
            when = clock_of(row.updated_at, zone) if is_under_its_day else date_of(row.updated_at, zone)
            group = "Pinned" if row.is_pinned else heading
            shown.append(_row(row, when, row.id in live) | {"group": group})
        return shown

    def _hit(self, hit: Hit, view: View) -> dict[str, Any]:
        when = date_of(hit.run.updated_at, zone_of(view.zone))
        more = {"is_turn": True, "snippet": hit.snippet, "place": hit.place, "found": _PLACES[hit.place]}
        return _row(hit.run, when, False) | more | {"words": words_to_find(view.query, hit.snippet)}

    def _root_of(self, run_id: str) -> str:
        """The first turn of the run's conversation: what the list names it by. "" where there is none."""
        try:
            return self._store.row(run_id).root_id if run_id else ""
        except RunNotFound:
            return ""

    # ------------------------------------------------------------------ changes

    def on_edit(self, query: str, owner: str, run_id: str, zone: str, event: gr.EventData) -> ListValue:
        """Rename, pin, delete or restore runs, or only look again; then the list."""
        change = Change.of(event)
        try:
            more = self._edit(change, owner or "")
        except AppError as error:
            more = {"note": str(error)}
        return self._list(View(query or "", owner or "", run_id, zone or "", change.rows), **more)

    def _edit(self, change: Change, owner: str) -> dict[str, Any]:
        match change.action:
            case "rename":
                self._check_owner(change.run_id, owner)
                self._store.rename(change.run_id, change.title)
            case "pin" | "unpin":
                self._check_owner(change.run_id, owner)
                self._store.pin(change.run_id, change.action == "pin")
            case "delete":
                return self._delete(change, owner)
            case "restore":
                return self._restore(change.picked, owner)
            case _:  # look again, show more
                pass
        return {}

    def _check_owner(self, run_id: str, owner: str) -> None:
        """An id alone opens a run, as a link does; changing it takes the one whose run it is."""
        if self._store.row(run_id).owner != seen_owner(owner):
            raise RunNotFound("This run is not in your list, so it cannot be changed here.")

    def _delete(self, change: Change, owner: str) -> dict[str, Any]:
        """Delete what was picked; what still goes on stays, and one undo brings all the others back."""
        gone: list[str] = []
        refused: list[str] = []
        for each in change.picked:
            try:
                self._check_owner(each.run_id, owner)
                self._store.delete(each.run_id)
                gone.append(each.run_id)
            except RunBusy as error:
                refused.append(str(error))
            except RunNotFound as error:
                # Gone with a turn before it that was picked too.
                if len(change.picked) == 1:
                    refused.append(str(error))
        words = f"Deleted “{change.title}”." if len(gone) == 1 and change.title else f"Deleted {_runs_text(len(gone))}."
        # Last deleted, first restored: a turn that was deleted by itself comes back before those around it.
        undo = {"undo": {"picked": [{"run_id": run_id} for run_id in reversed(gone)], "words": words}} if gone else {}
        return undo | {"note": " ".join(refused)}

    def _restore(self, picked: Sequence[Picked], owner: str) -> dict[str, Any]:
        for each in picked:
            self._store.restore(each.run_id, owner)
        return {"is_restored": True, "note": f"Brought back {_runs_text(len(picked))}."}

    def on_import(self, path: str | None, query: str, owner: str, run_id: str, zone: str) -> ListValue:
        """Take an export back in."""
        view = View(query or "", owner or "", run_id, zone or "")
        if not path:
            return self._list(view)
        try:
            imported = import_json_lines(self._store, Path(path).read_bytes(), view.owner)
            note = f"Imported {_runs_text(len(imported))}."
        except AppError as error:
            note = str(error)
        return self._list(view, note=note)

    # ------------------------------------------------------------------ taking along

    def on_take(
        self, query: str, owner: str, run_id: str, zone: str, event: gr.EventData
    ) -> tuple[ListValue, str | None]:
        """Write what was picked into one file.

        Returns:
            The list, with a sentence where there is something to say, and the file's path, None where there is none.
        """
        change = Change.of(event)
        view = View(query or "", owner or "", run_id, zone or "", change.rows)
        try:
            path = self._write(change)
        except AppError as error:
            return self._list(view, note=str(error)), None
        size = path.stat().st_size
        note = ""
        if change.form == "json_lines" and size > MAX_IMPORT_BYTES:
            note = (
                f"The file has {size / 2**20:,.0f} MiB and an import takes {MAX_IMPORT_BYTES / 2**20:,.0f} MiB. "
                "To import it again, export fewer runs at a time."
            )
        return self._list(view, note=note), str(path)

    def _write(self, change: Change) -> Path:
        pieces = export_many(self._store, change.picked, change.form, change.with_thinking)
        title = f"{len(change.picked)} conversations"
        if len(change.picked) == 1:
            title = self._store.row(change.picked[0].run_id).title
        # A folder that nobody can guess: whoever knows a file's address can fetch it.
        folder = self._folder / f"export-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        path = folder / file_name(title, change.form)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for piece in pieces:
                file.write(piece)
        return path


def _row(row: RunRow, when: str, is_live: bool) -> dict[str, Any]:
    tokens = row.thinking_tokens + row.answer_tokens
    end = "going on" if is_live else _ENDS.get(row.reason, "")
    detail = joined([when, row.model, f"{tokens:,} tokens" if tokens else "", end])
    return {
        "id": row.id,
        "title": row.title,
        "detail": detail,
        "short": joined([when, end]),
        "is_pinned": row.is_pinned,
        "is_live": is_live,
    }


def words_to_find(query: str, snippet: str) -> list[str]:
    r"""What to look for in the text of a hit: the query as it was typed, else what it matched, the longest first.

    >>> words_to_find('whale "blue moon"', "…a \x02blue moon\x03 and a \x02whale\x03 …")
    ['whale blue moon', 'blue moon', 'whale']
    """
    matched = sorted(set(re.findall("\x02([^\x03]*)\x03", snippet)), key=lambda words: (-len(words), words))
    typed = " ".join(query.replace('"', " ").split())
    return [typed, *(words for words in matched if words != typed)][:8]


def _runs_text(count: int) -> str:
    return f"{count:,} run{'' if count == 1 else 's'}"


def _found_text(count: int, has_more: bool) -> str:
    if has_more:
        return f"The best {count:,} runs that hold all of these words."
    return f"{_runs_text(count)} hold{'s' if count == 1 else ''} all of these words."


def _empty_text(query: str) -> str:
    if query.strip():
        return "No run holds all of these words. Fewer words, or the beginning of one, find more."
    return (
        "Nothing has been asked yet. Runs stand here as soon as they begin, and those of an export once it is imported."
    )
