import base64
import io
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import types
from PIL import Image

from agent.mcp_tools import (
    MAX_DESCRIPTION_CHARACTERS,
    MAX_RESULT_CHARACTERS,
    MAX_SCHEMA_CHARACTERS,
    MOST_IMAGES,
    MOST_TOOLS,
    model_names,
    output_of,
    parameters_of,
    png_of,
    remote_tools,
)


def tool(name: str, **more: Any) -> types.Tool:
    return types.Tool(name=name, inputSchema=more.pop("schema", {"type": "object"}), **more)


def picture(kind: str, size: tuple[int, int] = (2, 2)) -> str:
    drawn = io.BytesIO()
    Image.new("RGB", size).save(drawn, kind)
    return base64.b64encode(drawn.getvalue()).decode()


def image(data: str) -> types.ImageContent:
    return types.ImageContent(type="image", data=data, mimeType="image/png")


# What the model is told.


def test_remote_tools_cut_what_is_said_and_how_many_there_are() -> None:
    many = [tool(f"t{number}", description="word " * 1000) for number in range(MOST_TOOLS + 5)]
    found = remote_tools(many)
    assert len(found) == MOST_TOOLS
    assert len(found[0].description) <= MAX_DESCRIPTION_CHARACTERS
    assert remote_tools([tool("bare")])[0].description == "The tool bare."
    assert remote_tools([tool("loud", description="a\x1b[31m\x00\u202eb")])[0].description == "a[31mb"


def test_model_names_have_their_server_in_front_only_where_two_would_be_the_same() -> None:
    names = model_names({"a": ["search", "python", "own"], "b": ["search", "find.it"]}, ["python"])
    assert names == {
        ("a", "search"): "a_search",
        ("a", "python"): "a_python",
        ("a", "own"): "own",
        ("b", "search"): "b_search",
        ("b", "find.it"): "find_it",
    }


def test_model_names_are_all_different_whatever_the_servers_say() -> None:
    servers = {"a": ["b_c", "x/y", "x.y", "l" * 90, "l" * 91], "a_b": ["c"], "b": ["b_c", "a_b_c"], "c": ["a_b_c", "é"]}
    names = model_names(servers, ["a_b_c", "c", "b_b_c"])
    given = list(names.values())
    assert len(given) == sum(map(len, servers.values()))
    assert len({*given, "a_b_c", "c", "b_b_c"}) == len(given) + 3
    assert all(len(name) <= 64 and name.replace("_", "").replace("-", "").isascii() for name in given)


@pytest.mark.parametrize(
    "schema",
    [
        None,
        [],
        {"type": "array"},
        {"type": "object", "properties": []},
        {"type": "object", "properties": {"a": {"type": "strange"}}},
        {"type": "object", "required": "a"},
        {"properties": {"a": {"$ref": "http://127.0.0.1:1/schema.json"}}},
        {"properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"$id": "http://127.0.0.1:1/", "properties": {"a": {"$dynamicRef": "b.json"}}},
        {"properties": {"a": {"type": "string", "pattern": "(a+)+$"}}, "patternProperties": {"(a+)+$": {}}},
    ],
)
def test_parameters_of_takes_any_schema_and_lets_nothing_dangerous_through(schema: Any) -> None:
    found = parameters_of(schema)
    Draft202012Validator.check_schema(found)
    assert Draft202012Validator(found).is_valid({"a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"})
    text = json.dumps(found)
    assert not any(word in text for word in ("http", "file:", "b.json", "(a+)+", '"$id"'))


def test_parameters_of_keeps_a_parameter_that_is_called_like_a_keyword() -> None:
    properties = {"pattern": {"type": "string"}, "examples": {"type": "integer", "minimum": 1}}
    assert parameters_of({"type": "object", "properties": properties})["properties"] == properties


def test_parameters_of_gives_up_descriptions_then_types_when_a_schema_is_long() -> None:
    described = {f"p{number}": {"type": "string", "description": "x" * 250} for number in range(50)}
    found = parameters_of({"type": "object", "properties": described, "required": ["p1"]})
    assert found["properties"]["p1"] == {"type": "string"} and found["required"] == ["p1"]
    choices = {f"p{number}": {"enum": [f"{at:0>90}" for at in range(100)]} for number in range(5)}
    found = parameters_of({"type": "object", "properties": choices})
    assert list(found["properties"]) == ["p0", "p1", "p2", "p3", "p4"]
    assert len(json.dumps(found)) <= MAX_SCHEMA_CHARACTERS
    deep: dict[str, Any] = {"type": "object"}
    for _ in range(500):
        deep = {"type": "object", "properties": {"a": deep}}
    assert len(json.dumps(parameters_of(deep))) <= MAX_SCHEMA_CHARACTERS


# What a call gave back.


def test_output_of_says_of_every_kind_of_content_what_it_is() -> None:
    content: list[types.ContentBlock] = [
        types.TextContent(type="text", text="first"),
        image(picture("PNG")),
        types.AudioContent(type="audio", data="AAAA", mimeType="audio/wav"),
        types.ResourceLink.model_validate({"type": "resource_link", "uri": "file:///a.txt", "name": "a"}),
        types.EmbeddedResource.model_validate(
            {"type": "resource", "resource": {"uri": "note://1", "text": "inside"}},
        ),
    ]
    output = output_of(types.CallToolResult(content=content))
    assert output.text.splitlines() == [
        "first",
        "[an image, which the user sees]",
        "[audio, audio/wav, left out]",
        "[a: file:///a.txt]",
        "inside",
    ]
    assert len(output.images) == 1
    assert output.is_untrusted and not output.is_error


def test_output_of_falls_back_on_structured_content_and_never_says_nothing() -> None:
    structured = types.CallToolResult(content=[], structuredContent={"a": "é"})
    assert output_of(structured).text == '{"a": "é"}'
    assert output_of(types.CallToolResult(content=[])).text == "The call gave nothing back."
    failed = output_of(types.CallToolResult(content=[], isError=True))
    assert failed.is_error and "does not say why" in failed.text


def test_output_of_cuts_a_long_text_in_its_middle() -> None:
    text = "begin" + "x" * 1_000_000 + "end"
    cut = output_of(types.CallToolResult(content=[types.TextContent(type="text", text=text)])).text
    assert len(cut) < MAX_RESULT_CHARACTERS + 100
    assert cut.startswith("begin") and cut.endswith("end") and "980,008 characters left out" in cut


def test_output_of_shows_so_many_pictures_and_says_so_of_the_others() -> None:
    output = output_of(types.CallToolResult(content=[image(picture("PNG"))] * (MOST_IMAGES + 1)))
    assert len(output.images) == MOST_IMAGES
    assert output.text.endswith("[an image that cannot be shown]")


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_png_of_turns_other_pictures_into_png(kind: str) -> None:
    png = png_of(picture(kind))
    assert png
    assert Image.open(io.BytesIO(base64.b64decode(png))).format == "PNG"


@pytest.mark.parametrize(
    "data",
    [
        "no base64!",
        base64.b64encode(b"<svg onload='alert(1)'/>").decode(),
        picture("PNG")[:40],
        picture("BMP"),
        picture("PNG", (5000, 4000)),
        base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 5_000_000).decode(),
    ],
    ids=["no base64", "svg", "cut off", "bmp", "too many pixels", "too many bytes"],
)
def test_png_of_refuses_what_is_no_picture_or_too_large(data: str) -> None:
    assert png_of(data) is None
