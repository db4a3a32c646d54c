"""A program with what its tests said in, the parts of a Markdown or HTML document that show it out."""

import html
import re

from model.code_events import TestCase, TestReport
from model.tested import Tested

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_KINDS = {"given": "Given tests", "hidden": "Hidden tests", "model": "Tests that a model wrote"}
_COLUMNS = ("Test", "Outcome", "Given", "Expected", "Got", "Message")


def _program_heading(tested: Tested) -> str:
    assert tested.program is not None
    return "Program, written by hand" if tested.program.by_user else "Program"


def _cells(case: TestCase) -> tuple[str, ...]:
    return (case.name, case.outcome, case.given, case.expected or "", case.got or "", case.message)


def fenced(text: str, language: str = "") -> str:
    """A block of code, whatever stands in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def markdown_of(tested: Tested) -> list[str]:
    """Headings, blocks and tables; none where there is no program."""
    if tested.program is None or not tested.program.source:
        return []
    parts = [f"## {_program_heading(tested)}", fenced(tested.program.source.rstrip(), "python")]
    for report in tested.reports:
        rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(map(_markdown_cell, _cells(case)) for case in report.cases)]
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        parts += [f"## {_KINDS[report.tests_from]}", report.words, table]
    return parts


def _markdown_cell(text: str) -> str:
    # Code, so that nothing in it is Markdown; a line break would end the row.
    text = text.replace("|", "\\|").replace("\n", "⏎").replace("`", "ˋ")
    return f"`{text}`" if text else ""


def html_of(tested: Tested) -> list[str]:
    """The same as HTML."""
    if tested.program is None or not tested.program.source:
        return []
    parts = [f"<h2>{_program_heading(tested)}</h2>\n<pre>{escaped(tested.program.source)}</pre>"]
    for report in tested.reports:
        head = "".join(f"<th>{name}</th>" for name in _COLUMNS)
        parts.append(
            f"<h2>{_KINDS[report.tests_from]}</h2>\n<p>{escaped(report.words)}</p>\n"
            f"<table><thead><tr>{head}</tr></thead><tbody>{_html_rows(report)}</tbody></table>"
        )
    return parts


def _html_rows(report: TestReport) -> str:
    rows = ("".join(f"<td>{escaped(text)}</td>" for text in _cells(case)) for case in report.cases)
    return "".join(f"<tr>{row}</tr>" for row in rows)


def escaped(text: str) -> str:
    """Text that is no HTML."""
    return html.escape(_UNPRINTABLE.sub("\ufffd", text), quote=True)
