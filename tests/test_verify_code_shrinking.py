"""The smallest failing case of a report."""

import json
from collections.abc import Iterator

import pytest

from model.code_events import Program, TestCase, TestsFrom
from verify.code.judge import CodeJudge
from verify.code.shrinking import MAX_RUNS, smallest_failure
from verify.code.test_sets import read_tests
from verify.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=2.0, wall_seconds=60)


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


def smallest(
    judge: CodeJudge, source: str, tests: str, oracle: str | None = None, tests_from: TestsFrom = "given"
) -> TestCase | None:
    read, program = read_tests(tests), Program(source)
    report = judge.judge(program, read, tests_from=tests_from, limits=LIMITS)
    return smallest_failure(judge, program, read, report, oracle=Program(oracle) if oracle else None)


def test_the_smallest_of_the_given_is_taken_where_nobody_knows_the_right_result(judge: CodeJudge) -> None:
    case = smallest(judge, "def f(a): return 0", "assert f([1, 2, 3]) == 6\nassert f([4]) == 4\nassert f([]) == 0")
    assert case is not None
    assert (case.name, case.given, case.expected, case.got) == ("2", "f([4])", "4", "0")


@pytest.mark.parametrize("source", ["def f(a): return sum(a)", "def f(a): raise ValueError"])
def test_there_is_none_where_nothing_failed_or_tests_are_hidden(judge: CodeJudge, source: str) -> None:
    is_right = "sum" in source
    assert smallest(judge, source, "assert f([1]) == 1", tests_from="given" if is_right else "hidden") is None


def test_an_exception_is_followed_to_a_smaller_input(judge: CodeJudge) -> None:
    program = "def f(words):\n    return [word[0] / 1 if len(word) > 6 else word for word in words]"
    tests = 'assert f(["some", "words", "and", "another", "longest", "a"]) == 1\nassert f(["a", "b"]) == ["a", "b"]'
    case = smallest(judge, program, tests)
    assert case is not None
    assert case.name == "1, made smaller" and case.expected is None
    assert case.message == "TypeError: unsupported operand type(s) for /: 'str' and 'int' (line 2)"
    # One word, of just the seven letters at which it goes wrong.
    words = json.loads(case.given.removeprefix("f(").removesuffix(")").replace("'", '"'))
    assert [len(word) for word in words] == [7]


def test_another_exception_is_not_followed(judge: CodeJudge) -> None:
    program = "def f(n):\n    if n < 40: raise KeyError(n)\n    if n > 90: raise KeyError(n)\n    return n"
    case = smallest(judge, program, "assert f(97) == 97\nassert f(50) == 50\nassert f(1) == 1")
    assert case is not None and case.given == "f(1)"
    case = smallest(judge, program, "assert f(397) == 397\nassert f(50) == 50")
    assert case is not None and case.given == "f(91)"


def test_what_is_never_empty_or_negative_in_the_tests_stays_so(judge: CodeJudge) -> None:
    program = "def f(a): return a[3]"
    case = smallest(judge, program, "assert f([5, 6]) == 1\nassert f([7, 8, 9]) == 1")
    assert case is not None and case.given == "f([5, 5])"


def test_a_number_that_is_a_length_stays_one(judge: CodeJudge) -> None:
    program = "def f(n, a):\n    assert n == len(a), 'no such input'\n    return 1 // (0 if 9 in a else 1)"
    case = smallest(judge, program, "assert f(5, [1, 2, 9, 4, 5]) == 1\nassert f(1, [1]) == 1")
    assert case is not None
    assert (case.given, case.message) == ("f(1, [9])", "ZeroDivisionError: integer division or modulo by zero (line 3)")


def test_inputs_keep_their_structure(judge: CodeJudge) -> None:
    program = (
        "n = int(input())\na = list(map(int, input().split()))\nif len(a) != n:\n    raise SystemExit('no such input')\n"
        "print([x // (x - 8) for x in a][0])\n"
    )
    case = smallest(judge, program, "input:\n6\n3 1 4 8 1 5\noutput:\n0\n")
    assert case is not None
    assert case.given == "1\n8\n"
    assert case.message.startswith("ZeroDivisionError")


def test_with_a_program_that_is_right_wrong_results_are_made_smaller_too(judge: CodeJudge) -> None:
    tests = "assert f([5, 3, 9, 7, 2, 2]) == [2, 2, 3, 5, 7, 9]\nassert f([1]) == [1]"
    case = smallest(judge, "def f(a): return sorted(set(a))", tests, oracle="def f(a): return sorted(a)")
    assert case is not None
    assert (case.given, case.expected, case.got) == ("f([2, 2])", "[2, 2]", "[2]")
    case = smallest(
        judge,
        "print(sum(set(map(int, input().split()))))",
        "12 7 3 12 -> 34\n1 -> 1",
        oracle="print(sum(map(int, input().split())))",
    )
    assert case is not None
    assert case.expected != case.got and len(case.given) <= len("12 7 3 12\n")


def test_pytest_reports_give_their_first_failure(judge: CodeJudge) -> None:
    case = smallest(judge, "def f(x): return 0", "def test_a(): assert f(1) == 0\ndef test_b(): assert f(1) == 1")
    assert case is not None and case.name == "test_b"


def test_shrinking_ends_after_so_many_runs(judge: CodeJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    real = CodeJudge.results

    def counted(self: CodeJudge, *given: object) -> object:
        runs.append(given)
        return real(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(CodeJudge, "results", counted)
    tests = json.dumps([{"stdin": " ".join(str(n) for n in range(60)), "stdout": "1"}])
    assert smallest(judge, "raise ValueError(input())", tests) is not None
    assert 0 < len(runs) <= MAX_RUNS
