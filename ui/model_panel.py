"""The model host in, the Model tab and the line about the model out: what is loaded, what would fit, another load."""

import html
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.acting import is_governed_by_others
from model.catalog import CATALOG, DEFAULT_ON_GPU, find_model
from model.errors import AppError, BadInput
from model.host import ModelHost
from model.memory import GIB, PRECISIONS, FitRow
from model.settings import Settings
from model.space import is_kept
from model.store import Store
from ui.parts import AT_ONCE, plain_text
from ui.sentences import joined, model_line_value, model_text
from ui.words import word

HOSTED = "This page is shared, so its model is chosen by whoever runs it and cannot be changed here."
NOT_KEPT = "runs are gone when this Space restarts"
MAY_NOT_LOAD = "All users share this model, so only an admin may load another one. Ask whoever runs the app."
_BUSY_SECONDS, _QUIET_SECONDS = 1.0, 10.0


@dataclass(frozen=True, slots=True)
class ModelForm:
    """What can be chosen about a load; None where loading is not allowed."""

    model: gr.Dropdown
    precision: gr.Radio
    context: gr.Textbox
    adapter: gr.Textbox
    yarn: gr.Checkbox
    load: gr.Button
    about: gr.HTML
    retry: gr.Button


class ModelPanel:
    """What the Model tab does."""

    def __init__(self, host: ModelHost, settings: Settings, store: Store | None = None) -> None:
        """The panel.

        Args:
            store: What is wrong with it is said on the page too.
        """
        self._host = host
        self._settings = settings
        self._is_kept = not settings.is_hosted or is_kept(settings.data_folder)
        self._store = store

    def on_tick(self) -> tuple[dict[str, Any], str, str, gr.Timer, gr.Button]:
        """The line about the model, what its tab says, the footer; each second while a load goes on, else seldom.

        And the button to load again, where a load has failed.
        """
        status = self._host.status()
        seconds = _BUSY_SECONDS if status.state == "loading" else _QUIET_SECONDS
        line = model_line_value(status, self._host.abilities())
        kept = "" if self._is_kept else NOT_KEPT
        foot = joined([line["text"], self._host.device_text(), self._of_store(), kept])
        retry = gr.Button(visible=status.state == "failed")
        return line, model_text(status), foot, gr.Timer(seconds), retry

    def on_retry(self) -> tuple[dict[str, Any], str, str, gr.Timer, gr.Button]:
        """Begin the load that failed once more; whoever reads the page may."""
        with suppress(AppError):
            self._host.retry()
        return self.on_tick()

    def _of_store(self) -> str:
        """What is wrong with the store, or was at its opening."""
        return (self._store.trouble or self._store.note) if self._store is not None else ""

    def table(self) -> str:
        """The table of model x precision for this device."""
        if self._settings.uses_server:
            return served_models_html(self._host.served_models())
        rows = self._host.fit_table()
        # The table has brought torch in, so the device's name costs nothing more.
        from model.device import device_name

        return fit_table_html(rows, device_name())

    def on_load(
        self, model: str, precision: str, context: str, adapter: str, use_yarn: bool
    ) -> tuple[dict[str, Any], str, str, gr.Timer, gr.Button]:
        """Begin a load; what comes of it shows in the line about the model."""
        try:
            check_may_load(self._settings)
            self._host.load(
                model or "",
                precision,
                adapter=adapter.strip() or None,
                context_tokens=context_of(context),
                use_yarn=use_yarn,
            )
        except AppError as error:
            line, _, *others = self.on_tick()
            return line, str(error), *others
        return self.on_tick()


def check_may_load(settings: Settings, hosted: str = HOSTED) -> None:
    """Refuse where the model is not for whoever asks to choose.

    Args:
        hosted: What is said on a Space.

    Raises:
        BadInput: Always on a shared page, but to admins.
    """
    if is_governed_by_others(settings.is_hosted):
        raise BadInput(MAY_NOT_LOAD if settings.has_logins else hosted)


def context_of(text: str) -> int:
    """The context that was asked for, in tokens; 0 for as much as fits.

    Raises:
        BadInput: If it is no whole number.

    >>> context_of("16,384"), context_of("")
    (16384, 0)
    """
    digits = text.strip().replace(",", "") or "0"
    if not digits.isdecimal():
        raise BadInput(f"The context is {text!r}; give a whole number of tokens, or leave it empty.")
    return int(digits)


def yarn_warning(model: str) -> str:
    """The model card's warning about YaRN, or that the model has none.

    >>> yarn_warning("qwen3-0.6b")
    'Longer context (YaRN): this model has none.'
    """
    try:
        yarn = find_model(model or "").yarn
    except AppError:
        yarn = None
    return yarn.warning if yarn else "Longer context (YaRN): this model has none."


