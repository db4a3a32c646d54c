"""A run with tools in, its events out: the model writes, its calls are run, it reads what came back, and so on.

The loop is an engine like the others, around the one that writes: it swallows each step's `Finished`, and ends with one
that sums them up. All that it knows of the run is in the run's events, so a run that is continued goes on the same way.
"""

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from agent.calling import Calling
from agent.calls import BadCall, ReadyCall, read_call, repeats
from agent.fitting import with_shorter_results
from agent.reminders import spoke_of_a_call
from agent.scratch import Scratch
from agent.toolbox import Tool
from model.ends import end_notice
from model.engine import Budget, Engine, Request, Steering
from model.errors import AppError, PromptTooLong
from model.events import (
    AnswerDelta,
    Event,
    Finished,
    FinishReason,
    Message,
    Notice,
    PromptRead,
    ThinkingDelta,
)
from model.steps import LAST_REQUEST, Step, has_broken_call, steps_of, turn_messages
from model.tool_events import Equipped, Policy, ToolResult
from model.wrapped_engine import WrappedEngine

# Broken calls are told each time; a call that was only spoken of, once.
_MOST_REMINDERS = 3
# A result takes at most this share of the context, at three characters a token, and never more than so many characters.
_RESULT_SHARE = 0.25
MOST_RESULT_CHARACTERS = 30_000

NOT_IN_TIME = "The time or the tokens for this question are used up, so this was not run."
WANTS_ANSWER = "The user wants the answer now, so this was not run."
_REMINDED = "The model spoke of a tool, but wrote no call. It was told so."
_BROKEN = "The model wrote a call that cannot be read. It was told so."
_SHORTENED = (
    "What the tools gave back is more than the context holds, so the longest results were shortened for the model."
)


class AgentEngine(WrappedEngine):
    """The engine of one run with tools.

    Args:
        engine: The one that writes.
        events: Of the run so far, `Equipped` among them.
        tools: Those on offer, by name.
        policy_of: What holds for a tool in this run.
        approval_seconds: How long a call waits for the user's word.
    """

    def __init__(
        self,
        engine: Engine,
        events: Sequence[Event],
        run_id: str,
        *,
        tools: Mapping[str, Tool],
        policy_of: Callable[[Tool], Policy],
        scratch: Scratch,
        approval_seconds: float,
    ) -> None:
        super().__init__(engine)
        self.events = tuple(events)
        self.run_id = run_id
        self.tools = tools
        self.policy_of = policy_of
        self.scratch = scratch
        self.approval_seconds = approval_seconds
        self.equipped = next(event for event in events if isinstance(event, Equipped))

    def stream(self, request: Request, steering: Steering) -> Iterator[Event]:
        """The turn with all its steps; see `model.engine.Engine.stream`."""
        return _Turn(self, request, steering).events()


