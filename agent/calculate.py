"""A calculation in, its exact result out: the tool `calculate`, worked out in processes that can be killed."""

import contextlib
import queue
from dataclasses import replace

from agent.calculating.limits import MAX_CHARACTERS, MAX_SECONDS
from agent.toolbox import Tool, ToolContext, ToolOutput
from agent.tools import tool_from_function
from verify.child import MEMORY_BYTES
from verify.child_process import ChildProcess

_MODULE = "agent.calculating.child"
_LATE_SECONDS = 1.0
# Two, so that a calculation that takes long leaves a way past.
_N_CHILDREN = 2


class Calculator:
    """Works out calculations in child processes, started when they are first needed. Any thread may call it.

    Args:
        seconds: What a calculation may take. A child gives up by itself then; one that does not is killed.
    """

    def __init__(self, n_children: int = _N_CHILDREN, seconds: float = MAX_SECONDS) -> None:
        self.seconds = seconds
        self._idle: queue.LifoQueue[ChildProcess] = queue.LifoQueue()
        self._children = [ChildProcess(_MODULE, MEMORY_BYTES) for _ in range(n_children)]
        for child in self._children:
            self._idle.put(child)

    def work_out(self, expression: str, context: ToolContext) -> ToolOutput:
        """The result, or why there is none."""
        if len(expression) > MAX_CHARACTERS:
            return ToolOutput(
                f"The calculation has {len(expression):,} characters and the limit is {MAX_CHARACTERS:,}. Split it.",
                is_error=True,
            )
        child = self._taken(context)
        if child is None:
            return ToolOutput("Stopped.", is_error=True)
        try:
            asked = {"text": expression, "seconds": self.seconds}
            told = child.ask(asked, self.seconds + _LATE_SECONDS, context.stop)
        finally:
            self._idle.put(child)
        if told is None:
            return ToolOutput(
                f"It could not be worked out within {self.seconds:g} s and {MEMORY_BYTES >> 20:,} MiB. "
                "Ask for something smaller, or for a number with python.",
                is_error=True,
            )
        return ToolOutput(str(told["text"]), is_error=bool(told["is_error"]))

    def start(self) -> None:
        """Start a child process, so that the first calculation need not wait for it. Returns at once."""
        with contextlib.suppress(queue.Empty):
            child = self._idle.get_nowait()
            child.start()
            self._idle.put(child)

    def close(self) -> None:
        """End the child processes."""
        for child in self._children:
            child.kill()

    def _taken(self, context: ToolContext) -> ChildProcess | None:
        """A child that is idle; None if the run is stopped before there is one."""
        while not context.stop.is_set():
            with contextlib.suppress(queue.Empty):
                return self._idle.get(timeout=0.2)
        return None


def calculate_tool(calculator: Calculator) -> Tool:
    """The tool `calculate`."""

    def calculate(expression: str, context: ToolContext) -> ToolOutput:
        """Work out exact maths: arithmetic, equations, units, calculus, matrices.

        Args:
            expression: What to work out, for example: 36*14, or solve x^2 - 5x + 6 = 0, or 3 km to miles
        """
        return calculator.work_out(expression, context)

    return replace(tool_from_function(calculate, is_independent=True), prepare=calculator.start)
