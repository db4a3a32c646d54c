"""MATH-500: competition problems of seven subjects in, answers in LaTeX out; a sample of a hundred ships."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Problem
from evals.benchmarks.boxed_answers import asked, column, is_same_answer, judge_boxed, title_of
from evals.benchmarks.sources import SAMPLES


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `problem`, `answer` and `unique_id`; the answer is bare LaTeX."""
    problems = []
    for number, row in enumerate(rows, 1):
        text, gold = column(row, "problem", number), column(row, "answer", number)
        place = column(row, "unique_id", number).removeprefix("test/").removesuffix(".json")
        problems.append(Problem(f"math500/{place}", asked(text), gold, title_of(text)))
    return problems


MATH500 = Benchmark(
    name="math500",
    title="MATH-500",
    about="500 problems of the MATH data set, from algebra to precalculus, in five levels.",
    source="github.com/hendrycks/math (problems), github.com/openai/prm800k (which 500)",
    licence="MIT",
    judged_by="The final answer is compared with the reference by the app's rules of equal mathematics.",
    problems_of=problems_of,
    judge=judge_boxed,
    samples=4,
    hub=HubData("HuggingFaceH4/MATH-500"),
    file="math500.jsonl",
    sample=SAMPLES / "math500.jsonl",
    same=is_same_answer,
)
