"""An agent with a scripted engine and small tools, for tests: what the model writes is given, all else is real."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.agents import Agents
from agent.policy import Policies
from agent.toolbox import Tool, Toolbox, ToolContext
from agent.tools import tool_from_function
from model.engine import Request, Steering
from model.events import Event, Finished, Notice
from model.host import ModelHost
from model.runs import Runs
from model.scripted import ScriptedEngine, Turn
from model.settings import Settings
from model.store import Store
from model.tool_events import ToolResult

FAST = 20_000.0


def call(name: str, /, **arguments: Any) -> str:
    """A call as QwQ writes it."""
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def add(a: float, b: float) -> float:
    """Add two numbers.

    Args:
        a: The first one.
        b: The second one.
    """
    return a + b


def fail(why: str) -> str:
    """Fail.

    Args:
        why: What the error says.
    """
    raise RuntimeError(why)


TOOLS = (tool_from_function(add, is_independent=True), tool_from_function(fail))


class RecordingEngine(ScriptedEngine):
    """Keeps what it was asked."""

    requests: list[Request]

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """As the scripted engine."""
        self.__dict__.setdefault("requests", []).append(request)
        return super().stream(request, steering)


@dataclass
class ScriptedAgent:
    """An agent whose model writes the turns."""

    agents: Agents
    runs: Runs
    engine: RecordingEngine

    @property
    def requests(self) -> list[Request]:
        """What the engine was asked, step by step."""
        return self.engine.requests

    def events(self, message: str = "?", **options: Any) -> list[Event]:
        """All events of a run."""
        return self.read(self.agents.start(message, **options))

    def read(self, run_id: str) -> list[Event]:
        """All events of a run, when it has ended."""
        follower = self.runs.attach(run_id)
        try:
            return [event for events in follower for event in events]
        finally:
            follower.close()


@contextmanager
def scripted_agent(
    folder: Path, turns: Sequence[Turn], tools: Sequence[Tool] = TOOLS, rate: float = FAST, **options: Any
) -> Iterator[ScriptedAgent]:
    """An agent whose model writes the turns; they are matched in order (`Turn.match`, `result`, `times`)."""
    settings = Settings(folder)
    context_tokens = options.pop("context_tokens", 131_072)
    engine = RecordingEngine(turns, tokens_per_second=rate, context_tokens=context_tokens)
    store = Store(folder)
    runs = Runs(store, ModelHost(settings, engine=engine), settings)
    toolbox = Toolbox()
    toolbox.add(*tools)
    agents = Agents(runs, toolbox, options.pop("policies", Policies()), folder / "scratch", **options)
    try:
        yield ScriptedAgent(agents, runs, engine)
    finally:
        runs.close()
        store.close()


def results(events: Sequence[Event]) -> list[str]:
    """Outcomes and texts of what came back."""
    return [f"{event.outcome}: {event.text}" for event in events if isinstance(event, ToolResult)]


MakeAgent = Callable[..., ScriptedAgent]
NO_RESULT = r"\A\Z"


@contextmanager
def agent_maker(folder: Path) -> Iterator[MakeAgent]:
    """A function that makes agents from the turns that their models write."""
    with ExitStack() as stack:

        def make(*turns: Turn, **options: Any) -> ScriptedAgent:
            return stack.enter_context(scripted_agent(folder / str(time.monotonic_ns()), turns, **options))

        yield make


def first(answer: str, thinking: str = "Hm.", **fields: Any) -> Turn:
    """What is written while nothing has come back."""
    return Turn(thinking, answer, result=NO_RESULT, **fields)


def notices(events: list[Event]) -> list[str]:
    """Their kinds."""
    return [event.kind for event in events if isinstance(event, Notice)]


def finish_of(events: list[Event]) -> Finished:
    """The one end of a run."""
    (finished,) = [event for event in events if isinstance(event, Finished)]
    assert finished is events[-1]
    return finished


def wait_for(agent: ScriptedAgent, run_id: str, kind: type) -> Any:
    """The first event of a kind, as soon as the run has it."""
    follower = agent.runs.attach(run_id)
    try:
        for events in follower:
            for event in events:
                if isinstance(event, kind):
                    return event
    finally:
        follower.close()
    raise AssertionError(f"the run ended without a {kind.__name__}")


def waiting_tool(began: threading.Event | None = None, seconds: float = 60.0, **options: Any) -> Tool:
    """A tool that does nothing until it is told to stop."""

    def wait(context: ToolContext) -> str:
        """Wait."""
        if began is not None:
            began.set()
        context.stop.wait(60)
        return "late"

    return tool_from_function(wait, seconds=seconds, **options)
