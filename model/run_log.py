"""The events of runs in, log records out: one when a run begins, one when it ends, one for each verdict."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.code_events import TestReport
from model.events import Asked, Event, Finished, PromptRead, Queued, Verdict
from model.live_run import LiveRun
from model.logs import OwnersInLogs

log = logging.getLogger(__name__)

# Verdicts come after a run's end: so many of the latest are remembered.
_MOST_KNOWN = 5_000


@dataclass(slots=True)
class _Known:
    """What is said of a run in each of its records, and what was seen of its stream."""

    owner: str
    model: str
    first_token_seconds: float = 0.0
    waited_seconds: float = 0.0
    cached_tokens: int = 0


class RunLog:
    """Writes down what happens to runs, and nothing of what they say."""

    def __init__(self, owner_in_log: OwnersInLogs) -> None:
        self._owner_in_log = owner_in_log
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def begun(self, live: LiveRun) -> None:
        """A run has begun, or is taken further."""
        asked, run_id = live.events_from(0)[0][0], live.id
        assert isinstance(asked, Asked)
        known = self._known[run_id] = _Known(self._owner_in_log(live.owner), asked.model)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        about = {"event": "run_begun", "run": run_id, "owner": known.owner, "model": asked.model}
        log.info("", extra=about | {"precision": asked.precision, "budget": str(asked.budget)})

    def take(self, run_id: str, events: Sequence[Event]) -> None:
        """Read events of a run, as they come."""
        for event in events:
            known = self._known.get(run_id)
            match event:
                case PromptRead() if known is not None:
                    known.first_token_seconds += event.seconds
                    known.cached_tokens += max(event.cached_tokens, 0)
                case Queued(is_over=True) if known is not None:
                    known.waited_seconds += event.seconds
                case Finished():
                    self._ended(run_id, known or _Known("", ""), event)
                case Verdict():
                    self._checked(run_id, known, {"check": "math", "outcome": event.outcome})
                case TestReport():
                    outcome = "correct" if event.has_passed else "wrong" if event.has_failed else "undecided"
                    self._checked(run_id, known, {"check": "code", "outcome": outcome, "status": event.status})
                case _:
                    pass

    def _ended(self, run_id: str, known: _Known, end: Finished) -> None:
        tokens, seconds = end.thinking_tokens + end.answer_tokens, end.seconds - known.first_token_seconds
        log.info(
            "",
            extra={
                "event": "run_ended",
                "run": run_id,
                "owner": known.owner,
                "model": known.model,
                "finish_reason": end.reason,
                "prompt_tokens": end.prompt_tokens,
                "cached_tokens": known.cached_tokens,
                "thinking_tokens": end.thinking_tokens,
                "answer_tokens": end.answer_tokens,
                "seconds": round(end.seconds, 3),
                "first_token_seconds": round(known.first_token_seconds, 3),
                "waited_seconds": round(known.waited_seconds, 3),
                "tokens_per_second": round(tokens / seconds, 2) if tokens and seconds > 0 else 0.0,
            },
        )

    def _checked(self, run_id: str, known: _Known | None, found: dict[str, Any]) -> None:
        owner = known.owner if known is not None else ""
        log.info("", extra={"event": "verdict", "run": run_id, "owner": owner} | found)
