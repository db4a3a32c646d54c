"""A call as the model wrote it in, its tool with arguments that fit out, or a reason that the model can act on."""

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError

from agent.toolbox import Tool
from model.steps import Step
from model.tool_events import ToolCall

# The same call with the same arguments is run so often in a run.
MOST_REPEATS = 2
_MOST_COMPLAINTS = 4
_SHOWN_CHARACTERS = 60
_REPEATED_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class ReadyCall:
    """A call that can be run."""

    call: ToolCall
    tool: Tool
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadCall:
    """A call that cannot, and why, for the model."""

    call: ToolCall
    reason: str


def read_call(call: ToolCall, tools: Mapping[str, Tool]) -> ReadyCall | BadCall:
    """Look a call up among the tools on offer, and its arguments over."""
    tool = tools.get(call.name)
    if tool is None:
        return BadCall(call, unknown_tool(call.name, tuple(tools)))
    try:
        arguments = json.loads(call.arguments, strict=False)
    except (ValueError, RecursionError):
        return BadCall(call, f"The arguments of {call.name} are no JSON object. {takes(tool)}")
    if not isinstance(arguments, dict):
        return BadCall(call, f"The arguments of {call.name} are no JSON object. {takes(tool)}")
    complaints = complaints_about(arguments, tool)
    if complaints:
        return BadCall(call, f"{' '.join(complaints)} {takes(tool)}")
    return ReadyCall(call, tool, arguments)


def unknown_tool(name: str, names: Sequence[str]) -> str:
    """That there is no such tool, and which there are.

    >>> unknown_tool("serch_web", ["search_web", "python"])
    "There is no tool 'serch_web'. Did you mean search_web? The tools are: search_web, python."
    """
    if not names:
        return f"There is no tool {name!r}, and no other one. Answer without tools."
    near = difflib.get_close_matches(name, names, 1)
    guess = f"Did you mean {near[0]}? " if near else ""
    return f"There is no tool {name!r}. {guess}The tools are: {', '.join(names)}."


def key_of(call: ToolCall) -> str:
    """The same for the same call with the same arguments, however they are spaced and ordered.

    >>> key_of(ToolCall("1", "f", '{"a":1, "b":2}')) == key_of(ToolCall("2", "f", '{"b": 2, "a": 1}'))
    True
    """
    try:
        arguments = json.dumps(json.loads(call.arguments, strict=False), sort_keys=True)
    except (ValueError, RecursionError):
        arguments = call.arguments
    return f"{call.name} {arguments}"


def repeats(steps: Sequence[Step]) -> dict[str, str]:
    """By id, the calls that are made a third time or more in the same way, and what the model is told of them."""
    seen: Counter[str] = Counter()
    gave: dict[str, str] = {}
    told: dict[str, str] = {}
    for called in (called for step in steps for called in step.calls):
        key = key_of(called.call)
        seen[key] += 1
        if seen[key] > MOST_REPEATS:
            told[called.call.call_id] = (
                f"You have made this same call {MOST_REPEATS} times before, so it was not run again. It gave: "
                f"{gave.get(key, 'nothing')[:_REPEATED_CHARACTERS]}\nUse that, or try something else."
            )
        elif called.result is not None:
            gave[key] = called.result.text
    return told


# ---------------------------------------------------------------------------------------------------- arguments


def complaints_about(arguments: Mapping[str, Any], tool: Tool) -> list[str]:
    """What is wrong with the arguments, a sentence each; at most 4."""
    schema = parameters_of(tool)
    complaints = _unknown(arguments, schema)
    try:
        errors = sorted(
            _validator(json.dumps(schema)).iter_errors(dict(arguments)), key=lambda error: list(map(str, error.path))
        )
    except (SchemaError, RecursionError, ValueError):
        return complaints  # a schema that nothing can be held against: the tool itself will complain
    complaints += [_sentence(error) for error in errors]
    return list(dict.fromkeys(complaints))[:_MOST_COMPLAINTS]


def parameters_of(tool: Tool) -> Mapping[str, Any]:
    """The JSON schema of a tool's arguments."""
    function: Mapping[str, Any] = tool.schema.get("function", tool.schema)
    parameters: Mapping[str, Any] = function.get("parameters") or {}
    return parameters


@lru_cache(maxsize=256)
def _validator(schema: str) -> Draft202012Validator:
    read = json.loads(schema)
    Draft202012Validator.check_schema(read)
    return Draft202012Validator(read)


def _unknown(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Arguments that are not in the schema, where it does not say whether there may be more."""
    known = schema.get("properties")
    if not isinstance(known, Mapping) or "additionalProperties" in schema or "patternProperties" in schema:
        return []
    return [f"There is no argument {name!r}." for name in arguments if name not in known]


def _sentence(error: ValidationError) -> str:
    where = _place(error)
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            inside = f" in {where}" if error.path else ""
            return " ".join(f"The argument {name!r} is missing{inside}." for name in missing)
        case "type":
            return f"{where} must be {_type_words(error.validator_value)}, and is {_shown(error.instance)}."
        case "enum":
            values = ", ".join(json.dumps(value, ensure_ascii=False) for value in error.validator_value)
            return f"{where} is {_shown(error.instance)}. It must be one of {values}."
        case "anyOf" | "oneOf":
            return f"{where} is {_shown(error.instance)}, which is none of the forms that it may have."
        case _:
            return f"{where}: {error.message[:200]}."


def _place(error: ValidationError) -> str:
    if not error.path:
        return "The arguments"
    first, *rest = (str(part) for part in error.path)
    return f"The argument {first!r}" + "".join(f"[{part}]" for part in rest)


def _type_words(types: object) -> str:
    words = {
        "string": "a string",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "array": "a list",
        "object": "an object",
        "null": "null",
    }
    names = types if isinstance(types, list) else [types]
    return " or ".join(words.get(str(name), str(name)) for name in names)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


def takes(tool: Tool) -> str:
    """What a tool takes, in one sentence for the model."""
    schema = parameters_of(tool)
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or not properties:
        return f"{tool.name} takes no arguments."
    required = schema.get("required") or ()
    parts = []
    for name, each in properties.items():
        kind = each.get("type") if isinstance(each, Mapping) else None
        words = _type_words(kind).removeprefix("a ").removeprefix("an ") if kind else "any value"
        parts.append(f"{name} ({words}{'' if name in required else ', optional'})")
    return f"{tool.name} takes: {', '.join(parts)}."
