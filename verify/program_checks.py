"""A problem in, the run that writes its check program out; a run in, what came of its program in the sandbox out."""

import threading

from model.code_events import Program, TestReport
from model.engine import Budget, collect
from model.errors import SandboxRefused
from model.events import Asked, Event, Evidence, FinalAnswer, Finished, Problem, Sampling
from model.runs import Runs
from model.samples import with_seed_after
from verify.check_program import INSTRUCTION, LIMITS, Ran, evidence_of, program_in
from verify.code.prelude import names_for
from verify.math_answer import MathJudge
from verify.sandbox.report import Report
from verify.sandbox.sandbox import Sandbox
from verify.solve import Solve

_NONE_WRITTEN = "The model wrote no program that could be run."
_NOT_WRITTEN = "The run that was to write the program did not come to its end."


class ProgramChecks:
    """Starts the runs that write check programs, and runs what they wrote. Any thread may call it."""

    def __init__(self, runs: Runs, judge: MathJudge) -> None:
        self._runs, self._judge = runs, judge
        self._starting = threading.Lock()
        self._sandbox: Sandbox | None = None

    def start(self, problem: str, first: Problem, budget: Budget, sampling: Sampling, owner: str) -> str:
        """Start the run that writes the program. It is told the problem and nothing else.

        Args:
            first: The problem's first chain.
            sampling: What the chains were drawn with; this one gets the seed after theirs.

        Returns:
            The run's id.
        """
        instruction = INSTRUCTION.strip()
        return self._runs.start(
            problem.rstrip() + INSTRUCTION,
            budget=budget,
            sampling=with_seed_after(sampling, first.n_chains),
            solves=Problem(first.first_run, instruction, "", 0, first.n_chains, purpose="check_program"),
            owner=owner,
        )

    def start_for(self, solve: Solve) -> str:
        """Start it for a problem that was solved, with the settings that its chains had."""
        asked = self._runs.store.events(solve.chains[0].run_id, 0, 1)[0]
        assert isinstance(asked, Asked)
        owner = self._runs.store.row(solve.id).owner
        return self.start(solve.statement, solve.problem, asked.budget, asked.sampling, owner)

    def run_program(self, run_id: str) -> None:
        """Run the program that a run has written, and keep what came of it in the run's events."""
        events = self._runs.store.events(run_id)
        end = next((event for event in reversed(events) if isinstance(event, Finished)), Finished("error"))
        source = program_in(collect(events).answer)
        if source:
            report = self._report_on(source)
            ran = Ran(source, report.status, report.stdout, report.message)
            told = TestReport(
                report.status,
                level=report.level,
                seconds=round(report.seconds, 3),
                stdout=report.stdout[-LIMITS.output_bytes :],
                stderr=report.stderr[-LIMITS.output_bytes :],
                message=report.message,
            )
        else:
            message = _NOT_WRITTEN if end.reason in ("stopped", "error") else _NONE_WRITTEN
            ran = Ran("", "no program", message=message)
            told = TestReport("no program", message=message)
        found: list[Event] = [Program(source, ran.message if not source else ""), told, FinalAnswer(ran.answer)]
        self._runs.store.append(run_id, found)

    def _report_on(self, source: str) -> Report:
        try:
            return self._ready().run(source, limits=LIMITS, names=names_for(source))
        except SandboxRefused as refusal:
            return Report("refused", "", "", 0.0, "none", str(refusal))

    def _ready(self) -> Sandbox:
        """The sandbox, started with the first program; it ends with the app."""
        with self._starting:
            if self._sandbox is None:
                self._sandbox = Sandbox()
            return self._sandbox

    def compare(self, solve: Solve) -> Evidence | None:
        """What the program says of the final answer; `None` where that is told already, or there is nothing to tell."""
        checker, winner = solve.checker, solve.winner
        if checker is None or winner is None or not checker.is_settled or not solve.is_answered:
            return None
        ran = self._ran(checker.run_id)
        evidence = evidence_of(ran, winner.answer, self._judge.is_same, checker.run_id)
        told = next((each for each in winner.checked.evidence if each.kind == "program"), None)
        return None if told == evidence else evidence

    def _ran(self, run_id: str) -> Ran:
        events = self._runs.store.events(run_id)
        program = next(event for event in reversed(events) if isinstance(event, Program))
        report = next(event for event in reversed(events) if isinstance(event, TestReport))
        return Ran(program.source, report.status, report.stdout, report.message)

    def close(self) -> None:
        """End the sandbox."""
        with self._starting:
            if self._sandbox is not None:
                self._sandbox.close()
