"""Problems typed in, a final answer with its verdict out: what the Math tab does."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any

import gradio as gr

from model.checked import Checked
from model.errors import AppError, BadInput
from model.events import Evidence
from model.export import export, file_name
from model.host import ModelHost
from model.runs import Runs
from ui.arithmetic_marks import Marking
from ui.kept_runs import KeptRuns
from ui.math_examples import EXAMPLES, MathExample
from ui.math_parts import ALL_CHAINS, CHAINS, MathParts
from ui.maths import for_display
from ui.panes import Panes
from ui.parts import AT_ONCE, QUIET, hand_out
from ui.sampling_drawer import budget_of
from ui.sentences import refusal
from ui.solve_values import (
    chains_value,
    empty_status,
    final_answer_markdown,
    math_status,
    solved_value,
    verdict_value,
)
from ui.thinking_window import ThinkingWindow, whole_value
from ui.watching import THINKING_SECONDS, to_follow, watch_run
from ui.words import word
from verify.math_answer import MAX_GOLD_CHARACTERS
from verify.solve import Solve, read_solve
from verify.solving import Solves

# Run on the page, final answer, verdict, chains, thinking, arithmetic, answer, status: as in `MathParts.outputs`.
Value = dict[str, Any]
Update = tuple[str, str, Value, Value, Value, Value, str, Value]

NOTHING_NEW: Any = (gr.skip(),) * 8
_FIRST = {"First 2 decide": 2, "First 3 decide": 3, "First 5 decide": 5, "First 8 decide": 8}
_LOOK_SECONDS = 0.4
_SETTLE_SECONDS = 0.2
_MOST_LISTED = 30
_MAX_OWN_CHARACTERS = 2_000


class MathTab:
    """What the tab does; as in the Chat tab, every page is told all by a run's id."""

    def __init__(self, parts: MathParts, solves: Solves, runs: Runs, host: ModelHost, kept: KeptRuns) -> None:
        self.parts = parts
        self._solves, self._runs, self._host, self._kept = solves, runs, host, kept

    # ------------------------------------------------------------------ following

    async def on_follow(self, to_follow: str, request: gr.Request) -> AsyncGenerator[Update, None]:
        """What the page shows of a problem and one of its chains, again and again until nothing more is to come.

        Args:
            to_follow: The chain's run, then a mark that makes each request a new one.
            request: Whose page it is.
        """
        run_id, session = to_follow.partition("/")[0], str(request.session_hash)
        if not run_id:
            # A page that has just opened tells of its empty state too, sometimes.
            yield NOTHING_NEW
            return
        panes, answer = Panes(run_id=run_id), ""
        began, window, marking = time.monotonic(), ThinkingWindow(to_follow, run_id), Marking(to_follow)
        try:
            solve = await asyncio.to_thread(read_solve, self._runs, run_id)
            for live in solve.live_runs:
                await asyncio.to_thread(self._kept.keep, session, live)
            looked_at = time.monotonic()
            async with aclosing(watch_run(self._runs, run_id, THINKING_SECONDS)) as watched:
                async for shown in watched:
                    if time.monotonic() - looked_at > _LOOK_SECONDS:
                        solve = await asyncio.to_thread(read_solve, self._runs, run_id)
                        looked_at = time.monotonic()
                    if shown.answer != panes.answer or shown.is_live != panes.is_live:
                        answer = for_display(shown.answer, is_final=not shown.is_live)
                    panes = shown
                    thinking, waited_seconds = window.value(panes), time.monotonic() - began
                    if marking.has_much_to_read(panes):
                        # The text does not wait for its sums.
                        yield self._update(solve, panes, answer, thinking, marking.value(panes), waited_seconds)
                        await marking.read_aside(panes)
                    else:
                        marking.read(panes)
                    yield self._update(solve, panes, answer, thinking, marking.value(panes), waited_seconds)
            while True:
                solve = await asyncio.to_thread(self._looked_at, run_id)
                yield self._update(solve, panes, answer, window.value(panes), marking.value(panes), 0.0)
                if solve.is_settled:
                    break
                await asyncio.sleep(_SETTLE_SECONDS)
        except AppError as error:
            told = empty_status(str(error), "error") | {"phase": panes.phase}
            thinking, sums = whole_value(panes.thinking, to_follow), marking.value(panes)
            yield panes.run_id, "", {}, {}, thinking, sums, answer, told

    def _looked_at(self, run_id: str) -> Solve:
        solve = read_solve(self._runs, run_id)
        return solve if solve.live_runs or solve.is_settled else self._solves.settle(run_id)

    def _update(
        self, solve: Solve, panes: Panes, answer: str, thinking: Value, sums: Value, waited_seconds: float
    ) -> Update:
        place = self._runs.place_in_line(panes.run_id) if panes.waits else None
        return (
            panes.run_id,
            final_answer_markdown(solve.winner.answer if solve.winner else ""),
            verdict_value(solve.checked) if solve.is_answered else {},
            chains_value(solve, panes.run_id),
            thinking,
            sums,
            answer,
            math_status(panes, solve, self._host.status(), waited_seconds, place),
        )

    # ------------------------------------------------------------------ what a user does

    def on_solve(
        self, problem: str, gold: str, n_chains: int, decide: str, budget: str, custom: str, owner: str
    ) -> tuple[Any, Any]:
        """Start the chains; what is refused stays in its fields.

        Returns:
            What to follow, and the status line.
        """
        try:
            if not problem.strip():
                raise BadInput("The problem is empty. Type one, or take an example.")
            started = self._solves.start(
                problem.strip(),
                gold=gold or "",
                k=int(n_chains),
                budget=budget_of(budget, custom or ""),
                first_to_finish=None if decide == ALL_CHAINS else int(decide),
                owner=owner or "",
            )
        except AppError as error:
            return gr.skip(), refusal(error)
        return to_follow(started[0]), gr.skip()

    def on_each_chain(self, act: Callable[[str], bool], run_id: str) -> Any:
        """Stop all that goes on, or have the chains answer now; what comes of it arrives in the stream.

        Of the check program the chains know nothing: it is made to hurry only when they have ended.
        """
        try:
            solve = read_solve(self._runs, run_id)
            chains = [chain.run_id for chain in solve.chains if chain.is_live]
            for live in solve.live_runs if act == self._runs.stop or not chains else chains:
                act(live)
        except AppError as error:
            return refusal(error)
        return gr.skip()

    def on_continue(self, run_id: str) -> tuple[Any, Any]:
        """Take the chain on the page further."""
        try:
            self._runs.resume(run_id)
        except AppError as error:
            return gr.skip(), refusal(error)
        return to_follow(run_id), gr.skip()

    def on_check_again(self, run_id: str, gold: str) -> tuple[Any, Any]:
        """Judge the answers by another reference."""
        try:
            self._solves.check_against(run_id, gold or "")
        except AppError as error:
            return gr.skip(), refusal(error)
        return to_follow(run_id), gr.skip()

    def on_ask_program(self, run_id: str) -> tuple[Any, Any]:
        """Have a program written that checks the answer; the page stays with the run that it shows."""
        try:
            self._solves.ask_for_program(run_id)
        except AppError as error:
            return gr.skip(), refusal(error)
        return to_follow(run_id), gr.skip()

    def on_check_own(self, problem: str, gold: str, answer: str) -> dict[str, Any]:
        """What can be said of an answer of the user's own, without a model."""
        try:
            return verdict_value(self._own_checked(problem or "", (gold or "").strip(), (answer or "").strip()))
        except AppError as error:
            return {"standing": "refused", "label": "", "reason": str(error)}

    def _own_checked(self, problem: str, gold: str, answer: str) -> Checked:
        if not answer:
            raise BadInput("Your answer is empty. Type it, then check.")
        for name, text, limit in (
            ("Your answer", answer, _MAX_OWN_CHARACTERS),
            ("The known answer", gold, MAX_GOLD_CHARACTERS),
        ):
            if len(text) > limit:
                raise BadInput(f"{name} has {len(text):,} characters and the limit is {limit:,}. Shorten it.")
        if gold:
            return Checked(verdict=self._solves.judge.judge(gold, answer, question=problem))
        evidence: Evidence | None = self._solves.judge.test(problem, answer)
        return Checked(evidence=(evidence,) if evidence else ())

    def on_example(self, example: MathExample) -> tuple[str, str, int]:
        """Problem, known answer and number of chains of an example."""
        return *example.given(self._host.status().model), example.n_chains

    def on_new(self) -> tuple[Any, ...]:
        """An empty tab; what goes on is only left alone."""
        status = empty_status() | {"run": ""}
        return "", "", "", "", {}, {"rows": [], "words": ""}, whole_value(""), {}, "", status

    def on_open(self, to_follow: str) -> tuple[Any, Any, Any, Any]:
        """The problem's own fields, when another one has come onto the page."""
        try:
            solve = read_solve(self._runs, to_follow.partition("/")[0])
        except AppError:
            return gr.skip(), gr.skip(), gr.skip(), gr.skip()
        # A script may have asked for a number that the page does not offer.
        is_offered = solve.problem.n_chains in CHAINS.values()
        return solve.statement, solve.gold, solve.problem.n_chains if is_offered else gr.skip(), ""

    def on_copy(self, run_id: str) -> dict[str, str]:
        """The final answer as the model wrote it."""
        solve = read_solve(self._runs, run_id)
        return {"text": solve.winner.answer if solve.winner else ""}

    def on_download(self, run_id: str) -> dict[str, str]:
        """The chain on the page as Markdown, with its verdict."""
        name = file_name(self._runs.store.row(run_id).title, "markdown")
        return {"text": export(self._runs.store, run_id, "markdown"), "name": name, "type": "text/markdown"}

    def solved(self, owner: str) -> dict[str, Any]:
        """The latest problems with their verdicts."""
        rows = self._runs.store.solves(owner or "", _MOST_LISTED)
        return solved_value([read_solve(self._runs, row.id) for row in rows])


