"""A problem in, so many runs of it that think at once out; the answer of each that ends is looked at, and they vote.

What is found out goes into the runs' own events, so that a page, a script or the next start reads it from there.
"""

import logging
import operator
import secrets
import threading
from collections.abc import Iterator

from model.catalog import known_family
from model.engine import Budget, budget_limits, collect
from model.errors import BadInput
from model.events import Event, Evidence, FinalAnswer, Notice, Problem, Sampling
from model.runs import Runs
from model.samples import all_or_none, drawn_apart, stop_all, with_seed_after
from model.sampling import check_sampling
from verify.code.judge import CodeJudge
from verify.math_answer import MAX_GOLD_CHARACTERS, MathJudge
from verify.math_check import Vote
from verify.program_checks import ProgramChecks
from verify.solve import Chain, Solve, problem_of, read_solve

log = logging.getLogger(__name__)

MOST_CHAINS = 16
_N_LOCKS = 16
_DECIDED = Notice("decided", "The vote could not change any more, so this chain was stopped.")


class Solves:
    """Starts the chains of a problem, and looks at the answer of each that ends."""

    def __init__(self, runs: Runs, judge: MathJudge, code_judge: CodeJudge | None = None) -> None:
        """Look at every run of `runs` that ends.

        Args:
            judge: Compares answers.
            code_judge: Runs check programs; one of its own if there is none to share.
        """
        self.judge = judge
        self._runs = runs
        # One chain of a problem is looked at after the other, so that each finds the answers before it.
        self._locks = [threading.Lock() for _ in range(_N_LOCKS)]
        # Programs take seconds, which must hold up no chain.
        self._program_locks = [threading.Lock() for _ in range(_N_LOCKS)]
        self._programs = ProgramChecks(runs, judge, code_judge or CodeJudge())
        runs.after_end.append(self._on_end)

    def start(
        self,
        problem: str,
        *,
        gold: str = "",
        k: int = 1,
        budget: Budget = "medium",
        sampling: Sampling | None = None,
        first_to_finish: int | None = None,
        check_program: bool = False,
        run_id: str | None = None,
        owner: str = "",
    ) -> list[str]:
        """Start `k` chains, all or none, and return their runs' ids; the first stands for all of them.

        Args:
            gold: The known answer, if there is one.
            first_to_finish: The vote is over when so many chains have ended; `None` waits until it cannot change.
            check_program: Whether another run beside the chains writes a program that checks the answer.
            run_id: An id of the caller's choice for the first chain.

        Raises:
            BadInput: If an argument is empty, too long or out of range.
            RunBusy: If `run_id` is taken.
            TooManyRuns: If there is no room for all of them.
        """
        _check(gold, k, first_to_finish)
        if check_program and gold.strip():
            raise BadInput("A known answer says more than a check program. Give one of the two.")
        budget_limits(budget)
        drawn = drawn_apart(check_sampling(sampling or Sampling()), k, known_family(self._runs.host.status().model))
        self._runs.check_room(owner, k + check_program)
        instruction = self._instruction(problem)
        first = run_id or secrets.token_urlsafe(9)

        def started() -> Iterator[str]:
            for number in range(1, k + 1):
                yield self._runs.start(
                    problem + instruction,
                    budget=budget,
                    sampling=with_seed_after(drawn, number - 1),
                    run_id=first if number == 1 else None,
                    solves=Problem(first, instruction.strip(), gold.strip(), number, k, first_to_finish),
                    owner=owner,
                )
            if check_program:
                yield self._programs.start(problem, Problem(first, n_chains=k), budget, drawn, owner)

        # The check program is no chain.
        return all_or_none(self._runs, started())[:k]

    def ask_for_program(self, run_id: str) -> str:
        """Start a run that writes a check program for a problem that has its answer; returns that run's id.

        Raises:
            BadInput: If the run solves no problem, has no answer yet, or there is a known answer.
            RunNotFound: If no run has this id.
            TooManyRuns: If there is no room for it.
        """
        solve = self.settle(run_id)
        if solve.is_live or solve.is_checking:
            raise BadInput("The problem is still being solved or checked. Wait for that, or stop it, then ask again.")
        if solve.winner is None:
            raise BadInput("There is no final answer that a program could be compared with.")
        if solve.gold:
            raise BadInput("A known answer says more than a check program. The answer was compared with that.")
        return self._programs.start_for(solve)

    def _instruction(self, problem: str) -> str:
        """What is added to the problem, so that the answer comes in a box; nothing where it asks for that itself."""
        text = known_family(self._runs.host.status().model).boxing_text
        return text if problem.strip() and "\\boxed" not in problem else ""

    def stop(self, run_id: str) -> bool:
        """Stop every chain of a problem that goes on, and its check program; False if none did.

        Raises:
            BadInput: If the run solves no problem.
            RunNotFound: If no run has this id.
        """
        return stop_all(self._runs, read_solve(self._runs, run_id).live_runs)

    # ------------------------------------------------------------------ what came of it

    def settle(self, run_id: str) -> Solve:
        """How a problem stands, after looking at the chains that ended while nobody was there to (the app was ended).

        Raises:
            BadInput: If the run solves no problem.
            RunNotFound: If no run has this id.
        """
        solve = read_solve(self._runs, run_id)
        if solve.is_settled:
            return solve
        for run in (*solve.chains, solve.checker):
            if run is not None and not run.is_live:
                self._look_at(run.run_id)
        return read_solve(self._runs, run_id)

    def check_against(self, run_id: str, gold: str) -> Solve:
        """Judge every answer of a problem again, by another reference.

        Raises:
            BadInput: If the run solves no problem, goes on, or the reference is empty or too long.
            RunNotFound: If no run has this id.
        """
        if not gold.strip():
            raise BadInput("The reference is empty. Type the known answer, then check again.")
        _check(gold, 1, None)
        solve = self.settle(run_id)
        if solve.is_live:
            raise BadInput("The problem is still being solved. Wait for its answer, or stop it, then check again.")
        for chain in solve.chains:
            answer = collect(self._runs.store.events(chain.run_id)).answer
            verdict = self.judge.judge(gold.strip(), answer, question=solve.statement)
            self._runs.store.append(chain.run_id, [verdict])
        return read_solve(self._runs, run_id)

    def _on_end(self, run_id: str) -> None:
        """A run has ended, in its own thread."""
        try:
            self._look_at(run_id)
        except Exception:  # the run itself has ended well; `settle` tries again
            log.exception("the answer of the run %s could not be looked at", run_id)

    def _look_at(self, run_id: str) -> None:
        problem = problem_of(self._runs, run_id)
        if problem is None:
            return
        if problem.purpose == "check_program":
            self._run_program(run_id)
        with self._locks[hash(problem.first_run) % _N_LOCKS]:
            solve = read_solve(self._runs, problem.first_run)
            if problem.purpose == "answer":
                solve = self._with_answer(solve, run_id, problem)
            self._count(solve)
            solve = read_solve(self._runs, problem.first_run)
            if solve.winner and (evidence := self._programs.compare(solve)):
                self._runs.store.append(solve.winner.run_id, [evidence])

    def _run_program(self, run_id: str) -> None:
        """Run the program of a run that has ended, unless it was; whoever comes meanwhile waits."""
        with self._program_locks[hash(run_id) % _N_LOCKS]:
            checker = read_solve(self._runs, run_id).checker
            if checker is not None and checker.run_id == run_id and not checker.is_live and not checker.is_settled:
                self._programs.run_program(run_id)

    def _with_answer(self, solve: Solve, run_id: str, problem: Problem) -> Solve:
        """The solve after a look at the answer of one of its chains."""
        chain = next(each for each in solve.chains if each.run_id == run_id)
        if chain.checked.final_answer is not None or chain.is_live:
            return solve
        self._runs.store.append(run_id, self._found(solve, chain, problem))
        return read_solve(self._runs, problem.first_run)

    def _found(self, solve: Solve, chain: Chain, problem: Problem) -> list[Event]:
        """What is found out about one chain's answer alone."""
        answer = collect(self._runs.store.events(chain.run_id)).answer
        # Of an answer that was broken off, only what stands in a box is sure to be whole.
        is_whole = chain.reason not in ("stopped", "error") or "\\boxed{" in answer
        text = self.judge.extract(answer, solve.statement) if answer.strip() and is_whole else ""
        known = [each for each, _ in solve.classes]
        answer_class = next((each for each in known if self._is_same(each, text)), text) if text else ""
        found: list[Event] = [FinalAnswer(text, answer_class)]
        if problem.gold:
            found.append(self.judge.judge(problem.gold, answer if text else "", question=solve.statement))
        elif text and (evidence := self.judge.test(solve.statement, text)):
            found.append(evidence)
        return found

    def _is_same(self, one: str, other: str) -> bool:
        return one == other or (self.judge.is_same(one, other) and self.judge.is_same(other, one))

    def _count(self, solve: Solve) -> None:
        """Count the vote; once it cannot change, the chains that still go on are stopped."""
        if len(solve.chains) < 2:
            return
        counted = vote_of(solve)
        if solve.is_live:
            if counted.is_decided:
                stop_all(self._runs, [chain.run_id for chain in solve.chains if chain.is_live], _DECIDED)
            return
        evidence = counted.evidence()
        if evidence and all(chain.is_settled for chain in solve.chains) and not _is_told(solve, evidence):
            self._runs.store.append(solve.id, [evidence])


def vote_of(solve: Solve) -> Vote:
    """The vote of the chains that have ended."""
    vote = Vote(solve.problem.n_chains, operator.eq, solve.problem.first_to_finish)
    for chain in solve.chains:
        if chain.has_voted:
            vote.add(chain.number, chain.answer_class or None)
    return vote


def _is_told(solve: Solve, evidence: Evidence) -> bool:
    return solve.vote is not None and solve.vote.words == evidence.words


def _check(gold: str, k: int, first_to_finish: int | None) -> None:
    if len(gold) > MAX_GOLD_CHARACTERS:
        raise BadInput(
            f"The reference has {len(gold):,} characters and the limit is {MAX_GOLD_CHARACTERS:,}. Give the answer "
            "alone, without its derivation."
        )
    if not 1 <= k <= MOST_CHAINS:
        raise BadInput(f"{k} chains were asked for; give a number from 1 to {MOST_CHAINS}.")
    if first_to_finish is not None and not 1 <= first_to_finish <= k:
        raise BadInput(f"The first {first_to_finish} of {k} chains were asked for; give a number from 1 to {k}.")
