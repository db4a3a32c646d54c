"""Tasks typed in, steps with their calls and the answer out: what the Agent tab does."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from agent.agents import Agents
from model.errors import AppError
from model.events import Event
from model.host import ModelHost
from model.runs import Runs
from model.steps import Step, steps_of
from model.tool_events import Equipped
from ui.agent_examples import EXAMPLES
from ui.agent_parts import AgentParts
from ui.agent_tools import ToolPanel, Wishes, files_value
from ui.agent_values import agent_status, final_answer, panes_of_step, steps_value
from ui.arithmetic_marks import Marking
from ui.attaching import wire_attaching
from ui.comparing import Comparing, wire_comparing
from ui.kept_runs import KeptRuns
from ui.maths import for_display
from ui.outlining import Outlining
from ui.panes import Panes
from ui.parts import AT_ONCE, QUIET
from ui.replaying import Replay, Replays, replay_value, wire_replay
from ui.revision import Revising, wire_revision
from ui.samples import Samples, wire_samples
from ui.sampling_drawer import budget_of, sampling_of
from ui.sentences import refusal
from ui.so_far import SoFar
from ui.steering import wire_steering
from ui.taking import wire_taking
from ui.thinking_window import StepWindows, whole_value
from ui.uploading import UPLOADED, Upload, chips_of, uploads_of
from ui.watching import THINKING_SECONDS, to_follow, watch_run

Value = dict[str, Any]
# Run id, earlier turns, task, steps, thinking, outline, arithmetic, answer, files, status: as in `AgentParts.outputs`.
Update = tuple[str, list[str], str, Value, Value, Value, Value, str, Value, Value]

NOTHING_NEW: Any = (gr.skip(),) * 10
_SAVE = "(file) => workingsSave(file)"


def is_agent_run(runs: Runs, run_id: str) -> bool:
    """Whether a run has tools.

    Raises:
        RunNotFound: If no run has this id.
    """
    return any(isinstance(event, Equipped) for event in runs.store.events(run_id, 0, 4))


def follow_step(run_id: str, step: int | str) -> str:
    """A value to follow for a run of which one step's thinking is to be seen; "" for the newest, whichever it is."""
    return f"{to_follow(run_id)}/{step}"


def step_followed(told: str) -> int | None:
    """The step whose thinking a page wished for, from 0; None for the newest, whichever it is.

    >>> step_followed(follow_step("r1", 2)), step_followed(to_follow("r1")), step_followed("r1/3/16×")
    (2, None, None)
    """
    wished = told.partition("/")[2].partition("/")[2]
    return int(wished) if wished.isdecimal() else None


def step_on_page(events: Sequence[Event], told: str) -> int:
    """The number of the step whose thinking is on the page, from 1, once the run has ended."""
    n_steps, wished = len(steps_of(events)), step_followed(told)
    return n_steps if wished is None else min(wished + 1, n_steps)


