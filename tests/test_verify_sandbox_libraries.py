"""Programs that are judged and import numpy or its like: they find them, whatever runs them, and others find nothing more."""

from collections.abc import Iterator

import pytest

from model.code_events import Program, TestReport
from verify.code.judge import CodeJudge
from verify.code.test_sets import read_tests
from verify.sandbox.libraries import wants_libraries

pytest.importorskip("numpy")
PROGRAM = (
    "import numpy as np\n"
    "def mean(x): return np.mean(x)\n"
    "def twice(x): return np.array(x) * 2\n"
    "def counts(x): return {np.str_(each): np.int64(1) for each in x}\n"
    "def zeros(n): return len(np.zeros(n))\n"
    "def write(): return open('mine.txt', 'w')\n"
)


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


def report_of(judge: CodeJudge, tests: str, source: str = PROGRAM) -> TestReport:
    return judge.judge(Program(source), read_tests(tests))


def test_calls_find_numpy_and_its_numbers_are_pythons_own(judge: CodeJudge) -> None:
    report = report_of(judge, "assert mean([1, 2]) == 1.5\nassert counts(['a']) == {'a': 1}\nassert mean([1]) == 2")
    assert [(case.outcome, case.got) for case in report.cases] == [
        ("passed", "1.5"),
        ("passed", "{'a': 1}"),
        ("wrong", "1.0"),
    ]
    assert not report.is_forgeable


def test_inputs_scripts_and_pytest_find_numpy_in_the_tests_too(judge: CodeJudge) -> None:
    sums = "import numpy as np\nprint(np.array(input().split(), int).sum())"
    assert report_of(judge, "1 2 -> 3", sums).has_passed
    assert report_of(judge, "import numpy as np\nassert np.isclose(mean([1, 2]), 1.5)").has_passed
    # An array stays where it was made.
    report = report_of(judge, "import numpy as np\nassert np.array_equal(twice([1]), [2])")
    assert report.has_passed and report.is_forgeable
    file = "import numpy as np\ndef test_twice(): assert twice([1, 2]).tolist() == [2, 4]\ndef test_add(): np.testing.assert_allclose(add(1), 2)"
    assert report_of(judge, file, PROGRAM + "def add(n): return n + 1").has_passed
    assert report_of(
        judge, "import numpy as np\ndef test_add(): assert np.isclose(add(1), 2)", "def add(n): return n + 1"
    ).has_passed


def test_memory_beside_the_libraries_is_what_was_asked_for(judge: CodeJudge) -> None:
    report = report_of(judge, "assert zeros(40_000_000) == 40_000_000\nassert zeros(10**9) == 10**9")
    assert [case.outcome for case in report.cases] == ["passed", "memory"]


def test_programs_with_libraries_find_no_file(judge: CodeJudge) -> None:
    (case,) = report_of(judge, "assert write()").cases
    assert case.message.startswith("PermissionError")


def test_programs_that_import_no_library_find_none(judge: CodeJudge) -> None:
    report = report_of(judge, "assert f()", "def f():\n    return __import__('num' + 'py')")
    assert report.cases[0].message.startswith("ModuleNotFoundError")


@pytest.mark.parametrize(
    ("source", "is_wanted"),
    [
        ("import numpy as np", True),
        ("import os, numpy", True),
        ("    from numpy.linalg import norm", True),
        ("import a.b as c, json, matplotlib.pyplot as plt", True),
        ("from mpl_toolkits import mplot3d", True),
        ("import numpyx", False),
        ("import json", False),
        ("x = 'import numpy'", False),
        ("import " + ("a," + " " * 60) * 3000, False),
        ("import " + "a" * 400_000 + " numpy", False),
    ],
)
def test_sources_that_import_a_library_are_told_from_others(source: str, is_wanted: bool) -> None:
    assert wants_libraries(source.encode()) == is_wanted
