"""Thinking texts of real models in every chunking in; one outline of the same kinds, titles and tokens out."""

import re
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.outline import OutlineBuilder, OutlineEntry, token_at

ROOT = Path(__file__).resolve().parent.parent
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "tests/data/thinking").glob("*.txt")}


def outline(text: str, n_tokens: int | None = None) -> tuple[OutlineEntry, ...]:
    builder = OutlineBuilder()
    builder.feed(text, len(text) if n_tokens is None else n_tokens)
    return builder.entries


def long_thinking(n_characters: int = 120_000) -> str:
    """30,000 tokens of four characters, from all the stored texts one after the other."""
    once = "\n\n".join(TEXTS[name] for name in sorted(TEXTS))
    return (once * (n_characters // len(once) + 1))[:n_characters]


# --- chunking


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(TEXTS)), st.lists(st.integers(1, 400), min_size=1, max_size=40))
def test_outline_is_the_same_for_every_chunking_of_a_real_text(name: str, sizes: list[int]) -> None:
    text, builder, at, i = TEXTS[name], OutlineBuilder(), 0, 0
    while at < len(text):
        piece = text[at : at + sizes[i % len(sizes)]]
        builder.feed(piece, len(piece))  # a token a character, so that tokens too must agree
        at, i = at + len(piece), i + 1
    assert builder.entries == outline(text)


PIECES = st.sampled_from(
    ["\n", "\n\n", " \n \n", ". ", "! ", "。", "？", "Wait, ", "但是等等，", "Alternatively, ", "不对", "```\n", "\\[ x = 1 \\]", "\\boxed{7}",
     "So the answer is 42", "- a point\n", "一个很长的段落" * 12, "some words that go on and on " * 7, " ", "x", "."]
)  # fmt: skip


@settings(deadline=None, max_examples=150)
@given(st.lists(PIECES, max_size=25).map("".join), st.data())
def test_outline_is_the_same_for_every_chunking_of_an_odd_text(text: str, data: st.DataObject) -> None:
    builder, at = OutlineBuilder(), 0
    while at < len(text):
        piece = text[at : at + data.draw(st.integers(1, 30))]
        builder.feed(piece, len(piece))
        at += len(piece)
        assert builder.entries == outline(text[:at])
    assert_covers(builder.entries, text, len(text))


def assert_covers(entries: tuple[OutlineEntry, ...], text: str, n_tokens: int) -> None:
    if not text.strip():
        return
    assert entries[0].start_character == 0 and entries[0].first_token == 0
    assert entries[-1].end_character == len(text)
    assert sum(entry.n_tokens for entry in entries) == n_tokens
    for before, after in pairwise(entries):
        assert before.end_character == after.start_character
        assert before.first_token + before.n_tokens == after.first_token
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))


@pytest.mark.parametrize("name", TEXTS)
def test_outline_covers_all_of_a_real_text_and_all_of_its_tokens(name: str) -> None:
    assert_covers(outline(TEXTS[name], 777), TEXTS[name], 777)


def test_outline_changes_only_its_last_two_entries_while_it_grows() -> None:
    text, builder = long_thinking(40_000), OutlineBuilder()
    seen: tuple[OutlineEntry, ...] = ()
    for at in range(0, len(text), 7):
        builder.feed(text[at : at + 7], 2)
        entries = builder.entries
        assert entries[: max(0, len(seen) - 2)] == seen[: max(0, len(seen) - 2)]
        seen = entries


def test_outline_counts_tokens_that_come_without_text_with_the_text_after_them() -> None:
    builder = OutlineBuilder()
    builder.feed("好的", 1)
    builder.feed("", 2)
    assert builder.entries[-1].n_tokens == 3
    builder.feed("，我现在要算5的阶乘。", 4)
    assert sum(entry.n_tokens for entry in builder.entries) == 7


def test_outline_of_nothing_is_empty() -> None:
    assert OutlineBuilder().entries == ()
    assert outline("\n \n") == ()


# --- size and cost


@pytest.mark.parametrize("name", [*TEXTS, "all"])
def test_outline_of_30000_tokens_has_20_to_160_entries(name: str) -> None:
    text = long_thinking() if name == "all" else ((TEXTS[name] + "\n\n") * 300)[:120_000]
    wide = len(re.findall("[一-鿿]", text))
    n_tokens = round(wide / 1.6 + (len(text) - wide) / 4)
    most = 160 * max(1, n_tokens / 30_000) ** 0.5
    assert 20 <= len(outline(text)) <= most


