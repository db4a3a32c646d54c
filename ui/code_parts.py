"""Nothing in; the components of the Code tab, laid out, out. What they do is in code_tab.py and code_by_hand.py."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.code_examples import EXAMPLES
from ui.code_values import empty_status
from ui.code_views import (
    code_diff,
    code_result,
    code_status,
    code_timeline,
    isolation_line,
    program_line,
    program_output,
    task_list,
    tests_form,
    tests_table,
)
from ui.code_words import FORMS
from ui.growing import Grown
from ui.parts import answer_pane, pane_head, small_button, thinking_pane
from ui.sampling_drawer import add_budget
from ui.words import word

ATTEMPTS = {"One attempt": 1, "Attempt × 2": 2, "Attempt × 3": 3, "Attempt × 5": 5, "Attempt × 8": 8}
ROUNDS = {"One round": 1, "2 rounds": 2, "3 rounds": 3, "5 rounds": 5, "8 rounds": 8}


@dataclass(frozen=True, slots=True)
class TestsParts:
    """A field for tests, what says how they are read, what corrects that."""

    text: gr.Textbox
    form: gr.Dropdown
    told: gr.HTML


@dataclass(frozen=True, slots=True)
class CodeParts:
    """Every component that a handler of the Code tab writes or reads."""

    run_id: gr.State
    to_follow: gr.State
    task: gr.Textbox
    tests: TestsParts
    entry_point: gr.Textbox
    hidden: TestsParts
    n_attempts: gr.Dropdown
    n_rounds: gr.Dropdown
    budget: gr.Radio
    custom_budget: gr.Textbox
    solve: gr.Button
    stop: gr.Button
    answer_now: gr.Button
    go_on: gr.Button
    new: gr.Button
    examples: list[gr.Button]
    status: gr.HTML
    result: gr.HTML
    timeline: gr.HTML
    thinking: gr.HTML
    answer: gr.Markdown
    program_line: gr.HTML
    program: gr.Code
    run_tests: gr.Button
    run: gr.Button
    copy: gr.Button
    download: gr.Button
    report: gr.Button
    stdin: gr.Textbox
    output: gr.HTML
    table: gr.HTML
    diff: gr.HTML
    isolation: gr.HTML
    past: gr.HTML
    past_drawer: gr.Accordion

    @property
    def that_run_programs(self) -> list[gr.Button]:
        """The buttons that have programs run."""
        return [self.solve, self.run_tests, self.run]

    @property
    def outputs(self) -> list[Any]:
        """All that following a task writes, in the order of `ui.code_following.NAMES`."""
        shown = [self.run_id, self.result, self.timeline, self.thinking, self.answer, self.program_line]
        return [*shown, self.diff, self.table, self.output, self.status]


def add_code(run_id: gr.State, to_follow: gr.State, grown: Grown) -> CodeParts:
    """The tab from top to bottom: the task, how it stands, what the model writes beside the program, the drawers.

    Args:
        grown: What the thinking pane asks for its text (`ui.growing`).
    """
    with gr.Column(elem_id="code"):
        asked = _add_task()
        result = code_result(elem_id="code-result")
        timeline = code_timeline(elem_id="code-timeline")
        with gr.Row(elem_id="code-panes", equal_height=False):
            with gr.Column(min_width=300, elem_id="code-model"):
                gr.HTML(
                    pane_head("Thinking", "code-thinking-figures", "<span class='round-of' id='code-round'></span>")
                )
                hint = "The working appears here while the model thinks."
                thinking = thinking_pane(hint, elem_id="code-thinking", server_functions=[grown])
                gr.HTML(pane_head("Answer", "code-answer-figures"), elem_classes="second-head")
                answer = answer_pane(elem_id="code-answer")
            with gr.Column(min_width=300, scale=1, elem_id="code-work"):
                work = _add_work()
        isolation = isolation_line(elem_id="code-isolation")
        with gr.Accordion(word("Past tasks"), open=False, elem_id="tasks-drawer", elem_classes="drawer") as drawer:
            past = task_list(elem_id="tasks")
    shown = {"result": result, "timeline": timeline, "thinking": thinking, "answer": answer, "isolation": isolation}
    return CodeParts(run_id=run_id, to_follow=to_follow, past=past, past_drawer=drawer, **asked, **shown, **work)


def _add_task() -> dict[str, Any]:
    with gr.Row(elem_id="code-given", equal_height=False):
        with gr.Column(min_width=300):
            task = gr.Textbox(
                label=word("Task"),
                placeholder=word("What the program is to do, in words"),
                lines=5,
                max_lines=16,
                elem_id="code-task",
            )
        with gr.Column(min_width=300):
            entry_point = gr.Textbox(
                label=word("Entry point"),
                placeholder=word("Entry point: found by itself"),
                container=False,
                max_lines=1,
                elem_id="code-entry-point",
                render=False,
            )
            hint = "Asserts, a pytest file, doctests, or a JSON list; or none"
            tests = _add_tests("code-tests", "Tests", hint, 5, entry_point)
            with gr.Accordion(
                word("Tests that the model shall not see"), open=False, elem_id="hidden-drawer", elem_classes="drawer"
            ):
                hidden = _add_tests("code-hidden", "Hidden tests", "In any form; the result has both shares", 3)
    with gr.Row(elem_id="code-settings", equal_height=False):
        n_attempts = _choice(ATTEMPTS, 1, "How many attempts at once", "code-attempts")
        n_rounds = _choice(ROUNDS, 3, "How many rounds in an attempt at most", "code-rounds")
        budget, custom = add_budget("code-budget")
    with gr.Row(elem_id="code-bar"):
        status = code_status(empty_status(), elem_id="code-status")
        with gr.Row(elem_id="code-steering"):
            answer_now = small_button(word("Answer now"), "code-answer-now")
            go_on = small_button(word("Continue"), "code-continue")
            new = small_button(word("New task"), "code-new")
            solve = gr.Button(word("Solve"), variant="primary", elem_id="code-solve", scale=0, min_width=96)
            stop = gr.Button(word("Stop"), variant="primary", elem_id="code-stop", scale=0, min_width=96)
    with gr.Row(elem_id="code-examples"):
        examples = [small_button(word(each.label), f"code-example-{at}") for at, each in enumerate(EXAMPLES)]
    fields = {
        "task": task,
        "tests": tests,
        "entry_point": entry_point,
        "hidden": hidden,
        "n_attempts": n_attempts,
        "n_rounds": n_rounds,
    }
    fields |= {"budget": budget, "custom_budget": custom, "status": status, "examples": examples}
    return fields | {"answer_now": answer_now, "go_on": go_on, "new": new, "solve": solve, "stop": stop}


def _add_tests(
    elem_id: str, label: str, placeholder: str, lines: int, entry_point: gr.Textbox | None = None
) -> TestsParts:
    text = gr.Textbox(
        label=word(label),
        placeholder=word(placeholder),
        lines=lines,
        max_lines=16,
        elem_id=elem_id,
        elem_classes="typed-code",
    )
    with gr.Row(elem_classes="form-row"):
        form = gr.Dropdown(
            [(word(words), name) for name, words in FORMS.items()],
            value="",
            label=word("How the tests are read"),
            container=False,
            filterable=False,
            elem_id=f"{elem_id}-form",
            min_width=150,
            scale=0,
        )
        if entry_point is not None:
            entry_point.render()
        told = tests_form(elem_id=f"{elem_id}-told")
    return TestsParts(text, form, told)


def _choice(choices: dict[str, int], value: int, label: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(
        [(word(words), n) for words, n in choices.items()],
        value=value,
        label=word(label),
        container=False,
        filterable=False,
        elem_id=elem_id,
        min_width=120,
        scale=0,
    )


def _add_work() -> dict[str, Any]:
    gr.HTML(pane_head("Program", "code-program-figures"))
    line = program_line(elem_id="code-program-line")
    program = gr.Code(
        language="python",
        interactive=True,
        lines=8,
        max_lines=24,
        label=word("Program"),
        show_label=False,
        container=False,
        buttons=[],
        elem_id="code-program",
    )
    with gr.Row(elem_id="code-acts"):
        run_tests = small_button(word("Run tests"), "code-run-tests")
        run = small_button(word("Run"), "code-run", 60)
        copy = small_button(word("Copy"), "code-copy", 60)
        download = small_button(word("Download"), "code-download")
        report = small_button(word("Download report"), "code-report")
    with gr.Accordion(word("Standard input for Run"), open=False, elem_id="stdin-drawer", elem_classes="drawer"):
        stdin = gr.Textbox(
            "",
            label=word("Standard input for Run"),
            placeholder=word("What the program reads from its standard input"),
            show_label=False,
            container=False,
            lines=2,
            max_lines=8,
            elem_id="code-stdin",
            elem_classes="typed-code",
        )
    diff = code_diff(elem_id="code-diff")
    table = tests_table(elem_id="code-table")
    output = program_output(elem_id="code-output")
    acts = {"run_tests": run_tests, "run": run, "copy": copy, "download": download, "report": report}
    return acts | {
        "program_line": line,
        "program": program,
        "stdin": stdin,
        "diff": diff,
        "table": table,
        "output": output,
    }
