"""The stored runs of a problem in, how it stands out: the chains' answers, the vote, the final answer, its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.checked import Checked, Standing, checked_of
from model.errors import BadInput
from model.events import Event, Evidence, Problem, Verdict
from model.runs import Runs
from model.stored_runs import RunRow

# What follows a run's end: what was found out about its answer.
_EVENTS_AT_THE_END = 16


@dataclass(frozen=True, slots=True)
class Chain:
    """One of the runs that solve a problem.

    Args:
        number: From 1.
        reason: Why it ended; empty while it goes on.
        checked: What was found out about its answer; its `final_answer` is `None` until somebody has looked.
    """

    run_id: str
    number: int
    is_live: bool
    reason: str
    thinking_tokens: int
    answer_tokens: int
    seconds: float
    checked: Checked

    @property
    def answer(self) -> str:
        """Its final answer; empty if there is none (yet)."""
        return self.checked.final_answer.text if self.checked.final_answer else ""

    @property
    def answer_class(self) -> str:
        """The spelling that stands for all that gave the same answer; empty if there is none (yet)."""
        return self.checked.final_answer.answer_class if self.checked.final_answer else ""

    @property
    def is_settled(self) -> bool:
        """Whether it has ended and its answer was looked at."""
        return not self.is_live and self.checked.final_answer is not None

    @property
    def has_voted(self) -> bool:
        """Whether it counts: one that was stopped before it had an answer said nothing."""
        return self.is_settled and bool(self.answer or self.reason != "stopped")


@dataclass(frozen=True, slots=True)
class Solve:
    """A problem with its chains, the first one first; its id is that chain's run.

    Args:
        checker: The run that writes a check program, the last one where several were asked for. It has no vote; its
            `answer` is what the program printed.
    """

    id: str
    question: str
    problem: Problem
    chains: tuple[Chain, ...]
    created_at: float
    checker: Chain | None = None

    @property
    def statement(self) -> str:
        """The problem as it was given, without what was added to it."""
        return self.question.removesuffix(self.problem.instruction).rstrip()

    @property
    def gold(self) -> str:
        """The known answer, or the one that it was last checked against; empty where there is none."""
        verdicts = [chain.checked.verdict.gold for chain in self.chains if chain.checked.verdict]
        return verdicts[-1] if verdicts else self.problem.gold

    @property
    def is_live(self) -> bool:
        """Whether any chain goes on."""
        return any(chain.is_live for chain in self.chains)

    @property
    def is_answered(self) -> bool:
        """Whether every chain was looked at and the vote counted."""
        has_vote = len(self.chains) == 1 or self.vote is not None or not self.classes
        return all(chain.is_settled for chain in self.chains) and has_vote

    @property
    def is_checking(self) -> bool:
        """Whether a check program is being written or run, or has not been compared with the answer."""
        if self.checker is None:
            return False
        if not self.checker.is_settled:
            return True
        told = self.winner.checked.evidence if self.winner else ()
        return self.winner is not None and not any(each.run_id == self.checker.run_id for each in told)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to come by itself."""
        return self.is_answered and not self.is_checking

    @property
    def live_runs(self) -> list[str]:
        """The runs that go on, of all purposes."""
        runs = (*self.chains, self.checker) if self.checker else self.chains
        return [run.run_id for run in runs if run.is_live]

    @property
    def classes(self) -> list[tuple[str, list[Chain]]]:
        """Each answer with the chains that gave it, most chains first; among equals the one that was there first."""
        found: dict[str, list[Chain]] = {}
        for chain in self.chains:
            if chain.answer_class:
                found.setdefault(chain.answer_class, []).append(chain)
        return sorted(found.items(), key=lambda each: -len(each[1]))

    @property
    def winner(self) -> Chain | None:
        """The chain whose answer is the final one: the first of the largest class."""
        return self.classes[0][1][0] if self.classes else None

    @property
    def vote(self) -> Evidence | None:
        """The vote, once it was counted."""
        return next((each for chain in self.chains for each in chain.checked.evidence if each.kind == "vote"), None)

    @property
    def verdict(self) -> Verdict | None:
        """On the final answer; where no chain has one, on the first chain."""
        chain = self.winner or self.chains[0]
        return chain.checked.verdict

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What speaks for the final answer, or against it."""
        own = self.winner.checked.evidence if self.winner else ()
        vote = (self.vote,) if self.vote else ()
        return (*vote, *(each for each in own if each.kind != "vote"))

    @property
    def checked(self) -> Checked:
        """What was found out about the final answer."""
        answer = self.winner.checked.final_answer if self.winner else None
        return Checked(self.problem, answer, self.verdict, self.evidence)

    @property
    def standing(self) -> Standing:
        """How the final answer stands."""
        return self.checked.standing


def problem_of(runs: Runs, run_id: str) -> Problem | None:
    """The problem that a run solves; `None` for a run that is no chain.

    Raises:
        RunNotFound: If no run has this id.
    """
    events: Sequence[Event] = runs.store.events(run_id, 1, 2)
    return events[0] if events and isinstance(events[0], Problem) else None


def read_solve(runs: Runs, run_id: str) -> Solve:
    """How the problem stands that this run is a chain of.

    Raises:
        BadInput: If the run solves no problem.
        RunNotFound: If no run has this id.
    """
    # Asked first: of what is not live, all that is known is on the disk when the rows are.
    live = set(runs.live_runs())
    rows = runs.store.siblings(run_id)
    known = [(row, problem) for row in rows if (problem := _written_problem(runs, row.id))]
    problem = next((problem for row, problem in known if row.id == run_id), None)
    if problem is None:
        raise BadInput(f"The run {run_id!r} is a chat and solves no problem. Give the id of a run of /solve_math.")
    mine = [(row, each) for row, each in known if each.first_run == problem.first_run]
    answering = [(row, each) for row, each in mine if each.purpose == "answer"]
    if not answering:
        raise BadInput(f"The run {run_id!r} checks a problem whose answers were deleted.")
    chains = sorted((_chain(runs, row, each, row.id in live) for row, each in answering), key=lambda each: each.number)
    first, told = next((row, each) for row, each in answering if row.id == chains[0].run_id)
    checkers = [_chain(runs, row, each, row.id in live) for row, each in mine if each.purpose == "check_program"][-1:]
    return Solve(problem.first_run, first.question, told, tuple(chains), first.created_at, *checkers)


def _written_problem(runs: Runs, run_id: str) -> Problem | None:
    events = runs.store.written_events(run_id, 1, 2)
    return events[0] if events and isinstance(events[0], Problem) else None


def _chain(runs: Runs, row: RunRow, problem: Problem, is_live: bool) -> Chain:
    checked = Checked(problem)
    if not is_live:
        at_the_end = runs.store.written_events(row.id, max(2, row.n_events - _EVENTS_AT_THE_END), row.n_events)
        checked = checked_of([problem, *at_the_end])
    thinking_tokens, answer_tokens = runs.tokens(row.id) or (row.thinking_tokens, row.answer_tokens)
    return Chain(
        run_id=row.id,
        number=problem.chain,
        is_live=is_live,
        reason="" if is_live else row.reason,
        thinking_tokens=thinking_tokens,
        answer_tokens=answer_tokens,
        seconds=row.seconds,
        checked=checked,
    )
