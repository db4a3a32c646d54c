"""A program and a script of tests in, what each test says out: the two run in processes of their own, joined here.

Between them go calls and plain values. The program's process never holds what the tests expect; the tests' process
never runs the program's code, and it alone says what has passed. Nothing of the program is decoded here.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from verify.sandbox.child import Child, Times
from verify.sandbox.ended import Ended
from verify.sandbox.limits import Limits
from verify.sandbox.report import Outcome, Report, TestResult, shortened
from verify.sandbox.server import Server
from verify.sandbox.suites import MAX_PROCESSES, report_of
from verify.sandbox.verdicts import Reading, read_line, status_of, text_of
from verify.sandbox.watching import NOBODY, Watch

_GOODBYE_SECONDS = 1.0
_OUTCOMES: tuple[Outcome, ...] = ("passed", "wrong", "error", "memory")


class _Stopped(Exception):
    """The program cannot be called any more."""


class _Clock:
    """How long either process may take for what it is doing."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # Lines that a process writes must not buy it time for ever.
        self._last = time.monotonic() + 2 * limits.piece_wall_seconds

    def is_over(self) -> bool:
        return time.monotonic() >= self._last

    def deadline(self) -> float:
        return min(self._last, time.monotonic() + self._limits.piece_wall_seconds)


class _Process:
    """One of the two, with what it has said of itself."""

    def __init__(self, server: Server, profile: str, request: dict[str, Any], source: bytes, limits: Limits) -> None:
        times = Times(limits.cpu_seconds, limits.all_cpu_seconds(1))
        self.child = Child(server, profile, request, source, limits, times, resources=server.resources(limits, 1))
        self.lines: list[dict[str, Any]] = []

    def hear(self, clock: _Clock) -> dict[str, Any] | None:
        """The next line that is an object; None when it has ended."""
        while (line := self.child.next_line(clock.deadline())) is not None:
            told = read_line(line)
            if told is not None:
                if len(self.lines) < 2 or "end" in told:
                    self.lines.append(told)
                return told
        return None

    def ask(self, line: dict[str, Any], clock: _Clock) -> None:
        self.child.begin_piece(is_often=True)
        self.child.send(line, clock.deadline())

    def reading(self, is_done: bool) -> Reading:
        """What came of it.

        Args:
            is_done: Whether it was ended because there was no more to do.
        """
        # One that has said how it ended is about to.
        says_end = not is_done and any("end" in line for line in self.lines)
        ended = self.child.last_words(_GOODBYE_SECONDS) if says_end else self.child.wait()
        if is_done and ended.reason is None:
            return Reading(ended, "ok", "")
        return Reading(ended, *status_of(ended, self.lines, is_script=False))


