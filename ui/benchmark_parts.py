"""Nothing in; the components of the Benchmarks tab, laid out, out: one part, whose script asks for what it shows.

It has the form, the results and a problem in one, and but an answer's maths in a component of its own: what Gradio knows
of, the browser pays for at each update of any tab.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from ui.parts import answer_pane, html_part

_SCRIPTS = ("benchmark_list.js", "benchmark_figures.js", "benchmark_problem.js", "benchmark_compare.js")
Served = Callable[[Any], dict[str, Any]]


def add_benchmarks(benchmarks: Served) -> tuple[gr.HTML, gr.Markdown]:
    """The whole tab, and the answer of the problem that is open in it, which has its maths set.

    `select` carries the `budget` (thinking tokens) that is to be the page's default; 0 takes it back. `edit` carries the
    `name`, `problem` and `number` of the sample whose answer is wanted.

    Args:
        benchmarks: What its script asks, by that name (`ui.benchmark_tab.BenchmarkTab.answer`).
    """
    markup = (
        f"<section class='bench' data-view='loading'>{_form()}<p class='refusal' role='alert' hidden></p>"
        "<p class='loading'>Looking for results…</p><p class='nothing' hidden></p>"
        f"<div class='open-result' hidden>{_result_head()}"
        f"<div class='whole'>{_figures()}{_curve()}{_problems()}</div>{_problem()}</div>"
        f"{_comparison()}{_results()}</section>"
    )
    view = html_part(
        {}, markup, "benchmarks.js", with_scripts=_SCRIPTS, elem_id="benchmarks", server_functions=[benchmarks]
    )
    # Its script moves it to where it belongs.
    return view, answer_pane(elem_id="benchmark-answer")


def _field(label: str, inner: str, name: str = "") -> str:
    return f"<label class='field {name}'><span>{label}</span>{inner}</label>"


def _number(name: str, hint: str) -> str:
    return f"<input class='{name}' type='number' min='1' step='1' inputmode='numeric' placeholder='{hint}'>"


def _form() -> str:
    profile = "<select class='profile'><option value='quick'>Quick</option><option value='published'>As published</option></select>"
    budget = (
        "<select class='budget-name'><option value='off'>off</option><option value='low'>low</option>"
        "<option value='medium' selected>medium</option><option value='high'>high</option>"
        "<option value='custom'>custom</option></select>"
        "<input class='budget-tokens' inputmode='text' placeholder='2000 or 90s' aria-label='Thinking tokens, or seconds such as 90s' hidden>"
    )
    fields = [
        _field("Benchmark", "<select class='benchmark'></select>", "wide"),
        _field("Problems", _number("limit", "all")),
        _field("Samples each", _number("samples", "1")),
        _field("Protocol", profile),
        _field("Thinking budget", budget, "for-quick"),
        _field("Data", "<select class='source'></select><input class='folder' placeholder='/path/to/data' aria-label='Folder of data' hidden>"),
    ]
    return (
        f"<form class='bench-form' aria-label='Start a benchmark'>{''.join(fields)}"
        "<button class='start' type='submit'>Start</button></form>"
        "<p class='about-benchmark'></p><p class='may-not' hidden></p>"
    )


def _result_head() -> str:
    return (
        "<header class='result-head'><div class='titles'><h2 class='result-title' tabindex='-1'></h2>"
        "<p class='result-about'></p></div><div class='acts'>"
        "<button class='action to-list' type='button'>All results</button>"
        "<button class='action download' type='button'>Download</button>"
        "<button class='act resume' type='button' hidden>Resume</button>"
        "<button class='act stop' type='button' hidden>Stop</button></div></header>"
        "<div class='progress-line'><p class='status'><span class='dot' aria-hidden='true'></span>"
        "<span class='text' role='status' aria-live='polite'></span> <span class='detail'></span></p>"
        "<progress aria-label='Samples done' max='1' value='0'></progress></div>"
    )


def _figures() -> str:
    return (
        "<div class='score-row'><div class='score' hidden><p class='figure'><b></b><span class='interval'></span></p>"
        "<dl class='figures-list'></dl></div>"
        "<div class='against' hidden><h3>Beside published figures</h3><ol class='bars'></ol></div></div>"
    )


def _curve() -> str:
    return (
        "<section class='budget-curve' hidden><h3>Accuracy against thinking budget</h3><p class='curve-words' role='status'></p>"
        "<div class='plot'></div><p class='curve-acts'><button class='act measure' type='button' hidden>Measure</button>"
        "<button class='act stop-curve' type='button' hidden>Stop</button>"
        "<button class='act use-budget' type='button' hidden>Use as default budget</button>"
        "<button class='action forget-budget' type='button' hidden>Use medium again</button></p></section>"
    )


def _problems() -> str:
    pills = "".join(
        f"<button class='pill' type='button' data-outcome='{name}' aria-pressed='{str(not name).lower()}'>"
        f"<span>{words}</span> <span class='n'></span></button>"
        for name, words in (
            ("", "All"),
            ("c", "Correct"),
            ("w", "Wrong"),
            ("u", "Undecided"),
            ("e", "Failed"),
            ("-", "Not done"),
        )
    )
    return (
        f"<section class='problems' aria-label='Problems'><div class='pills-row' role='group' aria-label='Show'>{pills}"
        "<input class='seek' type='search' placeholder='Find a problem' aria-label='Find a problem' autocomplete='off'></div>"
        "<div class='row heads' aria-hidden='true'><span class='number'>#</span><span class='what'>Problem</span>"
        "<span class='answer'>Answer</span><span class='outcome'>Outcome</span><span class='tokens'>Tokens</span></div>"
        "<div class='rows' tabindex='-1'><div class='rows-all' role='list' aria-label='Problems'></div></div>"
        "<p class='no-rows' hidden>No problem is like that.</p></section>"
    )


def _problem() -> str:
    return (
        "<section class='one-problem' aria-label='One problem' hidden><div class='bench-head'>"
        "<button class='action back' type='button'>‹ All problems</button>"
        "<h3 class='which' tabindex='-1'></h3><span class='turning'>"
        "<button class='action before' type='button'>‹ Previous</button>"
        "<button class='action next' type='button'>Next ›</button></span></div>"
        "<div class='samples-row' role='group' aria-label='Samples'></div>"
        "<div class='verdict'><p class='head'><span class='label'></span> <span class='reason'></span></p>"
        "<dl class='compared'></dl></div><p class='sample-figures'></p>"
        "<h4 class='asked-head'>Problem</h4><p class='plain question'></p>"
        "<div class='two'><div><h4>Thinking</h4><div class='text thinking' tabindex='0' role='group' aria-label='Thinking'></div></div>"
        "<div><h4>Answer</h4><p class='text no-answer'></p><div class='answer-set' tabindex='0' role='group' aria-label='Answer'></div></div></div></section>"
    )


def _comparison() -> str:
    return (
        "<section class='comparison' aria-label='Two results compared' hidden><div class='bench-head'>"
        "<h2 class='compared-title' tabindex='-1'>Two results compared</h2>"
        "<button class='action close' type='button'>Close</button></div>"
        "<p class='said' role='status'></p><ol class='bars'></ol><p class='protocols'></p>"
        "<h3 class='differ-head'>Where they differ</h3><ul class='differ-list'></ul></section>"
    )


def _results() -> str:
    return (
        "<section class='results' aria-label='Results' hidden><div class='bench-head'><h2>Results</h2>"
        "<button class='action compare' type='button' disabled>Compare two</button></div>"
        "<ul class='results-list'></ul></section>"
    )
