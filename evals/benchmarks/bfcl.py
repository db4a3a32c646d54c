"""BFCL's single-turn categories: a question and functions in, calls out that are compared with the right ones.

The model gets the functions as tools and is given no result; how calls are compared stands in `evals.bfcl_rules`. The
leaderboard's own figure is over more categories, live problems and several turns, so the share here is another one.
The sample that ships holds forty problems of our own in the same form, which are easier.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import title_of
from evals.benchmarks.sources import SAMPLES
from evals.bfcl import REPOSITORY, as_tool, problem_of, rows_in, wrong_with
from evals.bfcl_rules import CATEGORIES
from model.errors import BadInput

_FILES = tuple(f"BFCL_v3_{category}.json" for category in CATEGORIES)
_ANSWERS = tuple(f"possible_answer/{name}" for name in _FILES if "irrelevance" not in name)


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `evals.bfcl.rows_in`."""
    return [_problem(row, number) for number, row in enumerate(rows, 1)]


def _problem(row: Mapping[str, Any], number: int) -> Problem:
    try:
        read = problem_of(row)
    except BadInput as error:
        raise BadInput(f"Row {number}: {error}") from error
    asked = next((message.content for message in reversed(read.messages) if message.role == "user"), "")
    tools = tuple(as_tool(function) for function in read.functions)
    return Problem(read.id, read.messages, dict(row), title_of(f"{read.category}: {asked}"), tools, _right(read.gold))


def _right(gold: Sequence[Mapping[str, Any]]) -> str:
    """The calls that are right, with the first value of each parameter that is listed.

    >>> _right([{"area": {"side": [3, 3.0], "unit": ["", "m"]}}]), _right([])
    ('area(side=3)', 'No call.')
    """
    calls = []
    for wanted in gold:
        for name, parameters in wanted.items():
            first = {parameter: values[0] for parameter, values in parameters.items() if values and values[0] != ""}
            calls.append(f"{name}({', '.join(f'{parameter}={value!r}' for parameter, value in first.items())})")
    return "\n".join(calls) or "No call."


def judge(_: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether the calls are the right ones; where none is wanted, something must have been answered."""
    if not written.calls and not written.answer.strip():
        return Judgement("undecided", "neither a call nor an answer")
    asked = problem_of(problem.gold)
    complaint = wrong_with(asked, written.calls)
    said = "no call, as wanted" if asked.category == "irrelevance" else _counted(len(asked.gold))
    details = {"category": asked.category, "calls": len(written.calls)}
    return Judgement("wrong" if complaint else "correct", complaint or said, details=details)


def _counted(n: int) -> str:
    return "the right call" if n == 1 else f"the {n} right calls"


BFCL = Benchmark(
    name="bfcl",
    title="BFCL single turn",
    about="Calls of functions: simple, multiple, parallel, and questions for which no function fits.",
    source=f"huggingface.co/datasets/{REPOSITORY}",
    licence="Apache-2.0",
    judged_by="By the rules of the leaderboard's AST evaluation: names, types and values of the calls.",
    problems_of=problems_of,
    judge=judge,
    hub=HubData(REPOSITORY, files=_FILES + _ANSWERS),
    sample=SAMPLES.parent / "bfcl_form",
    sample_about="40 problems of our own in BFCL's form, which are easier than its own",
    rows_in=rows_in,
)
