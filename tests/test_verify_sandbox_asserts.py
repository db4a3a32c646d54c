"""Assert statements to calls."""

import pytest

from tests.sandbox_programs import QUICK
from verify.sandbox.asserts import call_of
from verify.sandbox.cases import Call
from verify.sandbox.sandbox import Sandbox


@pytest.mark.parametrize(
    ("statement", "call"),
    [
        ("assert f(1, 'a') == [2]", Call("f", [1, "a"], {}, [2])),
        ("assert f(n=-1) == -4  # negative", Call("f", [], {"n": -1}, -4)),
        ("assert f('x') is None", Call("f", ["x"], {}, None)),
        ("assert Solution().f(1) == 2", Call("Solution.f", [1], {}, 2)),
        ("assert abs(f(2) - 1.5) < 1e-6", Call("f", [2], {}, 1.5, tolerance=1e-6)),
        ("assert Solution(3).f(1) == 2", None),
        ("assert f(1)", None),
        ("assert f(g(1)) == 2", None),
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


def test_split_asserts_judge_and_cannot_be_dodged() -> None:
    calls = [call for text in ("assert f(2) == 4", "assert abs(f(1.5) - 3) < 1e-6") if (call := call_of(text))]
    with Sandbox() as sandbox:
        assert sandbox.run_calls("def f(n): return 2 * n", calls, QUICK).passed == 2
        assert sandbox.run_calls("import sys\nsys.exit(0)", calls, QUICK).passed == 0
