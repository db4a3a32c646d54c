"""The events of a run in, its steps out: what the model thought, wrote and called each time, and what came back.

A step is one stretch of the model's writing with the results of its calls. A run without tools is one step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from model.attachments import question_with
from model.events import (
    AnswerDelta,
    Asked,
    Event,
    Finished,
    Message,
    Notice,
    PromptRead,
    Steered,
    ThinkingDelta,
)
from model.tool_events import ApprovalAsked, Equipped, ToolCall, ToolResult
from model.untrusted import fenced

Approval = Literal["asked", "allowed", "refused"]
# Why a step is over: its results are there; its call was missing; it was the last one with tools; the run ended.
StepEnd = Literal["", "results", "reminded", "step_limit", "finished"]

NO_RESULT = "Error: the run was stopped before this call came back."
# What the model is told after a step, as a user's words.
CALL_IS_MISSING = (
    "You spoke of using a tool, but wrote no call, so nothing was run. Write the call now, in the form that you were "
    "given. If no tool is needed, answer without speaking of one."
)
CALL_IS_BROKEN = (
    "Your call could not be read, so nothing was run. Write it again: one JSON object with "
    '"name" and "arguments" between <tool_call> and </tool_call>, nothing else.'
)
# Stands in the system text of the last step. As a user's words it takes the question's place for a small model: the
# embedded one then answered none of three questions from results that it answered from with this, or with nothing.
LAST_REQUEST = "No more tools can be used now. Give your best answer from what is known so far."
_BROKEN_CALL_MARKS = ("<tool_call", "<｜tool▁call▁begin｜>")


@dataclass(frozen=True, slots=True)
class Called:
    """A call of the model, what came back, and what became of the question whether it may run."""

    call: ToolCall
    result: ToolResult | None = None
    approval: Approval | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step.

    Args:
        thinking: All of it, as readers see it; `own_thinking` is without the texts that we wrote to end it.
        answer: The text outside the thinking: beside calls, or the answer itself.
        calls: In the order in which they were written.
        ended_by: What came after it; "" while it goes on.
    """

    thinking: str = ""
    answer: str = ""
    calls: tuple[Called, ...] = ()
    n_thinking_tokens: int = 0
    n_answer_tokens: int = 0
    ended_by: StepEnd = ""
    own_thinking: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing more is written to it."""
        return self.ended_by != ""

    @property
    def is_answer(self) -> bool:
        """Whether its text is the run's answer, as far as it goes, and not a word beside calls."""
        return not self.calls and self.ended_by in ("", "finished")

    @property
    def waiting(self) -> tuple[Called, ...]:
        """The calls that have no result yet."""
        return tuple(called for called in self.calls if called.result is None)


def steps_of(events: Iterable[Event]) -> tuple[Step, ...]:
    """The steps of a run, live or stored; at least one.

    >>> call = ToolCall("a", "calculate", "{}")
    >>> events = [ThinkingDelta("I'll", 1), call, ToolResult("a", "4"), ThinkingDelta("So", 1), AnswerDelta("4", 1)]
    >>> [(step.thinking, len(step.calls), step.answer) for step in steps_of(events)]
    [("I'll", 1, ''), ('So', 0, '4')]
    """
    fold = StepFold()
    for event in events:
        fold.take(event)
    return fold.steps()


class StepFold:
    """The steps while the events are read, as they come in. Texts are kept in parts: a step can have thousands."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._has_tools = False
        self._begin()

    def _begin(self) -> None:
        self._thinking: list[str] = []
        self._own: list[str] = []
        self._answer: list[str] = []
        self._calls: dict[str, Called] = {}
        self._n_thinking = self._n_answer = 0
        self._ended_by: StepEnd = ""

    def steps(self) -> tuple[Step, ...]:
        """The steps so far; at least one."""
        return (*self._done, self._step())

    def _step(self) -> Step:
        # A page asks again and again: what is joined once stays so.
        for text in (self._thinking, self._own, self._answer):
            text[:] = ["".join(text)]
        return Step(
            self._thinking[0],
            self._answer[0],
            tuple(self._calls.values()),
            self._n_thinking,
            self._n_answer,
            self._ended_by,
            self._own[0],
        )

    def take(self, event: Event) -> None:
        """Read the run's next event."""
        if isinstance(event, PromptRead | ThinkingDelta | AnswerDelta | ToolCall):
            self._go_on()
        match event:
            case ThinkingDelta() | AnswerDelta():
                self._write(event)
            case ToolCall(call_id):
                self._calls[call_id] = Called(event)
            case Equipped():
                self._has_tools = True
            case ApprovalAsked(call_id):
                self._change(call_id, approval="asked")
            case ToolResult(call_id):
                refused: Approval | None = "refused" if event.outcome == "refused" else None
                self._change(call_id, result=event, approval=refused)
                if all(called.result for called in self._calls.values()):
                    self._ended_by = "results"
            case Notice("reminded"):
                self._ended_by = "reminded"
            case Notice("step_limit") if self._ended_by:
                # One that comes inside a thinking ends that, not its step.
                self._ended_by = "step_limit"
            case Steered():
                self._steered(event)
            case Finished() if self._ended_by == "":
                self._ended_by = "finished"
            case _:
                pass

    def _write(self, delta: ThinkingDelta | AnswerDelta) -> None:
        if isinstance(delta, AnswerDelta):
            self._answer.append(delta.text)
            self._n_answer += delta.n_tokens
            return
        self._thinking.append(delta.text)
        self._n_thinking += delta.n_tokens
        if not delta.forced:
            self._own.append(delta.text)

    def _go_on(self) -> None:
        """The model writes: in a new step if the last one is over. A run that ended and goes on does so in its step."""
        if self._ended_by == "finished":
            self._ended_by = ""
        elif self._ended_by:
            self._done.append(self._step())
            self._begin()

    def _steered(self, event: Steered) -> None:
        if event.action in ("allow", "allow_always", "refuse"):
            self._change(event.text, approval="refused" if event.action == "refuse" else "allowed")
        elif self._ended_by == "finished" and event.action in ("continue", "think_longer"):
            self._ended_by = ""
            if event.action == "think_longer":
                self._answer.clear()
            elif self._has_tools:
                self._answer = [without_cut_call("".join(self._answer))]

    def _change(self, call_id: str, *, approval: Approval | None = None, result: ToolResult | None = None) -> None:
        if (called := self._calls.get(call_id)) is not None:
            self._calls[call_id] = replace(called, approval=approval or called.approval, result=result or called.result)


