"""Many problems in, one row for each out as it is solved and checked: so many at once as the engine decodes."""

import contextvars
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from model.acting import may_see, new_owner
from model.engine import Budget
from model.errors import AppError, BadInput, LimitReached
from model.events import Sampling
from model.runs import Runs
from verify.problem_files import GivenProblem
from verify.solve import Solve
from verify.solving import Solves

_LOOK_SECONDS = 0.1
# Others may use the app too: a batch waits for room instead of failing.
_ROOM_SECONDS = 1.0
# A wait for more that takes longer is said of the problem instead.
_LONGEST_WAIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one problem.

    Args:
        state: `waiting`, `going`, `done`, or `failed` (then `reason` says why).
        checked: correct, wrong, undecided, evidence or not checked; empty until it is done.
        run_id: Its first chain.
        vote: The vote in words, where there were several chains.
    """

    id: str
    problem: str
    gold: str
    state: str = "waiting"
    answer: str = ""
    checked: str = ""
    reason: str = ""
    vote: str = ""
    run_id: str = ""
    tokens: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """How each problem is solved; as in `Solves.start`."""

    k: int = 1
    budget: Budget = "medium"
    sampling: Sampling | None = None


class Batch:
    """Solves problems in threads of its own until all are done or it is stopped; any thread may read `rows`."""

    def __init__(
        self,
        solves: Solves,
        runs: Runs,
        problems: Sequence[GivenProblem],
        settings: BatchSettings,
        owner: str = "",
    ) -> None:
        """Start it.

        Raises:
            BadInput: If there is no problem.
            NotAllowed: If nobody is logged in.
        """
        if not problems:
            raise BadInput("There is no problem. Give at least one.")
        self.id = secrets.token_urlsafe(9)
        self.settings = settings
        self._solves, self._runs, self._owner = solves, runs, new_owner(owner)
        self._rows = [Row(given.id, given.problem, given.gold) for given in problems]
        self._next = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.began_at = time.time()
        self._read_at = time.monotonic()
        self._threads: list[threading.Thread] = []
        self._begin(min(len(problems), self._width()))

    def _begin(self, n_threads: int) -> None:
        self._threads = [
            # The context says who acts.
            threading.Thread(
                target=contextvars.copy_context().run,
                args=(self._work,),
                name=f"batch-{self.id}-{number}",
                daemon=True,
            )
            for number in range(n_threads)
        ]
        for thread in self._threads:
            thread.start()

    def _width(self) -> int:
        """Problems at once: as many as keep the engine busy, with one ready."""
        try:
            slots = self._runs.host.engine().slots
        except AppError:
            slots = 1
        return max(1, min(slots, self._runs.settings.max_runs) // self.settings.k)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows, in the order of the problems. A batch whose rows nobody reads any more is stopped."""
        with self._lock:
            self._read_at = time.monotonic()
            return tuple(self._rows)

    @property
    def is_seen(self) -> bool:
        """Whether it is there for whoever acts."""
        return may_see(self._owner)

    @property
    def is_live(self) -> bool:
        """Whether it goes on."""
        return any(thread.is_alive() for thread in self._threads)

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped before its end."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Take no new problem, and stop those that are being solved."""
        self._stopping.set()

    def _work(self) -> None:
        while not self._is_over():
            with self._lock:
                number, self._next = self._next, self._next + 1
                if number >= len(self._rows):
                    return
                row = self._rows[number] = replace(self._rows[number], state="going")
            done = self._solved(row, partial(self._set_run, number))
            with self._lock:
                self._rows[number] = done

    def _is_over(self) -> bool:
        if time.monotonic() - self._read_at > self._runs.settings.detached_seconds:
            self._stopping.set()
        return self._stopping.is_set()

    def _set_run(self, number: int, run_id: str) -> None:
        with self._lock:
            self._rows[number] = replace(self._rows[number], run_id=run_id)

    def _solved(self, row: Row, on_start: Callable[[str], None]) -> Row:
        try:
            run_ids = self._started(row)
            if not run_ids:
                return replace(row, state="failed", reason="The batch was stopped before this problem.")
            on_start(run_ids[0])
            solve = self._waited(run_ids)
        except AppError as error:
            return replace(row, state="failed", reason=str(error))
        return row_of(row, solve, was_stopped=self._stopping.is_set())

    def _started(self, row: Row) -> list[str]:
        chosen = self.settings
        while not self._stopping.is_set():
            try:
                return self._solves.start(
                    row.problem,
                    gold=row.gold,
                    k=chosen.k,
                    budget=chosen.budget,
                    sampling=chosen.sampling,
                    owner=self._owner,
                )
            except LimitReached as full:
                if chosen.k > self._runs.limits.most_at_once or full.seconds > _LONGEST_WAIT_SECONDS:
                    raise
                self._stopping.wait(max(_ROOM_SECONDS, full.seconds))
        return []

    def _waited(self, run_ids: Sequence[str]) -> Solve:
        """The solve once it is settled; its chains are kept going meanwhile."""
        readers = [self._runs.attach(run_id) for run_id in run_ids]
        try:
            while True:
                if not any(self._runs.is_live(run_id) for run_id in run_ids):
                    solve = self._solves.settle(run_ids[0])
                    if not solve.is_live:
                        return solve
                self._stopping.wait(_LOOK_SECONDS)
                if self._is_over():
                    self._solves.stop(run_ids[0])
                    time.sleep(_LOOK_SECONDS)
        finally:
            for reader in readers:
                reader.close()


def row_of(row: Row, solve: Solve, *, was_stopped: bool = False) -> Row:
    """The row of a problem that has been solved."""
    checked, winner = solve.checked, solve.winner
    reasons = [checked.verdict.reason] if checked.verdict else [each.words for each in solve.evidence]
    if was_stopped and winner is None:
        reasons = ["The batch was stopped while this problem was being solved."]
    return replace(
        row,
        state="done" if winner is not None or not was_stopped else "failed",
        answer=winner.answer if winner else "",
        checked=checked.standing,
        reason=" ".join(reasons),
        vote=solve.vote.words if solve.vote else "",
        run_id=solve.id,
        tokens=sum(chain.thinking_tokens + chain.answer_tokens for chain in solve.chains),
        seconds=round(max(chain.seconds for chain in solve.chains), 2),
    )


def counts_of(rows: Sequence[Row]) -> dict[str, int]:
    """How many rows there are of each kind: `total`, `done`, `failed`, and of each way to be checked."""
    kinds = Counter(row.checked for row in rows if row.state == "done")
    states = Counter(row.state for row in rows)
    return {"total": len(rows), "done": states["done"], "failed": states["failed"]} | {
        name: kinds[name] for name in ("correct", "wrong", "undecided", "evidence", "not checked")
    }


def as_objects(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Rows as plain objects, for files and scripts."""
    return [asdict(row) for row in rows]
