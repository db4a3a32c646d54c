"""`BenchmarkRuns` in, `/benchmark` and `/benchmark_results` out: benchmarks run and looked at by scripts."""

import asyncio
import functools
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Any

import gradio as gr

from evals.benchmark_runs import BenchmarkRuns
from evals.profiles import MAX_SAMPLES
from evals.result_file import Result
from evals.result_tail import Key, ResultTail
from evals.run_state import State
from evals.scores import Scores, scores_of
from model.errors import BadInput
from ui.arguments import check_text, check_whole_number, shown
from ui.benchmark_acts import BenchmarkActs
from ui.benchmark_values import standing_value, worked_seconds
from ui.deltas import Delta, notice
from ui.endpoint_errors import errors_as_sentences
from ui.script_runs import QUIET_SECONDS, in_thread, stop_soon

_MOST_PROBLEMS = 100_000
_MOST_TOKENS = 1_000_000


class BenchmarkEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, benchmarks: BenchmarkRuns, acts: BenchmarkActs) -> None:
        self._benchmarks, self._acts = benchmarks, acts

    async def benchmark(
        self,
        name: str,
        limit: int = 0,
        samples: int = 0,
        profile: str = "quick",
        budget: str | int | None = None,
        max_new_tokens: int | None = None,
        seed: int | None = None,
        source: str = "auto",
        resume: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Run a benchmark and judge it. What is done is kept: when its caller goes it stops, and can be resumed.

        Args:
            name: The benchmark, such as "gsm8k"; with `resume`, the result to go on with.
            limit: So many problems; 0 for all.
            samples: So many answers to each; 0 for as many as the profile takes.
            profile: "quick" (one sample, the thinking cut at the budget) or "published" (the published protocol).
            budget: As in /chat; for quick only.
            max_new_tokens: Instead of the profile's.
            seed: For samples that can be drawn again.
            source: "auto", "sample" or "hub"; where the app runs for you alone, also a folder of data.
            resume: Go on with a result that was stopped.

        Returns:
            {"type": "sample", "problem", "number", "outcome", "answer", ...} as each is judged; {"type": "progress",
            "done", "total", "seconds_left", "score"}; {"type": "notice", "kind", "text"} while a model is being loaded
            and when it begins; last {"type": "final", "result", "phase", "scores", "head"}.
        """

        def begin() -> str:
            if not isinstance(resume, bool):
                raise BadInput(f"resume is {shown(resume)}; give true or false.")
            named = check_text(name, "name")
            if resume:
                self._acts.resume(named)
                return named
            return self._acts.start(
                named,
                limit=check_whole_number(limit, "limit", 0, _MOST_PROBLEMS),
                samples=check_whole_number(samples, "samples", 0, MAX_SAMPLES),
                profile=check_text(profile, "profile"),
                budget=budget,
                max_new_tokens=_optional(max_new_tokens, "max_new_tokens", 1, _MOST_TOKENS),
                seed=_optional(seed, "seed", 0, 2**63 - 1),
                source=check_text(source, "source"),
            )

        with errors_as_sentences("/benchmark"):
            while words := self._acts.loading_words():
                yield notice("loading", f"{words}. The benchmark begins when the model is ready.")
                await asyncio.sleep(QUIET_SECONDS)
            result = await in_thread(begin, undo=self._stop_soon)
            has_ended = False
            try:
                yield notice("started", f"The result {result} is begun.", result=result)
                async for delta in self._followed(result):
                    has_ended = has_ended or delta["type"] == "final"
                    yield delta
            finally:
                if not has_ended:
                    self._stop_soon(result)

    async def _followed(self, name: str) -> AsyncGenerator[Delta, None]:
        tail = await asyncio.to_thread(ResultTail, self._benchmarks.result(name).path)
        # Of a resumed result only what comes now is told.
        n_known, told = tail.n_changes, -1
        while True:
            # Asked first: what is written after it is read below.
            state = self._benchmarks.state(name)
            result = await asyncio.to_thread(tail.read_on)
            keys, n_known = tail.changed_since(n_known), tail.n_changes
            for key in keys:
                if key in result.judgements:
                    yield sample_object(result, key)
            if state.done != told:
                told = state.done
                yield progress_object(state, await asyncio.to_thread(scores_of, result))
            elif not keys:
                yield notice("waiting", "The problems are being worked on.")
            if state.phase not in ("running", "stopping"):
                break
            await asyncio.sleep(QUIET_SECONDS)
        yield {"type": "final"} | result_object(name, state, result, await asyncio.to_thread(scores_of, result))

    def _stop_soon(self, name: str) -> None:
        stop_soon(self._benchmarks.stop, name)

    async def benchmark_results(self, result: str = "") -> dict[str, Any]:
        """List the results of benchmarks, or give one with all its figures.

        Args:
            result: The result's name; empty for the list.

        Returns:
            {"results": [{"result", "benchmark", "model", "profile", "phase", "done", "total", "score"}]}, the newest
            first; with a name {"result", "phase", "done", "total", "scores", "head"}.
        """
        with errors_as_sentences("/benchmark_results"):
            name = check_text(result, "result")
            return await asyncio.to_thread(self._one, name) if name else await asyncio.to_thread(self._all)

    def _one(self, name: str) -> Delta:
        result = self._benchmarks.result(name)
        return result_object(name, self._benchmarks.state(name), result, scores_of(result))

    def _all(self) -> Delta:
        return {"results": [self._listed(each) for each in self._benchmarks.results()]}

    def _listed(self, result: Result) -> Delta:
        name = result.path.stem
        state, score = self._benchmarks.state(name), scores_of(result).pass_1
        return {
            "result": name,
            "benchmark": result.head["benchmark"],
            "model": result.head["model"],
            "profile": result.head["profile"],
            "phase": state.phase,
            "done": state.done,
            "total": state.total,
            "score": asdict(score) if score else None,
        }


def _optional(value: object, name: str, low: int, high: int) -> int | None:
    return None if value is None else check_whole_number(value, name, low, high)


def sample_object(result: Result, key: Key) -> Delta:
    """A sample that was judged; without its texts, which are in the result's file."""
    sample, judged = result.samples[key], result.judgements[key]
    return {
        "type": "sample",
        "text": judged.answer,
        "n_tokens": sample.thinking_tokens + sample.answer_tokens,
        "problem": sample.problem,
        "number": sample.number,
        "outcome": judged.outcome,
        "reason": judged.reason,
        "answer": judged.answer,
        "finish_reason": sample.finish_reason,
        "thinking_tokens": sample.thinking_tokens,
        "answer_tokens": sample.answer_tokens,
        "seconds": sample.seconds,
        "error": sample.error,
    }


def progress_object(state: State, scores: Scores) -> Delta:
    """How far it is, and the score so far with its interval."""
    return {
        "type": "progress",
        "text": standing_value(state, 0.0)["detail"],
        "n_tokens": 0,
        "done": state.done,
        "total": state.total,
        "seconds_left": state.seconds_left,
        "score": asdict(scores.pass_1) if scores.pass_1 else None,
    }


def result_object(name: str, state: State, result: Result, scores: Scores) -> Delta:
    """A result with all its figures, without its texts."""
    return {
        "result": name,
        "phase": state.phase,
        "note": state.note,
        "done": state.done,
        "total": state.total,
        "seconds": worked_seconds(result),
        "scores": asdict(scores) | {"pass_k": {str(k): asdict(share) for k, share in scores.pass_k.items()}},
        "head": result.head,
    }


def add_benchmark_endpoints(benchmarks: BenchmarkRuns, acts: BenchmarkActs) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = BenchmarkEndpoints(benchmarks, acts)
    add = functools.partial(gr.api, concurrency_limit=None)
    add(endpoints.benchmark, api_name="benchmark", concurrency_id="benchmarks")
    add(endpoints.benchmark_results, api_name="benchmark_results", concurrency_id="reading")
