"""Tests that a model wrote: which of them can be run, what they are run on, and where programs part."""

from collections.abc import Iterator

import pytest

from model.code_events import Program
from verify.code.disagreeing import disagreement_of
from verify.code.judge import CodeJudge
from verify.code.model_tests import MOST_TESTS, asserts_of, fitting, with_names_of
from verify.code.test_sets import read_tests


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


@pytest.mark.parametrize(
    ("answer", "asserts"),
    [
        ("Here:\n```python\nassert f(1) == 2\nassert f(2) == 3\n```", ["assert f(1) == 2", "assert f(2) == 3"]),
        ("assert f(1) == 2\nassert f(1)==2", ["assert f(1) == 2"]),
        ("```python\ndef test_f():\n    assert f('a') == 'b'\n```", ["assert f('a') == 'b'"]),
        ("assert f(x) == 2\nassert f(1 == 2\nassert f(3) == 4", ["assert f(3) == 4"]),
        ("I assert that f(1) is 2.", []),
        ("```python\ndef f(n):\n    return n\n```", []),
    ],
    ids=["block", "the same twice", "in a function", "those that can be read", "prose", "a program instead"],
)
def test_asserts_of_an_answer_are_those_that_can_be_run(answer: str, asserts: list[str]):
    found = asserts_of(answer)
    assert found.source.splitlines() == asserts and found.words
    assert asserts or "none that can be run" in found.words


def test_asserts_of_an_answer_are_not_endless():
    assert len(asserts_of("\n".join(f"assert f({n}) == 1" for n in range(500))).source.splitlines()) == MOST_TESTS


def test_other_names_are_left_alone_where_it_is_not_clear_which_is_meant():
    tests = read_tests("assert f(1) == 2", "asserts")
    for source in ("def g(n): return n\ndef h(n): return n", "def f(n): return n\ndef g(n): return n", "def g(:"):
        assert with_names_of(Program(source), tests).source == source


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("assert g(1) == 2", "g is not there"),
        ("assert f() == 1", "f is called with 0 arguments"),
        ("assert f(1, 2, 3) == 1", "f is called with 3 arguments"),
        ("assert f(1) == 2\nassert f(1) == 3", "one call of f has two values"),
    ],
)
def test_tests_that_cannot_be_about_the_program_are_left_out_with_the_reason(line: str, why: str):
    program = Program("def f(n, by=1):\n    return n + by\ndef any_of(*n, **more): ...")
    kept, words = fitting(program, read_tests(f"assert f(3) == 4\nassert f(3, 2) == 5\n{line}"))
    assert kept.names == ("1", "2") and [case.args for case in kept.cases] == [[3], [3, 2]]  # type: ignore[union-attr]
    assert words.endswith(f"do not fit the program and were left out: {why}")


@pytest.mark.parametrize(
    "program",
    [
        "def f(*n): ...",
        "class Solution:\n    def f(self, n): ...",
        "import functools\n@functools.cache\ndef f(): ...",
        "f = abs",
    ],
)
def test_tests_are_kept_where_it_is_not_known_what_the_function_takes(program: str):
    tests = read_tests("assert f(3) == 4")
    assert fitting(Program(program), tests) == (tests, "")


def test_programs_that_do_the_same_say_so_and_prove_nothing(judge: CodeJudge):
    tests = read_tests("assert f([3, 1]) == 0", "asserts")
    both = {
        1: Program("def f(n): return sorted(n)"),
        2: Program("def f(n):\n    n = list(n)\n    n.sort()\n    return n"),
    }
    found = disagreement_of(judge, both, tests)
    assert (found.strength, found.is_for) == ("weak", True) and "may still be wrong" in found.words


def test_programs_that_part_on_a_mutated_input_are_told_apart_by_it(judge: CodeJudge):
    tests = read_tests("assert f([3, 1]) == 0", "asserts")
    programs = {
        1: Program("def f(n): return max(n, default=0)"),
        2: Program("def f(n): return max(n)"),
        4: Program("def f(n): return max(n)"),
    }
    found = disagreement_of(judge, programs, tests)
    assert found.words == "The programs disagree: f([]) gives an error by attempts 2 and 4, and 0 by attempt 1."
    assert not found.is_for


def test_programs_that_never_end_are_compared_in_time(judge: CodeJudge):
    tests = read_tests("assert f(3) == 0", "asserts")
    found = disagreement_of(
        judge, {1: Program("def f(n):\n    while True: pass"), 2: Program("def f(n): return n")}, tests
    )
    assert "f(3) gives no end in time by attempt 1, and 3 by attempt 2" in found.words


def test_programs_without_any_tests_are_compared_on_inputs_that_suit_both(judge: CodeJudge):
    one, other = (
        Program("def evens(n): return [x for x in n if x % 2 == 0]"),
        Program("def f(n): return [x for x in n if x > 1]"),
    )
    found = disagreement_of(judge, {1: one, 2: other}, None)
    assert found.words == "The programs disagree: evens([3, 1, 2]) gives [2] by attempt 1, and [3, 2] by attempt 2."
    same = disagreement_of(judge, {1: one, 2: one}, None)
    assert same.words == "2 programs do the same on 4 inputs that were guessed; all of them may still be wrong."
    assert disagreement_of(judge, {1: one, 2: Program("def f(a, b): return a")}, None).strength == "none"


def test_sets_are_the_same_in_any_order(judge: CodeJudge):
    one, other = Program("def f(n): return {'a', 'bc', n}"), Program("def f(n): return {n, 'bc', 'a'} | set()")
    assert disagreement_of(judge, {1: one, 2: other}, None).strength == "weak"
