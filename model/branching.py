"""What a user wants to keep of a run in, the thinking that a branch of it starts from out.

A run with tools has several steps. A branch of it keeps whole steps, with their calls and what came back, up to the one
that it changes; the calls are not run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model.errors import BadInput
from model.events import AnswerDelta, Event, Notice, ThinkingDelta, Way
from model.settings import MAX_MESSAGE_CHARACTERS
from model.steps import Step, steps_of
from model.tags import check_no_tags


@dataclass(frozen=True, slots=True)
class Branch:
    """What changes. With nothing set, the question is asked again.

    Attributes:
        question: Another question; nothing of the thinking is kept then.
        thinking: The thinking as the user has edited it, to go on from.
        keep_characters: Keep so many characters of the thinking as it stands, and go on from there. Text that we wrote
            to end the thinking counts, as readers see it, and is not kept.
        answers_now: The thinking that is kept counts as finished, so that the answer comes next. Alone it keeps the
            whole thinking: only the answer is written anew.
        step: Of a run with tools, the number of the step that this is about, from 1; those before it are kept. Places
            and texts are those of its own thinking then. None: a place counts from the run's first thinking on, and
            *answers now* is about the last step.
    """

    question: str | None = None
    thinking: str | None = None
    keep_characters: int | None = None
    answers_now: bool = False
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a branch starts from: the events of the steps `before`, and the thinking of the step that goes on."""

    way: Way
    thinking: str = ""
    is_thinking_closed: bool = False
    before: tuple[Event, ...] = ()


def kept_by(branch: Branch, events: Sequence[Event]) -> Kept:
    r"""What a branch keeps of the run with these events.

    Raises:
        BadInput: If two changes exclude each other, a place is outside the thinking, there is no such step, or there is
            no thinking to keep.

    >>> from model.events import Asked, Finished
    >>> run = [Asked("2+2?"), ThinkingDelta("Two and two.\n\nFour.", 7), AnswerDelta("5", 1), Finished("stop")]
    >>> kept_by(Branch(answers_now=True), run)
    Kept(way='new_answer', thinking='Two and two.\n\nFour.', is_thinking_closed=True, before=())
    >>> kept_by(Branch(keep_characters=14), run).thinking
    'Two and two.\n\n'
    """
    given = [branch.question is not None, branch.thinking is not None, branch.keep_characters is not None]
    if sum(given) > 1 or (branch.question is not None and branch.answers_now):
        raise BadInput(
            "Give one change: another question, an edited thinking, or a place in the thinking to keep up to."
        )
    if branch.question is not None:
        return Kept("new_question")
    steps = steps_of(events)
    number = _step_number(branch, steps)
    kept = _kept_of_step(branch, steps[number - 1], events, sum(len(step.thinking) for step in steps[: number - 1]))
    return replace(kept, before=tuple(_as_events(steps[: number - 1])))


def _kept_of_step(branch: Branch, step: Step, events: Sequence[Event], start: int) -> Kept:
    """What is kept of the step that changes; its thinking begins `start` characters into that of the run."""
    if branch.thinking is not None:
        return Kept("edited_thinking", _checked(branch.thinking), branch.answers_now)
    if branch.keep_characters is not None:
        place = branch.keep_characters if branch.step is None else start + branch.keep_characters
        longest = sum(len(event.text) for event in events if isinstance(event, ThinkingDelta))
        if branch.step is not None:
            longest = start + len(step.thinking)
        if not start <= place <= longest:
            raise BadInput(
                f"The place is {place - start:,} and the thinking has {longest - start:,} characters. "
                "Give a place inside of it."
            )
        kept = _kept_up_to(start, place, events)
        return Kept("forked", kept.rstrip() if branch.answers_now else kept, branch.answers_now)
    if branch.answers_now:
        if not step.thinking.strip():
            raise BadInput("This run has no thinking to keep, so its answer cannot be written anew from it. Ask again.")
        return Kept("new_answer", step.own_thinking, True)
    return Kept("regenerated")


def _step_number(branch: Branch, steps: Sequence[Step]) -> int:
    """Which step a branch is about, from 1; for one that asks again it is the first."""
    if branch.step is not None:
        if not 1 <= branch.step <= len(steps):
            raise BadInput(f"The step is {branch.step} and the run has {len(steps)}. Give a number from 1 on.")
        return branch.step
    if branch.thinking is not None:
        if len(steps) > 1:
            raise BadInput(f"This run thought in {len(steps)} steps. Say whose thinking this is, by its number.")
        return 1
    if branch.keep_characters is not None:
        passed = 0
        for number, step in enumerate(steps, 1):
            passed += len(step.thinking)
            if branch.keep_characters <= passed:
                return number
        return 1  # outside of it all, which is complained about
    return len(steps) if branch.answers_now else 1


def _as_events(steps: Sequence[Step]) -> list[Event]:
    """Steps as the first events of another run: nothing of them was written, asked or run there."""
    events: list[Event] = []
    for step in steps:
        events += [ThinkingDelta(step.own_thinking, 0)] if step.own_thinking else []
        events += [AnswerDelta(step.answer, 0)] if step.answer else []
        events += [called.call for called in step.calls]
        events += [replace(called.result, seconds=0.0) for called in step.calls if called.result is not None]
        if step.ended_by == "reminded":
            events.append(Notice("reminded", "The model spoke of a tool, but wrote no call. It was told so."))
    return events


def _kept_up_to(start: int, place: int, events: Sequence[Event]) -> str:
    """The thinking between two places in it, character for character, without the texts that we wrote into it.

    A paragraph's end is kept, since the model wrote it in one token with what is before it. A space at the end is not:
    it belongs to the token of the next word.
    """
    kept: list[str] = []
    passed = 0
    for event in events:
        if isinstance(event, ThinkingDelta):
            if not event.forced:
                kept.append(event.text[max(0, start - passed) : max(0, place - passed)])
            passed += len(event.text)
    return "".join(kept).rstrip(" \t")


def _checked(thinking: str) -> str:
    if len(thinking) > MAX_MESSAGE_CHARACTERS:
        raise BadInput(
            f"The thinking has {len(thinking):,} characters and the limit is {MAX_MESSAGE_CHARACTERS:,}. Shorten it."
        )
    check_no_tags(thinking, "thinking")
    return thinking.rstrip()
