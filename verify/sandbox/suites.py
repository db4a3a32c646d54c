"""A program's cases and a way to run it in, one report out: which process runs what, and when to stop."""

from collections.abc import Callable, Sequence
from typing import Any

from verify.sandbox.cases import Call, Case, InputCase
from verify.sandbox.ended import Ended
from verify.sandbox.report import Report, TestResult
from verify.sandbox.verdicts import CallsReader, Reading, input_result, read_script, text_of
from verify.sandbox.watching import NOBODY, Watch

# A call that ends its process costs one test and a fresh process, at most so many processes in all.
MAX_PROCESSES = 4

# Is told each line of a program's channel, with the seconds since the one before; False ends the program.
OnLine = Callable[[bytes, float], bool]
# Runs the program once: what to call (None: nothing, it is a script), standard input.
RunProgram = Callable[[list[dict[str, Any]] | None, bytes, OnLine | None], Ended]


class Suite:
    """The cases of one program. All calls share a process until one ends it; each input has its own.

    Args:
        watch: Is told of each test as it is known, and may end the suite.
    """

    def __init__(self, run: RunProgram, cases: Sequence[Case], watch: Watch = NOBODY) -> None:
        self._run = run
        self._cases = cases
        self._watch = watch
        self._is_enough = False
        self._results: dict[int, TestResult] = {}
        self._readings: list[Reading] = []

    def run(self) -> None:
        """Run the calls, then the inputs, until a limit is reached."""
        calls = [(at, case) for at, case in enumerate(self._cases) if isinstance(case, Call)]
        if calls or not self._cases:
            self._run_calls(calls)
        for at, case in enumerate(self._cases):
            if isinstance(case, InputCase) and not self._is_over():
                reading = read_script(self._run(None, case.stdin.encode("utf-8", "surrogatepass"), None))
                self._readings.append(reading)
                self._take(at, input_result(reading, case))

    def _run_calls(self, calls: Sequence[tuple[int, Call]]) -> None:
        for _ in range(MAX_PROCESSES):
            reading = self._reading(calls)
            self._readings.append(reading)
            calls = calls[len(reading.results) :]
            if not calls or not reading.results or self._is_over():
                return

    def _reading(self, calls: Sequence[tuple[int, Call]]) -> Reading:
        """What one process says of the calls that are left."""
        reader = CallsReader([call for _, call in calls])

        def on_line(line: bytes, seconds: float) -> bool:
            result = reader.take(line, seconds)
            return result is None or self._take(calls[len(reader.results) - 1][0], result)

        ended = self._run([call.wire() for _, call in calls], b"", on_line)
        n_told = len(reader.results)
        reading = reader.reading(ended)
        for (at, _), result in zip(calls[n_told:], reading.results[n_told:], strict=False):
            self._take(at, result)
        return reading

    def _take(self, at: int, result: TestResult) -> bool:
        self._results[at] = result
        self._is_enough = not self._watch.take(at, result) or self._is_enough
        return not self._is_enough

    def _is_over(self) -> bool:
        is_stopped = any(reading.is_limit_reached or reading.status == "refused" for reading in self._readings)
        return self._is_enough or is_stopped

    def report(self, level: str) -> Report:
        """The cases in their order. Status and output are those of the process that stopped the suite, or ended ill."""
        ill = [reading for reading in self._readings if reading.status != "ok"]
        told = next((reading for reading in ill if reading.is_limit_reached), (ill or self._readings)[0])
        not_run = TestResult("not_run", message=told.message or "the suite was ended before it")
        tests = tuple(self._results.get(at, not_run) for at in range(len(self._cases)))
        return report_of(told, level, [reading.ended for reading in self._readings], tests)


def report_of(told: Reading, level: str, runs: Sequence[Ended], tests: tuple[TestResult, ...] = ()) -> Report:
    """A report with the status and output of one process, and what all of them took."""
    return Report(
        status=told.status,
        stdout=text_of(told.ended.stdout),
        stderr=text_of(told.ended.stderr),
        seconds=round(sum(run.seconds for run in runs), 4),
        level=level,
        message=told.message,
        cpu_seconds=round(sum(run.cpu_seconds for run in runs), 4),
        peak_mib=round(max(run.peak_kib for run in runs) / 1024, 1),
        tests=tests,
    )
