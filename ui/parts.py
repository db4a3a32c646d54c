"""Values in, the components that display them out: thinking, answer, status line, lists. They decide nothing.

Model text reaches the page as `textContent` (thinking) or through Gradio's sanitised Markdown (answer), never through
an HTML template: both of Gradio's template syntaxes would run it.
"""

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).parent / "assets"

# The page's own events stay out of the documented endpoints, and draw no overlay over what they write. That they have
# no component to draw it on matters too: at every update the browser would take a copy of each one that had one.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "show_progress_on": []}
# Of a status line: its text is read out by screen readers.
STATUS_MARKUP = (
    "<p class='status'><span class='dot' aria-hidden='true'></span>"
    "<span class='text' role='status' aria-live='polite'></span> <span class='detail'></span></p>"
    "<ul class='notices'></ul>"
)
AT_ONCE: dict[str, Any] = {"queue": False, **QUIET}

LATEX_DELIMITERS = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "\\[", "right": "\\]", "display": True},
    {"left": "\\(", "right": "\\)", "display": False},
]


def html_part(value: Any, markup: str, script: str, with_scripts: Sequence[str] = (), **options: Any) -> gr.HTML:
    """An HTML part whose markup is fixed and whose script sets text: the value never becomes markup.

    Not a subclass of gr.HTML: Gradio would write a stub file beside this one for each.

    Args:
        with_scripts: Files of functions that the script uses.
    """
    source = "\n".join((ASSETS / name).read_text("utf-8") for name in (*with_scripts, script))
    part = gr.HTML(
        value,
        html_template=markup,
        # While only the fixed markup is there: what a value brings in is for the script to say.
        js_on_load=f"workingsSayAll(element);\n{source}",
        apply_default_css=False,
        **options,
    )
    # gr.HTML searches every value for script tags and warns; here the value is only text.
    part.postprocess = lambda value: value
    return part


def thinking_pane(hint: str, **options: Any) -> gr.HTML:
    """The thinking as plain text, to which the page only appends; its value comes from `ui.thinking_window`.

    `select` asks for the whole text: a stretch of it was missed.
    """
    markup = (
        "<div class='log' role='log' aria-live='off' aria-label='Thinking' tabindex='0'"
        f" data-empty='{html.escape(hint)}'></div>"
        "<button class='jump' type='button' hidden>Jump to latest</button>"
        "<form class='find' role='search' hidden><input type='search' aria-label='Find in the thinking'"
        " placeholder='Find' autocomplete='off'><output class='hits'></output>"
        "<button class='before' type='button' aria-label='Hit before'>‹</button>"
        "<button class='next' type='button' aria-label='Next hit'>›</button></form>"
    )
    return html_part({}, markup, "thinking_pane.js", **options)


def small_button(label: Any, elem_id: str, min_width: int = 90, **options: Any) -> gr.Button:
    """A button as wide as its words, and at least `min_width` pixels."""
    return gr.Button(label, size="sm", elem_id=elem_id, scale=0, min_width=min_width, **options)


def hand_out(button: gr.Button, take: Callable[..., dict[str, str]], inputs: list[Any], handout: gr.JSON) -> None:
    """What a press of the button hands out: a download where `take` names a file, else the clipboard (page.js)."""
    taken = button.click(take, inputs, handout, **AT_ONCE)
    taken.then(None, handout, None, js="(handout) => workingsTake(handout)", **AT_ONCE)


def outline(**options: Any) -> gr.HTML:
    """The steps of a thinking, growing; a click goes there in the pane beside it.

    `select` carries the `character` to go on from in another run. Its value comes from `ui.outlining.Outlining.value`.
    """
    markup = (
        "<ol class='steps' aria-label='Outline of the thinking'></ol>"
        "<button class='action reached' type='button' hidden></button>"
    )
    return html_part({}, markup, "outline.js", **options)


def compare_view(**options: Any) -> gr.HTML:
    """Two runs side by side, paragraph by paragraph; opens when its value comes, from `ui.comparing.Comparing`.

    `select` carries the two runs to show instead (`left`, `right`), `edit` the `run_id` of the one to open on the page.
    """

    def head(side: str, words: str) -> str:
        return (
            f"<div class='run-head'><select class='choose {side}' aria-label='{words} run'></select>"
            f"<button class='action take {side}' type='button' aria-label='Open the {words.lower()} run'"
            ">Open</button></div>"
        )

    def section(name: str, title: str) -> str:
        return (
            f"<h3>{title}</h3><p class='{name}-words differ' role='status'></p><div class='{name}-pairs pairs'></div>"
        )

    markup = (
        "<section class='compare' aria-label='Two runs compared' hidden>"
        "<div class='pane-head'><h2>Compare</h2>"
        "<button class='action to-first' type='button' hidden>First difference</button>"
        "<button class='action close' type='button'>Close</button></div>"
        f"<div class='run-heads'>{head('left', 'Left')}{head('right', 'Right')}</div>"
        "<div class='pairs-frame' tabindex='0' role='group' aria-label='Texts of the two runs'>"
        f"{section('thinking', 'Thinking')}{section('answer', 'Answer')}</div></section>"
    )
    return html_part({}, markup, "compare.js", **options)


