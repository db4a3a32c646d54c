"""Assert statements to calls."""

from typing import Any

import pytest

from tests.sandbox_programs import ROOMY
from verify.sandbox.asserts import call_of
from verify.sandbox.cases import Call
from verify.sandbox.sandbox import Sandbox


def equal(name: str, args: list[Any], expected: Any, view: str = "") -> Call:
    return Call(name, args, {}, expected, comparison="equal", view=view)


@pytest.mark.parametrize(
    ("statement", "call"),
    [
        ("assert f(1, 'a') == [2]", equal("f", [1, "a"], [2])),
        ("assert f(n=-1) == -4  # negative", Call("f", [], {"n": -1}, -4, comparison="equal")),
        ("assert f('x') is None", Call("f", ["x"], {}, None)),
        ("assert f(1) is True", Call("f", [1], {}, True)),
        ("assert Solution().f(1) == 2", equal("Solution.f", [1], 2)),
        ("assert Solution.f(1) == 2", equal("Solution.f", [1], 2)),
        ("assert abs(f(2) - 1.5) < 1e-6", Call("f", [2], {}, 1.5, tolerance=1e-6, comparison="within")),
        ("assert f(1)", Call("f", [1], {}, True, view="bool")),
        ("assert not f(1), 'an odd number'", Call("f", [1], {}, False, view="bool")),
        ("assert set(f('a')) == set(['b', 'c'])", equal("f", ["a"], {"b", "c"}, view="set")),
        ("assert f(3 * 19, 2 ** 10, 'ab' * 2) == (3 + 5, -2 / 4)", equal("f", [57, 1024, "abab"], (8, -0.5))),
        ("assert f(float('inf')) == []", equal("f", [float("inf")], [])),
        ("assert Solution(3).f(1) == 2", None),
        ("assert f(g(1)) == 2", None),
        ("assert f(2 ** 99 ** 99) == 2", None),
        ("assert f([0] * 10 ** 9) == 2", None),
        ("assert f('%99999999d' % 1) == 2", None),
        ("assert f(1 / 0) == 2", None),
        ("assert sum(10, 15) == 6", equal("sum", [10, 15], 6)),
        ("assert math.sqrt(4) == 2", None),
        ("assert isinstance(f(3), int)", None),
        ("assert f(*[1]) == 2", None),
        ("assert f(**{}) == 2", None),
        ("assert f(1) == g(1)", None),
        ("assert f(1) < 2", None),
        ("f(1) == 2", None),
        ("assert f(1) ==", None),
    ],
)
def test_call_of_reads_what_is_written_out(statement: str, call: Call | None) -> None:
    assert call_of(statement) == call


def test_split_asserts_mean_what_python_means() -> None:
    program = "def f(n): return (1, True, 0.1 + 0.2)\ndef g(n): return [n, n]\ndef sum(a, b): return a + b"
    asserts = {
        "assert f(0) == (1, 1, 0.30000000000000004)": "passed",
        "assert f(0) == [1, 1, 0.30000000000000004]": "wrong",
        "assert f(0) == (1, 1, 0.3)": "wrong",
        "assert set(g(2)) == {2}": "passed",
        "assert len(g(2)) == 2": "passed",
        "assert sorted(g(2)) == (2, 2)": "wrong",
        "assert g(0)": "passed",
        "assert not g(0)": "wrong",
        "assert len([1, 2]) == 2": "passed",
        "assert sum(1, 2) == 3": "passed",
        "assert set(f) == {1}": None,
    }
    calls = {text: call for text in asserts if (call := call_of(text))}
    with Sandbox() as sandbox:
        told = sandbox.run_calls(program, list(calls.values()), ROOMY).tests
    assert {text: test.outcome for text, test in zip(calls, told, strict=True)} == {
        text: outcome for text, outcome in asserts.items() if outcome
    }


def test_split_asserts_judge_and_cannot_be_dodged() -> None:
    calls = [call for text in ("assert f(2) == 4", "assert abs(f(1.5) - 3) < 1e-6") if (call := call_of(text))]
    with Sandbox() as sandbox:
        assert sandbox.run_calls("def f(n): return 2 * n", calls, ROOMY).passed == 2
        assert sandbox.run_calls("import sys\nsys.exit(0)", calls, ROOMY).passed == 0
