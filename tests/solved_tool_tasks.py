"""A tool task in, what somebody who knows writes to solve it out, as turns of a script."""

import json
import re
from collections.abc import Iterator
from typing import Any

from evals.tool_kits import Kit, kit_tools
from evals.tool_tasks import ToolTask, Wanted

PARAMETERS = {tool.name: tool.schema["function"]["parameters"] for tool in kit_tools(lambda _: Kit())}
# What the app's own tools are called with, by those who know.
OWN: dict[str, Any] = {
    "calculate": lambda wanted: {"expression": wanted.gives},
    "python": lambda wanted: {"code": f"print({wanted.gives!r})"},
    "read_file": lambda wanted: {"name": wanted.values[0]},
    "list_files": lambda wanted: {},
    "write_file": lambda wanted: {"name": wanted.values[0], "text": "call the plumber"},
}


def written(name: str, arguments: dict[str, Any]) -> str:
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def right_call(task: ToolTask, wanted: Wanted) -> str:
    if wanted.tool in OWN:
        arguments = OWN[wanted.tool](wanted)
        if wanted.tool == "write_file":
            arguments["text"] = task.writes[wanted.values[0]]
        return written(wanted.tool, arguments)
    names = PARAMETERS[wanted.tool]["required"]
    values = [*wanted.values, *["there"] * len(names)]
    return written(wanted.tool, dict(zip(names, values, strict=False)))


def right_turns(task: ToolTask) -> Iterator[dict[str, Any]]:
    """What somebody writes who knows: the calls one after the other, then the answer."""
    match = f"^{re.escape(task.question)}$"
    calls = [right_call(task, wanted) for wanted in task.wants]
    if task.kind == "fails_first" and len(calls) == 1:
        calls = calls * 2  # those that fail the first time are called again; a right call twice is only a wasted one
    if not task.is_ordered:
        calls = ["".join(calls)]
    for number, call in enumerate(calls):
        # A rehearsal that was left open is closed in the thinking.
        yield {
            "match": match,
            "times": 1,
            "thinking": f"{task.thinking}}}\n</tool_call>\nNow {number}.",
            "answer": call,
        }
    says = ", ".join(text.split("|")[0] for text in task.says) or "I cannot do that here."
    yield {"match": match, "thinking": f"{task.thinking}}}\n</tool_call>\nSo.", "answer": says}
