"""Nothing in; the components of the Math tab, laid out, out. What they do is in math_tab.py and math_batch.py."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from ui.growing import Grown
from ui.math_examples import EXAMPLES
from ui.parts import answer_pane, arithmetic_view, pane_head, small_button, thinking_pane
from ui.sampling_drawer import add_budget
from ui.solve_values import empty_status
from ui.verdict_parts import batch_table, chain_table, math_status, solved_list, verdict_card
from ui.words import word

CHAINS = {"Solve once": 1, "Solve × 3": 3, "Solve × 5": 5, "Solve × 8": 8, "Solve × 16": 16}
ALL_CHAINS = "all"


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """An answer of the user's own, checked without a model."""

    answer: gr.Textbox
    check: gr.Button
    verdict: gr.HTML


@dataclass(frozen=True, slots=True)
class BatchParts:
    """Many problems: the file, what steers, the table, what takes the rows along."""

    choose: gr.UploadButton
    start: gr.Button
    stop: gr.Button
    table: gr.HTML
    message: gr.HTML
    csv: gr.Button
    json_lines: gr.Button
    held: gr.State
    batch_id: gr.BrowserState
    to_follow: gr.State


@dataclass(frozen=True, slots=True)
class MathParts:
    """Every component that a handler of the Math tab writes or reads."""

    run_id: gr.State
    to_follow: gr.State
    problem: gr.Textbox
    preview: gr.Markdown
    gold: gr.Textbox
    n_chains: gr.Dropdown
    decide: gr.Dropdown
    budget: gr.Radio
    custom_budget: gr.Textbox
    solve: gr.Button
    stop: gr.Button
    answer_now: gr.Button
    go_on: gr.Button
    new: gr.Button
    examples: list[gr.Button]
    status: gr.HTML
    arithmetic: gr.HTML
    final: gr.Markdown
    verdict: gr.HTML
    new_gold: gr.Textbox
    recheck: gr.Button
    ask_program: gr.Button
    copy: gr.Button
    download: gr.Button
    chains: gr.HTML
    thinking: gr.HTML
    answer: gr.Markdown
    own: OwnAnswer
    solved: gr.HTML
    solved_drawer: gr.Accordion
    batch: BatchParts

    @property
    def outputs(self) -> list[Any]:
        """All that following a problem writes."""
        found = [self.final, self.verdict, self.chains]
        return [self.run_id, *found, self.thinking, self.arithmetic, self.answer, self.status]


def add_math(run_id: gr.State, to_follow: gr.State, grown: Grown) -> MathParts:
    """The tab from top to bottom: the problem, how it stands, the panes, then the drawers.

    Args:
        grown: What the thinking pane asks for its text (`ui.growing`).
    """
    with gr.Column(elem_id="math"):
        asked = _add_problem()
        with gr.Column(elem_id="math-result"):
            final = answer_pane(elem_id="math-final")
            verdict = verdict_card(elem_id="math-verdict")
        with gr.Row(elem_id="math-recheck"):
            new_gold = _field("Check against a known answer", "math-new-gold", 180)
            recheck = small_button(word("Check again"), "math-check-again")
            ask_program = small_button(word("Ask for a check program"), "math-ask-program")
            copy = small_button(word("Copy answer"), "math-copy")
            download = small_button(word("Download"), "math-download")
        chains = chain_table(elem_id="math-chains")
        with gr.Row(elem_id="math-panes", equal_height=False):
            with gr.Column(min_width=300):
                gr.HTML(pane_head("Thinking", "math-thinking-figures", "<span class='chain' id='math-chain'></span>"))
                hint = "The working appears here while the model thinks."
                thinking = thinking_pane(hint, elem_id="math-thinking", server_functions=[grown])
            with gr.Column(min_width=300):
                gr.HTML(pane_head("Answer", "math-answer-figures"))
                answer = answer_pane(elem_id="math-answer")
        with gr.Accordion(word("Check an answer of your own"), open=False, elem_id="own-drawer", elem_classes="drawer"):
            own = _add_own_answer()
        with gr.Accordion(word("Many problems"), open=False, elem_id="batch-drawer", elem_classes="drawer"):
            batch = _add_batch()
        with gr.Accordion(
            word("Solved problems"), open=False, elem_id="solved-drawer", elem_classes="drawer"
        ) as drawer:
            solved = solved_list(elem_id="solved")
    shown = {
        "final": final,
        "verdict": verdict,
        "new_gold": new_gold,
        "recheck": recheck,
        "ask_program": ask_program,
        "chains": chains,
        "copy": copy,
    }
    shown |= {"download": download}
    shown |= {"thinking": thinking, "answer": answer, "solved": solved, "solved_drawer": drawer}
    return MathParts(run_id=run_id, to_follow=to_follow, own=own, batch=batch, **asked, **shown)


