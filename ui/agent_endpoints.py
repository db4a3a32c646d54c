"""`Agents` in, `/agent`, `/decide_call`, `/tools` and `/run_files` out: runs with tools for scripts."""

import asyncio
import functools
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import gradio as gr

from agent.agents import Agents
from agent.toolbox import Tool
from model.errors import BadInput
from model.host import ModelHost
from model.runs import Runs
from model.sampling import sampling_from_mapping
from model.settings import Settings
from ui.agent_arguments import (
    decision_from_json,
    files_from_json,
    policy_from_json,
    run_limits_from_json,
    tool_names_from_json,
    wishes_of,
)
from ui.agent_objects import file_content, file_objects
from ui.arguments import check_model, check_text, history_from_list, json_object
from ui.code_arguments import check_flag
from ui.deltas import Delta
from ui.endpoint_errors import errors_as_sentences
from ui.script_runs import Begun, ScriptRuns, budget_of, serving_engine

_DECIDED = {
    "allow": "The call runs.",
    "allow_always": "The call runs, and so will others of this tool in this run.",
    "refuse": "The call does not run, and the model is told so.",
}


class AgentEndpoints:
    """The functions behind the endpoints; their signatures and docstrings are what clients are shown."""

    def __init__(self, agents: Agents, runs: Runs, host: ModelHost, settings: Settings) -> None:
        self._agents, self._runs, self._host = agents, runs, host
        self._owner = "script" if settings.is_hosted else ""
        self._script_runs = ScriptRuns(runs, host, self._owner)

    async def agent(
        self,
        message: str,
        tools: list[str] | None = None,
        policy: dict[str, str] | None = None,
        history: list[dict[str, Any]] | None = None,
        files: list[dict[str, Any]] | None = None,
        limits: dict[str, Any] | None = None,
        budget: str | int | None = None,
        sampling: dict[str, Any] | None = None,
        keep_thinking: bool = False,
        model: str | None = None,
        run_id: str | None = None,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Ask a model that may use tools, and stream what it thinks, calls, is told and answers. Leaving stops it.

        Args:
            message: The question; empty only to continue the run `run_id`.
            tools: Names of those it may use, as /tools lists them, or of MCP servers; all when left out.
            policy: For some tools "ask" (a call waits for /decide_call) or "off"; it can only tighten what /tools says.
            history: Earlier turns, oldest first: objects with role (system, user or assistant) and content.
            files: Files for the tools, as objects with name, and text or base64.
            limits: Any of steps (12), seconds and tokens (0, none).
            budget: As in /chat, for each step.
            sampling: As in /chat.
            keep_thinking: Let the model read its thinking of earlier steps of this turn again.
            model: Refuse unless this model is the one that is loaded.
            run_id: As in /chat; a follow-up has the files of the run before.

        Returns:
            Deltas as /chat, each with its "step"; {"type": "tool_call", "call_id", "name", "arguments"}, {"type":
            "approval_asked", "run_id", "call_id", "name", "arguments", "seconds"}, {"type": "tool_result", "call_id",
            "outcome", "text", ...}; last {"type": "final", "answer", "calls", "counts", "files", "steps", ...}.
        """
        asked = (message, tools, policy, history, files, limits, budget, sampling, keep_thinking, model, run_id)
        with errors_as_sentences("/agent"):
            async with aclosing(self._script_runs.own(functools.partial(self._begin, *asked))) as deltas:
                async for delta in deltas:
                    yield await self._with_files(delta) if delta["type"] == "final" else delta

    def _begin(
        self,
        message: object,
        tools: object,
        policy: object,
        history: object,
        files: object,
        limits: object,
        budget: object,
        sampling: object,
        keep_thinking: object,
        model: object,
        run_id: object,
    ) -> Begun:
        question = check_text(message, "message")
        system, turns = history_from_list(history)
        drawn = sampling_from_mapping(json_object(sampling, "sampling"))
        named = tool_names_from_json(tools)
        names = None if named is None else [tool for name in named for tool in self._agents.tools_named(name)]
        known = [tool.name for tool in self._agents.toolbox.tools()]
        if names is not None:
            self._agents.offered(names)  # names that are none, or off here, are refused whatever the policy says
        wishes = wishes_of(names, self._agents.policies_by_tool(policy_from_json(policy)), known)
        bounds = run_limits_from_json(limits)
        uploads = files_from_json(files)
        keeps = check_flag(keep_thinking, "keep_thinking")
        check_model(model, (serving_engine(self._host) or self._host.status()).model)
        name = None if run_id is None else check_text(run_id, "run_id")
        ended = None if name is None else self._script_runs.ended_run(name)
        start = functools.partial(self._agents.start, question, tools=wishes, uploads=uploads, keeps_thinking=keeps)
        if ended is None:
            start = functools.partial(start, history=turns, system=system, run_id=name)
        elif history is not None:
            raise BadInput(f"The run {name!r} brings its own conversation: leave out history, or run_id.")
        elif question.strip():
            start = functools.partial(start, parent_id=name, system=ended.system)
        elif tools is not None or policy is not None or files is not None or limits is not None:
            raise BadInput(f"The run {name!r} goes on with its own tools, files and limits: leave them out, or ask.")
        else:
            assert name is not None
            self._agents.scratch(name)  # a run without tools has none, and is refused with that
            return self._script_runs.resume(name, budget, sampling=drawn if sampling else None)
        started = start(
            max_steps=bounds.steps,
            max_seconds=bounds.seconds,
            max_tokens=bounds.tokens,
            budget=budget_of(budget, "medium"),
            sampling=drawn,
            owner=self._owner,
        )
        return Begun(started, 0)

    async def _with_files(self, final: Delta) -> Delta:
        scratch = await asyncio.to_thread(self._agents.scratch, final["run_id"])
        return final | {"files": await asyncio.to_thread(file_objects, scratch)}

    async def decide_call(self, run_id: str, call_id: str, decision: str) -> dict[str, Any]:
        """Say whether a tool call that waits may run. Without a word in time it counts as refused.

        Args:
            run_id: The run.
            call_id: The call, as in "approval_asked".
            decision: "allow", "allow_always" (this tool, for the rest of the run) or "refuse".

        Returns:
            {"run_id", "call_id", "done", "text"}; done is false if the call waits no more.
        """
        with errors_as_sentences("/decide_call"):
            name, call = check_text(run_id, "run_id"), check_text(call_id, "call_id")
            chosen = decision_from_json(decision)
            done = await asyncio.to_thread(self._runs.decide, name, call, chosen)
            text = _DECIDED[chosen] if done else "This call waits no more."
            return {"run_id": name, "call_id": call, "done": done, "text": text}

    async def tools(self) -> dict[str, Any]:
        """List the tools that a run can have, with what the host allows: free, ask or off.

        Returns:
            {"tools": [{"name", "description", "policy", "reaches_outside", "origin", "parameters"}]}
        """
        with errors_as_sentences("/tools"):
            return {"tools": [self._tool_object(tool) for tool in self._agents.toolbox.tools()]}

    def _tool_object(self, tool: Tool) -> Delta:
        return {
            "name": tool.name,
            "description": tool.description,
            "policy": self._agents.policies.of(tool),
            "reaches_outside": tool.reaches_outside,
            "origin": tool.origin,
            "parameters": tool.schema["function"].get("parameters", {}),
        }

    async def run_files(self, run_id: str, name: str = "") -> dict[str, Any]:
        """List the files of a run with tools, or read one.

        Args:
            run_id: The run, going on or ended.
            name: The file to read; empty for the list.

        Returns:
            {"run_id", "files": [{"name", "bytes"}]}; with a name, {"run_id", "name", "bytes", and "text" or "base64"}.
        """
        with errors_as_sentences("/run_files"):
            run, file = check_text(run_id, "run_id"), check_text(name, "name")
            scratch = await asyncio.to_thread(self._agents.scratch, run)
            if file:
                return {"run_id": run} | await asyncio.to_thread(file_content, scratch, file)
            return {"run_id": run, "files": await asyncio.to_thread(file_objects, scratch)}


def add_agent_endpoints(agents: Agents, runs: Runs, host: ModelHost, settings: Settings) -> None:
    """Add them to the `gr.Blocks()` that is being built."""
    endpoints = AgentEndpoints(agents, runs, host, settings)
    add = functools.partial(gr.api, concurrency_limit=None)
    add(endpoints.agent, api_name="agent", concurrency_id="runs")
    add(endpoints.decide_call, api_name="decide_call", concurrency_id="steering")
    for looking in (endpoints.tools, endpoints.run_files):
        add(looking, api_name=looking.__name__, concurrency_id="looking")
