"""An agent with a scripted engine and small tools, for tests: what the model writes is given, all else is real."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.agents import Agents
from agent.policy import Policies
from agent.toolbox import Tool, Toolbox
from agent.tools import tool_from_function
from model.engine import Request, Steering
from model.events import Event
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