def _decide_choices(n_chains: int) -> gr.Dropdown:
    """Which chains decide, for so many; with one there is nothing to choose."""
    first = [(word(words), str(m)) for words, m in _FIRST.items() if m < n_chains]
    return gr.Dropdown([(word("All decide"), ALL_CHAINS), *first], value=ALL_CHAINS, visible=n_chains > 1)


def wire_math(math: MathTab, tab: gr.Tab, owner: gr.BrowserState, handout: gr.JSON) -> Any:
    """Connect the components of the tab to what they do; the event that follows a problem."""
    parts = math.parts
    following = parts.to_follow.change(
        math.on_follow, parts.to_follow, parts.outputs, trigger_mode="multiple", concurrency_limit=None, **QUIET
    )
    # Only events of the queue tell the page that a state has changed.
    starting: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    opened = [parts.problem, parts.gold, parts.n_chains, parts.new_gold]
    parts.to_follow.change(math.on_open, parts.to_follow, opened, **AT_ONCE)
    parts.problem.change(None, parts.problem, parts.preview, js="(typed) => workingsPreview(typed)", **AT_ONCE)
    given = [parts.problem, parts.gold, parts.n_chains, parts.decide, parts.budget, parts.custom_budget, owner]
    asked = [parts.to_follow, parts.status]
    gr.on([parts.solve.click, parts.gold.submit], math.on_solve, given, asked, **starting)
    parts.n_chains.change(_decide_choices, parts.n_chains, parts.decide, **AT_ONCE)
    for button, act in ((parts.stop, math._runs.stop), (parts.answer_now, math._runs.answer_now)):
        button.click(partial(math.on_each_chain, act), parts.run_id, parts.status, **AT_ONCE)
    parts.go_on.click(math.on_continue, parts.run_id, asked, **starting)
    check_again = [parts.recheck.click, parts.new_gold.submit]
    gr.on(check_again, math.on_check_again, [parts.run_id, parts.new_gold], asked, **starting)
    parts.ask_program.click(math.on_ask_program, parts.run_id, asked, **starting)
    for button, take in ((parts.copy, math.on_copy), (parts.download, math.on_download)):
        hand_out(button, take, [parts.run_id], handout)
    own = parts.own
    own_given = [parts.problem, parts.gold, own.answer]
    gr.on([own.check.click, own.answer.submit], math.on_check_own, own_given, own.verdict, **AT_ONCE)
    for button, example in zip(parts.examples, EXAMPLES, strict=True):
        filled = [parts.problem, parts.gold, parts.n_chains]
        button.click(partial(math.on_example, example), None, filled, **AT_ONCE)
    let_go = parts.new.click(lambda: None, None, None, cancels=following, **starting)
    let_go.then(math.on_new, None, [parts.problem, parts.gold, *parts.outputs], **starting)
    # Whatever is followed is let go first: a tab shows one problem.
    for shown in (parts.chains, parts.solved, parts.batch.table):
        shown.select(_chosen, None, parts.to_follow, cancels=following, **starting)
    parts.thinking.select(to_follow, parts.run_id, parts.to_follow, cancels=following, **starting)
    # The first answer need not wait for the processes that check it.
    tab.select(lambda: math._solves.judge.start(), None, None, **AT_ONCE)
    listing = [tab.select, parts.solved_drawer.expand, parts.verdict.change]
    gr.on(listing, math.solved, owner, parts.solved, trigger_mode="always_last", **AT_ONCE)
    return following


def _chosen(event: gr.EventData) -> str:
    return to_follow(str(event.run_id))
