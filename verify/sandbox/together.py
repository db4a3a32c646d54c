"""A program and tests that need its objects in, what each says out. They share a process: the program could lie."""

import time
from collections.abc import Mapping
from typing import Any, Literal

from verify.sandbox.child import Child, Times
from verify.sandbox.limits import Limits
from verify.sandbox.report import Outcome, Report, TestResult, shortened
from verify.sandbox.server import Server
from verify.sandbox.suites import report_of
from verify.sandbox.verdicts import Reading, read_line, status_of
from verify.sandbox.watching import Watch

# What the tests are: statements that assert, doctests, a file for pytest.
Kind = Literal["asserts", "doctest", "pytest"]

_OUTCOMES: tuple[Outcome, ...] = ("passed", "wrong", "error", "not_run")
_MAX_TESTS = 2_000
_MESSAGE_CHARACTERS = 2_000
# Tests take longer to begin with than calls do, and there may be many of them.
_ALL = 10


def run_together(
    server: Server,
    program: bytes,
    script: str,
    kind: Kind,
    entry_point: str,
    limits: Limits,
    names: Mapping[str, str],
    level: str,
    watch: Watch,
) -> Report:
    """Run tests in the program's process.

    Raises:
        ServerLost: If the server is gone, or does not answer.
    """
    request = {"kind": kind, "script": script, "entry_point": entry_point, "names": dict(names)}
    times = Times(limits.cpu_seconds, _ALL * limits.cpu_seconds)
    resources = server.resources(limits, 1) | {"CPU": int(_ALL * limits.cpu_seconds) + 2}
    with Child(server, "together", request, program, limits, times, resources=resources, is_spoken_to=False) as child:
        return _Run(child, limits, watch).report(level)


class _Run:
    """Reads what a child says of its tests."""

    def __init__(self, child: Child, limits: Limits, watch: Watch) -> None:
        self._child = child
        self._watch = watch
        self._limits = limits
        self._given: list[str] = []
        self._results: list[TestResult] = []
        self._said: list[dict[str, Any]] = []

    def report(self, level: str) -> Report:
        self._read()
        ended = self._child.wait()
        reading = Reading(ended, *status_of(ended, self._said, is_script=False))
        if self._said and self._said[-1].get("is_tests") is True and reading.status == "error":
            reading = Reading(ended, "error", f"the tests: {reading.message}")
        if len(self._results) < len(self._given) and not ended.is_enough:
            outcome: Outcome = "timeout" if reading.status == "timeout" else "error"
            outcome = "memory" if reading.status == "memory" else outcome
            self._results.append(
                TestResult(outcome, 0.0, message=reading.message, given=self._given[len(self._results)])
            )
        rest = self._given[len(self._results) :]
        self._results += [TestResult("not_run", message=reading.message, given=given) for given in rest]
        if not self._results:
            self._results = [TestResult("not_run", message=reading.message)]
        return report_of(reading, level, [ended], tuple(self._results))

    def _read(self) -> None:
        wall = self._limits.piece_wall_seconds
        last = self._child.began + _ALL * wall
        deadline, before = self._child.began + wall, self._child.began
        while (line := self._child.next_line(min(last, deadline), is_new=False)) is not None:
            now = time.monotonic()
            deadline = now + wall
            self._child.begin_piece(is_often=True)
            told = read_line(line)
            if told is not None and not self._take(told, now - before):
                self._child.ended.is_enough = True
                return
            before = now

    def _take(self, told: dict[str, Any], seconds: float) -> bool:
        """A line of its channel; False if no other test need be run."""
        match told:
            case {"tests": list(given)}:
                self._given = self._given or [shortened(str(text)) for text in given[:_MAX_TESTS]]
                self._watch.known(self._given)
            case {"i": int(number), "outcome": str(said)} if number == len(self._results) < len(self._given):
                outcome: Outcome = next((known for known in _OUTCOMES if known == said), "error")
                expected, got = (
                    shortened(told[name]) if isinstance(told.get(name), str) else None for name in ("expected", "got")
                )
                message = str(told.get("message") or "")[:_MESSAGE_CHARACTERS]
                result = TestResult(outcome, round(seconds, 4), expected, got, message, self._given[number])
                self._results.append(result)
                return self._watch.take(number, result)
            case _ if len(self._said) < 2 or "end" in told:
                self._said.append(told)
        return True
