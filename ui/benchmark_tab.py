"""Benchmarks and their results in, what the Benchmarks tab asks for out: start, look, open, compare, take along."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from evals.benchmark_runs import BenchmarkRuns
from evals.benchmarks.benchmark import Problem
from evals.benchmarks.registry import BENCHMARKS
from evals.compare import compared
from evals.published import published_for
from evals.result_tail import ResultTail
from evals.run_state import Phase, State
from evals.scores import Scores, scores_of
from model.errors import AppError, BadInput
from model.settings import Settings
from ui.benchmark_compared import compared_value
from ui.benchmark_curves import CurveViews
from ui.benchmark_scores import bars_value, figures_value, others_value, score_value
from ui.benchmark_values import (
    WAITING,
    about_text,
    asked_value,
    data_text,
    form_value,
    listed_value,
    opened_value,
    problems_value,
    row_value,
    running_value,
    standing_value,
    title_of,
    worked_seconds,
)
from ui.day_groups import zone_of
from ui.default_budget import DefaultBudget
from ui.maths import for_display
from ui.parts import QUIET
from ui.sentences import joined

log = logging.getLogger(__name__)

_MAY_NOT = "Benchmarks take all of the model, so on this server only its host starts them. Results can be looked at."
_UNFORESEEN = "That failed in a way that was not foreseen; the server's log says more."
_PIECE_BYTES = 4_000_000
_MOST_LISTED = 100
_LISTING_SECONDS = 0.4

Value = dict[str, Any]


class BenchmarkTab:
    """Answers the tab's script. Any thread may call it."""

    def __init__(self, benchmarks: BenchmarkRuns, curves: CurveViews, folder: Path, settings: Settings) -> None:
        self._benchmarks, self._curves, self._folder = benchmarks, curves, folder
        self._is_hosted = settings.is_hosted
        self._may_start = settings.may_start_benchmarks
        self._tails: dict[str, ResultTail] = {}
        self._scores: dict[str, tuple[int, Scores]] = {}
        # The problems of the result that was looked into last.
        self._problems: tuple[str, dict[str, Problem]] = ("", {})
        self._lock, self._reading = threading.Lock(), threading.Lock()
        # What one page counts may not grow because another one looks.
        self._looking = threading.Lock()
        self._acts: dict[str, Callable[[Value], Value]] = {
            "look": self._look_alone,
            "open": self._open,
            "asked": self._asked,
            "compare": self._compare_alone,
            "file": self._file,
            "start": self._start,
            "resume": self._resume,
            "stop": self._stop,
            "measure_curve": self._measure_curve,
            "stop_curve": self._stop_curve,
        }

    def answer(self, asked: Any) -> Value:
        """What the script asked for; {"error"} with a sentence where that cannot be."""
        try:
            act = self._acts.get(str(asked.get("do")))
            if act is None:
                raise BadInput("The page asks for what this server does not know. Load it again.")
            return act(asked)
        except AppError as error:
            return {"error": str(error)}
        except Exception:  # noqa: BLE001  said without its details, which are in the log
            log.exception("the Benchmarks tab asked for %s", asked)
            return {"error": _UNFORESEEN}

    # ------------------------------------------------------------------ acting

    def _check_may_start(self) -> None:
        if not self._may_start:
            raise BadInput(_MAY_NOT)

    def _check_idle(self) -> None:
        if self._curves.is_going:
            raise BadInput("Accuracy against budget is being measured now. Stop that, or wait for its end.")

    def _start(self, asked: Value) -> Value:
        self._check_may_start()
        self._check_idle()
        source = str(asked.get("source") or "auto")
        if self._is_hosted and source not in ("auto", "sample", "hub"):
            raise BadInput("A server reads no folders for its visitors.")
        profile = str(asked.get("profile") or "quick")
        budget = str(asked.get("budget") or "").strip()
        if profile == "quick" and not budget:
            raise BadInput("The custom thinking budget is empty. Give a number of tokens, or seconds such as 90s.")
        return {
            "name": self._benchmarks.start(
                str(asked.get("benchmark")),
                limit=int(asked.get("limit") or 0),
                samples=int(asked.get("samples") or 0),
                profile=profile,
                budget=None if profile == "published" else budget,
                source=source,
            )
        }

    def _resume(self, asked: Value) -> Value:
        self._check_may_start()
        self._check_idle()
        self._benchmarks.resume(str(asked["name"]))
        return {}

    def _stop(self, asked: Value) -> Value:
        self._check_may_start()
        self._benchmarks.stop(str(asked["name"]))
        return {}

    def _measure_curve(self, asked: Value) -> Value:
        self._check_may_start()
        if self._benchmarks.going:
            raise BadInput(f"{self._benchmarks.going} goes on now. Stop it, or wait for its end.")
        self._curves.measure(self._tail(str(asked["name"])).result.path)
        return {}

    def _stop_curve(self, asked: Value) -> Value:
        if self._may_start:
            self._curves.stop()
        return {}

    # ------------------------------------------------------------------ looking

    def _look_alone(self, asked: Value) -> Value:
        with self._looking:
            return self._look(asked)

    def _compare_alone(self, asked: Value) -> Value:
        with self._looking:
            return self._compare(asked)

    def _look(self, asked: Value) -> Value:
        files = self._files()
        stamp = str(hash(tuple((name, path.stat().st_size) for name, path in files))) + str(self._benchmarks.going)
        told: Value = {"stamp": stamp, "live": self._benchmarks.going or ""}
        if asked.get("stamp") != stamp:
            told["results"], is_whole = self._results(files, str(asked.get("zone") or ""))
            # Not known to the page, so that it asks for the rest.
            told["stamp"] += "" if is_whole else " in part"
        if not asked.get("stamp"):
            told |= {
                "benchmarks": form_value(BENCHMARKS.values(), self._is_hosted),
                "may_start": self._may_start,
                "may_not": "" if self._may_start else _MAY_NOT,
            }
        name = str(asked.get("name") or "")
        if name:
            try:
                told["result"] = self._result(name, int(asked.get("since") or 0))
            except BadInput as error:  # an old address; the rest can be shown
                told["missing"] = str(error)
        return told

    def _files(self) -> list[tuple[str, Path]]:
        """Results by name, the newest first."""
        paths = sorted(self._folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
        return [(path.stem, path) for path in paths[:_MOST_LISTED]]

    def _tail(self, name: str) -> ResultTail:
        path = self._folder / f"{name}.jsonl"
        with self._lock:
            tail = self._tails.get(name)
            if tail is None:
                if path.parent != self._folder or not path.is_file():
                    raise BadInput(f"There is no result {name!r}.")
                tail = self._tails[name] = ResultTail(path)
        tail.read_on()
        return tail

    def _scores_of(self, name: str, tail: ResultTail) -> Scores:
        known = self._scores.get(name)
        if known is None or known[0] != tail.n_changes:
            known = self._scores[name] = (tail.n_changes, scores_of(tail.result))
        return known[1]

    def _results(self, files: list[tuple[str, Path]], zone: str) -> tuple[list[Value], bool]:
        """Those of the list that can be read in a moment, and whether these are all."""
        listed: list[Value] = []
        deadline = time.monotonic() + _LISTING_SECONDS
        for name, path in files:
            if name not in self._tails and listed and time.monotonic() > deadline:
                return listed, False
            try:
                tail = self._tail(name)
            except BadInput:  # a file of something else
                continue
            share = self._scores_of(name, tail).pass_1
            phase, at = self._state(name, tail).phase, path.stat().st_mtime
            listed.append(listed_value(name, tail.result, share.value if share else None, phase, at, zone_of(zone)))
        return listed, True

    def _state(self, name: str, tail: ResultTail) -> State:
        if self._benchmarks.going == name:
            return self._benchmarks.state(name)
        result = tail.result
        last = result.sessions[-1] if result.sessions else {}
        phase: Phase = "done" if result.is_done else last.get("end", "stopped")
        n, whole = len(result.judgements), len(result.problems) * result.n_samples
        note = str(last.get("note", "")) if phase == "failed" else ""
        return State(name, phase, n, whole, len(result.samples), note=note)

    def _result(self, name: str, since: int) -> Value:
        tail = self._tail(name)
        # Asked first: what is written after it is read below.
        state, is_measuring = self._state(name, tail), self._curves.is_going
        result, changed = tail.read_on(), tail.changed_since(since)
        n_changes = tail.n_changes
        places = {problem: at for at, problem in enumerate(result.problems)}
        new = dict.fromkeys(problem for problem, _ in changed)
        scores = self._scores_of(name, tail)
        standing = standing_value(state, worked_seconds(result), result.n_samples)
        published = published_for(str(result.head["benchmark"]))
        return (
            standing
            | {
                "title": title_of(result.head),
                "about": joined([about_text(result.head), data_text(result.head)]),
                "waiting": WAITING * result.n_samples,
                "since": n_changes,
                "rows": [row_value(result, places[problem], problem) for problem in new],
                "running": running_value(state.running, places),
                "score": score_value(scores, standing["is_going"]),
                "figures": figures_value(scores),
                "bars": bars_value(result.head, scores, published),
                "others": others_value(result.head, published),
                "curve": self._curves.value(result, standing["is_going"]),
                "is_measuring": is_measuring,
            }
            | ({} if since else {"problems": problems_value(result.head)})
        )

    def _open(self, asked: Value) -> Value:
        name, id_, number = str(asked["name"]), str(asked["problem"]), int(asked["number"])
        tail = self._tail(name)
        key = (id_, number)
        sample = tail.written(key) if key in tail.result.samples else None
        return opened_value(sample, tail.result.judgements.get(key))

    def answer_text(self, name: str, id_: str, number: int) -> str:
        """The answer of a sample as Markdown; empty where there is none."""
        try:
            tail = self._tail(name)
            if (id_, number) not in tail.result.samples:
                return ""
            return for_display(str(opened_value(tail.written((id_, number)), None)["answer"]))
        except AppError:  # said already, to the script that asked for the rest
            return ""

    def _asked(self, asked: Value) -> Value:
        """The data may be far away, so it is asked for apart from what was written."""
        name = str(asked["name"])
        with self._reading:
            if self._problems[0] != name:
                try:
                    self._problems = (name, {each.id: each for each in self._benchmarks.problems(name)})
                except AppError:  # the data is elsewhere by now; what was written can still be read
                    self._problems = (name, {})
            return asked_value(self._problems[1].get(str(asked["problem"])))

    def _compare(self, asked: Value) -> Value:
        names = [str(name) for name in asked.get("names", ())]
        if len(names) != 2:
            raise BadInput("Choose two results to compare.")
        first, second = (self._tail(name).result for name in names)
        return compared_value(compared(first, second), first, second)

    def _file(self, asked: Value) -> Value:
        """A piece of a result's file, whole lines of it, and where the next one begins; None at the end."""
        tail = self._tail(str(asked["name"]))
        with tail.result.path.open("rb") as file:
            file.seek(int(asked.get("offset") or 0))
            lines = file.readlines(_PIECE_BYTES)
            offset = file.tell()
        ends = not lines or offset >= tail.result.path.stat().st_size
        return {"text": b"".join(lines).decode("utf-8", "replace"), "next": None if ends else offset}


def wire_benchmarks(tab: BenchmarkTab, view: gr.HTML, answer: gr.Markdown) -> None:
    """Connect the answer of the problem that is open."""

    def on_open(event: gr.EventData) -> str:
        return tab.answer_text(str(event.name), str(event.problem), int(event.number))

    view.edit(on_open, None, answer, trigger_mode="always_last", concurrency_limit=None, **QUIET)


def served_by(tab: BenchmarkTab) -> Callable[[Any], Value]:
    """The function that the script calls: Gradio marks it, which a method cannot be."""

    def benchmarks(asked: Any) -> Value:
        return tab.answer(asked)

    return benchmarks


def wire_default_budget(
    demo: gr.Blocks, default: DefaultBudget, view: gr.HTML, selectors: list[Any], may_choose: bool
) -> None:
    """Fill the budget selectors when a page opens, and when another default is chosen.

    Args:
        selectors: Each radio group with its custom field behind it.
    """

    def on_choose(event: gr.EventData) -> list[Any]:
        if may_choose:
            default.choose(int(event.budget), str(event.result))
        return default.updates(len(selectors) // 2)

    def on_load() -> list[Any]:
        return [gr.skip()] * len(selectors) if default.tokens is None else default.updates(len(selectors) // 2)

    view.select(on_choose, None, selectors, concurrency_limit=None, **QUIET)
    demo.load(on_load, None, selectors, concurrency_limit=None, **QUIET)
