r"""LiveCodeBench's code generation: problems of contests in, programs out that pass public and private tests.

Rows are those of livecodebench/code_generation_lite: each release adds a file to those before it. The private tests are
JSON in a pickle, compressed, in base64. They are read from their file and unpacked when a program is judged, since a
release is several GB; the text is picked out of the pickle and nothing of it is run (`verify.code.rows`). Prompt and
samples are those of QwQ's own evaluation (QwenLM/QwQ, eval/): August 2024 to January 2025, 279 problems of release 5.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from evals.benchmarks.benchmark import Benchmark, HubData, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import column, title_of
from evals.benchmarks.programs import judge_program, limits_of
from evals.benchmarks.row_files import whole_text
from model.errors import BadInput
from model.events import Message
from verify.code.rows import cases_of_row
from verify.code.test_sets import TestSet
from verify.sandbox.cases import Call

REPOSITORY = "livecodebench/code_generation_lite"
# The number of problems, and the last month, of each release.
RELEASES: Mapping[int, tuple[int, str]] = {
    1: (400, "March 2024"),
    2: (511, "May 2024"),
    3: (612, "July 2024"),
    4: (713, "September 2024"),
    5: (880, "January 2025"),
    6: (1055, "April 2025"),
}
# LiveCodeBench's judge gives a test 6 s, QwQ's own evaluation 30; AtCoder gives 1 GiB, LiveCodeBench's judge 4.
LIMITS = limits_of(6.0, 1024)
PUBLISHED_LIMITS = limits_of(30.0, 4096)
_BEGINNING = (
    "You will be given a question (problem specification) and will generate a correct Python program that matches the "
    "specification and passes all tests.\n\nQuestion: {question}\n\n"
)
_WITH_STARTER = (
    "You will use the following starter code to write the solution to the problem and enclose your code within "
    "delimiters.\n```python\n{starter}\n```\n\n"
)
_WITHOUT_STARTER = (
    "Read the inputs from stdin solve the problem and write the answer to stdout (do not directly test on the sample "
    "inputs). Enclose your code within delimiters as follows. Ensure that when the python program runs, it reads the "
    "inputs, runs the algorithm and writes output to STDOUT.\n```python\n# YOUR CODE HERE\n```\n\n"
)
_TESTS = ("public_test_cases", "private_test_cases", "metadata")
ONLY_PUBLIC = "the data has no private tests for it, so this is no result of LiveCodeBench"


def problems_of(rows: Sequence[Mapping[str, Any]], first: str = "", last: str = "") -> list[Problem]:
    """Rows of a release.

    Args:
        first: The first day of the contests that are wanted, as "2024-08-01"; empty for no such limit.
        last: The last day.

    Raises:
        BadInput: If a row is in another form, or none is of these days.
    """
    found: dict[str, Problem] = {}
    for number, row in enumerate(rows, 1):
        day = _day(column(row, "contest_date", number), number)
        if (not first or first <= day) and (not last or day <= last):
            problem = _problem(row, number)
            found.setdefault(problem.id, problem)
    if rows and not found:
        raise BadInput(f"None of the {len(rows):,} rows is of a contest from {first} to {last}.")
    return list(found.values())


def _day(told: str, number: int) -> str:
    try:
        return datetime.fromisoformat(told).date().isoformat()
    except ValueError as error:
        raise BadInput(f"Row {number}: contest_date is no date: {told!r:.60}.") from error


def _problem(row: Mapping[str, Any], number: int) -> Problem:
    question, starter = column(row, "question_content", number), row.get("starter_code") or ""
    name = column(row, "question_id", number)
    if not isinstance(row.get("public_test_cases"), str | list):
        raise BadInput(f"Row {number}, {name}: there are no public_test_cases.")
    end = _WITH_STARTER.format(starter=starter) if starter else _WITHOUT_STARTER
    asked = Message("user", _BEGINNING.format(question=question) + end)
    gold = {each: row.get(each) for each in _TESTS}
    title = title_of(f"{row.get('question_title') or name}: {question}")
    has_private = "and" if _has_private(gold) else "but no"
    return Problem(name, (asked,), gold, title, reference=f"The samples of the statement, {has_private} private tests.")


def public_and_private(gold: Mapping[str, Any]) -> TestSet:
    """Public and private tests, the public ones first.

    Raises:
        BadInput: If they cannot be read.
    """
    cases = cases_of_row({name: whole_text(value) for name, value in gold.items()})
    if not cases:
        raise BadInput("there are none.")
    form, name = ("calls", cases[0].name) if isinstance(cases[0], Call) else ("input_output", "")
    names = tuple(map(str, range(1, len(cases) + 1)))
    return TestSet(form, "", tuple(cases), entry_point=name, names=names)  # type: ignore[arg-type]


def judge(judges: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether the program passes all tests."""
    limits = PUBLISHED_LIMITS if written.is_strict else LIMITS
    name = _function_of(problem.gold)
    # Its judge imports much of the standard library before each program.
    judged = judge_program(judges, written, lambda: public_and_private(problem.gold), limits, name, lends_names=True)
    if judged.outcome != "correct" or has_private_tests(problem):
        return judged
    details = {**judged.details, "only_public_tests": True}
    return Judgement(judged.outcome, f"{judged.reason}; {ONLY_PUBLIC}", judged.answer, details)


