"""Nothing in; the components of the Benchmarks tab, laid out, out: one part, whose script asks for what it shows.

It has the form, the results and a problem in one, and only an answer's maths in a component of its own: what Gradio
knows of, the browser pays for at each update of any tab.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from ui.parts import ASSETS, answer_pane, html_part

_SCRIPTS = (
    *("benchmark_list.js", "benchmark_figures.js", "benchmark_text.js", "benchmark_problem.js", "benchmark_compare.js"),
    *("benchmark_waiting.js", "benchmark_form.js", "benchmark_results.js"),
)
Served = Callable[[Any], dict[str, Any]]


def add_benchmarks(benchmarks: Served) -> tuple[gr.HTML, gr.Markdown]:
    """The whole tab, and the answer of the problem that is open in it, which has its maths set.

    `select` carries the `budget` (thinking tokens) that is to be the page's default; 0 takes it back. `edit` carries
    the `name`, `problem` and `number` of the sample whose answer is wanted.

    Args:
        benchmarks: What its script asks, by that name (`ui.benchmark_tab.BenchmarkTab.answer`).
    """
    markup = (ASSETS / "benchmarks.html").read_text("utf-8")
    view = html_part(
        {}, markup, "benchmarks.js", with_scripts=_SCRIPTS, elem_id="benchmarks", server_functions=[benchmarks]
    )
    # Its script moves it to where it belongs.
    return view, answer_pane(elem_id="benchmark-answer")
