"""What a user wants to keep of a run in, the thinking that a branch of it starts from out."""

from collections.abc import Sequence
from dataclasses import dataclass

from model.engine import collect
from model.errors import BadInput
from model.events import Event, ThinkingDelta, Way
from model.resuming import own_thinking
from model.settings import MAX_MESSAGE_CHARACTERS
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
    """

    question: str | None = None
    thinking: str | None = None
    keep_characters: int | None = None
    answers_now: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a branch starts from."""

    way: Way
    thinking: str = ""
    is_thinking_closed: bool = False


def kept_by(branch: Branch, events: Sequence[Event]) -> Kept:
    r"""What a branch keeps of the run with these events.

    Raises:
        BadInput: If two changes exclude each other, a place is outside the thinking, or there is no thinking to keep.

    >>> from model.events import Asked, AnswerDelta, Finished, ThinkingDelta
    >>> run = [Asked("2+2?"), ThinkingDelta("Two and two.\n\nFour.", 7), AnswerDelta("5", 1), Finished("stop")]
    >>> kept_by(Branch(answers_now=True), run)
    Kept(way='new_answer', thinking='Two and two.\n\nFour.', is_thinking_closed=True)
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
    if branch.thinking is not None:
        return Kept("edited_thinking", _checked(branch.thinking), branch.answers_now)
    if branch.keep_characters is not None:
        kept = _kept_up_to(branch.keep_characters, events)
        return Kept("forked", kept.rstrip() if branch.answers_now else kept, branch.answers_now)
    if branch.answers_now:
        if not collect(events).thinking.strip():
            raise BadInput("This run has no thinking to keep, so its answer cannot be written anew from it. Ask again.")
        return Kept("new_answer", own_thinking(events), True)
    return Kept("regenerated")


def _kept_up_to(place: int, events: Sequence[Event]) -> str:
    """The thinking before a place in it, character for character, without the texts that we wrote into it.

    A paragraph's end is kept, since the model wrote it in one token with what is before it. A space at the end is not:
    it belongs to the token of the next word.
    """
    kept: list[str] = []
    passed = 0
    for event in events:
        if isinstance(event, ThinkingDelta):
            if not event.forced:
                kept.append(event.text[: max(0, place - passed)])
            passed += len(event.text)
    if not 0 <= place <= passed:
        raise BadInput(f"The place is {place:,} and the thinking has {passed:,} characters. Give a place inside of it.")
    return "".join(kept).rstrip(" \t")


def _checked(thinking: str) -> str:
    if len(thinking) > MAX_MESSAGE_CHARACTERS:
        raise BadInput(
            f"The thinking has {len(thinking):,} characters and the limit is {MAX_MESSAGE_CHARACTERS:,}. Shorten it."
        )
    check_no_tags(thinking, "thinking")
    return thinking.rstrip()
