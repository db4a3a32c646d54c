"""A task with its rounds in, what the Code tab shows of it out: result, timeline, tests, program, output. No gradio."""

import base64
from collections.abc import Sequence
from typing import Any

from model.code_events import Program, TestReport
from model.errors import BadInput
from model.host import HostStatus
from model.waiting_line import Place
from ui.code_diff import diff_counts, diff_rows
from ui.code_tests_table import cut, progress_words
from ui.code_words import (
    FORMS,
    LABELS,
    case_words,
    counted,
    end_words,
    first_failure,
    place_words,
    round_words,
    seconds_text,
    share,
)
from ui.panes import Panes
from ui.sentences import joined, shortened, status_value
from verify.code.entry_point import named_function
from verify.code.given import check_entry_point, read_given
from verify.code.parsing import last_function
from verify.code.progress import Part
from verify.code.task import CodedTask, Round
from verify.sandbox.levels import EXPLANATIONS, REMEDY, Level

_LISTED = {"passes": "passed", "fails": "failed", "undecided": "not run", "not tested": "not tested"}
_MOST_PRINTED = 20_000
_NO_TESTS = "No tests were given. Type some, then press Run tests: no model is needed for that."
_FORGEABLE = "Program and tests share a process here, so a program could forge this. It counts in no benchmark."
_NO_PROOF = "They were written by the model, and nobody has checked them: a pass is no proof."


def result_value(reports: Sequence[TestReport], program: Program | None, about: str = "") -> dict[str, Any]:
    """What `ui.code_views.code_result` shows of a program.

    Args:
        reports: What the tests of each kind said of it.
        about: Whose program it is.
    """
    by_kind = {report.tests_from: report for report in reports}
    given, hidden, model = (by_kind.get(kind) for kind in ("given", "hidden", "model"))
    if program is not None and not program.source.strip():
        return _result("fails", "No program", program.words, [], about)
    refused = next((report for report in reports if report.status == "refused"), None)
    if refused:
        return _result("undecided", "Not run", refused.message, [], about)
    more: list[list[str]] = []
    if hidden and hidden.cases:
        more.append(["passes" if hidden.has_passed else "fails", share(hidden), ""])
    first = first_failure(given) if given else ""
    if given and given.smallest and first and not first.endswith(case_words(given.smallest)):
        more.append(["", "Smallest failing input", case_words(given.smallest)])
    if model and model.cases:
        more.append(["none", share(model), _NO_PROOF])
    if model and model.message and model.status == "ok":
        more.append(["", "Model-written tests", model.message])
    if any(report.is_forgeable and report.has_passed for report in reports):
        more.append(["", "Forgeable", _FORGEABLE])
    if given is None or not given.cases:
        why = given.message if given and given.message else _NO_TESTS if hidden is None else ""
        return _result("none", "Not tested" if hidden is None else "Not tested by given tests", why, more, about)
    stopped = "" if given.status == "ok" else end_words(given.status, given.message)
    n_left = sum(case.outcome == "not_run" for case in given.cases)
    left = f"{counted(n_left, 'test was', 'tests were')} not run." if n_left else ""
    standing = "passes" if given.has_passed else "fails" if given.has_failed else "undecided"
    return _result(standing, share(given), first or stopped or left, more, about)


def _result(standing: str, label: str, reason: str, more: list[list[str]], about: str) -> dict[str, Any]:
    return {
        "standing": standing,
        "label": label,
        "reason": shortened(reason, 400),
        "more": more,
        "about": about,
    }


