"""A model's name in, a folder that loads as its true shape with random weights out: speed and memory without a hub.

The folder has config, tokenizer and chat template, and nothing but a mark where the weights would be. Inside of
`random_weights_allowed`, whatever reads it with transformers (our loader, `transformers serve`) gets random weights,
made on the device and quantised a matrix at a time. `python -m evals.speed.random_weights PROGRAM ARGUMENTS` runs
another program so: `app.py`, or `transformers`.
"""

import contextlib
import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoConfig, GenerationConfig, PreTrainedModel, PreTrainedTokenizerFast, Qwen2Config

from model.errors import BadInput
from model.families import QWQ

# Qwen/QwQ-32B, config.json (Apache-2.0).
SHAPES: dict[str, dict[str, Any]] = {
    "qwq-32b": {
        "vocab_size": 152_064,
        "hidden_size": 5120,
        "intermediate_size": 27_648,
        "num_hidden_layers": 64,
        "num_attention_heads": 40,
        "num_key_value_heads": 8,
        "max_position_embeddings": 40_960,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
        "tie_word_embeddings": False,
        "architectures": ["Qwen2ForCausalLM"],
        "dtype": "bfloat16",
    }
}
MARK = "random.safetensors"
_SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>")
_SPREAD = 0.02  # the standard deviation that such models are initialised with


def write_random_folder(folder: Path, name: str, layers: int = 0, **changes: Any) -> Path:
    """Write the folder.

    Args:
        name: One of `SHAPES`.
        layers: A slice of so many layers, for machines that do not hold them all; 0 takes all.
        changes: Other values of the config, for tests.

    Raises:
        BadInput: If no shape has that name, or it has fewer layers.
    """
    if name not in SHAPES:
        raise BadInput(f"No shape is known of {name!r}. Random weights are made for {', '.join(SHAPES)}.")
    shape = SHAPES[name] | changes
    if not 0 <= layers <= shape["num_hidden_layers"]:
        raise BadInput(f"{layers} layers were asked for, and {name} has {shape['num_hidden_layers']}. Give fewer.")
    shape["num_hidden_layers"] = layers or shape["num_hidden_layers"]
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = _made_up_tokenizer(shape["vocab_size"])
    end, pad = (tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|endoftext|>"))
    config = Qwen2Config(**shape, bos_token_id=pad, eos_token_id=end)
    config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    GenerationConfig(
        do_sample=True, temperature=0.6, top_p=0.95, top_k=40, eos_token_id=[end, pad], pad_token_id=pad
    ).save_pretrained(folder)
    save_file({"none": torch.zeros(1)}, str(folder / MARK))
    (folder / "workings.json").write_text(json.dumps({"model": name, "family": QWQ.name}), "utf-8")
    return folder


def _made_up_tokenizer(vocabulary: int) -> Any:
    """One that reads a byte as one token, and writes a made-up word of letters for every other one."""
    names = sorted(pre_tokenizers.ByteLevel.alphabet())
    names += ["Ġ" + _letters(number) for number in range(vocabulary - len(names) - len(_SPECIAL))]
    tokenizer = Tokenizer(models.BPE({name: id for id, name in enumerate(names)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(list(_SPECIAL))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = QWQ.template_text()
    return fast


def _letters(number: int) -> str:
    """A word for a number, different for each.

    >>> _letters(0), _letters(27), _letters(18000)
    ('aaa', 'abb', 'baqi')
    """
    text = ""
    while number or len(text) < 3:
        number, letter = divmod(number, 26)
        text = chr(ord("a") + letter) + text
    return text


@contextlib.contextmanager
def random_weights_allowed() -> Iterator[None]:
    """Meanwhile, `from_pretrained` of such a folder makes a model of random weights; other folders load as always."""
    original = PreTrainedModel.__dict__["from_pretrained"]

    def from_pretrained(cls: Any, folder: Any, *args: Any, **options: Any) -> Any:
        if (Path(str(folder)) / MARK).is_file():
            return random_model(cls, Path(str(folder)), **options)
        return original.__func__(cls, folder, *args, **options)

    PreTrainedModel.from_pretrained = classmethod(from_pretrained)
    try:
        yield
    finally:
        PreTrainedModel.from_pretrained = original


def random_model(
    cls: Any,
    folder: Path,
    *,
    config: Any = None,
    dtype: Any = None,
    device_map: Any = "cpu",
    quantization_config: Any = None,
    attn_implementation: str | None = None,
    **_: Any,
) -> Any:
    """What `cls.from_pretrained(folder)` gives; the options are its own, and those about files do nothing.

    Raises:
        BadInput: If it is to be quantised to anything but 4 bits.
    """
    config = config or AutoConfig.from_pretrained(folder)
    config._name_or_path = str(folder)
    dtype = torch.bfloat16 if dtype in (None, "auto") else dtype
    device = _device(device_map)
    more = {"attn_implementation": attn_implementation} if attn_implementation else {}
    with init_empty_weights(include_buffers=False):
        model = cls._from_config(config, dtype=dtype, **more)
    if quantization_config is not None:
        _prepare_for_4_bits(model, quantization_config)
    torch.manual_seed(0)
    for module in model.modules():
        _fill(module, dtype, device)
    model.generation_config = GenerationConfig.from_pretrained(folder)
    return model.eval()


def _device(device_map: Any) -> torch.device:
    if isinstance(device_map, dict):
        device_map = device_map[""]
    if isinstance(device_map, int):
        return torch.device("cuda", device_map)
    if device_map in (None, "auto"):
        return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")
    return torch.device(device_map)


def _prepare_for_4_bits(model: Any, quantisation: Any) -> None:
    from transformers.integrations.bitsandbytes import replace_with_bnb_linear

    if not quantisation.load_in_4bit:
        raise BadInput("Random weights come in bf16, fp32 and nf4. Give one of these as the precision.")
    replace_with_bnb_linear(model, modules_to_not_convert=["lm_head"], quantization_config=quantisation)
    model.is_quantized = model.is_loaded_in_4bit = True
    model.quantization_method = quantisation.quant_method


def _fill(module: Any, dtype: torch.dtype, device: torch.device) -> None:
    """Give a module's own weights, which lie nowhere yet, a place and values."""
    is_norm = "norm" in type(module).__name__.lower()
    for name, hollow in list(module.named_parameters(recurse=False)):
        kind = type(hollow)
        weight = torch.empty(hollow.shape, dtype=dtype, device=device)
        weight = weight.fill_(1.0) if is_norm else weight.normal_(0.0, _SPREAD)
        if kind.__name__ == "Params4bit":
            filled = kind(
                weight,
                requires_grad=False,
                quant_type=hollow.quant_type,
                blocksize=hollow.blocksize,
                compress_statistics=hollow.compress_statistics,
                quant_storage=hollow.quant_storage,
                module=module,
            ).to(device)
        else:
            filled = torch.nn.Parameter(weight, requires_grad=False)
        module._parameters[name] = filled
    for name, buffer in list(module.named_buffers(recurse=False)):
        module._buffers[name] = buffer.to(device)


def run_program(arguments: list[str]) -> None:
    """Run `app.py ...` or `transformers ...` with such folders allowed, as if it had been called itself."""
    program, sys.argv = arguments[0], arguments
    with random_weights_allowed():
        if program == "transformers":
            from transformers.cli.transformers import main

            main()
        else:
            sys.path.insert(0, str(Path(program).resolve().parent))
            runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    run_program(sys.argv[1:])