class _Program:
    """The program: loaded, called, and loaded again when a call has ended its process."""

    def __init__(self, start: Callable[[], _Process], clock: _Clock) -> None:
        self._start = start
        self._clock = clock
        self._process: _Process | None = start()
        self._is_loaded = self.has_been_loaded = False
        self.readings: list[Reading] = []

    def kinds(self, names: list[str]) -> dict[str, Any]:
        """What these names are; of what it does not define, None.

        Raises:
            _Stopped: If it cannot be loaded.
        """
        answer = self._answer({"names": names}, lambda told: isinstance(told.get("kinds"), dict))
        kinds: dict[str, Any] = answer["kinds"] if answer else {}
        return {name: kinds[name] for name in names if isinstance(kinds.get(name), dict)}

    def call(self, told: dict[str, Any]) -> dict[str, Any]:
        """What a call gave; `{"lost"}` if it ended the process.

        Raises:
            _Stopped: If it reached a limit, or too many calls have ended its process.
        """
        answer = self._answer(told, lambda answer: answer.get("i") == told["call"])
        if answer is None:
            return {"lost": self.readings[-1].message}
        if answer.get("memory") is True:
            self._end(Reading(self._running().child.wait(), "memory", "it took too much memory"))
            raise _Stopped
        return answer

    def _running(self) -> _Process:
        if self._process is None:
            if len(self.readings) == MAX_PROCESSES:
                raise _Stopped
            self._process = self._start()
            self._is_loaded = False
        while not self._is_loaded:
            told = self._process.hear(self._clock)
            if told is None or "end" in told:
                self._end(self._process.reading(is_done=False))
                raise _Stopped
            self._is_loaded = "loaded" in told
        self.has_been_loaded = True
        return self._process

    def _answer(self, line: dict[str, Any], is_answer: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        process = self._running()
        process.ask(line, self._clock)
        while (told := process.hear(self._clock)) is not None:
            if is_answer(told):
                return told
        self._end(process.reading(is_done=False))
        if self.readings[-1].is_limit_reached or self.readings[-1].status == "refused":
            raise _Stopped
        return None

    def _end(self, reading: Reading) -> None:
        assert self._process is not None
        self.readings.append(reading)
        self._process.child.close()
        self._process = None

    def finish(self) -> None:
        """There is nothing more to be called. Whether it can be loaded belongs into the report, called or not.

        Raises:
            _Stopped: If it cannot.
        """
        if self._process is not None or not self.readings:
            process = self._running()
            self._end(process.reading(is_done=True))

    def discard(self) -> None:
        """End its process."""
        if self._process is not None:
            self._process.child.close()


class Check:
    """One program and its tests; `report` runs them."""

    def __init__(
        self,
        server: Server,
        program: bytes,
        script: bytes,
        entry_point: str,
        limits: Limits,
        names: Mapping[str, str] | None = None,
        watch: Watch = NOBODY,
    ) -> None:
        self._limits = limits
        self._watch = watch
        self._clock = _Clock(limits)
        self._tests = _Process(server, "asserting", {"entry_point": entry_point}, script, limits)
        try:
            found = {"names": dict(names or {})}
            self._program = _Program(lambda: _Process(server, "answering", found, program, limits), self._clock)
        except BaseException:
            self._tests.child.close()
            raise
        self._given: list[str] = []
        self._results: list[TestResult] = []
        self._words = ""
        self._before = self._tests.child.began

    def report(self, level: str) -> Report:
        """Run it.

        Raises:
            ServerLost: If the server is gone, or does not answer.
        """
        try:
            return self._report(level)
        finally:
            self._tests.child.close()
            self._program.discard()

    def _report(self, level: str) -> Report:
        is_stopped = is_at_end = False
        try:
            is_at_end = self._serve()
            self._program.finish()
        except _Stopped:
            is_stopped = True
        tests = self._tests.reading(is_done=is_at_end or is_stopped)
        told = self._told(tests)
        if told.status == "timeout" and self._clock.is_over():
            told = replace(told, message="all tests together took too much time")
        if not is_at_end and (self._program.has_been_loaded or not is_stopped):
            self._take_unfinished(told)
        not_run = TestResult("not_run", message=told.message or "the tests ended before it")
        self._results += [replace(not_run, given=given) for given in self._given[len(self._results) :]]
        runs = [tests.ended, *(reading.ended for reading in self._program.readings)]
        report = report_of(told, level, runs, tuple(self._results))
        seconds = round(time.monotonic() - self._tests.child.began, 4)
        stdout, stderr = ("".join(text_of(part) for part in parts) for parts in zip(*_printed(runs), strict=True))
        return replace(report, seconds=seconds, stdout=stdout, stderr=stderr)

    def _told(self, tests: Reading) -> Reading:
        """The process whose end is the report's: a limit of the program, then what is wrong with the tests."""
        ill = [reading for reading in self._program.readings if reading.status != "ok"]
        limited = next((reading for reading in ill if reading.is_limit_reached), None)
        if limited is None and tests.status != "ok":
            return Reading(tests.ended, tests.status, f"the tests: {self._words or tests.message}")
        if limited is None and not self._given:
            return Reading(
                tests.ended, "error", "the tests: no statement at the top of `check`, or of the script, asserts"
            )
        return limited or (ill or self._program.readings)[0]

    def _take_unfinished(self, told: Reading) -> None:
        """The test at which everything stopped, if there is one."""
        if len(self._results) < len(self._given):
            outcome: Outcome = (
                "timeout" if told.status == "timeout" else "memory" if told.status == "memory" else "error"
            )
            seconds = round(time.monotonic() - self._before, 4)
            given = self._given[len(self._results)]
            self._results.append(TestResult(outcome, seconds, message=told.message, given=given))

    def _serve(self) -> bool:
        """Hand calls on until the tests have come to their end, or are no longer wanted; whether they came there well.

        Raises:
            _Stopped: If the program cannot be called any more.
        """
        while (told := self._tests.hear(self._clock)) is not None:
            match told:
                case {"tests": list(given)}:
                    self._given = [str(text) for text in given]
                    self._watch.known([shortened(text) for text in self._given])
                    self._before = time.monotonic()
                case {"names": list(names)}:
                    self._tests.ask({"kinds": self._program.kinds(names)}, self._clock)
                    self._before = time.monotonic()
                case {"call": int(), "name": str()}:
                    self._tests.ask(self._program.call(told), self._clock)
                case {"i": int(), "outcome": str()}:
                    if not self._take(told):
                        return True
                case {"end": end}:
                    self._words = shortened(str(told.get("words") or ""))
                    return bool(end == "ok")
        return False

    def _take(self, told: dict[str, Any]) -> bool:
        """What a test has said; False if no other need be run."""
        number = len(self._results)
        outcome = next((known for known in _OUTCOMES if known == told["outcome"]), None)
        if told["i"] != number or number >= len(self._given) or outcome is None:
            return True
        now = time.monotonic()
        expected, got = (
            shortened(told[name]) if isinstance(told.get(name), str) else None for name in ("expected", "got")
        )
        message = shortened(str(told.get("message") or ""))
        self._results.append(
            TestResult(outcome, round(now - self._before, 4), expected, got, message, self._given[number])
        )
        self._before = now
        self._tests.child.begin_piece(is_often=True)
        return self._watch.take(number, self._results[number])


def _printed(runs: list[Ended]) -> list[tuple[bytearray, bytearray]]:
    """Standard output and error of all processes, the tests' last."""
    return [(run.stdout, run.stderr) for run in [*runs[1:], runs[0]]]
