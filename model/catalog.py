"""A model's name in, all that is known of it before its weights are here out: family, licence, context, scores."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from model.errors import UnknownModel
from model.families import FAMILIES, PLAIN, QWEN3, QWQ, R1_DISTILL, SMOLLM2, Family, family_of

EMBEDDED = "smollm2-135m"
DEFAULT_ON_GPU = "qwq-32b"
# Of the models that half a card holds in bf16, one that leaves a visitor's few minutes a day worth something.
DEFAULT_ON_ZERO_GPU = "qwen3-8b"


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What memory depends on.

    Args:
        linear_parameters: Weights of the linear layers inside the blocks: those that int8 and nf4 shrink.
        other_parameters: Embeddings and head, which stay in bf16.
        hidden: Width of the residual stream; `intermediate` is that of the gated MLP.
        heads: Query heads of a layer.
    """

    layers: int
    kv_heads: int
    head_dim: int
    linear_parameters: int
    other_parameters: int
    hidden: int
    intermediate: int
    heads: int
    vocabulary: int

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
        other = vocabulary * hidden * (1 if is_tied else 2)
        return cls(layers, kv_heads, head_dim, linear, other, hidden, intermediate, heads, vocabulary)


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
        gguf: The GGUF file, for a model given by one; of a split one its first part.
        quant: Of a GGUF model on the hub, which of its files: such as "Q4_K_M".
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
    gguf: Path | None = None
    quant: str = ""


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
    if wanted and (made := _spec_of_gguf(wanted, folder)) is not None:
        return made
    if wanted and (folder / "config.json").is_file():
        return _spec_of_folder(folder.resolve())
    if wanted and folder.is_dir():
        raise UnknownModel(
            f"The folder {wanted!r} holds no config.json. Give the folder that a model was saved to: config.json, "
            "tokenizer.json and *.safetensors; or a GGUF file."
        )
    if _HUB_ID.fullmatch(wanted):
        return ModelSpec(wanted, wanted, wanted, "see its model card", family_of("", wanted), 0)
    near = difflib.get_close_matches(wanted.lower(), [*CATALOG, *_BY_HUB_ID], n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The catalog has {', '.join(CATALOG)}."
    raise UnknownModel(
        f"No model is called {name!r}. {hint} A hub id such as 'Qwen/QwQ-32B' or a folder with weights works too."
    )


def _spec_of_gguf(wanted: str, path: Path) -> ModelSpec | None:
    """The model that a GGUF file, a folder with one, or "owner/name:quant" means; None for anything else."""
    from model.gguf_models import spec_of_gguf  # which looks at the catalog

    return spec_of_gguf(wanted, path)


def known_family(name: str) -> Family:
    """The family of the model that serves, which may be in no catalog.

    >>> known_family("qwq-32b").name, known_family("scripted").name
    ('qwq', 'plain')
    """
    try:
        return find_model(name).family
    except UnknownModel:
        return PLAIN


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
