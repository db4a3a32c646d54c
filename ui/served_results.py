"""The last object of a named endpoint in, what another model can use of it out: short, without what is empty."""

from collections.abc import Callable, Mapping
from typing import Any

from ui.deltas import Delta

# The context of a client's model is its own; the end of a thinking is what its answer rests on.
MAX_THINKING_CHARACTERS = 40_000
MAX_OUTPUT_CHARACTERS = 4_000
MOST_CASES = 20

_OF_EVERY_RUN = ("answer", "finish_reason", "model", "usage", "run_id")
_OF_A_PROBLEM = ("final_answer", "checked", "verdict", "evidence", "classes", *_OF_EVERY_RUN)
_OF_A_TASK = ("program", "standing", "words", "report", "model_report", "evidence", "rounds", *_OF_EVERY_RUN[1:])
_OF_TESTS = (
    "words",
    "passed",
    "total",
    "status",
    "message",
    "cases",
    "stdout",
    "stderr",
    "form",
    "is_forgeable",
    "level",
)
_OF_A_CHECK = ("outcome", "reason", "extracted", "gold_form", "candidate_form", "seconds")


def result_of(endpoint: str, final: Delta, with_thinking: bool = False) -> Delta:
    """What a tool gives back, of type "final".

    Args:
        endpoint: The endpoint's name.
        final: Its last object.
        with_thinking: Whether the thinking goes along; its end, where it is long.

    >>> result_of("verify_math", {"outcome": "wrong", "reason": "5 is not 4", "extracted": ""})
    {'type': 'final', 'outcome': 'wrong', 'reason': '5 is not 4'}
    """
    shaped = _SHAPES[endpoint](final)
    thinking = str(final.get("thinking", ""))
    if with_thinking and thinking:
        shaped["thinking"] = thinking[-MAX_THINKING_CHARACTERS:]
        if len(thinking) > MAX_THINKING_CHARACTERS:
            shaped["thinking_characters_left_out"] = len(thinking) - MAX_THINKING_CHARACTERS
    if final.get("finish_reason", "stop") != "stop" and final.get("notices"):
        shaped["notices"] = [each["text"] for each in final["notices"]]
    return {"type": "final"} | shaped


def _picked(whole: Mapping[str, Any], names: tuple[str, ...]) -> Delta:
    return {name: whole[name] for name in names if whole.get(name) not in (None, "", [], {})}


def _of_problem(final: Delta) -> Delta:
    shaped = _picked(final, _OF_A_PROBLEM)
    if "verdict" in shaped:
        shaped["verdict"] = _picked(shaped["verdict"], _OF_A_CHECK)
    if "classes" in shaped:
        shaped["classes"] = [{"answer": each["answer"], "chains": len(each["chains"])} for each in shaped["classes"]]
    return _with_short_evidence(shaped)


def _of_task(final: Delta) -> Delta:
    shaped = _picked(final, _OF_A_TASK)
    for name in ("report", "model_report"):
        if name in shaped:
            shaped[name] = _of_tests(shaped[name])
    if "rounds" in shaped:
        shaped["rounds"] = [_picked(each, ("attempt", "round", "purpose", "words")) for each in shaped["rounds"]]
    return _with_short_evidence(shaped)


def _of_tests(report: Mapping[str, Any]) -> Delta:
    shaped = _picked(report, _OF_TESTS)
    failed = [_picked(each, tuple(each)) for each in report.get("cases", ()) if each["outcome"] != "passed"]
    shaped.pop("cases", None)
    if failed:
        shaped["failed_cases"] = failed[:MOST_CASES]
    if len(failed) > MOST_CASES:
        shaped["failed_cases_left_out"] = len(failed) - MOST_CASES
    for name in ("stdout", "stderr"):
        if len(shaped.get(name, "")) > MAX_OUTPUT_CHARACTERS:
            shaped[name] = shaped[name][:MAX_OUTPUT_CHARACTERS] + " [the rest was left out]"
    return shaped


def _with_short_evidence(shaped: Delta) -> Delta:
    if "evidence" in shaped:
        shaped["evidence"] = [_picked(each, ("strength", "words", "output")) for each in shaped["evidence"]]
    return shaped


def _of_check(final: Delta) -> Delta:
    return _picked(final, _OF_A_CHECK)


def _of_run(final: Delta) -> Delta:
    return _picked(final, _OF_EVERY_RUN)


_SHAPES: dict[str, Callable[[Delta], Delta]] = {
    "solve_math": _of_problem,
    "verify_math": _of_check,
    "solve_code": _of_task,
    "run_tests": _of_tests,
    "chat": _of_run,
}
