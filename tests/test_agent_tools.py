import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from agent.calls import BadCall, ReadyCall, key_of, read_call
from agent.scratch import Scratch
from agent.toolbox import ToolContext, ToolOutput
from agent.tools import tool_from_function
from model.errors import BadInput
from model.tool_events import ToolCall


def book(
    city: str, nights: int, kind: Literal["single", "double"] = "single", tags: list[str] | None = None
) -> dict[str, Any]:
    """Book a room.

    Args:
        city: Where.
        nights: How many.
        kind: Of room.
        tags: Words to
            find it by.
    """
    return {"city": city, "nights": nights, "kind": kind, "tags": tags}


BOOK = tool_from_function(book)


def context(folder: Path) -> ToolContext:
    return ToolContext("run", Scratch(folder), threading.Event(), 1.0)


def test_tool_from_function_reads_its_schema_off_signature_and_docstring() -> None:
    function = BOOK.schema["function"]
    assert (BOOK.name, BOOK.description, function["description"]) == ("book", "Book a room.", "Book a room.")
    assert function["parameters"]["required"] == ["city", "nights"]
    properties = function["parameters"]["properties"]
    assert properties["kind"] == {"type": "string", "enum": ["single", "double"], "description": "Of room."}
    assert properties["tags"]["type"] == "array" and properties["tags"]["description"] == "Words to find it by."
    assert "return" not in function


def test_tool_from_function_fills_the_context_in_and_does_not_show_it(tmp_path: Path) -> None:
    def where(context: ToolContext, word: str) -> str:
        """Say where.

        Args:
            word: A word.
        """
        return f"{word}: {context.scratch.folder.name}"

    tool = tool_from_function(where)
    assert list(tool.schema["function"]["parameters"]["properties"]) == ["word"]
    assert tool.call(context(tmp_path), {"word": "here"}).text == f"here: {tmp_path.name}"


@dataclass
class Found:
    name: str


@pytest.mark.parametrize(
    ("returned", "text"),
    [
        pytest.param("as it is", "as it is", id="text"),
        pytest.param({"größe": 1.5}, '{"größe": 1.5}', id="JSON"),
        pytest.param(None, "null", id="nothing"),
        pytest.param(Found("a"), '{"name": "a"}', id="dataclass"),
        pytest.param(Path("a"), '"a"', id="what JSON has no form for"),
        pytest.param(ToolOutput("made", files=("a",)), "made", id="output"),
    ],
)
def test_a_tool_gives_text_whatever_its_function_returns(tmp_path: Path, returned: Any, text: str) -> None:
    def give() -> Any:
        """Give."""
        return returned

    assert tool_from_function(give).call(context(tmp_path), {}).text == text


def undescribed(x: int) -> int:
    """Do it."""
    return x


def untyped(x):
    """Do it.

    Args:
        x: A number.
    """
    return x


def untold(x: int) -> int:
    return x


@pytest.mark.parametrize("function", [undescribed, untyped, untold])
def test_a_function_that_says_too_little_becomes_no_tool(function: Any) -> None:
    with pytest.raises(BadInput, match=f"The function {function.__name__!r} cannot become a tool"):
        tool_from_function(function)


# ---------------------------------------------------------------------------------------------------- calls


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("[1]", "The arguments of book are no JSON object."),
        ("{", "The arguments of book are no JSON object."),
        ("{}", "The argument 'city' is missing. The argument 'nights' is missing."),
        ('{"city": 1, "nights": 2}', "The argument 'city' must be a string, and is 1."),
        ('{"city": "Oslo", "nights": 1.5}', "The argument 'nights' must be a whole number, and is 1.5."),
        (
            '{"city": "Oslo", "nights": 1, "kind": "huge"}',
            'The argument \'kind\' is "huge". It must be one of "single", "double".',
        ),
        ('{"city": "Oslo", "nights": 1, "tags": [2]}', "The argument 'tags'[0] must be a string, and is 2."),
        ('{"town": "Oslo", "city": "Oslo", "nights": 1}', "There is no argument 'town'."),
    ],
)
def test_arguments_are_held_against_the_schema_and_the_reason_says_what_the_tool_takes(
    arguments: str, why: str
) -> None:
    read = read_call(ToolCall("1", "book", arguments), {"book": BOOK})
    assert isinstance(read, BadCall)
    takes = "book takes: city (string), nights (whole number), kind (string, optional), tags (list, optional)."
    assert read.reason == f"{why} {takes}"


def test_arguments_that_fit_are_read() -> None:
    read = read_call(ToolCall("1", "book", '{"city": "Oslo", "nights": 2, "tags": ["sea"]}'), {"book": BOOK})
    assert isinstance(read, ReadyCall) and read.arguments == {"city": "Oslo", "nights": 2, "tags": ["sea"]}


def test_the_same_call_is_known_however_it_is_written() -> None:
    one, other = '{"city":"K\\u00f6ln", "nights":1}', '{ "nights": 1, "city": "Köln"}'
    assert key_of(ToolCall("1", "book", one)) == key_of(ToolCall("2", "book", other))
    assert key_of(ToolCall("1", "book", one)) != key_of(ToolCall("1", "look", one))
