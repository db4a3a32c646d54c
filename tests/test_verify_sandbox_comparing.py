"""Expected values and what came over the wall."""

from typing import Any

import pytest

from verify.sandbox.comparing import is_same, shown
from verify.sandbox.values import MAX_DEPTH, decoded, encoded

NAN, INFINITY = float("nan"), float("inf")


class Number(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        pytest.param(1, 1, True, id="int"),
        pytest.param(1, 1.0, True, id="float of the same worth"),
        pytest.param(1, True, False, id="bool for int"),
        pytest.param(True, 1, False, id="int for bool"),
        pytest.param(None, False, False, id="false for none"),
        pytest.param(0.3, 0.1 + 0.2, True, id="float, last digit"),
        pytest.param(0.3, 0.300001, False, id="float, another one"),
        pytest.param(0.0, 1e-10, True, id="almost zero"),
        pytest.param(3, 3.0000000001, False, id="almost an int"),
        pytest.param(2.5, INFINITY, False, id="infinity for a number"),
        pytest.param(INFINITY, INFINITY, True, id="infinity"),
        pytest.param(INFINITY, -INFINITY, False, id="the other infinity"),
        pytest.param(NAN, NAN, True, id="NaN"),
        pytest.param(2.5, NAN, False, id="NaN for a number"),
        pytest.param(1e300, 10**300, True, id="huge int for float"),
        pytest.param(1.5, 10**400, False, id="int that no float holds"),
        pytest.param(10**30, 10**30, True, id="huge int"),
        pytest.param("a", b"a", False, id="bytes for text"),
        pytest.param(b"a", b"a", True, id="bytes"),
        pytest.param([1, 2], (1, 2), True, id="tuple for list"),
        pytest.param([1, 2], {1, 2}, False, id="set for list"),
        pytest.param([1, 2], [1, 2, 3], False, id="longer"),
        pytest.param({1, 2}, {2, 1}, True, id="set"),
        pytest.param({1, 2}, {1, 3}, False, id="another set"),
        pytest.param({"a": [1.0]}, {"a": (1,)}, True, id="dictionary"),
        pytest.param({"a": 1}, {"b": 1}, False, id="another key"),
        pytest.param({(1, 2): 3}, {(1, 2): 3}, True, id="tuple as key"),
        pytest.param({1: 2}, {"1": 2}, False, id="text for a number as key"),
        pytest.param(1 + 2j, 1 + 2j, True, id="complex"),
        pytest.param(5, Number(5), False, id="subclass"),
        pytest.param("x", object(), False, id="object"),
    ],
)
def test_is_same_compares_as_a_judge_would(expected: Any, got: Any, same: bool) -> None:
    assert is_same(expected, encoded(got)) is same


@pytest.mark.parametrize(
    "wire",
    [
        ["x", 1],
        ["i", "zz"],
        ["i", 5],
        ["l", 5],
        ["l"],
        [],
        {},
        ["d", [1]],
        ["s", [["l", []]]],
        ["c", ["a", "b"]],
        ["b", "q"],
    ],
    ids=str,
)
def test_what_is_no_value_is_equal_to_nothing_and_can_be_shown(wire: Any) -> None:
    assert not any(is_same(expected, wire) for expected in (None, 0, 0.0, "", b"", 1j, [], [1], (), {1}, {1: 1}))
    assert isinstance(shown(wire), str)


def test_forged_twice_of_the_same_member_is_no_whole_set() -> None:
    assert not is_same({1, 2}, ["s", [1, 1]])
    assert not is_same({1: 1, 2: 1}, ["d", [[1, 1], [1, 1]]])


@pytest.mark.parametrize(
    "value",
    [None, True, -5, 1 << 100, 0.1, "ü\ud800", b"\0", [1, [2]], (1, (2,)), {1, 2}, {"a": {1: None}}, 1j],
    ids=repr,
)
def test_values_come_back_as_they_were_and_are_shown_as_python_shows_them(value: Any) -> None:
    assert decoded(encoded(value)) == value
    assert shown(encoded(value)) == repr(value)


def test_too_deep_and_too_large_values_are_cut() -> None:
    deep: list[Any] = []
    for _ in range(MAX_DEPTH + 10):
        deep = [deep]
    assert "nested too deeply" in str(encoded(deep))
    assert not is_same(deep, encoded(deep))
    assert not is_same([0] * 300_000, encoded([0] * 300_000))
    assert len(shown(encoded(list(range(1000))))) < 320
