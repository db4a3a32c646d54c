"""Programs and tests of all forms, and what the judge says of them."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.code_events import Program, TestForm, TestReport
from model.errors import SandboxRefused
from verify.code import judge as judge_module
from verify.code.judge import CodeJudge
from verify.code.test_sets import read_tests
from verify.sandbox.limits import Limits

PROBLEMS = [
    json.loads(line)
    for line in (Path(__file__).resolve().parent / "data" / "code_problems.jsonl").read_text("utf-8").splitlines()
]
# The clock is no limit for what ends by itself: a machine may stand still for seconds.
FAIR = Limits(cpu_seconds=2.0, wall_seconds=60)
# For what reaches it, which costs as much.
QUICK = Limits(cpu_seconds=0.2)


@pytest.fixture(scope="module")
def judge() -> Iterator[CodeJudge]:
    judge = CodeJudge()
    yield judge
    judge.close()


def report_of(judge: CodeJudge, source: str, tests: str, form: TestForm | None = None, **asked: Any) -> TestReport:
    return judge.judge(Program(source), read_tests(tests, form), **({"limits": FAIR} | asked))


def outcomes(report: TestReport) -> list[str]:
    return [case.outcome for case in report.cases]


@pytest.mark.parametrize(
    ("row", "kind", "number"),
    [
        pytest.param(row, kind, number, id=f"{row['question_id']}, {kind} {number}")
        for row in PROBLEMS
        for kind in ("right", "wrong")
        for number in range(len(row[kind]))
    ],
)
def test_judge_says_what_is_so_of_livecodebench_rows(
    judge: CodeJudge, row: dict[str, Any], kind: str, number: int
) -> None:
    source = row[kind][number]
    report = report_of(judge, source, json.dumps(row), limits=QUICK if "while" in source else FAIR)
    assert report.has_passed is (kind == "right"), report.words
    assert not report.is_forgeable


@pytest.mark.parametrize(
    ("source", "tests", "said", "status"),
    [
        pytest.param("def f(x):\n    print('noise')\n    return x", "assert f(1) == 1", "passed", "ok", id="prints when it is called"),
        pytest.param("n = input()\ndef f(x): return x", "assert f(1) == 1", "error", "error", id="reads its input when it is loaded"),
        pytest.param("def f(x): return x\nif __name__ == '__main__':\n    f(input())\n    1 / 0", "assert f(1) == 1", "passed", "ok", id="main guard, called"),
        pytest.param("def f(x): return x\nif __name__ == '__main__':\n    print(f(input()))", "1 -> 1", "passed", "ok", id="main guard, run"),
        pytest.param("import sys\ndef f(x): sys.exit(0)", "assert f(1) == 1", "error", "ok", id="exits in a call"),
        pytest.param("import os\ndef f(x): os._exit(0)", "assert f(1) == 1", "error", "early-exit", id="ends its process in a call"),
        pytest.param("print(input())\nexit()", "1 -> 1", "passed", "ok", id="exit()"),
        pytest.param("print(input())\nraise SystemExit(1)", "1 -> 1", "error", "error", id="exit code"),
        pytest.param("def f(n): return 1 + f(n - 1) if n else 0", "assert f(9000) == 9000", "passed", "ok", id="deep"),
        pytest.param("def f(n): return 1 + f(n)", "assert f(1) == 1", "error", "ok", id="endlessly deep"),
        pytest.param("def f(n): return 2 ** 5000 * n", f"assert f(1) == {2**5000:#x}", "passed", "ok", id="huge int"),
        pytest.param("def f(): return -0.0", "assert f() == 0", "passed", "ok", id="minus zero"),
        pytest.param("def f(): return float('nan')", "assert f() == f()", "wrong", "ok", id="NaN"),
        pytest.param("def f(s): return s[::-1]", "assert f('añ漢😀') == '😀漢ña'", "passed", "ok", id="any script"),
        pytest.param("a = input(); b = input()\nprint(a + b)", '[{"stdin": "x\\r\\ny\\r\\n", "stdout": "xy\\r\\n"}]', "passed", "ok", id="Windows line ends"),
        pytest.param("\ufeffprint(input())", "1 -> 1", "passed", "ok", id="byte order mark"),
        pytest.param("input()", "input: 5\noutput:\n", "passed", "ok", id="nothing is to be printed"),
        pytest.param("def f(x): return (", "assert f(1) == 1", "error", "error", id="no Python"),
        pytest.param("def g(x): return x", "assert f(1) == 1", "error", "ok", id="another name"),
        pytest.param("def f(x): return [x] * (1 << 40)", "assert f(1) == 1", "memory", "memory", id="all memory"),
        pytest.param("while True: print('x' * 1000)", "1 -> 1", "error", "output-limit", id="prints for ever"),
        pytest.param("import re\ndef f(x): return re.match('a', x)", "assert f('a')\nassert not f('b')", "passed", "ok", id="an object that is true"),
        pytest.param("def f(x):\n    yield x", "assert list(f(1)) == [1]", "passed", "ok", id="a generator that is listed"),
        pytest.param("def f(d): d['a'] = 1", "d = {}\nf(d)\nassert d == {'a': 1}", "passed", "ok", id="changes its argument"),
    ],
)  # fmt: skip
def test_judge_says_what_python_would(judge: CodeJudge, source: str, tests: str, said: str, status: str) -> None:
    report = report_of(judge, source, tests)
    assert (outcomes(report)[0], report.status) == (said, status), report
    assert not report.is_forgeable and report.level == judge.level


def test_judge_lends_names_without_moving_lines(judge: CodeJudge) -> None:
    program = "def f(a: List[int]) -> Optional[float]:\n    return sqrt(sum(a)) + Counter(a)[4]\n"
    assert report_of(judge, program, "assert f([4, 5]) == 4").has_passed
    report = report_of(judge, "x = inf\ndef f():\n    return nothing", "assert f() == 1")
    assert report.cases[0].message == "NameError: name 'nothing' is not defined (line 3)"
    assert judge.run(Program("print(gcd(4, 6), heapq.nsmallest(1, [2, 1]))")).stdout == "2 [1]\n"
    own = "def sqrt(x): return 'mine'\ndef f(): return sqrt(4)"
    assert report_of(judge, own, "assert f() == 'mine'").has_passed


def test_judge_finds_the_function_in_a_class_and_outside(judge: CodeJudge) -> None:
    method = "class Solution:\n    def add(self, a, b): return a + b"
    function = "def add(a, b): return a + b"
    for program in (method, function):
        for test in ("assert add(1, 2) == 3", "assert Solution().add(1, 2) == 3"):
            assert report_of(judge, program, test).has_passed


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n    def __eq__(self, other): return True\n    def __bool__(self): return True\n    def __hash__(self): return 0\ndef f(x): return A()",
        "class A(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef f(x): return A()",
        "import os, json\nfor i in range(9): os.write(3, json.dumps({'i': i, 'outcome': 'passed'}).encode() + b'\\n')\ndef f(x): return 0",
        "import sys\ndef f(x):\n    print('passed')\n    sys.exit(0)",
        "import builtins\nbuiltins.AssertionError = None\nbuiltins.repr = lambda x: '5'\ndef f(x): return 0",
    ],
    ids=["always equal", "a number that is always equal", "writes results itself", "exits", "changes builtins"],
)  # fmt: skip
@pytest.mark.parametrize(
    "tests", ["assert f(1) == 5", "n = 1\nassert f(n) == 5", ">>> f(1)\n5", "assert set(f(1)) == {5}"]
)
def test_programs_cannot_forge_tests_that_are_about_values(judge: CodeJudge, source: str, tests: str) -> None:
    report = report_of(judge, source, tests)
    assert not report.has_passed or report.is_forgeable


STACK = "class Stack:\n    def __init__(self): self.held = []\n    def push(self, x): self.held.append(x)\n    def pop(self): return self.held.pop()\n"


@pytest.mark.parametrize(
    ("tests", "said"),
    [
        ("s = Stack()\ns.push(3)\nassert s.pop() == 3\nassert s.held == [1]\nassert s.pop()", ["passed", "wrong", "error"]),
        (">>> s = Stack()\n>>> s.push(1)\n>>> s.pop()\n1\n>>> s.pop()\n2\n", ["passed", "passed", "passed", "error"]),
        ("def test_a():\n    s = Stack()\n    s.push(1)\n    assert s.pop() == 1\ndef test_b():\n    Stack().pop()", ["passed", "error"]),
    ],
    ids=["asserts", "doctest", "pytest"],
)  # fmt: skip
def test_tests_that_need_the_object_are_called_forgeable(judge: CodeJudge, tests: str, said: list[str]) -> None:
    report = report_of(judge, STACK, tests)
    assert (outcomes(report), report.is_forgeable) == (said, True)
    assert report.cases[-1].message == "IndexError: pop from empty list (line 4)"


def test_doctests_of_the_program_itself_are_run(judge: CodeJudge) -> None:
    program = 'def f(x):\n    """Twice.\n\n    >>> f(2)\n    4\n    >>> f(3)\n    7\n    """\n    return 2 * x\n'
    report = report_of(judge, program, "", "doctest")
    assert (outcomes(report), report.is_forgeable) == (["passed", "wrong"], False)
    assert report.words == "passes 1 of 2 given tests, first failure: f(3) gave 6, not 7"
    assert "There is no example" in report_of(judge, "def f(x): return x", "", "doctest").words


def test_a_slow_test_is_told_from_one_that_hangs_and_one_that_waits(judge: CodeJudge) -> None:
    program = """
