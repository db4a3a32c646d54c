"""A run's id in, the probabilities of its tokens under the model that is loaded out; kept for the last few runs."""

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from model.errors import EngineError, PromptTooLong, RunBusy
from model.events import Asked, Event
from model.rereading import reread, scored
from model.runs import Runs, messages_of
from model.scoring import Confidence

if TYPE_CHECKING:
    from model.chat import ChatEngine

# Runs whose scores are kept: 32,000 tokens with their alternatives take about 40 MB.
_KEPT_RUNS = 4

# Told how many tokens of how many have been read; an `AppError` that it raises ends the pass.
Progress = Callable[[int, int], None]


class RunScores:
    """Scores runs that have ended, one at a time; every method is safe to call from any thread."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._lock = threading.Lock()
        # By the run and its events, which grow when it is continued; with the engine that read them.
        self._kept: OrderedDict[tuple[str, int], tuple[weakref.ref[Any], Confidence]] = OrderedDict()

    def of(self, run_id: str, on_progress: Progress | None = None) -> Confidence:
        """The run's text with the probabilities of its tokens; blocks for as long as its prompt would take to read.

        Raises:
            RunNotFound: If no run has this id.
            RunBusy: If the run is still going on.
            BadInput: If it wrote nothing.
            PromptTooLong: If it does not fit the context of the model that is loaded.
            ModelNotReady: If no model is loaded.
            EngineError: If the engine cannot score, or fails.
        """
        if self._runs.is_live(run_id):
            raise RunBusy(
                f"The run {run_id!r} is still going on. Its probabilities can be computed when it has ended; stop it, "
                "or wait."
            )
        from model.chat import ChatEngine  # brings transformers in, which the page does without until a model is there

        events = self._runs.store.events(run_id)
        engine = self._runs.host.engine()
        if not isinstance(engine, ChatEngine):
            raise EngineError(f"{engine.model} runs in an engine that gives no probabilities. Load another model.")
        key = (run_id, len(events))
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0]() is not engine:
                kept = (weakref.ref(engine), _score(engine, events, on_progress))
                self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT_RUNS:
                self._kept.popitem(last=False)
        return kept[1]


def _score(engine: "ChatEngine", events: Sequence[Event], on_progress: Progress | None) -> Confidence:
    asked = events[0]
    assert isinstance(asked, Asked)
    read = reread(events, messages_of(asked), engine.prompts)
    total = len(read.ids)
    if total > engine.context_tokens:
        raise PromptTooLong(
            f"The run is {total:,} tokens with its prompt and the context of {engine.model} as it is loaded is "
            f"{engine.context_tokens:,}. Load the model with a larger context.",
            total,
        )
    began = time.monotonic()
    tell = None if on_progress is None else lambda done: on_progress(done, total)
    scores = engine.decoder.score(read.ids, read.first, tell)
    return Confidence(
        read.thinking,
        read.answer,
        scored(read, scores, engine.prompts),
        engine.model,
        engine.precision,
        _note(asked, engine),
        time.monotonic() - began,
    )


def _note(asked: Asked, engine: "ChatEngine") -> str:
    """What is not as the reader would expect."""
    if asked.model and asked.model != engine.model:
        return f"{asked.model} wrote this; the probabilities are those of {engine.model}, which is loaded now."
    # A run that was asked while its model was being loaded knows only what was asked for.
    if asked.precision not in ("", "auto", engine.precision):
        return f"This was written in {asked.precision}; the probabilities are those of {engine.precision}."
    return ""
