"""The events of a run with tools in, what scripts read of its steps and calls out. Plain JSON types only."""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from agent.scratch import Scratch
from model.events import AnswerDelta, Event, Notice, PromptRead, ThinkingDelta
from model.steps import Called, Step, steps_of
from model.tool_events import Equipped, ToolCall, ToolResult


class StepMarks:
    """What the deltas of a run with tools say besides those of a chat: their step, and what a question is about.

    It is shown every event of the run, in order.
    """

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self._is_equipped = False
        self._numbers: list[int] = []
        self._number = 1
        self._is_over = False
        self._waiting: set[str] = set()
        self._calls: dict[str, ToolCall] = {}

    def take(self, events: Iterable[Event]) -> None:
        """The next events; steps are cut as `steps_of` cuts them."""
        for event in events:
            if self._is_over and isinstance(event, PromptRead | ThinkingDelta | AnswerDelta | ToolCall):
                self._number += 1
                self._is_over = False
            self._look_at(event)
            self._numbers.append(self._number)

    def _look_at(self, event: Event) -> None:
        match event:
            case Equipped():
                self._is_equipped = True
            case ToolCall(call_id):
                self._calls[call_id] = event
                self._waiting.add(call_id)
            case ToolResult(call_id):
                self._waiting.discard(call_id)
                self._is_over = not self._waiting
            case Notice("reminded" | "step_limit"):
                self._is_over = True
            case _:
                pass

    def marked(self, delta: dict[str, Any], number: int) -> dict[str, Any]:
        """The delta with its step, from 1; the question whether a call may run says which call of which run.

        Args:
            number: Of the last event in the delta.
        """
        if not self._is_equipped:
            return delta
        delta = delta | {"step": self._numbers[number]}
        call = self._calls.get(delta.get("call_id", ""))
        if call is None:
            return delta
        delta = delta | {"name": call.name}
        if delta["type"] == "tool_result":
            return delta
        asked = {"run_id": self._run_id} if delta["type"] == "approval_asked" else {}
        return delta | asked | {"arguments": as_json(call.arguments)}


def equipped_of(events: Iterable[Event]) -> Equipped | None:
    """The tools and limits of a run; None for a run without."""
    return next((event for event in events if isinstance(event, Equipped)), None)


def agent_fields(events: Sequence[Event]) -> dict[str, Any]:
    """What the final object of a run with tools has besides that of a chat; nothing for a run without.

    `answer` is that of the last step: what was written beside calls stands in `steps`.
    """
    equipped = equipped_of(events[:4])
    if equipped is None:
        return {}
    steps = steps_of(events)
    calls = [call_object(number, called) for number, step in enumerate(steps, 1) for called in step.calls]
    outcomes = Counter(call["outcome"] for call in calls)
    return {
        "answer": steps[-1].answer,
        "calls": calls,
        "steps": [_step_object(number, step) for number, step in enumerate(steps, 1)],
        "counts": {
            "steps": len(steps),
            "calls": len(calls),
            "ok": outcomes["ok"],
            "failed": outcomes["failed"],
            "refused": outcomes["refused"],
            "without_result": outcomes[""],
        },
        "tools": [asdict(tool) for tool in equipped.tools],
        "limits": {"steps": equipped.max_steps, "seconds": equipped.max_seconds, "tokens": equipped.max_tokens},
    }


def call_object(number: int, called: Called) -> dict[str, Any]:
    """A call with its result; `outcome` is "" where none came.

    Args:
        number: Of its step, from 1.
    """
    call, result = called.call, called.result
    return {
        "step": number,
        "call_id": call.call_id,
        "name": call.name,
        "arguments": as_json(call.arguments),
        "approval": called.approval or "",
        "outcome": result.outcome if result else "",
        "result": result.text if result else "",
        "seconds": round(result.seconds, 3) if result else 0.0,
        "n_images": len(result.images) if result else 0,
        "files": list(result.files) if result else [],
        "is_untrusted": bool(result and result.is_untrusted),
    }


def _step_object(number: int, step: Step) -> dict[str, Any]:
    return {
        "step": number,
        "thinking": step.thinking,
        "answer": step.answer,
        "calls": [called.call.call_id for called in step.calls],
        "thinking_tokens": step.n_thinking_tokens,
        "answer_tokens": step.n_answer_tokens,
    }


def as_json(arguments: str) -> Any:
    """The arguments as they were meant; as they were written where they are no JSON."""
    try:
        return json.loads(arguments, parse_constant=str)
    except ValueError:
        return arguments


def file_objects(scratch: Scratch) -> list[dict[str, Any]]:
    """The files of a run."""
    return [{"name": file.name, "bytes": file.n_bytes} for file in scratch.files()]


def file_content(scratch: Scratch, name: str) -> dict[str, Any]:
    """A file with what it holds: as `text` where it is UTF-8, else as `base64`.

    Raises:
        BadInput: If there is none of that name.
    """
    held = scratch.read(name)
    about = {"name": name, "bytes": len(held)}
    try:
        return about | {"text": held.decode()}
    except UnicodeDecodeError:
        return about | {"base64": base64.b64encode(held).decode()}
