"""A user's own tools: what a file has to hold, where it is looked for, and what is said of one that will not do."""

import os
import threading
from pathlib import Path

import pytest

from agent.own_tools import own_tools
from agent.scratch import Scratch
from agent.toolbox import ToolContext
from model.errors import BadInput

DICE = '''import random

{head}

def dice(sides: int = 6) -> int:
    """Roll a die.

    Args:
        sides: How many sides it has, for example: 6
    """
    return random.randint({lowest}, sides)


def _helper() -> None: ...
'''


def file_of(folder: Path, text: str, name: str = "dice.py") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_own_tools_makes_a_tool_of_a_function_with_types_and_a_docstring(tmp_path: Path) -> None:
    (tool,) = own_tools(str(file_of(tmp_path, DICE.format(head="", lowest=6))))
    assert (tool.name, tool.policy, tool.reaches_outside, tool.origin) == ("dice", "ask", True, "dice.py")
    context = ToolContext("run", Scratch(tmp_path), threading.Event(), 60.0)
    assert tool.call(context, {"sides": 6}).text == "6"
    assert tool.schema["function"]["parameters"]["properties"]["sides"]["type"] == "integer"


def test_own_tools_takes_policy_and_time_from_the_file(tmp_path: Path) -> None:
    (tool,) = own_tools(str(file_of(tmp_path, DICE.format(head="POLICY = 'free'\nSECONDS = 5", lowest=1))))
    assert (tool.policy, tool.seconds) == ("free", 5.0)


def test_own_tools_looks_into_folders_and_at_several_places(tmp_path: Path) -> None:
    folder = tmp_path / "tools"
    folder.mkdir()
    file_of(folder, DICE.format(head="", lowest=1))
    file_of(folder, "1 / 0", "_left_out.py")
    other = file_of(tmp_path, DICE.format(head="", lowest=1).replace("dice", "coin"), "coin.py")
    assert [tool.name for tool in own_tools(f"{folder}{os.pathsep} {other}")] == ["dice", "coin"]
    assert own_tools("") == ()


def test_own_tools_takes_the_function_that_is_called_like_the_file(tmp_path: Path) -> None:
    text = DICE.format(head="", lowest=1) + "\n\ndef other() -> None: ...\n"
    assert [tool.name for tool in own_tools(str(file_of(tmp_path, text)))] == ["dice"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("def dice(:", "cannot be loaded, line 1: SyntaxError", id="syntax"),
        pytest.param("1 / 0", "cannot be loaded: ZeroDivisionError", id="error"),
        pytest.param("import sys\nsys.exit(1)", "cannot be loaded: SystemExit", id="exit"),
        pytest.param("x = 1", "defines no function", id="none"),
        pytest.param("def a(): ...\ndef b(): ...", "defines a, b. Call the one", id="two"),
        pytest.param("def dice(x):\n    'Do.'", "dice.py: ", id="no types"),
        pytest.param("def dice(x: int): ...", "no docstring", id="no docstring"),
        pytest.param(DICE.format(head="POLICY = 'maybe'", lowest=1), "POLICY in dice.py is 'maybe'", id="policy"),
        pytest.param(DICE.format(head="SECONDS = -1", lowest=1), "SECONDS in dice.py is -1", id="seconds"),
    ],
)
def test_own_tools_says_what_is_wrong_with_a_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        own_tools(str(file_of(tmp_path, text)))


def test_own_tools_says_which_place_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="WORKINGS_OWN_TOOLS names '.*nowhere.py', which is no Python file"):
        own_tools(str(tmp_path / "nowhere.py"))


def test_own_tools_refuses_two_of_one_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        file_of(folder, DICE.format(head="", lowest=1))
    with pytest.raises(BadInput, match="Two tools are called 'dice'"):
        own_tools(f"{first}{os.pathsep}{second}")
