"""What the runs' events and errors say in, figures for Prometheus out: an app's own, with bounded labels.

No label holds a user, a run or a word of anybody's; what it can be is written in the code, but for the model's name.
"""

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from model.acting import acting_as
from model.code_events import TestReport
from model.errors import AppError
from model.events import AnswerDelta, Asked, Event, Finished, PromptRead, Queued, Steered, ThinkingDelta, Verdict
from model.logs import OWN_LOGGERS
from model.settings import VERSION
from model.tool_events import ToolResult

if TYPE_CHECKING:
    from model.runs import Runs

_FIRST_TOKEN_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_WAIT_BUCKETS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
_SPEED_BUCKETS = (1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 150.0, 250.0, 500.0)
_COMMIT_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_STATES = ("empty", "loading", "ready", "failed")
# Runs whose first token has come and whose end has not.
_MOST_OPEN = 10_000


class Measures:
    """Counts what happens, and gives it out in Prometheus' text format."""

    def __init__(self, runs: "Runs") -> None:
        """Listen to the runs, their limits and the log from now on, until `close`."""
        self._runs = runs
        self._lock = threading.Lock()
        self._first_seconds: OrderedDict[str, float] = OrderedDict()
        self.registry = CollectorRegistry()
        self._make_counters()
        self.registry.register(_Now(runs))
        ProcessCollector(registry=self.registry)
        self._errors_handler = _CountErrors(self._errors)
        runs.store.watchers.append(self.take)
        runs.store.commit_watchers.append(self._commit.observe)
        runs.limits.on_reached.append(self._count_refused)
        for name in OWN_LOGGERS:
            logging.getLogger(name).addHandler(self._errors_handler)
        runs.on_close.append(self.close)

    def _make_counters(self) -> None:
        own = self.registry
        self._begun = Counter("workings_runs_begun", "Runs that were begun, or taken further.", registry=own)
        self._ended = Counter("workings_runs", "Runs that ended, by why.", ["finish_reason"], registry=own)
        self._tokens = Counter(
            "workings_tokens",
            "Tokens that were written, and of prompts: read, and of those cached.",
            ["kind"],
            registry=own,
        )
        self._first_token = Histogram(
            "workings_first_token_seconds",
            "From a run's turn at the model to its first token.",
            buckets=_FIRST_TOKEN_BUCKETS,
            registry=own,
        )
        self._wait = Histogram(
            "workings_wait_seconds",
            "How long runs that waited for their turn did so.",
            buckets=_WAIT_BUCKETS,
            registry=own,
        )
        self._speed = Histogram(
            "workings_tokens_per_second", "Of a run, after its first token.", buckets=_SPEED_BUCKETS, registry=own
        )
        self._verdicts = Counter(
            "workings_verdicts", "What checks said of answers.", ["check", "outcome"], registry=own
        )
        self._programs = Counter(
            "workings_sandbox_programs",
            "Programs that were tested in the sandbox, by what stopped them.",
            ["status"],
            registry=own,
        )
        self._calls = Counter("workings_tool_results", "Tool calls that came back.", ["outcome"], registry=own)
        self._errors = Counter("workings_errors", "Errors, by class.", ["error"], registry=own)
        self._refused = Counter("workings_refused", "What a limit refused or ended.", ["limit"], registry=own)
        self._commit = Histogram(
            "workings_store_commit_seconds",
            "Writing a batch of events to the disk.",
            buckets=_COMMIT_BUCKETS,
            registry=own,
        )

    def exposition(self) -> bytes:
        """All figures as they stand now, as Prometheus reads them."""
        with acting_as(None):  # all users' runs are counted, whoever asks
            return generate_latest(self.registry)

    def close(self) -> None:
        """Listen no more."""
        for name in OWN_LOGGERS:
            logging.getLogger(name).removeHandler(self._errors_handler)

    def _count_refused(self, limit: str) -> None:
        self._refused.labels(limit).inc()

    def take(self, run_id: str, events: Sequence[Event]) -> None:
        """Count events of a run, as they come."""
        for event in events:
            match event:
                case ThinkingDelta() | AnswerDelta():
                    self._tokens.labels(event.type).inc(event.n_tokens)
                case PromptRead():
                    self._take_prompt(run_id, event)
                case Finished():
                    self._take_end(run_id, event)
                case Verdict() | TestReport() | ToolResult():
                    self._take_check(event)
                case Queued(is_over=True):
                    self._wait.observe(event.seconds)
                case Asked() | Steered("continue"):
                    self._begun.inc()
                case _:
                    pass

    def _take_check(self, event: Verdict | TestReport | ToolResult) -> None:
        match event:
            case Verdict():
                self._verdicts.labels("math", event.outcome).inc()
            case TestReport():
                outcome = "correct" if event.has_passed else "wrong" if event.has_failed else "undecided"
                self._verdicts.labels("code", outcome).inc()
                self._programs.labels(event.status).inc()
            case ToolResult():
                self._calls.labels(event.outcome).inc()

    def _take_prompt(self, run_id: str, event: PromptRead) -> None:
        self._tokens.labels("prompt").inc(event.prompt_tokens)
        self._tokens.labels("cached").inc(max(event.cached_tokens, 0))
        self._first_token.observe(event.seconds)
        with self._lock:
            self._first_seconds[run_id] = self._first_seconds.get(run_id, 0.0) + event.seconds
            if len(self._first_seconds) > _MOST_OPEN:
                self._first_seconds.popitem(last=False)

    def _take_end(self, run_id: str, event: Finished) -> None:
        self._ended.labels(event.reason).inc()
        with self._lock:
            first_seconds = self._first_seconds.pop(run_id, 0.0)
        tokens, seconds = event.thinking_tokens + event.answer_tokens, event.seconds - first_seconds
        if tokens > 1 and seconds > 0:
            self._speed.observe(tokens / seconds)


