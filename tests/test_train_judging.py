"""Answers and golds: which are right, which wrong, which cannot be judged."""

import json

import pytest

from train.judging import boxed, call_in, code_in, is_right, named, normalised, split_answer
from train.traces import Asserts, Call, Gold, Nothing, Value

WEATHER = Call("weather", {"city": "Bern", "days": 3})


def completed(answer: str, thinking: str = "Let me see.") -> str:
    return f"{thinking}\n</think>\n\n{answer}"


def call_text(name: str = "weather", **arguments: object) -> str:
    call = {"name": name, "arguments": arguments or {"city": "Bern", "days": 3}}
    return f"<tool_call>\n{json.dumps(call)}\n</tool_call>"


def passes(code: str, asserts: tuple[str, ...]) -> bool:
    """Runs this file's own lines of code."""
    try:
        exec("\n".join([code, *asserts]), {})
    except (AssertionError, NameError, SyntaxError):
        return False
    return True


@pytest.mark.parametrize(
    ("gold", "answer", "right"),
    [
        pytest.param("936", "It is $\\boxed{936}$.", True, id="whole number"),
        pytest.param("936", "It is $\\boxed{935}$.", False, id="another number"),
        pytest.param("936", "It is 936.", False, id="no box"),
        pytest.param("-3", "$x = \\boxed{-3}$", True, id="negative"),
        pytest.param("3", "$x = \\boxed{-3}$", False, id="sign"),
        pytest.param("1/2", "\\boxed{\\frac{1}{2}}", True, id="frac"),
        pytest.param("1/2", "\\boxed{\\dfrac{1}{2}}", True, id="dfrac"),
        pytest.param("1/2", "\\boxed{\\frac12}", True, id="frac without braces"),
        pytest.param("-1/2", "\\boxed{-\\frac{1}{2}}", True, id="minus before frac"),
        pytest.param("-1/2", "\\boxed{\\frac{-1}{2}}", True, id="minus inside frac"),
        pytest.param("1/2", "\\boxed{1/2}", True, id="slash"),
        pytest.param("1/2", "\\boxed{\\frac{3}{6}}", False, id="not in lowest terms"),
        pytest.param("1/2", "\\boxed{0.5}", True, id="fraction as a decimal"),
        pytest.param("1/3", "\\boxed{0.33}", False, id="rounded"),
        pytest.param("1/2", "\\boxed{\\frac{2}{1}}", False, id="turned over"),
        pytest.param("5", "\\boxed{\\frac{5}{0}}", False, id="divided by zero"),
        pytest.param("1250", "\\boxed{1,250}", True, id="comma in thousands"),
        pytest.param("1250", "\\boxed{1250.00}", True, id="zeros after the point"),
        pytest.param("20", "\\boxed{20\\%}", True, id="LaTeX percent"),
        pytest.param("20", "\\boxed{20%}", True, id="percent"),
        pytest.param("12.60", "\\boxed{\\$12.60}", False, id="LaTeX dollar is not read"),
        pytest.param("12.60", "\\boxed{12.6}", True, id="money without its last zero"),
        pytest.param("yes", "$\\boxed{\\text{yes}}$: it is.", True, id="text yes"),
        pytest.param("yes", "$\\boxed{\\text{Yes.}}$", True, id="capital and full stop"),
        pytest.param("yes", "$\\boxed{\\text{no}}$", False, id="no for yes"),
        pytest.param("2^3 * 7", "$56 = \\boxed{2^3 \\cdot 7}$", True, id="powers with cdot"),
        pytest.param("2 * 2 * 7", "$28 = \\boxed{2 \\times 2 × 7}$", True, id="times"),
        pytest.param("2^3 * 7", "$56 = \\boxed{7 \\cdot 2^3}$", False, id="factors in another order"),
        pytest.param("4", "First $\\boxed{3}$, no: $\\boxed{4}$.", True, id="last of two boxes"),
        pytest.param("3", "First $\\boxed{3}$, no: $\\boxed{4}$.", False, id="first of two boxes"),
        pytest.param("3", "It is $\\boxed{3", False, id="unclosed box"),
        pytest.param("3", "$\\boxed{3}$ or $\\boxed{4", False, id="unclosed box after a closed one"),
        pytest.param("3", "$\\boxed{}$", False, id="empty box"),
    ],
)
def test_boxed_answer_is_judged(gold: str, answer: str, right: bool) -> None:
    assert is_right(Value(gold), completed(answer), None) is right


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("It is $\\boxed{3}$.", id="thinking never closed"),
        pytest.param("$\\boxed{3}$\n</think>\n\nIt is three.", id="box only in the thinking"),
        pytest.param("$\\boxed{3}$\n</think>\n\n", id="no answer"),
        pytest.param("", id="nothing"),
    ],
)
def test_answer_outside_of_the_answer_is_wrong(text: str) -> None:
    assert is_right(Value("3"), text, None) is False


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        pytest.param(call_text(), True, id="call alone"),
        pytest.param(f"I look it up.\n{call_text()}\nOne moment.", True, id="text around the call"),
        pytest.param(call_text(days=3, city="Bern"), True, id="arguments in another order"),
        pytest.param(f"{call_text()}\n{call_text()}", False, id="two calls"),
        pytest.param(
            '<tool_call>\n{"name": "weather", "arguments": {"city": "Bern"\n</tool_call>', False, id="bad JSON"
        ),
        pytest.param('<tool_call>\n["weather"]\n</tool_call>', False, id="list"),
        pytest.param('<tool_call>{"name": "weather"}</tool_call>', False, id="no arguments"),
        pytest.param(call_text(city="Bern", days="3"), False, id="number as text"),
        pytest.param(call_text(city="Bern"), False, id="argument left out"),
        pytest.param(call_text(city="Bern", days=3, unit="C"), False, id="argument too many"),
        pytest.param(call_text("forecast"), False, id="another tool"),
        pytest.param(call_text().removesuffix("</tool_call>"), False, id="unclosed call"),
        pytest.param("weather(city='Bern', days=3)", False, id="call as code"),
    ],
)
def test_tool_call_is_judged(answer: str, right: bool) -> None:
    assert is_right(WEATHER, completed(answer), None) is right


