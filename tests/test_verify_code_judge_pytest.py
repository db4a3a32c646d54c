"""Files of tests that pytest itself runs, in a process that can open no file."""

import time
from collections.abc import Iterator

import pytest

from model.code_events import Program, TestReport
from tests.test_verify_code_judge import FAIR, QUICK, outcomes
from verify.code.judge import CodeJudge
from verify.code.test_sets import read_tests
from verify.sandbox import sandbox as sandbox_module

ADD = "def add(a, b):\n    return a + b\n"


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


def report_of(judge: CodeJudge, tests: str, source: str = ADD) -> TestReport:
    limits = QUICK if "while" in tests else FAIR
    return judge.judge(Program(source), read_tests(tests, "pytest"), limits=limits)


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        pytest.param("from solution import add\ndef test_a(): assert add(1, 2) == 3", {"test_a": "passed"}, id="from solution"),
        pytest.param("import solution\ndef test_a(): assert solution.add(1, 2) == 3", {"test_a": "passed"}, id="import solution"),
        pytest.param("from main import *\ndef test_a(): assert add(1, 2) == 3", {"test_a": "passed"}, id="from main"),
        pytest.param("from .pack.mod import add as plus\ndef test_a(): assert plus(1, 2) == 3", {"test_a": "passed"}, id="from a package"),
        pytest.param("def test_a(): assert add(1, 2) == 3", {"test_a": "passed"}, id="without an import"),
        pytest.param(
            "import pytest\n@pytest.mark.parametrize('a, b', [(1, 2), (2, 2), pytest.param(0, 3, id='zero')])\ndef test_a(a, b): assert add(a, b) == 3",
            {"test_a[1-2]": "passed", "test_a[2-2]": "wrong", "test_a[zero]": "passed"}, id="parametrised"),
        pytest.param(
            "import pytest\n@pytest.fixture(params=[1, 2])\ndef n(request):\n    yield request.param\ndef test_a(n): assert add(n, n) == 2",
            {"test_a[1]": "passed", "test_a[2]": "wrong"}, id="fixtures"),
        pytest.param(
            "import pytest\ndef test_a():\n    with pytest.raises(TypeError, match='unsupported'): add(1, 'x')\ndef test_b():\n    with pytest.raises(TypeError): add(1, 1)",
            {"test_a": "passed", "test_b": "wrong"}, id="raises"),
        pytest.param("from pytest import approx\ndef test_a(): assert add(0.1, 0.2) == approx(0.3)", {"test_a": "passed"}, id="approx"),
        pytest.param(
            "import pytest\n@pytest.mark.xfail\ndef test_a(): assert add(1, 1) == 3\n@pytest.mark.xfail(strict=True)\ndef test_b(): assert add(1, 1) == 2",
            {"test_a": "passed", "test_b": "wrong"}, id="xfail"),
        pytest.param(
            "def test_a(capsys):\n    print(add(1, 1))\n    assert capsys.readouterr().out == '2\\n'\ndef test_b(monkeypatch):\n    monkeypatch.setattr('math.pi', 3)\n    import math\n    assert math.pi == 3",
            {"test_a": "passed", "test_b": "passed"}, id="pytest's own fixtures"),
        pytest.param(
            "class TestAdd:\n    @pytest.fixture(autouse=True)\n    def begin(self): self.one = 1\n    def test_a(self): assert add(self.one, 1) == 2\nimport pytest\n".replace("class", "import pytest\nclass", 1),
            {"TestAdd::test_a": "passed"}, id="a class"),
        pytest.param(
            "import unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.one = 1\n    def test_a(self): self.assertEqual(add(self.one, 1), 2)\n    def test_b(self): self.assertIn(1, [])",
            {"T::test_a": "passed", "T::test_b": "wrong"}, id="unittest"),
        pytest.param("import sys\ndef test_a(): sys.exit(0)\ndef test_b(): pass", {"test_a": "error", "test_b": "passed"}, id="exits"),
        pytest.param("def test_a(): open('/etc/passwd')\ndef test_b(tmp_path): pass", {"test_a": "error", "test_b": "error"}, id="files"),
        pytest.param("def test_a():\n    while True: pass\ndef test_b(): pass", {"test_a": "timeout", "test_b": "not_run"}, id="hangs"),
    ],
)  # fmt: skip
def test_pytest_says_of_each_test_what_became_of_it(judge: CodeJudge, tests: str, said: dict[str, str]) -> None:
    report = report_of(judge, tests)
    assert {case.name: case.outcome for case in report.cases} == said, report
    assert report.is_forgeable and report.form == "pytest"


