"""A model's name in, everything known of it before its weights are here out: family, licence, context, shape, scores.

A `Family` is how a group of models speaks: its chat template, its thinking tags, its tool calls, its sampling preset.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from model.errors import UnknownModel
from model.events import Sampling

TEMPLATES = Path(__file__).parent / "templates"
EMBEDDED = "smollm2-135m"
DEFAULT_ON_GPU = "qwq-32b"


@dataclass(frozen=True, slots=True)
class Family:
    """How the models of one family speak.

    Args:
        template_file: File in `model/templates/`, used when the tokenizer brings no chat template of its own.
        overrides_template: The file always wins over the tokenizer's own.
        opens_thinking: The generation prompt already ends with `open_text`; else the model writes it itself.
        early_stop_text: What ends a thinking before its time, closing tag included.
        response_template: For transformers' `ResponseParser`: fields `thinking`, `content` and `tool_calls`. A tool
            call's value is `{"name", "arguments"}`, or the bare text where that is not JSON.
        answer_template: The same without `thinking`, for after the closing tag: a literal `<think>` in an answer would
            open the thinking again.
        keeps_thinking_in_history: Prompts show the thinking of earlier turns.
        allows_system: False: a system text belongs at the head of the first user turn.
        calls_tools_in_thinking: A tool call written inside the thinking counts as a call.
        sampling: The preset; every field but `seed` is set.
        renders_tools: The chat template describes the tools it is given; else the prompt builder has to.
        boxing_text: What is added to a problem so that the final answer comes in a box; empty where it always does.
        program_text: What is added to a task so that the program comes in one block; empty where it always does.
        completion_text: Asks for the rest of a function of which `{stub}` is there: its head and its docstring.
        tests_shown: So many of a task's tests at most are shown beside it.
    """

    name: str
    template_file: str | None
    overrides_template: bool
    opens_thinking: bool
    open_text: str
    close_text: str
    early_stop_text: str
    response_template: Mapping[str, Any]
    answer_template: Mapping[str, Any]
    keeps_thinking_in_history: bool
    allows_system: bool
    calls_tools_in_thinking: bool
    sampling: Sampling
    renders_tools: bool = True
    # QwenLM/QwQ, README.md and eval/: the standard wording for problems with one answer.
    boxing_text: str = "\nPlease reason step by step, and put your final answer within \\boxed{}."
    program_text: str = "\n\nGive the whole program in one ```python block."
    # evalplus/evalplus, evalplus/codegen.py: its instruction for chat models, which HumanEval is asked with.
    completion_text: str = (
        "Please provide a self-contained Python script that solves the following problem in a markdown code block:\n"
        "```\n{stub}\n```\n"
    )
    tests_shown: int = 20

    def template_text(self) -> str | None:
        """The chat template that we ship for the family, or None."""
        return (TEMPLATES / self.template_file).read_text("utf-8") if self.template_file else None


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What memory depends on.

    Args:
        linear_parameters: Weights of the linear layers inside the blocks: those that int8 and nf4 shrink.
        other_parameters: Embeddings and head, which stay in bf16.
    """

    layers: int
    kv_heads: int
    head_dim: int
    linear_parameters: int
    other_parameters: int

    @classmethod
    def of_transformer(
        cls,
        layers: int,
        hidden: int,
        intermediate: int,
        heads: int,
        kv_heads: int,
        head_dim: int,
        vocabulary: int,
        is_tied: bool,
    ) -> Self:
        """The shape of a Llama-like decoder (gated MLP, grouped queries); norms and biases are left out.

        >>> ModelShape.of_transformer(64, 5120, 27648, 40, 8, 128, 152064, is_tied=False).linear_parameters
        31205621760
        """
        attention = 2 * hidden * heads * head_dim + 2 * hidden * kv_heads * head_dim
        linear = layers * (attention + 3 * hidden * intermediate)
        return cls(layers, kv_heads, head_dim, linear, vocabulary * hidden * (1 if is_tied else 2))


@dataclass(frozen=True, slots=True)
class Yarn:
    """How far the context can be stretched: to `factor` times `original_tokens`."""

    factor: float
    original_tokens: int
    warning: str


