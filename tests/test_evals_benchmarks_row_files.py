"""Rows whose long texts stay in their file: the same rows, digests and verdicts, without the memory."""

import json
import tracemalloc
from pathlib import Path

import pytest

from evals.benchmarks.benchmark import Judges, Written
from evals.benchmarks.livecodebench import LIVECODEBENCH_RELEASES, has_private_tests
from evals.benchmarks.row_files import LeftInFile, read_lines, read_rows, whole_text
from evals.benchmarks.sources import digest, rows_of
from evals.heads import problems_sha256
from model.errors import BadInput

RELEASE = LIVECODEBENCH_RELEASES[-1]
ECHO = "The program:\n\n```python\nprint(input())\n```\n"


def row(number: int, said: str) -> dict[str, str]:
    """A problem of echoing in LiveCodeBench's form; a program that answers anything but `said` fails."""
    tests = [{"input": said, "output": said, "testtype": "stdin"}]
    return {
        "question_id": f"echo-{number}",
        "question_title": "Écho",
        "question_content": f"Print what you read, the {number}th time.",
        "platform": "atcoder",
        "contest_date": "2024-09-01T00:00:00",
        "starter_code": "",
        "public_test_cases": json.dumps([{"input": "a", "output": "a", "testtype": "stdin"}]),
        "private_test_cases": json.dumps(tests),
        "metadata": "{}",
    }


def written(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "livecodebench_v6.jsonl"
    path.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in rows) + "\n\n", "utf-8")
    return path


def test_long_texts_are_left_and_digests_are_those_of_the_whole_rows(tmp_path: Path):
    rows = [row(1, "é" * 2000), row(2, "short"), row(3, "加" * 3000)]
    written(tmp_path, rows)
    found = rows_of(RELEASE, str(tmp_path))
    left = [each["private_test_cases"] for each in found.rows]
    assert [isinstance(each, LeftInFile) for each in left] == [True, False, True]
    assert [whole_text(each) for each in left] == [each["private_test_cases"] for each in rows]
    assert found.sha256 == digest(rows)
    problems = RELEASE.problems_of(found.rows)
    assert problems_sha256(problems) == problems_sha256(RELEASE.problems_of(rows))
    assert all(map(has_private_tests, problems))


def test_programs_are_judged_by_tests_that_are_read_from_the_file(judges: Judges, tmp_path: Path):
    long = row(1, "b" * 2000)
    wrong = row(2, "b" * 2000) | {"private_test_cases": row(2, "b" * 2000)["private_test_cases"].replace("b", "c", 1)}
    written(tmp_path, [long, wrong])
    problems = RELEASE.problems_of(rows_of(RELEASE, str(tmp_path)).rows)
    judged = [RELEASE.judge(judges, problem, Written(ECHO)) for problem in problems]
    assert [each.outcome for each in judged] == ["correct", "wrong"] and "fails test 2 of 2" in judged[1].reason


def test_a_file_that_has_changed_is_told_and_decides_nothing(judges: Judges, tmp_path: Path):
    path = written(tmp_path, [row(1, "b" * 2000)])
    (problem,) = RELEASE.problems_of(rows_of(RELEASE, str(tmp_path)).rows)
    path.write_text(path.read_text("utf-8").replace("bbb", "ccc", 1), "utf-8")
    judged = RELEASE.judge(judges, problem, Written(ECHO))
    assert (judged.outcome, "has changed since its rows were read" in judged.reason) == ("undecided", True)
    path.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        whole_text(problem.gold["private_test_cases"])


def test_what_is_held_does_not_grow_with_the_tests(tmp_path: Path):
    written(tmp_path, [row(number, chr(97 + number) * 1_000_000) for number in range(12)])
    tracemalloc.start()
    try:
        problems = RELEASE.problems_of(rows_of(RELEASE, str(tmp_path)).rows)
        problems_sha256(problems)
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A row of 2 MB is there a few times while it is read; all twelve are 24 MB.
    assert held < 1_000_000 and peak < 16_000_000


@pytest.mark.parametrize(
    ("told", "says"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b'{"a": 1}\n[]\n', "line 2 is no JSON object"),
        (b'{"a": 1}\n\n{"a": \n', "line 3 is no JSON in UTF-8"),
        (b'{"a": "\xff"}\n', "line 1 is no JSON in UTF-8"),
    ],
)
def test_what_is_no_file_of_rows_is_told_with_its_line(told: bytes, says: str, tmp_path: Path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(told)
    with pytest.raises(BadInput, match=says):
        read_rows(path)
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_lines(tmp_path / "none.jsonl"))