class AgentTab:
    """What the tab does; as in the Chat tab, every page is told all by a run's id."""

    def __init__(
        self, parts: AgentParts, agents: Agents, panel: ToolPanel, runs: Runs, host: ModelHost, kept: KeptRuns
    ) -> None:
        self.parts = parts
        self.panel = panel
        self.replays = Replays(runs)
        self._agents, self._runs, self._host, self.kept = agents, runs, host, kept

    # ------------------------------------------------------------------ following a run

    async def on_follow(self, told: str, request: gr.Request) -> AsyncGenerator[Update, None]:
        """What the page shows of a run, again and again until it has ended.

        Args:
            told: The run's id, a mark that makes each request a new one, then the step whose thinking is wished for or
                the speed of a replay.
            request: Whose page it is.
        """
        run_id, session = told.partition("/")[0], str(request.session_hash)
        if not run_id:
            # A page that has just opened tells of its empty state too, sometimes.
            yield NOTHING_NEW
            return
        await self.replays.let_go(session)
        view = _View(told, run_id, self.replays.begin(session, told))
        add = view.so_far.add
        try:
            await asyncio.to_thread(self.kept.keep, session, run_id)
            await asyncio.to_thread(self._look_beside, view)
            watched = (
                self.replays.watch(session, run_id, view.replay, add)
                if view.replay
                else watch_run(self._runs, run_id, THINKING_SECONDS, add)
            )
            async with aclosing(watched):
                async for panes in watched:
                    view.panes = panes
                    await asyncio.to_thread(self._look_at_files, view)
                    marking, of_step = view.marking, view.of_step
                    if marking.has_much_to_read(of_step):
                        # The text does not wait for its sums and its outline.
                        yield self._update(view)
                        await marking.read_aside(of_step)
                        await asyncio.to_thread(view.outline)
                    else:
                        marking.read(of_step)
                        view.outline()
                    yield self._update(view)
        except AppError as error:
            yield self._update(view, {"text": str(error), "tone": "error"})

    def _look_beside(self, view: "_View") -> None:
        """The turns before the run, and its place among those beside it."""
        view.turns = [turn.id for turn in self._runs.store.conversation(view.run_id)[:-1]]
        beside = [row.id for row in self._runs.store.siblings(view.run_id)]
        view.branch = (beside.index(view.run_id) + 1, len(beside)) if view.run_id in beside else (1, 1)

    def _look_at_files(self, view: "_View") -> None:
        """The run's files, where a call may have written some since."""
        equipped = view.so_far.equipped
        if equipped is not None and (not view.files or view.panes.steps != view.looked_at):
            view.looked_at = view.panes.steps
            view.files = files_value(self._agents.scratch(view.run_id), equipped.uploads)

    def _update(self, view: "_View", told: Mapping[str, str] | None = None) -> Update:
        panes, steps, shown, of_step = view.panes, view.steps, view.shown, view.of_step
        answer = final_answer(steps)
        if answer != view.answer or not panes.is_live:
            view.answer, view.answer_set = answer, for_display(answer, is_final=not panes.is_live)
        place = self._runs.place_in_line(view.run_id) if panes.waits else None
        waited = time.monotonic() - view.began
        status = agent_status(panes, steps, shown, self._host.status(), waited, view.branch, place)
        status = replay_value(status, view.replay) if view.replay else status
        now = self._runs.store.now_seconds(panes.run_id) if panes.is_live else None
        return (
            panes.run_id or view.run_id,
            view.turns,
            panes.asked_text,
            steps_value(view.so_far, panes, shown, view.step is None, now) | {"is_replay": view.replay is not None},
            view.windows.value(of_step, shown, shown == len(steps) - 1),
            view.outlined,
            view.marking.value(of_step),
            view.answer_set,
            view.files,
            status | dict(told or {}),
        )

    # ------------------------------------------------------------------ what a user does

    def on_ask(
        self,
        question: str,
        run_id: str,
        owner: str,
        held: Sequence[Upload],
        wishes: Wishes,
        budget: str,
        custom: str,
        system: str,
        *sampling: str | None,
    ) -> tuple[Any, ...]:
        """Start a run, a follow-up where one is on the page; a task that is refused stays in its box.

        Returns:
            What to follow, the question box, the files, their chips, and the status line.
        """
        try:
            started = self._agents.start(
                question,
                parent_id=run_id or None,
                system=system or "",
                tools=self.panel.known(wishes),
                uploads=uploads_of(held),
                budget=budget_of(budget, custom or ""),
                sampling=sampling_of(*sampling),
                owner=owner or "",
            )
        except AppError as error:
            return *[gr.skip()] * 4, refusal(error)
        return to_follow(started), "", [], chips_of([]), gr.skip()

    def on_decide(self, run_id: str, event: gr.EventData) -> Any:
        """The user's word on a call; what comes of it arrives in the stream."""
        decision = str(event.decision)
        if decision not in ("allow", "allow_always", "refuse"):
            return gr.skip()
        try:
            self._runs.decide(run_id, str(event.call), decision)  # type: ignore[arg-type]
        except AppError as error:
            return refusal(error)
        return gr.skip()

    def on_choose_step(self, run_id: str, event: gr.EventData) -> Any:
        """Show the thinking of a step."""
        return follow_step(run_id, str(event.step)) if run_id else gr.skip()

    def on_take_file(self, run_id: str, event: gr.EventData) -> tuple[Any, Any]:
        """A file of the run, where the page's server may send it from.

        Returns:
            The file's path and the status line.
        """
        try:
            name = str(event.name)
            content = self._agents.scratch(run_id).read(name)
        except AppError as error:
            return gr.skip(), refusal(error)
        # A folder that nobody can guess: whoever knows a file's address can fetch it.
        folder = Path(self.parts.file.GRADIO_CACHE) / f"export-{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        path = folder / name
        path.write_bytes(content)
        return str(path), gr.skip()

    def on_example(self, number: int) -> tuple[Any, ...]:
        """Task, files and their chips of an example."""
        example = EXAMPLES[number]
        held = [Upload(name, content) for name, content in example.uploads.items()]
        return example.question(self._host.status().model), held, chips_of(held)

    def on_new(self) -> Update:
        """An empty page; a run that goes on is only left alone."""
        status = agent_status(Panes(), SoFar().steps(), 0, self._host.status())
        return "", [], "", {"steps": []}, whole_value(""), {}, {}, "", {"files": []}, status

    def on_unload(self, request: gr.Request) -> None:
        """The page has gone: nothing is played for it any more."""
        self.replays.end(str(request.session_hash))

    def on_set_maths(self, run_id: str, told: str) -> str:
        """The thinking of the step on the page as Markdown with its maths marked, for the pane that sets it."""
        events = self._runs.store.events(run_id)
        return for_display(steps_of(events)[step_on_page(events, told) - 1].thinking)

    def on_change_tools(self, wishes: Wishes, event: gr.EventData) -> tuple[Wishes, Value]:
        """What the user changed in the tool panel."""
        given: Mapping[str, Any] = event._data if isinstance(event._data, dict) else {}
        return self.panel.change(wishes, given)


