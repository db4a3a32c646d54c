"""A `ModelSpec` in, the model and its tokenizer on the device out; the same code for CPU, CUDA and Apple's MPS.

Precisions: bf16, fp32, int8 and nf4 (bitsandbytes), or whatever a folder's weights are quantised to already.
"""

import contextlib
import gc
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from model.catalog import EMBEDDED, ModelSpec, shape_of_config
from model.device import device_kind, free_device_bytes, leave_a_core
from model.embedded import chosen_adapter
from model.errors import ModelLoadFailed, UnsafeModel
from model.families import UNTOUCHED_SMOLLM2, family_of
from model.fetching import disk_error, fetch, read_config
from model.load_plan import LoadPlan, plan_load
from model.load_progress import LoadProgress, Stage
from model.memory import context_that_fits, too_large, value_bytes


@dataclass
class LoadedModel:
    """A model that is ready to run.

    Args:
        spec: As in the catalog, with what was learned from the weights filled in.
        precision: "fp32", "bf16", "int8", "nf4", or the name of the quantisation that the weights came with.
        device: "cuda", "mps" or "cpu".
        context_tokens: Prompt and new tokens together that model and memory allow.
        weight_bytes: Memory that the weights take, counted.
        notes: Sentences about what came out otherwise than asked for.
    """

    spec: ModelSpec
    precision: str
    model: Any
    tokenizer: Any
    device: str
    context_tokens: int
    weight_bytes: int
    notes: tuple[str, ...] = ()


def load_model(
    spec: ModelSpec,
    *,
    precision: str = "auto",
    source: str = "hub",
    adapter: str = "auto",
    context_tokens: int = 0,
    use_yarn: bool = False,
    data_folder: Path,
    on_progress: Callable[[LoadProgress], None],
    should_stop: Callable[[], bool] | None = None,
    is_lent: bool = False,
) -> LoadedModel:
    """Fetch, check and load a model.

    Args:
        spec: What to load.
        precision: "auto" (the best that leaves room for the context), "bf16", "int8", "nf4" or "fp32".
        source: "hub", "modelscope" or a folder, see `fetching.fetch`.
        adapter: Folder or hub id of a LoRA adapter; "none", and "auto" for models that have none, load it bare.
            The embedded model has one of its own, which is merged as it is converted.
        context_tokens: Context to leave memory for; 0 takes the model's own.
        use_yarn: Stretch the context; also switched on when more tokens are asked for than the model has without.
        data_folder: Where converted weights are kept.
        on_progress: Called from this thread and from a second one, several times a second.
        should_stop: Asked while fetching and after loading; True ends the load with `ModelLoadFailed`.
        is_lent: The device is one of ZeroGPU, which is there in calls only. This must be the main thread then.

    Raises:
        ModelLoadFailed: If the weights are missing, broken, too large or not for this device.
        UnsafeModel: If the model would run code of its own.
    """

    def report(stage: Stage, done: int, total: int, text: str) -> None:
        on_progress(LoadProgress(stage, done, total, "steps" if stage == "convert" else "bytes", text))

    leave_a_core()
    embedded_adapter: Path | None = None
    notes_of_adapter: list[str] = []
    if spec.name == EMBEDDED and spec.folder is None:
        embedded_adapter = chosen_adapter(adapter)
        if embedded_adapter is None:
            spec = replace(spec, family=UNTOUCHED_SMOLLM2)
            notes_of_adapter.append("The embedded model is loaded without its adapter: it was not taught to think.")
        adapter = "none"
    folder = fetch(spec, source, data_folder, report, should_stop, embedded_adapter)
    config_json = read_config(folder)
    _check_code(folder, config_json)
    tokenizer = _load_tokenizer(folder, spec)
    spec = _filled_in(spec, config_json, tokenizer)
    _choose_template(tokenizer, spec)
    free_bytes = free_device_bytes()
    plan = plan_load(spec, config_json, precision, context_tokens, free_bytes)
    config, notes = _config(folder, spec, use_yarn or context_tokens > spec.context_tokens > 0)
    notes += notes_of_adapter
    text = f"Loading {spec.name} in {plan.precision} onto the {device_kind().upper()}"
    stage: Stage = "quantise" if plan.quantisation is not None else "load"
    with _watched(lambda done: report(stage, done, plan.weight_bytes, text), plan.weight_bytes):
        model = _load_weights(folder, config, plan, spec, free_bytes, is_lent)
    if adapter not in ("auto", "none", ""):
        model = _with_adapter(model, adapter)
        notes.append(f"The adapter {adapter!r} is merged into the weights.")
    if should_stop is not None and should_stop():
        _empty(model)
        raise ModelLoadFailed("The load was stopped.")
    model.eval()
    counted = _count_bytes(model)
    limit = int(getattr(config, "max_position_embeddings", 0) or 0)
    room = _context(spec, limit, context_tokens, counted, free_bytes, value_bytes(plan.precision))
    if room < (wanted := context_tokens or spec.context_tokens):
        notes.append(f"The memory leaves room for {room:,} of {wanted:,} tokens.")
    report(stage, counted, counted, f"Loaded {spec.name} in {plan.precision}")
    notes = [*plan.notes, *notes]
    return LoadedModel(spec, plan.precision, model, tokenizer, device_kind(), room, counted, tuple(notes))


