import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import maths
from ui.maths import for_display

PIECES = [
    "$",
    "$$",
    "`",
    "``",
    "```",
    "~~~",
    "\n",
    "\n\n",
    "a",
    " ",
    "1",
    "\\",
    "\\(",
    "\\)",
    "\\[",
    "\\]",
    "x",
    "*",
    "**",
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("It is $x^2$.", "It is \\(x^2\\).", id="single dollars"),
        pytest.param("$5 and $10", "$5 and $10", id="money"),
        pytest.param("costs $5 and $10, so $$x$$", "costs $5 and $10, so $$x$$", id="money before display"),
        pytest.param("$ x$ and $y $", "$ x$ and $y $", id="space just inside"),
        pytest.param("$x$1", "$x$1", id="digit after the closing dollar"),
        pytest.param("\\$5 and $x$", "\\$5 and \\(x\\)", id="escaped dollar"),
        pytest.param("\\(a\\) \\[b\\] $$c$$", "\\(a\\) \\[b\\] $$c$$", id="marked already"),
        pytest.param("`$x$` and $y$", "`$x$` and \\(y\\)", id="inline code"),
        pytest.param("``a ` $b$`` $c$", "``a ` $b$`` \\(c\\)", id="double backticks"),
        pytest.param("```py\np = $a$\n```\n$c$", "```py\np = $a$\n```\n\\(c\\)", id="fence"),
        pytest.param("```\n$x$ never closed", "```\n$x$ never closed", id="open fence"),
        pytest.param(
            "- item\n  ~~~\n  $x$\n  ~~~\n  $y$", "- item\n  ~~~\n  $x$\n  ~~~\n  \\(y\\)", id="fence in a list"
        ),
        pytest.param("costs $5 and `$x$`", "costs $5 and `$x$`", id="formula never reaches over code"),
        pytest.param("$a\n\nb$", "$a\n\nb$", id="formula ends with its paragraph"),
        pytest.param("a `tick and $x$", "a `tick and \\(x\\)", id="lone backtick"),
        pytest.param("3456*78: 6*7=42, 2**3", "3456\\*78: 6\\*7=42, 2\\*\\*3", id="times signs"),
        pytest.param(
            "*3* and **5** `2*3` $2*3$", "*3* and **5** `2*3` \\(2*3\\)", id="emphasis, code and maths keep stars"
        ),
        pytest.param("\\\\[2pt] $x$", "\\\\[2pt] \\(x\\)", id="escaped backslash before a bracket"),
    ],
)
def test_for_display_marks_maths_outside_code_only(text: str, shown: str) -> None:
    assert for_display(text) == shown


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_for_display_only_ever_grows_while_an_answer_is_written(text: str) -> None:
    final = for_display(text)
    parts = [for_display(text[:cut], is_final=False) for cut in range(len(text) + 1)]
    assert all(later.startswith(earlier) for earlier, later in zip(parts, [*parts[1:], final], strict=True))


def test_for_display_shows_a_long_unclosed_formula_all_the_same() -> None:
    text = "\\[ " + "x + " * maths.HOLD_BACK_CHARACTERS
    assert for_display(text, is_final=False) == text
    money = "It costs $5 " + "a" * maths.HOLD_BACK_DOLLAR_CHARACTERS
    assert for_display(money, is_final=False) == money


def test_for_display_holds_back_a_formula_until_it_is_whole() -> None:
    assert for_display("So $x^", is_final=False) == "So "
    assert for_display("So $x^2$ ", is_final=False) == "So \\(x^2\\) "
