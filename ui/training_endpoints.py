"""Training runs in, `/training_runs` and `/training_run` out: looked at by scripts."""

import asyncio
import functools
from dataclasses import asdict
from typing import Any

import gradio as gr

from train.run_files import RunState
from ui.arguments import check_text, check_whole_number
from ui.endpoint_errors import errors_as_sentences
from ui.training_runs import TrainingRuns

_MOST_SAMPLES = 200
_MOST_STEPS = 1_000_000_000

Value = dict[str, Any]


class TrainingEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, runs: TrainingRuns) -> None:
        self._runs = runs

    async def training_runs(self) -> Value:
        """List the training runs of this machine, the newest first.

        Returns:
            {"runs": [{"name", "kind", "status", "step", "steps", "seconds", "started_at", "updated_at", "model",
            "start", "device", "reason", "versions"}]}; the status is "going on", "interrupted",
            "stopped", "ended" or "failed".
        """
        with errors_as_sentences("/training_runs"):
            listed = await asyncio.to_thread(self._runs.listed)
            return {"runs": [state_object(state, status) for state, status in listed]}

    async def training_run(self, name: str, since: int = 0, samples: int = 20) -> Value:
        """Give one training run: how it stands, its plan, its log, the completions that were scored last.

        Args:
            name: The run's name.
            since: Only what was logged after this step; 0 for all.
            samples: So many completions.

        Returns:
            {"run", "plan", "log": [{"step", "seconds", name: number}], "samples": [...]}, the last completion first.
        """

        def read() -> Value:
            named = check_text(name, "name")
            after = check_whole_number(since, "since", 0, _MOST_STEPS)
            n = check_whole_number(samples, "samples", 0, _MOST_SAMPLES)
            state, status = self._runs.state(named)
            tail = self._runs.samples(named, n).samples if n else ()
            return {
                "run": state_object(state, status),
                "plan": self._runs.plan(named),
                "log": [each for each in self._runs.log(named) if not after or each["step"] > after],
                "samples": [sample for _, sample in tail],
            }

        with errors_as_sentences("/training_run"):
            return await asyncio.to_thread(read)


def state_object(state: RunState, status: str) -> Value:
    """A run as it stands; without its process's number, which means nothing elsewhere."""
    return {name: value for name, value in asdict(state).items() if name != "pid"} | {"status": status}


def add_training_endpoints(runs: TrainingRuns) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = TrainingEndpoints(runs)
    add = functools.partial(gr.api, concurrency_limit=None, concurrency_id="reading")
    add(endpoints.training_runs, api_name="training_runs")
    add(endpoints.training_run, api_name="training_run")
