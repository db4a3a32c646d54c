"""Tasks, rounds and reports in, the JSON objects that scripts read out: every value a plain JSON type."""

from dataclasses import asdict
from typing import Any

from model.code_events import TestReport
from ui.deltas import Delta, found_of, rounded
from verify.code.task import CodedTask, Round
from verify.sandbox.report import Report


def report_object(report: TestReport | None) -> Delta | None:
    """What tests said; null where they were not run."""
    return found_of(report) if report else None


def round_object(each: Round) -> Delta:
    """A round with its program and what every kind of tests said of it."""
    return {
        "attempt": each.attempt,
        "round": each.number,
        "run_id": each.run_id,
        "purpose": each.purpose,
        "finish_reason": each.reason,
        "program": each.program.source if each.program else "",
        "by_user": bool(each.program and each.program.by_user),
        "words": each.words,
        "reports": [found_of(report) for report in each.reports],
        "thinking_tokens": each.thinking_tokens,
        "answer_tokens": each.answer_tokens,
        "seconds": rounded(each.seconds),
    }


def task_object(coded: CodedTask) -> Delta:
    """A task that was worked on: the best program and what its tests say, and all rounds."""
    best, task = coded.best, coded.task
    return {
        "run_id": coded.id,
        "task": task.statement,
        "form": task.form,
        "hidden_form": task.hidden_form,
        "standing": coded.standing,
        "words": coded.words,
        "program": best.program.source if best and best.program else "",
        "best": {"attempt": best.attempt, "round": best.number, "run_id": best.run_id} if best else None,
        "report": report_object(best.report("given")) if best else None,
        "hidden_report": report_object(best.report("hidden")) if best else None,
        "model_report": report_object(best.report("model")) if best else None,
        "model_tests": coded.model_tests,
        "evidence": [asdict(each) for each in coded.evidence],
        "attempts": len(coded.attempts),
        "rounds": [round_object(each) for each in coded.rounds],
    }


def run_object(report: Report) -> dict[str, Any]:
    """A program that ran without tests."""
    told = report.to_json()
    return {name: value for name, value in told.items() if name not in ("tests", "passed", "total")}
