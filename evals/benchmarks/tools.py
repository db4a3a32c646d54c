"""The tool tasks of `evals.tools` as a benchmark: a question with a few tools in, what was done and said out.

Each sample is a run of the app's own loop (`agent.loop`) with tools of its own, whose calls are carried out. What came
of them goes into the result's file, so that a sample can be judged again without the tools.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from agent.calculate import Calculator, calculate_tool
from agent.file_tools import file_tools
from agent.loop import AgentEngine
from agent.python_tool import Notebooks, python_tool
from agent.scratch import Scratch
from agent.toolbox import Tool
from evals.benchmarks.benchmark import Benchmark, Judgement, Judges, Problem, Written
from evals.benchmarks.boxed_answers import title_of
from evals.rehearsing import RehearsingEngine
from evals.tool_kits import Kit, kit_tools
from evals.tool_tasks import KINDS, TASKS, ToolTask, judged, task_of
from model.engine import Engine, Request, Steering
from model.errors import BadInput
from model.events import Asked, Event, Message
from model.steps import Called, Step, steps_of
from model.tool_events import Equipped, OfferedTool, ToolCall, ToolResult

# As in `evals.tools`.
MAX_STEPS = 6
_RUN = "benchmark"


def problems_of(rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """The tasks of `evals/data/tool_tasks.jsonl`."""
    return [_problem(row, number) for number, row in enumerate(rows, 1)]


def _problem(row: Mapping[str, Any], number: int) -> Problem:
    try:
        task = task_of(row)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"Row {number} is no task for a model with tools: {error!r}.") from error
    title = title_of(f"{KINDS.get(task.kind, task.kind)}: {task.question}")
    return Problem(task.name, (Message("user", task.question),), dict(row), title, reference=_right(task))


def _right(task: ToolTask) -> str:
    """What solves a task, in words."""
    calls = [f"{wanted.tool}({', '.join(map(str, wanted.values))})" for wanted in task.wants] or ["no call"]
    says = [f"says {text.replace('|', ' or ')}" for text in task.says]
    return "; ".join([*calls, *says, *(["says that it cannot be done"] if task.refuses else [])])


class ActingOnTask:
    """One run at one task, with its own tools, files and processes; see `Acting`."""

    def __init__(self, engine: Engine, judges: Judges, problem: Problem) -> None:
        self._task = task_of(problem.gold)
        self._engine = RehearsingEngine(engine, {self._task.question: self._task.thinking})
        self._judges = judges
        self._kit = Kit()
        self._events: list[Event] = []
        self._files: dict[str, str] = {}

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """Its steps, as events."""
        task = self._task
        with ExitStack() as stack:
            scratch = Scratch(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workings-task-"))))
            for name, text in task.files.items():
                scratch.write(name, text.encode())
            tools = self._tools(stack)
            offered = tuple(OfferedTool(name) for name in tools)
            equipped = Equipped(offered, MAX_STEPS, scratch=_RUN, uploads=tuple(task.files))
            agent = AgentEngine(
                self._engine,
                (Asked(task.question), equipped),
                _RUN,
                tools=tools,
                policy_of=lambda tool: "free",
                scratch=scratch,
                approval_seconds=0.0,
            )
            for event in agent.stream(request, steering):
                self._events.append(event)
                yield event
            held = scratch.names()
            self._files = {name: scratch.read(name).decode("utf-8", "replace") for name in task.writes if name in held}

    def _tools(self, stack: ExitStack) -> dict[str, Tool]:
        """Those of the task, in its order; what they start ends with the stack."""
        notebooks, calculator = Notebooks(self._judges.code), Calculator()
        stack.callback(notebooks.close)
        stack.callback(calculator.close)
        own = (python_tool(notebooks), calculate_tool(calculator), *file_tools())
        there = {tool.name: tool for tool in (*own, *kit_tools(lambda _: self._kit))}
        return {name: there[name] for name in self._task.tools}

    def trace(self) -> Mapping[str, Any]:
        """The steps with what their calls gave back, what the tools were made to do, and the files that were wanted."""
        steps = [asdict(step) for step in steps_of(map(_without_pictures, self._events))]
        return {"steps": steps, "done": list(self._kit.done), "files": dict(self._files)}


def _without_pictures(event: Event) -> Event:
    return replace(event, images=()) if isinstance(event, ToolResult) else event


def judge(_: Judges, problem: Problem, written: Written) -> Judgement:
    """Whether the task is solved: calls made, things done, the right words said, nothing forbidden."""
    steps = [_step(each) for each in written.trace.get("steps", ())]
    if not steps or not (steps[-1].answer.strip() or written.calls):
        return Judgement("undecided", "neither a call nor an answer")
    task = task_of(problem.gold)
    found = judged(task, steps, written.trace["done"], written.trace["files"])
    details = {"kind": task.kind, "calls": found.n_calls, "wasted": found.n_wasted, "steps": found.n_steps}
    return Judgement("wrong" if found.complaint else "correct", found.complaint or "solved", details=details)


def _step(told: Mapping[str, Any]) -> Step:
    """A step as `asdict` has written it."""
    calls = tuple(
        Called(
            ToolCall(**each["call"]),
            ToolResult(**each["result"]) if each["result"] else None,
            each["approval"],
        )
        for each in told["calls"]
    )
    return Step(**{**told, "calls": calls})


TOOLS = Benchmark(
    name="tools",
    title="Tool tasks",
    about="Tasks for a model with tools whose calls are carried out: one tool, two, failing ones, none that fits.",
    source="this repository, evals/data/tool_tasks.jsonl",
    licence="Apache-2.0",
    judged_by="The task's end: the calls made and their results, what the tools were made to do, what the answer says.",
    problems_of=problems_of,
    judge=judge,
    file="tool_tasks.jsonl",
    sample=TASKS,
    acting=ActingOnTask,
)
