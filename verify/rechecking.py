"""Runs of an export in, their verdicts and test reports made again out, beside those that stand in the file.

    python -m model.store recheck FILE

FILE is a JSON Lines export, of the page or of `/export`. No model is loaded: what it wrote is in the file. The exit
code is 0 if all came out as before, 1 if something did not, and 2 if the file cannot be read.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from model.checked import checked_of
from model.code_events import Task, TestReport
from model.engine import collect
from model.errors import AppError, BadImport
from model.events import Asked, Event, Finished
from model.importing import read_json_lines
from model.stored_runs import ImportedRun
from model.tested import read_tested
from verify.code.judge import CodeJudge
from verify.code.task import CodedTask
from verify.code.trying import Trying
from verify.math_answer import MathJudge

Kind = Literal["verdict", "final answer", "given tests", "hidden tests"]


@dataclass(frozen=True, slots=True)
class Rechecked:
    """One thing that was found out about a run's answer, then and now.

    Args:
        kind: The verdict by a known answer, the final answer that was found, or what the tests said.
        before: As it stands in the file, in one line; `now` in the same words.
        reason: Why it is so now.
    """

    run_id: str
    kind: Kind
    before: str
    now: str
    reason: str = ""

    @property
    def is_same(self) -> bool:
        """Whether it came out as before."""
        return self.before == self.now


class Rechecker:
    """Judges runs again, by the verifiers that it is given."""

    def __init__(self, runs: Sequence[ImportedRun], math: MathJudge, code: CodeJudge) -> None:
        self._runs = runs
        self._math = math
        self._trying = Trying(code)
        events = {run.id: [event for _, event in run.events] for run in runs}
        self._events: Mapping[str, list[Event]] = events
        # A task's tests stand in its first run; where they were changed, the last ones hold.
        self._tasks = {id: [each for each in held if isinstance(each, Task)][-1:] for id, held in events.items()}

    def checks(self) -> Iterator[Rechecked]:
        """All that can be judged again, run by run."""
        for run in self._runs:
            events = self._events[run.id]
            yield from self._answer_checks(run.id, events)
            yield from self._program_checks(run.id, events)

    def _answer_checks(self, run_id: str, events: Sequence[Event]) -> Iterator[Rechecked]:
        checked = checked_of(events)
        problem = checked.problem
        if problem is not None and problem.purpose != "answer":
            return
        asked = next((event.question for event in events if isinstance(event, Asked)), "")
        statement = asked.removesuffix(problem.instruction).rstrip() if problem else asked
        answer = collect(events).answer
        is_read = True
        if checked.final_answer is not None:
            found = self._extracted(answer, statement, events)
            is_read = bool(found)
            yield Rechecked(run_id, "final answer", checked.final_answer.text, found)
        if checked.verdict is not None:
            gold = checked.verdict.gold or (problem.gold if problem else "")
            # As `Solves` does at a run's end; when somebody gives another reference later, all of the answer counts.
            is_read = is_read or problem is None or gold != problem.gold
            now = self._math.judge(gold, answer if is_read else "", question=statement)
            yield Rechecked(run_id, "verdict", checked.verdict.outcome, now.outcome, now.reason)

    def _extracted(self, answer: str, statement: str, events: Sequence[Event]) -> str:
        end = next((event for event in reversed(events) if isinstance(event, Finished)), Finished("error"))
        # Of an answer that was broken off, only what stands in a box is sure to be whole.
        is_whole = end.reason not in ("stopped", "error") or "\\boxed{" in answer
        return self._math.extract(answer, statement) if answer.strip() and is_whole else ""

    def _program_checks(self, run_id: str, events: Sequence[Event]) -> Iterator[Rechecked]:
        own = next((event for event in events if isinstance(event, Task)), None)
        tested = read_tested(events)
        if own is None or own.purpose != "solution" or tested.program is None:
            return
        task = next(iter(self._tasks.get(own.first_run, ())), own)
        reports = self._trying.reports(tested.program, CodedTask(own.first_run, task, "", (), 0.0))
        for before in tested.reports:
            if before.tests_from == "model":  # no proof, then or now
                continue
            now = next((each for each in reports if each.tests_from == before.tests_from), None)
            kind: Kind = "given tests" if before.tests_from == "given" else "hidden tests"
            if now is None:
                what = f"the tests stand in the run {own.first_run}, which is not in the file"
                yield Rechecked(run_id, kind, _share(before), "not run", what)
            else:
                yield Rechecked(run_id, kind, _share(before), _share(now), now.words)


def _share(report: TestReport) -> str:
    stopped = "" if report.status == "ok" else f", {report.status}"
    return f"{report.passed} of {len(report.cases)} passed{stopped}"


def told(check: Rechecked) -> str:
    """A line for people.

    >>> told(Rechecked("a1", "verdict", "wrong", "correct", "4 is 4"))
    'changed  a1  verdict: wrong, now correct (4 is 4)'
    """
    if check.is_same:
        return f"same     {check.run_id}  {check.kind}: {check.now or 'none'}"
    reason = f" ({check.reason})" if check.reason else ""
    return f"changed  {check.run_id}  {check.kind}: {check.before or 'none'}, now {check.now or 'none'}{reason}"


def main(arguments: Sequence[str]) -> int:
    """Judge the runs of a file again, a line for each check."""
    parser = argparse.ArgumentParser(
        prog="python -m model.store", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("recheck",))
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", action="store_true", help="a JSON object a line, for programs")
    given = parser.parse_args(arguments)
    try:
        held = given.file.read_bytes()
    except OSError as error:
        raise BadImport(f"{given.file} cannot be read: {error.strerror}.") from error
    if held.startswith(b'{"type": "head"'):
        again = f"python -m evals.run --judge-again {given.file}"
        raise BadImport(f"{given.file} is a benchmark's result. It is judged again with: {again}")
    runs = read_json_lines(held)
    n_checks = n_changed = 0
    with MathJudge() as math, contextlib.closing(CodeJudge()) as code:
        for check in Rechecker(runs, math, code).checks():
            print(json.dumps(asdict(check), ensure_ascii=False) if given.json else told(check), flush=True)
            n_checks += 1
            n_changed += not check.is_same
    words = f"{len(runs)} runs, {n_checks} checks, {n_changed} changed"
    print(words if n_checks else f"{words}: nothing in this file was ever checked", file=sys.stderr)
    return 1 if n_changed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AppError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
