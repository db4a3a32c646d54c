"""A file of problems in, a table of what came of each out: the batch part of the Math tab."""

import asyncio
import html
import threading
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from model.errors import AppError, BadInput
from model.runs import Runs
from ui.math_parts import BatchParts, MathParts
from ui.parts import AT_ONCE, QUIET, hand_out
from ui.sampling_drawer import budget_of
from ui.sentences import shortened
from ui.solve_values import LABELS
from ui.watching import to_follow
from verify.batches import Batch, BatchSettings, Row, as_objects, counts_of
from verify.problem_files import GivenProblem, TableForm, check_number, problems_from_file, to_table
from verify.solving import Solves

_LOOK_SECONDS = 0.5
# The table is written out at each update: of a long one, what goes on and what was done last.
_ROWS_SHOWN = 60
_BATCHES_KEPT = 20
_WORDS = {"waiting": "Waiting", "going": "Being solved", "failed": "Failed"}
# A cell of a table has room for one word.
_LABELS = LABELS | {"evidence": "Evidence"}
_COUNTED = ("correct", "wrong", "undecided", "evidence", "not checked", "failed")

NOTHING_NEW: Any = (gr.skip(), gr.skip())
# As in the handlers: table, message.
Update = tuple[dict[str, Any], str]


class MathBatch:
    """Reads files of problems, starts batches and follows them; the last few are kept for their downloads."""

    def __init__(self, solves: Solves, runs: Runs) -> None:
        self._solves, self._runs = solves, runs
        self._is_hosted = runs.settings.is_shared
        self._batches: dict[str, Batch] = {}
        self._lock = threading.Lock()

    def on_choose(self, path: str | None) -> tuple[Any, ...]:
        """Read a file; one that is refused says why, and what was there stays.

        Returns:
            The problems, the table and the message.
        """
        try:
            if not path:
                return gr.skip(), gr.skip(), gr.skip()
            file = Path(path)
            problems = problems_from_file(file.name, file.read_bytes())
            check_number(problems, self._is_hosted)
        except AppError as error:
            return gr.skip(), gr.skip(), _paragraph(str(error))
        rows = [Row(each.id, each.problem, each.gold) for each in problems]
        known = sum(bool(each.gold) for each in problems)
        said = f"{len(problems):,} problems read, {known:,} with a known answer."
        return problems, batch_value(rows, ["batch-start"]), _paragraph(said)

    def on_start(
        self, problems: Sequence[GivenProblem], n_chains: int, budget: str, custom: str, owner: str
    ) -> tuple[Any, Any, Any]:
        """Start; what is refused leaves the table as it is.

        Returns:
            The batch's id, what to follow, and the message.
        """
        try:
            if not problems:
                raise BadInput("There are no problems. Choose a file first.")
            settings = BatchSettings(int(n_chains), budget_of(budget, custom or ""))
            batch = Batch(self._solves, self._runs, problems, settings, owner or "")
        except AppError as error:
            return gr.skip(), gr.skip(), _paragraph(str(error))
        with self._lock:
            self._batches[batch.id] = batch
            for old in list(self._batches)[:-_BATCHES_KEPT]:
                if not self._batches[old].is_live:
                    del self._batches[old]
        return batch.id, to_follow(batch.id), ""

    async def on_follow(self, to_follow: str) -> AsyncGenerator[Update, None]:
        """The table as it fills, until all is done."""
        batch = self._seen(to_follow.partition("/")[0])
        if batch is None:
            # A page that has just opened tells of its empty state too, sometimes.
            yield NOTHING_NEW
            return
        while True:
            # Asked first: what is written after it is read below.
            is_live = batch.is_live
            rows = batch.rows
            shows = ["batch-stop" if is_live else "batch-start"]
            shows += ["batch-take"] if any(row.state in ("done", "failed") for row in rows) else []
            message = _paragraph("The batch was stopped.") if batch.is_stopped and not is_live else ""
            yield batch_value(rows, shows), message
            if not is_live:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    def on_load(self, batch_id: str) -> Any:
        """Follow the batch that this browser had started, if it is still known."""
        return to_follow(batch_id) if self._seen(batch_id) else gr.skip()

    def on_stop(self, batch_id: str) -> None:
        """Stop; the rows that are done stay."""
        if batch := self._seen(batch_id):
            batch.stop()

    def on_csv(self, batch_id: str) -> dict[str, str]:
        """The rows as CSV."""
        return self._file(batch_id, "csv")

    def on_json_lines(self, batch_id: str) -> dict[str, str]:
        """The rows as JSON Lines."""
        return self._file(batch_id, "json_lines")

    def _seen(self, batch_id: str) -> Batch | None:
        """The batch, if it is known and one of whoever acts."""
        batch = self._batches.get(batch_id)
        return batch if batch is not None and batch.is_seen else None

    def _file(self, batch_id: str, form: TableForm) -> dict[str, str]:
        batch = self._seen(batch_id)
        if batch is None:
            return {}
        name, kind = {"csv": ("verdicts.csv", "text/csv"), "json_lines": ("verdicts.jsonl", "application/jsonl")}[form]
        return {"text": to_table(as_objects(batch.rows), form), "name": name, "type": kind}


