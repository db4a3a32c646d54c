"""A round of a task and its program in, what the tests say of it out; how far those are that are being run."""

import threading
from collections import OrderedDict

from model.code_events import Program, TestReport
from model.runs import Runs
from verify.code.judge import CodeJudge
from verify.code.progress import Progress
from verify.code.task import CodedTask, Round, read_task
from verify.code.test_sets import TestSet
from verify.code.trying import Trying

_N_LOCKS = 16
# Of so many rounds it is known how far their tests are, or how they went.
_KEPT = 64


class RoundTests:
    """Tests the programs of rounds, each by one thread at a time, and tells whoever asks how far it is."""

    def __init__(self, runs: Runs, judge: CodeJudge) -> None:
        self._runs = runs
        self.trying = Trying(judge)
        self.is_closed = False
        self._locks = [threading.Lock() for _ in range(_N_LOCKS)]
        self._keeping = threading.Lock()
        self._progress: OrderedDict[str, Progress] = OrderedDict()

    def lock(self, run_id: str) -> threading.Lock:
        """Held by whoever decides what the program of a round is, and by whoever tests it."""
        return self._locks[hash(run_id) % _N_LOCKS]

    def progress(self, run_id: str) -> Progress | None:
        """How far the tests of a round are, also when they are over; `None` if it was not tested lately."""
        with self._keeping:
            return self._progress.get(run_id)

    def forget(self, run_id: str) -> None:
        """What was known of the tests of a round is void: they are others now."""
        with self._keeping:
            self._progress.pop(run_id, None)

    def reports(self, run_id: str, program: Program, coded: CodedTask) -> tuple[TestReport, ...]:
        """What all tests of a task say of a program of this round."""
        progress = self._begun(run_id, program)
        try:
            return self.trying.reports(program, coded, progress)
        finally:
            progress.finish()

    def model_report(self, each: Round, tests: TestSet) -> TestReport:
        """What the model's own tests say of a round's program."""
        assert each.program is not None
        progress = self._begun(each.run_id, each.program)
        try:
            return self.trying.model_report(each.program, tests, progress)
        finally:
            progress.finish()

    def test_again(self, run_id: str) -> None:
        """Have what the tests say of a round's program stored, where that is not known yet."""
        with self.lock(run_id):
            while not self.is_closed:
                coded = read_task(self._runs, run_id)
                own = coded.round_of(run_id)
                if own.program is None or not any(own in coded.lacking(kind) for kind in ("given", "hidden")):
                    return
                reports = self.reports(run_id, own.program, coded)
                # Where the tests were changed meanwhile, these say nothing any more.
                if not self.is_closed and read_task(self._runs, run_id).task == coded.task:
                    self._runs.store.append(run_id, list(reports))
                    return

    def _begun(self, run_id: str, program: Program) -> Progress:
        progress = Progress(program)
        with self._keeping:
            self._progress[run_id] = progress
            self._progress.move_to_end(run_id)
            while len(self._progress) > _KEPT:
                self._progress.popitem(last=False)
        return progress