def task_result_value(task: CodedTask) -> dict[str, Any]:
    """The same of a task's best program so far; nothing while there is none to speak of."""
    best = task.best
    if best is None:
        written = [each for each in task.rounds if each.purpose == "solution" and each.program]
        is_over = task.is_settled and bool(written)
        told = result_value((), written[-1].program) if is_over else {}
        # Who stops a task has not seen it fail.
        return told | {"standing": "none"} if told and written[-1].reason == "stopped" else told
    if not best.reports and not task.is_settled:
        return {}
    n_rounds = sum(len(each) for each in task.attempts)
    about = ("Best so far: " if not task.is_settled else "Best: ") + place_words(best, task) if n_rounds > 1 else ""
    if best.program and best.program.by_user:
        about = joined([about, "as you changed it"])
    if task.has_changed_tests:
        about = joined([about, "by tests that you changed"])
    value = result_value(best.reports, best.program, about)
    value["more"] += [["", "Evidence", each.words] for each in task.evidence]
    return value


def timeline_value(task: CodedTask, shown_run: str) -> dict[str, Any]:
    """What `ui.code_views.code_timeline` shows: a row for each attempt, and one for the tests that the model wrote."""
    best = task.best
    rows = [
        {
            "words": f"Attempt {rounds[0].attempt}" if len(task.attempts) > 1 else "Rounds",
            "rounds": [_chip(each, task, shown_run, best) for each in rounds],
        }
        for rounds in task.attempts
    ]
    if task.tests_round:
        rows.append({"words": "Model-written", "rounds": [_chip(task.tests_round, task, shown_run, best)]})
    return {"rows": rows}


def _chip(each: Round, task: CodedTask, shown_run: str, best: Round | None) -> list[Any]:
    said, standing = round_words(each, task)
    name = "Tests" if each.purpose == "tests" else f"Round {each.number}"
    tokens = each.thinking_tokens + each.answer_tokens
    figures = joined([counted(tokens, "token") if tokens else "", f"{each.seconds:.1f} s" if each.seconds else ""])
    is_edited = bool(each.program and each.program.by_user)
    is_best = best is not None and best.run_id == each.run_id and sum(map(len, task.attempts)) > 1
    return [each.run_id, name, said, standing, figures, each.run_id == shown_run, is_best, is_edited]


def program_value(task: CodedTask, each: Round, program: Program | None, key: str, is_chosen: bool) -> dict[str, Any]:
    """What `ui.code_views.program_line` holds: a program, and whether the user asked to see it."""
    whose = place_words(each, task)
    source = program.source.rstrip() if program else ""
    words = program.words if program else ""
    about = joined([whose, "changed by you" if program and program.by_user else words[:1].upper() + words[1:]])
    told = {"key": key, "task": task.id, "run": each.run_id, "source": source, "is_chosen": is_chosen}
    return told | {"whose": about if source else "", "name": whose}


def diff_value(before: str, after: str, words: str) -> dict[str, Any]:
    """What `ui.code_views.code_diff` shows of two versions; nothing where nothing has changed."""
    rows = diff_rows(before.strip("\n"), after.strip("\n"))
    new, gone = diff_counts(rows)
    if not rows:
        return {"rows": [], "words": ""}
    return {"rows": rows, "words": f"{words}: {counted(new, 'line')} new, {gone:,} gone"}


def output_value(
    status: str, seconds: float, stdout: str, stderr: str, message: str = "", figures: Sequence[bytes] = ()
) -> dict[str, Any]:
    """What `ui.code_views.program_output` shows; long outputs are cut."""
    return {
        "ended": joined([end_words(status, message), seconds_text(seconds) if seconds else ""]),
        "is_bad": status != "ok",
        "stdout": cut(stdout, _MOST_PRINTED),
        "stderr": cut(stderr, _MOST_PRINTED),
        "figures": ["data:image/png;base64," + base64.b64encode(each).decode("ascii") for each in figures],
    }


def report_output_value(report: TestReport | None) -> dict[str, Any]:
    """The same of a program that was tested; nothing if it printed nothing and came to its end."""
    if report is None or not (report.stdout or report.stderr or report.status not in ("ok", "refused", "no program")):
        return {}
    return output_value(report.status, report.seconds, report.stdout, report.stderr, report.message)


