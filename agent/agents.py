"""A question and tools in, a run out that thinks, calls them, and answers from what came back."""

import hashlib
import secrets
import shutil
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from agent.calling import APPROVAL_SECONDS
from agent.choosing import chosen_for
from agent.loop import AgentEngine
from agent.policy import Policies, checked_policy, stricter
from agent.scratch import Scratch
from agent.toolbox import Tool, Toolbox
from model.catalog import find_model
from model.engine import Budget, Engine
from model.errors import BadInput, UnknownModel
from model.events import Attachment, Event, Message, Sampling
from model.question_checks import checked_id
from model.runs import Runs
from model.tool_events import Equipped, OfferedTool, Policy

MAX_STEPS = 12
_MOST_STEPS = 100
# Folders are left alone for a day: another app may work on the same data.
_KEPT_SECONDS = 86_400
Wishes = Mapping[str, Policy] | Sequence[str] | None


class Agents:
    """Starts runs with tools, and carries their calls out.

    Args:
        runs: Every run in it that has tools is streamed through here, started here or not.
        toolbox: The tools that there are.
        policies: What the host allows.
        scratch_folder: Where the files of runs lie, a folder for each conversation.
        approval_seconds: How long a call waits for the user's word.
    """

    def __init__(
        self,
        runs: Runs,
        toolbox: Toolbox,
        policies: Policies,
        scratch_folder: Path,
        approval_seconds: float = APPROVAL_SECONDS,
    ) -> None:
        self.runs = runs
        self.toolbox = toolbox
        self.policies = policies
        self._scratch_folder = scratch_folder
        self._approval_seconds = approval_seconds
        runs.through[Equipped] = self._engine
        runs.equip_again = self._with_own_files
        self._remove_old_files()

    def start(
        self,
        message: str,
        *,
        history: Sequence[Message] = (),
        parent_id: str | None = None,
        system: str = "",
        tools: Wishes = None,
        max_steps: int = MAX_STEPS,
        max_seconds: float = 0.0,
        max_tokens: int = 0,
        keeps_thinking: bool = False,
        uploads: Mapping[str, bytes] | None = None,
        budget: Budget = "medium",
        sampling: Sampling | None = None,
        attachments: Sequence[Attachment] = (),
        run_id: str | None = None,
        owner: str = "",
    ) -> str:
        """Start a run and return its id at once.

        Args:
            parent_id: The run that this one follows up; it has that one's files.
            tools: What the request wishes; see `offered`. A small model is told of few of them (`agent.choosing`),
                unless they are given by name.
            max_steps: So many times at most the model writes, the last time without tools.
            max_seconds: By the clock, waiting for the user's word not counted; 0 for no limit but the run's own.
            max_tokens: Of thinking and answers together; 0 for none.
            keeps_thinking: Whether the prompt keeps the thinking of earlier steps of this turn.
            uploads: Files by name, for the tools.
            budget: Thinking budget of each step.

        Raises:
            BadInput: If an argument is empty, too long or out of range, or a tool is not to be had.
            RunBusy: If `run_id` is taken.
            RunNotFound: If there is no run `parent_id`.
            TooManyRuns: If there is no room for it.
        """
        check_limits(max_steps, max_seconds, max_tokens)
        uploads = uploads or {}
        allowed = self.offered(tools)
        offered = self._few(message, allowed, tools, uploads, parent_id)
        run_id = checked_id(run_id)
        scratch = self._scratch_to_follow(parent_id)
        for name, held in uploads.items():
            self._scratch_of(scratch).write(name, held)
        described = (offered, max_steps, max_seconds, max_tokens, keeps_thinking, scratch)
        run_id = self.runs.start(
            message,
            history=history,
            system=system,
            budget=budget,
            sampling=sampling,
            attachments=attachments,
            parent_id=parent_id,
            run_id=run_id,
            equipped=Equipped(*described, tuple(uploads), n_left_out=len(allowed) - len(offered)),
            owner=owner,
        )
        for tool in self.toolbox.tools():
            if tool.name in {each.name for each in offered}:
                tool.prepare()
        return run_id

    def offered(self, wishes: Wishes = None) -> tuple[OfferedTool, ...]:
        """The tools that a run gets. A request can only tighten what the host allows.

        Args:
            wishes: Names, for these tools and no others; policies by name, for those where the host's is too lax; None
                for all that the host allows. An MCP server's name stands for all of its tools.

        Raises:
            BadInput: If there is no such tool, a policy is none, or a tool that is named alone is switched off here.
        """
        tools = {tool.name: tool for tool in self.toolbox.tools()}
        if isinstance(wishes, Mapping):
            wishes = self.policies_by_tool(wishes)
        elif wishes is not None:
            wishes = [tool for name in wishes for tool in self.tools_named(name)]
        if unknown := [name for name in wishes or () if name not in tools]:
            raise BadInput(f"There is no tool {unknown[0]!r}. The tools are: {', '.join(tools) or 'none'}.")
        held = {name: self.policies.of(tool) for name, tool in tools.items()}
        if isinstance(wishes, Mapping):
            held |= {name: stricter(held[name], wish) for name, wish in wishes.items()}
        elif wishes is not None:
            if barred := [name for name in wishes if held[name] == "off"]:
                raise BadInput(f"The tool {barred[0]!r} is switched off here. Leave it out.")
            held = {name: held[name] for name in dict.fromkeys(wishes)}
        return tuple(OfferedTool(name, policy) for name, policy in held.items() if policy != "off")

    def tools_named(self, name: str) -> list[str]:
        """The tool of that name, or all tools of the MCP server of that name; the name where there is neither."""
        if self.toolbox.find(name) is not None:
            return [name]
        return [tool.name for tool in self.toolbox.tools() if tool.origin == name] or [name]

    def policies_by_tool(self, policies: Mapping[str, Policy]) -> dict[str, Policy]:
        """The same with each tool of an MCP server that has one; the stricter, where a tool has one of its own too.

        Raises:
            BadInput: If one is none.
        """
        by_tool: dict[str, Policy] = {}
        for name, policy in policies.items():
            for tool in self.tools_named(name):
                by_tool[tool] = stricter(by_tool.get(tool, "free"), checked_policy(name, policy))
        return by_tool

    def _few(
        self,
        question: str,
        offered: tuple[OfferedTool, ...],
        wishes: Wishes,
        uploads: Collection[str],
        parent_id: str | None,
    ) -> tuple[OfferedTool, ...]:
        """The same, or for a small model the few that the question speaks for, unless they were asked for by name.

        A follow-up that speaks for none ("And in Bergen?") has those of the run before.
        """
        most = tools_at_once(self.runs.host.status().model)
        if not most or len(offered) <= most or (wishes is not None and not isinstance(wishes, Mapping)):
            return offered
        tools = [tool for tool in map(self.toolbox.find, (each.name for each in offered)) if tool is not None]
        chosen = chosen_for(question, tools, most, uploads)
        if not chosen and parent_id is not None and (before := self._equipped(parent_id)) is not None:
            chosen = tuple(tool.name for tool in before.tools[:most])
        return tuple(each for name in chosen for each in offered if each.name == name)

    def scratch(self, run_id: str) -> Scratch:
        """The files of a run with tools.

        Raises:
            RunNotFound: If no run has this id.
            BadInput: If it has no tools, so no files either.
        """
        return self._scratch_of(self._scratch_name(run_id))

    def _scratch_name(self, run_id: str) -> str:
        equipped = self._equipped(run_id)
        if equipped is None:
            raise BadInput(f"The run {run_id!r} has no tools, so it has no files.")
        return _folder_name(run_id, equipped.scratch)

    def _scratch_to_follow(self, parent_id: str | None) -> str:
        """The folder of a run: its parent's, if that has one."""
        has_files = parent_id is not None and self._equipped(parent_id) is not None
        return self._scratch_name(parent_id) if parent_id and has_files else secrets.token_urlsafe(12)

    def _equipped(self, run_id: str) -> Equipped | None:
        events = self.runs.events_so_far(run_id, 0) or self.runs.store.events(run_id, 0, 4)
        return next((event for event in events if isinstance(event, Equipped)), None)

    def _remove_old_files(self) -> None:
        """Folders that no run names any more: their runs were deleted, and their time to be restored is over."""
        if not self._scratch_folder.is_dir():
            return
        named = {_folder_name(run_id, scratch) for run_id, scratch in self.runs.store.scratches()}
        too_new = time.time() - _KEPT_SECONDS
        for folder in self._scratch_folder.iterdir():
            is_old = folder.is_dir() and not folder.is_symlink() and folder.stat().st_mtime < too_new
            if is_old and folder.name not in named:
                shutil.rmtree(folder, ignore_errors=True)

    def _with_own_files(self, equipped: Equipped) -> Equipped:
        """The same tools with a copy of the files, for a branch: the two runs may go on side by side."""
        copied = replace(equipped, scratch=secrets.token_urlsafe(12))
        if equipped.scratch:
            scratch = self._scratch_of(copied.scratch)
            for name, held in self._scratch_of(equipped.scratch).all_contents().items():
                scratch.write(name, held)
        return copied

    def _scratch_of(self, name: str) -> Scratch:
        return Scratch(self._scratch_folder / checked_id(name))

    def _engine(self, engine: Engine, events: Sequence[Event], run_id: str) -> Engine:
        equipped = next(event for event in events if isinstance(event, Equipped))
        offered = {tool.name: tool.policy for tool in equipped.tools}
        found = (self.toolbox.find(name) for name in offered)
        tools = {tool.name: tool for tool in found if tool is not None}

        def policy_of(tool: Tool) -> Policy:
            # Asked at each call: the host may have tightened it since, and a run from elsewhere may claim anything.
            return stricter(offered[tool.name], self.policies.of(tool))

        return AgentEngine(
            engine,
            events,
            run_id,
            tools={name: tool for name, tool in tools.items() if policy_of(tool) != "off"},
            policy_of=policy_of,
            scratch=self.scratch(run_id),
            approval_seconds=self._approval_seconds,
        )


