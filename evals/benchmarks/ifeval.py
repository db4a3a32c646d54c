"""IFEval: prompts with instructions that a program can check in, whether an answer follows them all out.

The checks are the published ones, taken from lm-eval and run in a child process (`verify.instructions`); the package is
optional (requirements-evals.txt).

Source:
    Jeffrey Zhou and others: Instruction-Following Evaluation for Large Language Models, 2023 (arXiv 2311.07911).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import column, title_of
from model.errors import BadInput
from model.events import Message
from verify.instructions import check_packages, followed


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `key`, `prompt`, `instruction_id_list` and `kwargs`, one dictionary for each instruction."""
    check_packages()
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
    gold = problem.gold
    told = followed(judges.ask, problem.messages[-1].content, written.answer, gold["instructions"], gold["kwargs"])
    if told.outcome == "undecided":
        return Judgement("undecided", told.reason)
    return Judgement(told.outcome, told.reason, details={"strict": list(told.strict), "loose": list(told.loose)})


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
