"""MBPP, the test split of its sanitized version: a task in a sentence and its asserts in, a program out.

The prompt is that of the paper (Austin et al. 2021, arXiv 2108.07732) without its examples, and with a sentence on the
form of the answer. The asserts are shown to the model and are the tests: they say what the function is called.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import column, title_of
from evals.benchmarks.programs import judge_program, limits_of, tests_of, with_lacking
from evals.benchmarks.sources import SAMPLES
from model.errors import BadInput
from model.events import Message

# Its slowest reference (task 123) takes 3 s of CPU time on a fast machine.
LIMITS = limits_of(10.0, 1024)
PROMPT = (
    "You are an expert Python programmer, and here is your task: {task} Your code should pass these tests:"
    "\n\n{tests}\n\nAnswer with the whole program in one ```python block."
)
# The splits of the data set go by the numbers of its tasks.
_TEST_SPLIT = range(11, 511)


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `task_id`, `prompt`, `test_list` and `test_imports`; of all splits the test split is taken.

    Raises:
        BadInput: If a row is in another form, or none is of the test split.
    """
    numbered = [(number, row) for number, row in enumerate(rows, 1) if _is_of_test_split(row, number)]
    if rows and not numbered:
        raise BadInput(f"None of the {len(rows):,} rows is of the test split: their task_id is not from 11 to 510.")
    return [_problem(row, number) for number, row in numbered]


def _is_of_test_split(row: Mapping[str, Any], number: int) -> bool:
    if not isinstance(row.get("task_id"), int):
        there = ", ".join(map(repr, row)) or "none"
        raise BadInput(f"Row {number} has no number in the column 'task_id'; its columns are {there}.")
    return row["task_id"] in _TEST_SPLIT


def _problem(row: Mapping[str, Any], number: int) -> Problem:
    task = column(row, "prompt", number).strip()
    tests, imports = row.get("test_list"), row.get("test_imports", [])
    if not _is_texts(tests) or not tests or not _is_texts(imports):
        raise BadInput(f"Row {number}: test_list and test_imports are lists of texts, and the first is not empty.")
    gold: dict[str, Any] = {"test_list": list(tests), "test_imports": list(imports)}
    entry_point = tests_of(gold, "asserts", f"Row {number}: ").entry_point
    asked = Message("user", PROMPT.format(task=task, tests="\n".join(tests)))
    gold["entry_point"] = entry_point
    solution = str(row.get("code") or "").strip()
    return Problem(f"MBPP/{row['task_id']}", (asked,), gold, title_of(task), reference=solution or "\n".join(tests))


def _is_texts(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(each, str) for each in value)


def judge(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether the program passes the asserts."""
    gold = problem.gold
    # The paper's harness runs the imports of the tests in the program's own process.
    imports = "\n".join(gold["test_imports"])
    return judge_program(
        judges,
        written,
        lambda: tests_of(gold, "asserts"),
        LIMITS,
        gold["entry_point"],
        completed=lambda source: with_lacking(source, "", imports),
    )


MBPP = Benchmark(
    name="mbpp",
    title="MBPP",
    about="257 small Python tasks with three asserts each, the test split of the sanitized version.",
    source="github.com/google-research/google-research/tree/master/mbpp",
    licence="CC BY 4.0",
    judged_by="The task's own asserts, in a sandbox; 10 s of CPU time each.",
    problems_of=problems_of,
    judge=judge,
    hub=HubData("google-research-datasets/mbpp", "sanitized", "test"),
    file="mbpp_sanitized.jsonl",
    sample=SAMPLES / "mbpp_test.jsonl",
    is_sample_whole=True,
)