def confidence_view(**options: Any) -> gr.HTML:
    """How sure the model was of its thinking: a curve, the doubtful places, a tint over the pane's own text.

    Its value comes from `ui.confidence.ConfidenceView`, which its event `select` asks for and `edit` wants no more.
    """
    steps = "".join(f"<span class='doubt-{step}'>{under}%</span>" for step, under in enumerate((90, 70, 50, 30, 10), 1))
    markup = (
        "<p class='words' role='status'></p>"
        "<button class='action stop' type='button' hidden>Stop</button><div class='shape' hidden>"
        "<div class='curve'><svg viewBox='0 0 200 40' preserveAspectRatio='none' aria-hidden='true'>"
        "<polygon points=''></polygon><polyline points=''></polyline></svg>"
        "<span class='most' aria-hidden='true'>100%</span><span class='least' aria-hidden='true'></span>"
        "<span class='mark' aria-hidden='true'></span>"
        "<input type='range' min='0' max='0' value='0' aria-label='Place in the thinking, by token'></div>"
        f"<p class='legend'><b>less likely than</b> {steps}</p>"
        "<ol class='places' aria-label='Least certain places'></ol></div><div class='tip' hidden></div>"
    )
    return html_part({}, markup, "confidence.js", **options)


def arithmetic_view(pane_id: str, **options: Any) -> gr.HTML:
    """What the arithmetic of a thinking comes to: marks in the pane whose `elem_id` is given, counts, a list of slips.

    Its value comes from `ui.arithmetic_marks.Marking`.
    """
    markup = (
        f"<p class='sums' data-pane='{pane_id}' hidden><button class='action counts' type='button'>"
        "<span class='hold'></span><span class='and'></span><span class='slip'></span></button>"
        "<button class='action details' type='button' aria-expanded='false'>Details</button></p>"
        "<div class='slips covers' hidden><ol aria-label='Slips in the thinking'></ol>"
        "<p class='no-slip'>No slip was found.</p><p class='unchecked'></p></div>"
        "<p class='said' role='status'></p><div class='tip' aria-hidden='true' hidden></div>"
    )
    return html_part({}, markup, "arithmetic.js", elem_classes="arithmetic", **options)


def answer_pane(value: str = "", **options: Any) -> gr.Markdown:
    """The answer as Markdown with maths; its value comes from `ui.maths.for_display`."""
    return gr.Markdown(value, latex_delimiters=LATEX_DELIMITERS, show_label=False, container=False, **options)


def status_line(value: dict[str, Any], prefix: str = "", **options: Any) -> gr.HTML:
    """Phase (read out by screen readers), detail, notices; also the panes' figures, the buttons shown, the address bar.

    Its value comes from `ui.sentences.status_value`. `prefix` is that of the tab's ids (`ui.composer`).
    """
    markup = STATUS_MARKUP.replace("<p ", f"<p data-prefix='{prefix}' ", 1)
    return html_part(value, markup, "status_line.js", **options)


def pane_head(label: str, figures_id: str, buttons: str = "") -> str:
    """The line above a pane: what it holds, its buttons, its figures."""
    head = f"<h2 data-say>{label}</h2>{buttons}<span class='figures' id='{figures_id}'></span>"
    return f"<div class='pane-head'>{head}</div>"


def plain_text(value: str = "", **options: Any) -> gr.HTML:
    """A text that a user wrote, shown as it is."""
    return html_part(value, "<p class='plain'></p>", "plain_text.js", **options)


def attachment_chips(**options: Any) -> gr.HTML:
    """The files that go along with the next question; `select` carries the place of the one to take away."""
    return html_part({}, "<ul class='chips' aria-label='Attached files'></ul>", "attachments.js", **options)


def run_list(is_rail: bool = False, **options: Any) -> gr.HTML:
    """Past runs; their value comes from `ui.history.History`. Its events carry what the user did (ui.history.Change).

    `select` opens a run, `edit` changes some or asks for the list again, `download` takes some along; `click` wishes
    for all of them (the rail's).
    """
    head = (
        "<div class='list-head'><button class='action selecting' type='button' aria-pressed='false'>Select</button>"
        "<span class='picking' hidden><button class='action all' type='button'>Select all shown</button>"
        "<output class='count'></output>"
        "<button class='action take' type='button'>Export selected</button>"
        "<button class='action drop' type='button'>Delete selected</button></span>"
        "<span class='taking'><label>Files as <select class='form'><option value='markdown'>Markdown</option>"
        "<option value='json_lines'>JSON Lines</option><option value='html'>HTML</option></select></label>"
        "<label><input class='thinking' type='checkbox' checked> with thinking</label></span></div>"
        "<p class='undo' role='status' hidden></p><p class='state' role='status' hidden></p>"
    )
    tail = "<button class='action more' type='button' hidden>Show more</button>"
    if is_rail:
        head = "<p class='rail-head'>Runs</p>"
        tail = "<button class='action everything' type='button'>All runs</button>"
    markup = f"{head}<ul class='runs'></ul>{tail}"
    return html_part({}, markup, "rail_list.js" if is_rail else "run_list.js", **options)


def model_line(value: dict[str, Any], **options: Any) -> gr.HTML:
    """Which model answers, or how far its load has got."""
    markup = (
        "<p class='model'><span class='words'></span><progress aria-label='Loading the model' hidden></progress></p>"
    )
    return html_part(value, markup, "model_line.js", **options)
