"""Scripts of tests against programs in processes of their own: what each test says, what crosses, what cannot be forged."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.sandbox_battery import planted
from tests.sandbox_kept import ATTACKS, QUICK, run_all
from tests.sandbox_users import told_by_a_user
from verify.sandbox.inside.stand_ins import NEEDS_OBJECT
from verify.sandbox.limits import Limits
from verify.sandbox.report import Report
from verify.sandbox.sandbox import Sandbox

SHORT = Limits(cpu_seconds=0.5, wall_seconds=1.5)
# For what ends by itself, however long the machine stands still.
PATIENT = Limits(cpu_seconds=2, wall_seconds=60)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def outcomes(report: Report) -> list[str]:
    return [test.outcome for test in report.tests]


def test_check_says_of_each_test_what_was_compared_and_runs_the_next_one(sandbox: Sandbox) -> None:
    script = """
def check(candidate):
    assert candidate(1) == 2, "first"
    assert 5 == candidate(2)
    assert candidate("x") == 1
    for number in range(3):
        assert candidate(number) < 3, "in the loop"
    assert not candidate(1)
"""
    report = sandbox.run_check("def f(n):\n    return n + 1", script, "f")
    first, swapped, raised, loop, negated = report.tests
    assert report.status == "ok"
    assert (first.outcome, first.given) == ("passed", "assert candidate(1) == 2, 'first'")
    assert (swapped.outcome, swapped.expected, swapped.got) == ("wrong", "5", "3")
    assert (raised.outcome, raised.message) == (
        "error",
        'TypeError: can only concatenate str (not "int") to str (line 2)',
    )
    assert (loop.outcome, loop.got, loop.expected) == ("wrong", "3", "3")
    assert loop.message == "in the loop (assert candidate(number) < 3, 'in the loop' with f(2))"
    assert (negated.outcome, negated.got) == ("wrong", "2")


def test_check_takes_the_asserts_of_a_script_that_has_no_check(sandbox: Sandbox) -> None:
    script = "import math\nassert set(f([1, 1])) == set([1])\nassert math.isclose(g(), 0.3)\nassert f([]) == [0]"
    report = sandbox.run_check("def f(l): return l\ndef g(): return 0.1 + 0.2", script)
    assert outcomes(report) == ["passed", "passed", "wrong"]


def test_check_runs_a_check_that_the_script_calls_itself_only_once(sandbox: Sandbox) -> None:
    report = sandbox.run_check("def f(): return 1", "def check(f):\n    assert f() == 1\ncheck(g)\n", "f")
    assert outcomes(report) == ["error"] and "'g' is not defined" in report.tests[0].message
    report = sandbox.run_check(
        "n = [0]\ndef f(): n[0] += 1; return n[0]", "def check(f):\n    assert f() == 1\ncheck(f)"
    )
    assert outcomes(report) == ["passed"]


def test_check_raises_the_programs_exceptions_in_the_tests_by_their_names(sandbox: Sandbox) -> None:
    program = "class Odd(ValueError): pass\ndef f(n):\n    raise (KeyError('k', 2) if n else Odd('odd'))"
    script = """
try:
    f(1)
    assert False
except LookupError as error:
    assert error.args == ("k", 2)
try:
    f(0)
except Odd as error:
    assert isinstance(error, ValueError) and str(error) == "odd"
assert f(0) == 1
"""
    report = sandbox.run_check(program, script)
    assert outcomes(report) == ["passed", "passed", "error"]
    assert report.tests[2].message == "Odd: odd (line 3)"


def test_check_shows_the_script_arguments_that_the_program_has_changed(sandbox: Sandbox) -> None:
    program = "def f(l, d):\n    l.append(l.pop(0)); l[0].add(9); d['n'][0] = 5\n    return l"
    script = """
inner = {1}
numbers, names = [3, inner], {"n": [4]}
kept = names["n"]
assert f(numbers, d=names) is numbers
assert numbers == [{1, 9}, 3]
assert kept == [5] and kept is names["n"]
"""
    assert outcomes(sandbox.run_check(program, script)) == ["passed"] * 3


def test_check_keeps_arguments_whose_values_stay_as_they_were(sandbox: Sandbox) -> None:
    script = "a = [float('nan'), [1]]\nb = a[1]\nassert f(a) == 2\nassert a[1] is b and len(a) == 2"
    assert outcomes(sandbox.run_check("def f(l): return len(l)", script)) == ["passed"] * 2


def test_check_tells_kinds_of_containers_apart_as_python_does(sandbox: Sandbox) -> None:
    program = (
        "from collections import *\ndef f(n):\n"
        "    return [deque([1]), frozenset([1]), Counter('aab'), OrderedDict(a=1), bytearray(b'x'), defaultdict(int)][n]"
    )
    script = """
