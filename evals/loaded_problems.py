"""A benchmark's name and a source in, the benchmark with its problems out, and the way back to the same source."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from evals.benchmarks.benchmark import Benchmark, Problem
from evals.benchmarks.registry import find_benchmark
from evals.benchmarks.sources import rows_of


class Loaded(NamedTuple):
    """A benchmark, its problems, and what a result says of where they came from."""

    benchmark: Benchmark
    problems: list[Problem]
    data: dict[str, Any]


Load = Callable[[str, str], Loaded]


def load_problems(name: str, source: str = "auto") -> Loaded:
    """A benchmark with its problems.

    Args:
        source: "auto", "sample", "hub" or a folder; see `evals.benchmarks.sources`.

    Raises:
        BadInput: If there is no such benchmark, or its data is not there or of another form.
    """
    benchmark = find_benchmark(name)
    rows = rows_of(benchmark, source)
    told = rows.told()
    if rows.source == "folder":
        told["folder"] = str(Path(source).expanduser().resolve())
    problems = benchmark.problems_of(rows.rows)
    own = benchmark.sample_about if rows.source == "sample" else ""
    remark = own or (benchmark.remark(problems) if benchmark.remark else "")
    return Loaded(benchmark, problems, told | ({"remark": remark} if remark else {}))


def source_of(told: Mapping[str, Any]) -> str:
    """The source to read once more what a result says it came from."""
    return "auto" if told["source"] == "made" else str(told.get("folder", told["source"]))
