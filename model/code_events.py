"""Events of a run that writes a program: the task, the program that was found in its answer, what its tests said."""

from dataclasses import dataclass
from typing import Literal

# What stopped a program, or `ok`. `error`: an exception or an exit code; `crashed`: a signal; `early-exit`: it ended
# its own process; `refused`: it was not run, for this machine cannot isolate it.
ProgramStatus = Literal[
    "ok", "timeout", "memory", "output-limit", "error", "crashed", "early-exit", "refused", "no program"
]
TestOutcome = Literal["passed", "wrong", "error", "timeout", "memory", "not_run"]
TestForm = Literal["input_output", "calls", "asserts", "check", "pytest", "doctest"]
# Who wrote the tests. The model sees those that are given, never the hidden ones; its own are no proof.
TestsFrom = Literal["given", "hidden", "model"]


@dataclass(frozen=True, slots=True)
class Task:
    """Second event of a run that writes a program: round `round` of attempt `attempt` at a task.

    Args:
        first_run: The run that is round 1 of attempt 1; its id stands for all of them, and its tests are theirs.
        statement: The task as it was given, without what was added to make the question. In the first run only.
        tests: The tests as they were given, in their own notation. In the first run only; so are the next four.
        form: How `tests` are read; empty where there are none.
        hidden_tests: Tests that the model is never shown.
        hidden_form: How those are read.
        entry_point: The function that is asked for, where the tests don't name it themselves.
        n_rounds: So many programs at most are written in an attempt, each after a look at what failed before.
        purpose: `solution`, or `tests` for a run that writes tests from the statement and never sees a solution.
    """

    first_run: str
    statement: str = ""
    tests: str = ""
    form: TestForm | Literal[""] = ""
    hidden_tests: str = ""
    hidden_form: TestForm | Literal[""] = ""
    entry_point: str = ""
    attempt: int = 1
    n_attempts: int = 1
    round: int = 1
    n_rounds: int = 3
    purpose: Literal["solution", "tests"] = "solution"
    type: Literal["task"] = "task"


@dataclass(frozen=True, slots=True)
class Program:
    """The program that was found in the answer of a run that has ended, or one that the user wrote in its place.

    Args:
        source: Empty if there was none.
        words: Where it was found, or why there is none; for people.
    """

    source: str
    words: str = ""
    by_user: bool = False
    type: Literal["program"] = "program"


@dataclass(frozen=True, slots=True)
class TestCase:
    """What one test said. `given`, `expected` and `got` are shortened, and written as Python writes values.

    Args:
        name: The test's own name, or its number from 1.
        given: The call or the input.
        message: The exception with the program's line, or where the outputs first differ.
    """

    __test__ = False  # pytest shall not take it for a test

    name: str
    outcome: TestOutcome
    seconds: float = 0.0
    given: str = ""
    expected: str | None = None
    got: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """What the tests said of the last `Program` before it.

    Args:
        cases: All tests in their order; of hidden ones without what they hold.
        form: How the tests were read.
        is_forgeable: Whether program and tests shared a process, so that the program could have lied. Such a report
            is no reward and counts in no benchmark.
        level: The isolation that was in force.
        seconds: By the clock, of all of it.
        message: What stopped the program, in words; empty if nothing did.
        smallest: The smallest input found on which the program fails, where one was looked for.
    """

    __test__ = False

    status: ProgramStatus
    cases: tuple[TestCase, ...] = ()
    form: TestForm | Literal[""] = ""
    tests_from: TestsFrom = "given"
    is_forgeable: bool = False
    level: str = ""
    seconds: float = 0.0
    stdout: str = ""
    stderr: str = ""
    message: str = ""
    smallest: TestCase | None = None
    type: Literal["test_report"] = "test_report"

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(case.outcome == "passed" for case in self.cases)

    @property
    def has_passed(self) -> bool:
        """Whether there were tests, and every one passed."""
        return bool(self.cases) and self.passed == len(self.cases)

    @property
    def has_failed(self) -> bool:
        """Whether a test, or the program itself, did not do what it should; tests that were stopped say nothing."""
        return self.status != "ok" or any(case.outcome not in ("passed", "not_run") for case in self.cases)

    @property
    def words(self) -> str:
        """For people, in one line.

        >>> TestReport("ok", (TestCase("1", "passed"), TestCase("2", "passed"))).words
        'passes 2 of 2 given tests'
        >>> TestReport("ok", (TestCase("1", "wrong", given="add(1, 2)", expected="3", got="4"),)).words
        'passes 0 of 1 given tests, first failure: add(1, 2) gave 4, not 3'
        >>> TestReport("ok").words
        'not tested'
        """
        if not self.cases:
            return f"not tested: {self.message}" if self.message else "not tested"
        kind = {"given": "given", "hidden": "hidden", "model": "model-written"}[self.tests_from]
        said = f"passes {self.passed} of {len(self.cases)} {kind} tests"
        return f"{said}, first failure: {failure}" if (failure := self.first_failure) else said

    @property
    def first_failure(self) -> str:
        """The first test that failed and how, in one line; empty where none did, or nothing may be told of it.

        >>> TestReport("ok", (TestCase("1", "wrong", given="f(1)", expected="3", got="4"),)).first_failure
        'f(1) gave 4, not 3'
        """
        if self.tests_from == "hidden":
            return ""
        failed = next((case for case in self.cases if case.outcome not in ("passed", "not_run")), None)
        return _failure(failed) if failed else ""


def _failure(case: TestCase) -> str:
    what = case.given.strip().replace("\n", " ")[:80] or f"test {case.name}"
    if case.outcome == "wrong" and case.got is not None and case.expected is not None:
        got, expected = (" ".join(text.split("\n"))[:80] for text in (case.got, case.expected))
        return f"{what} gave {got or 'nothing'}, not {expected or 'nothing'}"
    words = {"timeout": "took too long", "memory": "took too much memory", "wrong": "failed", "error": "failed"}
    return f"{what}: {' '.join(case.message.split())[:160] or words.get(case.outcome, case.outcome)}"
