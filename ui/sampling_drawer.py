"""The budget and the sampling that a user chose on the page in, what a run takes out."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from model.catalog import find_model
from model.errors import AppError, BadInput
from model.events import Sampling
from model.host import ModelHost
from model.sampling import check_sampling
from model.settings import BUDGET_TOKENS
from ui.parts import AT_ONCE
from ui.words import word

CUSTOM = "custom"
GREEDY_WARNING = "At temperature 0 thinking models tend to go in circles; their makers advise against it."


@dataclass(frozen=True, slots=True)
class SamplingDrawer:
    """The fields, in the order in which `sampling_of` takes them. Text, because an empty number would be sent as 0."""

    temperature: gr.Textbox
    top_p: gr.Textbox
    top_k: gr.Textbox
    max_new_tokens: gr.Textbox
    seed: gr.Textbox

    @property
    def fields(self) -> list[gr.Textbox]:
        """All fields."""
        return [self.temperature, self.top_p, self.top_k, self.max_new_tokens, self.seed]


def add_budget(elem_id: str = "budget") -> tuple[gr.Radio, gr.Textbox]:
    """The budget selector and the field for a budget of one's own."""
    budget = gr.Radio(
        [(word(name), name) for name in (*BUDGET_TOKENS, CUSTOM)],
        value="medium",
        label=word("Thinking"),
        container=False,
        elem_id=elem_id,
        elem_classes="pills budget",
        scale=0,
    )
    custom = gr.Textbox(
        "",
        label=word("Thinking tokens, or seconds such as 90s"),
        placeholder=word("2000 or 90s"),
        show_label=False,
        container=False,
        visible=False,
        max_lines=1,
        elem_id=f"{elem_id}-custom",
        min_width=120,
        scale=0,
    )
    budget.change(lambda choice: gr.Textbox(visible=choice == CUSTOM), budget, custom, **AT_ONCE)
    return budget, custom


def budget_of(choice: str, custom: str) -> str:
    """The budget that was chosen.

    Raises:
        BadInput: If *custom* was chosen and its field is empty.

    >>> budget_of("custom", " 90s ")
    '90s'
    """
    if choice != CUSTOM:
        return choice
    if not custom.strip():
        raise BadInput("The custom thinking budget is empty. Give a number of tokens, or seconds such as 90s.")
    return custom.strip()


def add_sampling_drawer(host: ModelHost, prefix: str = "") -> SamplingDrawer:
    """The drawer; empty fields mean the preset of the model that is loaded when it is unfolded."""
    with gr.Accordion(word("Sampling"), open=False, elem_id=f"{prefix}sampling") as drawer:
        with gr.Row():
            labels = ("Temperature", "Top-p", "Top-k", "Most new tokens", "Seed")
            fields = [_field(label, prefix) for label in labels]
        warning = gr.Markdown("", elem_id=f"{prefix}sampling-warning", elem_classes="says", visible=False)
        preset = gr.Button(word("Use the preset"), size="sm", elem_id=f"{prefix}sampling-use-preset", scale=0)
    fields[0].change(_warning, fields[0], warning, **AT_ONCE)
    preset.click(lambda: [""] * len(fields), None, fields, **AT_ONCE)
    drawer.expand(
        lambda: [gr.Textbox(placeholder=_said(text)) for text in preset_texts(host.status().model)],
        None,
        fields,
        **AT_ONCE,
    )
    return SamplingDrawer(*fields)


def _field(label: str, prefix: str) -> gr.Textbox:
    elem_id = prefix + label.lower().replace(" ", "-")
    return gr.Textbox("", label=word(label), placeholder=word("preset"), max_lines=1, min_width=110, elem_id=elem_id)


def _said(text: str) -> Any:
    return word(text) if text in ("preset", "random") else text


def _warning(temperature: str) -> gr.Markdown:
    is_greedy = temperature.strip() != "" and temperature.strip().strip("0.") == ""
    return gr.Markdown(GREEDY_WARNING if is_greedy else "", visible=is_greedy)


def preset_texts(model: str) -> list[str]:
    """What each empty field comes to for a model.

    >>> preset_texts("qwq-32b")
    ['0.6', '0.95', '40', '32768', 'random']
    """
    try:
        preset = find_model(model).family.sampling
    except AppError:
        return [*["preset"] * 4, "random"]
    values = (preset.temperature, preset.top_p, preset.top_k, preset.max_new_tokens)
    return [*(f"{value}" for value in values), "random"]


def sampling_of(*texts: str | None) -> Sampling:
    """The fields as `Sampling`.

    Raises:
        BadInput: If one holds no number, or a number out of its range.

    >>> sampling_of("0.7", "", "", "", "3")
    Sampling(temperature=0.7, top_p=None, top_k=None, max_new_tokens=None, seed=3)
    """
    names = ("temperature", "top_p", "top_k", "max_new_tokens", "seed")
    values: dict[str, Any] = {name: _number(name, text) for name, text in zip(names, texts, strict=True)}
    return check_sampling(Sampling(**values))


def _number(name: str, text: str | None) -> float | None:
    if not text or not text.strip():
        return None
    try:
        # Whole numbers as such: a large seed does not survive being a float.
        return int(text) if text.strip().isdecimal() else float(text)
    except ValueError as error:
        raise BadInput(f"The sampling field {name} holds {text!r}; give a number, or leave it empty.") from error
