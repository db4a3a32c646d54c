"""A round that was tested in, the next round of its attempt started where one is due out."""

from collections.abc import Sequence

from model.catalog import known_family
from model.code_events import Task
from model.engine import collect
from model.errors import AppError
from model.events import Asked, Event, Finished, Message, Notice, Sampling
from model.runs import Runs
from model.samples import able_to_differ, with_seed_after
from verify.code.parsing import parsed
from verify.code.questions import failure_of, feedback_of, question_of
from verify.code.task import CodedTask, Round
from verify.code.trying import read_task_tests

# What ends a run that may be followed by another round: whatever else ends it was the user's doing, or a failure.
_REPAIRABLE = ("stop", "length", "thinking_cut", "loop")


def start_next(runs: Runs, coded: CodedTask, tried: Round) -> list[Notice]:
    """Start the round after this one, if one is due; what there is to say where it cannot be started.

    Args:
        coded: The task as it stands now.
        tried: With its program and its reports, which need not be stored yet.
    """
    events = runs.store.events(tried.run_id)
    if not _is_next_due(coded, tried, events):
        return []
    question, history, sampling = _asked_next(coded, tried, events)
    asked = events[0]
    assert isinstance(asked, Asked)
    try:
        runs.start(
            question,
            history=history,
            budget=asked.budget,
            sampling=with_seed_after(sampling, coded.task.n_attempts),
            solves=later_round(coded.task, tried.attempt, tried.number + 1),
            owner=runs.store.row(coded.id).owner,
        )
    except AppError as error:
        return [Notice("engine", f"The next round could not be started. {error}")]
    return []


def _asked_next(coded: CodedTask, tried: Round, events: Sequence[Event]) -> tuple[str, Sequence[Message], Sampling]:
    """What the next round is asked, after which turns, and how it is drawn."""
    asked, answer, report = events[0], collect(events).answer, tried.report("given")
    assert isinstance(asked, Asked) and tried.program is not None
    family = known_family(asked.model)
    if not family.repairs_alone:
        turns = (Message("user", asked.question), Message("assistant", answer.strip() or "(no answer)"))
        return feedback_of(tried.program, report), (*asked.history, *turns), asked.sampling
    failed = failure_of(report) if report else None
    given = read_task_tests(coded, "given")
    question = question_of(coded.task.statement, given, coded.task.entry_point, family, failed)
    # The question may be the one that it has failed at: all but greedy, it would fail at it again.
    return question, (), able_to_differ(asked.sampling, family)


def later_round(task: Task, attempt: int, number: int) -> Task:
    """A round's own event: what the task is stands in the first run."""
    return Task(task.first_run, attempt=attempt, n_attempts=task.n_attempts, round=number, n_rounds=task.n_rounds)


def _is_next_due(coded: CodedTask, tried: Round, events: Sequence[Event]) -> bool:
    """Whether a round that was tested is to be followed by another: never one that the user has stopped."""
    if tried.reason not in _REPAIRABLE or tried.number >= coded.task.n_rounds or _was_stopped(events):
        return False
    rounds = [each for each in coded.rounds if each.purpose == "solution"]
    is_there = any(each.attempt == tried.attempt and each.number > tried.number for each in rounds)
    if is_there or any(each.has_passed for each in rounds):
        return False
    report = tried.report("given")
    if report is not None:
        return not report.has_passed and report.status != "refused"
    # Without tests there is one thing to hold against it: that it cannot be run at all.
    return tried.program is None or not is_python(tried.program.source)


def _was_stopped(events: Sequence[Event]) -> bool:
    """Whether *stop* came after the run had ended, and before it was tested."""
    ends = [at for at, event in enumerate(events) if isinstance(event, Finished)]
    after = events[ends[-1] :] if ends else events
    return any(isinstance(event, Notice) and event.kind == "stopped" for event in after)


def is_python(source: str) -> bool:
    """Whether a text is a program that can be run, and not an empty one."""
    tree = parsed(source)
    return tree is not None and bool(tree.body)