@dataclass(frozen=True, slots=True)
class Score:
    """A published figure, in percent."""

    benchmark: str
    value: float
    source: str


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model.

    Args:
        name: What the user types and the engine reports.
        hub_id: "owner/name"; empty for the embedded model and for folders.
        context_tokens: Prompt and new tokens together, without YaRN; 0 when it is only known once loaded.
        shape: None until the model's config has been read.
        folder: Where the weights lie, for a model given by its folder.
    """

    name: str
    title: str
    hub_id: str
    licence: str
    family: Family
    context_tokens: int
    yarn: Yarn | None = None
    shape: ModelShape | None = None
    scores: tuple[Score, ...] = ()
    revision: str = "main"
    folder: Path | None = None


def _templates(anchor: Mapping[str, str], tool_calls: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The response template with thinking and the one without."""
    fields = {"tool_calls": tool_calls, "content": {"content": "text"}}
    thinking = {"open": "<think>", "close": "</think>", "content": "text"}
    return {**anchor, "fields": {"thinking": thinking, **fields}}, {**anchor, "fields": fields}


# `\s*` takes the line break between two calls along, so that it opens no empty piece of answer.
_HERMES_CALLS = {
    "open_pattern": r"\s*<tool_call>",
    "close": "</tool_call>",
    "repeats": True,
    "content": "json",
    "content_args": {"allow_non_json": True},
}
_DEEPSEEK_CALLS = {
    "open_pattern": (
        r"\s*(?:<｜tool▁calls▁begin｜>\s*)?<｜tool▁call▁begin｜>\w*<｜tool▁sep｜>(?P<name>[^\n`]+)\n```(?:json)?\n"
    ),
    "close_pattern": r"\n?```\s*<｜tool▁call▁end｜>(?:\s*<｜tool▁calls▁end｜>)?",
    "repeats": True,
    "content": "json",
    "content_args": {"allow_non_json": True},
    "transform": {"name": "{name}", "arguments": "{content}"},
}
_CHATML = _templates({"start_anchor": "<|im_start|>assistant\n"}, _HERMES_CALLS)
_DEEPSEEK = _templates({"start_anchor": "<｜Assistant｜>"}, _DEEPSEEK_CALLS)
# An unknown template: whatever the prompt ends with, the answer starts right after it.
_ANY = _templates({"start_anchor_pattern": r"\Z"}, _HERMES_CALLS)

# Qwen3's documentation, docs/source/getting_started/quickstart.md of QwenLM/Qwen3 (Apache-2.0): the thinking budget.
_QWEN_EARLY_STOP = (
    "\n\nConsidering the limited time by the user, I have to give the solution based on the thinking directly now."
    "\n</think>\n\n"
)
_SHORT_EARLY_STOP = "\n\nThat is enough thinking. I will give the answer now.\n</think>\n\n"