def turn_messages(events: Sequence[Event], *, with_asides: bool = False) -> tuple[Message, ...]:
    """One turn as chat messages: the user's, then for each step the assistant's with its calls and their results.

    Args:
        events: Of the run, from its first on.
        with_asides: What the model was told between its steps too: for a prompt in the middle of the turn, where the
            last step is still to be written. Without it, a step whose call was missing is left out, and the turn ends
            with its answer, empty if there is none.
    """
    asked = events[0]
    assert isinstance(asked, Asked)
    messages = [Message("user", question_with(asked.question, asked.attachments))]
    steps = steps_of(events)
    for step in steps:
        if step.ended_by == "reminded" and not with_asides:
            continue
        if not (with_asides and step.is_answer):
            messages += _step_messages(step)
        if with_asides and (aside := aside_after(step)):
            messages.append(Message("user", aside))
    if not with_asides and messages[-1].role != "assistant":
        messages.append(Message("assistant", ""))
    return tuple(messages)


def aside_after(step: Step) -> str:
    """What the model is told after a step, besides results; nothing but where its call was missing."""
    if step.ended_by != "reminded":
        return ""
    return CALL_IS_BROKEN if has_broken_call(step.answer) else CALL_IS_MISSING


def has_broken_call(answer: str) -> bool:
    """Whether an answer holds the beginning of a call, which could not be read as one then."""
    return any(mark in answer for mark in _BROKEN_CALL_MARKS)


def without_cut_call(answer: str) -> str:
    r"""An answer that was cut in the middle of a call, up to that call: it is written anew.

    >>> without_cut_call('Let me see.\n<tool_call>\n{"na')
    'Let me see.'
    """
    starts = [start for mark in _BROKEN_CALL_MARKS if (start := answer.find(mark)) >= 0]
    return answer[: min(starts)].rstrip() if starts else answer


def _step_messages(step: Step) -> list[Message]:
    calls = tuple(called.call for called in step.calls)
    if not calls and not step.answer.strip() and step.is_over and step.ended_by != "finished":
        return []  # cut in its thinking by a limit
    return [
        Message("assistant", step.answer, step.thinking, calls),
        *(Message("tool", told(called.result)) for called in step.calls),
    ]


def told(result: ToolResult | None) -> str:
    """A result as the model reads it. Text from outside is marked as such: it may hold anything, orders included."""
    if result is None:
        return NO_RESULT
    text = result.text
    if result.outcome != "ok" and not text.startswith("Error"):
        text = f"Error: {text}"
    if result.images:
        n = len(result.images)
        text += f"\n({n} picture{'s' if n > 1 else ''}, shown to the user.)"
    if result.is_untrusted and text.strip():
        text = fenced(text)
    return text


def working_of(steps: Sequence[Step]) -> str:
    r"""All that led to the answer, as one text to search in: thinking, texts beside calls, calls and results.

    >>> working_of([Step("Hm.", calls=(Called(ToolCall("1", "add", "{}"), ToolResult("1", "4")),)), Step("So 4.", "4")])
    'Hm.\n\nadd {}\n\n4\n\nSo 4.'
    """
    parts: list[str] = []
    for step in steps:
        parts += [step.thinking, "" if step.is_answer else step.answer]
        for called in step.calls:
            parts += [f"{called.call.name} {called.call.arguments}", called.result.text if called.result else ""]
    return "\n\n".join(filter(None, parts))
