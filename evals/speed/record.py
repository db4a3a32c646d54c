"""What was measured in, the JSON of a result out, written after every part: a run that breaks off keeps what it has."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.speed.arrivals import Cell
from evals.speed.busy import Busy
from evals.speed.delivered import Delivered
from evals.speed.ratios import Figure

RESULTS = Path(__file__).resolve().parent.parent / "results"
FORM = "speed-3"


@dataclass
class Record:
    """A result as it grows.

    Args:
        head: Where it comes from: model, precision, device, versions, what was asked for.
        memory: Bytes; see `MEMORY_WORDS` of the tables.
        busy: How busy others kept the machine so far.
        not_measured: Part to the reason.
    """

    head: dict[str, Any]
    path: Path
    busy: Busy
    load_seconds: float = 0.0
    memory: dict[str, int] = field(default_factory=dict)
    cells: dict[tuple[str, int, int], Cell] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    delivered: Delivered | None = None
    not_measured: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "form": FORM,
            **self.head,
            "machine": self.busy.as_json(),
            "load_seconds": round(self.load_seconds, 2),
            "memory": self.memory,
            "cells": [cell.as_json() for cell in self.cells.values()],
            "figures": [figure.as_json(self.busy.is_quiet) for figure in self.figures],
            "delivered": None if self.delivered is None else self.delivered.as_json(),
            "not_measured": self.not_measured,
            "seconds": round(time.monotonic() - self.began, 1),
        }

    def keep(self, cell: Cell) -> None:
        """A line, or what came of it after another try."""
        self.cells[cell.contender, cell.batch, cell.prompt_tokens] = cell
        self.write()

    def write(self) -> None:
        """Write what is there now."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.as_json(), indent=1) + "\n", encoding="utf-8")


def file_name(model: str, precision: str, device: str) -> str:
    """A result's name.

    >>> file_name("qwq-32b, random weights", "nf4", "NVIDIA H200, 16 CPU cores")
    'speed-qwq-32b-random-weights-nf4-nvidia-h200-16-cpu-cores.json'
    """
    words = re.sub(r"[^a-z0-9]+", "-", f"{Path(model).name} {precision} {device}".lower()).strip("-")
    return f"speed-{words}.json"


def measured_at() -> str:
    """This moment, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def results_in(folder: Path = RESULTS) -> list[tuple[Path, dict[str, Any]]]:
    """All results of this form with their files, the newest first."""
    read = [(path, json.loads(path.read_text("utf-8"))) for path in sorted(folder.glob("speed-*.json"))]
    ours = [(path, one) for path, one in read if one.get("form") == FORM]
    return sorted(ours, key=lambda pair: str(pair[1]["measured_at"]), reverse=True)
