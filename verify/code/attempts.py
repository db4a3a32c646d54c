"""A programming task in, attempts at it that write, run and repair programs out; each round is a run of its own.

What is found out goes into the runs' own events, so that a page, a script or the next start reads it from there.
"""

import logging
import secrets
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from model.catalog import known_family
from model.code_events import Program, Task, TestForm
from model.engine import Budget, budget_limits, collect
from model.errors import BadInput
from model.events import Notice, Sampling
from model.runs import Runs
from model.samples import all_or_none, drawn_apart, stop_all, with_seed_after
from model.sampling import check_sampling
from verify.code.disagreeing import disagreement_of
from verify.code.entry_point import named_function
from verify.code.given import DEFAULT_ROUNDS, check_program, check_task, read_given, task_with
from verify.code.judge import CodeJudge
from verify.code.model_tests import asserts_of
from verify.code.next_round import later_round, start_next
from verify.code.pasted import pasted_task
from verify.code.progress import Progress
from verify.code.questions import question_for_tests, question_of
from verify.code.round_tests import RoundTests
from verify.code.task import CodedTask, Round, read_task, task_of

log = logging.getLogger(__name__)

_N_LOCKS = 16
_STOPPED = Notice("stopped", "Stopped, so there is no further round.")


class Attempts:
    """Starts attempts at tasks, tests the program of each round that ends, and starts the next."""

    def __init__(self, runs: Runs, judge: CodeJudge) -> None:
        self.judge = judge
        self._runs = runs
        self._tests = RoundTests(runs, judge)
        # The rounds of a task are decided about one after the other.
        self._deciding = [threading.Lock() for _ in range(_N_LOCKS)]
        # Tasks whose rounds this process started: of others, what ended is tested, and nothing new is started.
        self._driven: set[str] = set()
        runs.after_end.append(self._on_end)
        runs.on_close.append(self.close)

    def close(self) -> None:
        """End what is being tested. It is tested again when its task is opened the next time."""
        self._tests.is_closed = True
        self.judge.close()

    # ------------------------------------------------------------------ starting and stopping

    def start(
        self,
        statement: str,
        *,
        tests: str = "",
        form: TestForm | None = None,
        hidden_tests: str = "",
        hidden_form: TestForm | None = None,
        entry_point: str = "",
        k: int = 1,
        n_rounds: int = DEFAULT_ROUNDS,
        budget: Budget = "medium",
        sampling: Sampling | None = None,
        asks_for_tests: bool = True,
        run_id: str | None = None,
        owner: str = "",
    ) -> list[str]:
        """Start `k` attempts, all or none, and return the ids of their first runs; the first stands for all of them.

        Args:
            statement: The task in words, the head of a function, or a row of a data set, which brings its tests.
            tests: Those that the model may see; empty for none.
            form: How they are written; found out when None. So is `hidden_form`.
            hidden_tests: Tests that no model is shown.
            entry_point: The function that is asked for, where neither task nor tests name it.
            n_rounds: So many programs at most in each attempt.
            budget: How long each round may think.
            asks_for_tests: Where no tests are given, one more run writes some from the statement alone, if the model
                can; its id is the last of those returned.
            run_id: An id of the caller's choice for the first run.

        Raises:
            BadInput: If an argument is empty, too long, out of range, or tests cannot be read.
            RunBusy: If `run_id` is taken.
            TooManyRuns: If there is no room for all of them.
        """
        pasted = None if tests.strip() or hidden_tests.strip() else pasted_task(statement)
        if pasted:
            statement, tests, hidden_tests = pasted.statement, pasted.tests, pasted.hidden_tests
        entry_point = entry_point.strip()
        check_task(statement, entry_point, k, n_rounds)
        kinds = (tests, form), (hidden_tests, hidden_form)
        otherwise = named_function(statement)
        given, hidden = (read_given(*each, entry_point, otherwise) for each in kinds)
        # These cannot be read again by somebody who does not know it.
        found = [each.entry_point for each in (given, hidden) if each and each.form in ("check", "calls")]
        entry_point = entry_point or next(iter(found), "")
        budget_limits(budget)
        family = known_family(self._runs.host.status().model)
        drawn = drawn_apart(check_sampling(sampling or Sampling()), k, family)
        asks_for_tests = asks_for_tests and given is None and family.writes_tests
        self._runs.check_room(owner, k + asks_for_tests)
        first = run_id or secrets.token_urlsafe(9)
        task = Task(
            first,
            statement.strip(),
            tests if given else "",
            given.form if given else "",
            hidden_tests if hidden else "",
            hidden.form if hidden else "",
            entry_point,
            n_attempts=k,
            n_rounds=n_rounds,
        )
        question = question_of(statement, given, entry_point, family)
        start = partial(self._runs.start, budget=budget, owner=owner)

        def started() -> Iterator[str]:
            for number in range(1, k + 1):
                yield start(
                    question,
                    sampling=with_seed_after(drawn, number - 1),
                    run_id=first if number == 1 else None,
                    solves=task if number == 1 else later_round(task, number, 1),
                )
            if asks_for_tests:
                own = replace(later_round(task, 1, 1), purpose="tests")
                yield start(question_for_tests(statement, entry_point), sampling=drawn, solves=own)

        with self._lock(first):
            self._driven.add(first)
            return all_or_none(self._runs, started())

    def stop(self, run_id: str) -> bool:
        """Stop every round of a task that goes on, and start no further one; False if nothing was left to stop.

        Of tests that are being run, the one that runs comes to its end; the others are not run.

        Raises:
            BadInput: If the run writes no program.
            RunNotFound: If no run has this id.
        """
        first = self._task(run_id).first_run
        with self._lock(first):
            was_going_on = False
            for each in read_task(self._runs, first).rounds:
                if self._runs.is_live(each.run_id):
                    was_going_on = stop_all(self._runs, [each.run_id]) or was_going_on
                elif each.program is None:
                    # It has ended and is being tested: its tests are stopped, and what would follow.
                    if tests := self._tests.progress(each.run_id):
                        tests.stop()
                    self._runs.store.append(each.run_id, [_STOPPED])
                    was_going_on = True
            return was_going_on

    # ------------------------------------------------------------------ what came of it

    def settle(self, run_id: str) -> CodedTask:
        """How a task stands, after testing the rounds that ended while nobody was there to (the app was ended).

        Raises:
            BadInput: If the run writes no program.
            RunNotFound: If no run has this id.
        """
        coded = read_task(self._runs, run_id)
        if coded.is_settled:
            return coded
        for each in coded.rounds:
            if not each.is_live and not each.is_settled:
                self._look_at(each.run_id, goes_on=coded.id in self._driven)
            elif not each.is_live:
                self._tests.test_again(each.run_id)
        self._compare(coded.id)
        return read_task(self._runs, run_id)

    def progress(self, run_id: str) -> Progress | None:
        """How far the tests of a round are, also when they are over; `None` if it was not tested lately."""
        return self._tests.progress(run_id) if self._runs.store.is_seen(run_id) else None

    def edit(self, run_id: str, source: str) -> CodedTask:
        """Test a program that the user has written in the place of a round's own; no model is asked.

        Raises:
            BadInput: If the run writes no program, goes on, or the program is empty or too long.
            RunNotFound: If no run has this id.
        """
        check_program(source)
        if self._task(run_id).purpose == "tests":
            raise BadInput("This run wrote tests and no program. Change the tests of the task instead.")
        coded = self.settle(run_id)
        self._check_ended(coded, run_id)
        own = coded.round_of(run_id).program
        is_same = own is not None and own.source.strip() == source.strip()
        # It stands there before it is tested: what the end of the app breaks off, `settle` does again.
        with self._tests.lock(run_id):
            self._tests.forget(run_id)
            program = own if own and is_same else Program(source, "written by hand", by_user=True)
            self._runs.store.append(run_id, [program])
        return self.settle(run_id)

    def change_tests(
        self,
        run_id: str,
        tests: str,
        *,
        form: TestForm | None = None,
        hidden_tests: str | None = None,
        hidden_form: TestForm | None = None,
        entry_point: str | None = None,
    ) -> CodedTask:
        """Test every program of a task again, by other tests; no model is asked.

        Args:
            tests: Take the place of those given before; empty for none.
            hidden_tests: Take the place of the hidden ones; None keeps those.
            entry_point: The function that is meant; None leaves it at that of before.

        Raises:
            BadInput: If the run writes no program, the task goes on, or the tests cannot be read.
            RunNotFound: If no run has this id.
        """
        coded = self.settle(run_id)
        if coded.is_live:
            raise BadInput("The task is still being worked on. Wait for its end, or stop it, then change its tests.")
        changed = task_with(coded.task, tests, form, hidden_tests, hidden_form, entry_point)
        # Programs without what the old tests said of them first: so none is ever taken to be tested by the new ones.
        for each in coded.rounds:
            with self._tests.lock(each.run_id):
                if each.purpose == "solution" and each.program is not None:
                    self._tests.forget(each.run_id)
                    self._runs.store.append(each.run_id, [each.program])
        with self._lock(coded.id):
            self._runs.store.append(coded.id, [changed])
        return self.settle(run_id)

    def _check_ended(self, coded: CodedTask, run_id: str) -> None:
        if coded.round_of(run_id).is_live:
            raise BadInput("This program is still being written. Wait for its end, or stop it, then edit it.")

    def _task(self, run_id: str) -> Task:
        task = task_of(self._runs, run_id)
        if task is None:
            raise BadInput(f"The run {run_id!r} is a chat and writes no program. Give the id of a run of /solve_code.")
        return task

    # ------------------------------------------------------------------ after a round

    def _on_end(self, run_id: str) -> None:
        """A run has ended, in its own thread."""
        try:
            task = task_of(self._runs, run_id)
            if task is not None:
                self._driven.add(task.first_run)
                self._look_at(run_id, goes_on=True)
                self._compare(task.first_run)
        except Exception:  # the run itself has ended well; `settle` tries again
            log.exception("the program of the run %s could not be tested", run_id)

    def _look_at(self, run_id: str, *, goes_on: bool) -> None:
        """Test what a run has written, once; then start what follows, or stop what is decided."""
        with self._tests.lock(run_id):
            coded = read_task(self._runs, run_id)
            own = coded.round_of(run_id)
            if own.program is not None or own.is_live:
                return
            answer = collect(self._runs.store.events(run_id)).answer
            if own.purpose == "tests":
                self._runs.store.append(run_id, [asserts_of(answer)])
                return
            program = self._tests.trying.program_of(answer, coded, own.reason)
            reports = self._tests.reports(run_id, program, coded)
            if self._tests.is_closed:  # what it says then is no more than that
                return
            with self._lock(coded.id):
                tried = replace(own, program=program, reports=reports)
                notices = self._go_on(coded.id, tried) if goes_on else []
                self._runs.store.append(run_id, [program, *reports, *notices])

    def _go_on(self, first: str, tried: Round) -> list[Notice]:
        """Start the next round if one is due, before anybody reads that this one was tested; what there is to say."""
        coded = read_task(self._runs, first)
        if tried.has_passed:
            notice = f"Attempt {tried.attempt} passes all given tests, so this attempt was stopped."
            others = [each.run_id for each in coded.rounds if each.is_live and each.attempt != tried.attempt]
            stop_all(self._runs, others, Notice("decided", notice))
            return []
        return start_next(self._runs, coded, tried)

    def _compare(self, first: str) -> None:
        """Where no tests were given: run the model's own, and see where the programs of several attempts part."""
        with self._lock(first):
            coded = read_task(self._runs, first)
            tests = self._tests.trying.model_tests(coded)
            for each in coded.lacking("model") if tests else ():
                assert tests is not None
                report = self._tests.model_report(each, tests)
                if self._tests.is_closed:
                    return
                self._runs.store.append(each.run_id, [report])
            coded = read_task(self._runs, first)
            if coded.lacks_comparison:
                last = {each[-1].attempt: each[-1].program for each in coded.attempts}
                programs = {number: each for number, each in last.items() if each and each.source.strip()}
                # The run that writes tests may have been looked at since.
                evidence = disagreement_of(self.judge, programs, self._tests.trying.model_tests(coded))
                if not self._tests.is_closed:
                    self._runs.store.append(first, [evidence])

    def _lock(self, first: str) -> threading.Lock:
        return self._deciding[hash(first) % _N_LOCKS]