QWQ = Family(
    name="qwq",
    template_file="qwq.jinja",
    overrides_template=False,
    opens_thinking=True,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_QWEN_EARLY_STOP,
    response_template=_CHATML[0],
    answer_template=_CHATML[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    # QwenLM/QwQ, README.md and eval/README.md: never greedy, no repetition penalty, 32,768 new tokens.
    sampling=Sampling(temperature=0.6, top_p=0.95, top_k=40, max_new_tokens=32_768),
)
QWEN3 = Family(
    name="qwen3",
    template_file="qwen3.jinja",
    overrides_template=False,
    opens_thinking=False,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_QWEN_EARLY_STOP,
    response_template=_CHATML[0],
    answer_template=_CHATML[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    # Qwen3 model cards, "Best Practices": thinking mode.
    sampling=Sampling(temperature=0.6, top_p=0.95, top_k=20, max_new_tokens=32_768),
)
R1_DISTILL = Family(
    name="r1-distill",
    template_file="r1-distill.jinja",
    overrides_template=False,
    opens_thinking=True,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_SHORT_EARLY_STOP,
    response_template=_DEEPSEEK[0],
    answer_template=_DEEPSEEK[1],
    keeps_thinking_in_history=False,
    # deepseek-ai/DeepSeek-R1, README.md, "Usage Recommendations": no system prompt, temperature 0.6.
    allows_system=False,
    calls_tools_in_thinking=False,
    sampling=Sampling(temperature=0.6, top_p=0.95, top_k=0, max_new_tokens=32_768),
    renders_tools=False,
)
# The embedded model with our adapter, which was trained on QwQ's own protocol (train/).
SMOLLM2 = Family(
    name="smollm2",
    template_file="qwq.jinja",
    overrides_template=True,
    opens_thinking=True,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_SHORT_EARLY_STOP,
    response_template=_CHATML[0],
    answer_template=_CHATML[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    # Close to greedy, unlike the large models: it was trained on texts that are right by construction, and ends them.
    sampling=Sampling(temperature=0.1, top_p=0.95, top_k=40, max_new_tokens=4096),
    boxing_text="",
    # As it was trained: train/tasks/data/python_wordings.jsonl.
    program_text="",
    completion_text="Complete this Python function:\n\n```python\n{stub}\n```",
    tests_shown=3,
)
# The same weights without the adapter: three examples in the prompt show it how to think.
UNTOUCHED_SMOLLM2 = replace(
    SMOLLM2,
    name="smollm2-untouched",
    template_file="smollm2.jinja",
    # Chosen by trying 0.6 and 0.3: lower ones close the thinking more often, and go in circles more often.
    sampling=Sampling(temperature=0.4, top_p=0.95, top_k=40, max_new_tokens=4096),
)
PLAIN = Family(
    name="plain",
    template_file=None,
    overrides_template=False,
    opens_thinking=False,
    open_text="<think>\n",
    close_text="\n</think>\n\n",
    early_stop_text=_SHORT_EARLY_STOP,
    response_template=_ANY[1],
    answer_template=_ANY[1],
    keeps_thinking_in_history=False,
    allows_system=True,
    calls_tools_in_thinking=False,
    sampling=Sampling(temperature=0.7, top_p=0.95, top_k=40, max_new_tokens=8192),
)
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {family.name: family for family in (QWQ, QWEN3, R1_DISTILL, SMOLLM2, UNTOUCHED_SMOLLM2, PLAIN)}
)

_YARN_QWQ = Yarn(
    4.0,
    32_768,
    "YaRN stretches the context to 131,072 tokens. It is the same for every text length here, so short texts may come "
    "out a little worse: the model card advises it only for prompts beyond 8,192 tokens.",
)
_YARN_QWEN3 = Yarn(
    4.0,
    32_768,
    "YaRN stretches the context to 131,072 tokens. It is the same for every text length here, so short texts may come "
    "out a little worse: the model card advises against it where texts seldom pass 32,768 tokens.",
)


def _scores(source: str, **values: float) -> tuple[Score, ...]:
    names = {
        "aime24": "AIME 2024",
        "math500": "MATH-500",
        "lcb": "LiveCodeBench",
        "lcb_v5": "LiveCodeBench v5",
        "livebench": "LiveBench 2024-11-25",
        "ifeval": "IFEval strict",
        "bfcl": "BFCL v3",
    }
    return tuple(Score(names[key], value, source) for key, value in values.items())


_QWQ_EVAL = "QwenLM/QwQ, eval/README.md"
_QWEN3_REPORT = "Qwen3 Technical Report, tables 13 and 15"
_R1_README = "deepseek-ai/DeepSeek-R1, README.md (pass@1)"


def _qwen3(size: str, shape: ModelShape, scores: tuple[Score, ...], yarn: Yarn | None = _YARN_QWEN3) -> ModelSpec:
    return ModelSpec(
        name=f"qwen3-{size.lower()}",
        title=f"Qwen3 {size}",
        hub_id=f"Qwen/Qwen3-{size}",
        licence="Apache-2.0",
        family=QWEN3,
        context_tokens=40_960,
        yarn=yarn,
        shape=shape,
        scores=scores,
    )


def _r1(base: str, size: str, licence: str, shape: ModelShape, scores: tuple[Score, ...]) -> ModelSpec:
    return ModelSpec(
        name=f"r1-distill-{base}-{size}".lower(),
        title=f"DeepSeek-R1 distilled into {base} {size}",
        hub_id=f"deepseek-ai/DeepSeek-R1-Distill-{base}-{size}",
        licence=licence,
        family=R1_DISTILL,
        context_tokens=131_072,
        shape=shape,
        scores=scores,
    )


_of = ModelShape.of_transformer
_MODELS = (
    ModelSpec(
        name=DEFAULT_ON_GPU,
        title="QwQ 32B",
        hub_id="Qwen/QwQ-32B",
        licence="Apache-2.0",
        family=QWQ,
        context_tokens=40_960,
        yarn=_YARN_QWQ,
        shape=_of(64, 5120, 27_648, 40, 8, 128, 152_064, is_tied=False),
        scores=(
            *_scores(_QWQ_EVAL, aime24=79.5, lcb=63.4, ifeval=83.9),
            *_scores(_QWEN3_REPORT, math500=98.0, livebench=72.0, bfcl=66.4),
        ),
    ),
    _qwen3("0.6B", _of(28, 1024, 3072, 16, 8, 128, 151_936, is_tied=True), (), yarn=None),
    _qwen3("1.7B", _of(28, 2048, 6144, 16, 8, 128, 151_936, is_tied=True), (), yarn=None),
    _qwen3("4B", _of(36, 2560, 9728, 32, 8, 128, 151_936, is_tied=True), ()),
    _qwen3("8B", _of(36, 4096, 12_288, 32, 8, 128, 151_936, is_tied=False), ()),
    _qwen3("14B", _of(40, 5120, 17_408, 40, 8, 128, 151_936, is_tied=False), ()),
    _qwen3(
        "32B",
        _of(64, 5120, 25_600, 64, 8, 128, 151_936, is_tied=False),
        _scores(_QWEN3_REPORT, aime24=81.4, math500=97.2, lcb_v5=65.7, livebench=74.9, ifeval=85.0, bfcl=70.3),
    ),
    _r1(
        "Qwen",
        "1.5B",
        "MIT",
        _of(28, 1536, 8960, 12, 2, 128, 151_936, is_tied=False),
        _scores(_R1_README, aime24=28.9, math500=83.9, lcb=16.9),
    ),
    _r1(
        "Qwen",
        "7B",
        "MIT",
        _of(28, 3584, 18_944, 28, 4, 128, 152_064, is_tied=False),
        _scores(_R1_README, aime24=55.5, math500=92.8, lcb=37.6),
    ),
    _r1(
        "Qwen",
        "14B",
        "MIT",
        _of(48, 5120, 13_824, 40, 8, 128, 152_064, is_tied=False),
        _scores(_R1_README, aime24=69.7, math500=93.9, lcb=53.1),
    ),
    _r1(
        "Qwen",
        "32B",
        "MIT",
        _of(64, 5120, 27_648, 40, 8, 128, 152_064, is_tied=False),
        _scores(_R1_README, aime24=72.6, math500=94.3, lcb=57.2),
    ),
    _r1(
        "Llama",
        "8B",
        "MIT, Llama 3.1 Community License for the base",
        _of(32, 4096, 14_336, 32, 8, 128, 128_256, is_tied=False),
        _scores(_R1_README, aime24=50.4, math500=89.1, lcb=39.6),
    ),
    ModelSpec(
        name=EMBEDDED,
        title="SmolLM2 135M (embedded: needs no GPU and no download; small sums, small functions)",
        hub_id="",
        licence="Apache-2.0",
        family=SMOLLM2,
        context_tokens=8192,
        shape=_of(30, 576, 1536, 9, 3, 64, 49_152, is_tied=True),
    ),
)
CATALOG: dict[str, ModelSpec] = {spec.name: spec for spec in _MODELS}
_BY_HUB_ID = {spec.hub_id.lower(): spec for spec in _MODELS if spec.hub_id}

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def find_model(name: str) -> ModelSpec:
    """The model that `name` means: a catalog name, a hub id, or a folder; upper and lower case are the same.

    Raises:
        UnknownModel: If it is none of these; the message names what is near.

    >>> find_model("QWEN/qwq-32b").name, find_model("someone/qwq-finetune").family.name
    ('qwq-32b', 'qwq')
    """
    wanted = name.strip()
    known = CATALOG.get(wanted.lower()) or _BY_HUB_ID.get(wanted.lower())
    if known:
        return known
    folder = Path(wanted).expanduser()
    if wanted and (folder / "config.json").is_file():
        return _spec_of_folder(folder.resolve())
    if wanted and folder.is_dir():
        raise UnknownModel(
            f"The folder {wanted!r} holds no config.json. Give the folder that a model was saved to: config.json, "
            "tokenizer.json and *.safetensors."
        )
    if _HUB_ID.fullmatch(wanted):
        return ModelSpec(wanted, wanted, wanted, "see its model card", family_of("", wanted), 0)
    near = difflib.get_close_matches(wanted.lower(), [*CATALOG, *_BY_HUB_ID], n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The catalog has {', '.join(CATALOG)}."
    raise UnknownModel(
        f"No model is called {name!r}. {hint} A hub id such as 'Qwen/QwQ-32B' or a folder with weights works too."
    )


def family_of(chat_template: str, name: str) -> Family:
    """The family whose protocol a chat template speaks; without a template, the one that `name` hints at.

    >>> family_of("", "Qwen/Qwen3-8B-FP8").name, family_of("{{ messages }}", "gpt2").name
    ('qwen3', 'plain')
    """
    if chat_template:
        return _family_of_template(chat_template)
    lowered = name.lower()
    for hint, family in (("qwq", QWQ), ("r1-distill", R1_DISTILL), ("qwen3", QWEN3)):
        if hint in lowered:
            return family
    return PLAIN


def _family_of_template(template: str) -> Family:
    if "<｜Assistant｜>" in template and "</think>" in template:
        return R1_DISTILL
    if "<|im_start|>" not in template or "<think>" not in template:
        return PLAIN
    generation_prompt = template[template.rfind("add_generation_prompt") :]
    # Qwen3's only tag there is the empty pair for "no thinking".
    without_empty_pair = re.sub(r"<think>(?:\\n|\n)*</think>", "", generation_prompt)
    return QWQ if "<think>" in without_empty_pair else QWEN3


def shape_of_config(config: Mapping[str, Any]) -> ModelShape | None:
    """The shape that a `config.json` describes, or None when it is not that of a Llama-like decoder."""
    try:
        heads = int(config["num_attention_heads"])
        return ModelShape.of_transformer(
            layers=int(config["num_hidden_layers"]),
            hidden=int(config["hidden_size"]),
            intermediate=int(config["intermediate_size"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_dim=int(config.get("head_dim") or int(config["hidden_size"]) // heads),
            vocabulary=int(config["vocab_size"]),
            is_tied=bool(config.get("tie_word_embeddings", False)),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _spec_of_folder(folder: Path) -> ModelSpec:
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        context_tokens = int(config.get("max_position_embeddings") or 0)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UnknownModel(f"The file {str(folder / 'config.json')!r} cannot be read: {error}.") from error
    shape = shape_of_config(config)
    if (saved := _saved_as(folder)) is not None:
        return replace(saved, hub_id="", folder=folder, shape=shape)
    family = family_of(_template_in(folder), folder.name)
    return ModelSpec(str(folder), folder.name, "", "see its folder", family, context_tokens, shape=shape, folder=folder)


def _saved_as(folder: Path) -> ModelSpec | None:
    """What the catalog has for a folder that `loading.save_quantised` wrote, with the family that was loaded then."""
    try:
        written = json.loads((folder / "workings.json").read_text("utf-8"))
        spec = CATALOG[written["model"]]
        return replace(spec, family=FAMILIES.get(written.get("family", ""), spec.family))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _template_in(folder: Path) -> str:
    """The chat template that a saved tokenizer brings, or nothing."""
    if (folder / "chat_template.jinja").is_file():
        return (folder / "chat_template.jinja").read_text("utf-8")
    try:
        template = json.loads((folder / "tokenizer_config.json").read_text("utf-8")).get("chat_template", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return template if isinstance(template, str) else ""
