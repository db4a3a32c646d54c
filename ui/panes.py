"""A run's events in, what the page shows of it out: pure, no gradio. What displays it is in parts.py."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, assert_never

from model.attachments import names_of
from model.code_events import Program, Task, TestReport
from model.events import (
    AnswerDelta,
    Asked,
    Branched,
    Event,
    Evidence,
    FinalAnswer,
    Finished,
    FinishReason,
    Notice,
    Problem,
    PromptRead,
    Queued,
    Steered,
    ThinkingDelta,
    Verdict,
)
from model.tool_events import ApprovalAsked, Equipped, ToolCall, ToolResult

Phase = Literal["empty", "waiting", "reading", "thinking", "answering", "calling", "done", "stopped", "failed"]
LIVE_PHASES: tuple[Phase, ...] = ("waiting", "reading", "thinking", "answering", "calling")
ENDED_PHASES: tuple[Phase, ...] = ("done", "stopped", "failed")

# Markdown with KaTeX costs the browser more the longer it is, so long answers are drawn less often (docs/limits.md).
_ANSWER_FLUSH_SECONDS = ((16_000, 0.085), (40_000, 0.2))
_LONG_ANSWER_FLUSH_SECONDS = 0.5
# Each update costs Gradio's browser side the same, however little is new, and nobody reads a long thought that fast.
_THINKING_FLUSH_SECONDS = ((6_000, 0.085), (24_000, 0.15))
_LONG_THINKING_FLUSH_SECONDS = 0.25


# What is pending while a run waits for *Go on*.
PAUSED = "Paused"
# What is pending while others have their turn in the middle of a run.
GIVES_WAY = "Waiting for its turn"


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens of one pane and the time they took.

    Args:
        ended_seconds: Time of the stretches that have ended, as the engine measured it.
        timed_tokens: Tokens of the stretch going on that came after its first piece.
        earlier_seconds: Time of the steps before it in the same stream, as their pieces came.
        started_at: When the first piece of the stretch going on arrived, in Unix seconds.
        latest_at: When its last piece arrived.
    """

    tokens: int = 0
    ended_seconds: float = 0.0
    timed_tokens: int = 0
    earlier_seconds: float = 0.0
    started_at: float | None = None
    latest_at: float | None = None

    def add(self, n_tokens: int, at: float) -> "Pace":
        """The pace after a piece of `n_tokens` tokens that arrived at Unix second `at`."""
        if self.started_at is None:
            return replace(self, tokens=self.tokens + n_tokens, started_at=at, latest_at=at)
        timed_tokens = self.timed_tokens + n_tokens
        return replace(self, tokens=self.tokens + n_tokens, timed_tokens=timed_tokens, latest_at=at)

    def end(self, seconds: float) -> "Pace":
        """The pace once the engine has said how long this stretch took; 0 where it could not."""
        return Pace(self.tokens, self.ended_seconds + (seconds or self.earlier_seconds + self._stretch_seconds))

    def rest(self) -> "Pace":
        """The pace while tools work: the time that they take is none of the model's."""
        earlier_seconds = self.earlier_seconds + self._stretch_seconds
        return Pace(self.tokens, self.ended_seconds, earlier_seconds=earlier_seconds)

    @property
    def _stretch_seconds(self) -> float:
        if self.started_at is None or self.latest_at is None:
            return 0.0
        return max(0.0, self.latest_at - self.started_at)

    @property
    def seconds(self) -> float:
        """Time taken so far."""
        return self.ended_seconds + self.earlier_seconds + self._stretch_seconds

    @property
    def tokens_per_second(self) -> float:
        """The speed of the stretch going on, else of all of it; 0 while it cannot be told."""
        if self._stretch_seconds > 0.2:
            return self.timed_tokens / self._stretch_seconds
        seconds = self.ended_seconds + self.earlier_seconds
        return self.tokens / seconds if self.started_at is None and seconds > 0.05 else 0.0