import time
def f(kind):
    if kind == "hangs":
        while True: pass
    if kind == "waits":
        time.sleep(60)
    while kind == "slow" and time.process_time() < 0.3: pass
    return 0
"""
    tests = "\n".join(f"assert f({kind!r}) == 0" for kind in ("fine", "slow", "hangs", "fine", "waits", "fine"))
    expected = ["passed", "timeout", "timeout", "passed", "timeout", "not_run"]
    # A machine that stands still meanwhile slows the others too, but not in every try.
    tries = (report_of(judge, program, tests, limits=QUICK) for _ in range(10))
    report = next(each for each in tries if outcomes(each) == expected)
    messages = [case.message for case in report.cases]
    assert messages[1].startswith("slow: it took 0.") and "with the right result; the limit is 0.2 s" in messages[1]
    assert messages[2].startswith("still running after 0.") and messages[2].endswith("the limit is 0.2 s")
    assert messages[4].startswith("it waits for something: 0.")
    assert messages[5] == "not run: 3 tests before it have reached a limit"
    assert report.status == "timeout"


def test_a_suite_that_is_long_as_a_whole_fails_nobody(judge: CodeJudge) -> None:
    program = "import time\ndef f(n):\n    end = time.process_time() + 0.08\n    while time.process_time() < end: pass\n    return n"
    report = report_of(
        judge, program, "\n".join(f"assert f({n}) == {n}" for n in range(12)), limits=replace(QUICK, wall_seconds=60)
    )
    assert report.words == "passes 12 of 12 given tests"


@pytest.mark.parametrize(
    ("source", "tests"),
    [
        ("def f(n): return n if n != 2 else 0", "assert f(1) == 1\nassert f(2) == 2\nassert f(3) == 3"),
        ("n = int(input())\nprint(n if n != 2 else 0)", "1 -> 1\n2 -> 2\n3 -> 3"),
        ("def f(n): return n if n != 2 else 0", "x = 1\nassert f(x) == 1\nassert f(x + 1) == 2\nassert f(x + 2) == 3"),
    ],
    ids=["calls", "inputs", "script"],
)
def test_judge_stops_at_the_first_failure_or_runs_all(judge: CodeJudge, source: str, tests: str) -> None:
    assert outcomes(report_of(judge, source, tests)) == ["passed", "wrong", "passed"]
    report = report_of(judge, source, tests, stop_at_first=True)
    assert outcomes(report) == ["passed", "wrong", "not_run"]
    assert report.cases[2].message == "not run: it was asked to stop at the first failure"


def test_function_that_the_program_has_under_another_name_is_the_one_that_is_named_as_meant(judge: CodeJudge) -> None:
    source = "def twice(n): return 2 * n\nclass Solution:\n    def thrice(self, n): return 3 * n"
    tests = "assert double(2) == 4\nassert double(3) == 6"
    assert outcomes(report_of(judge, source, tests)) == ["error", "error"]
    for name, said in (
        ("twice", ["passed", "passed"]),
        ("thrice", ["wrong", "wrong"]),
        ("nothing", ["error", "error"]),
    ):
        report = judge.judge(Program(source), read_tests(tests, entry_point=name))
        assert outcomes(report) == said


def test_hidden_tests_say_nothing_of_what_they_hold(judge: CodeJudge) -> None:
    calls = "assert f('secret1') == 'secret2'\nassert f('secret3') == 'x'"
    program = "def f(x):\n    print(x)\n    if x == 'secret1': return 'other'\n    raise KeyError(x)"
    report = report_of(judge, program, calls, tests_from="hidden")
    assert report.words.startswith("passes 0 of 2 hidden tests")
    assert report.cases[1].message == "KeyError (line 4)"
    assert "secret" not in repr(report)
    inputs = '[{"stdin": "secret1", "stdout": "secret2"}]'
    for source in ("print(input())", "raise ValueError(input())", ""):
        assert "secret" not in repr(report_of(judge, source, inputs, tests_from="hidden"))
    file = "import pytest\n@pytest.mark.parametrize('x', ['secret'])\ndef test_secret(x): assert f(x) == 'secret2'\n"
    report = report_of(judge, "def f(x): return x", file, tests_from="hidden")
    assert report.words == "passes 0 of 1 hidden tests"
    assert "secret" not in repr(report)


def test_an_output_that_is_not_there_is_said_so(judge: CodeJudge) -> None:
    case = report_of(judge, "def solve():\n    print(input())", "5 -> 5").cases[0]
    assert (case.outcome, case.message) == ("wrong", "it printed nothing")


def test_megabytes_are_shown_where_they_differ(judge: CodeJudge) -> None:
    lines = "\n".join(str(number) for number in range(20_000))
    tests = json.dumps([{"stdin": "", "stdout": lines.replace("\n15000\n", "\n15007\n")}])
    case = report_of(judge, "for n in range(20_000): print(n)", tests).cases[0]
    assert case.message == "line 15001: expected '15007', got '15000'"
    assert max(len(case.expected or ""), len(case.got or "")) < 400
    calls = json.dumps([{"call": "f", "args": [], "expected": [*range(5000), 1]}])
    case = report_of(judge, "def f(): return [*range(5000), 2]", calls).cases[0]
    assert case.message == "column 28892: expected …', 4997, 4998, 4999, 1]', got …', 4997, 4998, 4999, 2]'"


def test_expected_outputs_may_be_larger_than_the_limit_of_output(judge: CodeJudge) -> None:
    tests = json.dumps([{"stdin": "", "stdout": "x" * 3_000_000}])
    assert report_of(judge, "print('x' * 3_000_000)", tests).has_passed


def test_no_program_and_a_machine_that_refuses_are_reports_too(
    judge: CodeJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = judge.judge(Program("", "The answer has no code."), read_tests("assert f(1) == 1\nassert f(2) == 2"))
    assert (report.status, outcomes(report), report.message) == (
        "no program",
        ["not_run"] * 2,
        "The answer has no code.",
    )

    def refuse() -> None:
        raise SandboxRefused("This machine cannot.")

    monkeypatch.setattr(judge_module, "Sandbox", refuse)
    refused = CodeJudge()
    report = refused.judge(Program("def f(x): return x"), read_tests("assert f(1) == 1"))
    assert (report.status, outcomes(report), refused.level) == ("refused", ["not_run"], None)
    assert refused.run(Program("print(1)")).status == "refused"


def test_many_threads_ask_one_judge(judge: CodeJudge) -> None:
    told: list[bool] = []

    def ask(number: int) -> None:
        for _ in range(3):
            told.append(report_of(judge, f"def f(x): return x + {number}", f"assert f(1) == {1 + number}").has_passed)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [True] * 18
