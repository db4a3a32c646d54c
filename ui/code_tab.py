"""Tasks typed in, a program with what its tests say out: what the Code tab does."""

import asyncio
import json
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from model.errors import AppError, BadInput
from model.host import ModelHost
from model.runs import Runs
from ui.code_by_hand import ByHand
from ui.code_examples import EXAMPLES, CodeExample
from ui.code_following import CodeFollowing, to_choose, to_follow_on
from ui.code_objects import task_object
from ui.code_parts import ATTEMPTS, ROUNDS, CodeParts, TestsParts
from ui.code_values import empty_status, form_value, isolation_value, tasks_value
from ui.parts import AT_ONCE, QUIET, hand_out
from ui.sampling_drawer import budget_of
from ui.sentences import refusal
from ui.thinking_window import whole_value
from ui.watching import to_follow
from verify.code.attempts import Attempts
from verify.code.task import read_task
from verify.code.test_sets import detect_form
from verify.sandbox.isolation import isolation

_MOST_LISTED = 30


class CodeTab:
    """What the tab does; as in the Chat tab, every page is told all by a run's id."""

    def __init__(self, parts: CodeParts, attempts: Attempts, runs: Runs, host: ModelHost) -> None:
        self.parts = parts
        self._attempts, self._runs, self._host = attempts, runs, host

    def on_solve(
        self,
        task: str,
        tests: str,
        form: str,
        hidden: str,
        hidden_form: str,
        entry_point: str,
        n_attempts: int,
        n_rounds: int,
        budget: str,
        custom: str,
        owner: str,
    ) -> tuple[Any, Any]:
        """Start the attempts; what is refused stays in its fields.

        Returns:
            What to follow, and the status line.
        """
        try:
            if not task.strip():
                raise BadInput("The task is empty. Say what the program is to do, or take an example.")
            started = self._attempts.start(
                task.strip(),
                tests=tests or "",
                form=form or None,  # type: ignore[arg-type]
                hidden_tests=hidden or "",
                hidden_form=hidden_form or None,  # type: ignore[arg-type]
                entry_point=entry_point or "",
                k=int(n_attempts),
                n_rounds=int(n_rounds),
                budget=budget_of(budget, custom or ""),
                owner=owner or "",
            )
        except AppError as error:
            return gr.skip(), refusal(error)
        return to_follow_on(started[0]), gr.skip()

    def on_stop(self, run_id: str) -> Any:
        """Stop all of the task; what comes of it arrives in the stream."""
        try:
            self._attempts.stop(run_id)
        except AppError as error:
            return refusal(error)
        return gr.skip()

    def on_answer_now(self, run_id: str) -> Any:
        """Have every round that thinks answer now."""
        try:
            for each in read_task(self._runs, run_id).rounds:
                if each.is_live:
                    self._runs.answer_now(each.run_id)
        except AppError as error:
            return refusal(error)
        return gr.skip()

    def on_continue(self, run_id: str) -> tuple[Any, Any]:
        """Take the round on the page further."""
        try:
            self._runs.resume(run_id)
        except AppError as error:
            return gr.skip(), refusal(error)
        return to_follow(run_id), gr.skip()

    def on_example(self, example: CodeExample) -> tuple[Any, ...]:
        """Task, tests and how they are read, of an example; no hidden tests."""
        return *example.given(self._host.status().model), "", "", "", ""

    def on_new(self) -> tuple[Any, ...]:
        """An empty tab: its fields, then `CodeParts.outputs`; what goes on is only left alone."""
        status = empty_status() | {"run": ""}
        return "", "", "", "", "", "", "", "", "", {}, {"rows": []}, whole_value(""), "", {}, {}, {}, {}, status

    def on_open(self, told: str, filled: str) -> tuple[Any, ...]:
        """The task's own fields, when another one has come onto the page; and which one it is."""
        try:
            task = read_task(self._runs, told.partition("/")[0])
        except AppError:
            return (gr.skip(),) * 9
        if task.id == filled:
            # What the user changes in the fields of a task stays.
            return (gr.skip(),) * 9
        asked = task.task
        forms = [_form_choice(asked.tests, asked.form), _form_choice(asked.hidden_tests, asked.hidden_form)]
        # A script may have asked for a number that the page does not offer.
        n_attempts = asked.n_attempts if asked.n_attempts in ATTEMPTS.values() else gr.skip()
        n_rounds = asked.n_rounds if asked.n_rounds in ROUNDS.values() else gr.skip()
        statement = asked.statement or task.question
        tests = asked.tests, forms[0], asked.hidden_tests, forms[1], asked.entry_point
        return statement, *tests, n_attempts, n_rounds, task.id

    def on_copy(self, source: str) -> dict[str, str]:
        """The program in the editor."""
        return {"text": source or ""}

    def on_download(self, run_id: str, source: str) -> dict[str, str]:
        """The program in the editor as a file."""
        return {"text": f"{(source or '').rstrip()}\n", "name": f"{self._name(run_id)}.py", "type": "text/x-python"}

    def on_report(self, run_id: str) -> dict[str, str]:
        """The task on the page with its rounds and reports, as JSON."""
        task = read_task(self._runs, run_id)
        given = {"tests": task.task.tests, "hidden_tests": task.task.hidden_tests}
        text = json.dumps(task_object(task) | given, ensure_ascii=False, indent=2)
        return {"text": text + "\n", "name": f"{self._name(run_id)}.json", "type": "application/json"}

    def _name(self, run_id: str) -> str:
        try:
            title = self._runs.store.row(run_id).title
        except AppError:
            title = ""
        return re.sub(r"[^\w]+", "-", title).strip("-").lower()[:60] or "program"

    def tasks(self, owner: str) -> dict[str, Any]:
        """The latest tasks with what came of them."""
        rows = self._runs.store.tasks(owner or "", _MOST_LISTED)
        return tasks_value([read_task(self._runs, row.id) for row in rows])

    async def on_isolation(self) -> list[Any]:
        """How programs are run here, and whether the buttons that run some do anything.

        The first program need not wait for the sandbox to start.
        """
        await asyncio.to_thread(self._attempts.judge.start)
        found = await asyncio.to_thread(isolation)
        runs_programs = found.level is not None
        buttons = [gr.Button(interactive=runs_programs) for _ in self.parts.that_run_programs]
        return [isolation_value(found.level, found.refusal), *buttons]


