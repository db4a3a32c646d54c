"""Exports of runs that wrote a program: the program and what every kind of tests said, and nothing that can run."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model.code_events import Program, Task, TestCase, TestReport
from model.events import AnswerDelta, Asked, Finished
from model.export import export
from model.importing import import_json_lines
from model.store import Store

HOSTILE = "</td></table><script>alert(1)</script> | `x`\n**b**"
GIVEN = TestReport(
    "ok",
    (TestCase("1", "passed", 0.1, "add(1, 2)", "3", "3"), TestCase("2", "wrong", 0.1, "add(0, 1)", "1", HOSTILE)),
    form="asserts",
)
HIDDEN = TestReport("ok", (TestCase("1", "passed"),), tests_from="hidden")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "from")
    opened.create("one", Asked("Add two numbers."))
    opened.append("one", [Task("one", "Add.", "assert add(1, 2) == 3"), AnswerDelta("It is:", 2), Finished("stop")])
    opened.append("one", [Program("def add(a, b):\n    return 3\n", by_user=True), GIVEN, HIDDEN])
    yield opened
    opened.close()


def test_markdown_shows_the_program_and_each_test_in_a_row(store: Store) -> None:
    text = export(store, "one", "markdown")
    assert "- Tests: passes 1 of 2 given tests, first failure: " in text and "Verdict" not in text
    assert "## Program, written by hand\n\n```python\ndef add(a, b):\n    return 3\n```" in text
    assert "| Test | Outcome | Given | Expected | Got | Message |\n| --- | --- |" in text
    assert "| `1` | `passed` | `add(1, 2)` | `3` | `3` |  |" in text and "## Hidden tests" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| `2` |")]
    assert row.endswith(" |") and "⏎**b**" in row, "what a program returned ends neither the row nor the code"


def test_html_shows_the_same_and_nothing_of_it_can_run(store: Store) -> None:
    text = export(store, "one", "html")
    tags: list[str] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: tags.append(tag)  # type: ignore[method-assign]
    reader.feed(text)
    assert tags.count("tr") == 3 + 2 and "script" not in tags
    assert "&lt;script&gt;" in text and "Program, written by hand" in text


def test_json_lines_bring_task_program_and_reports_back(store: Store, tmp_path: Path) -> None:
    lines = export(store, "one", "json_lines")
    other = Store(tmp_path / "to")
    try:
        (run_id,) = import_json_lines(other, lines)
        assert other.events(run_id) == store.events("one")
    finally:
        other.close()


def test_run_that_wrote_no_program_has_no_part_about_one(store: Store) -> None:
    store.create("two", Asked("2+2?"))
    store.append("two", [AnswerDelta("4", 1), Finished("stop")])
    assert "Program" not in export(store, "two", "markdown") and "Verdict: not checked" in export(
        store, "two", "markdown"
    )
