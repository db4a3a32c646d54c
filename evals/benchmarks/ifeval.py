"""IFEval: prompts with instructions that a program can check in, whether an answer follows them all out.

The checks are the published ones, taken from lm-eval and run in a child process (`evals.benchmarks.ifeval_child`); the
package is optional (requirements-evals.txt).

Source:
    Jeffrey Zhou and others: Instruction-Following Evaluation for Large Language Models, 2023 (arXiv 2311.07911).
"""

import importlib.util
import os
from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import column, title_of
from model.errors import BadInput
from model.events import Message

_CHILD = "evals.benchmarks.ifeval_child"
# Of the processor; the first question waits for the checks to be imported.
_SECONDS = 20.0
# No answer of the benchmark is near this; an endless one would only slow its checks down.
_MAX_ANSWER_CHARACTERS = 200_000
_NEEDED = ("lm_eval", "nltk", "langdetect", "immutabledict")


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `key`, `prompt`, `instruction_id_list` and `kwargs`, one dictionary for each instruction."""
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise BadInput(
            f"IFEval's checks come from lm-eval. Not installed here: {', '.join(missing)}. "
            "Install them with pip install -r requirements-evals.txt"
        )
    return [problem_of(row, number) for number, row in enumerate(rows, 1)]


def problem_of(row: Mapping[str, Any], number: int) -> Problem:
    """One row; the Hub's has all names of arguments in each dictionary, most of them with None.

    Raises:
        BadInput: If a column is missing or has another form.
    """
    key, prompt = column(row, "key", number), column(row, "prompt", number)
    instructions, kwargs = row.get("instruction_id_list"), row.get("kwargs")
    if not isinstance(instructions, list) or not isinstance(kwargs, list) or len(instructions) != len(kwargs):
        raise BadInput(f"Row {number}: instruction_id_list and kwargs are no lists of the same length.")
    given = [{name: value for name, value in each.items() if value is not None} for each in kwargs]
    gold = {"instructions": instructions, "kwargs": given}
    return Problem(f"ifeval/{key}", (Message("user", prompt),), gold, title_of(prompt))


def judge(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether every instruction is followed, as the strict check has it; the loose one stands in the details."""
    if not written.answer.strip():
        return Judgement("undecided", "there is no answer")
    if len(written.answer) > _MAX_ANSWER_CHARACTERS:
        return Judgement("undecided", f"the answer is longer than {_MAX_ANSWER_CHARACTERS:,} characters")
    asked = {"prompt": problem.messages[-1].content, "answer": written.answer} | problem.gold
    asked["nltk_data"] = os.environ.get("NLTK_DATA", "")
    told = judges.ask(_CHILD, asked, _SECONDS)
    if told is None:
        return Judgement("undecided", f"it could not be checked within {_SECONDS:.0f} s")
    if "error" in told:
        return Judgement("undecided", str(told["error"]))
    details = {"strict": told["strict"], "loose": told["loose"]}
    if all(told["strict"]):
        return Judgement("correct", "every instruction is followed", details=details)
    pairs = zip(problem.gold["instructions"], told["strict"], strict=True)
    broken = ", ".join(dict.fromkeys(name for name, is_followed in pairs if not is_followed))
    return Judgement("wrong", f"not followed: {broken}", details=details)


IFEVAL = Benchmark(
    name="ifeval",
    title="IFEval",
    about="541 prompts with instructions that a program can check: lengths, words, formats, languages.",
    source="github.com/google-research/google-research, instruction_following_eval",
    licence="Apache-2.0",
    judged_by="IFEval's own strict checks, from lm-eval: every instruction of the prompt must be followed.",
    problems_of=problems_of,
    judge=judge,
    hub=HubData("google/IFEval", split="train"),
    file="ifeval.jsonl",
)