def batch_value(rows: Sequence[Row], shows: Sequence[str]) -> dict[str, Any]:
    """What `ui.verdict_parts.batch_table` shows: of a long batch what goes on, and what was done last.

    Args:
        shows: The buttons there are.
    """
    numbered = list(enumerate(rows, 1))
    shown = numbered
    if len(rows) > _ROWS_SHOWN:
        ended = max((number for number, row in numbered if row.state != "waiting"), default=0)
        first = max(0, min(ended + 5, len(rows)) - _ROWS_SHOWN)
        shown = numbered[first : first + _ROWS_SHOWN]
    counts = counts_of(rows)
    done = counts["done"] + counts["failed"]
    parts = [f"{done:,} of {len(rows):,} done"] + [f"{counts[each]} {each}" for each in _COUNTED if counts[each]]
    return {
        "rows": [_row(number, row) for number, row in shown],
        "words": " · ".join(parts),
        "done": done,
        "total": len(rows),
        "hidden": len(rows) - len(shown),
        "shows": " ".join(shows),
    }


def _row(number: int, row: Row) -> list[Any]:
    standing = row.checked if row.state == "done" else row.state
    said = _LABELS[row.checked] if row.state == "done" else _WORDS[row.state]
    problem, gold, answer = shortened(row.problem, 90), shortened(row.gold, 40), shortened(row.answer, 40)
    return [number, row.run_id, problem, gold, answer, standing, said]


def _paragraph(words: str) -> str:
    return f"<p>{html.escape(words)}</p>" if words else ""


def wire_batch(demo: gr.Blocks, batch: MathBatch, parts: MathParts, owner: gr.BrowserState, handout: gr.JSON) -> None:
    """Connect the components of the batch to what they do."""
    own: BatchParts = parts.batch
    starting: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    read = [own.held, own.table, own.message]
    own.choose.upload(batch.on_choose, own.choose, read, **AT_ONCE)
    given = [own.held, parts.n_chains, parts.budget, parts.custom_budget, owner]
    own.start.click(batch.on_start, given, [own.batch_id, own.to_follow, own.message], **starting)
    shown = [own.table, own.message]
    own.to_follow.change(batch.on_follow, own.to_follow, shown, trigger_mode="multiple", **starting)
    demo.load(batch.on_load, own.batch_id, own.to_follow, **starting)
    own.stop.click(batch.on_stop, own.batch_id, None, **AT_ONCE)
    for button, take in ((own.csv, batch.on_csv), (own.json_lines, batch.on_json_lines)):
        hand_out(button, take, [own.batch_id], handout)
