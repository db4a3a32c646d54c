"""Questions typed in, two panes out: the Chat tab, its components and what they do."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from functools import partial
from typing import Any

import gradio as gr

from model.engine import collect
from model.errors import AppError
from model.events import Attachment
from model.host import ModelHost
from model.runs import Runs
from ui.arithmetic_marks import Marking
from ui.attaching import chips_value, wire_attaching
from ui.chat_parts import ChatParts
from ui.comparing import Comparing, wire_comparing
from ui.examples import example_question
from ui.kept_runs import KeptRuns
from ui.maths import for_display
from ui.outlining import Outlining
from ui.panes import Panes
from ui.parts import AT_ONCE, QUIET
from ui.replaying import Replays, replay_value, wire_replay
from ui.revision import Revising, wire_revision
from ui.samples import Samples, wire_samples
from ui.sampling_drawer import budget_of, sampling_of
from ui.sentences import refusal, status_value
from ui.steering import wire_steering
from ui.taking import wire_taking
from ui.thinking_window import ThinkingWindow, whole_value
from ui.watching import THINKING_SECONDS, to_follow, watch_run

# Run id, earlier turns, question, thinking, outline, arithmetic, answer, status line: as in `ChatParts.outputs`.
Update = tuple[str, list[str], str, dict[str, Any], dict[str, Any], dict[str, Any], str, dict[str, Any]]

NOTHING_NEW: Any = (gr.skip(),) * 8


class ChatTab:
    """What the Chat tab does; it keeps nothing of a page: every page is told all by its run's id."""

    def __init__(self, parts: ChatParts, runs: Runs, host: ModelHost) -> None:
        self.parts = parts
        self.replays = Replays(runs)
        self._runs = runs
        self._host = host
        self.kept = KeptRuns(runs)

    # ------------------------------------------------------------------ following a run

    async def on_follow(self, to_follow: str, request: gr.Request) -> AsyncGenerator[Update, None]:
        """What the page shows of a run, again and again until it has ended.

        Every value goes out each time: Gradio sends only what is new in it, and for one that is left out it would build
        the component anew.

        Args:
            to_follow: The run's id, then a mark that makes each request a new one, then the speed of a replay.
            request: Whose page it is.
        """
        run_id, session = to_follow.partition("/")[0], str(request.session_hash)
        if not run_id:
            # A page that has just opened tells of its empty state too, sometimes.
            yield NOTHING_NEW
            return
        await self.replays.let_go(session)
        replay = self.replays.begin(session, to_follow)
        await asyncio.to_thread(self.kept.keep, session, run_id)
        panes, turns, answer = Panes(), [], ""
        began, outlining, window = time.monotonic(), Outlining(), ThinkingWindow(to_follow, "" if replay else run_id)
        marking, steps = Marking(to_follow), outlining.value(panes)
        try:
            conversation = await asyncio.to_thread(self._runs.store.conversation, run_id)
            turns = [turn.id for turn in conversation[:-1]]
            beside = [row.id for row in await asyncio.to_thread(self._runs.store.siblings, run_id)]
            branch = (beside.index(run_id) + 1, len(beside)) if run_id in beside else (1, 1)
            watched = (
                self.replays.watch(session, run_id, replay)
                if replay
                else watch_run(self._runs, run_id, THINKING_SECONDS)
            )
            async for shown in watched:
                if shown.answer != panes.answer or shown.is_live != panes.is_live:
                    answer = for_display(shown.answer, is_final=not shown.is_live)
                panes = shown
                place = self._runs.place_in_line(run_id) if panes.waits else None
                status = status_value(panes, self._host.status(), time.monotonic() - began, branch, place)
                status = replay_value(status, replay) if replay else status
                text, thinking = panes.asked_text, window.value(panes)
                if marking.has_much_to_read(panes):
                    # The text does not wait for its sums and its outline.
                    yield run_id, turns, text, thinking, steps, marking.value(panes), answer, status
                    await marking.read_aside(panes)
                    steps = await asyncio.to_thread(outlining.value, panes)
                else:
                    marking.read(panes)
                    steps = outlining.value(panes)
                yield run_id, turns, text, thinking, steps, marking.value(panes), answer, status
        except AppError as error:
            status = status_value(panes, self._host.status()) | {"text": str(error), "tone": "error"}
            thinking, steps = whole_value(panes.thinking, to_follow), outlining.value(panes)
            yield panes.run_id, turns, panes.asked_text, thinking, steps, marking.value(panes), answer, status

    # ------------------------------------------------------------------ what a user does

    def on_ask(
        self,
        question: str,
        run_id: str,
        owner: str,
        attached: Sequence[Attachment],
        budget: str,
        custom: str,
        system: str,
        *sampling: str | None,
    ) -> tuple[Any, ...]:
        """Start a run, a follow-up where one is on the page; a question that is refused stays in its box.

        Returns:
            What to follow, the question box, the attachments, their chips, and the status line.
        """
        try:
            started = self._runs.start(
                question,
                attachments=attached,
                system=system or "",
                budget=budget_of(budget, custom or ""),
                sampling=sampling_of(*sampling),
                parent_id=run_id or None,
                owner=owner or "",
            )
        except AppError as error:
            return *[gr.skip()] * 4, refusal(error)
        return to_follow(started), "", [], chips_value([]), gr.skip()

    def on_unload(self, request: gr.Request) -> None:
        """The page has gone: nothing is kept for it any more."""
        self.replays.end(str(request.session_hash))
        self.kept.let_go(str(request.session_hash))

    def on_example(self, number: int) -> str:
        """The example for the model that is loaded, or is being loaded, now."""
        return example_question(number, self._host.status().model)

    def on_new_chat(self) -> Update:
        """An empty page; a run that goes on is only left alone."""
        return "", [], "", whole_value(""), {}, {}, "", status_value(Panes(), self._host.status())

    # ------------------------------------------------------------------ taking things along

    def on_set_maths(self, run_id: str) -> str:
        """The whole thinking as Markdown with its maths marked, for the pane that sets it."""
        return for_display(collect(self._runs.store.events(run_id)).thinking)


