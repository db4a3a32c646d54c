"""A run's events in, the token ids that its model read and wrote out, with the places of its text among them.

Events keep text, not ids: the ids are made from it by the prompt builder that made them at first. They are the same ids
wherever the model wrote a text in the tokenizer's own way, which it nearly always does. Thinking that was shown but
taken back before the answer (a loop that was cut) counts as read.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from model.comparing import n_alike
from model.engine import PromptBuilder, Request, collect
from model.errors import BadInput
from model.events import Event, Message, ThinkingDelta
from model.scoring import ScoredPiece, Scores, Span, pieces_of
from model.tool_events import Equipped

# How far a token's text is looked for where the tokenizer has changed the text (Unicode normal forms).
_SEARCH_CHARACTERS = 16
# Stands for a token that is a part of a character.
_PART_OF_A_CHARACTER = "\ufffd"


@dataclass(frozen=True, slots=True)
class Reread:
    """A run's text as its model saw it.

    Attributes:
        thinking: As the page shows it.
        ids: Prompt, thinking and answer.
        first: Number of the first token after the prompt.
        text: The same as text.
        places: Of each token from `first` on, its first character in `text` and the one after its last.
        spans: Where the panes' text stands in `text`.
    """

    thinking: str
    answer: str
    ids: tuple[int, ...]
    first: int
    text: str
    places: tuple[tuple[int, int], ...]
    spans: tuple[Span, ...]


def reread(events: Sequence[Event], messages: Sequence[Message], prompts: PromptBuilder) -> Reread:
    """The tokens of a run that has ended.

    Args:
        messages: The chat that it was asked.

    Raises:
        BadInput: If it wrote nothing.
    """
    if any(isinstance(event, Equipped) for event in events[:4]):
        raise BadInput("A run with tools is read anew in each of its steps, so there are no probabilities of it.")
    collected = collect(events)
    answer = collected.answer
    shown = _shown_thinking(events)
    thinking = "".join(text for text, _, _ in shown)
    if not thinking and not answer:
        raise BadInput("This run wrote nothing, so there are no probabilities to show. Continue it, or ask again.")
    chat = tuple(messages)
    begun = prompts.build(Request(chat))
    thought = prompts.build(Request(chat, thinking_so_far=thinking))
    if not thought.text.endswith(thinking):
        raise BadInput("The model that is loaded does not think, so it cannot read this thinking. Load one that does.")
    whole = thought
    if answer:
        whole = prompts.build(Request(chat, thinking_so_far=thinking, is_thinking_closed=True, answer_so_far=answer))
    first = n_alike(begun.ids, whole.ids)
    detokenizer = prompts.detokenizer()
    texts = tuple(detokenizer.feed(token_id) for token_id in whole.ids[first:])
    places = _places(texts, whole.text, len(begun.text))
    spans = _spans(shown, len(thought.text) - len(thinking))
    if answer:
        spans.append(Span(len(whole.text) - len(answer), len(answer), "answer", 0))
    return Reread(collected.thinking, answer, whole.ids, first, whole.text, places, tuple(spans))


def scored(read: Reread, scores: Scores, prompts: PromptBuilder) -> tuple[ScoredPiece, ...]:
    """The pieces of a run, from the scores of its tokens from `read.first` on."""
    ids = read.ids[read.first :]
    known: dict[int, str] = {}
    # A tokenizer may leave out the space before the first word of a text, so none is asked about alone.
    anchor = next((token_id for token_id, (start, end) in zip(ids, read.places, strict=True) if start < end), None)

    def text_of(token_id: int) -> str:
        if token_id not in known:
            detokenizer = prompts.detokenizer()
            if anchor is not None:
                detokenizer.feed(anchor)
            known[token_id] = detokenizer.feed(token_id) or _PART_OF_A_CHARACTER
        return known[token_id]

    return pieces_of(ids, read.text, read.places, scores, read.spans, text_of)


def _shown_thinking(events: Sequence[Event]) -> list[tuple[str, int, bool]]:
    """What the model saw of the thinking on the page: text, its place there, whether we or the user wrote it.

    A text that ended the thinking was taken out again when the thinking went on later.
    """
    deltas = [event for event in events if isinstance(event, ThinkingDelta)]
    last_own = max((number for number, delta in enumerate(deltas) if not delta.forced), default=-1)
    seen: list[tuple[str, int, bool]] = []
    place = 0
    for number, delta in enumerate(deltas):
        if delta.text and not (delta.forced and number < last_own):
            seen.append((delta.text, place, delta.forced or delta.by_user))
        place += len(delta.text)
    return seen


def _spans(shown: Sequence[tuple[str, int, bool]], start: int) -> list[Span]:
    """Neighbours of one kind as one span."""
    spans: list[Span] = []
    for text, place, is_given in shown:
        last = spans[-1] if spans else None
        if last is not None and last.is_given == is_given and last.pane_start + last.length == place:
            spans[-1] = Span(last.start, last.length + len(text), "thinking", last.pane_start, is_given)
        else:
            spans.append(Span(start, len(text), "thinking", place, is_given))
        start += len(text)
    return spans


def _places(texts: Sequence[str], whole: str, start: int) -> tuple[tuple[int, int], ...]:
    """Where each token's text stands in the whole text, of which they are the last part.

    Args:
        start: Where they begin, if the tokenizer has changed the text so that this cannot be told from its end.
    """
    joined = "".join(texts)
    if whole.endswith(joined):
        start = len(whole) - len(joined)
    places: list[tuple[int, int]] = []
    for text in texts:
        found = _found(text, whole, start)
        places.append(found or (start, start))
        start = places[-1][1]
    return tuple(places)


def _found(text: str, whole: str, start: int) -> tuple[int, int] | None:
    """A token's text at this place, or a little behind it; some tokenizers add or leave out spaces."""
    if whole.startswith(text, start):
        return start, start + len(text)
    words = text.strip()
    if not words:
        return None
    near = whole[start : start + _SEARCH_CHARACTERS]
    behind = start + len(near) - len(near.lstrip())
    if whole.startswith(words, behind):
        return start, behind + len(words)
    at = whole.find(words, start, start + len(words) + _SEARCH_CHARACTERS) if len(words) > 1 else -1
    return None if at < 0 else (at, at + len(words))
