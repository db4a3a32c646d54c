r"""HumanEval: the head of a function with its text in, the whole function out; its `check(candidate)` must pass.

The data set is made for models that write on: what follows the head is run behind it. A chat model answers with a
block, so it is asked for the whole function; where its block holds the body alone, or leaves out a helper that stood
before the head, these are put back, and nothing else is. There is no published protocol for reasoning models.
"""

import ast
import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import column, title_of
from evals.benchmarks.programs import judge_program
from evals.benchmarks.sources import SAMPLES
from model.errors import BadInput
from model.events import Message
from verify.code.parsing import defined_names, missing_names, parsed
from verify.code.test_sets import TestSet, read_tests
from verify.sandbox.limits import Limits

# The data set's own harness gives a program 3 s by the clock.
LIMITS = Limits(cpu_seconds=3.0, memory_mib=1024)
PROMPT = (
    "Complete this Python function. Answer with the whole function, and with all that it needs, in one ```python block."
    "\n\n```python\n{head}\n```"
)


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `task_id`, `prompt`, `entry_point` and `test`."""
    return [_problem(row, number) for number, row in enumerate(rows, 1)]


def _problem(row: Mapping[str, Any], number: int) -> Problem:
    gold = {name: column(row, name, number) for name in ("prompt", "entry_point", "test")}
    asked = Message("user", PROMPT.format(head=gold["prompt"].strip("\n")))
    name = column(row, "task_id", number)
    _tests_of(gold, f"Row {number}, {name}: ")
    return Problem(name, (asked,), gold, _title(gold))


def _title(gold: Mapping[str, str]) -> str:
    """The function's name and the beginning of its text."""
    tree = parsed(gold["prompt"] + "\n    pass\n")
    functions = [part for part in (tree.body if tree else []) if isinstance(part, ast.FunctionDef)]
    asked = next((part for part in functions if part.name == gold["entry_point"]), None)
    text = ast.get_docstring(asked) if asked else ""
    return title_of(f"{gold['entry_point']}: {text}" if text else gold["entry_point"])


def _tests_of(gold: Mapping[str, str], where: str = "") -> TestSet:
    try:
        return read_tests(json.dumps(dict(gold)), "check")
    except BadInput as error:
        raise BadInput(f"{where}{error}") from error


def judge(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether the function passes its `check`."""
    gold = problem.gold
    name = gold["entry_point"]

    def completed(source: str) -> str:
        return with_given(source, gold["prompt"], name)

    return judge_program(judges, written, lambda: _tests_of(gold), LIMITS, name, completed)


def with_given(source: str, prompt: str, entry_point: str) -> str:
    r"""A program with what the prompt had given of it: the head before a body, helpers that it does not repeat.

    >>> with_given("    return n + 1\n", "def f(n):\n", "f")
    'def f(n):\n    return n + 1\n'
    >>> with_given("def f(n):\n    return g(n)\n", "def g(n):\n    return 2 * n\n\ndef f(n):\n", "f")
    'def g(n):\n    return 2 * n\n\ndef f(n):\n    return g(n)\n'
    """
    tree = parsed(source)
    if tree is None or not any(isinstance(part, ast.FunctionDef | ast.ClassDef) for part in tree.body):
        body = source if source[:1].isspace() else textwrap.indent(source, "    ")
        whole = f"{prompt.rstrip()}\n{body}"
        has_name = tree is not None and entry_point in defined_names(tree)
        return source if has_name or parsed(whole) is None else whole
    given = parsed(f"{prompt.rstrip()}\n    pass\n")
    parts = [part for part in (given.body if given else []) if _name(part) not in ("", entry_point)]
    lacking = missing_names(tree)
    kept = [ast.unparse(part) for part in parts if _name(part) in lacking]
    return "\n\n".join([*kept, source]) if kept else source


def _name(part: ast.stmt) -> str:
    return part.name if isinstance(part, ast.FunctionDef | ast.ClassDef) else ""


HUMANEVAL = Benchmark(
    name="humaneval",
    title="HumanEval",
    about="164 Python functions to be written from their heads and texts.",
    source="github.com/openai/human-eval",
    licence="MIT",
    judged_by="The data set's own asserts, in a sandbox; 3 s of CPU time each.",
    problems_of=problems_of,
    judge=judge,
    hub=HubData("openai/openai_humaneval", None, "test"),
    file="humaneval.jsonl",
    sample=SAMPLES / "humaneval.jsonl",
    is_sample_whole=True,
)