def wire_chat(demo: gr.Blocks, chat: ChatTab, runs: Runs, owner: gr.BrowserState) -> Any:
    """Connect the components of the tab to what they do; the event that follows a run."""
    parts = chat.parts
    following = parts.to_follow.change(
        chat.on_follow,
        parts.to_follow,
        parts.outputs,
        trigger_mode="multiple",
        concurrency_limit=None,
        # Every value is what the browser gets; Gradio would send each of them through a thread.
        postprocess=False,
        **QUIET,
    )
    # Only events of the queue tell the page that a state has changed.
    starting: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    composer = parts.composer
    attaching = composer.attaching
    wire_attaching(attaching, composer.status)
    wire_steering(composer, runs, parts.run_id, parts.to_follow)
    asking = [composer.question, parts.run_id, owner, attaching.held, *composer.settings]
    asked = [parts.to_follow, composer.question, attaching.held, attaching.chips, composer.status]
    gr.on([composer.question.submit, composer.ask.click], chat.on_ask, asking, asked, **starting)
    for number, chip in enumerate(composer.examples):
        chip.click(partial(chat.on_example, number), None, composer.question, **AT_ONCE)
    demo.unload(chat.on_unload)
    wire_replay(chat.replays, parts.replay, to_follow, parts.run_id, parts.to_follow, composer.status, following)
    # A pane that has missed a stretch asks for the whole again.
    parts.thinking.select(to_follow, parts.run_id, parts.to_follow, cancels=following, **starting)
    # In two steps: an update that was on its way when the following ended would fill the emptied panes again.
    let_go = composer.new_chat.click(lambda: None, None, None, cancels=following, **starting)
    let_go.then(chat.on_new_chat, None, parts.outputs, **starting)
    parts.set_maths.click(chat.on_set_maths, parts.run_id, parts.thinking_set, **AT_ONCE)
    revising = Revising(parts.revision, runs, to_follow)
    followed = (parts.run_id, owner, parts.to_follow, composer.status)
    wire_revision(revising, parts.outline, *followed, following)
    wire_samples(Samples(runs, chat.kept, to_follow), parts.revision.samples, parts.revision.going_on, *followed)
    comparing = (parts.revision.compare, parts.comparison, parts.run_id, parts.to_follow, composer.status, following)
    wire_comparing(Comparing(runs, to_follow), *comparing)
    wire_taking(parts.taking, runs, parts.run_id, parts.handout)
    return following
