"""A benchmark and a source in, its problems out; a result in, the benchmark with the problems that it is about, out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from evals.benchmarks.benchmark import Benchmark, Problem
from evals.benchmarks.registry import find_benchmark
from evals.benchmarks.sources import rows_of
from evals.heads import check_same_problems
from evals.result_file import Result
from model.errors import BadInput


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


def loaded_for(result: Result, load: Load = load_problems) -> Loaded:
    """The benchmark of a result, with those problems that the result is about, in its order.

    Raises:
        BadInput: If one is missing, they are others by now, or the data cannot be read.
    """
    loaded = load(result.head["benchmark"], source_of(result.head["data"]))
    by_id = {problem.id: problem for problem in loaded.problems}
    if missing := [problem for problem in result.problems if problem not in by_id]:
        raise BadInput(f"The problem {missing[0]!r} of this result is not in the data any more.")
    found = [by_id[problem] for problem in result.problems]
    check_same_problems(result.head, found)
    return loaded._replace(problems=found)


def source_of(told: Mapping[str, Any]) -> str:
    """The source to read once more what a result says it came from."""
    return "auto" if told["source"] == "made" else str(told.get("folder", told["source"]))
