"""A program's cases and a way to run it in, one report out: which process runs what, and when to stop."""

from collections.abc import Callable, Sequence
from typing import Any

from verify.sandbox.cases import Call, Case, InputCase
from verify.sandbox.ended import Ended
from verify.sandbox.report import Report, TestResult
from verify.sandbox.verdicts import Reading, input_result, read_calls, read_script, text_of

# A call that ends its process costs one test and a fresh process, at most so many processes in all.
MAX_PROCESSES = 4

# Runs the program once: what to call (None: nothing, it is a script), standard input.
RunProgram = Callable[[list[dict[str, Any]] | None, bytes], Ended]


class Suite:
    """The cases of one program. All calls share a process until one ends it; each input has its own."""

    def __init__(self, run: RunProgram, cases: Sequence[Case]) -> None:
        self._run = run
        self._cases = cases
        self._results: dict[int, TestResult] = {}
        self._readings: list[Reading] = []

    def run(self) -> None:
        """Run the calls, then the inputs, until a limit is reached."""
        calls = [(at, case) for at, case in enumerate(self._cases) if isinstance(case, Call)]
        if calls or not self._cases:
            self._run_calls(calls)
        for at, case in enumerate(self._cases):
            if isinstance(case, InputCase) and not self._is_limit_reached():
                reading = read_script(self._run(None, case.stdin.encode("utf-8", "surrogatepass")))
                result = input_result(reading, case)
                self._results[at] = result
                self._readings.append(reading)

    def _run_calls(self, calls: Sequence[tuple[int, Call]]) -> None:
        for _ in range(MAX_PROCESSES):
            reading = read_calls(self._run([call.wire() for _, call in calls], b""), [call for _, call in calls])
            self._readings.append(reading)
            self._results |= {at: result for (at, _), result in zip(calls, reading.results, strict=False)}
            calls = calls[len(reading.results) :]
            if not calls or not reading.results or reading.is_limit_reached:
                return

    def _is_limit_reached(self) -> bool:
        return any(reading.is_limit_reached or reading.status == "refused" for reading in self._readings)

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
