"""The calls of one step in, the questions whether they may run and what came back out, as events.

Calls run in the order in which they were written; neighbours that are independent run side by side. Each runs in a
thread of its own, so that one that hangs is left behind when its time is up, and that a stop is never waited for.
"""

import contextvars
import itertools
import logging
import queue
import threading
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent.calls import BadCall, ReadyCall
from agent.scratch import Scratch
from agent.toolbox import Tool, ToolContext, ToolOutput
from model.engine import Steering
from model.errors import AppError
from model.storable import without_surrogates
from model.tool_events import ApprovalAsked, Policy, ToolCall, ToolResult

log = logging.getLogger(__name__)

APPROVAL_SECONDS = 300.0
# A tool that keeps its own time says more about it than we can, so it may be this late.
_GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.05

REFUSED = "The user refused this call, so it was not run. Go on without it, or ask the user about it."
NOT_ALLOWED = "Nobody allowed this call within {minutes:g} minutes, so it was not run. Go on without it."
WANTS_ANSWER = "The user wants the answer now, so this was not waited for."
TIMED_OUT = "{name} took longer than {seconds:g} s, so it was ended. Ask for less at once, or go on without it."
NO_OUTPUT = "(no output)"

CallEvent = ApprovalAsked | ToolResult


@dataclass(slots=True)
class _Working:
    """A call while its thread is busy with it; `began_at` is set when the tool itself begins."""

    ready: ReadyCall
    stop: threading.Event = field(default_factory=threading.Event)
    began_at: float | None = None

    def seconds(self) -> float:
        """How long the tool has been running."""
        return 0.0 if self.began_at is None else time.monotonic() - self.began_at