def test_outline_takes_the_same_time_for_each_thousand_tokens() -> None:
    """A rescan of the whole text would make the last quarter some seven times as slow as the first."""
    text = long_thinking()

    def is_so() -> bool:
        builder, seconds = OutlineBuilder(), []
        for start in range(0, len(text), len(text) // 4):
            before = time.thread_time()
            for at in range(start, start + len(text) // 4, 4):
                builder.feed(text[at : at + 4], 1)
            seconds.append(time.thread_time() - before)
        # 0.1 s in all on one core of 2020.
        return max(seconds[1:]) < 3 * seconds[0] + 0.05 and sum(seconds) < 3

    # A busy machine slows a part of it, but not in every try.
    assert any(is_so() for _ in range(10))


def test_outline_has_no_entry_under_40_tokens_but_the_last() -> None:
    for text in TEXTS.values():
        for entry in outline(text)[:-1]:
            body = text[entry.start_character : entry.end_character]
            wide = len(re.findall("[⺀-鿿]", body))
            assert wide * 5 + (len(body) - wide) * 2 >= 38 * 8


# --- steps


def kinds_of(text: str) -> list[str]:
    return [entry.kind for entry in outline(text)]


FILL = "We write the sum as a product and go on from there, one factor after the other, until nothing is left. " * 3


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        ("Wait, that product has one factor too few.", "turn_back"),
        ("But wait, the sum starts at one.", "turn_back"),
        ("Hmm, the last factor is odd.", "turn_back"),
        ("Alternatively, a telescoping sum would do.", "attempt"),
        ("Let me double-check the second factor.", "check"),
    ],
)
def test_outline_starts_an_entry_at_a_turn_inside_a_long_paragraph(turn: str, kind: str) -> None:
    text = FILL + turn + " " + FILL
    assert [text[entry.start_character :].startswith(turn) for entry in outline(text)] == [False, True]
    assert kinds_of(text)[1] == kind


def test_outline_starts_an_entry_at_a_chinese_turn_inside_a_long_paragraph() -> None:
    fill = "我们把这个和写成一个乘积，然后一个因子一个因子地往下算，直到什么都不剩。" * 4
    text = fill + "等等，不对，这里少了一个因子。" + fill + "让我再检查一下每一步。" + fill
    assert kinds_of(text)[1:] == ["turn_back", "check"]


def test_outline_starts_no_entry_at_a_turn_in_a_short_paragraph() -> None:
    assert len(outline("It is 5. Wait, it is 6. Wait, it is 7.")) == 1


def test_outline_keeps_formulas_and_lists_with_the_sentence_before_them() -> None:
    text = f"First, differentiate both sides. {FILL}\n\n\\[\nn = 1\n\\]\n\n- one\n\n- two\n\n"
    assert len(outline(text)) == 1


def test_outline_starts_no_entry_at_a_blank_line_within_a_code_fence() -> None:
    code = "```python\n" + "\n\n".join(f"Wait = {i}  # so the final answer is near" for i in range(40)) + "\n```"
    entries = outline(f"{FILL}\n\n{code}\n\nWait, that is wrong. {FILL}")
    assert [entry.kind for entry in entries][-1] == "turn_back"
    assert len(entries) <= 3


def test_outline_ends_with_the_conclusion_when_the_thinking_does() -> None:
    assert kinds_of(TEXTS["qwq_32b_preview_binomial_sum"])[-1] == "conclusion"
    assert kinds_of(long_thinking() + "\n\n" + FILL + "\n\n**Final Answer**\n\n\\[ \\boxed{12} \\]")[-1] == "conclusion"


def test_outline_of_a_real_text_reads_like_this() -> None:
    entries = outline(TEXTS["qwq_32b_preview_polynomial_excerpt"])
    assert [(entry.kind, entry.title) for entry in entries[:7]] == [
        ("plan", "So I've got this problem here: \"For what integer a does x^2…"),
        ("attempt", "First off, if x^2 - x + a divides x^(13) + x + 90"),
        ("turn_back", "But finding q(x) directly seems pretty complicated because…"),
        ("attempt", "Let me find the roots of x^2 - x + a"),
        ("turn_back", "This seems a bit messy because r and s are not nice numbers…"),
        ("turn_back", "This is getting complicated quickly"),
        ("attempt", "Alternatively, maybe I can use the concept of roots of…"),
    ]


def test_token_at_spreads_the_tokens_of_an_entry_over_its_text() -> None:
    entries = (OutlineEntry(1, "plan", "a", 0, 100, 0, 50), OutlineEntry(2, "attempt", "b", 100, 200, 50, 10))
    assert [token_at(entries, character) for character in (0, 50, 100, 150, 200, 999)] == [0, 25, 50, 55, 60, 60]
    assert token_at((), 5) == 0