@dataclass(frozen=True, slots=True)
class Panes:
    """All that the page shows of one run."""

    run_id: str = ""
    question: str = ""
    attached: str = ""
    thinking: str = ""
    answer: str = ""
    phase: Phase = "empty"
    thinking_pace: Pace = field(default_factory=Pace)
    answer_pace: Pace = field(default_factory=Pace)
    prompt_tokens: int = 0
    notices: tuple[Notice, ...] = ()
    steps: tuple[ToolCall | ApprovalAsked | ToolResult, ...] = ()
    finish_reason: FinishReason | None = None
    model: str = ""
    precision: str = ""
    pending: str = ""

    @property
    def asked_text(self) -> str:
        """The question, and under it the names of the files that went along."""
        return f"{self.question}\n\n{self.attached}" if self.attached else self.question

    @property
    def is_live(self) -> bool:
        """Whether the run goes on or waits for the model."""
        return self.phase in LIVE_PHASES

    @property
    def is_paused(self) -> bool:
        """Whether the run waits for *Go on*."""
        return self.is_live and self.pending == PAUSED

    @property
    def gives_way(self) -> bool:
        """Whether others have their turn in the middle of the run."""
        return self.is_live and self.pending == GIVES_WAY

    @property
    def waits(self) -> bool:
        """Whether the run may be in the line for its turn at the model."""
        return self.phase == "waiting" or self.gives_way

    @property
    def is_cut(self) -> bool:
        """Whether *Continue* has something to go on with."""
        if self.finish_reason is None:
            return False
        return not self.answer or self.finish_reason in ("length", "stopped", "time_limit", "allowance", "error")


def update(panes: Panes, event: Event, at: float = 0.0) -> Panes:
    """The panes after `event`, which arrived at Unix second `at`.

    >>> update(update(Panes(), Asked("2 + 2?")), AnswerDelta("4", 1)).answer
    '4'
    """
    match event:
        case Asked():
            panes = replace(panes, question=event.question, phase="waiting", finish_reason=None)
            attached = names_of(event.attachments)
            return replace(panes, model=event.model, precision=event.precision, attached=attached)
        case (
            Branched()
            | Problem()
            | Equipped()
            | Task()
            | FinalAnswer()
            | Verdict()
            | Evidence()
            | Program()
            | TestReport()
        ):
            # What was found out about the answer has a card of its own (ui/answer_card.py).
            return panes
        case PromptRead():
            return replace(panes, phase="reading", prompt_tokens=event.prompt_tokens)
        case ThinkingDelta():
            pace = panes.thinking_pace.add(event.n_tokens, at)
            return replace(panes, thinking=panes.thinking + event.text, phase="thinking", thinking_pace=pace)
        case AnswerDelta():
            pace = panes.answer_pace.add(event.n_tokens, at)
            pending = "Stopping" if panes.pending == "Stopping" else ""
            text = panes.answer + event.text
            return replace(panes, answer=text, phase="answering", answer_pace=pace, pending=pending)
        case ToolCall() | ApprovalAsked() | ToolResult():
            return _called(panes, event)
        case Notice():
            # What was written before it is no answer: it goes on with another step.
            answer = "" if event.kind == "reminded" else panes.answer
            noticed = () if event.kind == "started" else (event,)
            return replace(panes, notices=(*panes.notices, *noticed), answer=answer)
        case Steered():
            return _steered(panes, event)
        case Queued():
            return _queued(panes, event)
        case Finished():
            return _finished(panes, event)
        case _:
            assert_never(event)


def _called(panes: Panes, event: ToolCall | ApprovalAsked | ToolResult) -> Panes:
    """The model waits for its tools. What it wrote beside a call is no answer once that call is over."""
    answer = "" if isinstance(event, ToolResult) else panes.answer
    thinking_pace, answer_pace = panes.thinking_pace.rest(), panes.answer_pace.rest()
    steps = (*panes.steps, event)
    return replace(
        panes, steps=steps, phase="calling", answer=answer, thinking_pace=thinking_pace, answer_pace=answer_pace
    )


def _waits_for_results(panes: Panes) -> bool:
    over = {step.call_id for step in panes.steps if isinstance(step, ToolResult)}
    return any(isinstance(step, ToolCall) and step.call_id not in over for step in panes.steps)


def _steered(panes: Panes, event: Steered) -> Panes:
    if panes.finish_reason is None:
        words = {"stop": "Stopping", "answer_now": "Ending the thinking", "pause": PAUSED, "resume": ""}
        return replace(panes, pending=words.get(event.action, panes.pending))
    # The run had ended and goes on: its notices were about the end that no longer is one.
    panes = replace(panes, phase="waiting", finish_reason=None, notices=(), pending="")
    if event.action == "think_longer":
        return replace(panes, answer="", answer_pace=Pace())
    return panes


