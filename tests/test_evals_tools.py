"""The tool benchmark: somebody who knows solves all its tasks, and each way to fail one is seen."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.tool_kits import Kit, kit_tools
from evals.tool_tasks import KINDS, ToolTask, Wanted, read_tasks
from evals.tools import main

TASKS = read_tasks()
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


def run(folder: Path, turns: list[dict[str, Any]], *arguments: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    script, out = folder / "script.json", folder / "out.jsonl"
    script.write_text(json.dumps({"tokens_per_second": 20_000, "turns": turns}), "utf-8")
    given = ["--scripted", str(script), "--data", str(folder / "runs"), "--out", str(out), "--at-once", "6", *arguments]
    assert main(given) == 0
    first, *rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    return first["summary"], rows


def test_tasks_are_at_least_sixty_of_every_kind_and_each_name_is_one_task() -> None:
    assert len(TASKS) >= 60 and {task.kind for task in TASKS} == set(KINDS)
    assert len({task.name for task in TASKS}) == len({task.question for task in TASKS}) == len(TASKS)


def test_main_finds_every_task_solved_by_somebody_who_knows(tmp_path: Path) -> None:
    told, rows = run(tmp_path, [turn for task in TASKS for turn in right_turns(task)])
    assert {row["task"]: row["judged"]["complaint"] for row in rows if not row["is_solved"]} == {}
    figures = told["thinking_dropped"]["all"]
    assert (figures["solved"], figures["tasks"]) == (len(TASKS), len(TASKS)) and told["is_complete"]
    assert told["model"] == "scripted" and told["thinking_dropped"]["parallel"]["most_calls_in_a_step"] == 2
