"""How far the tests of a program are in, the deltas that scripts read of it out: what is new since the last one."""

from collections.abc import Iterator
from dataclasses import asdict

from model.code_events import TestCase
from ui.deltas import Delta
from verify.code.progress import Part, Progress


class ToldTests:
    """What one reader has been told of the tests of a program."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._said: dict[tuple[int, int], TestCase] = {}
        self._running: tuple[int, int | None] = (-1, None)

    def new(self) -> Iterator[Delta]:
        """A delta for each kind of tests of which something is new."""
        for at, part in enumerate(self._progress.parts()):
            cases = sorted(number for number, case in part.said.items() if self._said.get((at, number)) != case)
            is_next = part.running is not None and self._running != (at, part.running)
            if cases or is_next:
                self._said |= {(at, number): part.said[number] for number in cases}
                self._running = (at, part.running)
                yield _delta(part, cases)


def _delta(part: Part, numbers: list[int]) -> Delta:
    """What those tests said, and which one is run now; they are counted from 1."""
    n_run, total = len(part.said), len(part.tests)
    return {
        "type": "tests",
        "text": f"{n_run} of {total} {part.tests_from} tests run",
        "n_tokens": 0,
        "tests_from": part.tests_from,
        "run": n_run,
        "total": total,
        "running": None if part.running is None else part.running + 1,
        "cases": [{"number": number + 1} | asdict(part.said[number]) for number in numbers],
    }
