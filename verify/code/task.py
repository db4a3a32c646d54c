"""The stored runs of a programming task in, how it stands out: its rounds, the best program, what the tests said."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model.code_events import Program, Task, TestReport, TestsFrom
from model.errors import BadInput
from model.events import Event, Evidence, Finished
from model.runs import Runs
from model.stored_runs import RunRow
from model.tested import Tested, joined_words, read_tested

TaskStanding = Literal["passes", "fails", "undecided", "not tested"]

# What was found out stands behind a run's end; so many events are looked at first, then twice as many, and so on.
_EVENTS_AT_THE_END = 16


@dataclass(frozen=True, slots=True)
class Round:
    """One of the runs of a task: it writes a program, or (`purpose` "tests") tests from the statement alone.

    Args:
        attempt: From 1; attempts stand beside each other.
        number: From 1, within the attempt.
        reason: Why the run ended; empty while it goes on.
        program: What was found in its answer, or what the user wrote in its place; `None` until somebody has looked.
            Of a run that writes tests: those of its asserts that can be read.
        reports: On that program; the last of each kind of tests.
    """

    run_id: str
    attempt: int
    number: int
    purpose: Literal["solution", "tests"]
    is_live: bool
    reason: str
    thinking_tokens: int
    answer_tokens: int
    seconds: float
    program: Program | None = None
    reports: tuple[TestReport, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def report(self, tests_from: TestsFrom) -> TestReport | None:
        """What the tests of one kind said; `None` if they were not run."""
        return next((each for each in self.reports if each.tests_from == tests_from), None)

    @property
    def is_settled(self) -> bool:
        """Whether it has ended and its answer was looked at."""
        return not self.is_live and self.program is not None

    @property
    def has_program(self) -> bool:
        """Whether there is something to run."""
        return self.program is not None and bool(self.program.source.strip())

    @property
    def has_passed(self) -> bool:
        """Whether it passes every given test, and there are some."""
        given = self.report("given")
        return given is not None and given.has_passed

    @property
    def words(self) -> str:
        """What became of it, for people, in one line."""
        if self.program is None:
            return "being written" if self.is_live else "being tested"
        if not self.has_program:
            return self.program.words or "no program was found in the answer"
        return joined_words(self.reports) or "not tested"


@dataclass(frozen=True, slots=True)
class CodedTask:
    """A programming task with its rounds; its id is that of the run that is round 1 of attempt 1.

    Args:
        task: As it stands in the first run: with the statement and all tests.
        question: What the first round was asked.
        rounds: By attempt, then by number; a run that writes tests is the last.
        has_changed_tests: Whether its tests are others now than those that it was given with.
    """

    id: str
    task: Task
    question: str
    rounds: tuple[Round, ...]
    created_at: float
    has_changed_tests: bool = False

    @property
    def is_live(self) -> bool:
        """Whether any run of it goes on."""
        return any(each.is_live for each in self.rounds)

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to come by itself."""
        is_tested = not any(self.lacking(kind) for kind in ("given", "hidden", "model"))
        return all(each.is_settled for each in self.rounds) and is_tested and not self.lacks_comparison

    @property
    def attempts(self) -> tuple[tuple[Round, ...], ...]:
        """The rounds that write programs, by attempt."""
        found: dict[int, list[Round]] = {}
        for each in self.rounds:
            if each.purpose == "solution":
                found.setdefault(each.attempt, []).append(each)
        return tuple(tuple(rounds) for rounds in found.values())

    def round_of(self, run_id: str) -> Round:
        """The round that a run of this task is."""
        return next(each for each in self.rounds if each.run_id == run_id)

    def round_after(self, run_id: str) -> Round | None:
        """The next round of the same attempt; `None` if none was started, and for a run that writes tests."""
        own = self.round_of(run_id)
        later = [each for each in self.rounds if each.attempt == own.attempt and each.number > own.number]
        return next((each for each in later if each.purpose == own.purpose), None)

    @property
    def tests_round(self) -> Round | None:
        """The run that writes tests, where none were given."""
        return next((each for each in self.rounds if each.purpose == "tests"), None)

    @property
    def model_tests(self) -> str:
        """The tests that the model has written; empty if there are none (yet)."""
        found = self.tests_round
        return found.program.source if found and found.program else ""

    @property
    def best(self) -> Round | None:
        """The round whose program passes the most of the tests that it was written for; among equals the later one.

        Hidden tests have no say: what is chosen by them would no longer be tested by them.
        """
        candidates = [each for rounds in self.attempts for each in rounds if each.has_program]
        return max(candidates, key=lambda each: (_passed(each), each.number, -each.attempt), default=None)

    @property
    def decisive(self) -> tuple[TestReport, ...]:
        """What the user's own tests said of the best program."""
        found = self.best.reports if self.best else ()
        return tuple(each for each in found if each.tests_from != "model")

    @property
    def standing(self) -> TaskStanding:
        """By the user's tests alone: what the model's own tests say is no proof."""
        has_tests = bool(self.task.tests.strip() or self.task.hidden_tests.strip())
        if self.best is None:
            has_failed = has_tests and not self.is_live and all(each.is_settled for each in self.rounds)
            return "fails" if has_failed else "not tested"
        if any(each.status == "refused" for each in self.decisive):
            return "undecided"
        tested = [each for each in self.decisive if each.cases]
        if not tested:
            return "not tested"
        if all(each.has_passed for each in tested):
            return "passes"
        return "fails" if any(each.has_failed for each in tested) else "undecided"

    @property
    def words(self) -> str:
        """For people, in one line."""
        if self.best is None:
            rounds = [each for each in self.rounds if each.purpose == "solution"]
            return f"{self.standing}: {rounds[-1].words}" if rounds else self.standing
        said = joined_words(self.decisive)
        if said:
            return said
        by_model = self.best.report("model")
        return f"not tested; {by_model.words}; they are no proof" if by_model and by_model.cases else "not tested"

    def lacking(self, tests_from: TestsFrom) -> list[Round]:
        """The rounds whose program is still to be run by tests of this kind."""
        by_model = "" if self.task.tests.strip() else self.model_tests
        tests = {"given": self.task.tests, "hidden": self.task.hidden_tests, "model": by_model}[tests_from]
        programs = [each for each in self.rounds if each.purpose == "solution" and each.has_program]
        return [each for each in programs if tests.strip() and each.report(tests_from) is None]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What was seen beside the tests: whether the programs of several attempts do the same."""
        return tuple(each for one in self.rounds for each in one.evidence)

    @property
    def lacks_comparison(self) -> bool:
        """Whether programs of several attempts are still to be compared: they are where no tests were given."""
        if self.task.tests.strip() or self.evidence:
            return False
        is_there = all(each.is_settled for each in self.rounds)
        return is_there and sum(rounds[-1].has_program for rounds in self.attempts) > 1


def _passed(each: Round) -> int:
    report = each.report("given") or each.report("model")
    return report.passed if report else 0


def task_of(runs: Runs, run_id: str) -> Task | None:
    """The task that a run works on, as its own events have it; `None` for a run that writes no program.

    Raises:
        RunNotFound: If no run has this id.
    """
    events: Sequence[Event] = runs.store.events(run_id, 1, 2)
    return events[0] if events and isinstance(events[0], Task) else None


def read_task(runs: Runs, run_id: str) -> CodedTask:
    """How the task stands that this run is a round of.

    Raises:
        BadInput: If the run writes no program.
        RunNotFound: If no run has this id.
    """
    # Asked first: of what is not live, all that is known is on the disk when the rows are.
    live = set(runs.live_runs())
    rows = runs.store.siblings(run_id)
    known = [(row, task) for row in rows if (task := _written_task(runs, row.id))]
    asked = next((task for row, task in known if row.id == run_id), None)
    if asked is None:
        raise BadInput(f"The run {run_id!r} is a chat and writes no program. Give the id of a run of /solve_code.")
    mine = [(row, task) for row, task in known if task.first_run == asked.first_run]
    # One whose end is not written yet, or that was started since, goes on as far as anybody knows.
    rounds = [_round(runs, row, task, row.id in live or row.state == "running") for row, task in mine]
    rounds.sort(key=lambda each: (each.purpose == "tests", each.attempt, each.number))
    # Without the first (it was deleted) the others still tell what they know.
    first, told = next(((row, task) for row, task in mine if row.id == task.first_run), mine[0])
    changed = runs.store.last_of_type(first.id, "task")
    task = changed if isinstance(changed, Task) else told
    return CodedTask(first.id, task, first.question, tuple(rounds), first.created_at, task != told)


def _written_task(runs: Runs, run_id: str) -> Task | None:
    events = runs.store.written_events(run_id, 1, 2)
    return events[0] if events and isinstance(events[0], Task) else None


def _round(runs: Runs, row: RunRow, task: Task, is_live: bool) -> Round:
    tested = Tested() if is_live else read_tested(_events_from_the_end(runs, row))
    thinking_tokens, answer_tokens = runs.tokens(row.id) or (row.thinking_tokens, row.answer_tokens)
    return Round(
        run_id=row.id,
        attempt=task.attempt,
        number=task.round,
        purpose=task.purpose,
        is_live=is_live,
        reason="" if is_live else row.reason,
        thinking_tokens=thinking_tokens,
        answer_tokens=answer_tokens,
        seconds=row.seconds,
        program=tested.program,
        reports=tested.reports,
        evidence=tested.evidence,
    )


def _events_from_the_end(runs: Runs, row: RunRow) -> list[Event]:
    """The last events of a run, with its last end among them: many may follow it, for programs can be edited."""
    width = _EVENTS_AT_THE_END
    while True:
        events = runs.store.written_events(row.id, max(2, row.n_events - width), row.n_events)
        if width >= row.n_events or any(isinstance(event, Finished) for event in events):
            return events
        width *= 2
