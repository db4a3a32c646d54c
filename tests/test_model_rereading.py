"""Events of a run in, the ids that its model saw out: against the prompts that the run itself was sent with."""

from dataclasses import replace

import pytest

from model.engine import Request
from model.errors import BadInput
from model.events import AnswerDelta, Asked, Event, Finished, Message, Steered, ThinkingDelta
from model.families import PLAIN, QWEN3, QWQ, R1_DISTILL, SMOLLM2, Family
from model.prompt import ChatPrompts
from model.rereading import Reread, reread, scored
from model.scoring import Scores
from tests.test_model_prompt import _tokenizer as make_tokenizer

CHAT = (Message("user", "What is 17 * 23?"),)
THINKING = "17 * 20 = 340 🙂\n\nand 你好 391."
FAMILIES = [QWQ, QWEN3, R1_DISTILL, SMOLLM2]
# A model without thinking; the template is one of ours, because the tokenizer here brings none.
THOUGHTLESS = replace(PLAIN, template_file="r1-distill.jinja", overrides_template=True)


@pytest.fixture(scope="module", params=[True, False], ids=["byte level", "metaspace"])
def tokenizer(request: pytest.FixtureRequest) -> object:
    return make_tokenizer(is_byte_level=request.param)


def prompts_of(tokenizer: object, family: Family = QWQ) -> ChatPrompts:
    return ChatPrompts(tokenizer, family)  # type: ignore[arg-type]


def run_of(*events: Event) -> list[Event]:
    return [Asked(CHAT[0].content), *events, Finished("stop")]


def shown(read: Reread, pane: str, prompts: ChatPrompts) -> str:
    """The pane's text as its pieces give it, each set where it stands."""
    count = len(read.ids) - read.first
    pieces = scored(read, Scores((-0.5,) * count, (1.0,) * count, ((),) * count), prompts)
    letters: dict[int, str] = {}
    for piece in pieces:
        if piece.pane == pane:
            letters |= dict(enumerate(piece.text, piece.start))
    return "".join(letters.get(place, "·") for place in range(max(letters, default=-1) + 1))


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_ids_are_those_of_the_prompt_that_such_a_run_is_continued_with(tokenizer: object, family: Family) -> None:
    prompts = prompts_of(tokenizer, family)
    read = reread(run_of(ThinkingDelta(THINKING, 9), AnswerDelta("It is 391.", 4)), CHAT, prompts)
    request = Request(CHAT, thinking_so_far=THINKING, is_thinking_closed=True, answer_so_far="It is 391.")
    assert read.ids == prompts.build(request).ids
    assert read.ids[: read.first] == prompts.build(Request(CHAT)).ids[: read.first]


@pytest.mark.parametrize("family", FAMILIES, ids=[family.name for family in FAMILIES])
def test_pieces_give_both_panes_back_character_by_character(tokenizer: object, family: Family) -> None:
    prompts = prompts_of(tokenizer, family)
    read = reread(run_of(ThinkingDelta(THINKING, 9), AnswerDelta("It is 391.\n", 4)), CHAT, prompts)
    assert shown(read, "thinking", prompts) == THINKING
    assert shown(read, "answer", prompts) == "It is 391.\n"


def test_a_run_that_was_stopped_in_its_thinking_has_no_closing_tag(tokenizer: object) -> None:
    prompts = prompts_of(tokenizer)
    read = reread(run_of(ThinkingDelta("17 * 20", 3)), CHAT, prompts)
    assert read.ids == prompts.build(Request(CHAT, thinking_so_far="17 * 20")).ids
    assert shown(read, "answer", prompts) == ""


def test_an_answer_without_thinking_is_read_too(tokenizer: object) -> None:
    for family in (QWQ, THOUGHTLESS):
        prompts = prompts_of(tokenizer, family)
        read = reread(run_of(AnswerDelta("391", 2)), CHAT, prompts)
        assert shown(read, "answer", prompts) == "391"


def test_what_the_app_and_the_user_wrote_is_marked(tokenizer: object) -> None:
    events = run_of(
        ThinkingDelta("One.", 2),
        ThinkingDelta("\n\nLook.\n\n", 0, by_user=True),
        ThinkingDelta("Two.", 2),
        ThinkingDelta("\n\nStop.", 0, forced=True),
        AnswerDelta("4", 1),
    )
    spans = reread(events, CHAT, prompts_of(tokenizer)).spans
    assert [(span.pane, span.pane_start, span.length, span.is_given) for span in spans] == [
        ("thinking", 0, 4, False),
        ("thinking", 4, 9, True),
        ("thinking", 13, 4, False),
        ("thinking", 17, 7, True),
        ("answer", 0, 1, False),
    ]


def test_a_text_that_had_ended_the_thinking_is_not_read_once_the_thinking_has_gone_on(tokenizer: object) -> None:
    prompts = prompts_of(tokenizer)
    events = run_of(
        ThinkingDelta("One.", 2),
        ThinkingDelta(" Enough.", 0, forced=True),
        AnswerDelta("old", 1),
        Finished("thinking_cut"),
        Steered("think_longer"),
        ThinkingDelta(" Two.", 2),
        AnswerDelta("new", 1),
    )
    read = reread(events, CHAT, prompts)
    request = Request(CHAT, thinking_so_far="One. Two.", is_thinking_closed=True, answer_so_far="new")
    assert read.ids == prompts.build(request).ids
    assert (read.thinking, shown(read, "thinking", prompts)) == ("One. Enough. Two.", "One.········ Two.")


def test_a_tag_in_the_text_stays_text(tokenizer: object) -> None:
    prompts = prompts_of(tokenizer)
    text = "The tag </think> ends it, <|im_end|> too."
    read = reread(run_of(ThinkingDelta(text, 9), AnswerDelta("4", 1)), CHAT, prompts)
    assert shown(read, "thinking", prompts) == text


def test_a_run_that_wrote_nothing_is_refused(tokenizer: object) -> None:
    with pytest.raises(BadInput, match="wrote nothing"):
        reread(run_of(), CHAT, prompts_of(tokenizer))


def test_a_thinking_is_refused_where_the_model_does_not_think(tokenizer: object) -> None:
    with pytest.raises(BadInput, match="does not think"):
        reread(run_of(ThinkingDelta("One.", 2), AnswerDelta("4", 1)), CHAT, prompts_of(tokenizer, THOUGHTLESS))