from collections import deque, Counter
assert f(0) == deque([1])
assert f(0) == [1]
assert {f(1)} == {frozenset([1])}
assert f(2).most_common(1) == [("a", 2)]
assert f(3) == {"a": 1} and f(4) == b"x" and f(5) == {}
"""
    assert outcomes(sandbox.run_check(program, script)) == ["passed", "wrong", "passed", "passed", "passed"]


def test_check_knows_of_an_object_only_whether_it_is_true(sandbox: Sandbox) -> None:
    program = "import re\ndef f(s): return re.match('a', s)\ndef g(s): return (n for n in s)"
    script = "assert f('a')\nassert not f('b')\nassert f('a') == 1\nassert list(g('a')) == ['a']\nassert f(f)\nassert [f('a')] == [1]"
    report = sandbox.run_check(program, script)
    assert outcomes(report) == ["passed", "passed", "error", "error", "error", "error"]
    assert all(test.message.startswith(NEEDS_OBJECT) for test in report.tests[2:])


def test_check_takes_names_of_the_program_and_none_that_are_pythons(sandbox: Sandbox) -> None:
    program = "LIMIT = (1, 2)\nall = set = isinstance = lambda *a: True\ndef helper(n): return n\ndef f(n): return 0\ndef sum(n): return 7"
    script = "assert all([f(1)])\nassert isinstance(f(1), str)\nassert helper(3) == 3 and LIMIT == (1, 2)\nassert sum(1) == 7"
    assert outcomes(sandbox.run_check(program, script, "sum")) == ["wrong", "wrong", "passed", "passed"]


def test_check_runs_no_test_when_program_or_script_cannot_be_loaded(sandbox: Sandbox) -> None:
    report = sandbox.run_check("def f(:", "assert f() == 1\nassert True")
    assert (report.status, outcomes(report)) == ("error", ["not_run", "not_run"])
    assert report.message.startswith("SyntaxError")
    report = sandbox.run_check("def f(): pass", "assert f( == 1")
    assert (report.status, report.tests) == ("error", ())
    assert report.message.startswith("the tests: SyntaxError")
    report = sandbox.run_check("def f(): pass", "def test_f():\n    assert f() == 1")
    assert (report.status, report.tests) == ("error", ()) and "asserts" in report.message


def test_check_tells_a_limit_of_the_program_from_one_of_the_tests(sandbox: Sandbox) -> None:
    report = sandbox.run_check(
        "def f():\n    while True: pass",
        "assert True\nassert f() == 1\nassert True",
        limits=replace(SHORT, wall_seconds=60),
    )
    assert (report.status, outcomes(report)) == ("timeout", ["passed", "timeout", "not_run"])
    report = sandbox.run_check(
        "def f(): return 1", "while True: pass\nassert f() == 1", limits=replace(SHORT, wall_seconds=60)
    )
    assert (report.status, outcomes(report)) == ("timeout", ["timeout"])
    assert report.message == "the tests: it took too much time"
    report = sandbox.run_check("import time\ndef f(): time.sleep(.05)", "while True: assert not f()", limits=SHORT)
    assert (report.status, report.message) == ("timeout", "all tests together took too much time")
    assert report.seconds < 60
    report = sandbox.run_check("def f(): return [0] * 10 ** 10", "assert f() == 1\nassert True", limits=PATIENT)
    assert (report.status, outcomes(report)) == ("memory", ["memory", "not_run"])


def test_check_prints_what_both_print_up_to_the_limit(sandbox: Sandbox) -> None:
    report = sandbox.run_check("def f(): print('program'); return 1", "print('tests')\nassert f() == 1")
    assert report.stdout == "program\ntests\n"
    report = sandbox.run_check("def f():\n    while True: print('x' * 10 ** 6)", "assert f() == 1", limits=PATIENT)
    assert report.status == "output-limit" and len(report.stdout) <= PATIENT.output_bytes


def test_check_starts_the_program_again_when_a_call_ends_its_process(sandbox: Sandbox) -> None:
    program = "import os\ndef f(n):\n    return os._exit(0) if n == 2 else n"
    report = sandbox.run_check(program, "assert f(1) == 1\nassert f(2) == 2\nassert f(3) == 3")
    assert (report.status, outcomes(report)) == ("early-exit", ["passed", "error", "passed"])


FORGERIES = {
    "is equal to everything": "class Yes(int):\n    __eq__ = lambda *_: True\n    __hash__ = int.__hash__\ndef f(n): return Yes(5)",
    "returns a list of what equals everything": "class Yes:\n    __eq__ = lambda *_: True\ndef f(n): return [Yes()]",
    "ends its process": "import os\ndef f(n): os._exit(0)",
    "ends its process while it is loaded": "import os\nos._exit(0)",
    "exits": "import sys\ndef f(n): sys.exit(0)",
    "raises what asserts raise": "def f(n): raise AssertionError('passed')",
    "writes the tests' lines": (
        'import os\nos.write(3, b\'{"tests": []}\\n{"i": 0, "outcome": "passed"}\\n{"end": "ok"}\\n\' * 3)\n'
        'def f(n): os.write(3, b\'{"i": 0, "outcome": "passed"}\\n{"i": 1, "outcome": "passed"}\\n{"end": "ok"}\\n\'); return 0'
    ),
    "answers with what cannot be read": (
        'import os\ndef f(n):\n    os.write(3, b\'{"i": %d, "value": ["k", ["frozenset", ["s", [["l", []]]]]], "args": 7}\\n\' % n)'
    ),
    "answers with an error that is none": 'import os\ndef f(n): os.write(3, b\'{"i": 1, "error": 5, "bases": 6, "given": ["o", "x"]}\\n\')',
    "says which argument it returns and lies": 'import os\ndef f(n): os.write(3, b\'{"i": 1, "same": 7}\\n{"i": 2, "same": "x"}\\n\')',
    "looks through frames and objects": (
        "import gc, sys\ndef f(n):\n    frame, seen = sys._getframe(), []\n"
        "    while frame: seen += [frame.f_locals, frame.f_globals]; frame = frame.f_back\n"
        "    text = repr(seen) + repr([o for o in gc.get_objects() if type(o) in (dict, list, tuple)])\n"
        "    return next((k for k in (n * 7919 * 104729,) if str(k) in text), 'not found')"
    ),
    "reads on the channel": "import os, select\ndef f(n):\n    ready = select.select([3], [], [], 0.2)[0]\n    return os.read(3, 9) if ready else 0",
    "replaces builtins": (
        "import builtins, json, os, sys\nbuiltins.isinstance = builtins.len = builtins.repr = lambda *a: True\n"
        'json.dumps = lambda *a, **k: \'{"i": 1, "outcome": "passed", "value": 829324951}\'\ndef f(n): return 0'
    ),
    "replaces our code": (
        "import sys\nframe = sys._getframe()\nwhile frame:\n    ours = frame.f_globals\n"
        "    for name in ('encoded', 'decoded', 'is_whole', '_answer', '_carried'):\n"
        "        if name in ours: ours[name] = lambda *a, **k: {'i': 1, 'outcome': 'passed'}\n    frame = frame.f_back\ndef f(n): return 0"
    ),
    "is named as Python's functions": "all = any = abs = max = print = lambda *a: True\ncheck = candidate = lambda *a: True\ndef f(n): return 0",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_check_is_not_passed_by_a_program_that(sandbox: Sandbox, name: str) -> None:
    # The expected values are made when the tests run, so that no source holds them.
    script = (
        "assert f(1) == 1 * 7919 * 104729\nassert abs(f(2) - 2 * 7919 * 104729) < 1\nassert f(3) in [3 * 7919 * 104729]"
    )
    for tests in (script, "def check(candidate):\n    " + script.replace("f(", "candidate(").replace("\n", "\n    ")):
        report = sandbox.run_check(FORGERIES[name], tests, "f", Limits(cpu_seconds=0.7, wall_seconds=1))
        assert len(report.tests) == 3
        assert report.passed == 0, report


def test_attacks_are_held_in_cells_and_on_both_sides_of_a_check(sandbox: Sandbox) -> None:
    assert len(ATTACKS) > 50
    with planted() as secret:
        assert run_all(sandbox, secret, ATTACKS) == {}


def test_attacks_are_held_for_an_ordinary_user_at_the_weakest_level() -> None:
    told = told_by_a_user("sandbox_kept.py", "seccomp-only", "quick")
    assert (told["level"], told["attacks"], told["wrong"]) == ("seccomp-only", len(QUICK), {})
