"""What should have been printed and what was."""

import pytest

from verify.sandbox.outputs import first_difference


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        pytest.param("3\n", "3", True, id="no newline at the end"),
        pytest.param("1 2\n3\n", "  1 2  \n3 \n\n\n", True, id="spaces at the ends of lines, empty lines at the end"),
        pytest.param("\n\n3", "3", True, id="empty lines at the beginning"),
        pytest.param("3\r\n4\r\n", "3\n4\n", True, id="Windows line ends"),
        pytest.param("\ufeff3", "3", True, id="byte order mark"),
        pytest.param("1\n2", "1 2", False, id="lines are lines"),
        pytest.param("1\n\n2", "1\n2", False, id="an empty line in the middle"),
        pytest.param("a b", "a  b", False, id="spaces between words"),
        pytest.param("1 2", "1   2", True, id="spaces between numbers"),
        pytest.param("0.5 1000", "0.50 1e3", True, id="numbers of the same worth"),
        pytest.param("0.5", ".5", True, id="without the zero"),
        pytest.param("0.3", "0.30000000000000004", False, id="no tolerance"),
        pytest.param("50000000000000000", "50000000000000001", False, id="integers that are one float"),
        pytest.param("0", "-0.0", True, id="minus zero"),
        pytest.param("nan", "nan", True, id="NaN as text"),
        pytest.param("nan 1", "nan 1.0", False, id="NaN as a number is nothing's equal"),
        pytest.param("sNaN", "1", False, id="a word that Decimal takes for a number, and compares with nothing"),
        pytest.param("inf", "Infinity", True, id="infinity"),
        pytest.param("1e999999999", "1", False, id="a number that nobody writes out"),
        pytest.param("Yes", "yes", False, id="upper and lower case"),
        pytest.param("", "", True, id="nothing"),
        pytest.param("", "\n", True, id="nothing but a newline"),
        pytest.param("", "0", False, id="something where nothing was expected"),
        pytest.param("0", "", False, id="nothing where something was expected"),
        pytest.param("1 2 3", "1 2", False, id="a word too few"),
        pytest.param("x 1", "x 1.0", False, id="a line with a word in it is text"),
        pytest.param("漢字 é", "漢字 é", True, id="any script"),
    ],
)
def test_first_difference_follows_the_rules_of_livecodebench(expected: str, printed: str, same: bool) -> None:
    assert (first_difference(expected, printed) is None) is same


@pytest.mark.parametrize(
    ("printed", "same"), [("0.3333", True), ("0.334", False), ("nan", False), ("1e-999999999", False)]
)
def test_first_difference_allows_a_tolerance_that_was_asked_for(printed: str, same: bool) -> None:
    assert (first_difference("0.33333333", printed, tolerance=1e-4) is None) is same


def test_first_difference_shows_the_place_in_megabytes() -> None:
    lines = [f"{number} {number * number}" for number in range(200_000)]
    printed = [*lines]
    printed[150_000] = "150000 22500000001"
    assert first_difference("\n".join(lines), "\n".join(printed)) == (
        "line 150001: expected '150000 22500000000', got '150000 22500000001'"
    )
    long = "x" * 1_000_000
    assert first_difference(long + "a", long + "b") == (
        "line 1, column 1000001: expected …'xxxxxxxxxxxxxxxxxxxxa', got …'xxxxxxxxxxxxxxxxxxxxb'"
    )
    assert first_difference("1\n2\n3", "1\n2") == "line 3: expected '3', got nothing more"
    assert first_difference("1", "1\nDebug") == "line 2: expected nothing more, got 'Debug'"
