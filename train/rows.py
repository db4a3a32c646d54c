"""Traces in, rows of token ids out: prompts by QwQ's own template, what is learned, several traces to a row."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from model.families import FAMILIES, SMOLLM2, Family
from train.traces import Span, Trace

# What is not learned, in the labels of a row; torch's own number for it.
IGNORED = -100

# Samples that wait to be packed.
POOL = 64

# Shares of traces that get something around them, so that the model also works where a chat is not a single question.
SYSTEM_SHARE = 0.05
EARLIER_TURN_SHARE = 0.07
CUT_SHARE = 0.03
_SYSTEMS = (
    "You are a helpful assistant.",
    "You are a helpful and harmless assistant.",
    "You are a helpful AI assistant.",
    "Answer briefly.",
    "You are a careful assistant that checks its work.",
    "Be polite and short.",
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One trace as tokens: `labels` are the ids where they are learned, else `IGNORED`. Both have the same length."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Several samples one after another. `positions` begin at 0 in each, which is how attention tells them apart."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    positions: tuple[int, ...]


@cache
def _template_of(family_name: str) -> str:
    text = FAMILIES[family_name].template_text()
    assert text is not None
    return text


def prompt_text(
    tokenizer: Any,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    family: Family = SMOLLM2,
) -> str:
    """The chat as a model of the family reads it, up to and with the opened thinking."""
    text: str = tokenizer.apply_chat_template(
        [dict(message) for message in messages],
        tools=[dict(tool) for tool in tools] or None,
        chat_template=_template_of(family.name),
        add_generation_prompt=True,
        tokenize=False,
    )
    return text


def sample_of(tokenizer: Any, trace: Trace) -> Sample:
    """A trace as token ids. Prompt and slips are not learned; the end-of-turn token is."""
    ids: list[int] = tokenizer(prompt_text(tokenizer, trace.messages, trace.tools), add_special_tokens=False)[
        "input_ids"
    ]
    labels = [IGNORED] * len(ids)
    spans = (*trace.completion(), Span("<|im_end|>"))
    text = "".join(span.text for span in spans)
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    learned = _learned_characters(spans)
    for token_id, (start, end) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
        ids.append(token_id)
        labels.append(token_id if all(learned[start:end]) else IGNORED)
    return Sample(tuple(ids), tuple(labels))


def _learned_characters(spans: Iterable[Span]) -> list[bool]:
    return [span.is_learned for span in spans for _ in span.text]


def varied(stream: Iterator[Trace], choose: random.Random) -> Iterator[Trace]:
    """The same traces, a few of them with a system message, an earlier turn, or a thinking that was cut short."""
    earlier: Trace | None = None
    for trace in stream:
        is_single = len(trace.messages) == 1
        changed = trace
        if is_single and earlier is not None and choose.random() < EARLIER_TURN_SHARE:
            answered = {"role": "assistant", "content": earlier.answer}
            changed = replace(changed, messages=(*earlier.messages, answered, *changed.messages))
        if changed.messages[0]["role"] == "user" and choose.random() < SYSTEM_SHARE:
            system = {"role": "system", "content": choose.choice(_SYSTEMS)}
            changed = replace(changed, messages=(system, *changed.messages))
        if not trace.tool_calls and choose.random() < CUT_SHARE:
            changed = _cut(changed, choose)
        yield changed
        if is_single and trace.answer and not trace.tools and len(trace.answer) < 200:
            earlier = trace


def _cut(trace: Trace, choose: random.Random) -> Trace:
    """The thinking cut somewhere, with the early-stop text that the engine writes then; only the answer is learned."""
    text = trace.thinking_text
    kept = text[: choose.randrange(len(text) + 1)] if choose.random() < 0.7 else ""
    closing = "\n</think>\n\n"
    early_stop = SMOLLM2.early_stop_text
    assert early_stop.endswith(closing)
    return replace(trace, thinking=(Span(kept + early_stop.removesuffix(closing), is_learned=False),))


def pack(samples: Iterable[Sample], row_tokens: int, pool: int = POOL) -> Iterator[Row]:
    """Rows of at most `row_tokens`, each filled from a pool of waiting samples with the longest one that still fits.

    Samples that are longer than a row are left out.
    """
    waiting: list[Sample] = []
    stream = iter(samples)
    is_open = True
    while is_open or waiting:
        while is_open and len(waiting) < pool:
            sample = next(stream, None)
            if sample is None:
                is_open = False
            elif len(sample.ids) <= row_tokens:
                waiting.append(sample)
        if waiting:
            yield _filled_row(waiting, row_tokens)


def _filled_row(waiting: list[Sample], row_tokens: int) -> Row:
    """A row that begins with the sample that has waited longest; what it takes leaves the pool."""
    chosen = [waiting.pop(0)]
    room = row_tokens - len(chosen[0].ids)
    while fitting := [at for at, sample in enumerate(waiting) if len(sample.ids) <= room]:
        best = max(fitting, key=lambda at: len(waiting[at].ids))
        room -= len(waiting[best].ids)
        chosen.append(waiting.pop(best))
    return Row(
        tuple(token for sample in chosen for token in sample.ids),
        # The first token of a sample has no place that predicts it.
        tuple(label for sample in chosen for label in (IGNORED, *sample.labels[1:])),
        tuple(position for sample in chosen for position in range(len(sample.ids))),
    )
