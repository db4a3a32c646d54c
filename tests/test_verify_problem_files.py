"""Files of problems in either form: what is read, what is refused, and rows written out again."""

import csv
import io
import json

import pytest

from model.errors import BadInput
from verify.problem_files import MOST_PROBLEMS, GivenProblem, check_number, problems_from_file, to_table


@pytest.mark.parametrize(
    "content",
    [
        'problem,gold\n1+1,2\n"2, and 3?",5\n',
        "\ufeffProblem;Answer\r\n1+1;2\r\n2, and 3?;5\r\n",
        "question\texpected_answer\n1+1\t2\n2, and 3?\t5\n",
        '{"problem": "1+1", "answer": 2}\n\n{"problem": "2, and 3?", "answer": "5"}\n',
        '[{"problem": "1+1", "gold": "2"}, {"question": "2, and 3?", "gold": "#### 5"}]',
    ],
    ids=["csv", "csv of a spreadsheet", "tabs", "json lines", "json array"],
)
def test_the_same_problems_are_read_from_every_form(content: str):
    assert problems_from_file("f", content.encode()) == [
        GivenProblem("1", "1+1", "2"),
        GivenProblem("2", "2, and 3?", "5"),
    ]


def test_problem_may_have_lines_and_separators_of_its_own():
    line = json.dumps({"id": "x", "problem": "a\u2028b\nc", "answer": None}, ensure_ascii=False)
    assert problems_from_file("f", line.encode()) == [GivenProblem("x", "a\u2028b\nc")]
    assert problems_from_file("f", b'id,problem\nx,"a\nb"\n') == [GivenProblem("x", "a\nb")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "columns nothing|holds no problem"),
        (b"problem,gold\n", "holds no problem"),
        (b"a,b\n1,2\n", "the columns 'a', 'b'"),
        (b"\xff\xfe1", "no UTF-8"),
        (b'{"problem": "1"}\n{"problem": \n', "line 2"),
        (b'{"gold": "1"}', "row 1: there is no problem. It has gold"),
        (b'{"problem": ["1"]}', "neither a text nor a number"),
        (b'{"problem": "\\ud800"}', "surrogate"),
        (b"[1]", "give an object"),
        (b"[{]", "no|none"),
        (b'problem\n"a', "no CSV"),
        (b"problem\n" + b"1\n" * (MOST_PROBLEMS + 1), "more than 2,000"),
        (b"problem\n" + b"1" * 20_001, "20,001 characters and the limit is 20,000"),
        (b"x" * 8_000_001, "8.0 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(content: bytes, says: str):
    with pytest.raises(BadInput, match=says):
        problems_from_file("f.csv", content)


def test_rows_come_back_from_both_forms_as_they_were():
    rows = [{"id": "1", "problem": 'a,\n"b"', "answer": "½"}, {"id": "2", "problem": "=1+1", "answer": ""}]
    assert [json.loads(line) for line in to_table(rows, "json_lines").splitlines()] == rows
    assert list(csv.DictReader(io.StringIO(to_table(rows, "csv"), newline=""))) == rows
    assert to_table([], "json_lines") == ""


def test_shared_server_takes_few_problems_at_once():
    problems = [GivenProblem(str(n), "1+1") for n in range(51)]
    check_number(problems, is_hosted=False)
    check_number(problems[:50], is_hosted=True)
    with pytest.raises(BadInput, match="51 problems and this shared server takes 50"):
        check_number(problems, is_hosted=True)
