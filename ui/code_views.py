"""Values in, the components that display what came of a program out: result, timeline, tests, differences, output."""

from typing import Any

import gradio as gr

from ui.parts import STATUS_MARKUP, html_part


def code_status(value: dict[str, Any], **options: Any) -> gr.HTML:
    """The status line of the Code tab; its value comes from `ui.code_values.code_status`."""
    return html_part(value, STATUS_MARKUP, "code_status.js", **options)


def code_result(**options: Any) -> gr.HTML:
    """What the tests say, in plain words; from `ui.code_values.result_value`."""
    markup = (
        "<section class='result' aria-label='Result' hidden><p class='head' role='status'><b class='label'></b> "
        "<span class='reason'></span></p><ul class='more'></ul></section>"
    )
    return html_part({}, markup, "code_result.js", **options)


def code_timeline(**options: Any) -> gr.HTML:
    """Attempts and their rounds; `select` carries the `run_id` to show. From `ui.code_values.timeline_value`."""
    markup = "<nav class='timeline' aria-label='Rounds' hidden></nav>"
    return html_part({}, markup, "code_timeline.js", **options)


def tests_form(**options: Any) -> gr.HTML:
    """How the tests are read, as they are typed; from `ui.code_values.form_value`."""
    markup = "<p class='form-line'><span class='kind'></span> <span class='about'></span></p>"
    return html_part({}, markup, "tests_form.js", **options)


def program_line(**options: Any) -> gr.HTML:
    """Whose program is in the editor. Its value is what shall stand there, from `ui.code_values.program_value`.

    `select` says that one has come and `edit` that another shall be put in; code_program.js says into which text.
    """
    markup = (
        "<p class='whose'></p><p class='kept' role='status' hidden><span class='words'></span> "
        "<button class='action' type='button'></button></p>"
    )
    return html_part({}, markup, "code_program.js", **options)


def code_diff(**options: Any) -> gr.HTML:
    """What has changed since the version before; from `ui.code_values.diff_value`."""
    markup = (
        "<details class='diff' hidden><summary></summary><div class='table-frame' tabindex='0' role='group'"
        " aria-label='Changed lines'><table><thead class='unseen'><tr><th scope='col'>Before</th>"
        "<th scope='col'>After</th><th scope='col'>Change</th><th scope='col'>Line</th></tr></thead>"
        "<tbody></tbody></table></div></details>"
    )
    return html_part({}, markup, "code_diff.js", **options)


def tests_table(**options: Any) -> gr.HTML:
    """Each test with its state; a row unfolds. From `ui.code_values.tests_value`."""
    heads = "".join(f"<th scope='col'>{name}</th>" for name in ("Test", "State", "Expected", "Got", "Time"))
    markup = (
        "<div class='tests' hidden><p class='tally' role='status'></p><div class='table-frame'>"
        f"<table class='plain-table' aria-label='Tests'><thead><tr>{heads}</tr></thead><tbody></tbody></table></div>"
        "<p class='others' hidden></p></div>"
    )
    return html_part({}, markup, "tests_table.js", **options)


def program_output(**options: Any) -> gr.HTML:
    """What a program printed and drew; from `ui.code_values.output_value`."""
    markup = (
        "<section class='output' aria-label='Output' hidden><p class='ended' role='status'></p>"
        "<div class='figures'></div>"
        "<div class='printed' hidden><h3>Printed</h3><pre class='stdout' tabindex='0' aria-label='Standard output'>"
        "</pre></div><div class='complained' hidden><h3>Errors</h3><pre class='stderr' tabindex='0'"
        " aria-label='Standard error'></pre></div></section>"
    )
    return html_part({}, markup, "code_output.js", **options)


def isolation_line(**options: Any) -> gr.HTML:
    """How programs are run; from `ui.code_values.isolation_value`."""
    return html_part({}, "<p class='isolation'><b></b> <span></span></p>", "isolation.js", **options)


def task_list(**options: Any) -> gr.HTML:
    """Tasks of the past; `select` carries the `run_id` to open. From `ui.code_values.tasks_value`."""
    markup = (
        "<p class='counts'></p><ul class='solved' aria-label='Past tasks'></ul>"
        "<p class='none' hidden>No task has been given yet.</p>"
    )
    return html_part({}, markup, "solved_list.js", **options)
