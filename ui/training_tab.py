"""What the Training tab's script asks for in, what it shows out: runs, one of them, its completions, or a refusal."""

import json
import time
import zlib
from collections.abc import Callable
from typing import Any

from model.errors import BadInput
from ui.tab_acts import Value, answered
from ui.training_curves import charts_value
from ui.training_plan import plan_value, weights_of
from ui.training_runs import TrainingRuns, seconds_of
from ui.training_values import (
    OUTCOMES,
    about_text,
    figures_value,
    listed_value,
    opened_sample,
    sample_row,
    standing_value,
)

_PIECE_BYTES = 4_000_000
_ROWS = 20


class TrainingTab:
    """Answers the tab's script. Any thread may call it."""

    def __init__(self, runs: TrainingRuns) -> None:
        self._runs = runs
        self._acts: dict[str, Callable[[Value], Value]] = {
            "look": self._look,
            "samples": self._samples,
            "open": self._open,
            "file": self._file,
        }

    def answer(self, asked: Any) -> Value:
        """What the script asked for; {"error"} with a sentence where that cannot be."""
        return answered(self._acts, asked, "Training")

    def _look(self, asked: Value) -> Value:
        """The list and the run that is open, each only if the page does not know it as it is."""
        now = time.time()
        listed = [
            listed_value(state, status, now, seconds_of(state.updated_at)) for state, status in self._runs.listed()
        ]
        told: Value = {"stamp": _stamp(listed)}
        if asked.get("stamp") != told["stamp"]:
            told |= {"runs": listed, "folder": self._runs.place}
        name = str(asked.get("name") or "")
        if name:
            try:
                told["run"] = self._run(name, asked)
            except BadInput as error:  # an old address; the rest can be shown
                told["missing"] = str(error)
        return told

    def _run(self, name: str, asked: Value) -> Value:
        state, status = self._runs.state(name)
        told: Value = {
            **standing_value(state, status),
            "about": about_text(state),
            "log": self._runs.stamp(name, "log.jsonl"),
            "samples": self._runs.stamp(name, "samples.jsonl"),
            "has_report": self._runs.stamp(name, "report.html") != "0 0",
        }
        if asked.get("log") != told["log"]:
            points, plan = self._runs.log(name), self._runs.plan(name)
            told["charts"] = charts_value(state.kind, points, weights_of(plan))
            told["figures"] = figures_value(state.kind, points)
            told["plan"] = plan_value(plan)
        return told

    def _samples(self, asked: Value) -> Value:
        """Rows of the last completions, and where earlier ones are to be looked for."""
        outcome, before = str(asked.get("outcome") or ""), asked.get("before")
        if outcome and outcome not in OUTCOMES:
            raise BadInput("The page asks for what this server does not know. Load it again.")
        tail = self._runs.samples(str(asked["name"]), _ROWS, outcome, None if before is None else int(before))
        return {"rows": [sample_row(place, sample) for place, sample in tail.samples], "before": tail.before}

    def _open(self, asked: Value) -> Value:
        name = str(asked["name"])
        return opened_sample(self._runs.sample(name, int(asked["place"])), weights_of(self._runs.plan(name)))

    def _file(self, asked: Value) -> Value:
        """A piece of a file, whole lines of it, and where the next one begins; None at the end."""
        path = self._runs.file(str(asked["name"]), str(asked["file"]))
        with path.open("rb") as file:
            file.seek(int(asked.get("offset") or 0))
            lines = file.readlines(_PIECE_BYTES)
            offset = file.tell()
        ends = not lines or offset >= path.stat().st_size
        return {"text": b"".join(lines).decode("utf-8", "replace"), "next": None if ends else offset}


def served_training(tab: TrainingTab) -> Callable[[Any], Value]:
    """The function that the script calls: Gradio marks it, which a method cannot be."""

    def training(asked: Any) -> Value:
        return tab.answer(asked)

    return training


def _stamp(listed: list[Value]) -> str:
    return str(zlib.crc32(json.dumps(listed).encode()))
