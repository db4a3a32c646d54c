"""How a program ended and its lines of results in, a status and the results of its tests out.

Whatever a program writes on the result descriptor itself, the worst that it gains is another word for how it failed: a
test passes by its value, and nothing in the program's process knows that value.
"""

import json
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from verify.sandbox.cases import Call, InputCase
from verify.sandbox.comparing import difference_of, is_same, shown
from verify.sandbox.ended import Ended
from verify.sandbox.outputs import first_difference
from verify.sandbox.report import Outcome, Status, TestResult, shortened
from verify.sandbox.values import MAX_NODES, encoded

# A line with more brackets than this is no value of ours, and costs more to read than it is worth.
_MAX_BRACKETS = 3 * MAX_NODES
# What a report says of a program that was stopped, where there is no more to say.
WORDS: dict[Status, str] = {
    "timeout": "it took too much time",
    "output-limit": "it printed or returned too much",
    "memory": "it took too much memory",
    "early-exit": "it ended its own process",
    "crashed": "its process crashed",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One process that has ended: why, in a word and in words, and the calls that there are results of."""

    ended: Ended
    status: Status
    message: str
    results: tuple[TestResult, ...] = ()

    @property
    def is_limit_reached(self) -> bool:
        """Whether to run more of it would only cost more of the same."""
        return self.status in ("timeout", "memory", "output-limit")


def read_script(ended: Ended) -> Reading:
    """A program that was run as a script."""
    lines = [told for line, _ in ended.lines if (told := read_line(line)) is not None]
    return Reading(ended, *status_of(ended, lines, is_script=True))


class CallsReader:
    """A program whose functions are called: its lines in, as they come, the results of its calls out.

    Args:
        calls: In the order in which they are made.
    """

    def __init__(self, calls: Sequence[Call]) -> None:
        self._calls = calls
        self._lines: list[dict[str, Any]] = []
        self.results: list[TestResult] = []

    def take(self, line: bytes, seconds: float) -> TestResult | None:
        """The result of a call, if that is what the line tells of."""
        told = read_line(line)
        if told is None:
            return None
        self._lines.append(told)
        at = len(self.results)
        if at == len(self._calls) or told.get("i") != at:
            return None
        self.results.append(_call_result(self._calls[at], told, seconds))
        return self.results[at]

    def reading(self, ended: Ended) -> Reading:
        """What came of it: results of all calls up to the one that ended its process, if any did.

        A program that could not be loaded has none.
        """
        results, calls = self.results, self._calls
        status, message = status_of(ended, self._lines, is_script=False)
        if ended.is_enough:
            return Reading(ended, status, message, tuple(results))
        if status == "ok" and len(results) < len(calls):
            # It has said itself that it came to its end.
            status, message = "early-exit", WORDS["early-exit"]
        has_loaded = any("loaded" in line for line in self._lines)
        is_told = bool(results) and results[-1].outcome == "memory"
        if has_loaded and len(results) < len(calls) and not is_told:
            outcome: Outcome = "timeout" if status == "timeout" else "memory" if status == "memory" else "error"
            seconds = max(0.0, ended.seconds - sum(result.seconds for result in results))
            results.append(_unfinished(calls[len(results)], outcome, seconds, message))
        return Reading(ended, status, message, tuple(results))


def input_result(reading: Reading, case: InputCase) -> TestResult:
    """Whether a script printed what it should have; if not, where its output differs first."""
    printed, message = text_of(reading.ended.stdout), reading.message
    outcome: Outcome
    match reading.status:
        case "timeout" | "memory" as outcome:
            pass
        case "ok" | "early-exit":
            difference = first_difference(case.stdout, printed, case.tolerance)
            outcome = "wrong" if difference else "passed"
            message = message or difference or ""
        case _:
            outcome = "error"
    seconds = round(reading.ended.seconds, 4)
    return TestResult(outcome, seconds, shortened(case.stdout), shortened(printed), message)


def text_of(output: bytes | bytearray) -> str:
    """What a program printed, whatever bytes it were."""
    return bytes(output).decode("utf-8", "backslashreplace")


def read_line(line: bytes) -> dict[str, Any] | None:
    """A line of a program's channel; None if it is no JSON object, or more than anybody needs."""
    if line.count(b"[") + line.count(b"{") > _MAX_BRACKETS:
        return None
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def status_of(ended: Ended, lines: Sequence[dict[str, Any]], is_script: bool) -> tuple[Status, str]:
    """Why it ended: our limits first, then what the kernel says, then what its process said of itself."""
    if ended.reason is not None:
        return ended.reason, WORDS[ended.reason]
    if ended.is_enough:
        return "ok", ""
    if not lines or lines[0].get("locked") is not True:
        why = str(lines[0].get("refused", "")) if lines else f"exit code {ended.code}"
        return "refused", f"the program could not be isolated, and was not run ({shortened(why)})"
    if ended.code < 0:
        return _status_of_signal(-ended.code)
    end: dict[str, Any] = next((line for line in reversed(lines) if "end" in line), {})
    match end.get("end"):
        case "ok" if ended.code == 0:
            return "ok", ""
        case "memory":
            return "memory", WORDS["memory"]
        case "error":
            return "error", _exception(end)
        case "exit" if is_script:
            code = end.get("code")
            return ("ok", "") if code == 0 else ("error", f"it exited with code {shortened(str(code))}")
    return "early-exit", WORDS["early-exit"]


def _status_of_signal(number: int) -> tuple[Status, str]:
    if number == signal.SIGXCPU:
        return "timeout", WORDS["timeout"]
    if number == signal.SIGKILL:
        # None of ours: the kernel kills so when the machine has no memory left.
        return "memory", "the kernel killed it, most likely for the machine's memory"
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return "crashed", f"{WORDS['crashed']} ({name})"


def _call_result(call: Call, line: dict[str, Any], seconds: float) -> TestResult:
    seconds = round(seconds, 4)
    if line.get("memory") is True:
        return _unfinished(call, "memory", seconds, WORDS["memory"])
    if "error" not in line:
        wire = line.get("value")
        if call.raises is not None:
            return TestResult("wrong", seconds, call.raises, shown(wire), "it raised nothing")
        is_right = is_same(call.expected, wire, call.tolerance, call.comparison)
        outcome: Outcome = "passed" if is_right else "wrong"
        message = "" if is_right else difference_of(call.expected, wire)
        return TestResult(outcome, seconds, shown(encoded(call.expected)), shown(wire), message)
    name, bases = shortened(str(line["error"])), line.get("bases")
    if call.raises is None:
        return _unfinished(call, "error", seconds, _exception(line), name)
    is_raised = isinstance(bases, list) and call.raises in bases
    return TestResult("passed" if is_raised else "wrong", seconds, call.raises, name, _exception(line))


def _unfinished(call: Call, outcome: Outcome, seconds: float, message: str, got: str | None = None) -> TestResult:
    expected = shown(encoded(call.expected)) if call.raises is None else call.raises
    return TestResult(outcome, round(seconds, 4), expected, got, message)


def _exception(line: dict[str, Any]) -> str:
    """An exception as a user reads it: its name, text and line."""
    text = shortened(f"{line.get('error')}: {line.get('message') or ''}".removesuffix(": "))
    return f"{text} (line {line['line']})" if isinstance(line.get("line"), int) else text
