"""What tests said, or have said so far, in; the table that the Code tab shows of them out. No gradio."""

from collections.abc import Sequence
from typing import Any

from model.code_events import TestCase, TestReport
from model.errors import AppError
from ui.code_words import KINDS, counted, seconds_text, tally
from ui.sentences import joined
from verify.code.progress import Part
from verify.code.test_sets import read_tests

_MOST_TESTS = 200
_MOST_CELL = 2_000
# What becomes of a test that has said nothing yet; the page's words for it are in tests_table.js.
_WAITING, _TESTING = "waiting", "testing"
Row = list[Any]


def tests_value(reports: Sequence[TestReport]) -> dict[str, Any]:
    """What `ui.code_views.tests_table` shows; tests that failed come first into a table too long to show."""
    shown = [report for report in reports if report.cases]
    rows = [_test_row(report.tests_from, case) for report in shown for case in report.cases]
    words = [f"{KINDS[report.tests_from]}: {tally(report.cases, report.seconds)}" for report in shown]
    return _table(rows, words)


def progress_value(parts: Sequence[Part]) -> dict[str, Any]:
    """The same of tests that are being run: what those said that were, which one is, and which wait for it."""
    shown = [part for part in parts if part.tests]
    rows = [row for part in shown for row in _rows_of(part)]
    return _table(rows, [_words_of(part) for part in shown])


def pending_tests_value(tests: str, form: str, entry_point: str = "") -> dict[str, Any]:
    """The same of tests of which none has been begun."""
    try:
        told = read_tests(tests, form or None, entry_point)  # type: ignore[arg-type]
    except AppError:
        return {}
    names = told.names or tuple(str(number) for number, _ in enumerate(told.cases, 1))
    rows = [_row_of("given", TestCase(name, "not_run"), _WAITING) for name in names]
    return _table(rows, [f"Running {counted(len(names), 'test')} …"])


def progress_words(parts: Sequence[Part]) -> str:
    """What is being run, for the status line.

    >>> both = TestCase("1", "not_run"), TestCase("2", "not_run")
    >>> progress_words([Part("given", both, {0: TestCase("1", "passed")})])
    'Running test 2 of 2'
    """
    part = parts[-1] if parts else None
    if part is None or not part.tests:
        return "Running the tests"
    if part.running is None:
        return "Looking for a smaller input that fails" if _has_failed(part) else "Running the tests"
    kind = {"given": "", "hidden": "hidden ", "model": "model-written "}[part.tests_from]
    return f"Running {kind}test {part.running + 1:,} of {len(part.tests):,}"


def _has_failed(part: Part) -> bool:
    return part.tests_from == "given" and any(case.outcome != "passed" for case in part.said.values())


def _rows_of(part: Part) -> list[Row]:
    running = part.running
    rest = "not_run" if part.is_over else _WAITING
    return [
        _test_row(part.tests_from, part.said[at])
        if at in part.said
        else _row_of(part.tests_from, case, _TESTING if at == running else rest)
        for at, case in enumerate(part.tests)
    ]


def _words_of(part: Part) -> str:
    said = f"{len(part.said):,} of {len(part.tests):,} {KINDS[part.tests_from]} run"
    return joined([said, tally(list(part.said.values()), 0.0)])


def _table(rows: list[Row], words: list[str]) -> dict[str, Any]:
    n_hidden = max(0, len(rows) - _MOST_TESTS)
    if n_hidden:
        rank = {_TESTING: 0, "passed": 2, _WAITING: 2}
        order = sorted(range(len(rows)), key=lambda at: (rank.get(rows[at][2], 1), at))
        rows = [rows[at] for at in sorted(order[:_MOST_TESTS])]
    return {"rows": rows, "words": [each[0].upper() + each[1:] for each in words], "hidden": n_hidden}


def _test_row(kind: str, case: TestCase) -> Row:
    return _row_of(kind, case, case.outcome)


def _row_of(kind: str, case: TestCase, state: str) -> Row:
    seconds = "" if state in ("not_run", _WAITING, _TESTING) else seconds_text(case.seconds)
    told = [None if text is None else cut(text, _MOST_CELL) for text in (case.expected, case.got)]
    return [kind, case.name, state, seconds, cut(case.given, _MOST_CELL), *told, cut(case.message, _MOST_CELL)]


def cut(text: str, characters: int) -> str:
    """The beginning of a text, with how much of it is missing.

    >>> cut("abcdef", 3)
    'abc… (3 more characters)'
    """
    if len(text) <= characters:
        return text
    return f"{text[:characters]}… ({len(text) - characters:,} more characters)"
