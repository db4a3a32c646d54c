"""Values in, the components that display them out: thinking, answer, status line, lists. They decide nothing.

Model text reaches the page as `textContent` (thinking) or through Gradio's sanitised Markdown (answer), never through
an HTML template: both of Gradio's template syntaxes would run it.
"""

import html
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).parent / "assets"

# The page's own events stay out of the documented endpoints, and draw no overlay over what they write.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}

LATEX_DELIMITERS = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]


def _part(value: Any, markup: str, script: str, **options: Any) -> gr.HTML:
    """An HTML part whose markup is fixed and whose script sets text: the value never becomes markup.

    Not a subclass of gr.HTML: Gradio would write a stub file beside this one for each.
    """
    part = gr.HTML(
        value,
        html_template=markup,
        js_on_load=(ASSETS / script).read_text("utf-8"),
        apply_default_css=False,
        **options,
    )
    # gr.HTML searches every value for script tags and warns; here the value is only text.
    part.postprocess = lambda value: value
    return part


def thinking_pane(hint: str, **options: Any) -> gr.HTML:
    """The thinking as plain text; its value is the whole text, the page only ever appends to what it shows."""
    markup = (
        "<div class='log' role='log' aria-live='off' aria-label='Thinking' tabindex='0'"
        f" data-empty='{html.escape(hint)}'></div>"
        "<button class='jump' type='button' hidden>Jump to latest</button>"
        "<form class='find' role='search' hidden><input type='search' aria-label='Find in the thinking'"
        " placeholder='Find' autocomplete='off'><output class='hits'></output>"
        "<button class='before' type='button' aria-label='Hit before'>‹</button>"
        "<button class='next' type='button' aria-label='Next hit'>›</button></form>"
    )
    return _part("", markup, "thinking_pane.js", **options)


def small_button(label: str, elem_id: str, min_width: int = 90) -> gr.Button:
    """A button as wide as its words, and at least `min_width` pixels."""
    return gr.Button(label, size="sm", elem_id=elem_id, scale=0, min_width=min_width)


def outline(**options: Any) -> gr.HTML:
    """The steps of a thinking, growing; a click goes there in the pane beside it.

    Its value comes from `ui.outlining.Outlining.value`.
    """
    markup = (
        "<ol class='steps' aria-label='Outline of the thinking'></ol>"
        "<button class='action reached' type='button' hidden></button>"
    )
    return _part({}, markup, "outline.js", **options)


def answer_pane(value: str = "", **options: Any) -> gr.Markdown:
    """The answer as Markdown with maths; its value comes from `ui.maths.for_display`."""
    return gr.Markdown(value, latex_delimiters=LATEX_DELIMITERS, show_label=False, container=False, **options)


def status_line(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Phase (read out by screen readers), detail, notices; also the panes' figures, the buttons shown, the address bar.

    Its value comes from `ui.sentences.status_value`.
    """
    markup = (
        "<p class='status'><span class='dot' aria-hidden='true'></span>"
        "<span class='text' role='status' aria-live='polite'></span> <span class='detail'></span></p>"
        "<ul class='notices'></ul>"
    )
    return _part(value, markup, "status_line.js", **options)


def plain_text(value: str = "", **options: Any) -> gr.HTML:
    """A text that a user wrote, shown as it is."""
    return _part(value, "<p class='plain'></p>", "plain_text.js", **options)


def run_list(**options: Any) -> gr.HTML:
    """Past runs. `select` opens one, `edit` renames, pins, deletes or restores one; both carry its `run_id`."""
    markup = "<p class='undo' role='status' hidden></p><ul class='runs'></ul>"
    return _part({}, markup, "run_list.js", **options)


def model_line(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Which model answers, or how far its load has got."""
    markup = (
        "<p class='model'><span class='words'></span><progress aria-label='Loading the model' hidden></progress></p>"
    )
    return _part(value, markup, "model_line.js", **options)
