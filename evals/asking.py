"""An engine and a problem in, the finished `Sample` out; a sample that fails is tried again."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from evals.benchmarks.benchmark import Benchmark, Judges, Problem
from evals.profiles import Plan
from evals.result_file import Sample
from evals.run_state import LiveText
from model.engine import Engine, Steering, collect
from model.errors import AppError, BadInput
from model.events import AnswerDelta, Event, PromptRead, ThinkingDelta
from model.fair_line import Seat

# After each try that fails: the engine may be on its way back. So often is a sample begun.
_PAUSES_SECONDS = (0.1, 1.0, 0.0)
TRIES = len(_PAUSES_SECONDS)


@dataclass(slots=True)
class Asking:
    """A sample that is being written. Any thread may look at it.

    Args:
        on_read: Called when the model has read the prompt.
        seat: Where the sample waits for its turn; that time is none of its own.
    """

    benchmark: Benchmark
    judges: Judges
    problem: Problem
    number: int
    on_read: Callable[[], None]
    seat: Seat | None = None
    steering: Steering = field(default_factory=Steering)
    tokens: int = 0
    is_thinking: bool = True
    is_refused: bool = False
    started: float = field(default_factory=time.time)
    # What this try has written, in pieces.
    thinking: list[str] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)

    def live(self) -> LiveText:
        """What stands of it now."""
        return LiveText(self.started, "".join(self.thinking), "".join(self.answer), self.tokens, self.is_thinking)

    def ask(self, engine_now: Callable[[], Engine], plan: Plan, is_stopping: threading.Event) -> Sample | None:
        """The sample, with its `error` if it could not be written; None if it was stopped.

        Raises:
            AppError: If `engine_now` does.
        """
        error = ""
        for pause in _PAUSES_SECONDS:
            if is_stopping.is_set():
                return None
            engine = engine_now()
            try:
                return self._written(engine, plan)
            except BadInput as refusal:  # it would be refused again
                self.is_refused = True
                return self._failed(str(refusal))
            except AppError as failure:
                error = str(failure)
                is_stopping.wait(pause)
        return self._failed(error)

    def _written(self, engine: Engine, plan: Plan) -> Sample | None:
        self.started, self.tokens, self.is_thinking, self.thinking, self.answer = time.time(), 0, True, [], []
        began, waited_before = time.monotonic(), self._waited_seconds()
        acting = self.benchmark.acting(engine, self.judges, self.problem) if self.benchmark.acting else None
        stream = (acting or engine).stream(plan.request(self.problem, self.number), self.steering)
        events = list(self._watched(stream))
        seconds = time.monotonic() - (self._waited_seconds() - waited_before) - began
        whole = collect(events)
        finished = whole.finished
        assert finished is not None  # a stream ends with one, or raises
        if finished.reason == "stopped":
            return None
        return Sample(
            self.problem.id,
            self.number,
            whole.thinking,
            whole.answer,
            finished.reason,
            tuple((call.name, call.arguments) for call in whole.tool_calls),
            finished.prompt_tokens,
            finished.thinking_tokens,
            finished.answer_tokens,
            round(self.started, 3),
            round(seconds, 3),
            round(next((event.seconds for event in events if isinstance(event, PromptRead)), seconds), 3),
            trace=acting.trace() if acting else {},
        )

    def _waited_seconds(self) -> float:
        return self.seat.waited_seconds if self.seat is not None else 0.0

    def _watched(self, events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, PromptRead):
                self.on_read()
            elif isinstance(event, ThinkingDelta | AnswerDelta):
                self.tokens += event.n_tokens
                self.is_thinking = isinstance(event, ThinkingDelta)
                (self.thinking if self.is_thinking else self.answer).append(event.text)
            yield event

    def _failed(self, error: str) -> Sample:
        return Sample(self.problem.id, self.number, "", "", "error", started=round(self.started, 3), error=error)
