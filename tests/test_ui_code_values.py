"""What the Code tab shows of a task: result, timeline, tests, program, status; and what a page is told again."""

import json
from dataclasses import replace

import gradio as gr
import pytest

from model.code_events import Program, Task, TestCase, TestReport
from model.host import HostStatus
from ui import code_tests_table
from ui.code_examples import EXAMPLES
from ui.code_following import NAMES, Sent
from ui.code_values import (
    code_status,
    diff_value,
    form_value,
    isolation_value,
    output_value,
    result_value,
    task_result_value,
    tasks_value,
    timeline_value,
)
from ui.panes import Panes
from verify.code.task import CodedTask, Round
from verify.code.test_sets import detect_form

PASSED = TestCase("1", "passed", 0.01, "f(1)", "1", "1")
WRONG = TestCase("2", "wrong", 0.01, "f(2)", "2", "3")
PROGRAM = Program("def f(n):\n    return n\n", "the only block of code")


def round_of(number: int, *reports: TestReport, is_live: bool = False, program: Program | None = PROGRAM) -> Round:
    return Round(f"r{number}", 1, number, "solution", is_live, "" if is_live else "stop", 5, 7, 1.0, program, reports)


def task_of(*rounds: Round, tests: str = "assert f(1) == 1", hidden: str = "") -> CodedTask:
    return CodedTask("r1", Task("r1", "Write f.", tests, "asserts", hidden), "Write f.", rounds, 0.0)


def test_tests_that_were_stopped_have_not_failed():
    stopped = TestReport("ok", (PASSED, TestCase("2", "not_run"), TestCase("3", "not_run")))
    value = result_value((stopped,), PROGRAM)
    assert (value["standing"], value["label"], value["reason"]) == (
        "undecided",
        "1 of 3 given tests",
        "2 tests were not run.",
    )


def test_result_has_both_shares_and_the_hidden_one_tells_no_case() -> None:
    hidden = TestReport("ok", (WRONG,), tests_from="hidden")
    value = result_value((TestReport("ok", (PASSED,)), hidden), PROGRAM)
    assert (value["standing"], value["label"], value["reason"]) == ("passes", "Passes 1 of 1 given tests", "")
    assert value["more"] == [["fails", "0 of 1 hidden tests", ""]]


def test_result_says_the_first_failure_and_a_smaller_one_only_where_it_is_another() -> None:
    same = TestReport("ok", (PASSED, WRONG), smallest=WRONG)
    value = result_value((same,), PROGRAM)
    assert (value["label"], value["reason"]) == ("1 of 2 given tests", "First failure: f(2) gave 3, not 2")
    assert value["more"] == []
    smaller = TestReport("ok", (WRONG,), smallest=TestCase("", "wrong", given="f(0)", expected="0", got="1"))
    assert result_value((smaller,), PROGRAM)["more"] == [["", "Smallest failing input", "f(0) gave 1, not 0"]]


def test_task_that_its_user_has_stopped_has_not_failed() -> None:
    ended = round_of(1, program=Program("", "it was stopped"))
    assert task_result_value(task_of(ended))["standing"] == "fails"
    stopped = replace(ended, reason="stopped")
    value = task_result_value(task_of(stopped))
    assert (value["label"], value["standing"]) == ("No program", "none")


@pytest.mark.parametrize(
    ("reports", "program", "label", "standing"),
    [
        ((), PROGRAM, "Not tested", "none"),
        ((), Program("", "no code was found"), "No program", "fails"),
        ((TestReport("refused", message="no isolation"),), PROGRAM, "Not run", "undecided"),
        ((TestReport("ok", (PASSED,), tests_from="model"),), PROGRAM, "Not tested", "none"),
        ((TestReport("ok", (PASSED,), tests_from="hidden"),), PROGRAM, "Not tested by given tests", "none"),
    ],
    ids=["no tests", "no program", "refused", "the model's own", "hidden only"],
)
def test_result_never_says_passes_without_given_tests_that_pass(
    reports: tuple[TestReport, ...], program: Program, label: str, standing: str
) -> None:
    value = result_value(reports, program)
    assert (value["label"], value["standing"]) == (label, standing)