def test_call_in_the_thinking_is_neither_a_call_nor_a_second_one() -> None:
    assert is_right(WEATHER, completed("Done.", thinking=call_text()), None) is False
    assert is_right(WEATHER, completed(call_text(), thinking=call_text()), None) is True


def test_call_whose_text_argument_has_braces_is_read_whole() -> None:
    arguments = {"code": "print({1: {2}})\n"}
    assert call_in(call_text("python", **arguments)) == {"name": "python", "arguments": arguments}


DOUBLE = Asserts("double", ("assert double(4) == 8", "assert double(0) == 0"))


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        pytest.param("```python\ndef double(n):\n    return 2 * n\n```", True, id="right code"),
        pytest.param("```py\ndef double(n):\n    return n + n\n```\nDone.", True, id="another mark, text after it"),
        pytest.param("```\ndef twice(n):\n    return 2 * n\n```", True, id="under another name"),
        pytest.param("```python\ndef double(n):\n    return n * n\n```", False, id="wrong code"),
        pytest.param("```python\ndef double(n)\n    return 2 * n\n```", False, id="not Python"),
        pytest.param("def double(n):\n    return 2 * n", False, id="not fenced"),
        pytest.param("```python\ndef double(n):\n    return 2 * n\n", False, id="fence not closed"),
        pytest.param("```python\nx = 1\n```", False, id="no function"),
        pytest.param(
            "```python\ndef double(n):\n    return 0\n```\nBetter:\n```python\ndef double(n):\n    return 2 * n\n```",
            True,
            id="last of two blocks",
        ),
    ],
)
def test_code_is_judged_by_its_asserts(answer: str, right: bool) -> None:
    assert is_right(DOUBLE, completed(answer), passes) is right


@pytest.mark.parametrize(
    ("gold", "text"),
    [
        pytest.param(Nothing(), completed("Hello!"), id="chat"),
        pytest.param(Nothing(), "Hm", id="chat that never closes its thinking"),
        pytest.param(
            DOUBLE, completed("```python\ndef double(n):\n    return 2 * n\n```"), id="code that nothing can run"
        ),
    ],
)
def test_what_cannot_be_judged_is_neither_right_nor_wrong(gold: Gold, text: str) -> None:
    assert is_right(gold, text, None) is None


def test_named_gives_the_last_function_the_wanted_name_unless_it_is_there() -> None:
    two = "def part(n):\n    return n\n\ndef whole(n):\n    return 2 * part(n)\n"
    assert passes(named(two, "double"), DOUBLE.asserts)
    assert named(two, "part") == two
    assert named("x = 1", "double") == "x = 1"


@pytest.mark.parametrize(
    ("answer", "inside"),
    [
        pytest.param("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}", id="nested braces"),
        pytest.param("\\boxed{\\text{a {b} c}} and {more}", "\\text{a {b} c}", id="braces in braces, more after it"),
        pytest.param("\\boxed{1} \\boxed{2}", "2", id="two boxes"),
        pytest.param("\\boxed{", None, id="unclosed"),
        pytest.param("boxed 3", None, id="no box"),
    ],
)
def test_boxed_finds_what_the_last_box_holds(answer: str, inside: str | None) -> None:
    assert boxed(answer) == inside


def test_split_answer_cuts_at_the_first_closing_and_keeps_an_open_thinking() -> None:
    assert split_answer("a</think>b</think>c") == ("a", "b</think>c")
    assert split_answer("\na, b") == ("a, b", None)


def test_normalised_leaves_text_that_is_no_number_as_text() -> None:
    assert normalised(" $x + 1$. ") == "x+1"
    assert normalised("1/0") == "1/0"


def test_code_in_is_none_without_a_block() -> None:
    assert code_in("`double`") is None