def _add_problem() -> dict[str, Any]:
    problem = gr.Textbox(
        label=word("Problem"),
        show_label=False,
        placeholder=word("A problem, in words or LaTeX between dollar signs"),
        lines=2,
        max_lines=12,
        container=False,
        elem_id="math-problem",
    )
    preview = answer_pane(elem_id="math-preview")
    with gr.Row(elem_id="math-settings", equal_height=False):
        gold = _field("Known answer, if there is one", "math-gold", 220)
        n_chains = gr.Dropdown(
            [(word(words), n) for words, n in CHAINS.items()],
            value=1,
            label=word("How many chains think at once"),
            container=False,
            filterable=False,
            elem_id="math-chains-number",
            min_width=120,
            scale=0,
        )
        decide = gr.Dropdown(
            [(word("All decide"), ALL_CHAINS)],
            value=ALL_CHAINS,
            label=word("Which chains decide"),
            container=False,
            filterable=False,
            visible=False,
            elem_id="math-decide",
            min_width=130,
            scale=0,
        )
        budget, custom = add_budget("math-budget")
    with gr.Row(elem_id="math-bar"):
        status = math_status(empty_status(), elem_id="math-status")
        arithmetic = arithmetic_view("math-thinking", elem_id="math-arithmetic")
        with gr.Row(elem_id="math-steering"):
            answer_now = small_button(word("Answer now"), "math-answer-now")
            go_on = small_button(word("Continue"), "math-continue")
            new = small_button(word("New problem"), "math-new")
            solve = gr.Button(word("Solve"), variant="primary", elem_id="math-solve", scale=0, min_width=96)
            stop = gr.Button(word("Stop"), variant="primary", elem_id="math-stop", scale=0, min_width=96)
    with gr.Row(elem_id="math-examples"):
        examples = [small_button(word(each.label), f"math-example-{at}") for at, each in enumerate(EXAMPLES)]
    fields = {"problem": problem, "preview": preview, "gold": gold, "n_chains": n_chains, "decide": decide}
    fields |= {
        "budget": budget,
        "custom_budget": custom,
        "status": status,
        "examples": examples,
        "arithmetic": arithmetic,
    }
    return fields | {"answer_now": answer_now, "go_on": go_on, "new": new, "solve": solve, "stop": stop}


def _add_own_answer() -> OwnAnswer:
    gr.HTML(
        "<p data-say>No model is asked. The problem and the known answer are those at the top; without a known answer, "
        "yours is put to the test of the problem's own equation or sum.</p>",
        elem_classes="about",
    )
    with gr.Row(elem_id="own-row"):
        answer = _field("Your answer", "own-answer", 220)
        check = small_button(word("Check it"), "own-check")
    return OwnAnswer(answer, check, verdict_card(elem_id="own-verdict"))


def _add_batch() -> BatchParts:
    gr.HTML(
        "<p data-say>A CSV or JSON Lines file with a column named problem, and one named gold where answers are known; "
        "up to 2,000 problems. They are solved with the settings at the top.</p>",
        elem_classes="about",
    )
    with gr.Row(elem_id="batch-row"):
        choose = gr.UploadButton(
            word("Choose a file"),
            file_types=[".csv", ".tsv", ".jsonl", ".json", ".txt"],
            file_count="single",
            size="sm",
            elem_id="batch-choose",
            scale=0,
            min_width=110,
        )
        start = small_button(word("Solve all"), "batch-start")
        stop = small_button(word("Stop"), "batch-stop")
        csv = small_button(word("Download CSV"), "batch-csv")
        json_lines = small_button(word("Download JSON Lines"), "batch-json-lines")
    message = gr.HTML("", elem_id="batch-message", elem_classes="says")
    return BatchParts(
        choose=choose,
        start=start,
        stop=stop,
        table=batch_table(elem_id="batch-table"),
        message=message,
        csv=csv,
        json_lines=json_lines,
        held=gr.State([]),
        # A batch outlives its page: a reload finds it again.
        batch_id=gr.BrowserState("", storage_key="workings-batch", secret="workings"),
        to_follow=gr.State(""),
    )


def _field(label: str, elem_id: str, min_width: int) -> gr.Textbox:
    return gr.Textbox(
        "",
        label=word(label),
        placeholder=word(label),
        show_label=False,
        container=False,
        max_lines=1,
        elem_id=elem_id,
        min_width=min_width,
        scale=1,
    )
