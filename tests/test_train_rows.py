"""Rows of token ids: what is learned in them, what stands around a question, and that packing loses nothing."""

import random
from collections.abc import Iterable, Iterator
from itertools import cycle, islice
from typing import Any

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from model.families import SMOLLM2
from train.rows import IGNORED, Row, Sample, pack, prompt_text, sample_of, varied
from train.traces import Call, Span, Trace, Value, mixture, question

END = "<|im_end|>"
SLIPPED = Trace(
    "sum",
    "sum:347,589",
    question("What is 347 + 589?"),
    (Span("347+589: "), Span("7+9=17", is_learned=False), Span(". No, 7+9=16, … so 936 ✓")),
    "It is $\\boxed{936}$.",
    Value("936"),
)


def byte_tokenizer(*merges: tuple[str, str]) -> PreTrainedTokenizerFast:
    """One token for each byte, and for each of the merges; ChatML's marks are special."""
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    backend = Tokenizer(models.BPE({piece: id for id, piece in enumerate(pieces)}, [*merges]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(["<|endoftext|>", "<|im_start|>", END])
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token=END, pad_token="<|endoftext|>")


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    return byte_tokenizer()


def learned(tokenizer: Any, sample: Sample) -> str:
    return str(tokenizer.decode([label for label in sample.labels if label != IGNORED]))


def test_sample_is_the_prompt_and_then_the_completion_with_its_end(tokenizer) -> None:
    sample = sample_of(tokenizer, SLIPPED)
    prompt = prompt_text(tokenizer, SLIPPED.messages, ())
    assert prompt.endswith("<|im_start|>assistant\n<think>\n") and "What is 347 + 589?" in prompt
    completion = "".join(span.text for span in SLIPPED.completion())
    assert tokenizer.decode(sample.ids) == prompt + completion + END
    assert len(sample.ids) == len(sample.labels)


def test_labels_are_exactly_the_learned_text_and_the_end_of_the_turn(tokenizer) -> None:
    sample = sample_of(tokenizer, SLIPPED)
    text = "".join(span.text for span in SLIPPED.completion() if span.is_learned)
    assert learned(tokenizer, sample) == text + END
    assert "7+9=17" not in text and sample.labels[-1] == tokenizer.convert_tokens_to_ids(END)
    assert all(label in (IGNORED, token) for token, label in zip(sample.ids, sample.labels, strict=True))


def test_prompt_and_slip_are_read_but_not_learned(tokenizer) -> None:
    sample = sample_of(tokenizer, SLIPPED)
    ignored = tokenizer.decode([id for id, label in zip(sample.ids, sample.labels, strict=True) if label == IGNORED])
    assert ignored == prompt_text(tokenizer, SLIPPED.messages, ()) + "7+9=17"


def test_token_that_reaches_into_a_slip_is_not_learned() -> None:
    merged = byte_tokenizer(("7", "."))
    assert learned(merged, sample_of(merged, SLIPPED)).startswith("347+589:  No, 7+9=16")


def test_tool_traces_show_their_tools_and_learn_their_call(tokenizer) -> None:
    (trace,) = islice(mixture({"tool_call": 1}, "train", 5), 1)
    assert isinstance(trace.gold, Call) and trace.tools
    sample = sample_of(tokenizer, trace)
    assert trace.tools[0]["function"]["name"] in tokenizer.decode(sample.ids)
    assert learned(tokenizer, sample).endswith(f"}}\n</tool_call>{END}")
    assert f'"name": "{trace.gold.name}"' in learned(tokenizer, sample)


@pytest.fixture(scope="module")
def changes() -> list[tuple[Trace, Trace]]:
    """Traces before and after `varied`: questions, chats of several turns, and calls."""
    stream = islice(mixture({"sum": 4, "two_step": 4, "tool_call": 1, "tool_result": 1}, "train", 1), 4000)
    before = list(stream)
    return list(zip(before, varied(iter(before), random.Random(1)), strict=True))


def early_stopped(trace: Trace) -> bool:
    return SMOLLM2.early_stop_text.strip().removesuffix("</think>").strip() in trace.thinking_text


def test_varied_changes_no_gold_no_key_and_not_the_last_message(changes) -> None:
    for before, after in changes:
        assert (after.task, after.key, after.gold, after.answer) == (
            before.task,
            before.key,
            before.gold,
            before.answer,
        )
        assert after.messages[-len(before.messages) :] == before.messages
        assert (after.tools, after.tool_calls) == (before.tools, before.tool_calls)


def test_varied_puts_a_system_message_first_in_about_a_twentieth(changes) -> None:
    added = [after for before, after in changes if before.messages[0]["role"] == "user" != after.messages[0]["role"]]
    asked = sum(before.messages[0]["role"] == "user" for before, _ in changes)
    assert {after.messages[0]["role"] for after in added} == {"system"}
    assert 0.04 < len(added) / asked < 0.06


def test_varied_puts_an_answered_question_before_about_a_fourteenth(changes) -> None:
    single = [(before, after) for before, after in changes if len(before.messages) == 1]
    earlier = [after for _, after in single if "assistant" in {message["role"] for message in after.messages}]
    assert 0.055 < len(earlier) / len(single) < 0.085
    for after in earlier:
        roles = [message["role"] for message in after.messages if message["role"] != "system"]
        assert roles == ["user", "assistant", "user"]
        assert "<think>" not in str(after.messages)


def test_varied_cuts_a_few_thinkings_and_then_only_the_answer_is_learned(tokenizer, changes) -> None:
    cut = [(before, after) for before, after in changes if after.thinking != before.thinking]
    assert 0.02 < len(cut) / sum(not before.tool_calls for before, _ in changes) < 0.04
    for before, after in cut:
        assert not before.tool_calls and early_stopped(after)
        kept = after.thinking_text.removesuffix(SMOLLM2.early_stop_text.removesuffix("\n</think>\n\n"))
        assert before.thinking_text.startswith(kept)
        assert [span.is_learned for span in after.thinking] == [False]
    assert learned(tokenizer, sample_of(tokenizer, cut[0][1])) == f"\n</think>\n\n{cut[0][1].answer}{END}"
    assert any(after.thinking_text.startswith(SMOLLM2.early_stop_text[:20]) for _, after in cut)


def test_varied_leaves_most_traces_as_they_are(changes) -> None:
    assert 0.82 < sum(before == after for before, after in changes) / len(changes) < 0.92


def numbered(lengths: Iterable[int]) -> Iterator[Sample]:
    """Samples whose tokens all carry the sample's own number."""
    for number, length in enumerate(lengths, start=1):
        yield Sample((number,) * length, (number,) * length)


def parts(row: Row) -> list[tuple[int, int]]:
    """Number and length of each sample in a row, by where positions begin at 0."""
    starts = [at for at, position in enumerate(row.positions) if position == 0] + [len(row.ids)]
    return [(row.ids[start], end - start) for start, end in zip(starts, starts[1:], strict=False)]


LENGTHS = [random.Random(length).randrange(1, 130) for length in range(700)]


@pytest.mark.parametrize("pool", [1, 2, 64])
def test_pack_keeps_every_sample_that_fits_once_and_leaves_out_longer_ones(pool: int) -> None:
    rows = list(pack(numbered(LENGTHS), 100, pool))
    kept = sorted(part for row in rows for part in parts(row))
    assert kept == [(number, length) for number, length in enumerate(LENGTHS, start=1) if length <= 100]
    assert len(kept) < len(LENGTHS)


@pytest.mark.parametrize("pool", [1, 2, 64])
def test_pack_makes_no_row_longer_than_asked_and_none_empty(pool: int) -> None:
    assert {0 < len(row.ids) <= 100 for row in pack(numbered(LENGTHS), 100, pool)} == {True}


def test_positions_begin_at_0_and_the_first_label_is_ignored_in_each_sample() -> None:
    for row in pack(numbered(LENGTHS), 100):
        assert len(row.ids) == len(row.labels) == len(row.positions)
        assert list(row.positions) == [position for _, length in parts(row) for position in range(length)]
        wanted = [label for number, length in parts(row) for label in (IGNORED, *[number] * (length - 1))]
        assert list(row.labels) == wanted


def test_pack_fills_rows_better_from_a_pool_than_in_order() -> None:
    pooled, in_order = (len(list(pack(numbered(LENGTHS), 100, pool))) for pool in (64, 1))
    assert pooled < 0.85 * in_order


def test_pack_reads_no_further_than_its_pool_from_an_endless_stream() -> None:
    assert [len(row.ids) for row in islice(pack(numbered(cycle([60, 40])), 100), 3)] == [100, 100, 100]


def test_pack_of_nothing_is_no_row() -> None:
    assert list(pack([], 100)) == list(pack(numbered([101]), 100)) == []