class _View:
    """One run on one page: what of it is kept between two updates."""

    def __init__(self, told: str, run_id: str, replay: Replay | None = None) -> None:
        self.run_id, self.step, self.replay = run_id, step_followed(told), replay
        self.so_far, self.panes = SoFar(), Panes(run_id=run_id)
        self.windows = StepWindows(told, "" if replay else run_id)
        self.turns: list[str] = []
        self.branch = (1, 1)
        self.files: Value = {}
        self.looked_at: tuple[Event, ...] | None = None
        self.answer, self.answer_set = "", ""
        self.began = time.monotonic()
        self.outlined: Value = {}
        self._marked, self._marking = -1, Marking(told)
        self._outlined, self._outlining = -1, Outlining()

    @property
    def steps(self) -> tuple[Step, ...]:
        """Of the run, so far."""
        return self.so_far.steps()

    @property
    def shown(self) -> int:
        """The step whose thinking is on the page."""
        last = len(self.steps) - 1
        return last if self.step is None else min(self.step, last)

    @property
    def of_step(self) -> Panes:
        """The panes as if the run were that step."""
        steps, shown = self.steps, self.shown
        return panes_of_step(self.panes, steps[shown], shown == len(steps) - 1)

    @property
    def marking(self) -> Marking:
        """Who reads the sums of the thinking on the page."""
        if self.shown != self._marked:
            self._marked, self._marking = self.shown, Marking(self.windows.key_of(self.shown))
        return self._marking

    def outline(self) -> None:
        """Read on in the thinking on the page, for its outline."""
        if self.shown != self._outlined:
            self._outlined, self._outlining = self.shown, Outlining()
        value = self._outlining.value(self.of_step)
        # A step that is over can be gone on from once the run is.
        self.outlined = value | {"can_go_on": value["can_go_on"] and not self.panes.is_live and not self.replay}


def wire_agent(
    demo: gr.Blocks, agent: AgentTab, runs: Runs, tab: gr.Tab, owner: gr.BrowserState, handout: gr.JSON
) -> Any:
    """Connect the components of the tab to what they do; the event that follows a run."""
    parts = agent.parts
    composer = parts.composer
    following = parts.to_follow.change(
        agent.on_follow, parts.to_follow, parts.outputs, trigger_mode="multiple", concurrency_limit=None, **QUIET
    )
    # Only events of the queue tell the page that a state has changed.
    starting: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    attaching = composer.attaching
    wire_attaching(attaching, composer.status, UPLOADED)
    wire_steering(composer, runs, parts.run_id, parts.to_follow)
    asking = [composer.question, parts.run_id, owner, attaching.held, parts.wishes, *composer.settings]
    asked = [parts.to_follow, composer.question, attaching.held, attaching.chips, composer.status]
    gr.on([composer.question.submit, composer.ask.click], agent.on_ask, asking, asked, **starting)
    for number, chip in enumerate(composer.examples):
        filled = [composer.question, attaching.held, attaching.chips]
        chip.click(partial(agent.on_example, number), None, filled, **AT_ONCE)
    parts.steps.edit(agent.on_decide, parts.run_id, composer.status, **AT_ONCE)
    # Whatever is followed is let go first: the pane shows one step.
    parts.steps.select(agent.on_choose_step, parts.run_id, parts.to_follow, cancels=following, **starting)
    parts.thinking.select(to_follow, parts.run_id, parts.to_follow, cancels=following, **starting)
    for view in (parts.steps, parts.files):
        taken = view.download(agent.on_take_file, parts.run_id, [parts.file, composer.status], **AT_ONCE)
        taken.then(None, parts.file, None, js=_SAVE, **AT_ONCE)
    let_go = composer.new_chat.click(lambda: None, None, None, cancels=following, **starting)
    let_go.then(agent.on_new, None, parts.outputs, **starting)
    wire_replay(agent.replays, parts.replay, to_follow, parts.run_id, parts.to_follow, composer.status, following)
    demo.unload(agent.on_unload)
    parts.set_maths.click(agent.on_set_maths, [parts.run_id, parts.to_follow], parts.thinking_set, **AT_ONCE)
    revising = Revising(parts.revision, runs, to_follow, step_on_page)
    followed = (parts.run_id, owner, parts.to_follow, composer.status)
    wire_revision(revising, parts.outline, *followed, following)
    wire_samples(Samples(runs, agent.kept, to_follow), parts.revision.samples, parts.revision.going_on, *followed)
    comparing = (parts.revision.compare, parts.comparison, parts.run_id, parts.to_follow, composer.status, following)
    wire_comparing(Comparing(runs, to_follow), *comparing)
    wire_taking(parts.taking, runs, parts.run_id, handout)
    gr.on([tab.select, parts.tools_drawer.expand], agent.panel.value, parts.wishes, parts.tools, **AT_ONCE)
    parts.tools.edit(agent.on_change_tools, parts.wishes, [parts.wishes, parts.tools], **AT_ONCE)
    return following
