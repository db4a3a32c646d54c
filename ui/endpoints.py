"""`Runs` and a `ModelHost` in, named endpoints for scripts out: `/chat`, steering, `/attach`, past runs, models.

They are separate from the page's own events. Streaming ones yield deltas and last the whole result; the others return
one JSON object. docs/api.md shows each of them at work.
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

import gradio as gr

from model.branching import Branch
from model.errors import AppError, BadInput, ModelLoadFailed
from model.host import ModelHost
from model.runs import Runs
from model.samples import FEWEST_SAMPLES, MOST_SAMPLES
from model.settings import THINK_LONGER_TOKENS, Settings
from ui.arguments import check_text, check_whole_number, shown
from ui.comparing import compared_runs
from ui.deltas import Delta, rounded
from ui.listings import list_models, list_runs
from ui.script_runs import QUIET_SECONDS, Begun, ScriptRuns

log = logging.getLogger(__name__)

_MOST_RUNS_LISTED = 500
_MOST_THINK_LONGER_TOKENS = 131_072
_MOST_CONTEXT_TOKENS = 10_000_000


def add_endpoints(runs: Runs, host: ModelHost, settings: Settings) -> None:
    """Add every named endpoint to the `gr.Blocks()` that is being built.

    None has a limit of Gradio's own: `settings.max_runs` refuses with a sentence where a queue would wait in silence.
    """
    endpoints = Endpoints(runs, host, settings)
    add = functools.partial(gr.api, concurrency_limit=None)
    for streaming in (endpoints.chat, endpoints.continue_run, endpoints.branch, endpoints.attach):
        add(streaming, api_name=streaming.__name__, concurrency_id="runs")
    for of_siblings in (endpoints.samples, endpoints.compare):
        add(of_siblings, api_name=of_siblings.__name__, concurrency_id="siblings")
    steering_ones = (endpoints.answer_now, endpoints.stop, endpoints.think_longer)
    for steering in (*steering_ones, endpoints.pause, endpoints.go_on, endpoints.set_budget):
        add(steering, api_name=steering.__name__, concurrency_id="steering")
    add(endpoints.past_runs, api_name="runs", concurrency_id="looking")
    add(endpoints.models, api_name="models", concurrency_id="looking")
    add(endpoints.load_model, api_name="load_model", concurrency_id="loading")


class Endpoints:
    """The functions behind the named endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, runs: Runs, host: ModelHost, settings: Settings) -> None:
        self._runs = runs
        self._host = host
        self._settings = settings
        # On a shared server no visitor's list shows what scripts ask.
        self._script_runs = ScriptRuns(runs, host, owner="script" if settings.is_hosted else "")

    # ------------------------------------------------------------------ runs

    async def chat(
        self,
        message: str,
        history: list[dict[str, Any]] | None = None,
        sampling: dict[str, Any] | None = None,
        budget: str | int | None = None,
        model: str | None = None,
        run_id: str | None = None,
        attachments: list[dict[str, Any]] | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Ask, and stream the thinking and the answer. The run stops when its caller goes.

        Args:
            message: The question, as text or LaTeX; empty only to continue the run `run_id`.
            history: Earlier turns, oldest first: objects with role (system, user or assistant) and content.
            sampling: Any of temperature, top_p, top_k, max_new_tokens, seed; the model's preset for the rest.
            budget: How long to think: off, low, medium, high, a number of tokens, or seconds such as "90s".
            model: Refuse unless this model is the one that is loaded.
            run_id: An id for the new run; or a run that has ended, to ask a follow-up in its conversation.
            attachments: Files that go along, as objects with name and text.

        Returns:
            Objects {"type": "thinking"|"answer"|"notice", "text", "n_tokens"}, and last
            {"type": "final", "run_id", "thinking", "answer", "usage", "finish_reason", "model", "notices", ...}.
        """
        asked = (message, history, sampling, budget, model, run_id, attachments)
        begin = functools.partial(self._script_runs.begin_chat, *asked)
        with errors_as_sentences("/chat"):
            async with aclosing(self._script_runs.own(begin)) as deltas:
                async for delta in deltas:
                    yield delta

    async def continue_run(
        self, run_id: str, budget: str | int | None = None, think_longer: bool = False
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Take a run that was cut further, and stream what is new. It stops when its caller goes.

        Args:
            run_id: The run; it must have ended.
            budget: How long to think from here on; the run's own budget when left out.
            think_longer: Reopen the thinking of a run that ended by itself, and have it answer anew.

        Returns:
            As /chat; the final object has the whole run's text.
        """

        def begin() -> Begun:
            if not isinstance(think_longer, bool):
                raise BadInput(f"think_longer is {shown(think_longer)}; give true or false.")
            return self._script_runs.resume(check_text(run_id, "run_id"), budget, think_longer=think_longer)

        with errors_as_sentences("/continue_run"):
            async with aclosing(self._script_runs.own(begin)) as deltas:
                async for delta in deltas:
                    yield delta

    async def branch(
        self,
        run_id: str,
        question: str | None = None,
        thinking: str | None = None,
        keep_characters: int | None = None,
        answers_now: bool = False,
        budget: str | int | None = None,
        sampling: dict[str, Any] | None = None,
        new_run_id: str | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Start a run beside one that has ended, in its conversation, and stream it. It stops when its caller goes.

        With the run alone, its question is asked again.

        Args:
            run_id: The run to branch off.
            question: Another question in its place.
            thinking: The thinking as you have edited it, to go on from.
            keep_characters: Keep so many characters of the thinking, and go on from there.
            answers_now: The thinking that is kept (all of it, if nothing else is said) is finished: answer from it.
            budget: How long to think; the run's own budget when left out.
            sampling: As in /chat; the run's own when left out.
            new_run_id: An id for the new run.

        Returns:
            As /chat; the thinking that is kept comes first, with 0 tokens.
        """

        def begin() -> Begun:
            if not isinstance(answers_now, bool):
                raise BadInput(f"answers_now is {shown(answers_now)}; give true or false.")
            place = None
            if keep_characters is not None:
                place = check_whole_number(keep_characters, "keep_characters", 0, 2**31)
            branch = Branch(
                None if question is None else check_text(question, "question"),
                None if thinking is None else check_text(thinking, "thinking"),
                place,
                answers_now,
            )
            return self._script_runs.begin_branch(check_text(run_id, "run_id"), branch, budget, sampling, new_run_id)

        with errors_as_sentences("/branch"):
            async with aclosing(self._script_runs.own(begin)) as deltas:
                async for delta in deltas:
                    yield delta

    async def samples(self, run_id: str, k: int = 3) -> dict[str, Any]:
        """Ask the question of a run that has ended several times at once, with its settings; each is a run beside it.

        Args:
            run_id: The run whose question is asked.
            k: How many times, from 2 to 8. All of them are started, or none.

        Returns:
            {"run_id", "run_ids": [...], "text"}; read each with /attach, for a run that nobody reads is stopped soon.
        """
        with errors_as_sentences("/samples"):
            number = check_whole_number(k, "k", FEWEST_SAMPLES, MOST_SAMPLES)
            name = check_text(run_id, "run_id")
            started = await asyncio.to_thread(self._script_runs.begin_samples, name, number)
            return {"run_id": name, "run_ids": started, "text": f"{len(started)} runs started. Read each with /attach."}

    async def compare(self, run_id: str, other_run_id: str) -> dict[str, Any]:
        """Say where two runs part: the first difference of their thinkings and answers, and paragraphs in common.

        Args:
            run_id: The first run; of one that goes on, what there is so far.
            other_run_id: The second run.

        Returns:
            {"run_id", "other_run_id", "thinking": {...}, "answer": {...}}, each with "is_same", "first_difference"
            (null, or the "characters" that both begin with and the "paragraph" in which they part, from 1) and
            "paragraphs" {"same", "changed", "only_first", "only_second"}.
        """
        with errors_as_sentences("/compare"):
            names = check_text(run_id, "run_id"), check_text(other_run_id, "other_run_id")
            compared = await asyncio.to_thread(compared_runs, self._runs.store, *names)
            return {"run_id": names[0], "other_run_id": names[1]} | compared

    async def attach(self, run_id: str, from_event: int = 0) -> AsyncGenerator[dict[str, Any], None]:
        """Read a run from some event on, going on or ended. The run goes on when the caller goes.

        Args:
            run_id: The run.
            from_event: Number of the first event to send; one more than the last delta's "event" to go on from there.

        Returns:
            As /chat, each delta with "event", the number of the last event in it; then the same final object.
        """
        with errors_as_sentences("/attach"):
            name = check_text(run_id, "run_id")
            first_event = check_whole_number(from_event, "from_event", 0, 2**31)
            async with aclosing(self._script_runs.follow(Begun(name, first_event), with_numbers=True)) as deltas:
                async for delta in deltas:
                    yield delta

    async def answer_now(self, run_id: str) -> dict[str, Any]:
        """End the thinking of a run that is going on, and have its answer written.

        Args:
            run_id: The run.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer("/answer_now", run_id, self._runs.answer_now, "The answer comes next.")

    async def stop(self, run_id: str) -> dict[str, Any]:
        """Stop a run; what it has written is kept, and /continue_run takes it further.

        Args:
            run_id: The run.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer("/stop", run_id, self._runs.stop, "The run is being stopped.")

    async def think_longer(self, run_id: str, tokens: int = THINK_LONGER_TOKENS) -> dict[str, Any]:
        """Add to the thinking budget of a run that is going on.

        Args:
            run_id: The run.
            tokens: How many tokens to add.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """

        def add(name: str) -> bool:
            return self._runs.think_longer(name, check_whole_number(tokens, "tokens", 1, _MOST_THINK_LONGER_TOKENS))

        return await self._steer("/think_longer", run_id, add, "The thinking budget was raised.")

    async def pause(self, run_id: str) -> dict[str, Any]:
        """Free the device and keep a run that is going on where it is, until /go_on, /answer_now or /stop.

        Args:
            run_id: The run.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer("/pause", run_id, self._runs.pause, "The run waits.")

    async def go_on(self, run_id: str, hint: str = "") -> dict[str, Any]:
        """Write on after a pause, or put a hint into the thinking of a run that is going on.

        Args:
            run_id: The run.
            hint: Text that the thinking goes on from, as a paragraph of its own.

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """

        def go_on(name: str) -> bool:
            return self._runs.go_on(name, check_text(hint, "hint") if hint else "")

        return await self._steer("/go_on", run_id, go_on, "The run goes on.")

    async def set_budget(self, run_id: str, budget: str | int) -> dict[str, Any]:
        """Give a run that is going on another thinking budget.

        Args:
            run_id: The run.
            budget: "low", "medium", "high", a number of thinking tokens, or seconds as "90s".

        Returns:
            {"run_id", "done", "text"}; done is false if the run had ended already.
        """
        return await self._steer(
            "/set_budget", run_id, lambda name: self._runs.set_budget(name, budget), "The thinking budget was changed."
        )

    async def past_runs(self, query: str = "", limit: int = 50) -> dict[str, Any]:
        """List past runs, newest first, or search them in full text.

        Args:
            query: Words to look for in questions, thinking and answers; empty for all runs.
            limit: The most runs to return.

        Returns:
            {"runs": [...], "text"}; text says why, where the list is empty on purpose.
        """
        with errors_as_sentences("/runs"):
            words = check_text(query, "query")
            most = check_whole_number(limit, "limit", 1, _MOST_RUNS_LISTED)
            if self._settings.is_hosted:
                return {
                    "runs": [],
                    "text": "This is a shared server, so it lists no runs. Use /attach with the ids you know.",
                }
            return {"runs": await asyncio.to_thread(list_runs, self._runs.store, words, most), "text": ""}

    # ------------------------------------------------------------------ models

    async def models(self) -> dict[str, Any]:
        """Say which models there are, in which precision they fit this device, and which one is loaded.

        Returns:
            {"models": [{"model", "title", "hub_id", "fits": [...], ...}], "loaded": {...} or null, "status": {...}}.
            The loaded one's `live_requests` are those that hold or wait for the device now.
        """
        with errors_as_sentences("/models"):
            # The first look at the device's memory imports torch.
            table = await asyncio.to_thread(self._host.fit_table)
            engine = self._script_runs.serving()
            return {
                "models": list_models(table),
                "loaded": None
                if engine is None
                else {
                    "model": engine.model,
                    "precision": engine.precision,
                    "context_tokens": engine.context_tokens,
                    "slots": engine.slots,
                    "live_requests": engine.live_requests(),
                },
                "status": asdict(self._host.status()),
            }

    async def load_model(
        self,
        model: str,
        precision: str = "auto",
        source: str | None = None,
        adapter: str | None = None,
        context_tokens: int = 0,
        use_yarn: bool = False,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Load another model in place of the one that is loaded. The load goes on when the caller goes.

        Args:
            model: A catalog name, a hub id, or a folder on the server.
            precision: "auto", "bf16", "int8", "nf4" or "fp32".
            source: "hub", "modelscope", or a folder that holds one folder per model; the server's own when left out.
            adapter: Folder of a LoRA adapter, "none" or "auto"; the server's own when left out.
            context_tokens: Context to leave memory for; 0 takes the model's own.
            use_yarn: Stretch the context by YaRN.

        Returns:
            Objects {"type": "progress", "text", "done", "total", "unit"}, and last
            {"type": "final", "model", "precision", "seconds", "text", "note"}.
        """
        with errors_as_sentences("/load_model"):
            if self._settings.is_hosted:
                raise BadInput("This is a shared server, so its model stays. Duplicate the Space to choose your own.")
            if not isinstance(use_yarn, bool):
                raise BadInput(f"use_yarn is {shown(use_yarn)}; give true or false.")
            await asyncio.to_thread(
                self._host.load,
                check_text(model, "model"),
                check_text(precision, "precision"),
                source=None if source is None else check_text(source, "source"),
                adapter=None if adapter is None else check_text(adapter, "adapter"),
                context_tokens=check_whole_number(context_tokens, "context_tokens", 0, _MOST_CONTEXT_TOKENS),
                use_yarn=use_yarn,
            )
            while (status := self._host.status()).state == "loading":
                yield {
                    "type": "progress",
                    "text": status.text,
                    "done": status.done,
                    "total": status.total,
                    "unit": status.unit,
                }
                await asyncio.sleep(QUIET_SECONDS)
            if status.state != "ready":
                raise ModelLoadFailed(" ".join(part for part in (status.text, status.note) if part))
            yield {
                "type": "final",
                "model": status.model,
                "precision": status.precision,
                "seconds": rounded(status.seconds),
                "text": status.text,
                "note": status.note,
            }

    async def _steer(self, endpoint: str, run_id: object, steer: Callable[[str], bool], text: str) -> Delta:
        with errors_as_sentences(endpoint):
            name = check_text(run_id, "run_id")
            done = await asyncio.to_thread(steer, name)
            return {"run_id": name, "done": done, "text": text if done else "The run had ended already."}


@contextlib.contextmanager
def errors_as_sentences(endpoint: str) -> Iterator[None]:
    """Turn every error into one that clients get to read; what nobody foresaw is logged, not shown.

    Raises:
        gr.Error: Instead of any other exception.
    """
    try:
        yield
    except AppError as error:
        raise gr.Error(str(error), print_exception=False) from error
    except gr.Error:
        raise
    except Exception as error:
        log.exception("%s failed", endpoint)
        raise gr.Error(
            f"{endpoint} failed in a way that was not foreseen. The server's log has the details; please report them.",
            print_exception=False,
        ) from error
