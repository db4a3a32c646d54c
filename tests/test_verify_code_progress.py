"""Tests that are being run: what each says is told as soon as it is known, and whoever has seen enough ends them."""

from collections.abc import Iterator

import pytest

from model.code_events import Program, TestReport
from ui.code_deltas import ToldTests
from ui.code_tests_table import progress_value, progress_words
from verify.code.judge import CodeJudge
from verify.code.progress import Progress
from verify.code.test_sets import read_tests
from verify.sandbox.report import TestResult

PROGRAM = "def f(n):\n    if n == 3: raise ValueError(n)\n    return n if n != 2 else 0\n"
FORMS = {
    "calls": (PROGRAM, "assert f(1) == 1\nassert f(2) == 2\nassert f(3) == 3"),
    "script": (PROGRAM, "x = 1\nassert f(x) == 1\nassert f(x + 1) == 2\nassert f(x + 2) == 3"),
    "check": (PROGRAM, "def check(candidate):\n    assert candidate(1) < 2\n    assert candidate(2) > 1\n    assert candidate(3)"),
    "inputs": ("n = int(input())\nif n == 3: raise ValueError\nprint(n if n != 2 else 0)", "1 -> 1\n2 -> 2\n3 -> 3"),
    "pytest": (PROGRAM, "def test_a(): assert f(1) == 1\ndef test_b(): assert f(2) == 2\ndef test_c(): f(3)"),
    "doctest": (PROGRAM, ">>> type(f(1))\n<class 'int'>\n>>> f(2)\n2\n>>> print(f(3))\n3"),
    "object": (f"class A:\n    {PROGRAM.replace('f(n)', 'f(self, n)').replace(chr(10), chr(10) + '    ')}", "a = A()\nassert a.f(1) == 1\nassert a.f(2) == 2\nassert a.f(3) == 3"),
}  # fmt: skip


class Heard(Progress):
    """Keeps what it is told, and how far the tests are each time; ends them behind `enough`."""

    def __init__(self, enough: int = 99) -> None:
        super().__init__(Program(""))
        self.numbers: list[int] = []
        self.running: list[int | None] = []
        self.enough = enough

    def take(self, number: int, result: TestResult) -> bool:
        is_wanted = super().take(number, result)
        self.numbers.append(number)
        self.running.append(self.parts()[-1].running)
        return is_wanted and len(self.numbers) < self.enough


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


def report_of(judge: CodeJudge, form: str, heard: Progress, **given: object) -> TestReport:
    source, tests = FORMS[form]
    read = read_tests(tests, entry_point="f" if form == "check" else "")
    return judge.judge(Program(source), read, progress=heard, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", FORMS)
def test_each_test_is_told_once_in_its_turn_as_the_report_has_it(judge: CodeJudge, form: str) -> None:
    heard = Heard()
    report = report_of(judge, form, heard)
    assert [case.outcome for case in report.cases] == ["passed", "wrong", "error"]
    assert heard.numbers == [0, 1, 2] and heard.running == [1, 2, None]
    (part,) = heard.parts()
    assert tuple(part.said[at] for at in range(3)) == report.cases
    assert [case.given for case in part.tests] == [case.given for case in report.cases]


@pytest.mark.parametrize("form", FORMS)
def test_first_failure_ends_the_tests_of_every_form_where_that_is_asked(judge: CodeJudge, form: str) -> None:
    heard = Heard()
    report = report_of(judge, form, heard, stop_at_first=True)
    assert [case.outcome for case in report.cases] == ["passed", "wrong", "not_run"]
    assert report.status == "ok" and report.cases[2].message == "not run: it was asked to stop at the first failure"
    assert heard.numbers[:2] == [0, 1]


@pytest.mark.parametrize("form", FORMS)
def test_whoever_has_seen_enough_ends_the_tests(judge: CodeJudge, form: str) -> None:
    report = report_of(judge, form, Heard(enough=1))
    assert [case.outcome for case in report.cases] == ["passed", "not_run", "not_run"] and report.status == "ok"


@pytest.mark.parametrize("form", ["calls", "script", "pytest"])
def test_progress_of_hidden_tests_says_nothing_of_what_they_hold(judge: CodeJudge, form: str) -> None:
    heard = Heard()
    report = report_of(judge, form, heard, tests_from="hidden")
    assert tuple(heard.parts()[0].said.values()) == report.cases
    assert "f(" not in repr(heard.parts()) and "test_a" not in repr(heard.parts())


def test_test_that_takes_too_long_at_first_is_not_told_before_it_was_looked_at_again(judge: CodeJudge) -> None:
    from verify.sandbox.limits import Limits

    heard, tests = Heard(), read_tests("\n".join(f"assert f({n}) == {n}" for n in range(6)))
    slow = Program(
        "import time\ndef f(n):\n    end = time.process_time() + 0.3\n    while time.process_time() < end: pass\n    return n"
    )
    report = judge.judge(slow, tests, limits=Limits(cpu_seconds=0.5, wall_seconds=60), progress=heard)
    assert report.has_passed, "it is the suite that is too long"
    assert {case.outcome for case in heard.parts()[0].said.values()} == {"passed"}


def test_table_tells_tests_that_were_run_from_the_one_that_is_and_those_that_wait(judge: CodeJudge) -> None:
    heard = Heard(enough=2)
    report_of(judge, "calls", heard)
    value = progress_value(heard.parts())
    assert [row[2] for row in value["rows"]] == ["passed", "wrong", "testing"]
    assert [row[4] for row in value["rows"]] == ["f(1)", "f(2)", "f(3)"]
    assert value["words"] == ["2 of 3 given tests run · 1 passed · 1 wrong"]
    assert progress_words(heard.parts()) == "Running test 3 of 3"
    heard.finish()
    assert [row[2] for row in progress_value(heard.parts())["rows"]] == ["passed", "wrong", "not_run"]
    assert progress_words(heard.parts()) == "Looking for a smaller input that fails"


def test_reader_is_told_each_test_once_and_which_one_runs(judge: CodeJudge) -> None:
    heard = Heard(enough=2)
    told = ToldTests(heard)
    assert list(told.new()) == []
    report_of(judge, "calls", heard)
    (delta,) = told.new()
    assert (delta["run"], delta["total"], delta["running"]) == (2, 3, 3)
    assert [(case["number"], case["outcome"], case["given"]) for case in delta["cases"]] == [
        (1, "passed", "f(1)"),
        (2, "wrong", "f(2)"),
    ]
    assert list(told.new()) == []
    report_of(judge, "calls", heard, tests_from="hidden")
    (delta,) = told.new()
    assert (delta["tests_from"], delta["text"], delta["running"]) == ("hidden", "1 of 3 hidden tests run", 2)