class _CountErrors(logging.Handler):
    """Counts log records that tell of an error, by its class."""

    def __init__(self, errors: Counter) -> None:
        super().__init__(logging.INFO)
        self._counter = errors

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0] if record.exc_info else None
        name = getattr(record, "error", None) or (error.__name__ if error is not None else None)
        if name is not None:
            self._counter.labels(str(name)).inc()


class _Now(Collector):
    """What can only be asked when somebody looks."""

    def __init__(self, runs: "Runs") -> None:
        self._runs = runs

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()

    def collect(self) -> Iterable[GaugeMetricFamily]:
        host, line = self._runs.host, self._runs.host.line
        running, waiting = line.counts()
        status = host.status()
        yield _gauge("workings_runs_live", "Runs that go on, wait or are paused.", len(self._runs.live_runs()))
        yield _gauge("workings_runs_running", "Runs that hold a slot of the engine.", running)
        yield _gauge("workings_runs_waiting", "Runs that stand in line for a slot: the length of the queue.", waiting)
        yield _gauge("workings_live_requests", "Requests that hold or wait for the device.", host.live_requests())
        yield _gauge("workings_slots", "Runs that are answered at once; 0 without a model.", line.n_slots())
        yield _gauge("workings_store_pending_events", "Events that wait for the disk.", self._runs.store.n_pending())
        state = GaugeMetricFamily("workings_model_state", "1 for what the model's host is doing.", labels=["state"])
        for name in _STATES:
            state.add_metric([name], float(status.state == name))
        yield state
        about = GaugeMetricFamily("workings_info", "Always 1.", labels=["version", "model", "precision"])
        about.add_metric([VERSION, *_names(self._runs)], 1.0)
        yield about


def _names(runs: "Runs") -> tuple[str, str]:
    """The model that serves, and its precision."""
    try:
        engine = runs.host.engine()
    except AppError:
        return "", ""
    return engine.model, engine.precision


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)