def form_value(tests: str, form: str, entry_point: str = "", statement: str = "", source: str = "") -> dict[str, Any]:
    """What `ui.code_views.tests_form` shows of tests as they are typed.

    Args:
        entry_point: The function that they are about, as the user says; else the tests, the task or the program do.
    """
    if not tests.strip():
        return {"kind": "", "about": "", "is_bad": False}
    try:
        check_entry_point(entry_point.strip())
        read_as: Any = form or None
        told = read_given(tests, read_as, entry_point, named_function(statement) or last_function(source))
    except BadInput as error:
        return {"kind": "", "about": str(error), "is_bad": True}
    assert told is not None
    n = len(told.names) or len(told.cases)
    called = f"of {told.entry_point}" if told.entry_point and told.form != "input_output" else ""
    about = joined([f"{counted(n, 'test')} {called}".strip() if n else "", _FORGEABLE if told.is_forgeable else ""])
    return {"kind": FORMS[told.form], "about": about, "is_bad": False}


def isolation_value(level: Level | None, refusal: str = "") -> dict[str, Any]:
    """What `ui.code_views.isolation_line` shows."""
    if refusal:
        words = refusal if "container image" in refusal else f"{refusal.rstrip('.')}. {REMEDY}"
        return {"head": "Programs are not run here.", "words": words, "is_bad": True}
    if level is None:
        return {}
    return {"head": f"Programs run isolated: {level}.", "words": EXPLANATIONS[level], "is_bad": False}


def code_status(
    panes: Panes,
    task: CodedTask,
    host: HostStatus,
    waited_seconds: float,
    place: Place | None,
    testing: Sequence[Part] = (),
) -> dict[str, Any]:
    """What `ui.code_views.code_status` shows: how it goes, the panes' figures, the buttons there are, the address.

    Args:
        testing: How far the tests are that are being run.
    """
    told = status_value(panes, host, waited_seconds, place=place)
    text, tone = told["text"], told["tone"]
    each = next((one for one in task.rounds if one.run_id == panes.run_id), None)
    is_busy = not task.is_settled
    if each and not panes.is_live and is_busy:
        text, tone = progress_words(testing) if testing else _between(task), "busy"
    shows = {
        "code-solve": not is_busy,
        "code-stop": is_busy,
        "code-answer-now": panes.phase in ("reading", "thinking"),
        "code-continue": not is_busy and panes.is_cut,
        "code-after": bool(task.best) or task.is_settled,
        "code-new": not is_busy,
    }
    return told | {
        "shows": " ".join(name for name, is_shown in shows.items() if is_shown),
        "text": text,
        "tone": tone,
        "round": place_words(each, task) if each and (len(task.rounds) > 1 or task.task.n_attempts > 1) else "",
    }


def _between(task: CodedTask) -> str:
    """What goes on while the run on the page has ended and the task has not."""
    n_live = sum(one.is_live for one in task.rounds)
    if n_live:
        return f"{counted(n_live, 'round')} {'goes' if n_live == 1 else 'go'} on"
    return "Running the tests"


def empty_status(text: str = "", tone: str = "") -> dict[str, Any]:
    """The status while no task is on the page; `run` None leaves the address alone."""
    return {"run": None, "phase": "empty", "shows": "code-solve code-examples", "text": text, "tone": tone}


def task_row(task: CodedTask) -> list[Any]:
    """One line of the list of past tasks."""
    is_going = not task.is_settled
    label = "Being solved" if is_going else LABELS[task.standing]
    standing = "going" if is_going else _LISTED[task.standing]
    n_rounds = sum(len(each) for each in task.attempts)
    said = joined([share(report) for report in task.decisive if report.cases])
    said = said or ("No program" if task.best is None else "Not tested")
    rounds = counted(n_rounds, "round") if n_rounds > 1 else ""
    statement = task.task.statement or task.question
    return [task.id, shortened(statement, 140), said, standing, label, rounds, task.created_at]


def tasks_value(tasks: Sequence[CodedTask]) -> dict[str, Any]:
    """What `ui.code_views.task_list` shows."""
    return {"rows": [task_row(task) for task in tasks], "kinds": list(_LISTED.values())}