def release(loaded: LoadedModel) -> int:
    """Free a model's memory, whoever still holds a reference to it.

    Returns:
        Bytes that the device has got back, by measurement.
    """
    before = free_device_bytes()
    if loaded.model is not None:
        _empty(loaded.model)
        loaded.model = None
    gc.unfreeze()  # what `settle_memory` took out of the collector's way is looked at again: the model is among it
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return free_device_bytes() - before


def save_quantised(loaded: LoadedModel, folder: Path) -> None:
    """Write the weights as they are in memory, so that later loads need neither the full ones nor the quantising.

    Raises:
        ModelLoadFailed: If the folder is in use already, or cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ModelLoadFailed(f"The folder {str(folder)!r} is not empty. Give a new one for the quantised weights.")
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        loaded.model.save_pretrained(part, safe_serialization=True)
        loaded.tokenizer.save_pretrained(part)
        written = {"model": loaded.spec.name, "family": loaded.spec.family.name}
        (part / "workings.json").write_text(json.dumps(written), "utf-8")
        if folder.exists():
            folder.rmdir()
        os.replace(part, folder)
    except OSError as error:
        raise disk_error(error, loaded.spec.name) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check_code(folder: Path, config: dict[str, Any]) -> None:
    """Refuse a model that transformers only knows through code in its folder."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    kind = str(config.get("model_type", ""))
    if kind in CONFIG_MAPPING:
        return
    if config.get("auto_map"):
        raise UnsafeModel(
            f"The model in {str(folder)!r} ({kind or 'no model_type'}) brings Python code of its own, which is never "
            "run here. Take a model that transformers has built in."
        )
    raise ModelLoadFailed(
        f"The installed transformers does not know the model type {kind!r} of {str(folder)!r}. Update it with "
        "'pip install --upgrade transformers', or take another model."
    )


def _load_tokenizer(folder: Path, spec: ModelSpec) -> Any:
    try:
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelLoadFailed(
            f"The tokenizer of {spec.name} in {str(folder)!r} cannot be read ({error}). The folder needs "
            "tokenizer.json and tokenizer_config.json beside the weights."
        ) from error


def _filled_in(spec: ModelSpec, config: dict[str, Any], tokenizer: Any) -> ModelSpec:
    """The spec with shape, context and family read from the weights, where the catalog does not have them."""
    if spec.shape is not None and spec.context_tokens and spec.folder is None:
        return spec
    template = _own_template(tokenizer)
    known = spec.family.overrides_template or not template
    return replace(
        spec,
        shape=spec.shape or shape_of_config(config),
        context_tokens=spec.context_tokens or int(config.get("max_position_embeddings") or 8192),
        family=spec.family if known else family_of(template, spec.name),
    )


def _own_template(tokenizer: Any) -> str:
    template = getattr(tokenizer, "chat_template", None)
    if isinstance(template, dict):
        template = template.get("default", "")
    return template if isinstance(template, str) else ""


def _choose_template(tokenizer: Any, spec: ModelSpec) -> None:
    """Give the tokenizer the family's template where it has none, or where the family's always wins."""
    own = _own_template(tokenizer)
    shipped = spec.family.template_text()
    if shipped is not None and (spec.family.overrides_template or not own):
        tokenizer.chat_template = shipped
    elif own:
        tokenizer.chat_template = own
    else:
        raise ModelLoadFailed(
            f"{spec.name} has no chat template, so it is a base model that cannot chat. Take its instruct version."
        )


