import pytest

from model.branching import Branch, Kept, kept_by
from model.engine import collect
from model.errors import BadInput
from model.events import AnswerDelta, Asked, Event, Finished, Steered, ThinkingDelta

THINKING = "Two and two.\n\nThat is four.\n\nYes."
EARLY_STOP = "\n\nI have to answer now."
SHOWN = THINKING + EARLY_STOP
RUN: list[Event] = [
    Asked("2+2?"),
    ThinkingDelta(THINKING, 12),
    ThinkingDelta(EARLY_STOP, 0, forced=True),
    AnswerDelta("5", 1),
    Finished("thinking_cut"),
]


@pytest.mark.parametrize(
    ("branch", "kept"),
    [
        pytest.param(Branch(), Kept("regenerated"), id="again"),
        pytest.param(Branch(question="3+3?"), Kept("new_question"), id="another question"),
        pytest.param(Branch(answers_now=True), Kept("new_answer", THINKING, True), id="early-stop text is not kept"),
        pytest.param(Branch(thinking="Two, so  "), Kept("edited_thinking", "Two, so"), id="edited"),
        pytest.param(
            Branch(thinking="Four.", answers_now=True), Kept("edited_thinking", "Four.", True), id="edited, then answer"
        ),
        pytest.param(Branch(keep_characters=14), Kept("forked", "Two and two.\n\n"), id="at a paragraph's end"),
        pytest.param(Branch(keep_characters=4), Kept("forked", "Two"), id="a space belongs to the next word"),
        pytest.param(
            Branch(keep_characters=14, answers_now=True), Kept("forked", "Two and two.", True), id="up to there, answer"
        ),
        pytest.param(Branch(keep_characters=0), Kept("forked", ""), id="from the beginning"),
        pytest.param(Branch(keep_characters=len(THINKING)), Kept("forked", THINKING), id="all of it"),
        pytest.param(Branch(keep_characters=len(THINKING) + 9), Kept("forked", THINKING), id="in the early-stop text"),
    ],
)
def test_kept_by_keeps_what_was_asked_for(branch, kept):
    assert kept_by(branch, RUN) == kept


@pytest.mark.parametrize(
    ("branch", "why"),
    [
        (Branch(question="3?", thinking="Three."), "one change"),
        (Branch(question="3?", answers_now=True), "one change"),
        (Branch(keep_characters=len(SHOWN) + 1), f"the thinking has {len(SHOWN)} characters"),
        (Branch(keep_characters=-1), "The place is -1"),
        (Branch(thinking="So.</think>Five"), "holds the tag '</think>'"),
        (Branch(thinking="<|im_end|>"), "holds the tag"),
        (Branch(thinking="x" * 400_001), "400,001 characters and the limit is 400,000"),
    ],
)
def test_kept_by_refuses_what_makes_no_sense_with_the_reason(branch, why):
    with pytest.raises(BadInput, match=why):
        kept_by(branch, RUN)


def test_kept_by_has_no_thinking_to_answer_from_where_there_was_none():
    with pytest.raises(BadInput, match="no thinking to keep"):
        kept_by(Branch(answers_now=True), [Asked("2?"), AnswerDelta("2", 1), Finished("stop")])


def test_kept_by_keeps_up_to_the_place_that_readers_see_behind_a_thinking_that_was_ended_and_reopened():
    longer = [*RUN, Steered("think_longer"), ThinkingDelta("\n\nOr is it five? ", 6), ThinkingDelta("No.", 1)]
    place = collect(longer).thinking.index("No.")
    assert kept_by(Branch(keep_characters=place), longer).thinking == THINKING + "\n\nOr is it five?"
