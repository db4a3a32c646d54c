"""What the Benchmarks tab's script asks for in, what it shows out: something seen, something done, or a refusal."""

import threading
from collections.abc import Callable
from typing import Any

import gradio as gr

from evals.benchmarks.registry import BENCHMARKS
from evals.compare import compared
from model.acting import is_governed_by_others
from model.errors import AppError, BadInput
from model.settings import Settings
from ui.benchmark_acts import MAY_NOT, BenchmarkActs
from ui.benchmark_compared import compared_value
from ui.benchmark_results import BenchmarkResults
from ui.benchmark_values import asked_value, form_value
from ui.default_budget import DefaultBudget
from ui.maths import for_display
from ui.parts import QUIET
from ui.tab_acts import Value, answered

_PIECE_BYTES = 4_000_000


class BenchmarkTab:
    """Answers the tab's script. Any thread may call it."""

    def __init__(self, acts: BenchmarkActs, results: BenchmarkResults, settings: Settings) -> None:
        self._do, self._results, self._is_hosted = acts, results, settings.is_shared
        # What one page counts may not grow because another one looks.
        self._looking = threading.Lock()
        self._acts: dict[str, Callable[[Value], Value]] = {
            "look": self._look_alone,
            "open": self._open,
            "watch": self._watch,
            "asked": self._asked,
            "compare": self._compare_alone,
            "file": self._file,
            "start": self._start,
            "resume": self._resume,
            "stop": self._stop,
            "delete": self._delete,
            "restore": self._restore,
            "measure_curve": self._measure_curve,
            "stop_curve": self._stop_curve,
        }

    def answer(self, asked: Any) -> Value:
        """What the script asked for; {"error"} with a sentence where that cannot be.

        {"wait"} says that it must be asked again in a moment: a model is being loaded.
        """
        return answered(self._acts, asked, "Benchmarks")

    # ------------------------------------------------------------------ acting

    def _start(self, asked: Value) -> Value:
        profile = str(asked.get("profile") or "quick")
        budget = str(asked.get("budget") or "").strip()
        if profile == "quick" and not budget:
            raise BadInput("The custom thinking budget is empty. Give a number of tokens, or seconds such as 90s.")
        if words := self._do.loading_words():
            return {"wait": words}
        name = self._do.start(
            str(asked.get("benchmark")),
            limit=int(asked.get("limit") or 0),
            samples=int(asked.get("samples") or 0),
            profile=profile,
            budget=None if profile == "published" else budget,
            source=str(asked.get("source") or "auto"),
        )
        return {"name": name}

    def _resume(self, asked: Value) -> Value:
        if words := self._do.loading_words():
            return {"wait": words}
        self._do.resume(str(asked["name"]))
        return {}

    def _stop(self, asked: Value) -> Value:
        self._do.stop(str(asked["name"]))
        return {}

    def _delete(self, asked: Value) -> Value:
        self._do.delete(str(asked["name"]))
        return {}

    def _restore(self, asked: Value) -> Value:
        self._do.restore(str(asked["name"]))
        return {}

    def _measure_curve(self, asked: Value) -> Value:
        if words := self._do.loading_words():
            return {"wait": words}
        self._do.measure_curve(self._results.tail(str(asked["name"])).result.path)
        return {}

    def _stop_curve(self, asked: Value) -> Value:
        self._do.stop_curve()
        return {}

    # ------------------------------------------------------------------ looking

    def _look_alone(self, asked: Value) -> Value:
        with self._looking:
            return self._look(asked)

    def _compare_alone(self, asked: Value) -> Value:
        with self._looking:
            return self._compare(asked)

    def _look(self, asked: Value) -> Value:
        files, going = self._results.files(), self._do.going
        stamp = str(hash(tuple((name, path.stat().st_size) for name, path in files if path.exists()))) + going
        told: Value = {"stamp": stamp, "live": going}
        if asked.get("stamp") != stamp:
            told["results"], is_whole = self._results.listed(files, str(asked.get("zone") or ""))
            # Not known to the page, so that it asks for the rest.
            told["stamp"] += "" if is_whole else " in part"
        if not asked.get("stamp"):
            told |= {
                "benchmarks": form_value(BENCHMARKS.values(), self._is_hosted),
                "may_start": self._do.may_start,
                "may_not": "" if self._do.may_start else MAY_NOT,
            }
        name = str(asked.get("name") or "")
        if name:
            try:
                told["result"] = self._results.value(name, int(asked.get("since") or 0))
            except BadInput as error:  # an old address; the rest can be shown
                told["missing"] = str(error)
        return told

    def _open(self, asked: Value) -> Value:
        return self._results.opened(str(asked["name"]), str(asked["problem"]), int(asked["number"]))

    def _watch(self, asked: Value) -> Value:
        thinking, answer = asked.get("known") or (0, 0)
        of = str(asked["name"]), str(asked["problem"]), int(asked["number"])
        return self._results.live(*of, float(asked.get("began") or 0), (int(thinking), int(answer)))

    def answer_text(self, name: str, id_: str, number: int) -> str:
        """The answer of a sample as Markdown; empty where there is none."""
        try:
            return for_display(self._results.answer(name, id_, number))
        except AppError:  # said already, to the script that asked for the rest
            return ""

    def _asked(self, asked: Value) -> Value:
        """The data may be far away, so it is asked for apart from what was written."""
        return asked_value(self._results.problem(str(asked["name"]), str(asked["problem"])))

    def _compare(self, asked: Value) -> Value:
        names = [str(name) for name in asked.get("names", ())]
        if len(names) != 2:
            raise BadInput("Choose two results to compare.")
        first, second = (self._results.tail(name).result for name in names)
        return compared_value(compared(first, second), first, second)

    def _file(self, asked: Value) -> Value:
        """A piece of a result's file, whole lines of it, and where the next one begins; None at the end."""
        path = self._results.tail(str(asked["name"])).result.path
        with path.open("rb") as file:
            file.seek(int(asked.get("offset") or 0))
            lines = file.readlines(_PIECE_BYTES)
            offset = file.tell()
        ends = not lines or offset >= path.stat().st_size
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
        if may_choose and not is_governed_by_others(False):
            default.choose(int(event.budget), str(event.result))
        return default.updates(len(selectors) // 2)

    def on_load() -> list[Any]:
        return [gr.skip()] * len(selectors) if default.tokens is None else default.updates(len(selectors) // 2)

    view.select(on_choose, None, selectors, concurrency_limit=None, **QUIET)
    demo.load(on_load, None, selectors, concurrency_limit=None, **QUIET)
