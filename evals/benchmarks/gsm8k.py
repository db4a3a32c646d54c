"""GSM8K: word problems of grade school in, whole numbers out; a sample of a hundred ships with the app."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Problem
from evals.benchmarks.boxed_answers import asked, column, is_same_answer, judge_whole, text_id, title_of, whole
from evals.benchmarks.sources import SAMPLES
from model.errors import BadInput


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `question` and `answer`, whose last line is `#### ` and the number."""
    problems = []
    for number, row in enumerate(rows, 1):
        question, answer = column(row, "question", number), column(row, "answer", number)
        _, mark, gold = answer.rpartition("####")
        if not mark or whole(gold) is None:
            raise BadInput(f"Row {number}: the answer does not end with '#### ' and a whole number.")
        problems.append(Problem(text_id("gsm8k", question), asked(question), str(whole(gold)), title_of(question)))
    return problems


GSM8K = Benchmark(
    name="gsm8k",
    title="GSM8K",
    about="1,319 word problems of grade school with whole numbers as answers.",
    source="github.com/openai/grade-school-math",
    licence="MIT",
    judged_by="The final answer is compared with the reference as a whole number.",
    problems_of=problems_of,
    judge=judge_whole,
    hub=HubData("openai/gsm8k", "main", "test"),
    file="gsm8k_test.jsonl",
    sample=SAMPLES / "gsm8k.jsonl",
    same=is_same_answer,
)
