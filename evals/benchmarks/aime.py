"""AIME 2024 and 2025: thirty competition problems each in, whole numbers from 0 to 999 out; never shipped."""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Problem
from evals.benchmarks.boxed_answers import asked, column, is_same_answer, judge_whole, text_id, title_of, whole
from model.errors import BadInput


def _problems(year: int, rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """Rows of `problem` and `answer`, which some copies pad with zeros and others keep as a number."""
    problems = []
    for number, row in enumerate(rows, 1):
        text, gold = column(row, "problem", number), whole(column(row, "answer", number))
        if gold is None or not 0 <= gold <= 999:
            raise BadInput(f"Row {number}: the answer {row['answer']!r} is no whole number from 0 to 999.")
        problems.append(Problem(text_id(f"aime{year % 100}", text), asked(text), str(gold), title_of(text)))
    return problems


def _aime(year: int, repository: str) -> Benchmark:
    return Benchmark(
        name=f"aime{year % 100}",
        title=f"AIME {year}",
        about=f"The thirty problems of both American Invitational Mathematics Examinations of {year}.",
        source=f"Mathematical Association of America; {repository} on the Hub",
        licence="the problems are the Mathematical Association of America's; not shipped with the app",
        judged_by="The final answer is compared with the reference as a whole number.",
        problems_of=lambda rows: _problems(year, rows),
        judge=judge_whole,
        samples=64,
        hub=HubData(repository, split="train"),
        file=f"aime{year % 100}.jsonl",
        same=is_same_answer,
    )


AIME24 = _aime(2024, "HuggingFaceH4/aime_2024")
AIME25 = _aime(2025, "yentinglin/aime_2025")