class Calling:
    """Runs the calls of one run.

    Args:
        policy_of: What holds for a tool in this run.
        most_characters: Longer results are cut, with a note.
        approval_seconds: How long a call waits for the user's word.
    """

    def __init__(
        self,
        run_id: str,
        scratch: Scratch,
        steering: Steering,
        policy_of: Callable[[Tool], Policy],
        most_characters: int,
        approval_seconds: float = APPROVAL_SECONDS,
    ) -> None:
        self._run_id = run_id
        self._scratch = scratch
        self._steering = steering
        self._policy_of = policy_of
        self._most_characters = most_characters
        self._approval_seconds = approval_seconds
        # Tools that the user allowed for the rest of the run. Stored events are no source for it: they can be imported.
        self._allowed: set[str] = set()
        # Calls of one tool ask one after the other, so that the word on the first can be the word on all.
        self._asking: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def run(self, calls: Sequence[ReadyCall | BadCall], seconds_left: float | None) -> Iterator[CallEvent]:
        """Run the calls; a stop ends it at once, and those that were not over have no result then.

        Args:
            seconds_left: No call may take longer; None for no limit but the tools' own.
        """
        for together in _groups(calls):
            if self._steering.stop_reason is not None:
                return
            yield from self._run_together(together, seconds_left)

    def _run_together(self, calls: Sequence[ReadyCall | BadCall], seconds_left: float | None) -> Iterator[CallEvent]:
        events: queue.SimpleQueue[CallEvent] = queue.SimpleQueue()
        working: dict[str, _Working] = {}
        for call in calls:
            if isinstance(call, BadCall):
                yield ToolResult(call.call.call_id, call.reason, "failed")
            else:
                work = working[call.call.call_id] = _Working(call)
                limit = min(call.tool.seconds, seconds_left) if seconds_left is not None else call.tool.seconds
                context = contextvars.copy_context()
                threading.Thread(
                    target=context.run,
                    args=(self._work, work, limit, events),
                    name=f"tool-{call.tool.name}-{self._run_id}",
                    daemon=True,
                ).start()
        try:
            while working and self._steering.stop_reason is None:
                yield from self._next(events, working, seconds_left)
        finally:
            for work in working.values():
                work.stop.set()

    def _next(
        self, events: "queue.SimpleQueue[CallEvent]", working: dict[str, _Working], seconds_left: float | None
    ) -> Iterator[CallEvent]:
        """What has come since, and results for those that are waited for no longer."""
        try:
            event = events.get(timeout=_POLL_SECONDS)
        except queue.Empty:
            pass
        else:
            # What was left behind may come back late.
            if event.call_id in working:
                if isinstance(event, ToolResult):
                    del working[event.call_id]
                yield event
        for call_id, work in list(working.items()):
            tool, took = work.ready.tool, work.seconds()
            limit = min(tool.seconds, seconds_left) if seconds_left is not None else tool.seconds
            is_late = took > limit + _GRACE_SECONDS
            if not is_late and not (self._steering.wants_answer_now and work.began_at is not None):
                continue
            work.stop.set()
            del working[call_id]
            text = TIMED_OUT.format(name=tool.name, seconds=limit) if is_late else WANTS_ANSWER
            yield ToolResult(call_id, text, "failed", took)

    # ------------------------------------------------------------------ in the call's own thread

    def _work(self, work: _Working, seconds: float, events: "queue.SimpleQueue[CallEvent]") -> None:
        call = work.ready.call
        refusal = self._refusal(work, events)
        if refusal is not None:
            if refusal:
                events.put(ToolResult(call.call_id, refusal, "refused"))
            return
        work.began_at = time.monotonic()
        context = ToolContext(self._run_id, self._scratch, work.stop, seconds, self._most_characters)
        output = _output(work.ready.tool, context, work.ready.arguments)
        events.put(self._result(call, output, work.seconds()))

    def _refusal(self, work: _Working, events: "queue.SimpleQueue[CallEvent]") -> str | None:
        """Why the call may not run; None if it may, "" if the run was stopped."""
        tool, call_id = work.ready.tool, work.ready.call.call_id
        if self._policy_of(tool) == "off":
            return f"The tool {tool.name} was switched off."
        if self._policy_of(tool) == "free":
            return None
        with self._asking[tool.name]:
            if tool.name in self._allowed:
                return None
            if self._steering.stop_reason is None:
                events.put(ApprovalAsked(call_id, self._approval_seconds))
            decision = self._steering.wait_for_decision(call_id, self._approval_seconds)
            if decision == "allow_always":
                self._allowed.add(tool.name)
        if self._steering.stop_reason is not None:
            return ""
        if decision is None:
            late = NOT_ALLOWED.format(minutes=round(self._approval_seconds / 60, 1))
            return WANTS_ANSWER if self._steering.wants_answer_now else late
        return REFUSED if decision == "refuse" else None

    def _result(self, call: ToolCall, output: ToolOutput, seconds: float) -> ToolResult:
        text = without_surrogates(output.text)
        if len(text) > self._most_characters:
            text = f"{text[: self._most_characters]}\n… (cut here: {len(text):,} characters in all)"
        return ToolResult(
            call.call_id,
            text if text.strip() or output.images else NO_OUTPUT,
            "failed" if output.is_error else "ok",
            seconds,
            tuple(output.images),
            tuple(output.files),
            output.is_untrusted,
        )


def _groups(calls: Sequence[ReadyCall | BadCall]) -> list[list[ReadyCall | BadCall]]:
    """Neighbours that may run side by side, and each other call alone."""
    groups: list[list[ReadyCall | BadCall]] = []
    for is_independent, neighbours in itertools.groupby(calls, _is_independent):
        together = list(neighbours)
        groups += [together] if is_independent else [[call] for call in together]
    return groups


def _is_independent(call: ReadyCall | BadCall) -> bool:
    return isinstance(call, BadCall) or call.tool.is_independent


def _output(tool: Tool, context: ToolContext, arguments: Mapping[str, object]) -> ToolOutput:
    """What the tool gives back; whatever it raises is told by its last line."""
    try:
        return tool.call(context, arguments)
    except AppError as error:
        return ToolOutput(str(error), is_error=True)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - anybody's code; the model is told, and the run goes on
        log.info("the tool %s failed", tool.name, exc_info=True)
        return ToolOutput(traceback.format_exception_only(error)[-1].strip(), is_error=True)
