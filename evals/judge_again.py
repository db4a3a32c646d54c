"""A result and the judges as they are now in, its judgements made again out: no model is asked.

A result holds what was written, so a judge that has learned something can look at it once more.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from evals.benchmarks.benchmark import Judges
from evals.judging_samples import SampleJudge, n_judges
from evals.loaded_problems import Load, load_problems, loaded_for
from evals.result_file import Judged, Result, ResultWriter, read_result


@dataclass(frozen=True, slots=True)
class Changed:
    """A sample that is judged differently now; `before` is None where it was not judged yet."""

    before: Judged | None
    now: Judged

    @property
    def is_other_outcome(self) -> bool:
        """Whether that changes a score."""
        before = self.before
        return before is None or (before.outcome, before.qwq_outcome) != (self.now.outcome, self.now.qwq_outcome)


def judge_for(result: Result, judges: Judges, load: Load = load_problems) -> SampleJudge:
    """A judge of a result's samples that knows none of the judgements made so far.

    Raises:
        BadInput: If the problems cannot be read any more, or have changed.
    """
    loaded = loaded_for(result, load)
    problems = {problem.id: problem for problem in loaded.problems}
    return SampleJudge(loaded.benchmark, judges, problems, result.head["profile"])


def judged_again(result: Result, judges: Judges, load: Load = load_problems) -> Iterator[Judged]:
    """The judgement of each sample, those of a problem behind one another, the problems as they get ready.

    Raises:
        BadInput: If the problems cannot be read any more, or have changed.
    """
    judge = judge_for(result, judges, load)

    def judge_problem(id: str) -> list[Judged]:
        # In their order, so that the first of a class stands for it.
        mine = sorted((sample for key, sample in result.samples.items() if key[0] == id), key=lambda each: each.number)
        return [judge.judge(sample) for sample in mine]

    with ThreadPoolExecutor(n_judges()) as pool:
        for found in pool.map(judge_problem, result.problems):
            yield from found


def judge_file_again(path: Path, judges: Judges, load: Load = load_problems) -> list[Changed]:
    """Judge a file's samples again and add to it what has changed, behind all that stands there.

    Raises:
        AppError: If the file cannot be read or written, another process writes it, or its problems have changed.
    """
    read_result(path)  # a writer would make one that is not there
    with closing(ResultWriter(path)) as writer:
        result = read_result(path)
        judged = list(judged_again(result, judges, load))
        changed = changes(result, judged)
        # All of a problem in one go: some of its new classes beside the old ones would be neither.
        problems = {each.now.problem for each in changed}
        writer.write_all([("judgement", each) for each in judged if each.problem in problems])
    return changed


def changes(result: Result, judged: Sequence[Judged]) -> list[Changed]:
    """Those judgements that differ in more than how long they took, and which sample stands for a class."""
    before = _with_first_of_class(list(result.judgements.values()))
    pairs = [Changed(before.get(each.key), each) for each in _with_first_of_class(judged).values()]
    return [each for each in pairs if each.before is None or replace(each.before, seconds=each.now.seconds) != each.now]


def _with_first_of_class(judged: Sequence[Judged]) -> dict[tuple[str, int], Judged]:
    """Each class named by the first of its samples; while a run goes on, it is the first that was judged."""
    first: dict[tuple[str, int], int] = {}
    for each in sorted(judged, key=lambda each: each.number, reverse=True):
        first[each.problem, each.class_of] = each.number
    named = {each.key: each for each in judged if each.class_of < 0}
    found = [replace(each, class_of=first[each.problem, each.class_of]) for each in judged if each.class_of >= 0]
    return named | {each.key: each for each in found}