def fit_table_html(rows: Sequence[FitRow], device: str) -> str:
    """A table for each model and precision; every text in it is escaped."""
    heads = ("Model", "Precision", "Weights", "Cache at 8k", "Cache at 32k", device, "")
    head = "".join(f"<th scope='col'>{html.escape(name)}</th>" for name in heads)
    body = []
    previous = ""
    for row in rows:
        caches = [f"{size / GIB:.1f}" for size in row.kv_bytes]
        name = "" if row.model == previous else html.escape(row.model)
        precision = f"{row.precision} · auto" if row.is_auto else row.precision
        cells = [precision, f"{row.weight_bytes / GIB:.1f} GiB", *(f"{cache} GiB" for cache in caches)]
        figures = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
        verdict = f"<td class='{row.verdict}'>{row.verdict}</td><td class='why'>{html.escape(row.reason)}</td>"
        group = " class='first'" if name else ""
        first = f"<th scope='row' title='{html.escape(row.title)}'>{name}</th>"
        body.append(f"<tr{group}>{first}{figures}{verdict}</tr>")
        previous = row.model
    return (
        "<div class='table-frame' tabindex='0' role='region' aria-label='What fits this device'>"
        f"<table class='fit'><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def served_models_html(models: Sequence[str]) -> str:
    """The models that a server names; every name is escaped."""
    if not models:
        return "<p>The server does not say which models it has.</p>"
    names = "".join(f"<li><code>{html.escape(name)}</code></li>" for name in models)
    return f"<p>The server's models:</p><ul class='served'>{names}</ul>"


def add_model_form(settings: Settings) -> ModelForm:
    """The form; on a shared page it stands there switched off, with the reason."""
    may_load = not settings.is_hosted
    is_here = not settings.uses_server
    chosen = settings.model if settings.model in CATALOG or not is_here else DEFAULT_ON_GPU
    about = plain_text(elem_id="model-about", elem_classes="says")
    retry = gr.Button(word("Load it again"), visible=False, elem_id="model-retry", scale=0, min_width=96)
    with gr.Row():
        model = gr.Dropdown(
            list(CATALOG) if is_here else ["auto"],
            value=chosen,
            label=word("Model"),
            info=word(
                "From the catalog, or any hub id or folder" if is_here else "As the server calls it; auto: its first"
            ),
            allow_custom_value=True,
            interactive=may_load,
            elem_id="model-choice",
            scale=2,
        )
        precision = gr.Radio(
            ["auto", *PRECISIONS],
            value="auto",
            label=word("Precision"),
            info=word("auto: the best that leaves room for the context"),
            interactive=may_load,
            visible=is_here,
            elem_id="precision",
            elem_classes="pills",
            scale=2,
        )
    with gr.Row():
        context = gr.Textbox(
            "",
            label=word("Context in tokens"),
            info=word("Empty: what the model takes and memory holds"),
            placeholder=word("as much as fits"),
            max_lines=1,
            interactive=may_load,
            elem_id="context",
        )
        adapter = gr.Textbox(
            label=word("Adapter"),
            info=word("Folder of a LoRA adapter; auto, or none"),
            value=settings.adapter,
            interactive=may_load,
            visible=is_here,
            elem_id="adapter",
        )
        yarn = gr.Checkbox(
            False,
            label=word("Longer context (YaRN)"),
            info=yarn_warning(chosen),
            interactive=may_load,
            visible=is_here,
            elem_id="yarn",
            elem_classes="says",
        )
    load = gr.Button(word("Load"), variant="primary", interactive=may_load, elem_id="load", scale=0, min_width=96)
    if not may_load:
        gr.Markdown(HOSTED, elem_classes="says")
    return ModelForm(model, precision, context, adapter, yarn, load, about, retry)


def wire_model(panel: ModelPanel, form: ModelForm, line: gr.HTML, foot: gr.HTML, timer: gr.Timer) -> None:
    """Connect the form, the line about the model and the footer."""
    told = [line, form.about, foot, timer, form.retry]
    form.retry.click(panel.on_retry, None, told, **AT_ONCE)
    timer.tick(panel.on_tick, None, told, **AT_ONCE)
    fields = [form.model, form.precision, form.context, form.adapter, form.yarn]
    form.load.click(panel.on_load, fields, told, **AT_ONCE)
    form.model.change(lambda model: gr.Checkbox(info=yarn_warning(model)), form.model, form.yarn, **AT_ONCE)