def _folder_name(run_id: str, scratch: str) -> str:
    """Where a run's files lie. One from elsewhere names no folder (model/importing.py), and gets one of its own."""
    return scratch or f"imported-{hashlib.sha256(run_id.encode()).hexdigest()[:24]}"


def tools_at_once(model: str) -> int:
    """How many tools a model should be told of at once; 0 for all.

    >>> tools_at_once("smollm2-135m"), tools_at_once("qwq-32b"), tools_at_once("a folder")
    (2, 0, 0)
    """
    try:
        return find_model(model).family.tools_at_once
    except UnknownModel:
        return 0


def check_limits(max_steps: int, max_seconds: float, max_tokens: int) -> None:
    """Refuse limits that are none.

    Raises:
        BadInput: If one is out of range.
    """
    if isinstance(max_steps, bool) or not isinstance(max_steps, int) or not 1 <= max_steps <= _MOST_STEPS:
        raise BadInput(f"max_steps is {max_steps!r}; it must be a whole number from 1 to {_MOST_STEPS}.")
    if isinstance(max_seconds, bool) or not isinstance(max_seconds, int | float) or not 0 <= max_seconds < 1e6:
        raise BadInput(f"max_seconds is {max_seconds!r}; it must be a number of seconds from 0 (no limit) up.")
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or not 0 <= max_tokens < 2**31:
        raise BadInput(f"max_tokens is {max_tokens!r}; it must be a whole number from 0 (no limit) up.")
