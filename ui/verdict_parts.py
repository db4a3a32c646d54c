"""Values in, the components that display what was found out of an answer out: verdict, chains, lists, batches."""

from typing import Any

import gradio as gr

from ui.parts import STATUS_MARKUP, html_part


def verdict_card(**options: Any) -> gr.HTML:
    """A verdict with its reason, what was compared, and the evidence; from `ui.solve_values.verdict_value`."""
    markup = (
        "<section class='verdict' aria-label='Verdict' hidden><p class='head' role='status'><b class='label'></b>"
        " <span class='reason'></span></p><ul class='evidence'></ul>"
        "<details hidden><summary>What was compared</summary><dl></dl></details></section>"
    )
    return html_part({}, markup, "verdict_card.js", **options)


def chain_table(**options: Any) -> gr.HTML:
    """The chains of a problem; `select` carries the `run_id` to show. From `ui.solve_values.chains_value`."""
    heads = "".join(f"<th scope='col'>{name}</th>" for name in ("Chain", "Answer", "Class", "Tokens", "Time", "End"))
    markup = (
        "<div class='chains' hidden><p class='tally' role='status'></p><div class='table-frame'>"
        f"<table class='plain-table' aria-label='Chains'><thead><tr>{heads}</tr></thead>"
        "<tbody></tbody></table></div></div>"
    )
    return html_part({}, markup, "chain_table.js", **options)


def math_status(value: dict[str, Any], **options: Any) -> gr.HTML:
    """The status line of the Math tab; its value comes from `ui.solve_values.math_status`."""
    return html_part(value, STATUS_MARKUP, "math_status.js", **options)


def solved_list(**options: Any) -> gr.HTML:
    """Problems that were solved; `select` carries the `run_id` to open. From `ui.solve_values.solved_value`."""
    markup = (
        "<p class='counts'></p><ul class='solved' aria-label='Solved problems'></ul>"
        "<p class='none' hidden>Nothing has been solved yet.</p>"
    )
    return html_part({}, markup, "solved_list.js", **options)


def batch_table(**options: Any) -> gr.HTML:
    """The problems of a batch and what came of each; from `ui.math_batch.batch_value`. `select` opens one."""
    heads = "".join(f"<th scope='col'>{name}</th>" for name in ("#", "Problem", "Answer", "Known", "Verdict"))
    markup = (
        "<div class='batch' hidden><p class='tally' role='status'></p><progress aria-label='Problems done'></progress>"
        f"<div class='table-frame'><table class='plain-table' aria-label='Problems'><thead><tr>{heads}</tr></thead>"
        "<tbody></tbody></table></div><p class='others' hidden></p></div>"
    )
    return html_part({}, markup, "batch_table.js", **options)
