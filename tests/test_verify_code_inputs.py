"""Inputs with their outputs, as people and data sets write them."""

from typing import Any

import pytest

from model.errors import BadInput
from verify.code.inputs import pairs_of_json, pairs_of_text

TWO = [("2 3\n", "5\n"), ("1 1\n", "2\n")]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        pytest.param("input:\n2 3\noutput:\n5\n\ninput:\n1 1\noutput:\n2\n", TWO, id="blocks"),
        pytest.param("input: 2 3\noutput: 5\ninput: 1 1\noutput: 2", TWO, id="behind the colon"),
        pytest.param(
            "Sample Input 1\n\n2 3\n\nSample Output 1\n\n5\n\nSample Input 2\n1 1\nSample Output 2\n2",
            TWO,
            id="a statement's samples",
        ),
        pytest.param(
            "### Input\n```\n2 3\n```\n### Output\n```\n5\n```\n---\n### Input\n```\n1 1\n```\n### Output\n```\n2\n```",
            TWO,
            id="headings and fences",
        ),
        pytest.param("**Input:** 2 3\n**Output:** 5\n\n**Input:** 1 1\n**Output:** 2", TWO, id="bold"),
        pytest.param(
            "Test 1:\nstdin: 2 3\nexpected output: 5\nTest 2:\nstdin: 1 1\nexpected output: 2", TWO, id="numbered tests"
        ),
        pytest.param("2 3 -> 5\n1 1 => 2\n", TWO, id="arrows"),
        pytest.param("# two sums\n`2 3` → `5`\n`1 1` → `2`", TWO, id="arrows with ticks and a comment"),
        pytest.param(
            "Input #1:\r\n2 3\r\nOutput #1:\r\n5\r\nInput #2:\r\n1 1\r\nOutput #2:\r\n2\r\n", TWO, id="from Windows"
        ),
        pytest.param("input:\n3\n1 2\n\n4\noutput:\n10\n", [("3\n1 2\n\n4\n", "10\n")], id="an empty line inside"),
        pytest.param("input:\noutput:\nHello\n", [("", "Hello\n")], id="nothing is read"),
        pytest.param("input: 5\noutput:\n", [("5\n", "")], id="nothing is printed"),
        pytest.param("expected output: Hello", [("", "Hello\n")], id="an output alone"),
        pytest.param("3\\n1 2 3 -> 6", [("3\n1 2 3\n", "6\n")], id="lines in a line"),
        pytest.param("输入 3", [], id="something else"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_pairs_of_text_reads_what_people_write(text: str, pairs: list[tuple[str, str]]) -> None:
    assert pairs_of_text(text) == pairs


@pytest.mark.parametrize(
    ("told", "pairs"),
    [
        ([{"stdin": "1", "stdout": "2"}], [("1", "2")]),
        ([{"input": "1", "output": "2", "testtype": "stdin"}], [("1", "2")]),
        ([{"output": "2"}], [("", "2")]),
        ({"inputs": ["1", "2"], "outputs": ["3", "4"]}, [("1", "3"), ("2", "4")]),
        ([["1", "2"], [3, 4.5]], [("1", "2"), ("3", "4.5")]),
        ([{"input": ["1", "2"], "output": 3}], [("1\n2", "3")]),
    ],
)
def test_pairs_of_json_reads_what_data_sets_hold(told: Any, pairs: list[tuple[str, str]]) -> None:
    assert pairs_of_json(told) == pairs


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([{"stdin": "1"}], "Test 1 is no input with its output"),
        ([["1", "2"], ["1"]], "Test 2 is no input with its output"),
        ([{"stdin": None, "stdout": "1"}], "Test 1: an input or an output is text"),
        ({"inputs": ["1"], "outputs": []}, "1 inputs and 0 outputs"),
    ],
)
def test_pairs_of_json_says_what_is_wrong(told: Any, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        pairs_of_json(told)


@pytest.mark.parametrize("text", ["input: 1\ninput: 2\noutput: 3", "input: 1\noutput: 2\ninput: 3"])
def test_an_input_without_an_output_is_told(text: str) -> None:
    with pytest.raises(BadInput, match="has no output"):
        pairs_of_text(text)
