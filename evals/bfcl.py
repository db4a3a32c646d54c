"""BFCL's simple, multiple, parallel and irrelevance problems in, the share that a model's calls get right out.

    python -m evals.bfcl --data FOLDER     or     python -m evals.bfcl --data hub

FOLDER holds the leaderboard's own files, `BFCL_v3_simple.json` (or v4's `BFCL_v4_simple_python.json`) and so on, one
object a line, with `possible_answer/` beside them; `hub` fetches them from gorilla-llm/Berkeley-Function-Calling-
Leaderboard. The data is Apache-2.0 and not part of this repository. Each problem is one turn: the model gets the
functions as tools and is not given any result. How its calls are compared stands in `evals.bfcl_rules`.
"""

import argparse
import functools
import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.bfcl_rules import CATEGORIES, complaint
from evals.loaded_host import loaded_host
from evals.measured_on import measured_on
from model.catalog import DEFAULT_ON_GPU, EMBEDDED, find_model
from model.engine import Engine, Request, Steering, budget_limits, collect
from model.errors import AppError, BadInput
from model.events import Message, Role, Sampling
from verify.math_check import wilson

RESULTS = Path(__file__).parent / "results"
REPOSITORY = "gorilla-llm/Berkeley-Function-Calling-Leaderboard"
_FILES = {"simple": ("BFCL_v*_simple.json", "BFCL_v*_simple_python.json")}
# The leaderboard's names of types, where JSON schema has others.
_SCHEMA_TYPES = {"dict": "object", "float": "number", "tuple": "array", "any": "string"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem; `gold` is empty where no call is wanted."""

    id: str
    category: str
    messages: tuple[Message, ...]
    functions: tuple[Mapping[str, Any], ...]
    gold: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What came of a problem; `complaint` is empty when the calls are right."""

    id: str
    category: str
    complaint: str
    calls: tuple[tuple[str, str], ...]
    thinking: str
    answer: str
    thinking_tokens: int
    answer_tokens: int


# ------------------------------------------------------------------ reading


def problems_of(folder: Path, categories: Sequence[str] = CATEGORIES) -> list[Problem]:
    """The problems of some categories, in their order.

    Raises:
        BadInput: If a file is missing, or is not in the leaderboard's form.
    """
    return [
        _named_problem(row, name, number)
        for category in categories
        for name, rows in [_rows_of(folder, category)]
        for number, row in enumerate(rows, 1)
    ]


def rows_in(folder: Path, categories: Sequence[str] = CATEGORIES) -> list[dict[str, Any]]:
    """The rows of some categories, each with its `category` and its right calls, `ground_truth`.

    Raises:
        BadInput: If a file is missing or cannot be read.
    """
    return [row for category in categories for row in _rows_of(folder, category)[1]]


def _rows_of(folder: Path, category: str) -> tuple[str, list[dict[str, Any]]]:
    """The name of a category's file, and its rows."""
    path = _file_of(folder, category)
    rows = _rows(path)
    gold: dict[Any, Any] = {}
    if category != "irrelevance":
        gold = {row.get("id"): row.get("ground_truth") for row in _rows(folder / "possible_answer" / path.name)}
    return path.name, [row | {"category": category, "ground_truth": gold.get(row.get("id"))} for row in rows]


def problem_of(row: Mapping[str, Any]) -> Problem:
    """The problem of a row of `rows_in`.

    Raises:
        BadInput: If it is in another form.
    """
    try:
        return _problem(row)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadInput(f"{error!r} is missing or in another form.") from error


def _named_problem(row: Mapping[str, Any], file: str, number: int) -> Problem:
    try:
        return problem_of(row)
    except BadInput as error:
        raise BadInput(f"{file}, problem {number}: {error}") from error


def _file_of(folder: Path, category: str) -> Path:
    patterns = _FILES.get(category, (f"BFCL_v*_{category}.json",))
    paths = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    if not paths:
        raise BadInput(f"{folder} has no {' and no '.join(patterns)}. Give the folder of BFCL's data, or hub.")
    return paths[-1]


def _rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a file: one a line, or one list of them."""
    try:
        text = path.read_text("utf-8")
        return list(json.loads(text) if text.lstrip().startswith("[") else map(json.loads, text.splitlines()))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} cannot be read: {error}.") from error


def _problem(row: Mapping[str, Any]) -> Problem:
    question, category = row["question"], row["category"]
    if isinstance(question, str):
        question = [[{"role": "user", "content": question}]]
    (turn,) = question
    messages = tuple(Message(_role(each["role"]), each["content"]) for each in turn)
    functions = row["function"] if isinstance(row["function"], list) else [row["function"]]
    for function in functions:
        function["name"], function["parameters"]["properties"]  # noqa: B018 - a KeyError says what is missing
    gold = () if category == "irrelevance" else tuple(row["ground_truth"])
    return Problem(row["id"], category, messages, tuple(functions), gold)


def _role(name: str) -> Role:
    roles: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}
    return roles[name]


def fetched_from_hub(categories: Sequence[str] = CATEGORIES, revision: str | None = None) -> Path:
    """A folder with the files of these categories, from the Hub or its cache.

    Raises:
        BadInput: If the Hub cannot be reached, or has no such files.
    """
    from huggingface_hub import snapshot_download

    patterns = [pattern for category in categories for pattern in _FILES.get(category, (f"BFCL_v*_{category}.json",))]
    try:
        return Path(
            snapshot_download(
                REPOSITORY,
                repo_type="dataset",
                revision=revision,
                allow_patterns=[*patterns, *(f"possible_answer/{pattern}" for pattern in patterns)],
            )
        )
    except (OSError, ValueError) as error:
        raise BadInput(f"{REPOSITORY} cannot be fetched: {error}. Give a folder that holds its files.") from error


def as_tool(function: Mapping[str, Any]) -> dict[str, Any]:
    """A function of the data set as the chat template takes it.

    >>> as_tool({"name": "f", "description": "", "parameters": {"type": "dict", "properties": {}}})["function"]
    {'name': 'f', 'description': '', 'parameters': {'type': 'object', 'properties': {}}}
    """
    return {"type": "function", "function": {**function, "parameters": _as_schema(function["parameters"])}}


def _as_schema(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_schema(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    made = {key: _as_schema(each) for key, each in value.items()}
    if isinstance(made.get("type"), str):
        made["type"] = _SCHEMA_TYPES.get(made["type"], made["type"])
    return made


# ------------------------------------------------------------------ running


def asked(engine: Engine, problem: Problem, budget: str | int, sampling: Sampling) -> Row:
    """One problem, in one turn."""
    tools = tuple(as_tool(each) for each in problem.functions)
    turn = collect(engine.stream(Request(problem.messages, sampling, budget, tools), Steering()))
    calls = tuple((call.name, call.arguments) for call in turn.tool_calls)
    finished = turn.finished
    assert finished is not None
    counts = finished.thinking_tokens, finished.answer_tokens
    return Row(problem.id, problem.category, wrong_with(problem, calls), calls, turn.thinking, turn.answer, *counts)


def wrong_with(problem: Problem, calls: Sequence[tuple[str, str]]) -> str:
    """What is wrong with calls, each a name and arguments in JSON; empty when they are right."""
    try:
        read = [(name, json.loads(arguments)) for name, arguments in calls]
    except ValueError:
        return "arguments that are no JSON"
    if not all(isinstance(arguments, dict) for _, arguments in read):
        return "arguments that are no object"
    return complaint(problem.category, problem.functions, read, problem.gold)


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The share that is right in each category with its 95% interval, and the mean of the categories."""
    by_category: dict[str, Any] = {}
    for category in CATEGORIES:
        mine = [row for row in rows if row.category == category]
        if mine:
            right = sum(not row.complaint for row in mine)
            interval = [round(100 * end, 1) for end in wilson(right, len(mine))]
            by_category[category] = {"right": right, "of": len(mine), "percent": _percent(right, len(mine))}
            by_category[category] |= {"interval_percent": interval}
    shares = [each["right"] / each["of"] for each in by_category.values()]
    mean = round(100 * sum(shares) / len(shares), 1) if shares else 0.0
    return {"categories": by_category, "mean_percent": mean, "published": published()}


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1)


