"""A benchmark and a model in, the figures that others have published out; what they did otherwise, in words.

The figures lie in `published.json`, each with its source. Where two sources disagree, both stand there.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.catalog import find_model
from model.errors import UnknownModel
from model.settings import BUDGET_TOKENS

FIGURES = Path(__file__).parent / "published.json"
_NO_PROTOCOL = "how answers were drawn there is not known here"


@dataclass(frozen=True, slots=True)
class Published:
    """One figure. What its source does not say is None, or empty.

    Args:
        model: As the catalog has it, or the name that it goes by.
        title: The model's name for people.
        value: Percent.
        where: Where to read it.
        metric: "pass@1", or "cons@64" for a vote of 64 answers.
        samples: So many for each problem.
        problems: So many.
        grading: What counts there that would not count here.
        data: Which part or release of the benchmark.
        own_data: Which one the benchmark is that is run here.
    """

    benchmark: str
    model: str
    title: str
    value: float
    source: str
    where: str
    metric: str = "pass@1"
    samples: int | None = None
    problems: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_new_tokens: int | None = None
    grading: str = ""
    data: str = ""
    own_data: str = ""
    note: str = ""

    @property
    def share(self) -> float:
        """The figure as a share of 1."""
        return self.value / 100

    @property
    def has_protocol(self) -> bool:
        """Whether the source says how the answers were drawn."""
        return self.temperature is not None


def published_for(benchmark: str, model: str = "") -> list[Published]:
    """The figures of a benchmark, those of its authors first.

    Args:
        benchmark: Its name; a release of LiveCodeBench has the figures of LiveCodeBench.
        model: A catalog name, a hub id, or another name; empty for the figures of all models.

    >>> [(each.value, each.source) for each in published_for("math500", "Qwen/QwQ-32B")][:2]
    [(98.0, 'Qwen3 Technical Report'), (96.4, 'A public listing that names no source')]
    """
    wanted = _name_of(model)
    name = re.sub(r"-v\d+\Z", "", benchmark)
    return [each for each in _figures() if each.benchmark == name and wanted in ("", each.model)]


def difference(head: Mapping[str, Any], published: Published) -> str:
    """What was done otherwise here than for a published figure, in words; empty where nothing is known to differ.

    Args:
        head: A result's (`evals.result_file`).
    """
    told = [
        *_problems_told(head, published),
        *_samples_told(head, published),
        *_limits_told(head, published),
        *_sampling_told(head, published),
    ]
    if head.get("precision") in ("int8", "nf4"):
        told.append(f"weights in {head['precision']} here")
    if remark := head.get("data", {}).get("remark"):
        told.append(f"here, {remark}")
    if published.grading:
        told.append(f"there, {published.grading} counts as the answer")
    if not published.has_protocol:
        told.append(_NO_PROTOCOL)
    if published.note:
        told.append(published.note)
    return "; ".join(told)


def _problems_told(head: Mapping[str, Any], published: Published) -> list[str]:
    asked, there = len(head["problems"]), published.problems
    told = [] if there in (None, asked) else [f"{asked:,} problems here, {there:,} there"]
    own = published.own_data if head["benchmark"] == published.benchmark else str(head.get("title", ""))
    if published.data and published.data != own:
        told.append(f"there: {published.data}")
    return told


def _samples_told(head: Mapping[str, Any], published: Published) -> list[str]:
    told = []
    if published.samples not in (None, head["samples"]):
        told.append(f"{_each(head['samples'])} here, {published.samples} there")
    if published.metric != "pass@1":
        told.append(f"{published.metric} there: a vote")
    return told


def _each(samples: int) -> str:
    return f"{samples:,} {'answer' if samples == 1 else 'answers'} to each problem"


def _limits_told(head: Mapping[str, Any], published: Published) -> list[str]:
    told = []
    budget = head.get("budget")
    if budget is not None:
        tokens = BUDGET_TOKENS.get(budget, budget) if isinstance(budget, str) else budget
        there = "" if published.max_new_tokens is None else ", not there"
        told.append(f"thinking cut at {_count(tokens)} tokens here{there}")
    limit = (head.get("sampling") or {}).get("max_new_tokens")
    if limit and published.max_new_tokens and limit != published.max_new_tokens:
        told.append(f"at most {limit:,} new tokens here, {published.max_new_tokens:,} there")
    return told


def _count(tokens: Any) -> str:
    return f"{tokens:,}" if isinstance(tokens, int) else str(tokens)


def _sampling_told(head: Mapping[str, Any], published: Published) -> list[str]:
    told, sampling = [], head.get("sampling") or {}
    for name, word in (("temperature", "temperature"), ("top_p", "top-p"), ("top_k", "top-k")):
        here, there = sampling.get(name), getattr(published, name)
        if here is not None and there is not None and here != there:
            told.append(f"{word} {here:g} here, {there:g} there")
    return told


def _name_of(model: str) -> str:
    if not model:
        return ""
    try:
        return find_model(model).name
    except UnknownModel:
        return model.lower()


@functools.cache
def _figures() -> tuple[Published, ...]:
    read = json.loads(FIGURES.read_text("utf-8"))
    return tuple(_figure(read, figure) for figure in read["figures"])


def _figure(read: Mapping[str, Any], figure: Mapping[str, Any]) -> Published:
    source, benchmark = read["sources"][figure["source"]], figure["benchmark"]
    protocol = dict(source["protocol"])
    samples = protocol.pop("samples", {}).get(benchmark)
    fields: dict[str, Any] = protocol | {
        "samples": samples,
        "title": read["models"][figure["model"]],
        "where": source["where"],
        "own_data": read["data"].get(benchmark, ""),
    }
    if figure.get("data", "") == fields["own_data"]:
        fields["problems"] = read["problems"].get(benchmark)
    return Published(**fields | dict(figure) | {"source": source["title"]})