def test_messages_show_values_and_the_program_s_line(judge: CodeJudge) -> None:
    tests = "def test_a():\n    x = [1, 2]\n    assert add(x, [3]) == [1, 2, 4], 'not the list'\ndef test_b(): add(1, None)\ndef test_c(tmp_path): pass"
    first, second, third = report_of(judge, tests).cases
    assert "not the list" in first.message and "assert [1, 2, 3] == [1, 2, 4]" in first.message
    assert "At index 2 diff: 3 != 4" in first.message
    assert second.message == "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType' (line 2)"
    assert third.message == "tests can write no file here, so there are no temporary folders and no cache"


def test_skipped_tests_are_said_and_do_not_count(judge: CodeJudge) -> None:
    tests = "import pytest\ndef test_a(): assert add(1, 1) == 2\n@pytest.mark.skip\ndef test_b(): assert 0\ndef test_c(): pytest.skip('no')"
    report = report_of(judge, tests)
    assert (report.has_passed, len(report.cases), report.message) == (True, 1, "2 skipped: test_b, test_c")
    all_skipped = report_of(judge, "import pytest\n@pytest.mark.skip\ndef test_a(): pass")
    assert (all_skipped.has_passed, all_skipped.words) == (False, "not tested: 1 skipped: test_a")


@pytest.mark.parametrize(
    ("tests", "source", "words"),
    [
        ("import solution\nsolution.nothing\ndef test_a(): pass", ADD, "the tests: AttributeError: module 'program' has no attribute 'nothing'"),
        ("import hypothesis\ndef test_a(): pass", ADD, "the tests: ModuleNotFoundError: No module named 'hypothesis'"),
        ("def test_a(): pass", "def add(", "SyntaxError: '(' was never closed (line 1)"),
        ("import pytest\n@pytest.mark.parametrize('x', [1])\ndef test_a(y): pass", ADD, "the tests cannot be collected"),
        ("def helper(): pass", ADD, "the tests: LookupError: pytest finds no test in them"),
    ],
    ids=["names", "another package", "no Python", "not to be collected", "no test"],
)  # fmt: skip
def test_what_keeps_tests_from_being_run_is_said(judge: CodeJudge, tests: str, source: str, words: str) -> None:
    report = report_of(judge, tests, source)
    assert words in report.words and not report.has_passed


def test_tests_that_the_program_brings_along_do_not_count(judge: CodeJudge) -> None:
    program = ADD + "def test_mine(): assert 0\nclass TestMine:\n    def test_a(self): assert 0\n"
    report = report_of(judge, "from solution import *\ndef test_a(): assert add(1, 1) == 2", program)
    assert outcomes(report) == ["passed"]


def test_a_file_of_tests_takes_little_once_pytest_is_loaded(judge: CodeJudge) -> None:
    report_of(judge, "def test_a(): pass")

    def seconds() -> float:
        began = time.perf_counter()
        assert report_of(judge, "def test_a(): assert add(1, 1) == 2").has_passed
        return time.perf_counter() - began

    assert any(seconds() < 1 for _ in range(10))


def test_a_machine_without_pytest_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox_module, "package_folders", lambda _=(): [])
    judge = CodeJudge()
    try:
        report = report_of(judge, "def test_a(): pass")
    finally:
        judge.close()
    assert "No module named '_pytest'" in report.words and not report.has_passed
    assert report.message.endswith("Install it: pip install pytest")
