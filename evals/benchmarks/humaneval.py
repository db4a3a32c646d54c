r"""HumanEval: the head of a function with its text in, the whole function out; its `check(candidate)` must pass.

The data set is made for models that write on: what follows the head is run behind it. A chat model answers with a
block, so it is asked for the whole function; where its block holds the body alone, or leaves out an import or a helper
that stood before the head, these are put back. There is no published protocol for reasoning models.
"""

import ast
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import column, title_of
from evals.benchmarks.programs import judge_program, limits_of, tests_of, with_lacking
from evals.benchmarks.sources import SAMPLES
from model.events import Message
from verify.code.parsing import defined_names, parsed

# The data set's own harness gives a program 3 s by the clock.
LIMITS = limits_of(3.0, 1024)
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
    tests_of(gold, "check", f"Row {number}, {name}: ")
    solution = textwrap.dedent(str(row.get("canonical_solution") or "")).strip()
    return Problem(name, (asked,), gold, _title(gold), reference=solution or gold["test"].strip())


def _title(gold: Mapping[str, str]) -> str:
    """The function's name and the beginning of its text."""
    tree = parsed(gold["prompt"] + "\n    pass\n")
    functions = [part for part in (tree.body if tree else []) if isinstance(part, ast.FunctionDef)]
    asked = next((part for part in functions if part.name == gold["entry_point"]), None)
    text = ast.get_docstring(asked) if asked else ""
    return title_of(f"{gold['entry_point']}: {text}" if text else gold["entry_point"])


def judge(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether the function passes its `check`."""
    gold = problem.gold
    return judge_program(
        judges,
        written,
        lambda: tests_of(gold, "check"),
        LIMITS,
        gold["entry_point"],
        completed=lambda source: with_given(source, gold),
    )


def with_given(source: str, gold: Mapping[str, str]) -> str:
    r"""A program with what the prompt had given of it: the head before a body, else what it does not repeat.

    >>> gold = {"prompt": "from math import pi\ndef f(n):\n", "entry_point": "f", "test": ""}
    >>> with_given("    return n + 1\n", gold)
    'from math import pi\ndef f(n):\n    return n + 1\n'
    >>> with_given("def f(n):\n    return n + pi\n", gold)
    'from math import pi\n\ndef f(n):\n    return n + pi\n'
    """
    prompt, name = gold["prompt"].rstrip(), gold["entry_point"]
    tree = parsed(source)
    if tree is None or not any(isinstance(part, ast.FunctionDef | ast.ClassDef) for part in tree.body):
        body = source if source[:1].isspace() else textwrap.indent(source, "    ")
        is_bound = tree is not None and name in defined_names(tree)
        if not is_bound and not _does_nothing(tree) and parsed(f"{prompt}\n{body}") is not None:
            return f"{prompt}\n{body}"
    return with_lacking(source, f"{prompt}\n    pass\n", gold["test"])


def _does_nothing(tree: ast.Module | None) -> bool:
    """Whether there are imports and values alone: what is left of a program that is no Python."""
    idle = (ast.Import, ast.ImportFrom)
    return tree is not None and all(
        isinstance(part, idle) or (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        for part in tree.body
    )


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