class _Turn:
    """The state of one stream."""

    def __init__(self, agent: AgentEngine, request: Request, steering: Steering) -> None:
        self._agent = agent
        self._request = request
        self._steering = steering
        self._limits = agent.equipped
        self._events: list[Event] = list(agent.events)
        most_characters = int(min(MOST_RESULT_CHARACTERS, agent.context_tokens * _RESULT_SHARE * 3))
        self._calling = Calling(
            agent.run_id, agent.scratch, steering, agent.policy_of, most_characters, agent.approval_seconds
        )
        self._sum = Finished("stop")
        self._tokens = sum(_tokens_of(event) for event in self._events)
        self._seconds = sum(event.seconds for event in self._events if isinstance(event, Finished | ToolResult))
        # No tools any more: the next answer is the last word.
        self._is_last = any(isinstance(event, Notice) and event.kind == "step_limit" for event in self._events)
        self._thinks_no_more = False
        # What the request says of a step that was cut, or that a branch goes on from, holds for the first step only.
        self._so_far = (request.thinking_so_far, request.is_thinking_closed, request.answer_so_far)
        self._was_asked_to_answer = False

    # ------------------------------------------------------------------ the loop

    def events(self) -> Iterator[Event]:
        """All steps, and one `Finished`.

        Raises:
            AppError: If the engine fails before it has finished a step.
        """
        reason: FinishReason | None = None
        if self._limits.n_left_out and not any(isinstance(event, PromptRead | Notice) for event in self._events):
            yield self._took(Notice("reduced", self._few_tools()))
        try:
            while reason is None:
                yield from self._run_calls()
                if (reason := self._steering.stop_reason) is not None:
                    yield self._took(end_notice(reason))
                else:
                    yield from self._look_at_limits()
                    reason = yield from self._write()
        except AppError as error:
            if self._sum == Finished("stop"):
                raise
            reason = self._steering.stop_reason or "error"
            yield self._took(end_notice(reason) if reason != "error" else Notice("engine", str(error)))
        yield replace(self._sum, reason=reason)

    def _few_tools(self) -> str:
        names = " and ".join(tool.name for tool in self._limits.tools) or "none"
        return (
            f"{self._agent.model} does best with few tools, so it is told of {names}: those that the question speaks "
            "for. Switch the others off to choose yourself."
        )

    def _took(self, event: Event) -> Event:
        self._events.append(event)
        self._tokens += _tokens_of(event)
        return event

    @property
    def _steps(self) -> tuple[Step, ...]:
        return steps_of(self._events)

    # ------------------------------------------------------------------ writing

    def _write(self) -> Generator[Event, None, FinishReason | None]:
        """One step of the model; the reason if that was the last one."""
        began_at, n_before = time.monotonic(), len(self._events)
        finished: Finished | None = None
        with closing(self._streamed(self._next_request())) as stream:
            for event in stream:
                if isinstance(event, Finished):
                    finished = event
                    break
                if isinstance(event, Notice) and event.kind == "reduced" and event in self._events:
                    continue  # of the whole run, and said with its first step
                yield self._took(event)
                if self._is_to_be_cut(event, began_at):
                    break
        written = self._events[n_before:]
        self._was_asked_to_answer = any(isinstance(event, Notice) and event.kind == "answer_now" for event in written)
        if finished is None:
            self._add_up(_finished_of(written, time.monotonic() - began_at))
            self._so_far = (self._steps[-1].own_thinking, True, "")
            yield from self._look_at_limits()
            return None
        self._so_far = ("", False, "")
        self._add_up(finished)
        return (yield from self._end_of(finished.reason))

    def _is_to_be_cut(self, event: Event, began_at: float) -> bool:
        """Whether a limit ends the thinking here. An answer that has begun is let to its end: it is what is wanted."""
        if self._is_last or not isinstance(event, ThinkingDelta):
            return False
        return self._is_over_limit(time.monotonic() - began_at)

    def _is_over_limit(self, more_seconds: float = 0.0) -> bool:
        limits = self._limits
        if limits.max_tokens and self._tokens >= limits.max_tokens:
            return True
        return bool(limits.max_seconds) and self._seconds + more_seconds >= limits.max_seconds

    def _end_of(self, reason: FinishReason) -> Generator[Event, None, FinishReason | None]:
        """What follows a step that the engine has finished: nothing more, its calls, or a reminder."""
        steps = self._steps
        step = steps[-1]
        if reason in ("stopped", "time_limit", "allowance", "error") or self._is_last:
            return reason
        if step.calls:
            return None
        n_calls_before = sum(len(each.calls) for each in steps[:-1])
        if self._may_remind(step) and spoke_of_a_call(step, self._agent.tools, n_calls_before):
            yield self._took(Notice("reminded", _BROKEN if has_broken_call(step.answer) else _REMINDED))
            return None
        return reason

    def _may_remind(self, step: Step) -> bool:
        n_told = sum(isinstance(event, Notice) and event.kind == "reminded" for event in self._events)
        return n_told < (_MOST_REMINDERS if has_broken_call(step.answer) else 1)

    def _add_up(self, one: Finished) -> None:
        total = self._sum
        self._seconds += one.seconds
        self._sum = Finished(
            "stop",
            total.prompt_tokens + one.prompt_tokens,
            total.thinking_tokens + one.thinking_tokens,
            total.answer_tokens + one.answer_tokens,
            total.seconds + one.seconds,
            total.thinking_seconds + one.thinking_seconds,
            total.answer_seconds + one.answer_seconds,
        )

    # ------------------------------------------------------------------ what the engine is asked

    def _next_request(self) -> Request:
        before = self._before()
        turn = turn_messages(self._events, with_asides=True)
        keeps_thinking = self._limits.keeps_thinking
        if not keeps_thinking:
            turn = tuple(replace(message, thinking="") for message in turn)
        thinking, is_closed, answer = self._so_far
        return replace(
            self._request,
            messages=(*before, *turn),
            budget=self._budget(),
            tools=() if self._is_last else tuple(dict(tool.schema) for tool in self._agent.tools.values()),
            thinking_so_far=thinking,
            is_thinking_closed=is_closed,
            answer_so_far=answer,
            shows_thinking_from=len(before) if keeps_thinking else None,
            leaves_out_calls=self._is_last,
        )

    def _before(self) -> tuple[Message, ...]:
        """The chat up to the question; the system text of a last step says that it is one."""
        before = self._request.messages[:-1]
        if not any(isinstance(event, Notice) and event.kind == "step_limit" for event in self._events):
            return before
        system = before[0].content if before and before[0].role == "system" else ""
        others = before[1:] if system else before
        return (Message("system", f"{system}\n\n{LAST_REQUEST}".strip()), *others)

    def _budget(self) -> Budget:
        if self._thinks_no_more:
            return "off"
        limits = self._steering.budget_set
        if limits is None:
            return self._request.budget
        return limits.tokens if limits.tokens is not None else f"{limits.seconds:g}s"

    def _streamed(self, request: Request) -> Generator[Event, None, None]:
        """The engine's stream; what tools gave back is shortened until the chat fits its context."""
        is_told = False
        while True:
            try:
                yield from self._agent.engine.stream(request, self._steering)
                return
            except PromptTooLong:
                shorter = with_shorter_results(request.messages)
                if shorter is None:
                    raise
                request = replace(request, messages=shorter)
            if not is_told:
                yield Notice("reduced", _SHORTENED)
                is_told = True

    # ------------------------------------------------------------------ limits

    def _look_at_limits(self) -> Iterator[Event]:
        """Whether the next step is the last one; the model is told by what `turn_messages` makes of the notice."""
        if self._is_last:
            return
        steps = self._steps
        is_open = _is_open(steps[-1])
        number = len(steps) if is_open else len(steps) + 1
        words = ""
        if self._was_asked_to_answer or (not is_open and self._steering.take_answer_now()):
            words = "The answer was asked for, so this is the last step. It has no tools."
        elif self._is_over_limit():
            words = f"{self._limit_words()} This is the last step. It has no tools."
        self._thinks_no_more = bool(words)
        if not words and number >= self._limits.max_steps:
            words = f"{self._limits.max_steps} steps is the limit, so this is the last one. It has no tools."
        if words:
            self._is_last = True
            if number > 1 or self._thinks_no_more:
                yield self._took(Notice("step_limit", words))

    def _limit_words(self) -> str:
        limits = self._limits
        if limits.max_tokens and self._tokens >= limits.max_tokens:
            return f"{self._tokens:,} tokens were written and the limit is {limits.max_tokens:,}."
        return f"{self._seconds:.0f} s have passed and the limit is {limits.max_seconds:g} s."

    # ------------------------------------------------------------------ calls

    def _run_calls(self) -> Iterator[Event]:
        """The calls of the last step that have no result yet."""
        steps = self._steps
        waiting = [called.call for called in steps[-1].waiting]
        if not waiting:
            return
        if self._was_asked_to_answer or self._is_over_limit():
            why = WANTS_ANSWER if self._was_asked_to_answer else NOT_IN_TIME
            for call in waiting:
                yield self._took(ToolResult(call.call_id, why, "failed"))
            return
        told = repeats(steps)
        calls: list[ReadyCall | BadCall] = []
        for call in waiting:
            if call.call_id in told:
                yield self._took(
                    Notice("repeated_call", f"{call.name} was called the same way again, so it was not run.")
                )
                calls.append(BadCall(call, told[call.call_id]))
            else:
                calls.append(read_call(call, self._agent.tools))
        left = self._limits.max_seconds - self._seconds if self._limits.max_seconds else None
        began_at, working = time.monotonic(), 0.0
        for event in self._calling.run(calls, left):
            working += event.seconds if isinstance(event, ToolResult) else 0.0
            yield self._took(event)
        # By the clock, without the time in which the user was waited for.
        self._seconds += min(working, time.monotonic() - began_at)


def _is_open(step: Step) -> bool:
    """Whether the model goes on in this step, or has not begun with it."""
    return step.ended_by == "" and not step.calls


def _tokens_of(event: Event) -> int:
    return event.n_tokens if isinstance(event, ThinkingDelta | AnswerDelta) else 0


def _finished_of(written: Sequence[Event], seconds: float) -> Finished:
    """What the engine would have said of a step that was cut in its thinking."""
    prompt_tokens = next((event.prompt_tokens for event in written if isinstance(event, PromptRead)), 0)
    tokens = sum(_tokens_of(event) for event in written)
    return Finished("thinking_cut", prompt_tokens, tokens, 0, seconds, seconds)
