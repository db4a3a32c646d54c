import random
import time
from itertools import takewhile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.comparing import (
    MOST_ALIGNED_PARAGRAPHS,
    Comparison,
    FirstDifference,
    Row,
    common_characters,
    compare,
    paragraphs,
)

# Few letters and many line ends, so that texts of a few characters have paragraphs in common.
TEXTS = st.lists(st.sampled_from(["a", "b", "四", " ", "\n", "\n\n", "one two", "\t", "\r\n"]), max_size=14).map(
    "".join
)


def kinds(comparison: Comparison) -> list[str]:
    return [row.kind for row in comparison.rows]


@settings(deadline=None)
@given(TEXTS)
def test_paragraphs_joined_are_the_text_and_only_the_last_may_be_blank(text):
    pieces = paragraphs(text)
    assert "".join(pieces) == text
    assert all(piece.strip() for piece in pieces[1:-1])
    assert all("\n\n" not in piece.strip() for piece in pieces)


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
@example("a", "a\nb")
@example("a\n\nb", "a\n\n\nb")
def test_pieces_of_each_side_joined_give_that_side_back(left, right):
    rows = compare(left, right).rows
    assert "".join(row.left for row in rows) == left
    assert "".join(row.right for row in rows) == right


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
def test_rows_are_of_the_kind_that_their_pieces_say(left, right):
    for row in compare(left, right).rows:
        said = "same" if row.left == row.right else "only_right" if not row.left else "only_left"
        assert row.kind == ("changed" if row.left != row.right and row.left and row.right else said)


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
def test_first_difference_is_where_one_character_after_the_other_says(left, right):
    found = compare(left, right).first_difference
    if left == right:
        assert found is None
        return
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    shared = sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(paragraphs(left), paragraphs(right), strict=False))
    )
    assert found == FirstDifference(alike, shared + 1)


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
def test_first_row_that_is_not_the_same_is_the_paragraph_of_the_first_difference(left, right):
    found = compare(left, right)
    before = len(list(takewhile(lambda row: row.kind == "same", found.rows)))
    assert found.first_difference is None or found.first_difference.paragraph == before + 1


@settings(deadline=None, max_examples=300)
@given(TEXTS, TEXTS)
def test_changed_row_is_the_same_up_to_the_word_that_it_marks(left, right):
    for row in compare(left, right).rows:
        if row.kind != "changed":
            continue
        assert row.left[: row.same_characters] == row.right[: row.same_characters]
        words = row.left[row.same_characters : row.left_word_end], row.right[row.same_characters : row.right_word_end]
        assert words[0] != words[1]


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        pytest.param("It is forty-two.", "It is forty-three.", ("two", "three"), id="inside a hyphened word"),
        pytest.param("The fourth.", "The four.", ("fourth", "four"), id="a word that goes on"),
        pytest.param("So 12 = 5.", "So 17 = 5.", ("12", "17"), id="a number as a whole"),
        pytest.param("答案是五", "答案是六", ("五", "六"), id="one Chinese character"),
        pytest.param("It is", "It is four", ("", " four"), id="one side ends"),
        pytest.param("It is (i-1)", "It is five", ("(i", "five"), id="a mark and its word"),
        pytest.param("One.", "Two.", ("One", "Two"), id="the first word"),
    ],
)
def test_changed_row_marks_the_whole_first_word_that_differs(left, right, words):
    (row,) = compare(left, right).rows
    marked = row.left[row.same_characters : row.left_word_end], row.right[row.same_characters : row.right_word_end]
    assert marked == words


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param("a\n\nb\n\nc", "a\n\nx\n\nc", ["same", "changed", "same"], id="one changed"),
        pytest.param("a\n\nc", "a\n\nb\n\nc", ["same", "only_right", "same"], id="one put in"),
        pytest.param("a\n\nb\n\nc", "a\n\nc", ["same", "only_left", "same"], id="one left out"),
        pytest.param("a", "a\n\nb", ["same", "only_right"], id="one goes on"),
        pytest.param("a", "", ["only_left"], id="nothing beside"),
        pytest.param(
            "a\n\nSo the sum is odd.\n\nz",
            "a\n\nMind the gap.\n\nSo the sum is even.\n\nz",
            ["same", "only_right", "changed", "same"],
            id="one put in before a reworded one",
        ),
        pytest.param(
            "a\n\n和是奇数。\n\n别的\n\nz",
            "a\n\n和是偶数。\n\nz",
            ["same", "changed", "only_left", "same"],
            id="reworded in Chinese",
        ),
        pytest.param("", "", [], id="nothing at all"),
        pytest.param(
            "x\n\na\n\nb\n\nc\n\nq",
            "y\n\nz\n\na\n\nb\n\nc",
            ["changed", "only_right", *["same"] * 3, "only_left"],
            id="moved",
        ),
    ],
)
def test_paragraphs_that_both_have_stand_beside_each_other(left, right, expected):
    assert kinds(compare(left, right)) == expected


def test_count_leaves_out_what_has_no_word():
    found = compare("a\n\nb\n\n", "a\n\nc")
    assert kinds(found)[-1] == "only_left" and found.rows[-1] == Row("only_left", "\n\n", "")
    counts = found.count("same"), found.count("changed"), found.count("only_left"), found.count("only_right")
    assert counts == (1, 1, 0, 0)


def test_common_characters_counts_all_of_two_equal_texts():
    assert common_characters("ab" * 999, "ab" * 999) == 1998


def a_thinking(seed: int, n_paragraphs: int, words_each: int) -> str:
    drawn = random.Random(seed)
    words = ["so", "wait", "the", "sum", "is", "42", "let", "me", "check", "therefore", "factor", "odd"]
    return "\n\n".join(" ".join(drawn.choice(words) for _ in range(words_each)) for _ in range(n_paragraphs))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        pytest.param(a_thinking(1, 1000, 24), a_thinking(2, 1000, 24), id="nothing in common"),
        pytest.param(a_thinking(1, 30_000, 1), a_thinking(2, 30_000, 1), id="a word a paragraph, 12 of them"),
        pytest.param(a_thinking(1, 1000, 24), a_thinking(1, 900, 24) + a_thinking(3, 130, 19), id="part at the end"),
        pytest.param("a b " * 25_000 + "c", "a b " * 25_000 + "d", id="one paragraph"),
        pytest.param("x\n\n" * 33_000, "y\n\n" + "x\n\n" * 33_000, id="in circles"),
    ],
)
def test_two_texts_of_100_000_characters_take_no_second(left, right):
    assert min(len(left), len(right)) > 95_000
    before = time.thread_time()
    found = compare(left, right)
    assert time.thread_time() - before < 1.0
    assert "".join(row.right for row in found.rows) == right


def test_more_paragraphs_than_are_aligned_stand_beside_each_other_one_by_one():
    alike = [f"{n}" for n in range(MOST_ALIGNED_PARAGRAPHS)]
    left, right = ["l", "one more", *alike, "l"], ["r", *alike, "r"]
    assert "same" not in kinds(compare("\n\n".join(left), "\n\n".join(right)))
    # One less, and they are aligned.
    left, right = ["l", "one more", *alike[3:], "l"], ["r", *alike[3:], "r"]
    assert kinds(compare("\n\n".join(left), "\n\n".join(right))).count("same") == len(alike) - 3