def _queued(panes: Panes, event: Queued) -> Panes:
    """The time in which others have their turn is none of the model's. Before its first token a run just waits."""
    pending = panes.pending
    if event.is_over:
        pending = "" if pending == GIVES_WAY else pending
    elif panes.phase != "waiting" and not pending:
        pending = GIVES_WAY
    thinking_pace, answer_pace = panes.thinking_pace.rest(), panes.answer_pace.rest()
    return replace(panes, pending=pending, thinking_pace=thinking_pace, answer_pace=answer_pace)


def _finished(panes: Panes, event: Finished) -> Panes:
    phases: dict[FinishReason, Phase] = {"stopped": "stopped", "error": "failed"}
    return replace(
        panes,
        phase=phases.get(event.reason, "done"),
        finish_reason=event.reason,
        answer="" if _waits_for_results(panes) else panes.answer,
        prompt_tokens=event.prompt_tokens or panes.prompt_tokens,
        thinking_pace=panes.thinking_pace.end(event.thinking_seconds),
        answer_pace=panes.answer_pace.end(event.answer_seconds),
        pending="",
    )


def update_all(panes: Panes, timed_events: Iterable[tuple[float, Event]]) -> Panes:
    """The panes after all events, each with the Unix second at which it arrived.

    >>> update_all(Panes(), [(5.0, ThinkingDelta("2 and ", 2)), (7.0, ThinkingDelta("2", 1))]).thinking_pace.seconds
    2.0
    """
    for at, event in _joined(timed_events):
        panes = update(panes, event, at)
    return panes


def _joined(timed_events: Iterable[tuple[float, Event]]) -> Iterator[tuple[float, Event]]:
    """The same with neighbouring deltas as one: thousands of them would copy the growing text thousands of times.

    The first of each row of deltas stays by itself, because the pace needs the time at which it came.
    """
    row: list[ThinkingDelta | AnswerDelta] = []
    row_at = 0.0
    previous: type[Event] | None = None
    for at, event in timed_events:
        if row and type(event) is not previous:
            yield row_at, _one_delta(row)
            row = []
        if isinstance(event, ThinkingDelta | AnswerDelta) and type(event) is previous:
            row.append(event)
            row_at = at
        else:
            yield at, event
        previous = type(event)
    if row:
        yield row_at, _one_delta(row)


def _one_delta(row: list[ThinkingDelta | AnswerDelta]) -> ThinkingDelta | AnswerDelta:
    return type(row[0])("".join(delta.text for delta in row), sum(delta.n_tokens for delta in row))


def flush_seconds(panes: Panes) -> float:
    """How long to wait before the page is updated again.

    >>> flush_seconds(Panes(answer="x" * 50_000)), flush_seconds(Panes(thinking="x" * 10_000))
    (0.5, 0.15)
    """
    if panes.phase == "thinking" or not panes.answer:
        return _by_length(len(panes.thinking), _THINKING_FLUSH_SECONDS, _LONG_THINKING_FLUSH_SECONDS)
    return _by_length(len(panes.answer), _ANSWER_FLUSH_SECONDS, _LONG_ANSWER_FLUSH_SECONDS)


def _by_length(characters: int, steps: tuple[tuple[int, float], ...], longest: float) -> float:
    return next((seconds for below, seconds in steps if characters < below), longest)


def pace_text(pace: Pace) -> str:
    """Tokens, seconds and tokens per second, as far as they are known.

    >>> pace_text(Pace(tokens=3180, ended_seconds=42.4))
    '3,180 tokens · 42.4 s · 75.0 tokens/s'
    """
    if not pace.tokens:
        return ""
    parts = [f"{pace.tokens:,} token{'' if pace.tokens == 1 else 's'}"]
    if pace.seconds >= 0.05:
        parts.append(f"{pace.seconds:,.1f} s")
    if pace.tokens_per_second:
        parts.append(f"{pace.tokens_per_second:,.1f} tokens/s")
    return " · ".join(parts)


def thought_text(pace: Pace) -> str:
    """One line about a thinking that is over.

    >>> thought_text(Pace(tokens=3180, ended_seconds=42.4))
    'Thought for 42 s, 3,180 tokens'
    """
    if not pace.tokens:
        return "Answered without thinking"
    tokens = f"{pace.tokens:,} token{'' if pace.tokens == 1 else 's'}"
    return f"Thought for {pace.seconds:.0f} s, {tokens}" if pace.seconds >= 0.5 else f"Thought, {tokens}"