def has_private_tests(problem: Problem) -> bool:
    """Whether a program is judged by more than the samples that its statement shows."""
    return _has_private(problem.gold)


def _has_private(gold: Mapping[str, Any]) -> bool:
    return gold["private_test_cases"] not in (None, "", "[]", [])


def remark(problems: Sequence[Problem]) -> str:
    """How many of the problems have no private tests, if any."""
    n = sum(not has_private_tests(problem) for problem in problems)
    return f"{n:,} of {len(problems):,} problems are judged by their public tests alone" if n else ""


def _function_of(gold: Mapping[str, Any]) -> str:
    """The function that is asked for; empty where the program reads its input."""
    held = gold["metadata"]
    try:
        held = json.loads(held) if isinstance(held, str) else held
    except ValueError:
        return ""
    return str(held.get("func_name") or "") if isinstance(held, dict) else ""


def _files(first: int, last: int) -> tuple[str, ...]:
    """The files that the releases `first` to `last` have added."""
    return tuple("test.jsonl" if number == 1 else f"test{number}.jsonl" for number in range(first, last + 1))


def _release(number: int) -> Benchmark:
    count, month = RELEASES[number]
    about = f"{count:,} problems of contests from May 2023 to {month}: release {number}."
    return _benchmark(f"livecodebench-v{number}", f"LiveCodeBench v{number}", about, _files(1, number))


def _benchmark(name: str, title: str, about: str, files: tuple[str, ...], first: str = "", last: str = "") -> Benchmark:
    return Benchmark(
        name=name,
        title=title,
        about=about,
        source=f"huggingface.co/datasets/{REPOSITORY}",
        licence="The data set's, CC; the statements are AtCoder's, LeetCode's and Codeforces' own",
        judged_by="Public and private tests in a sandbox, all must pass; 6 s of CPU time each, 30 s as published.",
        problems_of=functools.partial(problems_of, first=first, last=last),
        judge=judge,
        samples=8,
        hub=HubData(REPOSITORY, files=files),
        file="livecodebench*.jsonl",
        left_in_file=("private_test_cases",),
        remark=remark,
    )


# Contests of the third release end in July 2024, but some of its problems are of August.
LIVECODEBENCH = _benchmark(
    "livecodebench",
    "LiveCodeBench",
    "279 problems of contests from August 2024 to January 2025, those of QwQ-32B's published figure.",
    _files(3, 5),
    "2024-08-01",
    "2025-02-01",
)
LIVECODEBENCH_RELEASES = tuple(map(_release, RELEASES))
