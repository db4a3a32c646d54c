import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.outline_titles import TITLE_WIDTH, title_of


@pytest.mark.parametrize(
    ("step", "title"),
    [
        ("**Step 1:** Find the roots of \\( x^2 - 1 \\).", "Step 1: Find the roots of x^2 - 1"),
        ("## Plan\n\nmore", "Plan more"),
        ("Yes. So this code should work. And more.", "Yes. So this code should work"),
        ("So \\(\\frac{1}{2} \\cdot 4 \\le 3\\) holds here.", "So 1/2 ·4 ≤3 holds here"),
        ("不过，有没有可能我哪里算错了？比如", "不过，有没有可能我哪里算错了"),
        ("**", "**"),
    ],
)
def test_title_is_the_first_clause_without_markup(step: str, title: str) -> None:
    assert title_of(step) == title


WORDS = st.lists(
    st.sampled_from(["wait", "internationalisation", "阶乘", "是", "120", ",", "，", "."]), min_size=1, max_size=40
)


@settings(deadline=None)
@given(WORDS)
def test_title_never_ends_within_a_word_and_never_runs_over(words: list[str]) -> None:
    head = " ".join(words)
    title = title_of(head)
    assert title
    assert len(title) + len(re.findall("[⺀-鿿！-｠]", title)) <= TITLE_WIDTH + 1
    bare = title.rstrip("….,，")
    assert not bare or re.search(re.escape(bare) + r"(?![a-z0-9])", head)


def test_title_leaves_out_a_word_that_the_text_was_cut_in() -> None:
    assert title_of("We look at the divisors of two hundr", is_cut=True) == "We look at the divisors of two…"
