"""The head of a GGUF file in, the tokenizer that its model was trained with out. Needs no torch.

A tokenizer.json beside the file wins; else it is made from the file's vocabulary, mostly by transformers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers.integrations.gguf.gguf_tokenizer_mapping import convert_gguf_tokenizer

# Not AutoTokenizer, which imports torch where it is installed.
from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

from model.errors import ModelLoadFailed
from model.gguf_file import GgufFile

_CONTROL_TOKEN = 3  # gguf.TokenType.CONTROL
# transformers knows no rule for these: they split digits one by one.
_DIGIT_BY_DIGIT = ("smollm",)
_SPECIAL = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
# Other tokens that end a turn, where a file names them.
_TURN_ENDS = ("eos", "eot", "eom")
# Cut otherwise by llama.cpp, a tokenizer is not this model's.
_SAMPLES = (
    "Hello, world! It's 12:30. ",
    "  def double(x):\n\treturn 2 * x\n\n",
    "17 * 23 = 391; 3.14159, 1,000,000 and x^2 + y^2",
    "Ça va? Größe, naïve, 你好,世界 и привет",
    "So the answer is **42**.\n\n\\boxed{42}",
)


def tokenizer_of(model: GgufFile) -> Any:
    """The tokenizer, with the file's chat template.

    Raises:
        ModelLoadFailed: If none can be made.
    """
    beside = model.path.parent
    if (beside / "tokenizer.json").is_file():
        try:
            tokenizer = PreTrainedTokenizerFast.from_pretrained(beside)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelLoadFailed(f"The tokenizer beside {str(model.path)!r} cannot be read ({error}).") from error
    else:
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=_backend(model), **_special_tokens(model.values))
    if model.template:
        tokenizer.chat_template = model.template
    return tokenizer


def stop_ids_of(model: GgufFile) -> tuple[int, ...]:
    """The end-of-turn tokens that the file names."""
    named = (model.values.get(f"tokenizer.ggml.{name}_token_id") for name in _TURN_ENDS)
    return tuple(token_id for token_id in named if isinstance(token_id, int))


def digit_by_digit(values: Mapping[str, Any]) -> Tokenizer:
    """A byte-level BPE that splits digits one by one, as SmolLM2's own tokenizer does."""
    tokens: list[str] = values["tokenizer.ggml.tokens"]
    merges = [tuple(pair.split(" ")) for pair in values["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    kinds: list[int] = values["tokenizer.ggml.token_type"]
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == _CONTROL_TOKEN]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    return tokenizer


def _backend(model: GgufFile) -> Tokenizer:
    values = model.values
    try:
        if values.get("tokenizer.ggml.pre") in _DIGIT_BY_DIGIT:
            return digit_by_digit(values)
        described = {
            "tokenizer_type": values["tokenizer.ggml.model"],
            "pre_tokenizer_type": values.get("tokenizer.ggml.pre"),
            "tokens": values["tokenizer.ggml.tokens"],
            "scores": values.get("tokenizer.ggml.scores"),
            "token_type": values.get("tokenizer.ggml.token_type"),
            "bos_token_id": values.get("tokenizer.ggml.bos_token_id"),
            "eos_token_id": values.get("tokenizer.ggml.eos_token_id"),
        }
        if "tokenizer.ggml.merges" in values:
            described["merges"] = values["tokenizer.ggml.merges"]
        tokenizer: Tokenizer = convert_gguf_tokenizer(model.architecture, described)[0]
        return tokenizer
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise ModelLoadFailed(
            f"No tokenizer can be made from {model.path.name!r} ({error}). Put the tokenizer.json of the model's own "
            "repository into the file's folder."
        ) from error


def _special_tokens(values: Mapping[str, Any]) -> dict[str, str]:
    tokens: Sequence[str] = values.get("tokenizer.ggml.tokens", ())
    named = {name: values.get(f"tokenizer.ggml.{key}_token_id") for name, key in _SPECIAL.items()}
    return {name: tokens[number] for name, number in named.items() if isinstance(number, int) and number < len(tokens)}


def cut_otherwise(tokenizer: Any, cut_by_llamacpp: Mapping[str, Sequence[int]]) -> list[str]:
    """The texts that the tokenizer cuts otherwise than llama.cpp's own does."""
    return [
        text
        for text, ids in cut_by_llamacpp.items()
        if list(tokenizer.encode(text, add_special_tokens=False)) != list(ids)
    ]


def sample_texts() -> tuple[str, ...]:
    """Texts in which tokenizers of different kinds differ."""
    return _SAMPLES
