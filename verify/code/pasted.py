"""A row of a data set that was pasted as a task in, the task out: its words, its tests, its hidden tests."""

import json
from dataclasses import dataclass
from typing import Any

from verify.code.rows import asserts_of_row, check_of_row


@dataclass(frozen=True, slots=True)
class PastedTask:
    """A task of LiveCodeBench, HumanEval or MBPP. The tests are in a notation that `read_tests` knows."""

    statement: str
    tests: str
    hidden_tests: str = ""


def pasted_task(text: str) -> PastedTask | None:
    """The task of a row in JSON; None if it is something else, and is to be read as words.

    LiveCodeBench's private tests are hidden ones; they are left out while they are packed.

    >>> pasted_task('{"text": "Double a number.", "test_list": ["assert double(2) == 4"]}')
    PastedTask(statement='Double a number.', tests='assert double(2) == 4', hidden_tests='')
    """
    if not text.lstrip().startswith("{"):
        return None
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    if isinstance(row.get("question_content"), str) and "public_test_cases" in row:
        return _live_code_bench(row)
    prompt = row.get("prompt") or row.get("text")
    if not isinstance(prompt, str):
        return None
    if check_of_row(row):
        return PastedTask(prompt, json.dumps({name: row[name] for name in ("prompt", "test", "entry_point")}))
    asserts = asserts_of_row(row)
    return PastedTask(prompt, asserts) if asserts else None


def _live_code_bench(row: dict[str, Any]) -> PastedTask:
    starter = row.get("starter_code") or ""
    statement = f"{row['question_content']}\n\n{starter}" if starter else row["question_content"]
    metadata = row.get("metadata") or {}
    public, private = row["public_test_cases"], row.get("private_test_cases") or ""
    is_readable = isinstance(private, list) or str(private).lstrip().startswith("[")
    hidden = json.dumps({"public_test_cases": private, "metadata": metadata}) if is_readable else ""
    return PastedTask(statement, json.dumps({"public_test_cases": public, "metadata": metadata}), hidden)