def published() -> list[dict[str, Any]]:
    """BFCL figures of the catalog's models, with their sources.

    They are of the whole leaderboard (more categories, live problems, several turns): ours is not the same figure.
    """
    spec = find_model(DEFAULT_ON_GPU)
    return [{"model": spec.name} | asdict(score) for score in spec.scores if score.benchmark.startswith("BFCL")]


def main(arguments: Sequence[str]) -> int:
    """Ask all problems, print the table, write the result."""
    parser = argparse.ArgumentParser(prog="python -m evals.bfcl", description="Measure tool calls with BFCL.")
    parser.add_argument("--data", required=True, help="a folder with BFCL's files, or hub")
    parser.add_argument("--revision", help="of the data set on the Hub")
    parser.add_argument("--model", default=EMBEDDED)
    parser.add_argument("--scripted", type=Path, help="a script in a model's place, as for app.py")
    parser.add_argument("--category", choices=CATEGORIES, action="append", help="all four when left out")
    parser.add_argument("--limit", type=int, default=0, help="so many of each category; 0 for all")
    parser.add_argument("--budget", default="low", help="thinking budget")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=8)
    parser.add_argument(
        "--out", type=Path, help="where the result goes; else a file in evals/results named by the model"
    )
    given = parser.parse_args(arguments)
    budget_limits(given.budget)
    categories = given.category or CATEGORIES
    folder = fetched_from_hub(categories, given.revision) if given.data == "hub" else Path(given.data)
    problems = [
        problem for category in categories for problem in problems_of(folder, [category])[: given.limit or None]
    ]
    with loaded_host(given.model, given.scripted) as host:
        engine = host.engine()
        ask = functools.partial(asked, engine, budget=given.budget, sampling=Sampling(seed=given.seed))
        with ThreadPoolExecutor(given.at_once) as pool:
            rows = list(pool.map(ask, problems))
        told = measured_on(engine, budget=given.budget, seed=given.seed, data=_data_of(given.data)) | summary(rows)
    path = given.out or RESULTS / f"bfcl-{given.model.replace('/', '_')}.jsonl"
    lines = [{"summary": told}, *(asdict(row) for row in rows)]
    path.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines), "utf-8")
    print(json.dumps(told, indent=1))
    return 0


def _data_of(given: str) -> str:
    return REPOSITORY if given == "hub" else f"the folder {Path(given).name}"


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        sys.exit(str(error))
