"""Check programs with their outputs: what is found in an answer, what a line says, what counts as worked out."""

import time
from fractions import Fraction

import pytest

from verify.check_program import Ran, evidence_of, printed_answer, program_in
from verify.program_worth import program_worth


@pytest.mark.parametrize(
    ("answer", "source"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("```\nprint(1)\n```", "print(1)"),
        ("~~~py\nprint(1)\n~~~\nand\n```text\n1\n```", "print(1)"),
        ("```python\nprint(1)\n```\nBetter:\n```python\nprint(2)\n```", "print(2)"),
        ("````python\nprint('''\n```\n''')\n````", "print('''\n```\n''')"),
        ("```python\nprint(1)", "print(1)"),
        (
            "```python\ndef f(n):\n    return 2 * n\n```\nThen\n```python\nprint(f(4))\n```",
            "def f(n):\n    return 2 * n\n\nprint(f(4))",
        ),
        ("```python\nx = 5\nprint(x)\n```\nIt prints\n```\n5\n```", "x = 5\nprint(x)"),
        ("It is 5.", ""),
        ("```text\n5\n```", ""),
    ],
)
def test_program_is_what_prints_and_what_that_needs(answer: str, source: str):
    assert program_in(answer) == source


def test_answer_that_opens_fences_without_end_is_read_within_a_bound():
    began = time.thread_time()
    program_in("```python x\n" * 60_000)
    assert time.thread_time() - began < 4


@pytest.mark.parametrize(
    ("stdout", "answer"),
    [
        ("55\n", "55"),
        ("trying\n55\n\n", "55"),
        ("3.0", "3"),
        ("[1, 2, 3]", r"\{1, 2, 3\}"),
        ("{1, 2}", r"\{1, 2\}"),
        ("[]", "no solution"),
        ("(3, 4)", "(3, 4)"),
        ("True", "true"),
        ("None", ""),
        ("", ""),
        ("Fraction(3, 4)", "3/4"),
        ("[Fraction(1, 2), 3]", "[1/2, 3]"),
        ("'Bob'", "Bob"),
        ("x = 5", "x = 5"),
        ("1e400", "1e400"),
        ("(" * 5000, "(" * 300),
    ],
)
def test_last_line_is_read_as_mathematics(stdout: str, answer: str):
    assert printed_answer(stdout) == answer


ONLY_WRITTEN = [
    "print(5)",
    "x = 5\nprint(x)",
    "a, b = 3, 4\nprint(a)",
    "def solve():\n    return 42\nprint(solve())",
    "answer = '12'\nprint(int(answer))",
    "print(f'{5}')",
    "for i in range(1):\n    print(42)",
    "while True:\n    print(42)\n    break",
    "def main():\n    a = 5\n    print(a)\nmain()",
    "from fractions import Fraction\nprint(Fraction(3, 4))",
    "import sys\nsys.stdout.write('5')",
    # All of the work leads nowhere.
    "total = 0\nfor i in range(10):\n    total += i\nprint(45)",
]
WORKED_OUT = [
    "print(36 * 14)",
    "print(sum(i for i in range(10) if i % 3 == 0))",
    "t = 0\nfor i in range(9):\n    t += i\nprint(t)",
    "for x in range(100):\n    if x * x == 49:\n        print(x)",
    "found = False\nfor i in range(3):\n    if i > 1:\n        found = True\nprint(found)",
    "if 7 % 2:\n    print('odd')\nelse:\n    print('even')",
    "def double(n):\n    return n * 2\nprint(double(3))",
    "import math\nprint(math.comb(5, 2))",
    "found = []\nfor i in range(3):\n    found.append(i)\nprint(found)",
    "def is_prime(n):\n    for i in range(2, n):\n        if n % i == 0:\n            return False\n    return True\nprint(is_prime(7))",
]


@pytest.mark.parametrize("source", ONLY_WRITTEN)
def test_program_that_prints_what_it_was_written_with_works_nothing_out(source: str):
    assert not program_worth(source).works_out


@pytest.mark.parametrize("source", WORKED_OUT)
def test_program_that_computes_or_chooses_what_it_prints_works_it_out(source: str):
    assert program_worth(source).works_out


def test_source_that_is_no_python_is_not_readable():
    assert [program_worth(text).is_readable for text in ("print(", "x = \0", "(" * 10_000)] == [False] * 3


def is_same(one: str, other: str) -> bool:
    try:
        return Fraction(one) == Fraction(other)
    except ValueError:
        return one == other


@pytest.mark.parametrize(
    ("source", "printed", "answer", "strength", "is_for"),
    [
        ("print(1 / 2)", "0.5", "1/2", "weak", True),  # the constants make up the answer
        ("print(sum(range(2)) / 2)", "0.5", "1/2", "fair", True),
        ("print(sum(range(4)) / 7)", "0.857142857", "0.857", "weak", True),
        ("print(sum(range(4)) / 7)", "0.857142857", "0.86", "none", True),
        ("print(sum(range(4)) / 7)", "0.857142857", "0.858", "fair", False),
        ("print(sum(range(4)) * 0.4999999999)", "2.9999999994", "3", "weak", True),
        ("print(sum(range(4)) * 0.51)", "3.06", "3", "none", True),
        ("print(sum(range(4)) * 0.6)", "3.6", "3", "fair", False),
        ("print(-sum(range(4)))", "-6", "6", "fair", False),
    ],
)
def test_strength_says_how_much_agreeing_shows(source: str, printed: str, answer: str, strength: str, is_for: bool):
    evidence = evidence_of(Ran(source, "ok", printed), answer, is_same)
    assert (evidence.strength, evidence.is_for) == (strength, is_for)


@pytest.mark.parametrize("status", ["timeout", "memory", "output-limit", "crashed", "early-exit", "error", "refused"])
def test_program_that_was_stopped_shows_nothing_even_where_it_had_printed_the_answer(status: str):
    evidence = evidence_of(Ran("print(sum([1, 3]))", status, "4", "why"), "4", is_same)  # type: ignore[arg-type]
    assert evidence.strength == "none" and evidence.output == "4"