def _form_choice(tests: str, form: str) -> str:
    """What the choice of a form stands at: as detected, unless the tests are read otherwise."""
    try:
        return "" if not tests.strip() or detect_form(tests) == form else form
    except BadInput:
        return form


def wire_code(
    code: CodeTab, following: CodeFollowing, by_hand: ByHand, tab: gr.Tab, owner: gr.BrowserState, handout: gr.JSON
) -> Any:
    """Connect the components of the tab to what they do; the event that follows a task."""
    parts = code.parts
    followed = parts.to_follow.change(
        following.on_follow, parts.to_follow, parts.outputs, trigger_mode="multiple", concurrency_limit=None, **QUIET
    )
    # Only events of the queue tell the page that a state has changed.
    starting: dict[str, Any] = {"concurrency_limit": None, **QUIET}
    filled = gr.State("")
    tests = [parts.tests.text, parts.tests.form, parts.hidden.text, parts.hidden.form, parts.entry_point]
    fields = [parts.task, *tests, parts.n_attempts, parts.n_rounds]
    # Two events of the queue at one time: Gradio's page now and then misses what one of them says.
    parts.to_follow.change(code.on_open, [parts.to_follow, filled], [*fields, filled], **AT_ONCE)
    asked = [parts.to_follow, parts.status]
    parts.solve.click(code.on_solve, [*fields, parts.budget, parts.custom_budget, owner], asked, **starting)
    parts.stop.click(code.on_stop, parts.run_id, parts.status, **AT_ONCE)
    parts.answer_now.click(code.on_answer_now, parts.run_id, parts.status, **AT_ONCE)
    parts.go_on.click(code.on_continue, parts.run_id, asked, **starting)
    for each in (parts.tests, parts.hidden):
        _wire_form(each, parts)
    for button, example in zip(parts.examples, EXAMPLES, strict=True):
        button.click(partial(code.on_example, example), None, [parts.task, *tests], **AT_ONCE)
    emptied = "(typed) => workingsEditorEmpty(typed)"
    parts.new.click(None, parts.program, parts.program, js=emptied, **AT_ONCE)
    let_go = parts.new.click(lambda: None, None, None, cancels=followed, **starting)
    let_go.then(code.on_new, None, [parts.task, *tests, filled, parts.to_follow, *parts.outputs], **starting)
    # Whatever is followed is let go first: a tab shows one round.
    parts.timeline.select(_chosen, None, parts.to_follow, cancels=followed, **starting)
    parts.past.select(_opened, None, parts.to_follow, cancels=followed, **starting)
    parts.thinking.select(to_choose, parts.run_id, parts.to_follow, cancels=followed, **starting)
    _wire_editor(code, by_hand, tests, handout)
    tab.select(code.on_isolation, None, [parts.isolation, *parts.that_run_programs], **AT_ONCE)
    listing = [tab.select, parts.past_drawer.expand, parts.result.change]
    gr.on(listing, code.tasks, owner, parts.past, trigger_mode="always_last", **AT_ONCE)
    return followed


def _wire_form(tests: TestsParts, parts: CodeParts) -> None:
    typed = [tests.text.change, tests.form.change, parts.entry_point.change]
    given = [tests.text, tests.form, parts.entry_point, parts.task, parts.program]
    gr.on(typed, form_value, given, tests.told, trigger_mode="always_last", **AT_ONCE)


def _wire_editor(code: CodeTab, by_hand: ByHand, tests: list[Any], handout: gr.JSON) -> None:
    """The program: what comes into the editor, what is run from there, what is taken along."""
    parts = code.parts
    # What stands in the editor is decided in the browser, where it is known whether somebody is typing.
    line, program = parts.program_line, parts.program
    line.select(None, [line, program], program, js="(told, typed) => workingsProgram(told, typed)", **AT_ONCE)
    line.edit(None, program, program, js="(typed) => workingsSwap(typed)", **AT_ONCE)
    shown = [parts.to_follow, parts.result, parts.table, parts.output, parts.status]
    whose = "(run, ...given) => [workingsEditor.shown.run || '', ...given]"
    given = [parts.run_id, program, *tests, parts.task]
    once: dict[str, Any] = {"concurrency_limit": None, "trigger_mode": "once", **QUIET}
    parts.run_tests.click(by_hand.on_run_tests, given, shown, js=whose, **once)
    parts.run.click(by_hand.on_run, [program, parts.stdin], shown, **once)
    takes: list[tuple[gr.Button, Callable[..., dict[str, str]], list[Any]]] = [
        (parts.copy, code.on_copy, [program]),
        (parts.download, code.on_download, [parts.run_id, program]),
        (parts.report, code.on_report, [parts.run_id]),
    ]
    for button, take, inputs in takes:
        hand_out(button, take, inputs, handout)


def _chosen(event: gr.EventData) -> str:
    return to_choose(str(event.run_id))


def _opened(event: gr.EventData) -> str:
    return to_follow_on(str(event.run_id))