def test_forgeable_pass_says_so() -> None:
    value = result_value((TestReport("ok", (PASSED,), is_forgeable=True),), PROGRAM)
    assert ["", "Forgeable"] == value["more"][0][:2]


def test_task_has_no_result_while_its_first_program_is_written() -> None:
    assert task_result_value(task_of(round_of(1, is_live=True, program=None))) == {}


def test_timeline_marks_the_shown_and_the_best_round() -> None:
    failed, passed = TestReport("ok", (PASSED, WRONG)), TestReport("ok", (PASSED, PASSED))
    rows = timeline_value(task_of(round_of(1, failed), round_of(2, passed)), "r1")["rows"]
    assert [row["words"] for row in rows] == ["Rounds"]
    first, second = rows[0]["rounds"]
    assert first == ["r1", "Round 1", "1 of 2 pass", "fails", "12 tokens · 1.0 s", True, False, False]
    assert second[2:4] == ["2 of 2 pass", "passes"] and second[6]


def test_table_too_long_to_show_keeps_the_tests_that_failed() -> None:
    cases = tuple(TestCase(str(n), "wrong" if n > 495 else "passed") for n in range(500))
    value = code_tests_table.tests_value((TestReport("ok", cases),))
    assert (len(value["rows"]), value["hidden"]) == (200, 300)
    assert sum(row[2] == "wrong" for row in value["rows"]) == 4
    assert value["words"] == ["Given tests: 496 passed · 4 wrong"]


def test_very_long_outputs_are_cut_and_say_how_much_is_missing() -> None:
    value = output_value("ok", 0.5, "x" * 3_000_000, "")
    assert len(json.dumps(value)) < 25_000
    assert value["stdout"].endswith("(2,980,000 more characters)")


def test_unchanged_program_has_no_difference() -> None:
    assert diff_value("a\n", "a", "Changes since round 1")["rows"] == []


def test_form_says_what_is_wrong_with_tests_that_cannot_be_read() -> None:
    assert form_value("", "") == {"kind": "", "about": "", "is_bad": False}
    assert form_value("assert f(1) == 1", "")["kind"] == "Asserts"
    assert form_value("no tests", "")["is_bad"]


@pytest.mark.parametrize("model", ["smollm2-135m", "qwq-32b"])
def test_examples_cover_the_forms_and_are_read_as_they_are_meant(model: str) -> None:
    forms = [detect_form(tests) if tests else "" for _, tests in (each.given(model) for each in EXAMPLES)]
    assert forms[0] == "asserts" and forms[2:] == ["pytest", "doctest", ""]
    assert forms[1] in ("calls", "input_output")


def test_isolation_line_says_the_level_or_the_refusal() -> None:
    assert isolation_value("filter")["head"] == "Programs run isolated: filter."
    assert isolation_value(None, "macOS cannot.")["is_bad"]
    assert isolation_value(None) == {}


def test_status_goes_on_while_the_program_is_being_tested() -> None:
    panes = Panes(run_id="r1", phase="done", finish_reason="stop")
    host = HostStatus("ready", "scripted")
    value = code_status(panes, task_of(round_of(1, program=None)), host, 0.0, None)
    assert (value["text"], value["tone"]) == ("Running the tests", "busy")
    assert "code-stop" in value["shows"].split() and "code-solve" not in value["shows"].split()


def test_list_tells_tasks_whose_hidden_tests_fail_from_those_that_pass() -> None:
    hidden = TestReport("ok", (WRONG,), tests_from="hidden")
    task = task_of(round_of(1, TestReport("ok", (PASSED,)), hidden), hidden="assert f(2) == 2")
    row = tasks_value([task])["rows"][0]
    assert row[2:5] == ["Passes 1 of 1 given tests · 0 of 1 hidden tests", "failed", "Fails"]


def test_sent_repeats_what_is_new_for_a_while_and_then_leaves_it_out() -> None:
    now = 0.0
    sent = Sent(lambda: now)
    at = NAMES.index("answer")
    assert sent.update({"answer": "a"})[at] == "a"
    # The page may have been told both in one update, of which the last holds.
    assert sent.update({"answer": "a"})[at] == "a"
    now = 5.0
    assert sent.update({"answer": "a"})[at] == gr.skip()
    assert sent.update({"answer": "b"})[at] == "b"
