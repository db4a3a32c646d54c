"""The tool `calculate`: results from another process, which is killed when it takes too long, and started again."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent import calculate as calculate_module
from agent.calculate import Calculator, calculate_tool
from agent.scratch import Scratch
from agent.toolbox import ToolContext, ToolOutput

# Sympy looks for it for minutes.
ENDLESS = "integrate(exp(x^2)*sin(x)/x, x)"


class Calls:
    """Calls of the tool."""

    def __init__(self, calculator: Calculator, folder: Path) -> None:
        self.stop = threading.Event()
        self.calculator = calculator
        self._context = ToolContext("run", Scratch(folder), self.stop, 60.0)

    def __call__(self, expression: str) -> ToolOutput:
        return calculate_tool(self.calculator).call(self._context, {"expression": expression})


@pytest.fixture(scope="module")
def calculator() -> Iterator[Calculator]:
    calculator = Calculator(n_children=1, seconds=60.0)
    yield calculator
    calculator.close()


@pytest.fixture
def calculate(calculator: Calculator, tmp_path: Path) -> Calls:
    return Calls(calculator, tmp_path)


@pytest.mark.parametrize(
    ("asked", "told", "is_error"),
    [
        ("36*14", "36*14 = 504", False),
        ("100!", "100! = 9332621544394415268169923885626670049071596826438162146859296389521759999322991560894146397615651828625369"
         "7920827223758251185210916864000000000000000000000000 (158 digits)", False),
        ("2^20000", "3980...", False),
        ("9**9**9", "9^387420489 has about 369,693,100 digits", True),
        ("hello", "'hello' is a word of a sentence, not maths. Write maths, for example: 36*14", True),
        ("1/0", "Division by zero.", True),
        ("x" * 4_001, "The calculation has 4,001 characters and the limit is 4,000.", True),
        ("\ud800", "'\\ud800' is no part of a calculation.", True),
    ],
)  # fmt: skip
def test_calculate_tells_the_result_or_why_there_is_none(
    calculate: Calls, asked: str, told: str, is_error: bool
) -> None:
    output = calculate(asked)
    beginning = told.removesuffix("...")
    assert output.text.removeprefix("2^20000 = ").startswith(beginning) and output.is_error is is_error


def test_calculate_writes_the_middle_of_no_endless_number(calculate: Calls) -> None:
    text = calculate("2^20000").text
    assert "(6,021 digits)" in text and "..." in text and len(text) < 200


def test_calculate_adds_up_a_thousand_numbers(calculate: Calls) -> None:
    assert calculate("+".join(["1.5"] * 900)).text == "1350"


def test_calculate_gives_up_by_itself_and_goes_on(calculate: Calls, calculator: Calculator) -> None:
    child = calculator._children[0]
    process = child._process
    calculator.seconds = 0.5
    output = calculate("expand((a+b+c+d)^60)")
    calculator.seconds = 60.0
    assert output.is_error and ("took more than 0.5 s" in output.text or "within 0.5 s" in output.text)
    assert calculate("2 + 2").text == "2 + 2 = 4"
    # It is the same process, where the alarm came in time.
    assert child._process is process or "within" in output.text


def test_calculate_kills_what_does_not_give_up_and_starts_again(
    calculate: Calls, calculator: Calculator, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = calculator._children[0]._process
    monkeypatch.setattr(calculate_module, "_LATE_SECONDS", -59.5)
    output = calculate(ENDLESS)
    monkeypatch.undo()
    assert output.is_error and "could not be worked out within 60 s" in output.text
    assert process is not None and process.poll() is not None
    assert calculate("2 + 2").text == "2 + 2 = 4"


def test_calculate_ends_at_once_when_the_run_is_stopped(calculate: Calls) -> None:
    calculate("1 + 1")
    calculate.stop.set()
    assert calculate(ENDLESS).text == "Stopped."


def test_calculator_leaves_no_process_behind(tmp_path: Path) -> None:
    calculator = Calculator(n_children=1)
    before = set(psutil.Process().children())
    calculator.start()
    (child,) = set(psutil.Process().children()) - before
    calculator.close()
    assert not child.is_running()


def test_calculator_s_child_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PASSWORD", "secret")
    calculator = Calculator(n_children=1)
    before = set(psutil.Process().children())
    calculator.start()
    (child,) = set(psutil.Process().children()) - before
    try:
        assert "MY_PASSWORD" not in child.environ()
    finally:
        calculator.close()
