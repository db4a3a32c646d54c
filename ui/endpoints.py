"""`Runs` and a `ModelHost` in, the named endpoints for scripts out; here those that start, read and list runs.

They are separate from the page's own events. Streaming ones yield deltas and last the whole result; the others return
one JSON object. docs/api.md shows each of them at work.
"""

import asyncio
import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from model.acting import acting
from model.branching import Branch
from model.errors import BadInput
from model.host import ModelHost
from model.runs import Runs
from model.samples import FEWEST_SAMPLES, MOST_SAMPLES
from model.settings import Settings
from ui.arguments import check_text, check_whole_number, shown
from ui.comparing import compared_runs
from ui.endpoint_errors import errors_as_sentences
from ui.listings import list_runs
from ui.model_endpoints import ModelEndpoints
from ui.script_runs import Begun, ScriptRuns
from ui.steering_endpoints import SteeringEndpoints

_MOST_RUNS_LISTED = 500


def add_endpoints(runs: Runs, host: ModelHost, settings: Settings) -> None:
    """Add every named endpoint to the `gr.Blocks()` that is being built.

    None has a limit of Gradio's own: `settings.max_runs` refuses with a sentence where a queue would wait in silence.
    """
    endpoints, of_models = Endpoints(runs, host, settings), ModelEndpoints(host, settings)
    add = functools.partial(gr.api, concurrency_limit=None)
    for streaming in (endpoints.chat, endpoints.continue_run, endpoints.branch, endpoints.attach):
        add(streaming, api_name=streaming.__name__, concurrency_id="runs")
    for of_siblings in (endpoints.samples, endpoints.compare):
        add(of_siblings, api_name=of_siblings.__name__, concurrency_id="siblings")
    steer = SteeringEndpoints(runs)
    for steering in (steer.answer_now, steer.stop, steer.think_longer, steer.pause, steer.go_on, steer.set_budget):
        add(steering, api_name=steering.__name__, concurrency_id="steering")
    add(endpoints.past_runs, api_name="runs", concurrency_id="looking")
    add(of_models.models, api_name="models", concurrency_id="looking")
    add(of_models.load_model, api_name="load_model", concurrency_id="loading")


class Endpoints:
    """The functions behind the endpoints of runs; their signatures and docstrings are what clients are shown."""

    def __init__(self, runs: Runs, host: ModelHost, settings: Settings) -> None:
        self._runs = runs
        self._settings = settings
        # On a shared server no visitor's list shows what scripts ask.
        self._script_runs = ScriptRuns(runs, host, owner="script" if settings.is_hosted else "")

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
        step: int | None = None,
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
            step: Of a run with tools, the number of the step that this is about, from 1; those before it are kept.

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
                None if step is None else check_whole_number(step, "step", 1, 2**31),
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
            if self._settings.is_hosted and acting() is None:
                return {
                    "runs": [],
                    "text": "This is a shared server, so it lists no runs. Use /attach with the ids you know.",
                }
            return {"runs": await asyncio.to_thread(list_runs, self._runs.store, words, most), "text": ""}
