"""What tests say, one after the other, in; how far they are out, for those who look on while they run."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from model.code_events import Program, TestCase, TestsFrom
from verify.sandbox.report import TestResult
from verify.sandbox.watching import Watch


@dataclass(frozen=True, slots=True)
class Part:
    """The tests of one kind.

    Args:
        tests: All that are known to be there, as they stand before they are run.
        said: What those have said that have been run, by their numbers from 0.
        is_over: Whether no further one is run.
    """

    tests_from: TestsFrom
    tests: tuple[TestCase, ...] = ()
    said: dict[int, TestCase] = field(default_factory=dict)
    is_over: bool = False

    @property
    def running(self) -> int | None:
        """The number of the test that is being run; `None` where none is."""
        left = (at for at in range(len(self.tests)) if at not in self.said)
        return None if self.is_over else next(left, None)


class Progress(Watch):
    """How far the tests of a program are. One thread runs them; any may read, or end it behind the test that runs.

    Args:
        program: The one that is being tested.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.is_stopped = self.is_over = False
        self._lock = threading.Lock()
        self._parts: list[Part] = []
        self._case_of: Callable[[int, TestResult], TestCase] | None = None
        self._by_words: Callable[[Sequence[str]], Sequence[TestCase]] | None = None

    def begin(
        self,
        tests_from: TestsFrom,
        tests: Sequence[TestCase],
        case_of: Callable[[int, TestResult], TestCase],
        by_words: Callable[[Sequence[str]], Sequence[TestCase]],
    ) -> None:
        """Tests of one kind are about to be run.

        Args:
            tests: As far as they are known.
            case_of: A test's number and result in, the case that a report has for it out.
            by_words: The tests of a script as the script itself tells them in, those cases before they are run out.
        """
        with self._lock:
            self._close_last()
            self._parts.append(Part(tests_from, tuple(tests)))
            self._case_of, self._by_words = case_of, by_words

    def known(self, given: Sequence[str]) -> None:
        """What the tests are, where only running them says so."""
        assert self._by_words is not None
        with self._lock:
            self._parts[-1] = Part(self._parts[-1].tests_from, tuple(self._by_words(given)))

    def take(self, number: int, result: TestResult) -> bool:
        """A test has said this; False where nobody wants to know more."""
        assert self._case_of is not None
        with self._lock:
            self._parts[-1].said[number] = self._case_of(number, result)
            return not self.is_stopped

    def finish(self) -> None:
        """All tests have been run."""
        with self._lock:
            self._close_last()
            self.is_over = True

    def stop(self) -> None:
        """Have no further test run."""
        self.is_stopped = True

    def parts(self) -> tuple[Part, ...]:
        """How far each kind of tests is, in the order in which they are run."""
        with self._lock:
            return tuple(Part(each.tests_from, each.tests, dict(each.said), each.is_over) for each in self._parts)

    def _close_last(self) -> None:
        if self._parts:
            last = self._parts[-1]
            self._parts[-1] = Part(last.tests_from, last.tests, last.said, is_over=True)