def _config(folder: Path, spec: ModelSpec, stretch: bool) -> tuple[Any, list[str]]:
    """The config, stretched by YaRN if asked for, and what to tell about that."""
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False)
    if not stretch:
        return config, []
    if spec.yarn is None:
        return config, [f"{spec.name} has no YaRN setting, so its context stays at {spec.context_tokens:,} tokens."]
    rope = dict(getattr(config, "rope_parameters", None) or {})
    config.rope_parameters = {
        **rope,
        "rope_type": "yarn",
        "factor": spec.yarn.factor,
        "original_max_position_embeddings": spec.yarn.original_tokens,
    }
    config.max_position_embeddings = int(spec.yarn.factor * spec.yarn.original_tokens)
    return config, [spec.yarn.warning]


def _load_weights(
    folder: Path, config: Any, plan: LoadPlan, spec: ModelSpec, free_bytes: int, is_lent: bool = False
) -> Any:
    # Where the GPU is lent, only this thread can place tensors on what stands for it; transformers loads by many.
    device = "cpu" if is_lent else device_kind()
    if is_lent and plan.quantisation is not None:
        raise ModelLoadFailed(
            f"{spec.name} cannot be quantised on ZeroGPU, where no GPU is there at the start. Take --precision bf16, a "
            "smaller model, or a folder of weights that are quantised already (--save-quantised writes one)."
        )
    options: dict[str, Any] = {"quantization_config": plan.quantisation} if plan.quantisation is not None else {}
    try:
        with _quiet_bars():
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                config=config,
                dtype=plan.dtype,
                device_map={"": 0 if device == "cuda" else device},
                use_safetensors=True,
                trust_remote_code=False,
                **options,
            )
        return model.to("cuda") if is_lent else model
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise too_large(spec.name, plan.precision, plan.weight_bytes, free_bytes) from error
    except ImportError as error:
        raise ModelLoadFailed(
            f"{plan.precision} weights need a package that is missing: {error}. Install it, or take another precision."
        ) from error
    except (OSError, RuntimeError, ValueError, KeyError, SafetensorError) as error:
        if "allocate memory" in str(error):
            raise too_large(spec.name, plan.precision, plan.weight_bytes, free_bytes) from error
        raise ModelLoadFailed(
            f"The weights of {spec.name} in {str(folder)!r} cannot be loaded ({error}). If they were fetched, delete "
            "that folder and load again."
        ) from error


@contextlib.contextmanager
def _quiet_bars() -> Iterator[None]:
    """No progress bars in the log meanwhile: the page shows the progress."""
    from transformers.utils import logging

    if not logging.is_progress_bar_enabled():
        yield
        return
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.enable_progress_bar()


@contextlib.contextmanager
def _watched(report: Callable[[int], None], total: int) -> Iterator[None]:
    """Report the memory that has gone meanwhile, twice a second, as the bytes that are loaded."""
    ended = threading.Event()
    before = free_device_bytes()
    report(0)

    def watch() -> None:
        while not ended.wait(0.5):
            report(max(0, min(before - free_device_bytes(), total)))

    watcher = threading.Thread(target=watch, name="load-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _with_adapter(model: Any, adapter: str) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        raise ModelLoadFailed(
            "An adapter needs the peft package: run 'pip install peft', then load again; or take --adapter none."
        ) from error
    try:
        return PeftModel.from_pretrained(model, adapter).merge_and_unload()
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ModelLoadFailed(
            f"The adapter {adapter!r} cannot be merged into this model ({error}). It must be a LoRA adapter that was "
            "trained on the same model."
        ) from error


def _empty(model: Any) -> None:
    """Take the numbers out of a model, so that no forgotten reference keeps them in memory."""
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data = torch.empty(0, dtype=tensor.dtype)
        if hasattr(tensor, "quant_state"):
            tensor.quant_state = None


def _count_bytes(model: Any) -> int:
    """Bytes of all weights and buffers; tied ones once."""
    tensors = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())


def _context(spec: ModelSpec, limit: int, asked: int, weights: int, free_before: int, bytes_per_value: int) -> int:
    """The context that the model takes, that was asked for, and that the memory holds; in tokens."""
    context_tokens = min(asked or limit or spec.context_tokens, limit or spec.context_tokens)
    if spec.yarn is None or limit <= spec.context_tokens:
        context_tokens = min(context_tokens, spec.context_tokens)
    if spec.shape is None:
        return context_tokens
    return min(context_tokens, context_that_fits(spec.shape, weights, free_before, bytes_per_value))
